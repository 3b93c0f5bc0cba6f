"""Whether intervals cover: 'tuned against defaults', and a placebo, by simulation.

``python tests/benchmarks/coverage.py --kept FOLDER`` goes on with what lies in the
folder, a line a replicate, and writes ``coverage.md`` beside this file: some twenty
minutes of one core in all.

Each replicate draws a table and does what a study does with it: a search within each of
the outer folds, by the package's own ``Tuning`` on its own folds, in this process; the
best candidate refitted; the library's untouched wrapper beside it; and the corrected
resampled t interval of their difference, as ``report.comparisons`` makes it. Sizes are
not measured, which takes a third of the time: the best candidate rests on losses alone.
The truth is the mean of the same difference on training tables of the outer training
size, each drawn anew, as are the rows that judge it.

In the placebo the columns are exchangeable and each model sees one of them, so that
expected losses are equal while those of any one table differ: two such models on outer
folds, and a path whose every point is such a model.
"""

import json
import math
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
from designs import DESIGNS, PLACEBO, VIEWS, Array, Design
from scipy.stats import binomtest
from sources import versions

from boostreg.data import Table, make_splits
from boostreg.data.folds import Fold, Splits, make_folds
from boostreg.effects.effects import Effect, PathRow, penalty_effect
from boostreg.engines import get_engine
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import Fit, FitResult, derive_seed, grow
from boostreg.penalty import Penalty, parse_space
from boostreg.statistics import corrected_t
from boostreg.trees import SizeCurves, TreeSize
from boostreg.tuning import FitSettings, Proposer, Tuning

REPLICATES, TRUTHS, PLACEBOS = 300, 400, 400
JUDGES = 5_000
OUTER, INNER, TRIALS, ROUNDS, PATIENCE, RATE = 5, 3, 6, 20, 5, 0.3
CONSERVATIVE, LEVEL = 0.98, 0.05

PAGE = """# Intervals of 'tuned against defaults', and of a placebo

`python tests/benchmarks/coverage.py --kept FOLDER`

{versions}.

Tuned: {trials} trials of space `default` by {inner} inner folds, up to {rounds} rounds
at learning_rate {rate}; {outer} outer folds. *Truth* is the mean of the difference in
loss, tuned less defaults, over {truths} training tables of the outer training size,
each judged on {judges:,} new rows; ± its standard error. *Corrected* is the report's
95 % interval, *naive* the t interval without the correction for training rows that
folds share. Widths are medians, coverage has an exact 95 % interval in brackets.

| design | engine | rows | columns | replicates | truth | corrected covers | width | \
naive covers | width | |
|---|---|---|---|---|---|---|---|---|---|---|
{lines}

Placebo: {placebos} tables of 100 rows, models of equal expected loss. *Outer folds*:
two of them compared, p below 0.05, unadjusted. *Path*: the verdict of {points} points
against the first, all of them placebos.

| placebo | helps | harms | naive helps | naive harms |
|---|---|---|---|---|
{placebo_lines}
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


def loss_of(
    dataset: Dataset,
    engine: str,
    where: tuple[int, int | None],
    penalty: Penalty,
    n: int,
) -> float:
    """Return the loss after ``n`` rounds on one outer fold or an inner one of it."""
    outer, inner = where
    fit = Fit(
        outer=outer,
        inner=inner,
        engine=engine,
        penalty=penalty,
        n_rounds=n,
        patience=None,
        seed=0,
    )
    return float(measured(dataset, fit).valid_loss[-1])


def default_loss(dataset: Dataset, engine: str, outer: int) -> float:
    """Return the outer loss of the library's untouched wrapper."""
    model = get_engine(engine).fit_default(dataset.problem(outer, None), 0, 1)
    test = dataset.table.rows(dataset.splits.outer[outer].test)
    raw = get_engine(engine).predict(model, test.X)
    return float(dataset.objective.loss(test.y, raw))


def difference(dataset: Dataset, engine: str, outer: int, seed: int) -> float:
    """Return the outer loss of the tuned best less that of the library's defaults."""
    proposer = Proposer(
        space=parse_space("default").for_engine(engine),
        fixed={"learning_rate": RATE},
        seed=derive_seed(seed, "search", engine, outer),
        n_trials=TRIALS,
    )
    limits = FitSettings(n_inner=INNER, n_rounds=ROUNDS, patience=PATIENCE, seed=seed)
    tuning = Tuning(
        engine=engine,
        outer=outer,
        proposer=proposer,
        limits=limits,
        racing="moderated",
    )
    while not tuning.done:
        for fit in tuning.ready():
            tuning.receive(fit, measured(dataset, fit))
    best = tuning.selection.best
    penalty = tuning.trials[best.trial].penalty
    tuned = loss_of(dataset, engine, (outer, None), penalty, best.n_rounds)
    return tuned - default_loss(dataset, engine, outer)


def folded(design: Design, seed: int) -> tuple[Table, Splits]:
    """Return a table as a study has it, with its folds."""
    table = design.table(design.n_samples, np.random.default_rng([seed, 0]))
    folds = [{"folds": n, "repeats": 1} for n in (OUTER, INNER)]
    return table, make_splits(table, outer=folds[0], inner=folds[1], seed=seed)


def one_study(design: Design, seed: int) -> list[float]:
    """Return the differences of one study's outer folds."""
    dataset = Dataset(*folded(design, seed), design.objective)
    return [difference(dataset, design.engine, outer, seed) for outer in range(OUTER)]


def one_truth(design: Design, seed: int) -> list[float]:
    """Return the difference on one training table and many new rows."""
    n_train = design.n_samples * (OUTER - 1) // OUTER
    table = design.table(n_train + JUDGES, np.random.default_rng([seed, 1]))
    rows = np.arange(table.n_samples)
    inner = make_folds(table, rows[:n_train], folds=INNER, seed=seed)
    splits = Splits(
        table.n_samples, (Fold(rows[:n_train], rows[n_train:]),), {0: inner}
    )
    dataset = Dataset(table, splits, design.objective)
    return [difference(dataset, design.engine, 0, seed)]


def one_placebo(design: Design, seed: int) -> list[list[list[float]]]:
    """Return losses by view, by outer fold: the outer loss, then the inner ones."""
    table, splits = folded(design, seed)
    penalty = Penalty(learning_rate=RATE, max_leaves=8, min_child_samples=5)
    losses = []
    for view in range(VIEWS):
        seen = replace(
            table, X=table.X[:, [view]].copy(), columns=table.columns[view : view + 1]
        )
        dataset = Dataset(seen, splits, design.objective)
        places = [[(o, i) for i in (None, *range(INNER))] for o in range(OUTER)]
        losses.append(
            [
                [loss_of(dataset, design.engine, at, penalty, 10) for at in by_outer]
                for by_outer in places
            ]
        )
    return losses


TASKS = [
    *(("study", design, one_study, REPLICATES) for design in DESIGNS),
    *(("truth", design, one_truth, TRUTHS) for design in DESIGNS),
    ("placebo", PLACEBO, one_placebo, PLACEBOS),
]


def measure(folder: Path) -> dict[tuple[str, str], list]:
    """Return what each replicate found, measuring those that the folder lacks."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for kind, design, run, number in TASKS:
        path = folder / f"{kind}-{design.name.replace(' ', '-')}.jsonl"
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        with path.open("a", encoding="utf-8") as file:
            for seed in range(len(lines), number):
                lines.append(json.dumps(run(design, seed)))
                file.write(lines[-1] + "\n")
                file.flush()
        found[kind, design.name] = [json.loads(line) for line in lines[:number]]
    return found


def line(design: Design, studies: list[list[float]], truths: list[list[float]]) -> str:
    """Return a design's row of the table."""
    truth = float(np.mean(truths))
    error = float(np.std(truths, ddof=1)) / math.sqrt(len(truths))
    told, shares = [], []
    for ratio in (1 / (OUTER - 1), 0.0):
        made = [corrected_t(losses, ratio) for losses in studies]
        hits = sum(i.low <= truth <= i.high for i in made)
        low, high = binomtest(hits, len(made)).proportion_ci()
        width = float(np.median([i.high - i.low for i in made]))
        shares.append(hits / len(made))
        told.append(f"{shares[-1]:.1%} ({low:.1%} to {high:.1%}) | {width:.3g}")
    word = "conservative" if shares[0] > CONSERVATIVE else ""
    return (
        f"| {design.name} | {design.engine} | {design.n_samples} | "
        f"{design.n_features} | {len(studies)} | {truth:+.4f} ± {error:.4f} | "
        f"{told[0]} | {told[1]} | {word} |"
    )


def placebo_lines(found: list[list[list[list[float]]]]) -> Iterator[str]:
    """Yield the rows of the second table."""
    losses = np.array(found)  # table, view, outer fold, outer and inner losses
    pairs = [
        [corrected_t(d, ratio) for d in losses[:, 1, :, 0] - losses[:, 0, :, 0]]
        for ratio in (1 / (OUTER - 1), 0.0)
    ]
    shares = [
        np.mean([i.p_value < LEVEL and sign * i.estimate > 0 for i in made])
        for made in pairs
        for sign in (-1, 1)
    ]
    yield f"| outer folds | {' | '.join(f'{share:.1%}' for share in shares)} |"
    words = [
        [words_of(penalty_effect(list(as_path(one)), ratio)) for one in losses]
        for ratio in (1 / (INNER - 1), 0.0)
    ]
    shares = [
        np.mean([word in one for one in made])
        for made in words
        for word in ("better", "worse")
    ]
    yield f"| path | {' | '.join(f'{share:.1%}' for share in shares)} |"


def words_of(effect: Effect) -> set[str]:
    """Return the words for the values of a path, their intervals simultaneous."""
    return {point.change.word(0.0) for point in effect.points[1:]}


def as_path(losses: Array) -> Iterator[PathRow]:
    """Yield the views of one table as if they were points of a path."""
    size = TreeSize(*[0] * len(fields(TreeSize)))
    for view, outer, inner in np.ndindex(VIEWS, OUTER, INNER):
        yield PathRow(
            engine=PLACEBO.engine,
            penalty="reg_lambda",
            anchor="fixed",
            reading="stopped",
            point=view,
            value=float(view),
            outer_fold=outer,
            inner_fold=inner,
            rounds=10,
            loss=float(losses[view, outer, 1 + inner]),
            train_loss=0.0,
            size=size,
            seconds=0.0,
        )


def main() -> None:
    """Measure what is missing, print, and write the page."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--kept", type=Path, required=True, help="folder of replicates")
    found = measure(parser.parse_args().kept)
    lines = [line(d, found["study", d.name], found["truth", d.name]) for d in DESIGNS]
    page = PAGE.format(
        versions=versions(),
        trials=TRIALS,
        inner=INNER,
        rounds=ROUNDS,
        rate=RATE,
        outer=OUTER,
        truths=TRUTHS,
        judges=JUDGES,
        placebos=PLACEBOS,
        points=VIEWS - 1,
        lines="\n".join(lines),
        placebo_lines="\n".join(placebo_lines(found["placebo", PLACEBO.name])),
    )
    Path(__file__).with_suffix(".md").write_text(page, "utf-8")
    print(page)  # noqa: T201  # a script talks


if __name__ == "__main__":
    main()
