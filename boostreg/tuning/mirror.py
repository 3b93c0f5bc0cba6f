"""Passes trials to Optuna storages and callbacks.

Addresses of storages are shown without secrets.
"""

import json
import logging
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING, Any

from boostreg.errors import Fault, StudyError
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import digest
from boostreg.fits.work import FitWork
from boostreg.penalty import Range
from boostreg.tuning.measuring import Shrinkage, inner_fits
from boostreg.tuning.proposals import first_penalties, quiet_optuna
from boostreg.tuning.search import Tuning
from boostreg.tuning.trial import Setting, Trial

if TYPE_CHECKING:
    import optuna
    import sqlalchemy

__all__ = [
    "HIDDEN",
    "Callback",
    "Callbacks",
    "Link",
    "Mirror",
    "check_storage",
    "located",
    "masked",
    "moved",
    "search_name",
]

HIDDEN = "***"
"""Placeholder for what is hidden."""

Callback = Callable[["optuna.Study", "optuna.trial.FrozenTrial"], object]
"""A callback of Optuna."""

_log = logging.getLogger(__name__)

_NUMBER = "boostreg:trial"
_SCHEME = re.compile(r"\w[\w+]*:(//)?", re.ASCII)
_SECRET = re.compile(r"[:@?#]")
_LONGEST = 1000
_WANTED = "a URL such as sqlite:///trials.db or postgresql://USER:PASSWORD@HOST/NAME"


def check_storage(url: str) -> None:
    """Raise unless SQLAlchemy can use the address of a storage.

    Raises
    ------
    StudyError
        If it is not a URL, if SQLAlchemy does not know the database, or if the database
        is in memory. The message shows the masked URL.
    """
    from sqlalchemy.exc import ArgumentError

    expected, found = _WANTED, masked(url)
    parsed = _parsed(url)
    if parsed is not None and len(url) <= _LONGEST:
        try:
            parsed.get_dialect()
        except (ArgumentError, AttributeError, ImportError):
            expected += ", of a database that SQLAlchemy knows and is installed"
            found = parsed.drivername
        else:
            in_memory = parsed.database in (None, "", ":memory:")
            if not (_is_sqlite(parsed) and in_memory):
                return
            expected += ", not a database in memory, which no other process can read"
    raise StudyError.of(Fault(("storage",), expected, found))


def masked(url: str) -> str:
    """Return a URL without credentials.

    If it is unclear which part they are, only the scheme is kept.

    >>> masked("postgresql://ann:secret@db.example/optuna?password=x")
    'postgresql://***@db.example/optuna'
    >>> masked("postgresql://ann:se@cret@db.example/optuna")
    'postgresql://***'
    >>> masked("sqlite:///live.db")
    'sqlite:///live.db'
    """
    from sqlalchemy.util import immutabledict

    parsed = _parsed(url)
    if parsed is None:
        scheme = _SCHEME.match(url)
        unknown = scheme is None and not _SECRET.search(url)
        return url[:60] if unknown else f"{scheme[0] if scheme else ''}{HIDDEN}"
    named = parsed.username is not None
    if not named and _is_sqlite(parsed):
        return url.partition("?")[0]
    before, _, after = url.partition("@")
    asked = "=" in before.partition("?")[2]  # a query with an @ in a value
    unsure = "@" in after or asked if named else "@" in f"{parsed.database}"
    if unsure:
        return f"{parsed.drivername}://{HIDDEN}"
    bare = parsed._replace(username=None, password=None, query=immutabledict())
    shown = bare.render_as_string()
    return shown.replace("://", f"://{HIDDEN}@", 1) if named else shown


def located(url: str, base: Path) -> str:
    """Return the URL of a storage, with a relative SQLite path resolved at ``base``."""
    parsed = _parsed(url)
    if parsed is None or not _is_relative(parsed):
        return url
    path = (base / str(parsed.database)).as_posix()
    return parsed.set(database=path).render_as_string(hide_password=False)


def moved(url: str, base: Path, folder: Path) -> str:
    """Return ``masked(url)``, rewritten for a file in ``folder``.

    A relative SQLite path is relative to ``base`` before, to ``folder`` afterwards.
    """
    parsed = _parsed(url)
    if parsed is None or not _is_relative(parsed):
        return masked(url)
    path = Path(os.path.relpath(base / str(parsed.database), folder.resolve()))
    return masked(parsed.set(database=path.as_posix()).render_as_string())


def _parsed(url: str) -> "sqlalchemy.URL | None":
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(url)
    except (ArgumentError, ValueError):  # a port that is not a number raises ValueError
        return None


def _is_sqlite(parsed: "sqlalchemy.URL") -> bool:
    return parsed.get_backend_name() == "sqlite"


def _is_relative(parsed: "sqlalchemy.URL") -> bool:
    path = parsed.database
    if not _is_sqlite(parsed) or not path or path == ":memory:":
        return False
    absolute = Path(path).is_absolute() or PureWindowsPath(path).is_absolute()
    return not absolute and not path.startswith("file:")


def search_name(name: str, tuning: Tuning, dataset: Dataset) -> str:
    """Return the name of a search's study in a storage.

    It ends with a fingerprint of everything that a trial of the search depends on, but
    not of the number of trials, so a resumed search keeps its study.
    """
    each = [_content(engine, tuning, dataset) for engine in tuning.proposers]
    content = each[0] if len(each) == 1 else {"engines": each}
    return f"{name}/{digest(content)[:12]}"


def _content(engine: str, tuning: Tuning, dataset: Dataset) -> dict[str, Any]:
    proposer, limits = tuning.proposers[engine], tuning.limits
    free, _ = first_penalties(proposer.fixed, proposer.scale)
    fits = inner_fits(Setting(engine, tuning.outer, free), limits)
    given = (limits.n_rounds, limits.patience)
    rounds = [repr(one) for one in given if isinstance(one, Shrinkage)]
    content: dict[str, Any] = {
        "fits": [FitWork(fit).key(dataset) for fit in fits],
        "space": [[name, repr(entry)] for name, entry in proposer.space.items()],
        "fixed": sorted([name, repr(v)] for name, v in proposer.fixed.items()),
        "sampler": [proposer.sampler, proposer.scale, proposer.seed],
        "order": [proposer.in_flight, proposer.guessed, tuning.racing],
    }
    if proposer.first:
        content["first"] = repr(proposer.first)
    if rounds:
        content["rounds"] = rounds
    return content


@dataclass(slots=True, eq=False)
class Link:
    """The storage of all mirrors of a run; after a failure, all of them stop.

    Its URL is as for Optuna; see ``check_storage`` for errors.
    """

    url: str = field(repr=False)
    broken: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        check_storage(self.url)
        if HIDDEN in self.url:
            self.broken = True
            _log.warning(
                "Trials are not mirrored to %s: %s replaces credentials, which are "
                "not stored; write the complete URL, or remove it.",
                self.url,
                HIDDEN,
            )

    def fail(self, error: Exception) -> None:
        """Stop mirroring, and log why."""
        self.broken = True
        text = "Trials are no longer mirrored to %s: %s."
        _log.warning(text, masked(self.url), type(error).__name__)


class Mirror:
    """Copies ended trials of one search to the study ``name`` of a storage.

    ``storage`` is a URL, or the link that the mirrors of a run share. Trials that the
    study already has are not copied again.
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
        """Copy trials that are not in the storage yet."""
        new = [trial for trial in trials if trial.number not in self._written]
        if self._link.broken or not new:
            return
        from optuna.exceptions import OptunaError
        from sqlalchemy.exc import SQLAlchemyError

        # A missing driver raises ImportError.
        errors = (OptunaError, SQLAlchemyError, ImportError, OSError, ValueError)
        try:
            study = self._opened()
            for trial in new:
                if trial.number not in self._written:
                    study.add_trial(_as_optuna(trial, self._ranges))
                    self._written.add(trial.number)
        except errors as error:
            self._link.fail(error)
        finally:
            if self._storage is not None:  # the next trial may be hours away
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


class Callbacks:
    """Passes ended trials to callbacks in Optuna's manner, by their number.

    Each callback is called with an Optuna study in memory, which holds the trials so
    far, and with the trial. ``study.stop()`` ends the search, see
    ``Tuning.stop_after``.

    Parameters
    ----------
    callbacks : sequence of callable
    ranges : mapping
        The search space of each engine.
    """

    def __init__(
        self, callbacks: Sequence[Callback], ranges: Mapping[str, Mapping[str, Range]]
    ) -> None:
        self._callbacks, self._ranges = tuple(callbacks), ranges
        self._next, self._stopping = 0, False
        self.notes: tuple[str, ...] = ()
        """The trial at which a callback has stopped the search, in words."""

    @cached_property
    def _study(self) -> "optuna.Study":
        import optuna

        with quiet_optuna():
            study = optuna.create_study(direction="minimize")
        # Optuna's own method raises outside of ``optimize``.
        vars(study)["stop"] = self._stop
        return study

    def update(self, tuning: Tuning) -> None:
        """Pass on trials that have ended, once all before them have."""
        if not self._callbacks:
            return
        for trial in tuning.trials:
            if trial.number < self._next:
                continue
            if trial.number > self._next and not tuning.done:
                return  # one before it is open; a timeout drops those left at the end
            self._next = trial.number + 1
            self._study.add_trial(_as_optuna(trial, self._ranges[trial.engine]))
            added = self._study.get_trials(deepcopy=False)[-1]
            for callback in self._callbacks:
                callback(self._study, added)
            if self._stopping and not (self.notes or tuning.done):
                note = f"A callback stopped the search at trial {trial.number}."
                self.notes = (note,)
                tuning.stop_after(trial.number)

    def _stop(self) -> None:
        self._stopping = True


def _as_optuna(trial: Trial, ranges: Mapping[str, Range]) -> "optuna.trial.FrozenTrial":
    from optuna.distributions import FloatDistribution, IntDistribution
    from optuna.trial import TrialState, create_trial

    states = {"complete": "COMPLETE", "raced": "PRUNED", "failed": "FAIL"}
    searched: dict[str, Any] = {}
    distributions: dict[str, Any] = {}
    for name, entry in ranges.items():
        if (value := getattr(trial.penalty, name)) is None:
            continue
        # The distribution contains the range, zero, and the value.
        low = min(entry.low, 0.0 if entry.zero else entry.low, value)
        high = max(entry.high, value)
        searched[name] = value
        distributions[name] = FloatDistribution(low, high)
        if entry.whole:
            distributions[name] = IntDistribution(int(low), int(high))
    about = {"rounds": trial.n_rounds, "leaves": trial.sizes["n_leaves"]}
    return create_trial(
        state=TrialState[states[trial.state]],
        value=trial.loss if trial.state == "complete" else None,
        params=searched,
        distributions=distributions,
        user_attrs={
            _NUMBER: trial.number,
            "boostreg": json.dumps(about | {"reason": trial.reason}),
            "engine": trial.engine,
        },
    )
