r"""The Hessian of softmax with an L2 penalty, too large to be stored.

Row i with inputs :math:`a_i`, weight :math:`w_i` and class shares :math:`p_i` adds
:math:`w_i (\operatorname{diag}(p_i) - p_i p_i') \otimes a_i a_i'`. A product needs two
multiplications by the inputs. Linear systems are solved by conjugate gradients,
preconditioned by the blocks of single classes.
"""

from dataclasses import dataclass

import numpy as np
from typing_extensions import override

from boostreg.arrays import Array, Indices, Mask
from boostreg.baselines.active_set import Quadratic

__all__ = ["ClassHessian"]

_JITTER = 1e-10  # of the mean diagonal, so that dependent columns have a solution
_SOFTENING = 1e-6  # the same for the preconditioner, which need not be exact
_KEPT = 0.3  # of L2 and of the mean diagonal: above, a preconditioner is used again
_SMALLEST = 1e-22  # added to the diagonal, for classes of which all rows are certain
_MAX_PRODUCTS = 300


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClassHessian(Quadratic):
    """The Hessian in some coefficients of all classes.

    Attributes
    ----------
    A : ndarray of shape (n_samples, n_inputs)
        The first input is constant and has no penalty.
    shares, weighted : ndarray of shape (n_samples, n_classes)
        Of the classes, and multiplied by the row weights.
    row, output : ndarray of int of shape (n,)
        Input and class of each coefficient.
    extra : ndarray of shape (n,)
        Added to the diagonal.
    inverses : ndarray of shape (n_classes, n_inputs, n_inputs)
        Of the blocks of the classes, perhaps at other shares.
    l2, mean : float
        L2 penalty and mean diagonal of ``inverses``.
    """

    A: Array
    shares: Array
    weighted: Array
    row: Indices
    output: Indices
    extra: Array
    inverses: Array
    l2: float
    mean: float

    @classmethod
    def at(
        cls,
        inputs: tuple[Array, Array],
        shares: Array,
        places: tuple[Indices, Indices],
        l2: float,
        earlier: "ClassHessian | None",
    ) -> "ClassHessian":
        """Return the Hessian at class shares, with an earlier preconditioner if near.

        ``inputs`` are ``A`` and ``weights``, ``places`` are ``row`` and ``output``.
        """
        A, weights = inputs
        by_class = (weights[:, None] * shares * (1 - shares)).T
        mean = float(np.mean(by_class @ (A * A)))
        floor = max(_JITTER * mean, _SMALLEST)
        penalty = np.full(A.shape[1], l2)
        penalty[0] = 0.0
        if earlier is None or l2 < _KEPT * earlier.l2 or mean < _KEPT * earlier.mean:
            blocks = np.stack([A.T @ (own[:, None] * A) for own in by_class])
            softened = np.diag(penalty + _SOFTENING * mean + floor)
            inverses = np.asarray(np.linalg.inv(blocks + softened), dtype=np.float64)
        else:
            inverses, l2, mean = earlier.inverses, earlier.l2, earlier.mean
        row, output = places
        return cls(
            A=A,
            shares=shares,
            weighted=weights[:, None] * shares,
            row=row,
            output=output,
            extra=penalty[row] + floor,
            inverses=inverses,
            l2=l2,
            mean=mean,
        )

    @override
    def times(self, x: Array) -> Array:
        raw = self.A @ self._whole(x)
        mean = np.sum(self.shares * raw, axis=1, keepdims=True)
        product = self.A.T @ (self.weighted * (raw - mean))
        return np.asarray(product[self.row, self.output] + self.extra * x)

    @override
    def solve(self, active: Mask, right: Array, enough: float) -> Array:
        found, residual = np.zeros_like(right), np.where(active, right, 0.0)
        direction, last = np.zeros_like(right), 1.0
        for _ in range(_MAX_PRODUCTS):
            if np.max(np.abs(residual)) <= enough:
                break
            near = np.where(active, self._preconditioned(residual), 0.0)
            now = float(residual @ near)
            direction = near + now / last * direction
            product = np.where(active, self.times(direction), 0.0)
            share, last = now / float(direction @ product), now
            found += share * direction
            residual -= share * product
        return found

    def _preconditioned(self, x: Array) -> Array:
        whole = np.matmul(self.inverses, self._whole(x).T[:, :, None])
        return np.asarray(whole[self.output, self.row, 0])

    def _whole(self, x: Array) -> Array:
        whole = np.zeros((self.A.shape[1], self.shares.shape[1]))
        whole[self.row, self.output] = x
        return whole
