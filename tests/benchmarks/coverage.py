"""Whether intervals of changes of loss cover: several methods on several designs.

``python tests/benchmarks/coverage.py --kept FOLDER`` measures what the folder lacks, a
file per replicate, and writes ``coverage.md`` beside this file: about an hour of one
core. ``--table`` writes the table from what is there.

Each replicate draws a table and does what a study does with it: a search within each of
5 outer folds, three times, by the package's own ``Tuning`` on its own folds, and the
best candidate refitted. Beside it stand the unpenalised trial, a linear model and the
mean, so that there are four comparisons. The truth is the ratio of mean losses over
training tables of the outer training size, each drawn anew and judged on new rows.
10 folds, and the searches without two folds that nested cross-validation needs, are
measured for the first replicates.
"""

import json
import math
import os
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields
from itertools import combinations, pairwise
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
TEN, NESTED = 10, 13
"""Folds of the second scheme, and replicates of it and of nested cross-validation."""
OUTER, REPEATS, INNER, TRIALS, ROUNDS, PATIENCE, RATE = 5, 3, 2, 4, 20, 5, 0.3
MODELS = ("tuned", "unpenalised", "linear", "mean")
PAIRS = ((0, 1), (0, 2), (0, 3), (2, 3))
METHODS = ("corrected t", "naive t", "rows", "undivided", "boostreg")
MORE = ("corrected t", "rows", "boostreg", "nested")

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
- *nested*: nested cross-validation (Bates, Hastie and Tibshirani 2021, algorithm 1) on
  the 5 folds of each repeat; its width around the estimate of the folds, because the
  statement is about models of this training size.

{table}

## 10 folds, and nested cross-validation

The first {few} replicates; a share of 95 % has a standard error of {few_error:.1f}
points. Width: relative to the corrected t on 5 folds, as above. *Searches*: of one
study, relative to 5 folds. The truth for 10 folds is about models trained on 90 % of
the rows.

{more}
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
    table = drawn(design, seed)
    write_losses(design, seed, table, five_folds(table, seed), path)


def drawn(design: Design, seed: int) -> Table:
    """Return the table of a replicate."""
    return design.table(design.n_samples, np.random.default_rng([seed, 0]))


def five_folds(table: Table, seed: int) -> Sequence[Fold]:
    """Return the outer folds of a replicate, repeat after repeat."""
    rows = np.arange(table.n_samples)
    return make_folds(table, rows, folds=OUTER, repeats=REPEATS, seed=seed)


def ten(design: Design, seed: int, path: Path) -> None:
    """Write the row losses on 10 folds."""
    table = drawn(design, seed)
    folds = make_folds(table, np.arange(table.n_samples), folds=TEN, seed=seed)
    write_losses(design, seed, table, folds, path)


def without_two(design: Design, seed: int, path: Path) -> None:
    """Write the row losses of models trained without two of the 5 folds, by pair."""
    table = drawn(design, seed)
    whole, folds = np.arange(table.n_samples), five_folds(table, seed)
    pairs = []
    for repeat in range(REPEATS):
        of_repeat = folds[repeat * OUTER : (repeat + 1) * OUTER]
        for one, other in combinations(of_repeat, 2):
            test = np.concatenate([one.test, other.test])
            pairs.append(Fold(np.setdiff1d(whole, test), test))
    write_losses(design, seed, table, pairs, path)


def write_losses(
    design: Design, seed: int, table: Table, outer: Sequence[Fold], path: Path
) -> None:
    """Write the row losses of all models on the test rows of outer folds."""
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
    """Write the mean losses on new rows after training on one new table.

    Its size is that of the training rows of 5 folds, or of 10 folds.
    """
    folds = TEN if path.name.startswith("truth90") else OUTER
    n_train = design.n_samples * (folds - 1) // folds
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
                    (truth, place / f"truth90-{seed:04d}.json", TRUTHS),
                    (ten, place / f"ten-{seed:04d}.npz", NESTED),
                    (without_two, place / f"without-{seed:04d}.npz", NESTED),
                ):
                    if seed < number and not path.exists():
                        jobs.append(pool.submit(run, design, seed, path))
        for job in jobs:
            job.result()


def folder_of(folder: Path, design: Design) -> Path:
    """Return the folder of a design's replicates."""
    return folder / design.name.replace(" ", "-").replace(",", "")


def intervals(
    losses: Sequence[Array],
    rows: Sequence[Array],
    pair: tuple[int, int],
    repeats: int,
    folds: int = OUTER,
) -> dict[str, tuple[float, float]]:
    """Return the centre and half width of each method, on the log ratio."""
    a, b = ([fold[k] for fold in losses] for k in pair)
    ratio = 1 / (folds - 1)
    judges = Judges(tuple(rows), (None,) * len(rows), ratio=ratio, repeats=repeats)
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
    undivided = math.sqrt(by_rows**2 + training / (1 / folds + ratio))
    return {
        "corrected t": (
            float(logs.mean()),
            reach * math.sqrt((1 / n + ratio) * spread),
        ),
        "naive t": (float(logs.mean()), reach * math.sqrt(spread / n)),
        "rows": (theta, reach_by_rows * by_rows),
        "undivided": (theta, reach_by_rows * undivided),
        "boostreg": (theta, half),
    }


def head(facts: Sequence[str], methods: Sequence[str]) -> Iterator[str]:
    """Yield the first two rows of a table: facts, then two columns per method."""
    columns = [*facts]
    for name in methods:
        columns += [f"{name} covers", "width"]
    yield f"| {' | '.join(columns)} |"
    yield "|---" * len(columns) + "|"


def lines(folder: Path) -> Iterator[str]:
    """Yield the rows of the table."""
    yield from head(("design", "rows", "replicates", "folds"), METHODS)
    for design in DESIGNS:
        place = folder_of(folder, design)
        kept = sorted(place.glob("five-????.npz"))[:REPLICATES]
        truths = true_losses(place, "truth80")
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


def true_losses(place: Path, name: str) -> Array:
    """Return the mean loss of each model over all tables for the truth."""
    paths = sorted(place.glob(f"{name}-*.json"))
    losses = [json.loads(path.read_text()) for path in paths]
    return np.array(losses, dtype=np.float64).mean(axis=0)


def split_losses(path: Path) -> tuple[list[Array], list[Array]]:
    """Return the losses, of shape (n_models, n_rows), and rows of each fold."""
    with np.load(path) as file:
        ends = [0, *np.cumsum(file["sizes"])]
        losses = [file["losses"][:, a:b] for a, b in pairwise(ends)]
        rows = [file["rows"][a:b] for a, b in pairwise(ends)]
    return losses, rows


def covering(
    kept: Sequence[Path], pair: tuple[int, int], true: float
) -> Mapping[tuple[str, int], tuple[float, float]]:
    """Return how often intervals cover and their width, by method and repeats."""
    made: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for path in kept:
        losses, rows = split_losses(path)
        for repeats in (1, REPEATS):
            n = OUTER * repeats
            found = intervals(losses[:n], rows[:n], pair, repeats)
            for name, interval in found.items():
                made.setdefault((name, repeats), []).append(interval)
    return {key: covered(each, true) for key, each in made.items()}


def covered(each: Sequence[tuple[float, float]], true: float) -> tuple[float, float]:
    """Return how often intervals of a centre and half width cover, and their width."""
    return (
        float(np.mean([abs(centre - true) <= half for centre, half in each])),
        float(np.median([2 * half for _, half in each])),
    )


def nested(
    folds: Sequence[Array], pairs: Sequence[Array], pair: tuple[int, int]
) -> float:
    """Return the standard error of nested cross-validation, of the log ratio.

    ``folds`` are the losses on the folds of all repeats, ``pairs`` those of the models
    trained without two of them. Differences of rows are first order parts of the log
    ratio (the delta method), so that Bates, Hastie and Tibshirani's mean of errors is
    one of differences.
    """
    a, b = pair
    means = np.mean([fold.mean(axis=1) for fold in folds], axis=0)

    def parts(losses: Array) -> Array:
        return np.asarray(losses[a] / means[a] - losses[b] / means[b])

    squares, variances, per_repeat = [], [], len(pairs) // REPEATS
    for repeat in range(REPEATS):
        out = [parts(one) for one in folds[repeat * OUTER : (repeat + 1) * OUTER]]
        two = pairs[repeat * per_repeat : (repeat + 1) * per_repeat]
        inside: dict[int, list[Array]] = {k: [] for k in range(OUTER)}
        for (i, j), losses in zip(combinations(range(OUTER), 2), two, strict=True):
            both = parts(losses)
            # With fold j outside, the errors on fold i are inner ones, and conversely.
            inside[j].append(both[: len(out[i])])
            inside[i].append(both[len(out[i]) :])
        for k, errors in enumerate(out):
            inner = float(np.concatenate(inside[k]).mean())
            squares.append((inner - float(errors.mean())) ** 2)
            variances.append(float(np.var(errors, ddof=1)) / len(errors))
    naive = float(np.concatenate([parts(one) for one in folds[:OUTER]]).std(ddof=1))
    n = sum(one.shape[1] for one in folds[:OUTER])
    naive /= math.sqrt(n)
    mse = max(float(np.mean(squares) - np.mean(variances)), 0.0)
    # Sec. 4.3 of the paper: within the naive error and sqrt(K) times it.
    root = min(max(math.sqrt(mse), naive), math.sqrt(OUTER) * naive)
    return root * math.sqrt((OUTER - 1) / OUTER)


def more_lines(folder: Path) -> Iterator[str]:
    """Yield the rows of the table of 10 folds and nested cross-validation."""
    yield from head(("design", "folds", "searches"), MORE)
    for design in DESIGNS:
        place = folder_of(folder, design)
        kept = sorted(place.glob("without-????.npz"))
        made: dict[tuple[str, str], list[tuple[float, float]]] = {}
        for pair in PAIRS:
            a, b = pair
            logs = {
                name: math.log(losses[a] / losses[b])
                for name in ("truth80", "truth90")
                for losses in [true_losses(place, name)]
            }
            each: dict[tuple[str, str], list[tuple[float, float]]] = {}
            for path in kept:
                seed = path.stem.split("-")[1]
                losses, rows = split_losses(place / f"five-{seed}.npz")
                n = OUTER * REPEATS
                once = intervals(losses[:OUTER], rows[:OUTER], pair, 1)
                thrice = intervals(losses[:n], rows[:n], pair, REPEATS)
                tens = intervals(*split_losses(place / f"ten-{seed}.npz"), pair, 1, TEN)
                error = nested(losses[:n], split_losses(path)[0], pair)
                thrice["nested"] = (thrice["boostreg"][0], 1.96 * error)
                for folds, found in (("5", once), ("5 x 3", thrice), ("10", tens)):
                    for name, interval in found.items():
                        each.setdefault((folds, name), []).append(interval)
            base = covered(each["5", "corrected t"], 0.0)[1]
            for key, found in each.items():
                true = logs["truth90" if key[0] == "10" else "truth80"]
                share, width = covered(found, true)
                made.setdefault(key, []).append((share, width / base))
        for folds, searches in (("5", "1"), ("5 x 3", "3"), ("10", "2")):
            cells = []
            for name in MORE:
                if (folds, name) not in made:
                    cells.append("- | -")
                    continue
                shares, widths = zip(*made[folds, name], strict=True)
                cost = " (9 searches)" if name == "nested" else ""
                cells.append(f"{np.mean(shares):.1%}{cost} | {np.mean(widths):.2f}")
            yield f"| {design.name} | {folds} | {searches} | {' | '.join(cells)} |"


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
        few=NESTED,
        few_error=100 * math.sqrt(0.95 * 0.05 / NESTED),
        more="\n".join(more_lines(asked.kept)),
    )
    Path(__file__).with_suffix(".md").write_text(page, "utf-8")
    print(page)  # noqa: T201  # a script talks


if __name__ == "__main__":
    main()
