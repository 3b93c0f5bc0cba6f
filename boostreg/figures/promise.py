"""A search's incumbents: the loss that chose them beside the loss that judges them."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from boostreg.figures.figure import Figure, draw
from boostreg.figures.labels import spread
from boostreg.figures.marks import Point, horizontal_axis, steps, vertical_axis
from boostreg.figures.palette import encoding
from boostreg.figures.scale import Scale, linear_scale
from boostreg.figures.svg import Fragment, text

__all__ = ["promise_chart"]

_WIDTH, _HEIGHT = 640, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 520, 12, 196
_APART = 15.0
_KINDS = {"inner": "pk", "outer": "ln"}
_SHORT = {"xgboost": "XGBoost", "lightgbm": "LightGBM", "sklearn": "sklearn"}


def promise_chart(incumbents: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """Draw inner (dashed) and outer (solid) loss of the incumbents by trial.

    Parameters
    ----------
    incumbents : mapping of str to sequence of mapping
        By engine, each with ``trial``, ``inner`` and ``outer``, by rising trial.
    """
    points = list(chain.from_iterable(incumbents.values()))
    losses = [point[kind] for point in points for kind in ("inner", "outer")]
    last = max(point["trial"] for point in points)
    x = linear_scale([0, max(last, 1)], _LEFT + 6.0, _RIGHT - 4.0)
    y = linear_scale(losses, _BOTTOM - 6.0, float(_TOP))
    ends = sorted(
        (
            (engine, kind, y(found[-1][kind]))
            for engine, found in incumbents.items()
            for kind in _KINDS
        ),
        key=lambda end: end[2],
    )
    heights = spread([end for _, _, end in ends], _APART, _TOP, _BOTTOM)
    return draw(
        _WIDTH,
        _HEIGHT,
        vertical_axis(y, _LEFT, _RIGHT),
        horizontal_axis(x, _BOTTOM, label="trial"),
        *(
            _line(engine, kind, found, x, y)
            for engine, found in incumbents.items()
            for kind in _KINDS
        ),
        *(
            text(
                _RIGHT + 6,
                height + 4,
                f"{_SHORT.get(engine, engine)} {kind}",
                f"halo {encoding(engine).class_}",
            )
            for (engine, kind, _), height in zip(ends, heights, strict=True)
        ),
        title="Loss of the incumbents by trial",
        description=_describe(incumbents),
    )


def _line(
    engine: str, kind: str, found: Sequence[Mapping[str, Any]], x: Scale, y: Scale
) -> Fragment:
    where: list[Point] = [(x(one["trial"]), y(one[kind])) for one in found]
    where.append((x(x.high), where[-1][1]))
    return steps(where, f"{_KINDS[kind]} {encoding(engine).class_}")


def _describe(incumbents: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    said = [
        f"{encoding(engine).name}: after trial {found[-1]['trial']} inner loss "
        f"{found[-1]['inner']:.4g}, outer loss {found[-1]['outer']:.4g}."
        for engine, found in incumbents.items()
        if found
    ]
    return " ".join(said)
