"""A path as a table that can show itself."""

from typing import Any, ClassVar, Self

import pandas as pd

from boostreg.errors import FigureError
from boostreg.figures import Curve, Figure, curve_panel, measure_scale
from boostreg.figures.notebook import notebook_html
from boostreg.insight.effects import Effect, EffectPoint

__all__ = ["PenaltyPath"]

_MEASURES = ("leaves", "loss", "gap")


class PenaltyPath(pd.DataFrame):
    """The DataFrame of ``penalty_path``, which also knows its effect.

    What is made of it (a part, a copy, a sum) is a plain DataFrame.

    Attributes
    ----------
    effect : Effect or None
        Means over the folds and fold-paired differences to the first value, each curve
        read where it stops; None where no point could be fitted.
    """

    _metadata: ClassVar[list[str]] = ["effect"]
    effect: Effect | None

    @classmethod
    def of(cls, table: pd.DataFrame, effect: Effect | None) -> Self:
        """Return a table with its effect."""
        made = cls(table)
        object.__setattr__(made, "effect", effect)
        return made

    @property
    def _constructor(self) -> Any:
        return pd.DataFrame

    def figure(self, measure: str = "loss") -> Figure:
        """Return a measure along the penalty, with the 95 % interval of the loss.

        Parameters
        ----------
        measure : str
            ``loss``, ``gap`` (validation minus training loss), or ``leaves``.

        Raises
        ------
        FigureError
            If there is no such measure, or no point to draw.
        """
        if measure not in _MEASURES:
            listed = ", ".join(_MEASURES)
            raise FigureError(f"measure must be one of {listed}, got {measure!r}.")
        if self.effect is None:
            raise FigureError("The path holds no point that could be fitted.")
        points = self.effect.points
        bands = [_band(point) for point in points if measure == "loss"]
        curve = Curve(
            self.effect.engine,
            tuple(_measured(point, measure) for point in points),
            tuple(low for low, _ in bands),
            tuple(high for _, high in bands),
            safe=self.effect.safe if measure == "loss" else None,
        )
        values = (*curve.y, *curve.low, *curve.high)
        return curve_panel(
            [point.value for point in points],
            [curve],
            measure=measure,
            penalty=self.effect.penalty,
            y_scale=measure_scale(values, log=measure == "leaves"),
        )

    def _repr_html_(self) -> str:
        table = str(pd.DataFrame(self)._repr_html_())  # type: ignore[operator]
        if self.effect is None:
            return table
        name = self.effect.penalty
        panels = (
            f'<div style="width:270px"><p>{measure} by {name}</p>'
            f"{self.figure(measure).standalone()}</div>"
            for measure in _MEASURES
        )
        return notebook_html(*panels) + table


def _measured(point: EffectPoint, measure: str) -> float:
    if measure == "leaves":
        return point.size["leaves"]
    return point.loss if measure == "loss" else point.gap


def _band(point: EffectPoint) -> tuple[float | None, float | None]:
    found = point.difference
    if not found.exists:
        return (None, None)
    zero = point.loss - found.estimate
    return (zero + found.low, zero + found.high)
