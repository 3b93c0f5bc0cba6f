r"""Priors and penalties: the same statement about a weight, said twice.

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

What :math:`s^2` is depends on the loss. Squared error is boosted as
:math:`(y - f)^2 / 2`, so s^2 is the noise variance of a row with weight 1. Logistic
and Poisson losses are log-likelihoods themselves, s^2 = 1; so is softmax, boosted with
2p(1 - p), an upper bound of its curvature. For gamma and Tweedie s^2 is the dispersion.
Absolute error and quantile losses have no such expansion.

The prior is on each leaf of each tree before the learning rate, not on the sum of many
trees. For a coefficient of a linear model the same formulas hold with the penalty of
the whole sum of squared errors / 2: a strength per row times the number of rows.

A prior's strength can be counted in rows: :math:`\lambda = R h`, with h the hessian of
one row at the intercept, leaves a leaf of R rows half of its weight, and for squared
error its standard deviation is :math:`s / \sqrt{R}`, that of a mean of R rows.

References
----------
.. [1] I. Goodfellow, Y. Bengio, A. Courville. "Deep Learning". MIT Press, 2016.
   https://www.deeplearningbook.org
.. [2] R. Tibshirani. "Regression Shrinkage and Selection via the Lasso". JRSS B 58,
   1996. https://doi.org/10.1111/j.2517-6161.1996.tb02080.x
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from boostreg.errors import Fault, Loc, PenaltyError
from boostreg.penalty.value import Penalty, Scale, Units, shown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "PRIORS",
    "UNIFORM",
    "as_prior",
    "check_prior_scale",
    "is_prior",
    "laplace_scale",
    "lasso_scale",
    "lasso_strength",
    "leaf_map",
    "normal_std",
    "prior_value",
    "reg_alpha_from_scale",
    "reg_lambda_from_std",
    "ridge_std",
    "ridge_strength",
    "with_prior_values",
]

UNIFORM = {"reg_alpha": 0.0, "reg_lambda": 0.0}
"""The penalties of the uniform prior."""


def normal_std(reg_lambda: float, noise_variance: float = 1.0) -> float:
    """Return the standard deviation of the normal prior that ``reg_lambda`` is.

    Infinite for 0: the uniform prior.

    >>> normal_std(4.0), normal_std(4.0, noise_variance=9.0)
    (0.5, 1.5)
    """
    _check("reg_lambda", reg_lambda, least=0.0)
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
    """Return the scale b of the Laplace prior that ``reg_alpha`` is.

    Its standard deviation is sqrt(2) b. Infinite for 0: the uniform prior.

    >>> laplace_scale(4.0), laplace_scale(4.0, noise_variance=9.0)
    (0.25, 2.25)
    """
    _check("reg_alpha", reg_alpha, least=0.0)
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


def leaf_map(
    G: "ArrayLike", H: "ArrayLike", *, reg_alpha: float = 0.0, reg_lambda: float = 0.0
) -> "NDArray[np.float64]":
    """Return the MAP weight of each leaf, before the learning rate.

    Parameters
    ----------
    G, H : array-like of shape (n_leaves,)
        Sums of first and second derivatives of the loss over the rows of each leaf.
    reg_alpha, reg_lambda : float
        Penalties in raw units: the priors.

    Returns
    -------
    ndarray of shape (n_leaves,)
        -T(G) / (H + reg_lambda). A leaf with neither hessian nor ``reg_lambda`` carries
        no information and gets 0.

    Examples
    --------
    The second leaf is too weak to pay ``reg_alpha``:

    >>> leaf_map([-6.0, 1.0], [2.0, 2.0], reg_alpha=2.0, reg_lambda=2.0)
    array([1., 0.])
    """
    _check("reg_alpha", reg_alpha, least=0.0)
    _check("reg_lambda", reg_lambda, least=0.0)
    import numpy as np

    gradient = np.asarray(G, dtype=np.float64)
    curvature = np.asarray(H, dtype=np.float64) + reg_lambda
    pull = np.clip(gradient, -reg_alpha, reg_alpha) - gradient  # -T(G)
    weight: NDArray[np.float64] = np.divide(
        pull, curvature, out=np.zeros_like(gradient), where=curvature > 0
    )
    return weight


def as_prior(
    raw: Penalty, units: Units, noise_variance: float | None = None
) -> dict[str, Any]:
    """Return what a penalty says as a prior on leaf weights, JSON-ready.

    Parameters
    ----------
    raw : Penalty
        In raw units.
    units : Units
        Of the training rows.
    noise_variance : float, optional
        s^2 of the module's docstring; None where the loss has none or it is not known,
        and there are no ``std`` and ``laplace`` then.

    Returns
    -------
    dict
        ``rows``: what ``reg_lambda`` is worth, None if rows carry no hessian;
        ``alpha_rows``: the gradient of how many rows ``reg_alpha`` takes away, in the
        same way; ``std`` and ``laplace``: of the normal and the Laplace prior, None
        where it is uniform; ``noise_variance`` as given; ``sentence``: all of it.

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
    content: dict[str, Any] = {
        "rows": _worth(raw.reg_lambda, units.hessian),
        "alpha_rows": _worth(raw.reg_alpha, units.gradient),
        "std": None,
        "laplace": None,
        "noise_variance": noise_variance,
    }
    if noise_variance is not None and noise_variance > 0:
        if raw.reg_lambda > 0:
            content["std"] = normal_std(raw.reg_lambda, noise_variance)
        if raw.reg_alpha > 0:
            content["laplace"] = laplace_scale(raw.reg_alpha, noise_variance)
    return content | {"sentence": _sentence(content)}


def _worth(amount: float, of_one_row: float) -> float | None:
    return amount / of_one_row if of_one_row > 0 else None


def _sentence(prior: dict[str, Any]) -> str:
    return f"{_normal_sentence(prior)} {_laplace_sentence(prior)}"


def _normal_sentence(prior: dict[str, Any]) -> str:
    rows = prior["rows"]
    if rows is None:
        return "reg_lambda has no worth in rows here: rows carry no hessian."
    if rows == 0:
        return "reg_lambda is 0: no normal prior."
    normal = "" if prior["std"] is None else _of_std(prior["std"])
    return (
        f"reg_lambda is a prior worth {_rows(rows)}{normal}: a leaf of as many rows "
        "keeps half of its weight."
    )


def _of_std(std: float) -> str:
    return f", normal with standard deviation {shown(std)}"


def _laplace_sentence(prior: dict[str, Any]) -> str:
    rows = prior["alpha_rows"]
    if rows is None:
        return "reg_alpha has no worth in rows here: the target does not vary."
    if rows == 0:
        return "reg_alpha is 0: no Laplace prior."
    scale = prior["laplace"]
    laplace = (
        "" if scale is None else f" and is a Laplace prior of scale {shown(scale)}"
    )
    return (
        f"reg_alpha takes away the gradient of {_rows(rows)}{laplace}: a leaf whose "
        "gradients sum to less weighs 0."
    )


def _rows(amount: float) -> str:
    text = shown(amount)
    return f"{text} row" if text == "1" else f"{text} rows"


def _check(
    name: str, value: float, *, least: float | None = None, infinite: bool = False
) -> None:
    allowed = value > 0 if least is None else value >= least
    if not allowed or not (infinite or math.isfinite(value)):
        bound = "> 0" if least is None else f">= {least:g}"
        finite = "" if infinite else "finite and "
        raise PenaltyError.of(Fault((name,), f"{finite}{bound}", value))


PRIORS = {
    "normal": ("reg_lambda", "std"),
    "laplace": ("reg_alpha", "scale"),
    "uniform": (None, None),
}
"""Each prior with the penalty that it is, and the key of its width."""

_KINDS = {
    "reg_lambda": (("normal", "uniform"), "Laplace's is what reg_alpha is"),
    "reg_alpha": (("laplace", "uniform"), "the normal one is what reg_lambda is"),
}
"""Which priors each penalty may be, and what the other one is."""


def is_prior(entry: object) -> bool:
    """Say whether an entry means to be a prior."""
    return isinstance(entry, Mapping) and "prior" in entry


def prior_value(name: str, entry: Mapping[str, Any]) -> float:
    """Return the value of penalty ``name`` that a prior is.

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
    if name not in _KINDS:
        expected = (
            "a number (a prior may stand for reg_lambda and reg_alpha, the penalties "
            "on leaf weights)"
        )
        raise PenaltyError.of(Fault((name,), expected, dict(entry)))
    kind = entry["prior"]
    penalty, width = PRIORS.get(kind, ("", None)) if isinstance(kind, str) else ("", "")
    if penalty not in (None, name):
        known, other = _KINDS[name]
        expected = f"one of: {', '.join(known)} ({other})"
        raise PenaltyError.of(Fault((name, "prior"), expected, kind, known))
    _check_keys(name, entry, width)
    if width is None:
        return 0.0
    given = _number((name, width), entry[width])
    variance = _number((name, "noise_variance"), entry.get("noise_variance", 1.0))
    if math.isinf(variance):
        loc = (name, "noise_variance")
        raise PenaltyError.of(Fault(loc, "a finite number", variance))
    of_width = reg_lambda_from_std if name == "reg_lambda" else reg_alpha_from_scale
    value = of_width(given, variance)
    if math.isinf(value):
        expected = "so wide that the penalty is a finite number"
        raise PenaltyError.of(Fault((name, width), expected, entry[width]))
    return value


def with_prior_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return penalties by name, each prior replaced by the value that it is.

    Raises
    ------
    PenaltyError
        As ``prior_value`` does.

    Examples
    --------
    >>> with_prior_values({"reg_lambda": {"prior": "uniform"}, "max_leaves": 8})
    {'reg_lambda': 0.0, 'max_leaves': 8}
    """
    return {
        name: prior_value(name, entry) if is_prior(entry) else entry
        for name, entry in values.items()
    }


def check_prior_scale(entries: object, scale: Scale) -> None:
    """Check that no entry by penalty is a prior where the scale is not raw.

    Raises
    ------
    PenaltyError
        If one is.
    """
    if scale == "raw" or not isinstance(entries, Mapping):
        return
    for name, entry in entries.items():
        if is_prior(entry):
            raise PenaltyError(
                f"{name}: a prior is in raw units, and scale is {scale!r}; write a "
                "number of rows in its place, or use scale 'raw'."
            )


def _check_keys(name: str, entry: Mapping[str, Any], width: str | None) -> None:
    expected = ("prior",) if width is None else ("prior", width, "noise_variance")
    faults = [
        Fault((name, key), "key", found, expected, "unknown")
        for key, found in entry.items()
        if key not in expected
    ]
    if not faults and width is not None and width not in entry:
        kind = entry["prior"]
        example = f"a {kind} prior is written {{prior: {kind}, {width}: 0.3}}"
        faults.append(Fault((name, width), example, None, kind="missing"))
    if faults:
        raise PenaltyError.of(*faults)


def _number(loc: Loc, value: object) -> float:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not float(str(value)) > 0:
        raise PenaltyError.of(Fault(loc, "a number > 0", value))
    return float(str(value))


def ridge_strength(std: float, n_rows: float, noise_variance: float = 1.0) -> float:
    """Return the strength per row that a normal prior on coefficients is.

    ``n_rows`` is the sum of the row weights where there are any.

    >>> ridge_strength(0.5, 100)
    0.04
    """
    return reg_lambda_from_std(std, noise_variance) / n_rows


def ridge_std(strength: float, n_rows: float, noise_variance: float = 1.0) -> float:
    """Return the standard deviation of the normal prior that a ridge strength is.

    >>> ridge_std(0.04, 100)
    0.5
    """
    return normal_std(strength * n_rows, noise_variance)


def lasso_strength(scale: float, n_rows: float, noise_variance: float = 1.0) -> float:
    """Return the strength per row that a Laplace prior on coefficients is.

    >>> lasso_strength(0.25, 100)
    0.04
    """
    return reg_alpha_from_scale(scale, noise_variance) / n_rows


def lasso_scale(strength: float, n_rows: float, noise_variance: float = 1.0) -> float:
    """Return the scale of the Laplace prior that a lasso strength is.

    >>> lasso_scale(0.04, 100)
    0.25
    """
    return laplace_scale(strength * n_rows, noise_variance)
