"""Progress of searches and runs: its events, and a bar for a terminal or notebook."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

__all__ = ["Event", "Progress", "bar", "can_show_bar", "printable"]

_CONTROL = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069]"
)
"""Control characters, including text direction, except tab and newline."""


@dataclass(frozen=True, slots=True)
class Event:
    """What a run reports while it works.

    Attributes
    ----------
    stage : str
        ``warning``, ``trials``, or the name of a later stage, which runs fits.
    done, total : int
        Finished and requested trials of the run, or fits of the stage.
    text : str
        The warning, or the best candidate so far of the search whose trial ended.
    """

    stage: str
    done: int = 0
    total: int = 0
    text: str = ""


Progress = Callable[[Event], object]
"""A display of progress, called only from the coordinating thread."""


def printable(text: object) -> str:
    r"""Escape control characters, so that untrusted text cannot control the terminal.

    >>> print(printable("red: \x1b[31m"))
    red: \x1b[31m
    """
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], str(text))


@contextmanager
def bar() -> Iterator[Progress]:
    """Show one bar per stage, the last search's best trial, and the time left."""
    from rich import progress as columns
    from rich.console import Console

    with columns.Progress(
        columns.MofNCompleteColumn(),
        columns.TextColumn("{task.fields[unit]}"),
        columns.BarColumn(),
        columns.TimeRemainingColumn(compact=True),
        columns.TextColumn("{task.description}", markup=False),
        console=Console(stderr=True),
        transient=True,
    ) as shown:
        task = shown.add_task("starting", total=None, unit="trials", stage="")

        def show(event: Event) -> None:
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
                description=printable(event.text) if trials else event.stage,
            )

        yield show


def can_show_bar() -> bool:
    """Return whether standard error is a terminal, or this is a notebook."""
    from rich.console import Console

    console = Console(stderr=True)
    return console.is_terminal or console.is_jupyter
