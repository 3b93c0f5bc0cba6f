r"""Convergence of gradient steps under each penalty: the kink of L1 at zero.

A linear model is fitted from zero by full gradient steps of length :math:`1 / L`, L the
largest curvature of the loss:

================  ==================================================================
``l2``            loss and penalty are smooth; L has the penalty's curvature too
``subgradient``   the L1 penalty's subgradient, 0 at 0, is added
``decaying``      the same with steps of length :math:`1 / (L \sqrt{t})`
``proximal``      a gradient step on the loss, then soft thresholding (ISTA [1]_)
================  ==================================================================

The experiment counts steps until the distance of the objective to its minimum is below
a given share of the initial distance. Subgradient steps of a fixed length end near the
minimum, not at it [2]_. Steps that have not arrived after the maximum number need at
least that many, and a ratio with them is a bound. L1 and L2 keep the same share of the
unpenalised fit.

References
----------
.. [1] A. Beck, M. Teboulle. "A Fast Iterative Shrinkage-Thresholding Algorithm for
   Linear Inverse Problems". SIAM J. Imaging Sciences 2(1), 2009. doi:10.1137/080716542
.. [2] S. Boyd, L. Vandenberghe, A. Dutta. "Subgradients". Notes for EE364b, Stanford,
   2022. https://web.stanford.edu/class/ee364b/lectures/subgradients_notes.pdf
"""

import math
from dataclasses import dataclass

import numpy as np

from boostreg.arrays import Array
from boostreg.claims.experiments.base import (
    FIT,
    Bound,
    Measured,
    Option,
    Options,
    Panel,
    Sample,
    procedure,
    soft_threshold,
)
from boostreg.claims.experiments.coefficients import Linear, matched_strength

__all__ = ["kink"]

_SHOWN = np.unique(np.geomspace(1, 1000, 31).round().astype(int))
_FLOOR = 1e-16
_KINDS = {
    "l2": "L2",
    "proximal": "L1, proximal",
    "subgradient": "L1, subgradient",
    "decaying": "L1, subgradient, shorter steps",
}


@procedure(
    {
        **{
            f"{name}_steps": f"steps until the objective is near its minimum: {kind}"
            for name, kind in _KINDS.items()
        },
        **{
            f"{name}_left": (
                "height of the objective above its minimum after all steps, over that "
                f"at the start: {kind}"
            )
            for name, kind in _KINDS.items()
        },
        "subgradient_over_proximal": (
            "log10 of the steps that plain gradient steps need under L1 over those "
            "that proximal ones need"
        ),
        "decaying_over_proximal": (
            "log10 of the steps that gradient steps of decreasing length need under "
            "L1 over those that proximal ones need"
        ),
        "proximal_over_l2": (
            "log10 of the proximal steps needed under L1 over the gradient steps "
            "needed under L2"
        ),
    },
    options={
        "fit": FIT,
        "distance": Option(1e-6, "distance, as a share of the start's", 1e-12, 0.5),
        "steps": Option(3000, "maximum steps", low=1, high=100000),
    },
    panels=(
        Panel(
            title="Distance to the minimum by kind of step",
            x="step",
            x_label="steps",
            y_label="distance to the minimum, as a share of the start's",
            lines=_KINDS,
            x_log=True,
            y_log=True,
        ),
    ),
)
def kink(sample: Sample, options: Options) -> Measured:
    """Count gradient steps to the minimum of a linear model under each penalty."""
    linear, fit = Linear.of(sample), float(options["fit"])
    bar, max_steps = float(options["distance"]), int(options["steps"])
    l1 = matched_strength(linear, 1.0, fit, "fit")
    l2 = matched_strength(linear, 0.0, fit, "fit")
    values: dict[str, float] = {}
    bounds: dict[str, Bound] = {}
    series: dict[str, Array] = {"step": _SHOWN}
    for name in _KINDS:
        strengths = (0.0, l2) if name == "l2" else (l1, 0.0)
        gaps = _Walk(linear, name, *strengths).gaps(max(max_steps, int(_SHOWN[-1])))
        reached = np.flatnonzero(gaps[: max_steps + 1] <= bar)
        values[f"{name}_steps"] = float(reached[0] if reached.size else max_steps)
        if not reached.size:
            bounds[f"{name}_steps"] = "at least"
        values[f"{name}_left"] = gaps[max_steps]
        series[name] = np.maximum(gaps[_SHOWN], _FLOOR)
    for one, other in (
        ("subgradient", "proximal"),
        ("decaying", "proximal"),
        ("proximal", "l2"),
    ):
        key, open_ends = (
            f"{one}_over_{other}",
            [f"{n}_steps" in bounds for n in (one, other)],
        )
        ratio = values[f"{one}_steps"] / max(values[f"{other}_steps"], 1.0)
        values[key] = math.nan if all(open_ends) else math.log10(ratio)
        if any(open_ends):
            bounds[key] = "at least" if open_ends[0] else "at most"
    return Measured.of(values, series, bounds)


@dataclass(frozen=True, slots=True, eq=False)
class _Walk:
    """Steps of one kind from zero."""

    linear: Linear
    kind: str
    l1: float
    l2: float

    def gaps(self, n_steps: int) -> Array:
        """Return distances of the objective to its minimum, over the initial one."""
        design = self.linear.design
        A = np.column_stack([np.ones(len(design.y)), design.X])
        theta = np.zeros(A.shape[1])
        theta[0] = design.intercept[0]
        # The step length is 1 / L, L an upper bound of the objective's curvature.
        top = 0.25 if design.objective.name == "logistic" else 1.0
        length = 1 / float(top * np.linalg.norm(A, 2) ** 2 / len(A) + self.l2)
        values = [self._value(A, theta)]
        for count in range(1, n_steps + 1):
            step = length / math.sqrt(count) if self.kind == "decaying" else length
            theta = self._stepped(A, theta, step)
            values.append(self._value(A, theta))
        ratio, strength = (1.0, self.l1) if self.l1 > 0 else (0.0, self.l2)
        path = self.linear.path(np.array([strength]), ratio)
        optimum = np.concatenate([path.intercepts[0], path.coefficients[0, :, 0]])
        found = np.array(values) - min(self._value(A, optimum), *values)
        return np.asarray(found / found[0] if found[0] > 0 else found)

    def _stepped(self, A: Array, theta: Array, step: float) -> Array:
        design = self.linear.design
        raw = (A @ theta)[:, None]
        # Gradient of the mean loss + l1 |b|_1 + l2 |b|^2 / 2 by theta = (intercept, b)
        slope = A.T @ design.objective.gradient(design.y, raw)[:, 0] / len(A)
        slope[1:] += self.l2 * theta[1:]
        if self.kind in {"subgradient", "decaying"}:
            slope[1:] += self.l1 * np.sign(theta[1:])
        new = theta - step * slope
        if self.kind == "proximal":
            new[1:] = soft_threshold(new[1:], step * self.l1)
        return np.asarray(new)

    def _value(self, A: Array, theta: Array) -> float:
        design, b = self.linear.design, theta[1:]
        half = 0.5 if design.objective.name == "squared_error" else 1.0
        loss = half * design.objective.loss(design.y, (A @ theta)[:, None])
        return loss + self.l1 * float(np.abs(b).sum()) + self.l2 / 2 * float(b @ b)
