"""Progress of searches and runs: its events, and a bar for a terminal or notebook."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

__all__ = [
    "REMARKS",
    "Event",
    "Progress",
    "bar",
    "can_show_bar",
    "duration",
    "printable",
]

_CONTROL = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069]"
)
"""Control characters, including text direction, except tab and newline."""


REMARKS = ("note", "warning")
"""Stages of events that are only a text."""


@dataclass(frozen=True, slots=True)
class Event:
    """What a run reports while it works.

    Attributes
    ----------
    stage : str
        ``note`` or ``warning``, ``trials`` of a search from Python, or what a run does.
    done, total : int
        Finished and requested trials of a search; of a run, its finished pieces of
        work, mostly fits, and the number that it is expected to need.
    text : str
        The note or warning, or the best candidate so far of the search that goes on.
    share : float or None
        Finished share of the time of the run.
    seconds_left : float or None
        Expected wall seconds until the end of the run.
    """

    stage: str
    done: int = 0
    total: int = 0
    text: str = ""
    share: float | None = None
    seconds_left: float | None = None


Progress = Callable[[Event], object]
"""A display of progress, called only from the coordinating thread."""


def silent(event: Event) -> None:
    """Show nothing."""


def printable(text: object) -> str:
    r"""Escape control characters, so that untrusted text cannot control the terminal.

    >>> print(printable("red: \x1b[31m"))
    red: \x1b[31m
    """
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], str(text))


_MINUTE = 60.0


def duration(seconds: float) -> str:
    """Return a duration in words, rounded as an estimate.

    >>> duration(0.2), duration(42.4), duration(78), duration(390), duration(8000)
    ('1 s', '40 s', '80 s', '6 min', '2 h 15 min')
    """
    if seconds < 2 * _MINUTE - 5:
        step = 1 if seconds < 20 else 5 if seconds < _MINUTE else 10
        return f"{max(step * round(seconds / step), 1)} s"
    if seconds < 100 * _MINUTE:
        return f"{max(round(seconds / _MINUTE), 1)} min"
    hours, rest = divmod(15 * round(seconds / (15 * _MINUTE)), 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


@contextmanager
def bar(first: str = "starting") -> Iterator[Progress]:
    """Show one bar with the time left, what is being done, and the best candidate.

    ``first`` is what is done before the first event.
    """
    from rich import progress as columns
    from rich.console import Console

    with columns.Progress(
        columns.BarColumn(),
        columns.TextColumn("{task.fields[left]}", markup=False),
        columns.TextColumn("{task.fields[count]}", markup=False),
        columns.TextColumn("{task.description}", markup=False),
        console=Console(stderr=True),
        transient=True,
    ) as shown:
        task = shown.add_task(first, total=None, left="", count="")

        def show(event: Event) -> None:
            if event.stage in REMARKS:
                text = printable(f"{event.stage}: {event.text}")
                shown.console.print(text, markup=False, highlight=False)
                return
            trials, share = event.stage == "trials", event.share
            named = [] if trials else [event.stage]
            unit = "trials" if trials else "fits"
            of = f"/{event.total:,}" if event.total else ""
            shown.update(
                task,
                total=event.total or None,
                completed=event.done if share is None else share * event.total,
                count=f"{event.done:,}{of} {unit}" if event.done else "",
                description=printable(": ".join(filter(None, [*named, event.text]))),
            )
            seconds = event.seconds_left
            if seconds is None:
                seconds = shown.tasks[task].time_remaining
            left = "" if seconds is None else f"{duration(seconds)} left"
            shown.update(task, left=left)

        yield show


def can_show_bar() -> bool:
    """Return whether standard error is a terminal, or this is a notebook."""
    from rich.console import Console

    console = Console(stderr=True)
    return console.is_terminal or console.is_jupyter
