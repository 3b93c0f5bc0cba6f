"""Stopping a run by hand: once to finish what is in flight, twice to stop now."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Stop", "stop_on_signals"]


class Stop:
    """Whether a run was asked to stop, and by how many signals."""

    def __init__(self, kill: Callable[[], None]) -> None:
        self._kill, self.asked = kill, 0

    def __call__(self) -> bool:
        """Return whether to start nothing new."""
        return self.asked > 0

    def ask(self, _number: int, _frame: FrameType | None) -> None:
        """Take a signal: the second one ends what is in flight."""
        self.asked += 1
        if self.asked > 1:
            self._kill()


@contextmanager
def stop_on_signals(kill: Callable[[], None]) -> Iterator[Stop]:
    """Turn Ctrl-C and SIGTERM into ``Stop`` while the block runs.

    Only the main thread may handle signals; elsewhere they stay as they are.
    """
    stop = Stop(kill)
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, stop.ask) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
