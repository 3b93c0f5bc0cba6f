"""Ctrl-C and SIGTERM end the work of a run in order."""

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

__all__ = ["stop_on_signals"]


@contextmanager
def stop_on_signals(
    kill: Callable[[], None],
    *,
    after: int,
    signals: Sequence[signal.Signals] = (signal.SIGINT, signal.SIGTERM),
) -> Iterator[Callable[[], bool]]:
    """Handle signals within the block; yield whether one has arrived.

    The first ``after`` signals let the work in flight finish; the next one calls
    ``kill``. Only the main thread can handle signals; in other threads none arrives.
    """
    received: list[int] = []

    def receive(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        if len(received) > after:
            kill()

    in_main = threading.current_thread() is threading.main_thread()
    numbers = signals if in_main else ()
    before = {number: signal.signal(number, receive) for number in numbers}
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
