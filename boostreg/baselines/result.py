"""The result of a baseline on one outer split: plain numbers, no fitted object."""

import math
from dataclasses import asdict, dataclass, fields

import numpy as np

from boostreg.arrays import Array
from boostreg.baselines.inputs import Input
from boostreg.record import decode_record, encode_record
from boostreg.statistics import standard_error

__all__ = ["BaselineResult", "StrengthPoint"]

_ARRAYS = (
    "test_rows_losses",
    "test_raw",
    "intercept",
    "strengths",
    "inner_losses",
    "coefficients",
    "nonzero",
    "live_units",
)


@dataclass(frozen=True, slots=True, eq=False)
class StrengthPoint:
    """One strength of a path.

    Attributes
    ----------
    strength : float
    loss, loss_se : float
        Mean over the inner folds, and its standard error (NaN with one fold).
    n_coefficients : int
        Coefficients or weights that are not 0, on all training rows.
    n_units : int or None
        Active hidden units of a network.
    coefficients : ndarray of shape (n_inputs * n_outputs,)
        Named by ``BaselineResult.coefficient_names``, per standard deviation of the
        input, on the raw score.
    """

    strength: float
    loss: float
    loss_se: float
    n_coefficients: int
    n_units: int | None
    coefficients: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BaselineResult:
    """A baseline on one outer split.

    Attributes
    ----------
    strength : float or None
        Penalty per row with the lowest mean inner loss, the largest one if tied; None
        for the mean.
    l1_ratio : float or None
        Share of L1 in the penalty; None for the mean.
    one_se_strength : float or None
        Largest strength at ``l1_ratio`` whose fold-paired loss difference to
        ``strength`` is within one standard error.
    inner_loss, inner_loss_se : float
        Mean over the inner folds at ``strength``, and its standard error.
    train_loss, test_loss : float
        Weighted means of the model of all training rows; NaN without test rows.
    test_rows_losses : ndarray of shape (n_test,)
    test_raw : ndarray of shape (n_test, n_outputs)
        Raw scores of the test rows.
    encoding : tuple of Input
        Columns, categories and missing indicators, with their standardization.
    outputs : tuple of str
        Classes, if each has coefficients.
    intercept : ndarray of shape (n_outputs,)
    strengths : ndarray of shape (n_strengths,)
        The path, decreasing; empty for the mean.
    inner_losses : ndarray of shape (n_strengths, n_inner)
        At ``l1_ratio``; one row for the mean.
    coefficients : ndarray of shape (n_strengths, n_inputs, n_outputs)
        On all training rows, per standard deviation of the input, on the raw score.
        Zero inputs for a network, which is not linear.
    nonzero, live_units : ndarray of shape (n_strengths,)
        Coefficients or weights that are not 0; active hidden units of a network.
    n_parameters : int
        Number of coefficients or weights, without intercepts and biases.
    notes : tuple of str
        Notes for the reader, such as that a solver stopped early.
    seconds : float
        Run time.
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
    test_raw: Array
    encoding: tuple[Input, ...]
    outputs: tuple[str, ...]
    intercept: Array
    strengths: Array
    inner_losses: Array
    coefficients: Array
    nonzero: Array
    live_units: Array
    n_parameters: int
    notes: tuple[str, ...]
    seconds: float

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs."""
        return tuple(one.name for one in self.encoding)

    @property
    def n_inputs(self) -> int:
        """Number of inputs."""
        return len(self.inputs)

    @property
    def n_coefficients(self) -> int:
        """Number of nonzero coefficients or weights, comparable to leaf counts."""
        return 0 if self.strength is None else int(self.nonzero[self._at])

    @property
    def n_units(self) -> int | None:
        """Active hidden units of the refitted network, None for a linear model."""
        return int(self.live_units[self._at]) if self.live_units.size else None

    @property
    def is_linear(self) -> bool:
        """Whether it is a linear model, or a constant."""
        return self.live_units.size == 0

    @property
    def chosen(self) -> Array:
        """Coefficients of the refitted model, (n_inputs, n_outputs)."""
        if self.strength is None:
            return np.zeros((self.n_inputs, len(self.intercept)))
        return np.asarray(self.coefficients[self._at])

    @property
    def _at(self) -> int:
        return int(np.flatnonzero(self.strengths == self.strength)[0])

    @property
    def coefficient_names(self) -> tuple[str, ...]:
        """Names of a path point's coefficients: input, and class if more than one."""
        if not self.is_linear:
            return ()
        if not self.outputs:
            return self.inputs
        return tuple(f"{i} [{o}]" for i in self.inputs for o in self.outputs)

    @property
    def path(self) -> tuple[StrengthPoint, ...]:
        """The strengths with their inner losses and coefficients, strongest first."""
        errors = standard_error(self.inner_losses)
        return tuple(
            StrengthPoint(
                strength=float(strength),
                loss=float(np.mean(self.inner_losses[at])),
                loss_se=float(errors[at]),
                n_coefficients=int(self.nonzero[at]),
                n_units=int(self.live_units[at]) if self.live_units.size else None,
                coefficients=self.coefficients[at].ravel(),
            )
            for at, strength in enumerate(self.strengths)
        )

    def to_bytes(self) -> bytes:
        """Return the result as a JSON header and raw little-endian arrays."""
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        arrays = {name: plain.pop(name) for name in _ARRAYS}
        plain["encoding"] = [asdict(one) for one in self.encoding]
        plain["arrays"] = [[name, array.shape] for name, array in arrays.items()]
        body = b"".join(array.astype("<f8").tobytes() for array in arrays.values())
        return encode_record(plain, body)

    @classmethod
    def from_bytes(cls, data: bytes) -> "BaselineResult":
        """Return the result that ``to_bytes`` wrote, equal to the last bit."""
        plain, body = decode_record(data)
        offset = 0
        for name, shape in plain.pop("arrays"):
            array = np.frombuffer(body, np.dtype("<f8"), math.prod(shape), offset)
            offset += array.nbytes
            plain[name] = array.astype(np.float64).reshape(shape)
        plain["encoding"] = tuple(Input(**one) for one in plain["encoding"])
        for name in ("outputs", "notes"):
            plain[name] = tuple(plain[name])
        return cls(**plain)
