"""Progress of a run on standard error: a bar in a terminal, lines in a log."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from boostreg.study.progress import Event, Progress

__all__ = ["Lines", "bar", "printable"]

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


class Lines:
    """Progress for a log: plain lines on standard error, one every few seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._stage, self._first = "", 0
        self._started = self._last_printed = clock()

    def __call__(self, event: "Event") -> None:
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


@contextmanager
def bar() -> "Iterator[Progress]":
    """Show one bar per stage, the last search's best trial, and the time left."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    with Progress(
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"),
        BarColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.description}", markup=False),
        console=Console(stderr=True),
        transient=True,
    ) as shown:
        task = shown.add_task("reading the study", total=None, unit="trials", stage="")

        def show(event: "Event") -> None:
            if event.stage == "warning":
                text = printable(f"warning: {event.text}")
                shown.console.print(text, markup=False, highlight=False)
                return
            trials = event.stage == "trials"
            if shown.tasks[task].fields["stage"] != event.stage:
                unit = "trials" if trials else "fits"
                shown.reset(task, total=None, stage=event.stage, unit=unit)
            shown.update(
                task,
                completed=event.done,
                total=event.total or None,
                description=event.text if trials else event.stage,
            )

        yield show
