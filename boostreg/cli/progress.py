"""Progress of a run as lines of a log."""

import time
from collections.abc import Callable

import typer

from boostreg.progress import Event, printable

__all__ = ["Lines"]

_SECONDS_BETWEEN_LINES = 5.0


class Lines:
    """Progress for a log: plain lines on standard error, one every few seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._stage, self._first = "", 0
        self._started = self._last_printed = clock()

    def __call__(self, event: Event) -> None:
        """Print a line, unless the last one of the same stage is recent."""
        now, done, total = self._clock(), event.done, event.total
        trials = event.stage == "trials"
        if event.stage == "warning":
            self._print(f"warning: {event.text}", now)
        elif event.stage != self._stage:
            # Fits that were done before the stage took none of its time.
            self._stage, self._first, self._started = event.stage, done, now
            self._print(f"{total:,} trials" if trials else event.stage, now)
        elif done == total or now - self._last_printed >= _SECONDS_BETWEEN_LINES:
            counted, left = f"{done:,} of {total:,}", ""
            if self._first < done < total:
                seconds_each = (now - self._started) / (done - self._first)
                left = f", about {seconds_each * (total - done):,.0f} s left"
            self._print(
                f"{counted} trials{left}; {event.text}"
                if trials
                else f"{event.stage}: {counted} fits{left}",
                now,
            )

    def _print(self, text: str, now: float) -> None:
        self._last_printed = now
        typer.echo(printable(text), err=True)
