r"""A prior written where a penalty's value may stand.

.. code-block:: yaml

    fixed:
      reg_lambda: {prior: normal, std: 0.3}
      reg_alpha: {prior: laplace, scale: 0.1, noise_variance: 2.5}

stands for the penalty of that prior on each leaf weight: :math:`s^2 / std^2` and
:math:`s^2 / scale`; ``uniform`` is no penalty. ``noise_variance`` is :math:`s^2` of
``boostreg.penalty.priors``. Left out it is 1, which is exact for ``logistic``,
``softmax`` and ``poisson``, losses that are log-likelihoods themselves. For squared
error it is the variance of the noise in a row of weight 1, in squared units of the
target; with 1, ``std`` is counted in standard deviations of the noise and ``scale`` in
its variances per unit of the target.

Priors are in raw units, before the learning rate. A search in another scale counts
penalties in rows, and a prior has no fixed number of rows.
"""

import math
from collections.abc import Mapping
from typing import Any

from boostreg.errors import PenaltyError
from boostreg.penalty.priors import reg_alpha_from_scale, reg_lambda_from_std
from boostreg.penalty.value import Scale

__all__ = [
    "PRIORS",
    "check_prior_scale",
    "is_prior",
    "prior_value",
    "with_prior_values",
]

PRIORS = {
    "normal": ("reg_lambda", "std"),
    "laplace": ("reg_alpha", "scale"),
    "uniform": (None, None),
}
"""Each prior with the penalty that it is, and the key of its width."""

_KINDS = {
    "reg_lambda": "normal, uniform (Laplace's is what reg_alpha is)",
    "reg_alpha": "laplace, uniform (the normal one is what reg_lambda is)",
}
"""Which priors each penalty may be."""


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
        If the prior is unknown, incomplete or not that of this penalty. The message
        begins with the path of the key: ``reg_lambda.std: ...``.

    Examples
    --------
    >>> prior_value("reg_lambda", {"prior": "normal", "std": 0.5})
    4.0
    >>> prior_value("reg_alpha", {"prior": "uniform"})
    0.0
    """
    if name not in _KINDS:
        raise PenaltyError(
            f"{name}: must be a number (a prior may stand for reg_lambda and "
            f"reg_alpha, the penalties on leaf weights), got {dict(entry)!r}."
        )
    kind = entry["prior"]
    penalty, width = PRIORS.get(kind, ("", None)) if isinstance(kind, str) else ("", "")
    if penalty not in (None, name):
        raise PenaltyError(
            f"{name}.prior: must be one of: {_KINDS[name]}, got {kind!r}."
        )
    _check_keys(name, entry, width)
    if width is None:
        return 0.0
    given = _number(f"{name}.{width}", entry[width])
    variance = _number(f"{name}.noise_variance", entry.get("noise_variance", 1.0))
    if penalty == "reg_lambda":
        return reg_lambda_from_std(given, variance)
    return reg_alpha_from_scale(given, variance)


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
    for key in entry:
        if key not in expected:
            raise PenaltyError(
                f"{name}.{key}: unknown key {key!r}. Expected one of: "
                f"{', '.join(expected)}."
            )
    if width is not None and width not in entry:
        raise PenaltyError(
            f"{name}.{width}: is missing; a {entry['prior']} prior is written "
            f"{{prior: {entry['prior']}, {width}: 0.3}}."
        )


def _number(path: str, value: object) -> float:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not float(str(value)) > 0:
        raise PenaltyError(f"{path}: must be a number > 0, got {value!r}.")
    number = float(str(value))
    if path.endswith("noise_variance") and math.isinf(number):
        raise PenaltyError(f"{path}: must be a finite number, got {value!r}.")
    return number
