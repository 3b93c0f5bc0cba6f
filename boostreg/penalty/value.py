"""Numbers in sentences about penalties."""

import math
import numbers
from dataclasses import dataclass, fields, replace
from typing import Literal, get_args

from boostreg.errors import Fault, PenaltyError

__all__ = ["PENALTIES", "SCALED", "Penalty", "Scale", "Units", "shown"]


def shown(value: float) -> str:
    """Return a number with three significant digits, as it can stand in YAML.

    >>> shown(123456.0), shown(0.012345), shown(31)
    ('123000', '0.0123', '31')
    """
    return f"{float(f'{value:.3g}'):.10g}"


Scale = Literal["raw", "rows", "share"]

SCALED = ("reg_alpha", "reg_lambda", "min_split_gain", "min_child_weight", "cat_l2")
"""Fields whose number depends on ``scale``; the others have no such unit."""

_WHOLE = {"min_child_samples": 1, "max_leaves": 2, "max_depth": 1}
_SHARES = ("subsample", "colsample_bytree", "learning_rate")


@dataclass(frozen=True, slots=True)
class Units:
    """What one unit of gradient and hessian is worth on given training rows.

    Attributes
    ----------
    gradient : float
        ``g = sqrt(sum(w g_i^2) / sum(w)) * sum(w) / n`` at the intercept, averaged
        over classes.
    hessian : float
        ``h = sum(w h_i) / n`` at the intercept, averaged over classes.
    n_samples : int
        Training rows.
    """

    gradient: float
    hessian: float
    n_samples: int

    def factors(self, scale: Scale) -> dict[str, float]:
        """Return what each scaled field is multiplied by to become raw."""
        if scale == "raw":
            return dict.fromkeys(SCALED, 1.0)
        rows = self.n_samples if scale == "share" else 1
        gain = (
            self.gradient * (self.gradient / self.hessian) if self.hessian > 0 else 0.0
        )
        return {
            "reg_alpha": self.gradient * rows,
            "reg_lambda": self.hessian * rows,
            "min_split_gain": gain * rows,
            "min_child_weight": self.hessian * rows,
            "cat_l2": self.hessian * rows,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalty:
    """What a boosted ensemble pays for its trees, the same in every engine.

    Attributes
    ----------
    reg_alpha : float
        L1 penalty on leaf weights. A leaf with ``abs(G) <= reg_alpha`` gets weight 0.
    reg_lambda : float
        L2 penalty on leaf weights.
    min_split_gain : float
        A split must gain at least this much (XGBoost: gamma).
    min_child_weight : float
        Both sides of a split must hold at least this much hessian.
    min_child_samples : int
        Both sides of a split must hold at least this many rows, at least 1.
    max_leaves : int or None
        Leaves of one tree, at least 2; None for no limit.
    max_depth : int or None
        Splits on the way to a leaf, at least 1; None for no limit.
    max_delta_step : float
        Largest absolute leaf weight before the learning rate; 0 for no limit.
    path_smooth : float
        Pull of a leaf towards its parent, in rows (LightGBM only, which then keeps
        two rows a leaf at least, by its own estimate).
    cat_l2 : float
        L2 penalty on the leaves of a split on sets of categories, beside
        ``reg_lambda`` (LightGBM only).
    subsample, colsample_bytree : float
        Share of rows a round and of columns a tree, in (0, 1].
    learning_rate : float
        Factor on every leaf weight, in (0, 1].
    scale : {"raw", "rows", "share"}
        Unit of the fields in ``SCALED``: that of the loss; the data's own, so that
        ``reg_lambda=5`` is a prior worth five rows; or the same times the number of
        training rows.

    Raises
    ------
    PenaltyError
        If a field is outside its domain.

    Examples
    --------
    >>> Penalty(reg_lambda=5.0, scale="rows").to_raw(Units(0.5, 0.25, 100)).reg_lambda
    1.25
    """

    reg_alpha: float = 0.0
    reg_lambda: float = 1.0
    min_split_gain: float = 0.0
    min_child_weight: float = 0.001
    min_child_samples: int = 1
    max_leaves: int | None = 31
    max_depth: int | None = None
    max_delta_step: float = 0.0
    path_smooth: float = 0.0
    cat_l2: float = 0.0
    subsample: float = 1.0
    colsample_bytree: float = 1.0
    learning_rate: float = 0.1
    scale: Scale = "raw"

    def __post_init__(self) -> None:
        if self.scale not in get_args(Scale):
            scales = get_args(Scale)
            expected = f"one of {', '.join(scales)}"
            raise PenaltyError.of(Fault(("scale",), expected, self.scale, scales))
        for name in PENALTIES:
            _check(name, getattr(self, name))

    def to_raw(self, units: Units) -> "Penalty":
        """Return the same penalty in raw units, given those of the training rows."""
        return self.to_scale("raw", units)

    def to_scale(self, scale: Scale, units: Units) -> "Penalty":
        """Return the same penalty in another scale.

        Raises
        ------
        PenaltyError
            If the training rows carry no gradient or hessian to measure with.
        """
        if scale == self.scale:
            return self
        old, new = units.factors(self.scale), units.factors(scale)
        if not all(new.values()):
            raise PenaltyError(
                f"scale {scale!r} has no unit here: the target does not vary."
            )
        changed = {name: getattr(self, name) * old[name] / new[name] for name in SCALED}
        return replace(self, **changed, scale=scale)

    def as_dict(self) -> dict[str, float | int | None]:
        """Return the penalties by name, ``scale`` left out."""
        return {name: getattr(self, name) for name in PENALTIES}


PENALTIES = tuple(field.name for field in fields(Penalty) if field.name != "scale")
"""Names of all penalties and further shrinkers, in the order they are printed."""


def _check(name: str, value: object) -> None:
    if name in _WHOLE:
        _check_whole(name, value)
        return
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise PenaltyError.of(Fault((name,), "a number", value))
    try:
        number = float(value)
    except OverflowError:  # a whole number above 1.8e308
        number = math.inf
    if name in _SHARES and not 0 < number <= 1:
        raise PenaltyError.of(Fault((name,), "above 0 and at most 1", value))
    if not (math.isfinite(number) and number >= 0):
        raise PenaltyError.of(Fault((name,), "finite and >= 0", value))


def _check_whole(name: str, value: object) -> None:
    least = _WHOLE[name]
    if value is None and name != "min_child_samples":
        return
    if (
        isinstance(value, bool)
        or not isinstance(value, numbers.Integral)
        or value < least
    ):
        expected = f"a whole number of at least {least}"
        raise PenaltyError.of(Fault((name,), expected, value))
