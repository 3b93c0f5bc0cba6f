"""Runs calls on a Dask cluster, each in a supervised child of a Dask worker.

Dask cannot cancel a running task. A Dask worker therefore passes each call to a child
process, one per thread, like the local executor: limits, crashes and the threads of
OpenMP are handled the same way. The data are scattered once and unpacked once on
each worker. If a worker is lost, its calls are repeated elsewhere.
"""

import atexit
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Executor, Future
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, final
from urllib.parse import urlsplit

from typing_extensions import override

from boostreg.errors import FitError, RunError, StudyError
from boostreg.fits.devices import VISIBLE, Card, cards_here, model_of
from boostreg.fits.process import CallLimits, WorkerProcess
from boostreg.fits.scratch import scratch_folder
from boostreg.fits.work import PRELOAD, library_versions
from boostreg.fits.worker import translate

__all__ = ["DaskExecutor", "check_address"]

P = ParamSpec("P")
T = TypeVar("T")

_PATIENCE = 15.0
"""Seconds to wait for the scheduler; below 15 Dask's own start-up may fail."""
_RETRIES = 2


def check_address(address: str, *, allow_insecure: bool) -> None:
    """Raise if an address is invalid, or would let others run code.

    Dask sends pickles: anyone who can reach the scheduler's port can run code there.

    Raises
    ------
    StudyError
        If the address is not ``tcp://HOST:PORT`` or ``tls://HOST:PORT``, or is open to
        other machines without TLS and ``allow_insecure`` is not set.
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
    if parts.scheme == "tcp" and not (allow_insecure or _is_loopback(parts.hostname)):
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
        If the cluster does not answer, has no worker, has other library versions, or
        lacks a device.
    """

    def __init__(
        self,
        address: str,
        *,
        threads: int = 1,
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
        self._address, self._threads = address, threads
        self._limits = limits or CallLimits()
        try:
            self._client: Any = connect(
                address, timeout=_PATIENCE, set_as_default=False
            )
        except (OSError, ValueError) as error:
            raise RunError(
                f"No Dask scheduler answers at {address}: {error}."
            ) from None
        self._calls = self._client.get_executor(pure=False, retries=_RETRIES)
        self._open: set[Future[Any]] = set()
        self._guard = threading.RLock()
        try:
            self.workers = self._check_workers(extras)
            self.cards = self._own_cards() if device == "cuda" else ()
        except RunError:
            self._client.close()
            raise

    def start(self) -> None:
        """Do nothing: children start with the first call of each worker."""

    def share(self, folder: Path) -> Any:
        """Return a handle to a folder for later calls: its files, scattered once."""
        files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
        return self._client.scatter(_Files(files), broadcast=True, hash=False)

    @override
    def submit(
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        """Run ``fn(data, *args)``; ``data`` is what ``share`` returned.

        The future raises only a ``BoostregError``.
        """
        future: Future[T] = Future()
        with self._guard:
            self._open.add(future)
        inner = self._calls.submit(_supervise, fn, self._threads, self._limits, *args)
        inner.add_done_callback(lambda ended: self._pass_on(ended, future))
        return future

    @override
    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Finish or cancel calls in flight, and restore the state of the cluster."""
        self._calls.shutdown(wait=wait and not cancel_futures)
        with suppress(OSError, TimeoutError):
            self._client.run(_leave)
        self._client.close(timeout=5)

    def kill_now(self) -> None:
        """Cancel calls in flight; safe to call from a signal handler."""
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

    def _check_workers(self, extras: tuple[str, ...]) -> int:
        """Return the number of threads; raise if a worker has other versions."""
        threads: Mapping[str, int] = self._client.nthreads()
        if not threads:
            raise RunError(
                f"The Dask cluster at {self._address} has no workers; start one."
            )
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


@dataclass(frozen=True)
class _Files:
    """The files of a data set and, on a worker, the folder that contains them."""

    content: dict[str, bytes]
    places: list[str] = field(default_factory=list)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def folder(self) -> str:
        with self.guard:
            if not self.places:
                kept = ExitStack()
                atexit.register(kept.close)
                folder = kept.enter_context(scratch_folder(self._unpack))
                self.places.append(str(folder))
            return self.places[0]

    def _unpack(self, folder: Path) -> None:
        for name, content in self.content.items():
            (folder / name).write_bytes(content)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_Files, (self.content,))


_CHILDREN: dict[int, WorkerProcess] = {}
"""The child process of each thread of a Dask worker."""


def _supervise(
    function: Callable[..., Any],
    threads: int,
    limits: CallLimits,
    files: _Files,
    *args: Any,
) -> Any:
    """Run a call in the child process of this thread; called on Dask workers."""
    me = threading.get_ident()
    if me not in _CHILDREN:
        _CHILDREN[me] = WorkerProcess(PRELOAD, threads, limits)
    return _CHILDREN[me].call(function, (files.folder(), *args), {})


def _leave() -> None:
    """End the child processes of this worker."""
    while _CHILDREN:
        _, child = _CHILDREN.popitem()
        child.kill()
        child.close()


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False
