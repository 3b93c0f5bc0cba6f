"""The sections of the page: each turns results into what the template lays out."""

from boostreg.report.sections.answer import answer_section
from boostreg.report.sections.claims import claims_section
from boostreg.report.sections.effects import effects_section, shrinkage_section
from boostreg.report.sections.engines import baselines_section, engines_section
from boostreg.report.sections.importance import importance_section, promise_section
from boostreg.report.sections.parameters import parameters_section
from boostreg.report.sections.setup import setup_section
from boostreg.report.sections.trials import (
    front_section,
    select_rows,
    trees_section,
    trials_section,
)

__all__ = [
    "answer_section",
    "baselines_section",
    "claims_section",
    "effects_section",
    "engines_section",
    "front_section",
    "importance_section",
    "parameters_section",
    "promise_section",
    "select_rows",
    "setup_section",
    "shrinkage_section",
    "trees_section",
    "trials_section",
]
