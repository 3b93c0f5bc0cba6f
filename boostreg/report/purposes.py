"""Candidates for a purpose, from the trials of a search, as plain data."""

import math
from collections.abc import Mapping
from typing import Any

from boostreg.report.records import Tuned
from boostreg.statistics import standard_error
from boostreg.tuning import Candidate, TrialCurves
from boostreg.tuning.purpose import Purpose, best_under, knee
from boostreg.tuning.speed import Speed

__all__ = ["purposes_data", "timed_data"]


def purposes_data(tuned: Tuned, limits: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the smallest within one standard error, the knee, and what limits admit.

    Parameters
    ----------
    tuned : Tuned
    limits : mapping
        The study's ``select``; a limit on time is passed over, see ``timed_data``.
    """
    picks = {"one_se": tuned.selection.one_se, "knee": knee(tuned.selection.front)}
    curves = _curves(tuned)
    for name in ("max_leaves", "max_bytes"):
        if limits.get(name) is not None:
            purpose = Purpose(**{name: float(limits[name])})
            picks[name] = best_under(list(curves.values()), purpose)
    return [
        _row(name, pick, tuned, curves, limits.get(name))
        for name, pick in picks.items()
    ]


def timed_data(tuned: Tuned, microseconds: float, speed: Speed) -> dict[str, Any]:
    """Return the best candidate under a limit on time, with its estimate.

    It depends on the machine that ``speed`` was measured on.
    """
    purpose = Purpose(max_microseconds=microseconds)
    curves = _curves(tuned)
    pick = best_under(list(curves.values()), purpose, speed)
    found = curves[pick.trial]
    time = speed.estimate(found.n_trees[pick.n_rounds], found.n_leaves[pick.n_rounds])
    row = _row("max_microseconds", pick, tuned, curves, microseconds)
    return row | {"microseconds": float(time)}


def _curves(tuned: Tuned) -> dict[int, TrialCurves]:
    return {t.number: t.curves for t in tuned.trials if t.curves is not None}


def _row(
    purpose: str,
    pick: Candidate,
    tuned: Tuned,
    curves: Mapping[int, TrialCurves],
    limit: float | None,
) -> dict[str, Any]:
    best, chosen = tuned.selection.best, curves[pick.trial]
    paired = (
        chosen.valid_loss[:, pick.n_rounds]
        - curves[best.trial].valid_loss[:, best.n_rounds]
    )
    error = float(standard_error(paired))
    return {
        "purpose": purpose,
        "limit": limit,
        "trial": pick.trial,
        "rounds": pick.n_rounds,
        "loss": pick.loss,
        "above_best": float(paired.mean()),
        "above_best_se": None if math.isnan(error) else error,
        "leaves": pick.n_leaves,
        "trees": float(chosen.n_trees[pick.n_rounds]),
        "bytes": float(chosen.n_bytes[pick.n_rounds]),
        "penalty": tuned.trials[pick.trial].penalty.as_dict(),
    }
