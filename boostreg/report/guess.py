"""How the starting guess from the leaves of the unpenalised model did."""

import math
from typing import Any

from boostreg.report.numbers import number, percent
from boostreg.report.records import Tuned
from boostreg.tuning import Trial

__all__ = ["guess_data"]


def guess_data(tuned: Tuned) -> dict[str, Any] | None:
    """Return the prior, its guesses and their ranks among all trials of a search.

    None where no guess was made.
    """
    if tuned.prior is None or not tuned.guesses:
        return None
    complete = [trial for trial in tuned.trials if trial.state == "complete"]
    best = min(trial.loss for trial in complete)
    made = [
        _guess(name, tuned.trials[trial], complete, best)
        for name, trial in tuned.guesses.items()
    ]
    return {
        "noise": tuned.prior.noise,
        "std": math.sqrt(tuned.prior.variance),
        "trials": made,
        "sentence": _sentence(made, len(tuned.trials)),
    }


def _guess(
    name: str, trial: Trial, complete: list[Trial], best: float
) -> dict[str, Any]:
    better = sum(other.loss < trial.loss for other in complete)
    is_complete = trial.state == "complete"
    return {
        "penalty": name,
        "value": getattr(trial.penalty, name),
        "trial": trial.number,
        "loss": trial.loss,
        "rank": better + 1 if is_complete else None,
        "above_best": trial.loss / best - 1 if best and is_complete else None,
    }


def _sentence(made: list[dict[str, Any]], n_trials: int) -> str:
    said = [
        f"{one['penalty']} {number(one['value'])} ({_rank(one, n_trials)})"
        for one in made
    ]
    return (
        "before any trial was judged, the spread of the unpenalised leaves suggested "
        f"{' or '.join(said)}."
    )


def _rank(one: dict[str, Any], n_trials: int) -> str:
    if one["rank"] is None:
        return "not measured in full"
    rank = f"rank {one['rank']} of {n_trials} trials"
    if one["above_best"] is None:
        return rank
    return f"{rank}, loss {percent(one['above_best'])} against the best"
