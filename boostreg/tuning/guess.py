r"""A starting guess of the leaf penalties from the leaves of an unpenalised fit.

The true weight of a leaf varies from leaf to leaf, with mean 0 and variance
:math:`\tau^2`. Held-out rows estimate it without the optimism of a tree structure that
was fitted to its own rows. The sums :math:`G, H` of their derivatives in a leaf give
:math:`\hat w = -G / H`, and

.. math:: \operatorname{E} \hat w^2 = \tau^2 + \phi / H,

with :math:`\phi` the noise of a gradient per unit of hessian. Both follow by moments:
:math:`\phi` from the gradients' spread within leaves, :math:`\tau^2` as the mean over
leaves, weighted by ``H``, of :math:`\hat w^2 - \phi / H`. This is the parametric
empirical Bayes of [1]_ (sec. 3), with a known mean of 0 and known precisions.

A normal prior of variance :math:`\tau^2` is equivalent to
:math:`\lambda = \phi / \tau^2`. A Laplace prior of the same variance has the scale
:math:`b = \tau / \sqrt 2` and is equivalent to :math:`\alpha = \phi / b`.

References
----------
.. [1] C. N. Morris. "Parametric Empirical Bayes Inference: Theory and Applications".
   JASA 78(381), 47-55, 1983. doi:10.1080/01621459.1983.10477920
"""

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from boostreg.arrays import Array
from boostreg.engines import Problem, get_engine
from boostreg.errors import FitError
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import Fit, digest, grow
from boostreg.fits.work import FittedWork, FitWork
from boostreg.penalty import Penalty, Range, Scale, Units
from boostreg.trees import TreeEnsemble

__all__ = [
    "GUESSED",
    "LeafSums",
    "LeafWork",
    "Prior",
    "guesses",
    "n_guesses",
    "prior",
]

GUESSED = ("reg_lambda", "reg_alpha")
"""Penalties that are equivalent to a prior of leaf weights."""


@dataclass(frozen=True, slots=True)
class LeafSums:
    """Sums over the leaves of one inner fold, measured on held-out rows.

    Attributes
    ----------
    spread : float
        Squared gradients around the mean of their leaf, summed over rows.
    freedom : float
        Normalization of ``spread``: ``sum((n - 1) / n * H)`` over leaves.
    squares : float
        ``sum(G**2 / H)`` over leaves.
    hessian : float
        ``sum(H)`` over leaves.
    leaves : float
        Number of leaves with a positive hessian.
    gradient_unit, hessian_unit, n_samples : float
        Units of the training rows, see ``Units``.
    """

    spread: float
    freedom: float
    squares: float
    hessian: float
    leaves: float
    gradient_unit: float
    hessian_unit: float
    n_samples: float


@dataclass(frozen=True, slots=True)
class LeafWork(FittedWork[LeafSums]):
    """An unpenalised fit whose leaves are measured on held-out rows."""

    fit: Fit

    @override
    def key(self, dataset: Dataset) -> str:
        return digest({"leaf sums": FitWork(self.fit).key(dataset)})

    @override
    def run(self, dataset: Dataset) -> bytes:
        training = grow(dataset, self.fit)
        trees = get_engine(self.fit.engine).trees(training.model)
        best = int(training.valid_loss.argmin())
        problem = dataset.problem(self.fit.outer, self.fit.inner)
        sums = held_out_sums(trees.truncate(best), problem)
        units = training.model.standard.units
        values = (*sums, units.gradient, units.hessian, float(units.n_samples))
        return struct.pack(f"<{len(values)}d", *values)

    @override
    def decode(self, data: bytes) -> LeafSums:
        return LeafSums(*struct.unpack(f"<{len(fields(LeafSums))}d", data))


def held_out_sums(trees: TreeEnsemble, problem: Problem) -> tuple[float, ...]:
    """Return the first five fields of ``LeafSums``, from the validation rows."""
    held = problem.valid
    if held is None:
        raise FitError("There are no held-out rows to measure leaves on.")
    blocks = problem.features(held).blocks()
    node = np.concatenate([trees.leaf_indices(X) for X in blocks])
    raw = np.tile(trees.intercept, (held.n_samples, 1))
    weights = np.ones(held.n_samples) if held.weights is None else held.weights
    n_nodes = np.diff(trees.tree_offsets)
    totals = np.zeros(5)
    for number in range(trees.n_rounds):
        gradient = problem.objective.gradient(held.y, raw) * weights[:, None]
        hessian = problem.objective.hessian(held.y, raw) * weights[:, None]
        for tree in np.flatnonzero(trees.round == number):
            k = trees.output[tree]
            if n_nodes[tree] > 1:
                leaf = node[:, tree] - trees.tree_offsets[tree]
                totals += _leaf_sums(leaf, gradient[:, k], hessian[:, k])
            raw[:, k] += trees.value[node[:, tree]]
    return tuple(totals.tolist())


def _leaf_sums(leaf: NDArray[np.int64], gradient: Array, hessian: Array) -> Array:
    n, G, H, squared = (
        np.bincount(leaf, weights=values)
        for values in (np.ones(len(leaf)), gradient, hessian, gradient**2)
    )
    some = H > 0
    n, G, H, squared = n[some], G[some], H[some], squared[some]
    spread = (squared - G**2 / n).sum()  # sum of (g - G / n)^2 over rows
    freedom = ((n - 1) / n * H).sum()
    return np.array([spread, freedom, (G**2 / H).sum(), H.sum(), len(H)])


@dataclass(frozen=True, slots=True)
class Prior:
    """The prior of leaf weights, estimated from held-out rows.

    ``noise`` is the variance of a gradient per unit of hessian, the noise variance of
    squared error. ``variance`` is that of the weights before the learning rate, 0 if it
    does not exceed noise.
    """

    noise: float
    variance: float

    @property
    def reg_lambda(self) -> float:
        """The L2 penalty of a normal prior, raw; infinite if the variance is 0."""
        return self.noise / self.variance if self.variance > 0 else math.inf

    @property
    def reg_alpha(self) -> float:
        """The L1 penalty of a Laplace prior, raw; infinite if the variance is 0."""
        if self.variance == 0:
            return math.inf
        return self.noise / math.sqrt(self.variance / 2)


def prior(found: Sequence[LeafSums]) -> Prior | None:
    """Return the prior estimated from the leaves of all folds.

    None if there are no leaves, or no spread within them to estimate noise from.
    """
    total = [math.fsum(values) for values in zip(*map(astuple, found), strict=True)]
    sums = LeafSums(*total) if total else None
    if sums is None or sums.freedom <= 0 or sums.hessian <= 0:
        return None
    noise = sums.spread / sums.freedom
    if noise <= 0:
        return None
    variance = (sums.squares - noise * sums.leaves) / sums.hessian
    return Prior(noise, max(variance, 0.0))


def guesses(
    found: Sequence[LeafSums],
    space: Mapping[str, Range],
    fixed: Mapping[str, float | int | None],
    scale: Scale,
) -> list[Penalty]:
    """Return one penalty for each searched name in ``GUESSED``, in that order.

    A guess outside its range is clipped. The other of the two penalties is 0 or at its
    minimum, because a weight has one prior; all others have our defaults. If there is
    no prior, the guesses are our defaults.
    """
    values: dict[str, Any] = dict(fixed)
    suggested = prior(found)
    if suggested is None:
        return [Penalty(**values, scale=scale)] * n_guesses(space)
    gradient, hessian, n_samples = (
        math.fsum(getattr(one, name) for one in found) / len(found)
        for name in ("gradient_unit", "hessian_unit", "n_samples")
    )
    factors = Units(gradient, hessian, round(n_samples)).factors(scale)
    searched = {name: space[name] for name in GUESSED if name in space}
    weakest = {n: 0.0 if r.contains(0.0) else r.low for n, r in searched.items()}
    made = []
    for name, entry in searched.items():
        factor = factors[name]
        value = getattr(suggested, name) / factor if factor else math.inf
        clipped = min(max(value, entry.low), entry.high)
        made.append(Penalty(**values | weakest | {name: clipped}, scale=scale))
    return made


def n_guesses(space: Mapping[str, Range]) -> int:
    """Return the number of guesses."""
    return sum(name in space for name in GUESSED)
