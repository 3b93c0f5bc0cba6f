"""Progress of a run on standard error: a bar in a terminal, lines in a log."""

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
"""Control characters, including text direction, except tab and newline."""

_SECONDS_BETWEEN_LINES = 5.0


def printable(text: object) -> str:
    r"""Escape control characters, so that untrusted text cannot control the terminal.

    >>> print(printable("red: \x1b[31m"))
    red: \x1b[31m
    """
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], str(text))


def _best(
    engine: str, outer: int | None, loss: float | None, leaves: float | None
) -> str:
    """Format the state of a search: ``xgboost, fold 2: best loss 0.5, 31 leaves``."""
    where = f"{engine}, {'all rows' if outer is None else f'fold {outer}'}"
    if loss is None or leaves is None:
        return f"{where}: no trial yet"
    return f"{where}: best loss {loss:.5g}, {leaves:,.0f} leaves"


class Lines(AbstractContextManager["Lines"]):
    """Progress for a log: plain lines on standard error, one every few seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._total = self._first = 0
        self._stage = ""
        self._started = self._last_printed = clock()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Do nothing; printed lines need no cleanup."""

    def start(self, total: int) -> None:
        """Set the total number of trials."""
        self._total, self._started = total, self._clock()
        self._print(f"{total:,} trials")

    def trial(
        self,
        engine: str,
        outer: int | None,
        done: int,
        best_loss: float | None,
        best_leaves: float | None,
    ) -> None:
        """Print a line, unless the last one is recent."""
        if done == 0 or self._too_soon(done, self._total):
            return
        self._print(
            f"{done:,} of {self._total:,} trials{self._left(done, self._total)}; "
            + _best(engine, outer, best_loss, best_leaves)
        )

    def stage(self, text: str) -> None:
        """Print the name of the next stage."""
        self._stage, self._started, self._first = text, self._clock(), 0
        self._print(text)

    def fits(self, done: int, total: int) -> None:
        """Print a line, unless the last one is recent."""
        if not self._first:  # fits done before the stage took none of its time
            self._first, self._started = done, self._clock()
        if not self._too_soon(done, total):
            left = self._left(done - self._first, total - self._first)
            self._print(f"{self._stage}: {done:,} of {total:,} fits{left}")

    def _too_soon(self, done: int, total: int) -> bool:
        return (
            self._clock() - self._last_printed < _SECONDS_BETWEEN_LINES and done < total
        )

    def _left(self, done: int, total: int) -> str:
        """Format the estimated time left, or nothing where it is unknown."""
        if done in (0, total):
            return ""
        seconds = (self._clock() - self._started) / done * (total - done)
        return f", about {seconds:,.0f} s left"

    def warn(self, text: str) -> None:
        """Print a warning."""
        self._print(f"warning: {text}")

    def _print(self, text: str) -> None:
        self._last_printed = self._clock()
        typer.echo(printable(text), err=True)


class Bar(AbstractContextManager["Bar"]):
    """Progress for a terminal: one bar per stage, the best trial, and the time left."""

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
        """Remove the bar."""
        self._bar.stop()

    def start(self, total: int) -> None:
        """Set the total number of trials."""
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
        """Start a new bar for the next stage."""
        self._bar.reset(self._task, total=None, description=text, unit="fits")

    def fits(self, done: int, total: int) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=done, total=total)

    def warn(self, text: str) -> None:
        """Print a permanent warning above the bar."""
        self._bar.console.print(
            printable(f"warning: {text}"), markup=False, highlight=False
        )
