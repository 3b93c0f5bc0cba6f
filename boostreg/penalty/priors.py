r"""Priors of leaf weights, and the penalties that are equivalent to them.

A tree minimises, over its leaf weights w,

.. math::

    \sum_i w_i (g_i f_i + h_i f_i^2 / 2) + \alpha \sum |w| + \lambda \sum w^2 / 2 ,

a second-order expansion of the loss. Where that loss is the negative log-likelihood of
the data times a constant :math:`s^2`, dividing all by :math:`s^2` gives a negative log
posterior, and the penalties are those of the priors

.. math::

    w \sim N(0, s^2 / \lambda), \qquad
    p(w) \propto \exp(-|w| / b), \; b = s^2 / \alpha ,

or of their product where both are set; no penalty is the uniform prior. So the optimal
weight of a leaf is the maximum of its posterior (MAP). See [1]_, 7.1, for L2 and the
normal prior, [2]_, section 5, for L1 and Laplace's.

:math:`s^2` depends on the loss. Squared error is boosted as :math:`(y - f)^2 / 2`, so
s^2 is the noise variance of a row with weight 1. Logistic and Poisson losses are
log-likelihoods, s^2 = 1; so is softmax, boosted with 2p(1 - p), an upper bound of its
curvature. For gamma and Tweedie s^2 is the dispersion. Absolute error and quantile
losses have no such expansion.

The prior is on each leaf of each tree before the learning rate, not on the sum of many
trees.

A prior's strength can be counted in rows: :math:`\lambda = R h`, with h the hessian of
one row at the intercept, leaves a leaf of R rows half of its weight, and for squared
error its standard deviation is :math:`s / \sqrt{R}`, that of a mean of R rows. For
squared error this holds in every tree. For other losses it holds in the first tree: the
hessian of a logistic row, :math:`p (1 - p)`, falls as the model learns, so the same
penalty is worth more and more rows.

References
----------
.. [1] I. Goodfellow, Y. Bengio, A. Courville. "Deep Learning". MIT Press, 2016.
   https://www.deeplearningbook.org
.. [2] R. Tibshirani. "Regression Shrinkage and Selection via the Lasso". JRSS B 58,
   1996. https://doi.org/10.1111/j.2517-6161.1996.tb02080.x
"""

import math
from collections.abc import Mapping
from typing import Any

from boostreg.errors import Fault, PenaltyError
from boostreg.penalty.value import Penalty, Scale, Units, as_float, shown

__all__ = [
    "as_prior",
    "check_prior_scale",
    "is_prior",
    "laplace_scale",
    "normal_std",
    "prior_value",
    "reg_alpha_from_scale",
    "reg_lambda_from_std",
    "with_prior_values",
]


def normal_std(reg_lambda: float, noise_variance: float = 1.0) -> float:
    """Return the standard deviation of the normal prior equivalent to ``reg_lambda``.

    Infinite for 0: the uniform prior.

    >>> normal_std(4.0), normal_std(4.0, noise_variance=9.0)
    (0.5, 1.5)
    """
    _check("reg_lambda", reg_lambda, zero=True)
    _check("noise_variance", noise_variance)
    return math.sqrt(noise_variance / reg_lambda) if reg_lambda > 0 else math.inf


def reg_lambda_from_std(std: float, noise_variance: float = 1.0) -> float:
    """Return the L2 penalty of a normal prior; an infinite ``std`` is uniform.

    >>> reg_lambda_from_std(0.5)
    4.0
    """
    _check("std", std, infinite=True)
    _check("noise_variance", noise_variance)
    square = std * std  # 0 below 1e-162
    return noise_variance / square if square > 0 else math.inf


def laplace_scale(reg_alpha: float, noise_variance: float = 1.0) -> float:
    """Return the scale b of the Laplace prior equivalent to ``reg_alpha``.

    Its standard deviation is sqrt(2) b. Infinite for 0: the uniform prior.

    >>> laplace_scale(4.0), laplace_scale(4.0, noise_variance=9.0)
    (0.25, 2.25)
    """
    _check("reg_alpha", reg_alpha, zero=True)
    _check("noise_variance", noise_variance)
    return noise_variance / reg_alpha if reg_alpha > 0 else math.inf


def reg_alpha_from_scale(scale: float, noise_variance: float = 1.0) -> float:
    """Return the L1 penalty of a Laplace prior; an infinite ``scale`` is uniform.

    >>> reg_alpha_from_scale(0.25)
    4.0
    """
    _check("scale", scale, infinite=True)
    _check("noise_variance", noise_variance)
    return noise_variance / scale


def _check(
    name: str, value: float, *, zero: bool = False, infinite: bool = False
) -> None:
    allowed = value >= 0 if zero else value > 0
    if not allowed or not (infinite or math.isfinite(value)):
        finite = "" if infinite else "finite "
        expected = f"a {finite}number {'>=' if zero else '>'} 0"
        raise PenaltyError.of(Fault((name,), expected, value))


def as_prior(
    raw: Penalty,
    units: Units,
    noise_variance: float | None = None,
    *,
    kept: float = math.nan,
) -> dict[str, Any]:
    """Return the prior on leaf weights that a penalty is equivalent to, JSON-ready.

    Parameters
    ----------
    raw : Penalty
        In raw units.
    units : Units
        Of the training rows.
    noise_variance : float, optional
        s^2 of the module's docstring; None if the loss has none or it is unknown, and
        then there are no ``std`` and ``laplace``.
    kept : float
        Share of its weight that the median leaf of the model keeps under
        ``reg_lambda``, the ``shrinkage`` of its size; NaN if it is unknown.

    Returns
    -------
    dict
        ``rows``: ``reg_lambda`` in rows of the first tree, None if rows carry no
        hessian; ``alpha_rows``: the gradients of how many rows of the first tree
        ``reg_alpha`` cancels, None if they are 0; ``kept``;
        ``std`` and ``laplace``: of the normal and the Laplace prior, None if it is
        uniform; ``noise_variance``; and ``sentence``, a summary in words.

    Raises
    ------
    PenaltyError
        If ``raw`` is in another scale.

    Examples
    --------
    >>> prior = as_prior(Penalty(reg_lambda=1.25), Units(0.5, 0.25, 100), 1.0)
    >>> prior["rows"], round(prior["std"], 3), prior["laplace"]
    (5.0, 0.894, None)
    """
    if raw.scale != "raw":
        raise PenaltyError.of(Fault(("raw",), "in scale 'raw'", raw.scale))
    h, g = units.hessian, units.gradient
    content: dict[str, Any] = {
        "rows": raw.reg_lambda / h if h > 0 else None,
        "alpha_rows": raw.reg_alpha / g if g > 0 else None,
        "std": None,
        "laplace": None,
        "noise_variance": noise_variance,
        "kept": kept,
    }
    if noise_variance is not None and noise_variance > 0:
        if raw.reg_lambda > 0:
            content["std"] = normal_std(raw.reg_lambda, noise_variance)
        if raw.reg_alpha > 0:
            content["laplace"] = laplace_scale(raw.reg_alpha, noise_variance)
    return content | {"sentence": _sentence(**content)}


def _sentence(
    *,
    rows: float | None,
    alpha_rows: float | None,
    std: float | None,
    laplace: float | None,
    kept: float,
    **_: object,
) -> str:
    if rows is None:
        normal = "reg_lambda has no worth in rows here: rows carry no hessian."
    elif rows == 0:
        normal = "reg_lambda is 0: no normal prior."
    else:
        width = "" if std is None else f", normal with standard deviation {shown(std)}"
        normal = (
            f"In the first tree, reg_lambda is a prior worth {_rows(rows)}{width}: a "
            "leaf of as many rows keeps half of its weight."
        )
        if not math.isnan(kept):
            normal += (
                f" Over all trees, the median leaf keeps {shown(100 * kept)}% of its "
                "weight."
            )
    if alpha_rows is None:
        return (
            f"{normal} reg_alpha has no worth in rows here: the target does not vary."
        )
    if alpha_rows == 0:
        return f"{normal} reg_alpha is 0: no Laplace prior."
    width = (
        "" if laplace is None else f" and is a Laplace prior of scale {shown(laplace)}"
    )
    return (
        f"{normal} In the first tree, reg_alpha takes away the gradient of "
        f"{_rows(alpha_rows)}{width}: a leaf whose gradients sum to less weighs 0."
    )


def _rows(amount: float) -> str:
    text = shown(amount)
    return f"{text} row" if text == "1" else f"{text} rows"


_PRIORS = {
    "reg_lambda": ("normal", "std", "a Laplace prior is set by reg_alpha"),
    "reg_alpha": ("laplace", "scale", "a normal prior is set by reg_lambda"),
}
"""By penalty, its prior, the key of its width, and how to set the other prior."""


def is_prior(entry: object) -> bool:
    """Return whether an entry is written as a prior."""
    return isinstance(entry, Mapping) and "prior" in entry


def prior_value(name: str, entry: Mapping[str, Any]) -> float:
    """Return the value of penalty ``name`` that is equivalent to a prior.

    Parameters
    ----------
    name : str
        ``reg_lambda`` or ``reg_alpha``.
    entry : mapping
        ``prior``, its width, and ``noise_variance``.

    Raises
    ------
    PenaltyError
        If the prior is unknown, incomplete or not that of this penalty. The keys of its
        faults begin with the penalty: ``("reg_lambda", "std")``.

    Examples
    --------
    >>> prior_value("reg_lambda", {"prior": "normal", "std": 0.5})
    4.0
    >>> prior_value("reg_alpha", {"prior": "uniform"})
    0.0
    """
    if name not in _PRIORS:
        expected = (
            "a number (only reg_lambda and reg_alpha, the penalties on leaf weights, "
            "accept a prior)"
        )
        raise PenaltyError.of(Fault((name,), expected, dict(entry)))
    kind, (own, width, other) = entry["prior"], _PRIORS[name]
    if kind not in (own, "uniform"):
        expected = f"one of: {own}, uniform ({other})"
        raise PenaltyError.of(Fault((name, "prior"), expected, kind, (own, "uniform")))
    keys = ("prior",) if kind == "uniform" else ("prior", width, "noise_variance")
    faults = [
        Fault((name, key), "key", found, keys, "unknown")
        for key, found in entry.items()
        if key not in keys
    ]
    if not faults and kind != "uniform" and width not in entry:
        example = f"write a {kind} prior as {{prior: {kind}, {width}: 0.3}}"
        faults.append(Fault((name, width), example, None, kind="missing"))
    if faults:
        raise PenaltyError.of(*faults)
    if kind == "uniform":
        return 0.0
    given = {"noise_variance": 1.0} | dict(entry)
    numbers = {key: as_float(given[key]) or 0.0 for key in (width, "noise_variance")}
    for key, number in numbers.items():
        if not number > 0:
            raise PenaltyError.of(Fault((name, key), "a number > 0", given[key]))
    if math.isinf(numbers["noise_variance"]):
        loc = (name, "noise_variance")
        raise PenaltyError.of(Fault(loc, "a finite number", math.inf))
    of_width = reg_lambda_from_std if name == "reg_lambda" else reg_alpha_from_scale
    value = of_width(numbers[width], numbers["noise_variance"])
    if math.isinf(value):
        expected = "a number large enough for a finite penalty"
        raise PenaltyError.of(Fault((name, width), expected, entry[width]))
    return value


def with_prior_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return penalties by name, each prior replaced by its equivalent value.

    >>> with_prior_values({"reg_lambda": {"prior": "uniform"}, "max_leaves": 8})
    {'reg_lambda': 0.0, 'max_leaves': 8}
    """
    return {
        name: prior_value(name, entry) if is_prior(entry) else entry
        for name, entry in values.items()
    }


def check_prior_scale(entries: object, scale: Scale) -> None:
    """Raise PenaltyError if an entry by penalty is a prior and the scale is not raw."""
    if scale == "raw" or not isinstance(entries, Mapping):
        return
    for name, entry in entries.items():
        if is_prior(entry):
            raise PenaltyError(
                f"{name}: a prior is in raw units, but scale is {scale!r}; give a "
                "number of rows instead, or use scale 'raw'."
            )
