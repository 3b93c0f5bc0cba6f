"""Trials in an Optuna storage too, so that its dashboard can show a search live.

The storage is a mirror: nothing is read back from it but which trials it has. A storage
that fails never ends a run; it is said once, without its address.
"""

import json
import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from boostreg.errors import StudyError
from boostreg.penalty import Range
from boostreg.tuning.trial import Trial

if TYPE_CHECKING:
    import optuna

__all__ = ["Mirror", "masked"]

log = logging.getLogger(__name__)

_NUMBER = "boostreg:trial"


def masked(url: str) -> str:
    """Return a URL without what it says of who may enter.

    >>> masked("postgresql://ann:secret@db.example/optuna?password=x")
    'postgresql://***@db.example/optuna'
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    user = "***@" if "@" in parts.netloc else ""
    return urlunsplit((parts.scheme, f"{user}{host}", parts.path, "", ""))


class Mirror:
    """Copies ended trials of one search to a storage.

    Parameters
    ----------
    url : str
        Of the storage, as Optuna takes it.
    name : str
        Of the study there; trials that it has already are not copied again.
    ranges : mapping of str to Range
        What is searched.

    Raises
    ------
    StudyError
        If the URL is not one that Optuna can read.
    """

    def __init__(self, url: str, name: str, ranges: Mapping[str, Range]) -> None:
        if "://" not in url:
            raise StudyError(
                "storage must be a URL such as sqlite:///trials.db, got "
                f"{masked(url)!r}."
            )
        self._url, self._name = url, name
        self._ranges = dict(ranges)
        self._storage: optuna.storages.RDBStorage | None = None
        self._study: optuna.Study | None = None
        self._written: set[int] = set()
        self._broken = False

    def update(self, trials: Iterable[Trial]) -> None:
        """Copy the trials that are not there yet."""
        if self._broken:
            return
        new = [trial for trial in trials if trial.number not in self._written]
        if not new:
            return
        try:
            study = self._opened()
            for trial in new:
                if trial.number not in self._written:
                    study.add_trial(self._as_optuna(trial))
                    self._written.add(trial.number)
        except _storage_errors() as error:
            self._broken = True
            log.warning(
                "Trials are no longer mirrored to %s: %s.",
                masked(self._url),
                type(error).__name__,
            )
        finally:
            self._hang_up()

    def _hang_up(self) -> None:
        """Keep no connection between trials, which may be hours apart."""
        if self._storage is not None:
            self._storage.remove_session()
            self._storage.engine.dispose()

    def _opened(self) -> "optuna.Study":
        import optuna

        if self._study is None:
            optuna.logging.set_verbosity(optuna.logging.WARNING)
            self._storage = optuna.storages.RDBStorage(self._url)
            self._study = optuna.create_study(
                study_name=self._name,
                storage=self._storage,
                load_if_exists=True,
                direction="minimize",
            )
            found = (trial.user_attrs.get(_NUMBER) for trial in self._study.trials)
            self._written |= {number for number in found if isinstance(number, int)}
        return self._study

    def _as_optuna(self, trial: Trial) -> "optuna.trial.FrozenTrial":
        from optuna.trial import TrialState, create_trial

        states = {"complete": "COMPLETE", "raced": "PRUNED", "failed": "FAIL"}
        params = {name: getattr(trial.penalty, name) for name in self._ranges}
        searched = {name: value for name, value in params.items() if value is not None}
        about = {"rounds": trial.n_rounds, "leaves": trial.sizes["n_leaves"]}
        return create_trial(
            state=TrialState[states[trial.state]],
            value=trial.loss if trial.state == "complete" else None,
            params=searched,
            distributions={
                name: _distribution(self._ranges[name], value)
                for name, value in searched.items()
            },
            user_attrs={
                _NUMBER: trial.number,
                "boostreg": json.dumps(about | {"reason": trial.reason}),
            },
        )


def _storage_errors() -> tuple[type[Exception], ...]:
    from optuna.exceptions import OptunaError
    from sqlalchemy.exc import SQLAlchemyError

    # A driver that is not installed is an ImportError.
    return (OptunaError, SQLAlchemyError, ImportError, OSError, ValueError)


def _distribution(entry: Range, value: float) -> Any:
    """Return a distribution that holds the range, zero, and ``value``."""
    from optuna.distributions import FloatDistribution, IntDistribution

    low = min(entry.low, 0.0 if entry.zero else entry.low, value)
    high = max(entry.high, value)
    if entry.whole:
        return IntDistribution(int(low), int(high))
    return FloatDistribution(low, high)
