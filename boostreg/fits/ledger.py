"""Looks up work in the journal or has it run; the only writer of the journal.

A failed fit becomes a failed trial, and a resumed run must reproduce it. The journal
therefore records that a fit exceeded a limit, or crashed, under the given limits.
Errors that end a run are not recorded, and the next run tries that work again.
"""

import struct
from collections import abc
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import asdict, dataclass, field, is_dataclass
from functools import cache
from itertools import repeat
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from boostreg.errors import FitError, RunError
from boostreg.fits.dask import DaskExecutor
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import TimeLimit, digest
from boostreg.fits.journal import Journal
from boostreg.fits.process import CallLimits, CrashError, LimitError
from boostreg.fits.work import FitWork, Timed, Work, timed_work

__all__ = ["Counts", "Ledger"]

_NO_RECORD = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
)
"""Exceptions of decoders for bytes that ``run`` did not write."""

_STORM = 5
"""Number of consecutive crashes, with no finished fit between, that ends a run."""


@dataclass(slots=True)
class Counts:
    """Numbers of pieces of work that were run, and found in the journal."""

    run: int = 0
    found: int = 0


@dataclass(slots=True)
class Ledger:
    """Runs each piece of work at most once, even if it is requested repeatedly.

    Attributes
    ----------
    dataset : Dataset
        The data, to compute keys.
    data : object
        Handle by which workers open the data: a folder.
    executor : Executor
        Runs work that is not in the journal.
    journal : Journal or None
        Store of records; None for no store.
    limits : CallLimits
        Limits per fit, the same as the executor's. With other limits, a failed fit is
        tried again.
    """

    dataset: Dataset
    data: Any
    executor: Executor
    journal: Journal | None = None
    limits: CallLimits = field(default_factory=CallLimits)
    counts: Counts = field(default_factory=Counts)
    _running: dict[str, Future[Timed]] = field(default_factory=dict)
    _crashed: dict[str, str] = field(default_factory=dict)
    _crashing: set[object] = field(default_factory=set)

    def look_up(self, work: Work[Any]) -> Any:
        """Return the record from the journal, or None.

        Raises
        ------
        RunError
            If the entry in the journal is not a record of such work.
        """
        if self.journal is None:
            return None
        key = work.key(self.dataset)
        found = self.journal.get(key)
        if found is None:
            return None
        self.counts.found += 1
        try:
            record = work.decode(found)
            _check_types(record)
        except _NO_RECORD as error:
            raise self.journal.foreign(key, error) from error
        return record

    def start(
        self,
        work: Work[Any],
        then: Callable[[Future[Timed]], None],
        limit: TimeLimit | None = None,
    ) -> None:
        """Run ``work``, or join it if it already runs or ran; then call ``then``.

        ``then`` is called in a thread of the executor. Work that failed in an earlier
        run fails in the same way.
        """
        key = work.key(self.dataset)
        future = self._running.get(key) or self._failed_before(work)
        if future is None:
            future = self._submit(work, limit)
        self._running[key] = future
        future.add_done_callback(then)

    def prepare(
        self,
        work: Work[Any],
        then: Callable[[Future[Timed]], None],
        limit: TimeLimit | None = None,
    ) -> bool:
        """Run ``work`` in case that ``start`` needs it; return whether it was started.

        Work that already runs, or is in the journal, is not started. The record is
        written to the journal only if the work is needed.
        """
        key = work.key(self.dataset)
        if key in self._running or self._failed_before(work):
            return False
        if self.journal is not None and self.journal.get(key) is not None:
            return False
        self._running[key] = self._submit(work, limit)
        self._running[key].add_done_callback(then)
        return True

    def drop(self) -> None:
        """Cancel the work that waits for a worker."""
        for future in self._running.values():
            future.cancel()
        self._running.clear()

    def _submit(self, work: Work[Any], limit: TimeLimit | None) -> Future[Timed]:
        self.counts.run += 1
        if work.machines > 1:
            return self._submit_together(work)
        if limit is None:
            return self.executor.submit(timed_work, self.data, work)
        return self.executor.submit(timed_work, self.data, work, limit)

    def _submit_together(self, work: Work[Any]) -> Future[Timed]:
        if not isinstance(self.executor, DaskExecutor):
            raise RunError(f"{work.label} on {work.machines} machines needs Dask.")
        return self.executor.submit_together(timed_work, self.data, work)

    def record(self, work: Work[Any], data: bytes) -> None:
        """Write a record to the journal."""
        key = work.key(self.dataset)
        if self._running.pop(key, None) is None:
            return
        crashed, self._crashed = self._crashed, {}
        self._crashing.clear()
        if self.journal is not None:
            self.journal.put(key, data)
        self._put_failures(crashed)

    def forget(self, work: Work[Any]) -> None:
        """Forget failed work, so that it can be requested again.

        Raises
        ------
        RunError
            After too many consecutive crashes.
        """
        future = self._running.pop(work.key(self.dataset), None)
        if not (isinstance(work, FitWork) and isinstance(work.fit.inner, int)):
            return  # required for the report, so the next run tries it again
        error = None if future is None else future.exception()
        key = self._failure_key(work)
        if isinstance(error, LimitError):
            self._put_failures({key: str(error)})
        if not isinstance(error, CrashError):
            return
        # Recorded once another fit finishes: then this fit caused the crash.
        self._crashed[key] = str(error)
        self._crashing.add((work.fit.engine, work.fit.penalty))
        if len(self._crashing) >= _STORM:
            raise RunError(
                f"{_STORM} configurations crashed in a row, with no finished fit "
                f"between them. {error} Finished fits are kept."
            )

    def _failed_before(self, work: Work[Any]) -> Future[Timed] | None:
        if self.journal is None:
            return None
        reason = self.journal.get_failure(self._failure_key(work))
        if reason is None:
            return None
        failed: Future[Timed] = Future()
        failed.set_exception(FitError(reason))
        self.counts.found += 1
        return failed

    def _put_failures(self, reasons: Mapping[str, str]) -> None:
        if self.journal is not None and reasons:
            self.journal.put_failures(reasons)

    def _failure_key(self, work: Work[Any]) -> str:
        content = {"failed": work.key(self.dataset), "limits": asdict(self.limits)}
        return digest(content)


_cached_hints: Callable[[Any], dict[str, Any]] = cache(get_type_hints)
_PLAIN: dict[Any, Any] = {int: int, float: int | float, str: str, bool: bool}


def _check_types(record: Any) -> None:
    """Raise TypeError if a field of a record does not match its annotation."""
    for part in record if isinstance(record, tuple) else (record,):
        for name, kind in _hints(type(part)).items():
            if not _fits(getattr(part, name), kind):
                raise TypeError(f"{name} of {type(part).__name__} must be {kind}")


def _hints(kind: Any) -> dict[str, Any]:
    return _cached_hints(kind) if is_dataclass(kind) else {}


def _fits(value: Any, kind: Any) -> bool:
    """Return whether a value matches an annotation; arrays are not checked.

    >>> _fits((1.0, 2), tuple[float, ...]), _fits({"a": None}, Mapping[str, float])
    (True, False)
    """
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return any(_fits(value, one) for one in args)
    if origin in (dict, abc.Mapping):
        return isinstance(value, Mapping) and all(
            _fits(key, args[0]) and _fits(one, args[1]) for key, one in value.items()
        )
    if origin in (list, tuple, abc.Sequence):
        whole = args if origin is tuple and args[-1] is not ... else None
        return (
            isinstance(value, list | tuple)
            and len(value) == len(whole or value)
            and all(map(_fits, value, whole or repeat(args[0])))
        )
    if is_dataclass(kind):
        return all(_fits(getattr(value, n, None), k) for n, k in _hints(kind).items())
    return isinstance(value, _PLAIN.get(kind, object))
