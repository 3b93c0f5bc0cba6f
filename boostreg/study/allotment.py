"""Divides the wall time of a study with a ``budget`` over its parts.

A budget changes results through a few numbers alone: folds and repeats, trials per
search, values per path, and points of the design. Those of the study are their maxima.
They are decided from measured times: all of them before the first fit, trials and
points again after the first trials of every search, and points once more after the
searches. ``budget.json`` in the folder of the run records each decision, so that a run
that is resumed takes the same numbers. The ``study.yaml`` of a finished run has these
numbers and no budget, so that it gives the same results on any machine.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from typing_extensions import override

from boostreg.errors import DataError
from boostreg.fits.fit import digest
from boostreg.progress import duration
from boostreg.report.wording import listed
from boostreg.study.files import read_json, write_json
from boostreg.study.plan import Plan

__all__ = ["FIRST_TRIALS", "Allotment"]

FIRST_TRIALS = 6
"""Trials of each search after which their number is decided again; also the minimum."""

_AIM = 0.96
"""Share of the budget that is planned for, because estimates are not exact."""
_ENOUGH = 0.3
"""Share of trials and points from which on more folds or repeats are better."""
_FEWEST_FOLDS = 3
_STEPS = 41
_FEWEST = MappingProxyType({"points": 3, "design": 8})
"""Minimum numbers; what would have fewer is left out."""
_WORDS = MappingProxyType(
    {
        "folds": "outer folds",
        "inner": "inner folds",
        "repeats": "repeats of the outer folds",
        "trials": "trials per search",
        "points": "values per path",
        "design": "points of the design",
    }
)

Seconds = Callable[[Plan], float]
"""Returns the wall seconds of a whole run by a plan, including those that passed."""


class Allotment:
    """The decisions of one run.

    Parameters
    ----------
    whole : Plan
        That of the study, with a budget.
    folder : Path
        Folder of the run.
    """

    def __init__(self, whole: Plan, folder: Path) -> None:
        self._whole, self._path = whole, folder / "budget.json"
        self._budget = float(whole.spec.budget or math.inf)
        content = whole.spec.as_dict()
        study = {k: v for k, v in content.items() if k not in {"name", "title"}}
        self._key = digest({"study": study, "data": whole.table.fingerprint})
        self._decided: dict[str, dict[str, int]] = {}
        self._late: list[str] = []
        with suppress(DataError):  # there is none, or it is damaged
            match read_json(self._path):
                case {"key": self._key, "decided": dict(decided), "late": [*late]}:
                    self._decided, self._late = decided, late

    @property
    def is_too_short(self) -> bool:
        """Whether even the smallest run was expected to take more than the budget."""
        return self._late[-1:] == list(self._decided)[-1:] != []

    def before(self, seconds: Seconds) -> Plan:
        """Return the plan to begin with."""
        given = self._whole.numbers
        bases = [{"repeats": n} for n in range(given["repeats"], 0, -1)]
        if not self._whole.spec.claims:  # they are about all its folds
            bases.append({n: min(given[n], _FEWEST_FOLDS) for n in ("folds", "inner")})
            bases[-1]["repeats"] = 1
        return self._decide("before the first fit", bases, seconds)

    def after_first_trials(self, plan: Plan, seconds: Seconds) -> Plan:
        """Return the plan with all numbers but those of folds decided again."""
        return self._decide("after the first trials", [_folds(plan)], seconds)

    def after_searches(self, plan: Plan, seconds: Seconds) -> Plan:
        """Return the plan with the points of paths and design decided again."""
        kept = _folds(plan) | {"trials": plan.numbers["trials"]}
        return self._decide("after the searches", [kept], seconds, fill=True)

    def save(self) -> None:
        """Write the decisions; call it while the folder is locked for this run."""
        content = {"key": self._key, "decided": self._decided, "late": self._late}
        write_json(self._path, content)

    def note(self, plan: Plan) -> str:
        """Return what the budget cut, in a sentence; empty if it cut nothing."""
        most, given = duration(self._budget), self._whole.numbers
        parts = [
            f"{number} of {given[name]} {_WORDS[name]}"
            for name, number in plan.numbers.items()
            if number != given[name]
        ]
        if not parts:
            return ""
        text = f"The budget of {most} left {listed(parts)}. "
        if self.is_too_short:
            text += "Fewer are not possible, so the run takes longer. "
        return (
            f"{text}study.yaml in the folder of the run has these numbers, so that it "
            "gives the same results anywhere."
        )

    def _decide(
        self,
        moment: str,
        choices: Sequence[Mapping[str, int]],
        seconds: Seconds,
        *,
        fill: bool = False,
    ) -> Plan:
        """Return the largest plan within the budget, or the one that was recorded.

        ``choices`` are numbers to keep; the others are cut evenly. A later choice is
        taken if little of the others would be left with the earlier ones. Another value
        per path may take a tenth of a budget, so ``fill`` adds points of the design,
        each of which takes little, to what is left.
        """
        if (found := self._decided.get(moment)) is not None:
            return self._whole.changed(**found)
        plan, most = self._whole, 0
        for kept in choices:
            plans = _Cuts(self._whole.changed(**kept), kept)
            most = bisect_right(plans, _AIM * self._budget, key=seconds)
            plan = plans[max(most - 1, 0)]
            if most > _ENOUGH * len(plans):
                break
        if fill and most > 0 and not self._whole.spec.claims:
            plan = self._filled(plan, seconds)
        self._decided[moment] = plan.numbers
        if most == 0:
            self._late.append(moment)
        return plan

    def _filled(self, plan: Plan, seconds: Seconds) -> Plan:
        """Return the plan with the most points of the design within the budget."""
        n, given = plan.numbers["design"], self._whole.numbers["design"]
        more = range(max(n, _FEWEST["design"]), given + 1)
        n_fit = bisect_right(
            more,
            _AIM * self._budget,
            key=lambda points: seconds(plan.changed(design=points)),
        )
        return plan.changed(design=more[n_fit - 1]) if n_fit else plan


def _folds(plan: Plan) -> dict[str, int]:
    return {name: plan.numbers[name] for name in ("folds", "inner", "repeats")}


@dataclass(frozen=True, slots=True)
class _Cuts(Sequence[Plan]):
    """A plan with ever more of its trials and points, up to all of them."""

    base: Plan
    kept: Mapping[str, int]

    def __len__(self) -> int:
        return _STEPS

    @override
    def __getitem__(self, step: Any) -> Any:
        share, given = step / (_STEPS - 1), self.base.numbers
        least = min(given["trials"], FIRST_TRIALS)
        numbers = {"trials": max(round(share * given["trials"]), least)}
        if not self.base.spec.claims:  # their paths are part of what the study asks
            for name, fewest in _FEWEST.items():
                n = round(share * given[name])
                numbers[name] = n if n >= min(fewest, given[name]) else 0
        return self.base.changed(**numbers | dict(self.kept))
