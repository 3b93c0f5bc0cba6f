"""One call that gives a penalty to anybody's own Optuna objective."""

from collections.abc import Mapping
from typing import Any, Protocol

from boostreg.penalty import Penalty, Range, Space, parse_space
from boostreg.penalty.ranges import acting

__all__ = ["suggest"]


class Suggesting(Protocol):
    """What ``suggest`` asks of a trial: Optuna's live, fixed and frozen ones do."""

    def suggest_float(
        self, name: str, low: float, high: float, *, log: bool = False
    ) -> float:
        """Return a number."""

    def suggest_int(self, name: str, low: int, high: int, *, log: bool = False) -> int:
        """Return a whole number."""


def suggest(
    trial: Suggesting,
    space: str | Mapping[str, Any] | Space = "default",
    *,
    engine: str | None = None,
) -> Penalty:
    """Return the penalty that an Optuna trial proposes.

    Parameters
    ----------
    trial : optuna.Trial
        Its ``params`` hold the true values. A penalty with a mass at zero has a second
        parameter, ``NAME_zero`` in [0, 1]: where that lies below the range's ``zero``,
        the penalty is exactly 0, whatever ``NAME`` says. Both are always there, since
        most samplers cannot learn from parameters that come and go.
    space : str, mapping or Space
        A space that ships, or ranges as in a study's YAML.
    engine : str, optional
        Adds the ranges that the space has for this engine only.

    Returns
    -------
    Penalty
        Penalties outside the space have our defaults, and so have those whose
        condition fails.

    Raises
    ------
    PenaltyError
        If the space is unknown or impossible.

    Examples
    --------
    >>> import optuna
    >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
    >>> study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    >>> study.optimize(lambda t: abs(suggest(t).reg_lambda - 5), n_trials=20)
    >>> sorted(study.best_params)[:3]
    ['max_leaves', 'min_split_gain', 'min_split_gain_zero']

    The best trial, asked again, gives its penalty back:

    >>> abs(suggest(study.best_trial).reg_lambda - 5) == study.best_value
    True
    """
    parsed = space if isinstance(space, Space) else parse_space(space)
    ranges = parsed.for_engine(engine or "")
    values: dict[str, Any] = {
        name: _value(trial, name, entry) for name, entry in ranges.items()
    }
    fixed: dict[str, Any] = dict(parsed.fixed)
    return Penalty(**fixed | acting(ranges, values))


def _value(trial: Suggesting, name: str, entry: Range) -> float | int:
    if entry.whole:
        return trial.suggest_int(name, int(entry.low), int(entry.high), log=entry.log)
    value = trial.suggest_float(name, entry.low, entry.high, log=entry.log)
    if entry.zero and trial.suggest_float(f"{name}_zero", 0.0, 1.0) < entry.zero:
        return 0.0
    return value
