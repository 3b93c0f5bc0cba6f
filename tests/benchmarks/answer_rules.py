"""Whether the rules of the answer are right, on cheap procedures in place of ensembles.

``python tests/benchmarks/answer_rules.py --work FOLDER --minutes M`` adds runs until so
many minutes have passed or each design has ``RUNS``, and writes ``answer_rules.md``
next to this file. ``--table`` runs nothing. A run takes about a tenth of a second.

``truths.py`` runs whole studies, of which each takes seconds. Here an "engine" is ridge
regression on random steps, which are products of one or two indicators of a column
above a threshold: unstable, as trees are. It is searched by inner folds within the
default outer folds; comparisons, decision and words are those of the package. Classes
are predicted by squared error.
"""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from designs import Array, Design
from truths import FRESH, RUNS, run_benchmark

from boostreg.changes import TOLERANCE, Judges
from boostreg.data import Table
from boostreg.data.folds import make_folds
from boostreg.report.comparisons import (
    Judged,
    compare_all,
    comparison_data,
    lead_engine,
)
from boostreg.report.decision import _questions, decide
from boostreg.report.records import RunRecord

MORE, CANDIDATES, INNER = 3, 6, 2
STEPS, DEFAULT = 60, (60, 1.0)
UNPENALISED = (STEPS, 1e-3)
RIDGES = tuple(10.0**power for power in range(-2, 5))

TEXT = f"""# The rules of the answer on planted truths

`python tests/benchmarks/answer_rules.py --work FOLDER`

{{versions}}.
An "engine" is ridge regression on up to {STEPS} random steps of one or two columns, its
number of steps and its penalty chosen among {CANDIDATES + 1} by {INNER} inner folds;
5 outer folds 3 times; {{seconds:.2f}} s of one core per run. Comparisons, decision and
words are those of the package. Steps are drawn anew for each fit, so these engines are
less stable than trees, and fewer words are settled than in studies. Designs are named
for what is planted for trees: here one penalty does not act alone, and the linear model
is not 2 % worse.
"""

Setting = tuple[int, float]
"""Number of steps or columns, and the penalty."""

Predictions = Callable[[Array, Array, Array, Sequence[Setting]], list[Array]]
"""Of new rows by setting, from training rows and their target."""


@dataclass(frozen=True)
class Steps:
    """Random steps: two columns and two thresholds each."""

    columns: Array
    thresholds: Array

    @classmethod
    def drawn(cls, X: Array, rng: np.random.Generator) -> "Steps":
        """Return steps at values of the training rows; half of them in one column."""
        columns = rng.integers(X.shape[1], size=(2, STEPS))
        thresholds = X[rng.integers(len(X), size=(2, STEPS)), columns]
        thresholds[1, rng.random(STEPS) < 0.5] = -math.inf
        return cls(columns, thresholds)

    def of(self, X: Array) -> Array:
        """Return the steps of rows."""
        above = [
            X[:, c] >= t for c, t in zip(self.columns, self.thresholds, strict=True)
        ]
        return (above[0] & above[1]).astype(np.float64)


def ridge(
    features: Array, y: Array, new: Array, settings: Sequence[Setting]
) -> list[Array]:
    """Return the predictions of ridge regression on new features, by setting.

    A setting takes the first columns; the intercept has no penalty.
    """
    middle, mean = features.mean(axis=0), y.mean()
    x, judged = features - middle, new - middle
    gram, right, one = x.T @ x, x.T @ (y - mean), np.eye(x.shape[1])
    return [
        mean
        + judged[:, :n]
        @ np.linalg.solve(gram[:n, :n] + penalty * one[:n, :n], right[:n])
        for n, penalty in settings
    ]


@dataclass(frozen=True)
class Part:
    """Training rows with their inner folds, and rows that judge."""

    X: Array
    y: Array
    inner: Sequence[tuple[Array, Array]]
    judging: Array
    judging_y: Array

    def losses(
        self, make: Predictions, settings: Sequence[Setting]
    ) -> tuple[Array, dict[Setting, Array]]:
        """Return inner losses by setting and fold, and losses of rows that judge."""
        inner = np.array(
            [
                [
                    np.mean((self.y[test] - guess) ** 2)
                    for guess in make(
                        self.X[train], self.y[train], self.X[test], settings
                    )
                ]
                for train, test in self.inner
            ]
        ).T
        guesses = make(self.X, self.y, self.judging, settings)
        found = {
            one: (self.judging_y - guess) ** 2
            for one, guess in zip(settings, guesses, strict=True)
        }
        return inner, found


def baselines(part: Part) -> dict[str, tuple[float, Array]]:
    """Return inner loss and row losses of ridge and the mean."""
    settings = [(part.X.shape[1], penalty) for penalty in RIDGES]
    inner, found = part.losses(ridge, settings)
    best = int(np.argmin(inner.mean(axis=1)))
    mean = (part.judging_y - part.y.mean()) ** 2
    return {
        "mean": (float(np.var(part.y)), mean),
        "ridge": (float(inner[best].mean()), found[settings[best]]),
    }


def searched(
    part: Part, rng: np.random.Generator
) -> tuple[float, dict[str, tuple[float, Array]]]:
    """Return the inner loss of the best, and leaves and row losses of each model."""
    drawn = [
        (int(STEPS * 2.0 ** -rng.uniform(0, 3)), 10.0 ** rng.uniform(-2, 2))
        for _ in range(CANDIDATES)
    ]
    settings: list[Setting] = [UNPENALISED, *drawn, DEFAULT]
    steps = Steps.drawn(part.X, rng)

    def make(X: Array, y: Array, new: Array, wanted: Sequence[Setting]) -> list[Array]:
        return ridge(steps.of(X), y, steps.of(new), wanted)

    inner, found = part.losses(make, settings)
    tried = inner[:-1]
    best = int(np.argmin(tried.mean(axis=1)))
    above = tried - tried[best]
    error = above.std(axis=1, ddof=1) / math.sqrt(INNER)
    admitted = np.flatnonzero(above.mean(axis=1) <= error)
    small = min(admitted, key=lambda k: settings[k])
    picks = {
        "best": settings[best],
        "one_se": settings[small],
        "unpenalised": UNPENALISED,
        "default": DEFAULT,
    }
    models = {name: (2.0 * one[0], found[one]) for name, one in picks.items()}
    return float(tried[best].mean()), models


def part_of(
    table: Table, train: Array, features: Array, target: Array, seed: int
) -> Part:
    """Return training rows of a table with inner folds, and rows that judge."""
    place = np.random.default_rng([seed, 2]).permutation(len(train)) % INNER
    inner = [
        (np.flatnonzero(place != k), np.flatnonzero(place == k)) for k in range(INNER)
    ]
    return Part(table.X[train], table.y[train], inner, features, target)


Measured = tuple[dict[str, Any], dict[str, Any]]
"""Engines, and baselines."""


def measured(design: Design, part: Part, seed: Sequence[int]) -> Measured:
    """Return the search of each engine, and the baselines, on one part."""
    engines = {
        engine: searched(part, np.random.default_rng([*seed, number]))
        for number, engine in enumerate((design.engine, *design.rivals))
    }
    return engines, baselines(part)


def delivered(design: Design, seed: int) -> tuple[Table, Measured, dict[str, float]]:
    """Return a table, what is searched on all its rows, and losses on fresh rows."""
    table = design.table(design.n_samples, np.random.default_rng(seed))
    fresh = design.table(FRESH, np.random.default_rng([seed, 1]))
    whole = part_of(table, np.arange(table.n_samples), fresh.X, fresh.y, seed)
    found = measured(design, whole, (seed, 3))
    engines, simple = found
    losses = {name: float(rows.mean()) for name, (_, rows) in simple.items()}
    for engine, (_, models) in engines.items():
        for model, (_, rows) in models.items():
            losses[f"{engine} {model}"] = float(rows.mean())
    return table, found, losses


def judged_by(folds: Sequence[Measured]) -> dict[str, Judged]:
    """Return every model with its losses on the test rows of the outer folds."""
    rows: dict[str, list[Array]] = defaultdict(list)
    for engines, simple in folds:
        for engine, (_, models) in engines.items():
            for model, (_, losses) in models.items():
                rows[f"{engine} {model}"].append(losses)
        for name, (_, losses) in simple.items():
            rows[name].append(losses)
    return {
        name: Judged(np.array([one.mean() for one in losses]), tuple(losses))
        for name, losses in rows.items()
    }


def recorded(
    folds: Sequence[Measured], final: Measured, judges: Judges
) -> SimpleNamespace:
    """Return what the answer reads of a record."""
    engines, simple = final

    def model(engine: str, name: str) -> Iterator[SimpleNamespace]:
        for found, _ in folds:
            leaves, _ = found[engine][1][name]
            yield SimpleNamespace(size=SimpleNamespace(n_leaves=leaves))

    return SimpleNamespace(
        engines={
            engine: SimpleNamespace(
                name=engine,
                outer={name: list(model(engine, name)) for name in models},
                tuned={None: _selected(loss)},
            )
            for engine, (loss, models) in engines.items()
        },
        baselines={
            name: {None: SimpleNamespace(is_linear=True, inner_loss=loss)}
            for name, (loss, _) in simple.items()
        },
        judges=judges,
        tolerance=TOLERANCE,
    )


def _selected(loss: float) -> SimpleNamespace:
    return SimpleNamespace(selection=SimpleNamespace(best=SimpleNamespace(loss=loss)))


def study(design: Design, seed: int) -> dict[str, Any]:
    """Return what the package answers, and what the models lose on fresh rows."""
    started = time.process_time()
    table, final, losses = delivered(design, seed)
    outer = make_folds(table, np.arange(table.n_samples), folds=5, repeats=3, seed=seed)
    folds = [
        measured(
            design,
            part_of(table, fold.train, table.X[fold.test], table.y[fold.test], seed),
            (seed, 4, number),
        )
        for number, fold in enumerate(outer)
    ]
    rows = tuple(fold.test for fold in outer)
    judges = Judges(rows, (None,) * len(rows), repeats=3)
    record = cast("RunRecord", recorded(folds, final, judges))
    compared = compare_all(record, judged_by(folds))
    pairs = {(one.a, one.b): one for one in compared}
    decision = decide(record, pairs)
    bests = {f"{engine} best" for engine in record.engines}
    return {
        "answer": {
            "kind": decision.kind,
            "use": decision.use,
            "lead": lead_engine(record).name,
            "tolerance": TOLERANCE,
            "questions": list(_questions(record, pairs, decision)),
        },
        "engines": [
            comparison_data(one) for one in compared if {one.a, one.b} <= bests
        ],
        "penalties": {},
        "losses": losses,
        "effects": {},
        "seconds": time.process_time() - started,
    }


def more(design: Design, seed: int) -> Mapping[str, Any]:
    """Return the fresh losses of the models that another table delivers."""
    return {"losses": delivered(design, seed)[2]}


if __name__ == "__main__":
    target = Path(__file__).with_suffix(".md")
    run_benchmark(target, (study, more), (RUNS, MORE), TEXT, minutes=10)
