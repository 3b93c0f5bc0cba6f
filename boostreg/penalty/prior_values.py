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

_FORMS = (
    "{prior: normal, std: 0.3}, {prior: laplace, scale: 0.1} or {prior: uniform}, "
    "the first two also with noise_variance"
)
_PENALTIES = ("reg_alpha", "reg_lambda")


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
        If the prior is unknown, incomplete or not that of this penalty.

    Examples
    --------
    >>> prior_value("reg_lambda", {"prior": "normal", "std": 0.5})
    4.0
    >>> prior_value("reg_alpha", {"prior": "uniform"})
    0.0
    """
    kind = entry["prior"]
    if not isinstance(kind, str) or kind not in PRIORS:
        raise PenaltyError(
            f"prior must be one of normal, laplace, uniform, got {kind!r}."
        )
    penalty, width = PRIORS[kind]
    if name not in _PENALTIES or penalty not in (None, name):
        raise PenaltyError(_misplaced(name, kind))
    expected = {"prior"} if width is None else {"prior", width, "noise_variance"}
    if foreign := [key for key in entry if key not in expected]:
        raise PenaltyError(f"must be {_FORMS}, got the key {foreign[0]!r}.")
    if width is None:
        return 0.0
    if width not in entry:
        raise PenaltyError(
            f"a {kind} prior must be written {_example(kind, width)}, got no {width}."
        )
    given = _number(width, entry[width])
    variance = _number("noise_variance", entry.get("noise_variance", 1.0))
    if penalty == "reg_lambda":
        return reg_lambda_from_std(given, variance)
    return reg_alpha_from_scale(given, variance)


def with_prior_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return penalties by name, each prior replaced by the value that it is.

    Raises
    ------
    PenaltyError
        As ``prior_value`` does; the message begins with the penalty.

    Examples
    --------
    >>> with_prior_values({"reg_lambda": {"prior": "uniform"}, "max_leaves": 8})
    {'reg_lambda': 0.0, 'max_leaves': 8}
    """
    found = dict(values)
    for name, entry in values.items():
        if is_prior(entry):
            try:
                found[name] = prior_value(name, entry)
            except PenaltyError as error:
                raise PenaltyError(f"{name}: {error}") from None
    return found


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


def _example(kind: str, width: str) -> str:
    return f"{{prior: {kind}, {width}: 0.3}}"


def _misplaced(name: str, kind: str) -> str:
    suited = {
        "reg_lambda": "normal or uniform: Laplace's is what reg_alpha is",
        "reg_alpha": "laplace or uniform: the normal one is what reg_lambda is",
    }
    if name in suited:
        return f"the prior of {name} must be {suited[name]}, got {kind!r}."
    return (
        f"a prior must be that of reg_lambda or reg_alpha, the penalties on leaf "
        f"weights, got one of {name}."
    )


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise PenaltyError(f"{name} must be a number > 0, got {value!r}.")
    return float(value)
