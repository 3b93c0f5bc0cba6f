"""How far a run is, on standard error: a bar for a terminal, lines for a log."""

import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Self

import typer

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

__all__ = ["Bar", "Lines", "printable"]

_CONTROL = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069]"
)
"""Control characters, those for the direction of text included; no tab or line end."""

_SECONDS_BETWEEN_LINES = 5.0


def printable(text: object) -> str:
    r"""Return text of whatever origin as a terminal may have it: it takes no orders.

    >>> print(printable("red: \x1b[31m"))
    red: \x1b[31m
    """
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], str(text))


def _best(
    engine: str, outer: int | None, loss: float | None, leaves: float | None
) -> str:
    """Return how a search stands: ``xgboost, fold 2: best loss 0.5, 31 leaves``."""
    where = f"{engine}, {'all rows' if outer is None else f'fold {outer}'}"
    if loss is None or leaves is None:
        return f"{where}: no trial yet"
    return f"{where}: best loss {loss:.5g}, {leaves:,.0f} leaves"


class Lines(AbstractContextManager["Lines"]):
    """Progress for a log: a plain line now and then on standard error."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._total = self._first = 0
        self._stage = ""
        self._started = self._said = clock()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave nothing behind."""

    def start(self, total: int) -> None:
        """Begin."""
        self._total, self._started = total, self._clock()
        self._say(f"{total:,} trials")

    def trial(
        self,
        engine: str,
        outer: int | None,
        done: int,
        best_loss: float | None,
        best_leaves: float | None,
    ) -> None:
        """Print a line, unless one was printed a moment ago."""
        if done == 0 or self._too_soon(done, self._total):
            return
        self._say(
            f"{done:,} of {self._total:,} trials{self._left(done, self._total)}; "
            + _best(engine, outer, best_loss, best_leaves)
        )

    def stage(self, text: str) -> None:
        """Print what comes next."""
        self._stage, self._started, self._first = text, self._clock(), 0
        self._say(text)

    def fits(self, done: int, total: int) -> None:
        """Print a line, unless one was printed a moment ago."""
        if not self._first:  # what ended before the stage took none of its time
            self._first, self._started = done, self._clock()
        if not self._too_soon(done, total):
            left = self._left(done - self._first, total - self._first)
            self._say(f"{self._stage}: {done:,} of {total:,} fits{left}")

    def _too_soon(self, done: int, total: int) -> bool:
        return self._clock() - self._said < _SECONDS_BETWEEN_LINES and done < total

    def _left(self, done: int, total: int) -> str:
        """Return how long the stage may still take, where that can be said."""
        if done in (0, total):
            return ""
        seconds = (self._clock() - self._started) / done * (total - done)
        return f", about {seconds:,.0f} s to the last"

    def warn(self, text: str) -> None:
        """Print a warning."""
        self._say(f"warning: {text}")

    def _say(self, text: str) -> None:
        self._said = self._clock()
        typer.echo(printable(text), err=True)


class Bar(AbstractContextManager["Bar"]):
    """Progress for a terminal: a bar a stage, the best so far, and the time left."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        self._bar: RichProgress = Progress(
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}"),
            BarColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.description}", markup=False),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("reading the study", total=None, unit="trials")

    def __enter__(self) -> Self:
        """Show the bar."""
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        self._bar.stop()

    def start(self, total: int) -> None:
        """Begin."""
        self._bar.update(self._task, total=total, description="")

    def trial(
        self,
        engine: str,
        outer: int | None,
        done: int,
        best_loss: float | None,
        best_leaves: float | None,
    ) -> None:
        """Move the bar."""
        text = _best(engine, outer, best_loss, best_leaves)
        self._bar.update(self._task, completed=done, description=text)

    def stage(self, text: str) -> None:
        """Show what comes next, with a bar of its own."""
        self._bar.reset(self._task, total=None, description=text, unit="fits")

    def fits(self, done: int, total: int) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=done, total=total)

    def warn(self, text: str) -> None:
        """Print a warning above the bar, to stay."""
        self._bar.console.print(
            printable(f"warning: {text}"), markup=False, highlight=False
        )
