"""Names of other libraries, answered by ours."""

from collections.abc import Callable, Mapping
from functools import wraps
from inspect import signature
from types import MappingProxyType
from typing import ParamSpec, TypeVar

from boostreg.engine_facts import LIBRARY_NAMES
from boostreg.errors import nearest

__all__ = ["SEARCH_NAMES", "answers_names"]

_NAMES = {
    "seed": ("random_state", "random_seed"),
    "workers": ("n_jobs", "num_workers", "nthread", "num_threads"),
    "rounds": ("n_estimators", "num_boost_round", "n_rounds", "num_rounds"),
    "patience": ("early_stopping", "early_stopping_rounds"),
    "trials": ("n_trials", "n_iter", "num_samples", "max_evals"),
    "timeout": ("time_budget", "time_limit", "budget"),
    "cv": ("folds", "n_splits", "n_folds"),
    "sample_weight": ("weight", "weights"),
    "offset": ("base_margin", "init_score"),
    "objective": ("loss", "metric", "scoring", "eval_metric"),
    "engine": ("estimator", "model", "library", "booster"),
    "space": ("param_distributions", "params", "search_space", "param_grid"),
}
_PENALTIES = {
    "eta": "learning_rate",
    "lambda": "reg_lambda",
    "alpha": "reg_alpha",
    **LIBRARY_NAMES,
    **{ours: ours for ours in LIBRARY_NAMES.values()},
}

SEARCH_NAMES: Mapping[str, str] = MappingProxyType(
    {other: ours for ours, others in _NAMES.items() for other in others}
    | {
        other: f"space={{{penalty!r}: ...}} or fixed={{{penalty!r}: ...}}"
        for other, penalty in _PENALTIES.items()
    }
)
"""What to use instead of the names of other libraries, in a search from Python."""

P = ParamSpec("P")
R = TypeVar("R")


def answers_names(
    known: Mapping[str, str],
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function answer arguments that it does not have with those it has.

    ``known`` has what to use instead, by name.

    >>> @answers_names({"n_trials": "trials"})
    ... def search(*, trials=1):
    ...     return trials
    >>> search(n_trials=2)
    Traceback (most recent call last):
    TypeError: search() has no argument 'n_trials'; use trials
    """

    def decorated(function: Callable[P, R]) -> Callable[P, R]:
        names = tuple(signature(function).parameters)

        @wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            for name in kwargs:
                if name not in names:
                    near = nearest(name, names)
                    end = f"; use {known[name]}" if name in known else near
                    raise TypeError(
                        f"{function.__name__}() has no argument {name!r}{end}"
                    )
            return function(*args, **kwargs)

        return checked

    return decorated
