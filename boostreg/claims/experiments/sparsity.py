r"""Sparsity under L1: the corner of the L1 ball, and zeros in models.

Two weights, a loss :math:`(b - b^*)^\top H (b - b^*) / 2`, and all weights of length 1
in either norm. A contour of the loss grows until it touches the ball: it usually
touches the diamond at a corner, where one weight is 0, and the circle almost never
where a weight is 0 ([1]_, fig. 3.11). This needs no data; the points are found by
search.

References
----------
.. [1] T. Hastie, R. Tibshirani, J. Friedman. "The Elements of Statistical Learning".
   2nd ed., Springer, 2009. https://hastie.su.domains/ElemStatLearn/
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from boostreg.arrays import Array
from boostreg.claims.experiments.base import (
    ENGINE,
    FIT,
    NORM,
    Measured,
    Option,
    Options,
    Panel,
    Sample,
    along_rows,
    gini,
    mean_of_numbers,
    procedure,
    rounds_option,
    zero_share,
)
from boostreg.claims.experiments.coefficients import (
    L1_RATIOS,
    Linear,
    coefficients,
    fit_kept,
    matched,
)
from boostreg.claims.experiments.grown import LEAF_PENALTIES, Grower, Grown, TreeLeaves
from boostreg.effects.mechanism import assign, refresh

__all__ = [
    "coefficient_sparsity",
    "largest_coefficients",
    "largest_leaves",
    "leaf_sparsity",
    "touching",
]

_H = np.array([[1.0, 0.3], [0.3, 1.0]])
_BEST = np.array([1.6, 0.4])
_X = np.linspace(-1.0, 1.6, 131)

_CORNER_PANEL = Panel(
    title="The corner of the L1 ball",
    x="first_weight",
    x_label="first weight",
    y_label="second weight",
    lines={
        "l1_ball_above": "L1 ball",
        "l1_ball_below": "",
        "l2_ball_above": "L2 ball",
        "l2_ball_below": "",
        "l1_contour": "loss that touches L1",
        "l2_contour": "loss that touches L2",
    },
)


def touching(norm: int) -> Array:
    """Return the point of the unit ball with the lowest loss, by a fine search.

    >>> touching(1).tolist()
    [1.0, 0.0]
    """
    angle = np.linspace(0, 2 * np.pi, 3601)
    points = np.column_stack([np.cos(angle), np.sin(angle)])
    points /= np.linalg.norm(points, ord=norm, axis=1)[:, None]
    best: Array = points[np.argmin([_loss(point) for point in points])]
    return best


def _corner() -> dict[str, Array]:
    """Return what ``_CORNER_PANEL`` draws."""
    inside = np.abs(_X) <= 1
    diamond = np.where(inside, 1 - np.abs(_X), np.nan)
    circle = np.where(inside, np.sqrt(np.clip(1 - _X**2, 0, None)), np.nan)
    return {
        "first_weight": _X,
        "l1_ball_above": diamond,
        "l1_ball_below": -diamond,
        "l2_ball_above": circle,
        "l2_ball_below": -circle,
        "l1_contour": _contour(_loss(touching(1))),
        "l2_contour": _contour(_loss(touching(2))),
    }


def _loss(b: Array) -> float:
    return float((b - _BEST) @ _H @ (b - _BEST)) / 2


def _contour(level: float) -> Array:
    """Return the lower branch of a contour, NaN outside."""
    d = _X - _BEST[0]
    root = (_H[0, 1] * d) ** 2 - _H[1, 1] * (_H[0, 0] * d**2 - 2 * level)
    below = np.full_like(_X, np.nan)
    real = root >= 0
    below[real] = (-_H[0, 1] * d[real] - np.sqrt(root[real])) / _H[1, 1]
    below += _BEST[1]
    return below


_KEPT = np.linspace(0.5, 0.98, 13)
_ROWS = np.concatenate([[0.0], np.geomspace(0.1, 1000.0, 15)])
_HALVINGS = 30
_FIGURES: Mapping[str, Callable[[Array], float]] = {
    "zero_share": zero_share,
    "gini": gini,
}
_LINES = {"zero_share": "share of exact zeros", "gini": "Gini coefficient"}
_MEASURES = {
    "l1_zero_share": "share of weights that are exactly 0 under L1",
    "l2_zero_share": "share of weights exactly 0 under L2, at equal training loss",
    "l1_gini": "Gini coefficient of absolute weights under L1: 0 means all equal",
    "l2_gini": "Gini coefficient of absolute weights under L2, at equal training loss",
    "zero_share_difference": "share of exact zeros under L1 minus L2",
    "gini_difference": "Gini coefficient of absolute weights under L1 minus L2",
}
_NEAR = 0.01
_KEEP = "largest weights as a share of their unpenalised values"
_KEPT_MEASURES = {
    "l1_kept": f"{_KEEP} under L1",
    "l2_kept": f"{_KEEP} under L2, at equal length of all weights",
    "difference": f"{_KEEP} under L1, minus that under L2, at equal length of all",
}


def _differences(values: Mapping[str, float]) -> dict[str, float]:
    return {f"{f}_difference": values[f"l1_{f}"] - values[f"l2_{f}"] for f in _FIGURES}


@procedure(
    _MEASURES,
    options={"fit": FIT},
    panels=(
        *(
            Panel(
                f"{words.capitalize()} at equal training loss",
                x="kept",
                x_label="share of the unpenalised fit that is kept",
                y_label=words,
                lines={f"l1_{figure}": "L1", f"l2_{figure}": "L2"},
            )
            for figure, words in _LINES.items()
        ),
        _CORNER_PANEL,
    ),
)
def coefficient_sparsity(sample: Sample, options: Options) -> Measured:
    """Compare the coefficients of lasso and ridge at equal training loss."""
    linear, fit = Linear.of(sample), float(options["fit"])
    values, series = {}, {"kept": _KEPT}
    for name, l1_ratio in L1_RATIOS.items():
        weights = matched(linear, l1_ratio, fit, "fit")
        path = linear.path(linear.grid(l1_ratio), l1_ratio)
        kept = fit_kept(linear, path)
        for figure, measure in _FIGURES.items():
            values[f"{name}_{figure}"] = measure(weights)
            along = np.array([measure(w) for w in coefficients(path)])
            known = ~np.isnan(along)  # the strongest leave nothing to be uneven
            series[f"{name}_{figure}"] = np.interp(_KEPT, kept[known], along[known])
    return Measured.of(values | _differences(values), series | _corner())


_TOP = "share of all absolute weight that the largest weights have"
_NEAR_ZERO = "share of weights below a hundredth of the largest"


@procedure(
    {
        **_KEPT_MEASURES,
        **{
            f"{name}_{figure}": f"{words} under {name.upper()}, at equal length of all"
            for figure, words in (("top_share", _TOP), ("near_zero", _NEAR_ZERO))
            for name in L1_RATIOS
        },
        "top_share_difference": f"{_TOP}, under L1 minus L2, at equal length of all",
        "near_zero_difference": (
            f"{_NEAR_ZERO}, under L1 minus L2, at equal length of all"
        ),
    },
    options={
        "norm": NORM,
        "largest": Option(1, "how many of the largest count", low=1, high=1000),
    },
    panels=(
        Panel(
            "The largest coefficients at equal length of all",
            x="norm",
            x_label="length of all, over the unpenalised",
            y_label="largest, over the unpenalised",
            lines={"l1_kept": "L1", "l2_kept": "L2"},
        ),
    ),
)
def largest_coefficients(sample: Sample, options: Options) -> Measured:
    """Compare the largest coefficients of lasso and ridge with the unpenalised.

    All coefficients of both models have the same length. The largest of the unpenalised
    model are followed; which are the largest *under* a penalty is another question, and
    so is how much of all weight those have.
    """
    linear = Linear.of(sample)
    free = linear.free()
    count = int(options["largest"])
    largest = np.argsort(np.abs(free))[-count:]
    values, series = {}, {"norm": _KEPT[:-1]}
    for name, l1_ratio in L1_RATIOS.items():
        weights = matched(linear, l1_ratio, float(options["norm"]), "norm")
        values[f"{name}_kept"] = float(np.mean(weights[largest] / free[largest]))
        size = np.sort(np.abs(weights))
        values[f"{name}_top_share"] = float(size[-count:].sum() / size.sum())
        values[f"{name}_near_zero"] = float(np.mean(size < _NEAR * size[-1]))
        path = coefficients(linear.path(linear.grid(l1_ratio), l1_ratio))
        length = np.linalg.norm(path, axis=1) / np.linalg.norm(free)
        kept = np.mean(path[:, largest] / free[largest], axis=1)
        series[f"{name}_kept"] = np.interp(_KEPT[:-1], length, kept)
    for key, figure in (
        ("difference", "kept"),
        ("top_share_difference", "top_share"),
        ("near_zero_difference", "near_zero"),
    ):
        values[key] = values[f"l1_{figure}"] - values[f"l2_{figure}"]
    return Measured.of(values, series)


@procedure(
    {
        **_MEASURES,
        **{
            f"{figure}_difference_same_trees": (
                f"{_MEASURES[f'{figure}_difference']}, leaves recomputed on "
                "unpenalised trees"
            )
            for figure in _FIGURES
        },
    },
    options={"engine": ENGINE, "rounds": rounds_option(20), "fit": FIT},
    panels=[
        along_rows(
            f"{words.capitalize()} of leaf weights along each penalty",
            words,
            {f"{name}_{figure}": penalty for name, penalty in LEAF_PENALTIES.items()},
        )
        for figure, words in _LINES.items()
    ],
)
def leaf_sparsity(sample: Sample, options: Options) -> Measured:
    """Compare leaf weights under each penalty at equal training loss and rounds."""
    grower, fit = Grower.of(sample, options), float(options["fit"])
    rounds = int(options["rounds"])
    free = grower.grow(rounds)
    start = free.problem.start_loss(free.problem.train)
    values: dict[str, float] = {}
    same: dict[str, float] = {}
    series = {"rows": _ROWS}
    for name, penalty in LEAF_PENALTIES.items():
        along = [free] + [grower.grow(rounds, **{penalty: r}) for r in _ROWS[1:]]
        kept = np.array(
            [(start - one.train_loss) / (start - free.train_loss) for one in along]
        )
        weights = _same_trees(grower, free, penalty, fit)
        for figure, measure in _FIGURES.items():
            line = np.array([measure(one.weights()) for one in along])
            values[f"{name}_{figure}"] = _first_at(fit, kept, line)
            same[f"{name}_{figure}"] = measure(weights)
            series[f"{name}_{figure}"] = line
    values |= _differences(values)
    values |= {f"{k}_same_trees": v for k, v in _differences(same).items()}
    return Measured.of(values, series)


def _first_at(goal: float, kept: Array, line: Array) -> float:
    """Return ``line`` where ``kept`` first falls to ``goal``, between two points."""
    below = np.flatnonzero(kept <= goal)
    if not below.size or below[0] == 0:
        return float("nan")
    after = int(below[0])
    before = after - 1
    share = (kept[before] - goal) / (kept[before] - kept[after])
    return float(line[before] + share * (line[after] - line[before]))


def _same_trees(grower: Grower, free: Grown, penalty: str, fit: float) -> Array:
    """Return leaf weights, recomputed under the penalty that keeps ``fit``."""
    leaves = assign(free.trees, free.problem)
    start = free.problem.start_loss(free.problem.train)

    def anew(rows: float) -> tuple[float, Array]:
        raw = grower.in_rows(penalty, rows)
        found = refresh(free.trees, leaves, free.problem, raw)
        weights = found.trees.value[found.trees.left < 0] / raw.learning_rate
        kept = (start - found.train_loss[-1]) / (start - free.train_loss)
        return float(kept), weights

    return anew(_halved(lambda rows: anew(rows)[0], fit))[1]


@procedure(
    {
        **_KEPT_MEASURES,
        "difference_equal_curvature": (
            f"{_KEEP} under L1, minus that under L2, at equal length of all, if all "
            "leaves had the same curvature H"
        ),
    },
    options={"engine": ENGINE, "rounds": rounds_option(20), "norm": NORM},
)
def largest_leaves(sample: Sample, options: Options) -> Measured:
    """Compare the largest leaf of each tree under each penalty with the unpenalised.

    All leaves of a tree have the same length under both penalties. The largest leaves
    often have few rows, so a small curvature H, and then reg_lambda takes more of them
    whatever their size; with equal curvature only the size of a leaf matters.
    """
    grower, norm = Grower.of(sample, options), float(options["norm"])
    trees = list(grower.grow(int(options["rounds"])).tree_leaves())
    kept = {
        (name, even): mean_of_numbers(
            _largest_kept(_evened(leaves) if even else leaves, grower, penalty, norm)
            for leaves in trees
        )
        for name, penalty in LEAF_PENALTIES.items()
        for even in (False, True)
    }
    return Measured.of(
        {
            "l1_kept": kept["l1", False],
            "l2_kept": kept["l2", False],
            "difference": kept["l1", False] - kept["l2", False],
            "difference_equal_curvature": kept["l1", True] - kept["l2", True],
        }
    )


def _evened(leaves: TreeLeaves) -> TreeLeaves:
    """Return leaves of the same weights whose curvature is the mean of the tree's."""
    H = np.full_like(leaves.H, np.mean(leaves.H))
    return replace(leaves, G=-leaves.free * H, H=H)


def _largest_kept(
    leaves: TreeLeaves, grower: Grower, penalty: str, norm: float
) -> float:
    """Return the share that the largest leaf keeps if all keep ``norm`` in length."""
    length = float(np.linalg.norm(leaves.free))
    if length == 0:
        return float("nan")

    def weights(rows: float) -> Array:
        return leaves.weights(grower.in_rows(penalty, rows))

    rows = _halved(lambda one: float(np.linalg.norm(weights(one))) / length, norm)
    largest = int(np.argmax(np.abs(leaves.free)))
    return float(weights(rows)[largest] / leaves.free[largest])


def _halved(kept: Callable[[float], float], goal: float) -> float:
    """Return the penalty in rows at which a falling share meets ``goal``."""
    low, high = 1e-3, 1e5
    for _ in range(_HALVINGS):
        middle = float(np.sqrt(low * high))
        low, high = (middle, high) if kept(middle) >= goal else (low, middle)
    return low
