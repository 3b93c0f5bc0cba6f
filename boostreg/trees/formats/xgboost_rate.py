r"""The learning rate of XGBoost's trees, which its files do not tell.

A leaf's value is :math:`v = \eta w`, its weight before the learning rate is not stored,
and the configuration of a booster that was loaded from a file is that of a new one
(``eta`` 0.3) whatever the file was grown with. But the gains know: with
:math:`s = w^2 (H + \lambda)`, whatever reg_alpha is, the gain of a split is
:math:`s_L + s_R - s_P`. Summed over a tree all inner terms cancel, so

.. math::

    \eta^2 = \frac{\sum_\text{leaves} v^2 (H + \lambda)}
                  {\sum_\text{splits} \text{gain} + w_0^2 (H_0 + \lambda)},

where the root's :math:`w_0` is stored. And where both children are split, all three
weights are stored, which gives :math:`\lambda`. So what a configuration says can be
checked, and a file alone mostly suffices. Not so where weights are clipped
(``max_delta_step``, monotone constraints) or replaced (``reg:absoluteerror`` before
3.4), where the rate differs from tree to tree, or where no tree is deeper than one
split: then the rate is NaN. ``exact`` alone stores w in leaves too, and is read so.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Recorded", "recover_rates"]

Reals = NDArray[np.float64]

# float32 gains allow 1e-4 or so in small trees; a wrong rate is off by far more.
_TOLERANCE = 2e-3


# As the configuration prints it.
_DEFAULT = 0.300000012


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the configuration of a booster says of its training."""

    learning_rate: float
    reg_lambda: float
    clipped: bool
    """Whether weights may be clipped. A loaded booster never says so."""
    replaced: bool
    """Whether the loss replaces leaf weights by something else."""

    @property
    def is_certain(self) -> bool:
        """Whether this is no booster that was loaded and knows but the defaults."""
        return self.clipped or self.learning_rate != _DEFAULT


def recover_rates(
    nodes: dict[str, NDArray[Any]],
    base_weight: Reals,
    offsets: NDArray[np.int64],
    n_parallel: int,
    recorded: Recorded | None,
) -> tuple[Reals, float]:
    """Return the factor of each tree and reg_lambda, NaN where they cannot be known.

    Parameters
    ----------
    nodes : dict of ndarray
        Of the file, children counted from the root of their own tree.
    base_weight : ndarray of shape (n_nodes,)
        Weights before the learning rate where a node is split.
    offsets : ndarray of shape (n_trees + 1,)
        Where the nodes of each tree start.
    n_parallel : int
        Trees that share one step: each is scaled by that part of the learning rate.
    recorded : Recorded or None
        From the configuration, to be believed as far as the trees agree.
    """
    n_trees = len(offsets) - 1
    rates, reg_lambda = _stored_rates(nodes, base_weight, offsets), np.nan
    if recorded is not None:
        expected = recorded.learning_rate / n_parallel
        reg_lambda = recorded.reg_lambda
        if np.isnan(rates).all():
            rates = _rates(nodes, base_weight, offsets, reg_lambda)
        silent = recorded.clipped or recorded.replaced or not _known(rates).size
        if _agree(rates, expected) or (silent and recorded.is_certain):
            return np.full(n_trees, expected), reg_lambda
        rates = _stored_rates(nodes, base_weight, offsets)
    reg_lambda = _reg_lambda(nodes, base_weight, offsets)
    if np.isnan(rates).all():
        rates = _rates(nodes, base_weight, offsets, reg_lambda)
    common = float(np.median(_known(rates))) if _known(rates).size else np.nan
    if _agree(rates, common):
        return np.full(n_trees, _short(common * n_parallel) / n_parallel), reg_lambda
    return np.full(n_trees, np.nan), np.nan


def _known(rates: Reals) -> Reals:
    return rates[~np.isnan(rates)]


def _stored_rates(
    nodes: dict[str, NDArray[Any]], base_weight: Reals, offsets: NDArray[np.int64]
) -> Reals:
    """Return v / w where leaves hold w, as ``exact`` leaves them, else NaN."""
    rates = np.full(len(offsets) - 1, np.nan)
    value = nodes["value"]
    split_trees = np.flatnonzero(nodes["left"][offsets[:-1]] >= 0)
    if not split_trees.size:
        return rates
    one = slice(*offsets[split_trees[0] : split_trees[0] + 2])
    leaf = nodes["left"][one] < 0
    if (value[one] == np.where(leaf, base_weight[one], 0.0)).all():
        return rates
    reached = (nodes["left"] < 0) & (nodes["feature"] >= 0)
    sums = [
        np.add.reduceat(np.where(reached, np.abs(leaf), 0.0), offsets[:-1])
        for leaf in (value, base_weight)
    ]
    known = split_trees[sums[1][split_trees] > 0]
    rates[known] = sums[0][known] / sums[1][known]
    return rates


def _agree(rates: Reals, expected: float) -> bool:
    known = _known(rates)
    return bool(known.size and (np.abs(known / expected - 1) <= _TOLERANCE).all())


def _short(number: float) -> float:
    # People write 0.1, not 0.0999998.
    short = float(f"{number:.3g}")
    return short if abs(short / number - 1) < 1e-4 else number


def _rates(
    nodes: dict[str, NDArray[Any]],
    base_weight: Reals,
    offsets: NDArray[np.int64],
    reg_lambda: float,
) -> Reals:
    """Return the rate of each tree by the formula above, NaN for one without gain."""
    root = offsets[:-1]
    if not root.size:
        return np.zeros(0)
    hessian = nodes["hessian"]
    leaves = np.add.reduceat(nodes["value"] ** 2 * (hessian + reg_lambda), root)
    # A leaf's gain is 0; pruned leaves have one, but only exact makes these.
    gain = np.add.reduceat(nodes["gain"], root)
    whole = gain + base_weight[root] ** 2 * (hessian[root] + reg_lambda)
    known = (nodes["left"][root] >= 0) & (whole > 0) & (leaves > 0)
    rates = np.full(len(root), np.nan)
    rates[known] = np.sqrt(leaves[known] / whole[known])
    return rates


def _reg_lambda(
    nodes: dict[str, NDArray[Any]], base_weight: Reals, offsets: NDArray[np.int64]
) -> float:
    """Return the reg_lambda that explains the gains between inner nodes."""
    start = np.repeat(offsets[:-1], np.diff(offsets))
    split = nodes["left"] >= 0
    parent = np.flatnonzero(split)
    left, right = ((nodes[side] + start)[parent] for side in ("left", "right"))
    # The nodes are unchecked yet: a child beyond them is none to compare with.
    inside = (np.maximum(left, right) < len(split)) & (np.minimum(left, right) >= 0)
    inside[inside] = split[left[inside]] & split[right[inside]]
    parent, left, right = parent[inside], left[inside], right[inside]
    squared = base_weight**2
    x = squared[left] + squared[right] - squared[parent]
    energy = squared * nodes["hessian"]
    y = nodes["gain"][parent] + energy[parent] - energy[left] - energy[right]
    if not (x**2).sum() > 0:
        return np.nan
    found = float((x * y).sum() / (x**2).sum())
    rest = np.abs(y - found * x)
    scale = energy[left] + energy[right] + energy[parent]
    if not np.isfinite(found) or (rest > _TOLERANCE * scale).mean() > 0.05:
        return np.nan
    # 0 within the noise of float32 gains is 0.
    noise = 1e-6 * float((np.abs(x) * scale).sum() / (x**2).sum())
    return _short(found) if found > noise else 0.0
