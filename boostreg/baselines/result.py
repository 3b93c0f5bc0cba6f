"""What a baseline yields on one outer split: plain numbers, no fitted object."""

import json
import math
import struct
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from boostreg.statistics import standard_error

__all__ = ["BaselineResult", "PathPoint"]

Array = NDArray[np.float64]

_ARRAYS = (
    "test_rows_losses",
    "intercept",
    "strengths",
    "inner_losses",
    "coefficients",
)


@dataclass(frozen=True, slots=True, eq=False)
class PathPoint:
    """One strength of a path.

    Attributes
    ----------
    strength : float
    loss, loss_se : float
        Mean over the inner folds, and its standard error (NaN with one fold).
    n_coefficients : int
        Coefficients that are not 0, on all training rows.
    coefficients : ndarray of shape (n_inputs * n_outputs,)
        Named by ``BaselineResult.coefficient_names``, per standard deviation of the
        input, on the raw score.
    """

    strength: float
    loss: float
    loss_se: float
    n_coefficients: int
    coefficients: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BaselineResult:
    """A baseline on one outer split.

    Attributes
    ----------
    name : str
        One of ``BASELINES``.
    strength : float or None
        Penalty per row with the least mean inner loss, of equals the largest; None for
        the mean.
    l1_ratio : float or None
        Share of L1 in it: 0 for ridge, 1 for lasso, chosen for elastic net.
    one_se_strength : float or None
        Largest strength at ``l1_ratio`` whose fold-paired loss difference to
        ``strength`` is within one standard error.
    inner_loss, inner_loss_se : float
        Mean over the inner folds at ``strength`` and its standard error; NaN where
        there are too few folds.
    train_loss, test_loss : float
        Weighted means of the refitted model. ``test_loss`` is NaN without test rows.
    test_rows_losses : ndarray of shape (n_test,)
        Loss of each test row.
    inputs : tuple of str
        Inputs of the linear model: columns, their categories, what was missing.
    outputs : tuple of str
        Classes of a softmax model, which has a coefficient for each; else empty.
    intercept : ndarray of shape (n_outputs,)
        Of the refitted model.
    strengths : ndarray of shape (n_strengths,)
        The path: falling, empty for the mean.
    inner_losses : ndarray of shape (n_strengths, n_inner)
        At ``l1_ratio``; one row for the mean.
    coefficients : ndarray of shape (n_strengths, n_inputs, n_outputs)
        On all training rows, per standard deviation of the input, on the raw score.
    notes : tuple of str
        What the reader must know, such as a solver that stopped early.
    seconds : float
        Time taken.
    """

    name: str
    strength: float | None
    l1_ratio: float | None
    one_se_strength: float | None
    inner_loss: float
    inner_loss_se: float
    train_loss: float
    test_loss: float
    test_rows_losses: Array
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    intercept: Array
    strengths: Array
    inner_losses: Array
    coefficients: Array
    notes: tuple[str, ...]
    seconds: float

    @property
    def n_inputs(self) -> int:
        """Inputs that the model could use."""
        return len(self.inputs)

    @property
    def n_coefficients(self) -> int:
        """Coefficients that are not 0: the model's size beside leaf counts."""
        return int(np.count_nonzero(self.chosen))

    @property
    def chosen(self) -> Array:
        """Coefficients of the refitted model, (n_inputs, n_outputs)."""
        if self.strength is None:
            return np.zeros((self.n_inputs, len(self.intercept)))
        at = np.flatnonzero(self.strengths == self.strength)[0]
        found: Array = self.coefficients[at]
        return found

    @property
    def coefficient_names(self) -> tuple[str, ...]:
        """Names of a path point's coefficients: the input, and the class if several."""
        if not self.outputs:
            return self.inputs
        return tuple(f"{i} [{o}]" for i in self.inputs for o in self.outputs)

    @property
    def path(self) -> tuple[PathPoint, ...]:
        """The strengths with their inner losses and coefficients, strongest first."""
        errors = standard_error(self.inner_losses)
        return tuple(
            PathPoint(
                strength=float(strength),
                loss=float(np.mean(self.inner_losses[at])),
                loss_se=float(errors[at]),
                n_coefficients=int(np.count_nonzero(self.coefficients[at])),
                coefficients=self.coefficients[at].ravel(),
            )
            for at, strength in enumerate(self.strengths)
        )

    def to_bytes(self) -> bytes:
        """Return the result as a JSON header and raw little-endian arrays."""
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        arrays = {name: plain.pop(name) for name in _ARRAYS}
        plain["arrays"] = [[name, array.shape] for name, array in arrays.items()]
        head = json.dumps(plain).encode()
        body = b"".join(array.astype("<f8").tobytes() for array in arrays.values())
        return struct.pack("<I", len(head)) + head + body

    @classmethod
    def from_bytes(cls, data: bytes) -> "BaselineResult":
        """Return the result that ``to_bytes`` wrote, equal to the last bit."""
        (length,) = struct.unpack_from("<I", data)
        plain = json.loads(data[4 : 4 + length])
        offset = 4 + length
        for name, shape in plain.pop("arrays"):
            array = np.frombuffer(data, np.dtype("<f8"), math.prod(shape), offset)
            offset += array.nbytes
            plain[name] = array.astype(np.float64).reshape(shape)
        for name in ("inputs", "outputs", "notes"):
            plain[name] = tuple(plain[name])
        return cls(**plain)
