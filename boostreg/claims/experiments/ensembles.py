r"""Boosted trees under each penalty, compared with none, for claims over many tables.

All ensembles start from the same unpenalised one: 15 leaves, learning rate 0.3, no
penalty on leaf weights or splits. A penalty of 1, 10 or 100 rows (``Penalty.scale``) is
added. Three inner folds of the training rows choose the rounds of each ensemble, at the
lowest mean loss, and the strength of each penalty, 0 among them. Sizes are compared at
equal rounds and where inner folds stop.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from boostreg.arrays import Array
from boostreg.claims.experiments.base import (
    ENGINE,
    Measured,
    Option,
    Options,
    Sample,
    along_rows,
    over_tables,
    procedure,
    rounds_option,
)
from boostreg.claims.experiments.coefficients import inner_folds
from boostreg.claims.experiments.grown import Grower
from boostreg.engines import Growth, get_engine
from boostreg.losses import sigmoid
from boostreg.penalty import Penalty
from boostreg.trees import TreeEnsemble

__all__ = ["penalised_ensembles"]

_PENALTIES = {"l1": "reg_alpha", "l2": "reg_lambda", "gain": "min_split_gain"}
_STRENGTHS = (1.0, 10.0, 100.0)
_FREE = Penalty(
    reg_lambda=0.0,
    min_child_weight=0.01,
    learning_rate=0.3,
    scale="rows",
)
_FOLDS = 3
_PAIRS, _POINTS = 40, 41

_FIGURES = {
    "leaves_per_tree": "leaves per tree, at equal rounds",
    "depth": "depth of the deepest tree, at equal rounds",
    "leaves": "leaves, at equal rounds",
    "stopped_leaves": "leaves where inner folds stop",
    "norm": "sum of absolute leaf weights, at equal rounds",
    "winding": (
        "variation of predictions on lines between new rows, over the difference of "
        "the ends"
    ),
}
_NO_PENALTY = "over that without a penalty, minus 1"


@dataclass(frozen=True, slots=True, eq=False)
class _Ensemble:
    """Trees with their losses on new rows after each round."""

    trees: TreeEnsemble
    rounds: int
    new_loss: Array

    @classmethod
    def grow(cls, grower: Grower, rounds: int, penalty: Penalty) -> "_Ensemble":
        engine = get_engine(grower.engine)
        training = engine.fit(grower.bins, penalty, Growth(n_rounds=rounds))
        # Without a further split a library may end early, and nothing changes.
        missing = rounds + 1 - len(training.valid_loss)
        new = np.pad(training.valid_loss, (0, missing), mode="edge")
        return cls(engine.trees(training.model), rounds, new)

    def leaves(self, rounds: int) -> int:
        """Return the leaves after some rounds; a tree without a split has one."""
        size = self.trees.size_at(min(rounds, self.trees.n_rounds))
        return size.n_leaves + rounds - size.n_trees

    def figures(self, sample: Sample, stop: int) -> dict[str, float]:
        """Return what ``_FIGURES`` names."""
        size, leaves = self.trees.size(), float(self.leaves(self.rounds))
        return {
            "leaves_per_tree": leaves / self.rounds,
            "depth": float(size.depth),
            "leaves": leaves,
            "stopped_leaves": float(self.leaves(stop)),
            "norm": float(size.l1_norm),
            "winding": _winding(self.trees, sample),
        }


@over_tables
@procedure(
    {
        **{
            f"{name}_{figure}_at_{rows:.0f}": (
                f"{words}, under {penalty} of {rows:.0f} rows {_NO_PENALTY}"
            )
            for name, penalty in _PENALTIES.items()
            for rows in _STRENGTHS
            for figure, words in _FIGURES.items()
        },
        **{
            f"{name}_new_loss": (
                f"loss on new rows at the {penalty} of minimum inner loss, 0 among "
                f"them, {_NO_PENALTY}"
            )
            for name, penalty in _PENALTIES.items()
        },
        "l2_new_loss_over_one_row": (
            "loss on new rows at the reg_lambda above 0 of minimum inner loss over "
            "that at one row, minus 1"
        ),
        "l2_over_gain_leaves": (
            "leaves at equal rounds at the reg_lambda above 0 of minimum inner loss "
            "over those at the min_split_gain above 0 of minimum inner loss, minus 1"
        ),
    },
    options={
        "engine": ENGINE,
        "rounds": rounds_option(30),
        "leaves": Option(15, "maximum leaves per tree", low=2, high=255),
    },
    panels=[
        along_rows(
            f"{words.capitalize()} along each penalty",
            "over no penalty",
            {f"{name}_{figure}": penalty for name, penalty in _PENALTIES.items()},
        )
        for figure, words in (
            ("leaves", "leaves at equal rounds"),
            ("stopped_leaves", "leaves where inner folds stop"),
            ("norm", "sum of absolute leaf weights"),
            ("new_loss", "loss on new rows where inner folds stop"),
        )
    ],
)
def penalised_ensembles(sample: Sample, options: Options) -> Measured:
    """Compare boosted trees under each penalty with unpenalised ones.

    Inner folds of the training rows choose rounds and strengths.
    """
    rounds = int(options["rounds"])
    free = replace(_FREE, max_leaves=int(options["leaves"]))
    penalties = {("", 0.0): free} | {
        (name, rows): _changed(free, penalty, rows)
        for name, penalty in _PENALTIES.items()
        for rows in _STRENGTHS
    }
    curves = {key: np.zeros(rounds + 1) for key in penalties}
    for part in _inner(sample):
        grower = Grower.of(part, options)
        for key, penalty in penalties.items():
            curves[key] += _Ensemble.grow(grower, rounds, penalty).new_loss
    grower = Grower.of(sample, options)
    grown = {k: _Ensemble.grow(grower, rounds, p) for k, p in penalties.items()}
    stops = {key: int(np.argmin(curve)) for key, curve in curves.items()}
    inner = {key: float(np.min(curve)) for key, curve in curves.items()}
    found = {key: one.figures(sample, stops[key]) for key, one in grown.items()}
    new = {key: float(one.new_loss[stops[key]]) for key, one in grown.items()}

    none, values, series = ("", 0.0), dict[str, float](), dict[str, Any]()
    series["rows"] = (0.0, *_STRENGTHS)
    best: dict[str, tuple[str, float]] = {}
    for name in _PENALTIES:
        keys = [(name, rows) for rows in _STRENGTHS]
        for figure in _FIGURES:
            ratios = [_ratio(found[key][figure], found[none][figure]) for key in keys]
            for (_, rows), ratio in zip(keys, ratios, strict=True):
                values[f"{name}_{figure}_at_{rows:.0f}"] = ratio - 1
            series[f"{name}_{figure}"] = (1.0, *ratios)
        chosen = min([none, *keys], key=inner.__getitem__)
        best[name] = min(keys, key=inner.__getitem__)
        values[f"{name}_new_loss"] = _ratio(new[chosen], new[none]) - 1
        series[f"{name}_new_loss"] = (1.0, *(_ratio(new[k], new[none]) for k in keys))
    one_row = new["l2", _STRENGTHS[0]]
    values["l2_new_loss_over_one_row"] = _ratio(new[best["l2"]], one_row) - 1
    leaves = {name: found[best[name]]["leaves"] for name in ("l2", "gain")}
    values["l2_over_gain_leaves"] = leaves["l2"] / leaves["gain"] - 1
    return Measured.of(values, series)


def _changed(free: Penalty, name: str, rows: float) -> Penalty:
    changes: dict[str, Any] = {name: rows}
    return replace(free, **changes)


def _inner(sample: Sample) -> Iterator[Sample]:
    X, y = sample.X, sample.y
    for old, new in inner_folds(len(y), _FOLDS, sample.seed):
        yield replace(sample, X=X[old], y=y[old], X_new=X[new], y_new=y[new])


def _winding(trees: TreeEnsemble, sample: Sample) -> float:
    """Return the variation of predictions on lines over the difference of the ends.

    1 if predictions are monotonic on every line.
    """
    X = sample.X_new
    ends = np.random.default_rng(sample.seed).integers(0, len(X), (2, _PAIRS))
    share = np.linspace(0.0, 1.0, _POINTS)[None, :, None]
    lines = (1 - share) * X[ends[0], None, :] + share * X[ends[1], None, :]
    raw = trees.predict(lines.reshape(-1, X.shape[1]))[:, 0] + trees.intercept[0]
    logistic = sample.objective.name == "logistic"
    p = (sigmoid(raw) if logistic else raw).reshape(_PAIRS, _POINTS)
    direct = float(np.sum(np.abs(p[:, -1] - p[:, 0])))
    return _ratio(float(np.sum(np.abs(np.diff(p, axis=1)))), direct)


def _ratio(part: float, whole: float) -> float:
    """Return ``part / whole``, 1 if both are 0 and NaN if only ``whole`` is."""
    if whole == 0:
        return 1.0 if part == 0 else float("nan")
    return part / whole
