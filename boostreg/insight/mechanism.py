"""How a penalty on leaf weights works: smaller leaves, or other trees.

The trees of a fit without the penalty get their leaves anew under it (``refresh``).
Against them stand the trees that grow under it, at as many rounds. What the first
changes is the *shrinkage* effect, what the second changes beyond it the *structure*
effect; the total is their sum.
"""

import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from typing_extensions import override

from boostreg.engines import Problem, get_engine
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import Fit, digest
from boostreg.fits.grow import grow
from boostreg.fits.work import FitWork, Work
from boostreg.insight.effects import PathRow
from boostreg.insight.refresh import assign, refresh
from boostreg.penalty import Penalty
from boostreg.statistics import Interval, corrected_t
from boostreg.trees import SIZES, TreeSize

__all__ = [
    "MECHANISMS",
    "Mechanism",
    "MechanismPoint",
    "RefreshWork",
    "Refreshed",
    "mechanism",
    "why_not_split",
]

MECHANISMS = ("reg_alpha", "reg_lambda")
"""Penalties whose effect can be split: they act on the leaves of given trees."""

MEASURES = ("loss", "train_loss", "leaves", "l1_norm", "l2_norm")
"""What is split: losses, and sizes that a penalty on leaf weights may change."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """Given trees with the leaves of another penalty, on one inner fold."""

    value: float
    loss: float
    train_loss: float
    size: TreeSize


@dataclass(frozen=True, slots=True)
class RefreshWork(Work[tuple[Refreshed, ...]]):
    """A fit without a penalty, its leaves anew under each of some values of it.

    Attributes
    ----------
    fit : Fit
        Without the penalty, of so many rounds as are compared.
    name : str
        One of ``MECHANISMS``.
    values : tuple of float
        In the scale of the fit's penalty.
    """

    fit: Fit
    name: str
    values: tuple[float, ...]

    @override
    def key(self, dataset: Dataset) -> str:
        about = {"fit": FitWork(self.fit).key(dataset), "name": self.name}
        return digest({"refresh": about | {"values": list(self.values)}})

    @override
    def run(self, dataset: Dataset) -> bytes:
        fit, engine = self.fit, get_engine(self.fit.engine)
        training = grow(dataset, fit)
        trees, standard = engine.trees(training.model), training.model.standard
        problem = dataset.problem(fit.outer, fit.inner)
        leaves = assign(trees, problem)
        found = []
        for value in self.values:
            changed: dict[str, Any] = {self.name: value}
            raw = replace(fit.penalty, **changed).to_raw(standard.units)
            anew = refresh(trees, leaves, problem, raw)
            found.append(
                {
                    "value": value,
                    "loss": float(anew.valid_loss[-1]),
                    "train_loss": float(anew.train_loss[-1]),
                    "size": asdict(anew.trees.size(raw.reg_lambda)),
                }
            )
        content = json.dumps(found).encode()
        return struct.pack("<I", len(content)) + content

    @override
    def decode(self, data: bytes) -> tuple[Refreshed, ...]:
        return tuple(
            Refreshed(
                one["value"], one["loss"], one["train_loss"], TreeSize(**one["size"])
            )
            for one in json.loads(data[4:])
        )


def why_not_split(penalty: Penalty, problem: Problem) -> str | None:
    """Return why leaves are no function of their rows' derivatives and the penalty.

    None where they are, so that the effect can be split.
    """
    if problem.objective.name in ("absolute_error", "quantile"):
        return "the libraries fit quantiles or a smoothed loss"
    if problem.constrained:
        return "monotone columns bound the leaves"
    if penalty.subsample < 1:
        return "rows are sampled"
    if penalty.path_smooth > 0:
        return "path_smooth draws leaves to their parents"
    if penalty.cat_l2 > 0:
        return "leaves of categories have a penalty of their own"
    return None


@dataclass(frozen=True, slots=True)
class MechanismPoint:
    """Effects at one value, by measure, as fold-paired differences to zero penalty.

    ``total`` is the sum of ``shrinkage`` and ``structure`` on every fold.
    """

    value: float
    shrinkage: Mapping[str, Interval]
    structure: Mapping[str, Interval]
    total: Mapping[str, Interval]


@dataclass(frozen=True, slots=True)
class Mechanism:
    """How one penalty of one engine works, point by point."""

    engine: str
    penalty: str
    points: tuple[MechanismPoint, ...]


def mechanism(
    rows: Sequence[PathRow],
    refreshed: Mapping[tuple[int, int], Sequence[Refreshed]],
    test_train_ratio: float,
) -> Mechanism | None:
    """Return both effects of one penalty, None where a fold is missing.

    Parameters
    ----------
    rows : sequence of PathRow
        Of one engine, penalty and anchor, read at ``equal`` rounds.
    refreshed : mapping of (outer, inner) to sequence of Refreshed
        In the order of the path's points from the first positive value on.
    test_train_ratio : float
        Rows that judge over rows that train, in an inner fold.
    """
    at = {(row.point, row.outer_fold, row.inner_fold): row for row in rows}
    folds = sorted({(row.outer_fold, row.inner_fold) for row in rows})
    points = sorted({row.point for row in rows})
    if not set(folds) <= set(refreshed):
        return None
    made = []
    for place, point in enumerate(points[1:]):
        shrinkage, structure = {}, {}
        for measure in MEASURES:
            zero, grown = (
                [_measured(at[p, *fold], measure) for fold in folds]
                for p in (points[0], point)
            )
            anew = [_measured(refreshed[fold][place], measure) for fold in folds]
            shrinkage[measure] = _minus(anew, zero)
            structure[measure] = _minus(grown, anew)
        total = {m: _plus(shrinkage[m], structure[m]) for m in MEASURES}
        intervals = (
            {m: corrected_t(v, test_train_ratio) for m, v in part.items()}
            for part in (shrinkage, structure, total)
        )
        made.append(MechanismPoint(at[point, *folds[0]].value, *intervals))
    first = rows[0]
    return Mechanism(first.engine, first.penalty, tuple(made))


def _measured(record: PathRow | Refreshed, measure: str) -> float:
    name = measure if measure.endswith("norm") else f"n_{measure}"
    value = getattr(record.size, name) if name in SIZES else getattr(record, measure)
    return float(value)


def _minus(a: Iterable[float], b: Iterable[float]) -> list[float]:
    return [one - two for one, two in zip(a, b, strict=True)]


def _plus(a: Iterable[float], b: Iterable[float]) -> list[float]:
    return [one + two for one, two in zip(a, b, strict=True)]
