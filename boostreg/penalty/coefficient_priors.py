r"""Priors on the coefficients of a linear model, and the strengths of baselines.

A baseline minimises, per row, half the mean squared error plus :math:`s\,r\,|b| +
s (1 - r) b^2 / 2` (``boostreg.baselines.design``). Times :math:`n / \sigma^2`, with n
rows of noise variance :math:`\sigma^2`, that is a negative log posterior, with

.. math::

    b \sim N(0, \sigma^2 / (n s)) \text{ for ridge}, \qquad
    p(b) \propto \exp(-|b| / \beta), \; \beta = \sigma^2 / (n s) \text{ for the lasso.}

For logistic regression the loss is a log-likelihood and :math:`\sigma^2 = 1`. The
coefficient is that of an input of standard deviation 1. As n grows, one prior is an
ever smaller strength per row: data outweigh it.
"""

from boostreg.penalty.priors import (
    laplace_scale,
    normal_std,
    reg_alpha_from_scale,
    reg_lambda_from_std,
)

__all__ = [
    "lasso_scale",
    "lasso_strength",
    "ridge_std",
    "ridge_strength",
]


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
