"""Runs calls on a Dask cluster, each in a supervised child of a Dask worker.

Dask cannot cancel a running task. A Dask worker therefore passes each call to a child
process, like the local executor: limits, crashes and the threads of OpenMP are handled
the same way. The data are sent to the disk of each worker in pieces, so that neither a
worker nor the scheduler has all of them in memory. If a worker is lost, its calls are
repeated elsewhere.

A call may also run on several workers at once, which hold a share of the rows each.
Such a group is started only when all of its workers are free for it, so groups never
wait for each other. If one worker fails, the others are stopped.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import (
    FIRST_EXCEPTION,
    CancelledError,
    Executor,
    Future,
    ThreadPoolExecutor,
    wait,
)
from contextlib import contextmanager, suppress
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, final
from urllib.parse import urlsplit

from typing_extensions import override

from boostreg.engines.collective import PeerError
from boostreg.errors import FitError, RunError, StudyError
from boostreg.fits.dask_worker import (
    Calls,
    Files,
    Group,
    NoFilesError,
    complete,
    end_member,
    has_files,
    leave,
    memory_limit,
    open_group,
    start_member,
    supervise,
    take_part,
    write_piece,
)
from boostreg.fits.devices import VISIBLE, Card, cards_here, model_of
from boostreg.fits.process import CallLimits, CrashError
from boostreg.fits.work import library_versions
from boostreg.fits.worker import translate

__all__ = ["DaskExecutor", "check_address"]

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)

_PATIENCE = 15.0
"""Seconds to wait for the scheduler; below 15 Dask's own start-up may fail. Also for
a worker that is restarted."""
_RETRIES = 2
"""Number of times that a call on several workers is repeated if one of them is lost."""
_LOST = (OSError, CrashError, PeerError)
"""Errors of a call on several workers that may not happen again."""
_GRACE = 5.0
"""Seconds in which the workers of a failed call report why, before they are stopped."""


def check_address(address: str, *, allow_insecure: bool, machines: int = 1) -> None:
    """Raise if an address is invalid, or would let others run code or read sums.

    Dask sends pickles: anyone who can reach the scheduler's port can run code there.
    XGBoost has no TLS for what several ``machines`` of a fit send to each other.

    Raises
    ------
    StudyError
        If the address is not ``tcp://HOST:PORT`` or ``tls://HOST:PORT``, or a
        connection to other machines is without TLS and ``allow_insecure`` is not set.
    """
    try:
        parts = urlsplit(address)
        known = parts.scheme in {"tcp", "tls"} and parts.port and parts.hostname
    except ValueError:  # half an IPv6 address, or a port that is not a number
        known = None
    if not known:
        raise StudyError(
            f"A Dask address must be tcp://HOST:PORT or tls://HOST:PORT, got "
            f"{address!r}."
        )
    if allow_insecure or _is_loopback(parts.hostname):
        return
    if machines > 1 and parts.scheme == "tls":
        raise StudyError(
            f"The {machines} machines of a fit send sums of gradients to each other "
            "without TLS; set allow_insecure: true next to dask if you trust that "
            "network, or machines: 1."
        )
    if parts.scheme == "tcp":
        raise StudyError(
            f"{address} is open to other machines without TLS; use tls://, or set "
            "allow_insecure: true next to dask if you trust that network."
        )


@final
class DaskExecutor(Executor):
    """A Dask cluster behind the interface of ``concurrent.futures``.

    Parameters
    ----------
    address : str
        Of the scheduler.
    threads : int, default=1
        Threads of OpenMP and BLAS in each call.
    machines : int, default=1
        Number of workers of a call of ``submit_together``.
    limits : CallLimits, optional
        Of each call.
    extras : tuple of str, default=()
        Optional packages whose versions affect results.
    device : {"cpu", "cuda"}, default="cpu"
        With ``cuda``, each worker must have one thread and a CUDA device of its own.

    Attributes
    ----------
    workers : int
        Number of calls that run at the same time.
    cards : tuple of Card
        The CUDA device of each worker; empty on the CPU.

    Raises
    ------
    StudyError
        If ``distributed`` is not installed.
    RunError
        If the cluster does not answer, has fewer workers than ``machines`` or none,
        has other library versions, or lacks a device.
    """

    def __init__(  # noqa: PLR0913  options, by keyword
        self,
        address: str,
        *,
        threads: int = 1,
        machines: int = 1,
        limits: CallLimits | None = None,
        extras: tuple[str, ...] = (),
        device: str = "cpu",
    ) -> None:
        try:
            import distributed
        except ImportError:
            raise StudyError(
                "A Dask cluster needs the package distributed: pip install "
                "'boostreg[dask]'."
            ) from None
        connect: Any = distributed.Client  # untyped
        self._address, self._threads, self._machines = address, threads, machines
        self._limits = limits or CallLimits()
        try:
            self._client: Any = connect(
                address, timeout=_PATIENCE, set_as_default=False
            )
        except (OSError, ValueError) as error:
            raise RunError(
                f"No Dask scheduler answers at {address}: {error}."
            ) from None
        self._tasks = self._client.get_executor(pure=False)
        self._run = f"boostreg-{uuid.uuid4().hex}"
        self._open: set[Future[Any]] = set()
        self._guard = threading.RLock()
        self._busy: set[str] = set()
        self._freed = threading.Condition()
        self._closing = False
        self._folders: dict[Files, Path] = {}
        self._sending = threading.Lock()
        try:
            self.workers = self._check_workers(extras)
            self.cards = self._own_cards() if device == "cuda" else ()
        except RunError:
            self._client.close()
            raise
        self._sender = ThreadPoolExecutor(1)
        self._groups = ThreadPoolExecutor(self.workers)

    def start(self) -> None:
        """Do nothing: children start with the first call of each worker."""

    def memory_of_call(self) -> int | None:
        """Return the bytes that some worker has for each of its calls, at least.

        None if the workers have no limit.
        """
        one_call = self._machines > 1
        found: Mapping[str, tuple[int | None, int]] = self._client.run(memory_limit)
        limits = (
            limit // (1 if one_call else threads)
            for limit, threads in found.values()
            if limit is not None
        )
        return min(limits, default=None)

    def share(self, folder: Path) -> Any:
        """Send the files of a folder to all workers; return a handle for calls."""
        files = Files.of(folder, self._run)
        self._folders[files] = folder
        self._provide(files, self._addresses())
        return Calls(self._run, files, self._threads, self._limits)

    @override
    def submit(
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        """Run ``fn(data, *args)``; ``data`` is what ``share`` returned.

        The future raises only a ``BoostregError``.
        """
        future: Future[T] = self._new()
        self._submit(future, fn, *args)
        return future

    def submit_together(self, fn: Callable[..., T], /, *args: Any) -> Future[T]:
        """Run ``fn(data, *args)`` on as many workers as ``machines``, all at once.

        Within it, ``boostreg.engines.collective.member`` returns the rank of a worker.
        The result is that of the first one.
        """
        future: Future[T] = self._new()
        self._groups.submit(self._run_together, future, fn, *args)
        return future

    @override
    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Finish or cancel calls in flight, and restore the state of the cluster."""
        self._closing = self._closing or cancel_futures
        wait = wait and not cancel_futures
        self._groups.shutdown(wait=wait, cancel_futures=cancel_futures)
        self._tasks.shutdown(wait=wait)
        with suppress(OSError, TimeoutError):
            self._client.run(leave, self._run)
        self._groups.shutdown()
        self._sender.shutdown(cancel_futures=True)
        self._client.close(timeout=5)

    def kill_now(self) -> None:
        """Cancel calls in flight; safe to call from a signal handler."""
        self._closing = True
        with self._guard:
            given_up, self._open = self._open, set()
        for future in given_up:
            if not future.done():
                future.set_exception(FitError("The fit was stopped with its run."))

    @override
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self.shutdown(wait=exc_type is None, cancel_futures=exc_type is not None)

    def _new(self) -> Future[Any]:
        future: Future[Any] = Future()
        with self._guard:
            self._open.add(future)
        return future

    def _submit(self, future: Future[Any], fn: Callable[..., Any], *args: Any) -> None:
        def pass_on(ended: Future[Any]) -> None:
            error = None if ended.cancelled() else ended.exception()
            if isinstance(error, NoFilesError):
                # Callbacks share a thread of Dask, which must not wait for the files.
                address = str(error)
                self._sender.submit(self._repeat, address, future, fn, *args)
            else:
                self._pass_on(ended, future)

        inner = self._tasks.submit(supervise, fn, *args)
        inner.add_done_callback(pass_on)

    def _repeat(
        self,
        address: str,
        future: Future[Any],
        fn: Callable[..., Any],
        calls: Calls,
        *args: Any,
    ) -> None:
        """Repeat a call after its worker has received the files."""
        try:
            self._provide(calls.files, [address])
            self._submit(future, fn, calls, *args)
        except Exception as error:  # noqa: BLE001 - a future must never stay open
            ended: Future[Any] = Future()
            ended.set_exception(error)
            self._pass_on(ended, future)

    def _pass_on(self, ended: Future[Any], future: Future[Any]) -> None:
        with self._guard:
            if future not in self._open:
                return
            self._open.remove(future)
        try:
            future.set_result(ended.result())
        except (CancelledError, OSError):
            future.set_exception(
                RunError(
                    f"The connection to the Dask cluster at {self._address} was lost."
                )
            )
        except Exception as error:  # noqa: BLE001 - a future must never stay open
            future.set_exception(translate(error))

    def _addresses(self) -> list[str]:
        return sorted(self._client.nthreads())

    def _provide(self, files: Files, addresses: Sequence[str]) -> None:
        """Send the files to those workers that lack them, except lost ones."""
        run = partial(self._client.run, on_error="return")
        with self._sending:
            found = run(has_files, files, workers=addresses)
            lacking = [address for address, has in found.items() if has is False]
            if not lacking:
                return
            for piece in files.pieces(self._folders[files]):
                written = run(write_piece, files, *piece, workers=lacking)
                for error in written.values():
                    if isinstance(error, RunError):
                        raise error
                lacking = [address for address, none in written.items() if none is None]
            run(complete, files, workers=lacking)

    def _run_together(
        self, future: Future[Any], fn: Callable[..., Any], calls: Calls, *args: Any
    ) -> None:
        ended: Future[Any] = Future()
        try:
            ended.set_result(self._together(fn, calls, args))
        except Exception as error:  # noqa: BLE001 - a future must never stay open
            ended.set_exception(error)
        self._pass_on(ended, future)

    def _together(
        self, fn: Callable[..., Any], calls: Calls, args: Sequence[Any]
    ) -> Any:
        """Run a call on several workers; repeat it if one of them is lost."""
        cause: Exception | None = None
        for _ in range(1 + _RETRIES):
            with self._reserved() as addresses:
                try:
                    return self._on_all(addresses, fn, calls, args)
                except _LOST as error:
                    cause = error
            log.warning("A fit on several machines failed: %s", cause)
        raise CrashError(
            f"A fit on {self._machines} machines failed {1 + _RETRIES} times: {cause}"
        )

    def _on_all(
        self,
        addresses: Sequence[str],
        fn: Callable[..., Any],
        calls: Calls,
        args: Sequence[Any],
    ) -> Any:
        """Run a call on workers that are free; raise the error that has the cause."""
        run, first = self._client.run, addresses[0]
        self._provide(calls.files, addresses)
        run(start_member, calls, workers=addresses)
        tracker = run(open_group, calls, len(addresses), workers=[first])[first]
        group = Group(tuple(addresses), tracker)
        part = partial(run, take_part, calls, group, fn, args)
        with ThreadPoolExecutor(len(addresses)) as pool:
            members = {one: pool.submit(part, workers=[one]) for one in addresses}
            _, others = wait(members.values(), return_when=FIRST_EXCEPTION)
            _, silent = wait(others, _GRACE)
            stopped = [address for address, own in members.items() if own in silent]
            if stopped:
                run(end_member, calls.run, workers=stopped, on_error="ignore")
        ended = (own.exception() for a, own in members.items() if a not in stopped)
        errors = [error for error in ended if error is not None]
        if errors:
            raise min(errors, key=_distance_to_cause)
        return members[first].result()[first]

    @contextmanager
    def _reserved(self) -> Iterator[list[str]]:
        """Wait until enough workers are free; within the block they are ours.

        Raises
        ------
        RunError
            If the cluster has too few workers, for longer than a restart takes.
        FitError
            If the run is stopped.
        """
        until = time.monotonic() + _PATIENCE
        with self._freed:
            while True:
                if self._closing:
                    raise FitError("The fit was stopped with its run.")
                known = self._addresses()
                if len(known) < self._machines and time.monotonic() > until:
                    raise self._too_few(len(known))
                free = [address for address in known if address not in self._busy]
                if len(free) >= self._machines:
                    break
                self._freed.wait(0.5)
            chosen = free[: self._machines]
            self._busy.update(chosen)
        try:
            yield chosen
        finally:
            with self._freed:
                self._busy.difference_update(chosen)
                self._freed.notify_all()

    def _too_few(self, n_workers: int) -> RunError:
        return RunError(
            f"compute.machines is {self._machines}, but the Dask cluster at "
            f"{self._address} has {n_workers} worker{'s' * (n_workers != 1)}; start "
            "more workers, or use fewer machines."
        )

    def _check_workers(self, extras: tuple[str, ...]) -> int:
        """Return the number of calls at once; raise if a worker has other versions."""
        threads: Mapping[str, int] = self._client.nthreads()
        if not threads:
            raise RunError(
                f"The Dask cluster at {self._address} has no workers; start one."
            )
        if len(threads) < self._machines:
            raise self._too_few(len(threads))
        ours = library_versions(extras)
        found: Mapping[str, Mapping[str, str]] = self._client.run(
            library_versions, extras
        )
        for worker, theirs in sorted(found.items()):
            for name, version in ours.items():
                if theirs[name] != version:
                    raise RunError(
                        f"Dask worker {worker} has {name} {theirs[name]}, but this "
                        f"machine has {version}; install the same version, because "
                        "results depend on it."
                    )
        if self._machines > 1:
            return len(threads) // self._machines
        return sum(threads.values())

    def _own_cards(self) -> tuple[Card, ...]:
        """Return the CUDA device of each worker; raise if one has none of its own.

        A worker uses the first device that it sees.
        """
        for worker, n_threads in sorted(self._client.nthreads().items()):
            if n_threads > 1:
                raise RunError(
                    f"Dask worker {worker} has {n_threads} threads; start it with one, "
                    "because a CUDA device runs one fit at a time."
                )
        found = self._client.run(cards_here, on_error="return")
        own: dict[str, Card] = {}
        for worker, cards in sorted(found.items()):
            if isinstance(cards, Exception):
                raise RunError(f"Dask worker {worker}: {cards}")
            if cards[0] in own.values():
                raise RunError(
                    f"Dask worker {worker} has the CUDA device of another worker; "
                    f"start each one with another device in {VISIBLE}."
                )
            own[worker] = cards[0]
        model_of(tuple(own.values()))
        return tuple(own.values())


def _distance_to_cause(error: BaseException) -> int:
    """Order errors of one call: an error of its own explains those of the others."""
    return isinstance(error, _LOST) + isinstance(error, PeerError)


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False
