"""How far a run is, on standard error: a bar for a terminal, lines for a log."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Self

import typer

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

__all__ = ["Bar", "Lines"]

_SECONDS_BETWEEN_LINES = 5.0


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
        self._total = 0
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
        now = self._clock()
        too_soon = now - self._said < _SECONDS_BETWEEN_LINES and done < self._total
        if done == 0 or too_soon:
            return
        left = (now - self._started) / done * (self._total - done)
        self._say(
            f"{done:,} of {self._total:,} trials, about {left:,.0f} s left; "
            + _best(engine, outer, best_loss, best_leaves)
        )

    def stage(self, text: str) -> None:
        """Print what comes next."""
        self._say(text)

    def warn(self, text: str) -> None:
        """Print a warning."""
        self._say(f"warning: {text}")

    def _say(self, text: str) -> None:
        self._said = self._clock()
        typer.echo(text, err=True)


class Bar(AbstractContextManager["Bar"]):
    """Progress for a terminal: a bar, the best so far, and the time left."""

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
            TextColumn("trials"),
            BarColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.description}", markup=False),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("reading the study", total=None)

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
        """Show what comes next."""
        self._bar.update(self._task, description=text)

    def warn(self, text: str) -> None:
        """Print a warning above the bar, to stay."""
        self._bar.console.print(f"warning: {text}", markup=False, highlight=False)
