"""Who is told how far a run is."""

from typing import Protocol

__all__ = ["Progress", "Silent"]


class Progress(Protocol):
    """Told how far a run is, from the coordinating thread only."""

    def start(self, total: int) -> None:
        """Begin; the run has ``total`` trials over all engines and outer folds."""

    def trial(
        self,
        engine: str,
        outer: int | None,
        done: int,
        best_loss: float | None,
        best_leaves: float | None,
    ) -> None:
        """Take note of an ended trial.

        Parameters
        ----------
        engine : str
        outer : int or None
            Outer fold within which the trial was; None for all rows.
        done : int
            Trials of the whole run that have ended.
        best_loss, best_leaves : float or None
            Least inner loss so far on that engine and outer fold, with the mean leaves
            of that candidate; None while no trial has succeeded.
        """

    def stage(self, text: str) -> None:
        """Take note of what the run does next."""

    def fits(self, done: int, total: int) -> None:
        """Take note of a fit that ended, of ``total`` of the stage that was told."""

    def warn(self, text: str) -> None:
        """Take note of what may mislead, before the run begins."""


class Silent:
    """Says nothing."""

    def start(self, total: int) -> None:
        """Do nothing."""

    def trial(
        self,
        engine: str,
        outer: int | None,
        done: int,
        best_loss: float | None,
        best_leaves: float | None,
    ) -> None:
        """Do nothing."""

    def stage(self, text: str) -> None:
        """Do nothing."""

    def fits(self, done: int, total: int) -> None:
        """Do nothing."""

    def warn(self, text: str) -> None:
        """Do nothing."""
