r"""Penalised linear models of smooth losses, by proximal Newton steps.

scikit-learn's only solver for an L1 penalty on several classes, saga, needs tens of
thousands of sweeps if classes are separable: on breast_cancer a path of 25 strengths
took 5.6 s at a tolerance at which small strengths stopped early, and did not converge
in 60 s. Here, each step minimises the second-order model of the loss plus the exact
penalty, as in [1]_, by an active set (``boostreg.baselines.active_set``). With warm
starts along the path, three or four steps reduce the gradient to 1e-8 of its initial
value.

With an L1 penalty, a step moves only coefficients that are nonzero or whose gradient
is close to violating the optimality condition of 0, so its cost depends on the size of
the model. A Hessian is used again while the steps with it converge quickly. The Hessian
of many coefficients of several classes is not stored: its linear systems are solved by
conjugate gradients. Steps that do not lower the objective are halved.

References
----------
.. [1] J. Friedman, T. Hastie, R. Tibshirani. "Regularization Paths for Generalized
   Linear Models via Coordinate Descent". Journal of Statistical Software 33(1), 2010.
   doi:10.18637/jss.v033.i01
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from boostreg.arrays import Array, Indices, Mask
from boostreg.baselines.active_set import Dense, Quadratic, penalised_minimum
from boostreg.baselines.class_hessian import ClassHessian
from boostreg.baselines.linear import Design, Loss, Path
from boostreg.losses import softmax

__all__ = ["newton_path"]


_TOLERANCE = 1e-8  # of the largest gradient of the model without inputs
_STILL = 1e-8
"""Change of raw scores that another step would make, at most. Losses are then exact to
about as much, however small the strength and however flat the loss."""
_MAX_STEPS = 100
_MAX_HALVINGS = 40
_LARGEST_HESSIAN = 400
"""Coefficients of several classes up to which their Hessian is stored."""
_CELLS = 2**20
"""Cells of the design that are multiplied at a time."""
_CONTRACTION = 0.2
"""Ratio of violations after and before a step, up to which a Hessian that takes longer
than all else is used again."""
_CHEAP, _MANY_ROWS = 1e7, 8
"""Such a Hessian takes more multiplications, and has more rows per coefficient."""
_FORCING = 1e-3
"""Violation that is left in the second-order model, as a share of the current one."""
_JITTER = 1e-10  # of the mean diagonal, so that dependent columns have a solution
_DAMPING = 1e-7  # the same with L1, which ends at few of nearly dependent columns
_LIKELY = 0.7  # of l1: from this gradient on, a step may move a coefficient that is 0
_DEVIANCES = ("poisson", "gamma", "tweedie")


def newton_path(design: Design[Loss], strengths: Array, l1_ratio: float) -> Path:
    """Return models along decreasing ``strengths``, with warm starts."""
    n, n_inputs, n_outputs = len(strengths), design.X.shape[1], len(design.intercept)
    theta = np.vstack([design.intercept, np.zeros((n_inputs, n_outputs))])
    found, converged = np.empty((n, *theta.shape)), np.ones(n, dtype=np.bool_)
    bar = _TOLERANCE * float(np.max(np.abs(design.null_gradient), initial=0.0))
    # Fortran order: each step selects the columns that it may move.
    A = np.asfortranarray(np.column_stack([np.ones(len(design.y)), design.X]))
    model = None
    for number, strength in enumerate(strengths):
        problem = _Smooth(design, A, strength * l1_ratio, strength * (1 - l1_ratio))
        start = problem.start(theta, found[max(number - 3, 0) : number])
        theta, converged[number], model = problem.minimise(start, bar, model)
        found[number] = theta
    return Path(strengths, found[:, 0], found[:, 1:], converged)


@dataclass(frozen=True, slots=True, eq=False)
class _Point:
    """Parameters and their raw scores: the start of a step."""

    theta: Array
    raw: Array


@dataclass(frozen=True, slots=True, eq=False)
class _Model:
    """The second-order model of the loss in the parameters ``free``.

    ``row`` and ``output`` are their positions in ``theta``, ordered by output. It is
    used again while a step leaves at most the share ``slowest`` of a violation.
    """

    hessian: Quadratic
    free: Mask
    row: Indices
    output: Indices
    slowest: float


@dataclass(frozen=True, slots=True, eq=False)
class _Smooth:
    """A loss with its penalty; ``theta`` is (1 + n_inputs, n_outputs), intercept first.

    ``A`` is the design with a first column of ones, ``l1`` and ``l2`` the factors of
    the absolute values and of half the squares.
    """

    design: Design[Loss]
    A: Array
    l1: float
    l2: float

    def start(self, theta: Array, path: Array) -> _Point:
        """Return the end of a path or its extrapolation, whichever is lower.

        ``path`` has the parameters at the last strengths, at equal ratios. Parameters
        that are 0, or would change their sign, stay.
        """
        last = _Point(theta, self.A @ theta)
        if len(path) < 3:
            return last
        further = 3 * path[2] - 3 * path[1] + path[0]
        further = np.where(further * theta > 0, further, theta)
        ahead = _Point(further, self.A @ further)
        return ahead if self._value(ahead) < self._value(last) else last

    def minimise(
        self, at: _Point, bar: float, earlier: _Model | None
    ) -> tuple[Array, bool, _Model | None]:
        """Return the minimum from a start, whether it is within ``bar``, and the model.

        Rounding may stop the descent slightly above the bar; that counts as converged.
        ``earlier`` is the last model at another strength.
        """
        model, again = earlier, False
        moved = before = violation = math.inf
        for _ in range(_MAX_STEPS):
            slope = self._slope(at)
            violations = self._violations(at.theta, slope)
            violation = float(np.max(violations))
            # The next step would change raw scores by about ``moved * rate``.
            rate = violation / before
            if violation <= bar and (moved * rate <= _STILL or violation <= 1e-4 * bar):
                break
            if (
                model is None
                or not (again and rate <= model.slowest)
                or np.any(violations[~model.free] > bar)
            ):
                model, again = self._model(at, slope, model), False
            closer = self._closer(at, self._goal(model, at, slope, violation))
            if closer is not None:
                moved, at = float(np.max(np.abs(closer.raw - at.raw))), closer
            elif not again:
                break
            before, again = violation, closer is not None
        return at.theta, violation <= 100 * bar, model

    def _slope(self, at: _Point) -> Array:
        """Return the gradient of the loss, of the shape of ``theta``."""
        steep = self.design.objective.gradient(self.design.y, at.raw)
        return np.asarray(self.A.T @ (self.design.weights[:, None] * steep))

    def _violations(self, theta: Array, slope: Array) -> Array:
        """Return the violation of the optimality condition of each parameter."""
        s = slope + self.l2 * theta
        violations = np.where(
            theta != 0,
            np.abs(s + self.l1 * np.sign(theta)),
            np.maximum(np.abs(s) - self.l1, 0.0),
        )
        violations[0] = np.abs(slope[0])
        return violations

    def _goal(self, model: _Model, at: _Point, slope: Array, violation: float) -> Array:
        """Return the minimum of the second-order model plus the penalty."""
        row, output = model.row, model.output
        penalised = (row > 0).astype(np.float64)
        start = at.theta[row, output]
        goal = at.theta.copy()
        goal[row, output] = penalised_minimum(
            model.hessian,
            start,
            slope[row, output] + self.l2 * penalised * start,
            self.l1 * penalised,
            _FORCING * violation,
        )
        return goal

    def _closer(self, at: _Point, goal: Array) -> _Point | None:
        """Return the longest of the step and its halves that lowers the objective."""
        start, change = self._value(at), goal - at.theta
        raw_change = self.A @ change
        for halving in range(_MAX_HALVINGS):
            share = 0.5**halving
            closer = _Point(at.theta + share * change, at.raw + share * raw_change)
            if self._value(closer) < start:
                return closer
        return None

    def _value(self, at: _Point) -> float:
        objective, b = self.design.objective, at.theta[1:]
        with np.errstate(over="ignore", invalid="ignore"):
            losses = objective.row_losses(self.design.y, at.raw)
            loss = float(self.design.weights @ losses)
        half = 0.5 if objective.name in _DEVIANCES else 1.0
        value = half * loss + self.l1 * np.abs(b).sum() + self.l2 / 2 * np.sum(b**2)
        return float(value) if math.isfinite(value) else math.inf

    def _model(self, at: _Point, slope: Array, earlier: _Model | None) -> _Model:
        """Return the model at a point, in the parameters that a step may move.

        These are not penalised, not 0, or likely to leave 0.
        """
        free = (np.abs(slope) > _LIKELY * self.l1) | (at.theta != 0)
        free |= self.l1 == 0
        free[0] = True
        output, row = np.nonzero(free.T)
        # d2 loss / df_j df_k = p_j (1[j = k] - p_k) for softmax; the objective's own
        # hessian is the doubled diagonal that boosting uses.
        design, n_free = self.design, len(row)
        many = design.objective.name == "softmax"
        if many and n_free > _LARGEST_HESSIAN:
            near = earlier.hessian if earlier is not None else None
            hessian: Quadratic = ClassHessian.at(
                (self.A, design.weights),
                softmax(at.raw),
                (row, output),
                self.l2,
                near if isinstance(near, ClassHessian) else None,
            )
            return _Model(hessian, free, row, output, 0.0)
        curvature = (
            softmax(at.raw) if many else design.objective.curvature(design.y, at.raw)
        )
        hessian = Dense(self._hessian(curvature, row, output))
        is_slow = len(self.A) > max(_MANY_ROWS * n_free, _CHEAP / n_free**2)
        return _Model(hessian, free, row, output, _CONTRACTION if is_slow else 0.0)

    def _hessian(self, curvature: Array, row: Indices, output: Indices) -> Array:
        """Return the Hessian of the loss and the L2 penalty in the free parameters."""
        n_free, n_outputs = len(row), curvature.shape[1]
        H = np.zeros((n_free, n_free))
        ends = np.searchsorted(output, np.arange(n_outputs + 1))
        n_rows = max(_CELLS // max(n_free, 1), 1)
        for first in range(0, len(self.A), n_rows):
            rows = slice(first, first + n_rows)
            A, c = self.A[rows].T[row], curvature[rows].T
            rooted = A * np.sqrt(self.design.weights[rows] * c)[output]
            for start, end in pairwise(ends):
                own = rooted[start:end]
                H[start:end, start:end] += own @ own.T
            if n_outputs > 1:
                joint = A * (np.sqrt(self.design.weights[rows]) * c)[output]
                H -= joint @ joint.T
        added = _DAMPING if self.l1 > 0 else _JITTER
        floor = added * max(float(np.mean(np.diag(H))), 1e-12)
        H[np.diag_indices(n_free)] += floor + self.l2 * (row > 0)
        return H
