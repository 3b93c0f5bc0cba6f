"""Whether intervals of changes of loss cover: several methods on several designs.

``python tests/benchmarks/coverage.py --kept FOLDER`` measures what the folder lacks, a
file per replicate, and writes ``coverage.md`` beside this file: about an hour of one
core. ``--table`` writes the table from what is there.

Each replicate draws a table and does what a study does with it: a search within each of
5 outer folds, three times, by the package's own ``Tuning`` on its own folds, and the
best candidate refitted. Beside it stand the unpenalised trial, a linear model and the
mean, so that there are four comparisons. The truth is the ratio of mean losses over
training tables of the outer training size, each drawn anew and judged on new rows.
"""

import json
import math
import os
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import numpy as np
from designs import DESIGNS, Array, Design
from scipy.stats import t
from sklearn.linear_model import LogisticRegression, Ridge
from sources import versions

from boostreg.changes import Judges, change_of_loss
from boostreg.data import Table
from boostreg.data.folds import Fold, Splits, make_folds
from boostreg.engines import get_engine
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import Fit, FitResult, derive_seed, grow
from boostreg.penalty import parse_space
from boostreg.trees import SizeCurves
from boostreg.tuning import FitSettings, Proposer, Tuning

REPLICATES, TRUTHS, JUDGES = 150, 150, 5_000
OUTER, REPEATS, INNER, TRIALS, ROUNDS, PATIENCE, RATE = 5, 3, 2, 4, 20, 5, 0.3
MODELS = ("tuned", "unpenalised", "linear", "mean")
PAIRS = ((0, 1), (0, 2), (0, 3), (2, 3))
METHODS = ("corrected t", "naive t", "rows", "undivided", "boostreg")

PAGE = """# Intervals of the change of loss between two models

`python tests/benchmarks/coverage.py --kept FOLDER`

{versions}.

Tuned: {trials} trials of space `default` by {inner} inner folds, up to {rounds} rounds
at learning_rate {rate}. Unpenalised, linear (ridge or logistic regression) and mean
beside it, four comparisons per design. {n} replicates, {truths} tables for the truth.
*Covers*: the share of 95% intervals on the log ratio that hold the truth, mean and
minimum over the comparisons; *width*: median, relative to the corrected t on 5 folds.
With so many replicates a share of 95% has a standard error of {error:.1f} points.

- *corrected t*: Nadeau and Bengio on the folds' log ratios; the Bayesian correlated t
  of Benavoli et al. (2017) has the same interval.
- *naive t*: the same without the correction for shared training rows.
- *rows*: the central limit theorem for cross-validation (Bayle et al. 2020).
- *undivided*: rows, and what one fold's training rows add, not divided by folds.
- *boostreg*: `boostreg.changes`, rows and what other training rows add to the mean.

{table}
"""


def measured(dataset: Dataset, fit: Fit) -> FitResult:
    """Return the curves of a fit, as ``run_fit`` does, with sizes of 0."""
    training = grow(dataset, fit)
    nothing = np.zeros(len(training.train_loss))
    return FitResult(
        valid_loss=training.valid_loss,
        train_loss=training.train_loss,
        sizes=SizeCurves(*[nothing] * len(fields(SizeCurves))),
        row_losses=np.empty(0),
        exhausted=training.exhausted,
        seconds=0.0,
        library_seconds=0.0,
    )


def row_losses(dataset: Dataset, design: Design, outer: int, seed: int) -> Array:
    """Return the losses of each model on the test rows of an outer fold."""
    engine = get_engine(design.engine)
    tuning = Tuning(
        outer=outer,
        proposers={
            design.engine: Proposer(
                space=parse_space("default").for_engine(design.engine),
                fixed={"learning_rate": RATE},
                seed=derive_seed(seed, "search", design.engine, outer),
                n_trials=TRIALS,
            )
        },
        limits=FitSettings(
            n_inner=INNER, n_rounds=ROUNDS, patience=PATIENCE, seed=seed
        ),
        racing="moderated",
    )
    while not tuning.done:
        for fit in tuning.ready():
            tuning.receive(fit, measured(dataset, fit))
    best, first = tuning.selection.best, tuning.trials[0]
    fold = dataset.splits.outer[outer]
    train, test = (dataset.table.rows(rows) for rows in (fold.train, fold.test))
    raws = []
    for penalty, n_rounds in (
        (tuning.trials[best.trial].penalty, best.n_rounds),
        (first.penalty, first.n_rounds),
    ):
        refit = Fit(
            outer=outer,
            inner=None,
            engine=design.engine,
            penalty=penalty,
            n_rounds=n_rounds,
            patience=None,
            seed=0,
        )
        raws.append(engine.predict(grow(dataset, refit).model, test.X))
    mean = train.y.mean()
    if design.classes:
        linear = LogisticRegression().fit(train.X, train.y).decision_function(test.X)
        mean = math.log(mean / (1 - mean))
    else:
        linear = Ridge().fit(train.X, train.y).predict(test.X)
    raws += [linear[:, None], np.full((len(test.y), 1), mean)]
    return np.array([dataset.objective.row_losses(test.y, raw) for raw in raws])


def study(design: Design, seed: int, path: Path) -> None:
    """Write the row losses of one replicate, and the rows of its folds."""
    table = design.table(design.n_samples, np.random.default_rng([seed, 0]))
    rows = np.arange(table.n_samples)
    outer = make_folds(table, rows, folds=OUTER, repeats=REPEATS, seed=seed)
    dataset = folded(table, outer, design, seed)
    losses = [row_losses(dataset, design, k, seed) for k in range(len(outer))]
    np.savez(
        path.with_suffix(".part.npz"),
        losses=np.concatenate(losses, axis=1),
        rows=np.concatenate([fold.test for fold in outer]),
        sizes=np.array([len(fold.test) for fold in outer]),
    )
    path.with_suffix(".part.npz").replace(path)


def truth(design: Design, seed: int, path: Path) -> None:
    """Write the mean losses on new rows after training on one new table."""
    n_train = design.n_samples * (OUTER - 1) // OUTER
    table = design.table(n_train + JUDGES, np.random.default_rng([seed, 1]))
    rows = np.arange(table.n_samples)
    dataset = folded(table, (Fold(rows[:n_train], rows[n_train:]),), design, seed)
    means = row_losses(dataset, design, 0, seed).mean(axis=1)
    path.write_text(json.dumps(means.tolist()))


def folded(table: Table, outer: Sequence[Fold], design: Design, seed: int) -> Dataset:
    """Return a table with outer folds, and inner folds of each."""
    inner = {
        k: make_folds(table, fold.train, folds=INNER, seed=seed)
        for k, fold in enumerate(outer)
    }
    splits = Splits(table.n_samples, tuple(outer), {None: inner[0], **inner})
    return Dataset(table, splits, design.objective)


def measure(folder: Path) -> None:
    """Measure the replicates that the folder lacks."""
    os.environ["OMP_NUM_THREADS"] = "1"
    with ProcessPoolExecutor(2) as pool:
        jobs = []
        for seed in range(max(REPLICATES, TRUTHS)):
            for design in DESIGNS:
                place = folder_of(folder, design)
                place.mkdir(parents=True, exist_ok=True)
                for run, path, number in (
                    (study, place / f"five-{seed:04d}.npz", REPLICATES),
                    (truth, place / f"truth80-{seed:04d}.json", TRUTHS),
                ):
                    if seed < number and not path.exists():
                        jobs.append(pool.submit(run, design, seed, path))
        for job in jobs:
            job.result()


def folder_of(folder: Path, design: Design) -> Path:
    """Return the folder of a design's replicates."""
    return folder / design.name.replace(" ", "-").replace(",", "")


def intervals(
    losses: Sequence[Array], rows: Sequence[Array], pair: tuple[int, int], repeats: int
) -> dict[str, tuple[float, float]]:
    """Return the centre and half width of each method, on the log ratio."""
    a, b = ([fold[k] for fold in losses] for k in pair)
    judges = Judges(tuple(rows), (None,) * len(rows), repeats=repeats)
    logs = np.log([x.mean() / y.mean() for x, y in zip(a, b, strict=True)])
    n, spread = len(logs), float(np.var(logs, ddof=1))
    reach = float(t.ppf(0.975, n - 1))
    one = change_of_loss(a, b, judges)
    ends = [math.log1p(end) for end in (one.estimate, one.low, one.high)]
    theta = ends[0]
    # The delta method: what each row adds to the log ratio of mean losses.
    added = [
        (x / np.mean([v.mean() for v in a]) - y / np.mean([v.mean() for v in b]))
        / (len(x) * n)
        for x, y in zip(a, b, strict=True)
    ]
    parts = np.bincount(np.concatenate(rows), weights=np.concatenate(added))
    by_rows = math.sqrt(len(parts) / (len(parts) - 1) * float(np.sum(parts**2)))
    half = (ends[2] - ends[1]) / 2
    # What one fold's training rows add, as if a mean over folds had the same.
    reach_by_rows = float(t.ppf(0.975, len(parts) - 1))
    training = max((half / reach_by_rows) ** 2 - by_rows**2, 0.0)
    undivided = math.sqrt(by_rows**2 + training / (1 / OUTER + judges.ratio))
    return {
        "corrected t": (
            float(logs.mean()),
            reach * math.sqrt((1 / n + 1 / (OUTER - 1)) * spread),
        ),
        "naive t": (float(logs.mean()), reach * math.sqrt(spread / n)),
        "rows": (theta, reach_by_rows * by_rows),
        "undivided": (theta, reach_by_rows * undivided),
        "boostreg": (theta, half),
    }


def lines(folder: Path) -> Iterator[str]:
    """Yield the rows of the table."""
    yield (
        "| design | rows | replicates | folds | "
        + " | ".join(f"{name} covers | width" for name in METHODS)
        + " |"
    )
    yield "|---" * (4 + 2 * len(METHODS)) + "|"
    for design in DESIGNS:
        place = folder_of(folder, design)
        kept = sorted(place.glob("five-????.npz"))[:REPLICATES]
        truths = np.array(
            [json.loads(path.read_text()) for path in sorted(place.glob("truth80-*"))]
        ).mean(axis=0)
        found: dict[tuple[str, int], list[tuple[float, float]]] = {}
        for pair in PAIRS:
            true = math.log(truths[pair[0]] / truths[pair[1]])
            for key, (covered, width) in covering(kept, pair, true).items():
                found.setdefault(key, []).append((covered, width))
        base = [width for _, width in found["corrected t", 1]]
        for repeats, folds in ((1, "5"), (REPEATS, f"5 x {REPEATS}")):
            cells = []
            for name in METHODS:
                shares = [covered for covered, _ in found[name, repeats]]
                ratios = [
                    width / whole
                    for (_, width), whole in zip(
                        found[name, repeats], base, strict=True
                    )
                ]
                cells.append(
                    f"{np.mean(shares):.1%} (min {min(shares):.1%}) | "
                    f"{np.mean(ratios):.2f}"
                )
            yield (
                f"| {design.name} | {design.n_samples} | {len(kept)} | {folds} | "
                f"{' | '.join(cells)} |"
            )


def covering(
    kept: Sequence[Path], pair: tuple[int, int], true: float
) -> Mapping[tuple[str, int], tuple[float, float]]:
    """Return how often intervals cover and their width, by method and repeats."""
    made: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for path in kept:
        with np.load(path) as file:
            ends = [0, *np.cumsum(file["sizes"])]
            losses = [file["losses"][:, a:b] for a, b in pairwise(ends)]
            rows = [file["rows"][a:b] for a, b in pairwise(ends)]
        for repeats in (1, REPEATS):
            n = OUTER * repeats
            found = intervals(losses[:n], rows[:n], pair, repeats)
            for name, interval in found.items():
                made.setdefault((name, repeats), []).append(interval)
    return {
        key: (
            float(np.mean([abs(centre - true) <= half for centre, half in each])),
            float(np.median([2 * half for _, half in each])),
        )
        for key, each in made.items()
    }


def main() -> None:
    """Measure what is missing, and write the page."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--kept", type=Path, required=True, help="folder of replicates")
    parser.add_argument("--table", action="store_true", help="measure nothing")
    asked = parser.parse_args()
    if not asked.table:
        measure(asked.kept)
    n = min(len(list(folder_of(asked.kept, d).glob("five-????.npz"))) for d in DESIGNS)
    page = PAGE.format(
        versions=versions(),
        trials=TRIALS,
        inner=INNER,
        rounds=ROUNDS,
        rate=RATE,
        n=n,
        truths=TRUTHS,
        error=100 * math.sqrt(0.95 * 0.05 / n),
        table="\n".join(lines(asked.kept)),
    )
    Path(__file__).with_suffix(".md").write_text(page, "utf-8")
    print(page)  # noqa: T201  # a script talks


if __name__ == "__main__":
    main()
