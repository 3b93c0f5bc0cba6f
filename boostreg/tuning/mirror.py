"""Trials in an Optuna storage too, so that its dashboard can show a search live.

The storage is a mirror: nothing is read back from it but which trials it has. A storage
that fails never ends a run; it is said once a run, without its address. Each search has
a study of its own there, named by all that its trials depend on.
"""

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import digest
from boostreg.fits.work import FitWork
from boostreg.penalty import Range
from boostreg.tuning.measuring import Setting, inner_fits
from boostreg.tuning.proposals import first_penalties
from boostreg.tuning.storage import HIDDEN, check_storage, masked
from boostreg.tuning.trial import Trial
from boostreg.tuning.tuning import Tuning

if TYPE_CHECKING:
    import optuna

__all__ = [
    "Link",
    "Mirror",
    "masked",
    "search_name",
]

log = logging.getLogger(__name__)

_NUMBER = "boostreg:trial"


def search_name(name: str, tuning: Tuning, dataset: Dataset) -> str:
    """Return the name of a search's study in a storage.

    It ends with the fingerprint of all that a trial of the search depends on: the
    table, its folds, the objective, the space and the settings, library versions too.
    The number of trials is none of it, so a search that goes on stays in its study.
    """
    proposer = tuning.proposer
    free, _ = first_penalties(proposer.fixed, proposer.scale)
    fits = inner_fits(Setting(tuning.engine, tuning.outer, free), tuning.limits)
    content = {
        "fits": [FitWork(fit).key(dataset) for fit in fits],
        "space": [[name, repr(entry)] for name, entry in proposer.space.items()],
        "fixed": sorted([name, repr(v)] for name, v in proposer.fixed.items()),
        "sampler": [proposer.sampler, proposer.scale, proposer.seed],
        "order": [proposer.in_flight, proposer.guessed, tuning.racing],
    }
    return f"{name}/{digest(content)[:12]}"


@dataclass(slots=True, eq=False)
class Link:
    """A storage that the mirrors of one run share: what fails, fails for all of them.

    Attributes
    ----------
    url : str
        Of the storage, as Optuna takes it.

    Raises
    ------
    StudyError
        As ``check_storage``.
    """

    url: str = field(repr=False)
    broken: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        check_storage(self.url)
        if HIDDEN in self.url:
            self.broken = True
            log.warning(
                "Trials are not mirrored to %s: %s stands for what a study that was "
                "kept does not say; give the whole URL, or none.",
                self.url,
                HIDDEN,
            )

    def fail(self, error: Exception) -> None:
        """Say that nothing more is mirrored, and mirror nothing more."""
        self.broken = True
        log.warning(
            "Trials are no longer mirrored to %s: %s.",
            masked(self.url),
            type(error).__name__,
        )


class Mirror:
    """Copies ended trials of one search to a storage.

    Parameters
    ----------
    storage : str or Link
        Its URL, or what the mirrors of a run share.
    name : str
        Of the study there; trials that it has already are not copied again.
    ranges : mapping of str to Range
        What is searched.

    Raises
    ------
    StudyError
        If the URL is not one that Optuna can read.
    """

    def __init__(
        self, storage: str | Link, name: str, ranges: Mapping[str, Range]
    ) -> None:
        self._link = Link(storage) if isinstance(storage, str) else storage
        self._name = name
        self._ranges = dict(ranges)
        self._storage: optuna.storages.RDBStorage | None = None
        self._study: optuna.Study | None = None
        self._written: set[int] = set()

    def update(self, trials: Iterable[Trial]) -> None:
        """Copy the trials that are not there yet."""
        if self._link.broken:
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
            self._link.fail(error)
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
            self._storage = optuna.storages.RDBStorage(self._link.url)
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
