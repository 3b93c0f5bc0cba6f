"""Models compared on the test rows of the same outer folds, by changes of loss."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from boostreg.arrays import Array
from boostreg.baselines import BaselineResult
from boostreg.changes import Judges, LossChange, Word, simultaneous_changes
from boostreg.effects.effects import paired_ratio
from boostreg.report.parts import ComparisonData
from boostreg.report.records import EngineRecord, RunRecord
from boostreg.report.results import DifferenceData, RatioData
from boostreg.report.wording import format_change
from boostreg.statistics import Interval

__all__ = [
    "ENSEMBLES", "PICKED", "Comparison", "Judged", "best_linear", "best_network",
    "compare_all", "comparison_data", "interval_data", "judged_models", "lead_engine",
    "outer_leaves", "outer_results", "sizes_data",
]  # fmt: skip

PICKED = ("best", "one_se")
ENSEMBLES = ("best", "one_se", "default", "unpenalised")
"""Models of each engine that the outer folds judge; the first two are tuned."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A model, or the procedure that makes it, on every outer fold."""

    losses: Array
    row_losses: tuple[Array, ...]
    raw: tuple[Array, ...] = ()
    """Raw scores of the test rows, by outer fold."""

    def interval(self, judges: Judges) -> Interval:
        """Return its mean outer loss with a 95 % interval, no end of which is below 0.

        It is the change from a model whose loss is 1 on every row.
        """
        one = tuple(np.ones(len(rows)) for rows in self.row_losses)
        (found,) = simultaneous_changes([(self.row_losses, one)], judges)
        return Interval(
            judges.mean_loss(self.row_losses),
            found.low + 1,
            found.high + 1,
            float("nan"),
            judges.n,
            found.method,
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """The change of loss from model ``b`` to model ``a``.

    ``family`` is the number of comparisons whose intervals hold together, this one
    included; the words are read off the interval.
    """

    a: str
    b: str
    change: LossChange
    tolerance: float
    n: int
    family: int = 1

    @property
    def word(self) -> Word:
        """What the interval shows."""
        return self.change.word(self.tolerance)

    @property
    def is_as_good(self) -> bool:
        """Whether ``a`` is shown to be as good as ``b``, or better."""
        return self.word in ("better", "same", "as good")

    @property
    def reversed(self) -> "Comparison":
        """The change from ``a`` to ``b``."""
        old = self.change
        estimate, low, high = (
            _inverse(end) for end in (old.estimate, old.high, old.low)
        )
        change = LossChange(estimate, low, high, old.method)
        return replace(self, a=self.b, b=self.a, change=change)

    @property
    def estimate(self) -> str:
        """The change in words."""
        return format_change(self.change.estimate)

    @property
    def ends(self) -> str:
        """The interval in words."""
        if not self.change.exists:
            return "no interval"
        low, high = map(format_change, (self.change.low, self.change.high))
        return f"95% CI {low} to {high}"

    def clause(self, a: str, b: str) -> str:
        """Return the verdict in words, with names for the two models."""
        return {
            "better": f"{a} is better than {b}",
            "worse": f"{a} is worse than {b}",
            "same": f"{a} and {b} have the same loss within "
            f"{format_change(self.tolerance).removeprefix('+')}",
            "as good": f"{a} is as good as {b}",
            "not settled": f"not settled between {a} and {b}",
        }[self.word]


def _inverse(change: float) -> float:
    return 1 / (1 + change) - 1 if change > -1 else math.nan


def judged_models(record: RunRecord) -> dict[str, Judged]:
    """Return every model that was judged on the outer folds, by name."""
    judged = {}
    for engine in record.engines.values():
        for model in ENSEMBLES:
            folds = engine.outer[model]
            losses, rows = [f.loss for f in folds], tuple(f.row_losses for f in folds)
            raw = tuple(fold.raw for fold in folds)
            judged[f"{engine.name} {model}"] = Judged(np.array(losses), rows, raw)
    for name, by_fold in record.baselines.items():
        found = outer_results(by_fold)
        rows = tuple(result.test_rows_losses for result in found)
        losses = [result.test_loss for result in found]
        raw = tuple(result.test_raw for result in found)
        judged[name] = Judged(np.array(losses), rows, raw)
    return judged


def outer_results(by_fold: Mapping[int | None, BaselineResult]) -> list[BaselineResult]:
    """Return the results of a baseline on the outer folds, in their order."""
    return [by_fold[fold] for fold in sorted(f for f in by_fold if f is not None)]


def lead_engine(record: RunRecord) -> EngineRecord:
    """Return the engine whose ``best`` has the lowest inner loss on all rows.

    Outer rows do not influence the choice, so its outer loss is not biased by it.
    """
    return min(record.engines.values(), key=lambda e: e.tuned[None].selection.best.loss)


def outer_leaves(engine: EngineRecord, model: str) -> float:
    """Return the mean number of leaves of a model over the outer folds."""
    folds = engine.outer[model]
    return sum(fold.size.n_leaves for fold in folds) / len(folds)


def best_linear(record: RunRecord) -> str | None:
    """Return the linear model with the lowest inner loss on all rows, if any."""
    return _best_baseline(record, linear=True)


def best_network(record: RunRecord) -> str | None:
    """Return the network with the lowest inner loss on all rows, if any."""
    return _best_baseline(record, linear=False)


def _best_baseline(record: RunRecord, *, linear: bool) -> str | None:
    final = {
        name: found[None]
        for name, found in record.baselines.items()
        if name != "mean" and found[None].is_linear == linear
    }
    return min(final, key=lambda name: final[name].inner_loss, default=None)


Pair = tuple[str, str]


def compare_all(
    record: RunRecord, judged: Mapping[str, Judged]
) -> tuple[Comparison, ...]:
    """Return the comparisons that a report makes, in a fixed order."""
    judges, n = record.judges, record.judges.n
    made = []
    for family in _families(record):
        pairs = [(judged[a].row_losses, judged[b].row_losses) for a, b in family]
        found = simultaneous_changes(pairs, judges)
        made += [
            Comparison(a, b, change, record.tolerance, n, len(family))
            for (a, b), change in zip(family, found, strict=True)
        ]
    return tuple(made)


def _families(record: RunRecord) -> Iterator[Sequence[Pair]]:
    """Yield the pairs that one sentence speaks of; their intervals hold together.

    A pair alone is one of a chain of tests of which each needs the one before, or of
    which all must agree, or it is descriptive.
    """
    engines, lead = list(record.engines), lead_engine(record).name
    linear, network = best_linear(record), best_network(record)
    simple = [name for name in (linear, network) if name]
    if "mean" in record.baselines:
        best = [f"{engine} best" for engine in engines]
        yield [(model, "mean") for model in (*best, *simple[:1])]
    for a, b in (
        ("best", "unpenalised"), ("best", "default"), ("unpenalised", "default"),
        ("one_se", "default"),
    ):  # fmt: skip
        yield [(f"{engine} {a}", f"{engine} {b}") for engine in engines]
    rivals = [f"{e} {model}" for e in engines for model in (*PICKED, "default")]
    alone = [(name, rival) for name in simple for rival in rivals]
    if linear and network:
        alone.append((network, linear))
    alone += [(f"{engine} one_se", f"{engine} best") for engine in engines]
    yield from ([pair] for pair in alone)
    if others := [engine for engine in engines if engine != lead]:
        # One sentence compares the engines.
        yield [(f"{engine} best", f"{lead} best") for engine in others]
    yield from ([(f"{engine} one_se", f"{lead} best")] for engine in others)


def interval_data(interval: Interval) -> DifferenceData:
    """Return an interval as ``results.json`` holds it."""
    return {
        "difference": interval.estimate,
        "low": interval.low,
        "high": interval.high,
        "p": interval.p_value,
        "n": interval.n,
        "method": interval.method,
    }


def comparison_data(one: Comparison) -> ComparisonData:
    """Return a comparison as ``results.json`` holds it."""
    return {
        "a": one.a,
        "b": one.b,
        "change": one.change.estimate,
        "low": one.change.low,
        "high": one.change.high,
        "n": one.n,
        "method": one.change.method,
        "family": one.family,
        "word": one.word,
    }


def sizes_data(record: RunRecord) -> list[RatioData]:
    """Return the ratios of leaves: tuned to default, small to best, between engines."""
    names = list(record.engines)
    pairs = []
    for engine in names:
        pairs.append((f"{engine} best", f"{engine} default"))
        pairs.append((f"{engine} one_se", f"{engine} default"))
        pairs.append((f"{engine} one_se", f"{engine} best"))
    pairs += [
        (f"{b} {pick}", f"{a} {pick}")
        for i, a in enumerate(names)
        for b in names[i + 1 :]
        for pick in ("best", "one_se")
    ]
    leaves = {
        f"{engine.name} {model}": np.array([float(f.size.n_leaves) for f in folds])
        for engine in record.engines.values()
        for model, folds in engine.outer.items()
    }
    ratios: list[RatioData] = []
    for a, b in pairs:
        found = paired_ratio(leaves[a], leaves[b], record.outer_ratio)
        with np.errstate(divide="ignore", invalid="ignore"):
            folds = leaves[a] / leaves[b]
        ratios.append(
            {
                "a": a,
                "b": b,
                "ratio": found.estimate,
                "low": found.low,
                "high": found.high,
                "folds": folds.tolist(),
                "method": found.method,
            }
        )
    return ratios
