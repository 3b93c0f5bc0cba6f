r"""Importance of penalties: functional ANOVA of a forest over the unit cube.

A tree is constant on boxes. Its mean given some coordinates is the sum, over the leaves
that contain the point, of the leaf value times the volume of its box in the other
coordinates [1]_. The mean over trees is constant between all thresholds, so its
variance is a finite sum.

Over the whole space, shares show what can ruin a model: a penalty whose upper range
leaves no tree explains most of the variance, whether or not it can lower the loss.
Among good settings, every loss above a quantile of all measured losses counts as that
quantile [1]_ (sec. 4), so that only differences below it are left to explain.

A forest explains only a part of what varies, its out-of-bag R². All shares are
multiplied by it: they are shares of the variance of the measured values. The interval
of a share is that of a delete-d jackknife [2]_: the forest is fitted to random three
quarters of the points. (A bootstrap would draw points twice, and their copies would be
both in and out of the bag.)

References
----------
.. [1] F. Hutter, H. Hoos, K. Leyton-Brown. "An Efficient Approach for Assessing
   Hyperparameter Importance". ICML 2014, sec. 3 and 4.
.. [2] J. Shao, C. F. J. Wu. "A General Theory for Jackknife Variance Estimation".
   Annals of Statistics 17, 1176-1197, 1989.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from itertools import combinations
from typing import Any

import numpy as np
from typing_extensions import override

from boostreg.arrays import Array
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import derive_seed, digest
from boostreg.fits.work import Work
from boostreg.penalty import Penalty, Range, Scale
from boostreg.penalty.space import drawn
from boostreg.tuning.proposals import quiet_optuna

__all__ = [
    "GOOD_SHARE",
    "LEAST_QUALITY",
    "ExplainWork",
    "ForestLeaves",
    "Importance",
    "design_penalties",
    "design_shares",
    "explain",
    "forest_leaves",
    "variance_given",
]


@dataclass(frozen=True, slots=True)
class ForestLeaves:
    """The leaves of all trees of a forest over the unit cube.

    Attributes
    ----------
    low, high : ndarray of shape (n_leaves, n_coordinates)
        Bounds of the box of each leaf.
    value : ndarray of shape (n_leaves,)
        Value of each leaf divided by the number of trees: a prediction is their sum.
    """

    low: Array
    high: Array
    value: Array


def forest_leaves(forest: Any, n_coordinates: int) -> ForestLeaves:
    """Return the leaves of a fitted scikit-learn forest with one output."""
    trees = [_tree_leaves(one.tree_, n_coordinates) for one in forest.estimators_]
    low, high, value = (np.concatenate(part) for part in zip(*trees, strict=True))
    return ForestLeaves(low, high, value / len(trees))


def _tree_leaves(tree: Any, n_coordinates: int) -> tuple[Array, Array, Array]:
    low = np.zeros((tree.node_count, n_coordinates))
    high = np.ones((tree.node_count, n_coordinates))
    for node in range(tree.node_count):  # parents come before their children
        left, right = tree.children_left[node], tree.children_right[node]
        if left < 0:
            continue
        feature, threshold = tree.feature[node], tree.threshold[node]
        for child in (left, right):
            low[child], high[child] = low[node], high[node]
        high[left, feature] = low[right, feature] = threshold
    leaf = tree.children_left < 0
    return low[leaf], high[leaf], tree.value[leaf, 0, 0]


def variance_given(leaves: ForestLeaves, held: tuple[int, ...]) -> float:
    """Return the variance of the forest's mean given one or two coordinates."""
    widths = leaves.high - leaves.low
    others = [j for j in range(widths.shape[1]) if j not in held]
    mass = leaves.value * widths[:, others].prod(axis=1)
    edges = [np.unique([leaves.low[:, i], leaves.high[:, i]]) for i in held]
    # Each leaf adds its mass at its lower edges and subtracts it at its upper ones.
    change = np.zeros([len(edge) for edge in edges])
    for corner in np.ndindex(*[2] * len(held)):
        ends = [
            (leaves.low, leaves.high)[c][:, i]
            for c, i in zip(corner, held, strict=True)
        ]
        at = tuple(np.searchsorted(e, end) for e, end in zip(edges, ends, strict=True))
        np.add.at(change, at, mass * (-1) ** sum(corner))
    for axis in range(len(held)):
        change = change.cumsum(axis=axis)
    mean = change[tuple(slice(-1) for _ in held)]
    volume = np.diff(edges[0])
    for edge in edges[1:]:
        volume = np.multiply.outer(volume, np.diff(edge))
    centre = float((mean * volume).sum())
    return float(((mean - centre) ** 2 * volume).sum())


LEAST_QUALITY = 0.25
"""Minimum out-of-bag R² of a surrogate to be used."""

GOOD_SHARE = 0.25
"""Share of the measured settings that are good."""

_TREES, _SAMPLE = 256, 2**13
_DRAWS, _DRAW_TREES, _DRAW_SAMPLE, _KEPT = 30, 48, 2**10, 0.75
"""Of the jackknife: its number, the size of each, and the share of points kept."""
_LEVEL = 0.95
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Importance:
    """The importance of each penalty for one measure.

    Attributes
    ----------
    quality : float
        Out-of-bag R² of the surrogate.
    n_points : int
        Number of measured points of the design.
    main : mapping of str to float
        Share of the measured variance by penalty: that of the surrogate's variance
        times its quality. Empty if not determined.
    pairs : mapping of (str, str) to float
        Share of the interaction, without the two main effects.
    optuna : mapping of str to mapping
        Optuna's PED-ANOVA on the same points, by evaluator and penalty.
    interval : mapping of str to (float, float)
        95 % interval of each share in ``main``; empty if there is none.
    """

    quality: float
    n_points: int
    main: Mapping[str, float]
    pairs: Mapping[tuple[str, str], float]
    optuna: Mapping[str, Mapping[str, float]]
    interval: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def leader(self) -> str | None:
        """The penalty whose interval lies above all others, if there is one."""
        for name, (low, _) in self.interval.items():
            others = (high for n, (_, high) in self.interval.items() if n != name)
            if low > max(others, default=0.0):
                return name
        return None

    @property
    def determined(self) -> bool:
        """Whether the surrogate predicts well enough to be used."""
        return bool(self.main)


@dataclass(frozen=True, slots=True)
class ExplainWork(Work[Importance]):
    """The importance for a measure, as work of a run: see ``explain``."""

    names: tuple[str, ...]
    shares: tuple[tuple[float, ...], ...]
    responses: tuple[tuple[float, ...], ...]
    seed: int
    good: bool = False

    @override
    def key(self, dataset: Dataset) -> str:
        packages = ("numpy", "scipy", "scikit-learn", "optuna", "boostreg")
        versions = {name: version(name) for name in packages}
        # Other marginals are another record, whatever the version says.
        method = {
            "marginals": "exact",
            "sample": _SAMPLE,
            "trees": _TREES,
            "shares": "of the measured variance",
            "good_share": GOOD_SHARE,
            "draws": [_DRAWS, _DRAW_TREES, _DRAW_SAMPLE, _KEPT],
        }
        return digest({"explain": asdict(self), "versions": versions, "method": method})

    @override
    def run(self, dataset: Dataset) -> bytes:
        content = asdict(self.explained())
        content["pairs"] = [[*pair, value] for pair, value in content["pairs"].items()]
        return json.dumps(content).encode()

    @override
    def decode(self, data: bytes) -> Importance:
        content = json.loads(data)
        content["pairs"] = {(a, b): value for a, b, value in content["pairs"]}
        interval = content["interval"].items()
        content["interval"] = {name: (low, high) for name, (low, high) in interval}
        return Importance(**content)

    def explained(self) -> Importance:
        """Return the importance, computed here."""
        shares, responses = np.array(self.shares), np.array(self.responses)
        return explain(self.names, shares, responses, self.seed, good=self.good)


def design_shares(n_penalties: int, n_points: int, seed: int) -> Array:
    """Return space-filling points of the unit cube, (n_points, n_penalties)."""
    from scipy.stats import qmc

    rng = np.random.default_rng(derive_seed(seed, "design"))
    power = max(n_points - 1, 1).bit_length()
    points: Array = qmc.Sobol(n_penalties, scramble=True, seed=rng).random_base2(power)
    return points[:n_points]


def design_penalties(
    ranges: Mapping[str, Range],
    shares: Array,
    fixed: Mapping[str, Any],
    scale: Scale,
) -> list[Penalty]:
    """Return the penalty of each point of a design."""
    found = []
    for row in shares:
        values = drawn(ranges, dict(zip(ranges, row.tolist(), strict=True)))
        found.append(Penalty(**(dict(fixed) | values), scale=scale))
    return found


def explain(
    names: Sequence[str],
    shares: Array,
    responses: Array,
    seed: int,
    *,
    good: bool = False,
) -> Importance:
    """Return the importance of each penalty for a measure.

    Parameters
    ----------
    names : sequence of str
        Penalties, the columns of ``shares``.
    shares : ndarray of shape (n_points, n_penalties)
        In [0, 1].
    responses : ndarray of shape (n_points, n_folds)
        The measure; the mean of each fold is subtracted.
    seed : int
    good : bool
        Whether to explain it among the settings with the lowest values,
        ``GOOD_SHARE`` of all, with intervals.
    """
    y = (responses - responses.mean(axis=0)).mean(axis=1)
    if good:
        y = np.minimum(y, np.quantile(y, GOOD_SHARE))
    # Differences by rounding alone are not variance.
    if len(y) < 2 or np.ptp(y) <= _ROUNDING * np.abs(responses).max():
        return Importance(0.0, len(y), {}, {}, {})
    # scikit-learn treats a variance below 2e-16 as 0: scale by a power of two.
    y = np.ldexp(y, -int(np.frexp(np.ptp(y))[1]))
    forest = _forest(shares, y, _TREES, derive_seed(seed, "forest"))
    quality = float(forest.oob_score_)
    by_optuna = _optuna_importances(names, shares, y)
    if quality < LEAST_QUALITY:
        return Importance(quality, len(y), {}, {}, by_optuna)
    main, pairs = _sobol_indices(forest, len(names), seed)
    measured = {names[i]: quality * share for i, share in main.items()}
    return Importance(
        quality,
        len(y),
        measured,
        {(names[i], names[j]): quality * share for (i, j), share in pairs.items()},
        by_optuna,
        _intervals(measured, shares, y, seed) if good else {},
    )


def _forest(shares: Array, y: Array, n_trees: int, seed: int) -> Any:
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(n_trees, oob_score=True, random_state=seed, n_jobs=1)
    return forest.fit(shares, y)


def _intervals(
    main: Mapping[str, float], shares: Array, y: Array, seed: int
) -> dict[str, tuple[float, float]]:
    """Return the jackknife's intervals of the shares in ``main``."""
    from scipy.stats import norm

    rng = np.random.default_rng(derive_seed(seed, "jackknife"))
    n, n_kept = len(y), int(_KEPT * len(y))
    many = design_shares(shares.shape[1], _DRAW_SAMPLE, derive_seed(seed, "all"))
    drawn_shares = np.zeros((_DRAWS, shares.shape[1]))
    for draw in range(_DRAWS):
        kept = np.sort(rng.permutation(n)[:n_kept])
        if np.ptp(y[kept]) == 0:
            continue
        tree_seed = derive_seed(seed, "jackknife", draw)
        forest = _forest(shares[kept], y[kept], _DRAW_TREES, tree_seed)
        leaves = forest_leaves(forest, shares.shape[1])
        parts = [variance_given(leaves, (i,)) for i in range(shares.shape[1])]
        total = max(float(np.var(forest.predict(many))), *parts)
        quality = max(float(forest.oob_score_), 0.0)
        drawn_shares[draw] = quality * np.array(parts) / (total or 1.0)
    # [2], eq. 2.1: with n - d points kept, (n - d) / d times the variance of draws.
    spread = drawn_shares.std(axis=0) * np.sqrt(n_kept / (n - n_kept))
    half = norm.ppf((1 + _LEVEL) / 2) * spread
    return {
        name: (max(share - reach, 0.0), min(share + reach, 1.0))
        for (name, share), reach in zip(main.items(), half.tolist(), strict=True)
    }


def _sobol_indices(
    forest: Any, n_penalties: int, seed: int
) -> tuple[dict[int, float], dict[tuple[int, int], float]]:
    leaves = forest_leaves(forest, n_penalties)
    singles = {i: variance_given(leaves, (i,)) for i in range(n_penalties)}
    many = design_shares(n_penalties, _SAMPLE, derive_seed(seed, "all"))
    # Sampling error must not make a part larger than the total.
    total = max(float(np.var(forest.predict(many))), *singles.values())
    if total == 0:
        return dict.fromkeys(singles, 0.0), {}
    pairs = {}
    for i, j in combinations(range(n_penalties), 2):
        both = variance_given(leaves, (i, j)) - singles[i] - singles[j]
        pairs[i, j] = max(both, 0.0) / total  # rounding may make it negative
    return {i: part / total for i, part in singles.items()}, pairs


def _optuna_importances(
    names: Sequence[str], shares: Array, y: Array
) -> dict[str, dict[str, float]]:
    import optuna
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    with quiet_optuna():
        study = optuna.create_study()
    unit = optuna.distributions.FloatDistribution(0.0, 1.0)
    for row, value in zip(shares.tolist(), y.tolist(), strict=True):
        study.add_trial(
            optuna.trial.create_trial(
                params=dict(zip(names, row, strict=True)),
                distributions=dict.fromkeys(names, unit),
                value=value,
            )
        )
    evaluator = PedAnovaImportanceEvaluator(target_quantile=GOOD_SHARE)
    found = get_param_importances(study, evaluator=evaluator)
    return {"PED-ANOVA": {name: float(share) for name, share in found.items()}}
