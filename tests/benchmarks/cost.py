"""CPU seconds of a fit against rows and columns, ours beside the plain way's.

``python tests/benchmarks/cost.py --kept FOLDER`` measures what ``kept`` lacks, a file
for each cell, and writes ``cost.md``, ``cost_rows.svg`` and ``cost_columns.svg`` beside
this file.

Both measure three configurations on five folds, one fit after the other on one thread.
The plain way is ``cross_val_score`` with the library's wrapper. CPU seconds do not
depend on other work on the machine.
"""

import json
import os
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import pandas as pd
from plain import Chore
from sklearn.model_selection import cross_val_score
from sources import versions

from boostreg.data import make_splits, prepare_table
from boostreg.engines import get_engine
from boostreg.figures.curves import line_panel
from boostreg.fits.dataset import Dataset
from boostreg.fits.work import FitWork
from boostreg.losses import Objective
from boostreg.penalty import Penalty
from boostreg.tuning import FitSettings
from boostreg.tuning.measuring import inner_fits
from boostreg.tuning.trial import Setting

ROWS, COLUMNS = (1_000, 10_000, 100_000, 300_000), (10, 50, 200, 500)
USUAL = (10_000, 25)
ENGINES = {"xgboost": "XGBoost", "lightgbm": "LightGBM"}
FOLDS, ROUNDS, LEAVES, USED = 5, 50, (8, 16, 31), 10
WAYS = ("ours", "plain")

PAGE = """# Cost of a fit against rows and columns

`python tests/benchmarks/cost.py --kept FOLDER`

{versions}. CPU seconds of a fit, on one thread: the mean of {n} configurations
({leaves} leaves) on {folds} folds, {rounds} rounds, squared error, {used} columns with
an effect. *Ours* is a fit of a search: with the curves of both losses after each round,
the sizes of all prefixes, and the bins shared by configurations. *Plain* is
`cross_val_score` with the library's wrapper, so it measures one loss at the end.

| rows | columns | engine | ours | plain | ours over plain |
|---|---|---|---|---|---|
{lines}

![CPU seconds against rows](cost_rows.svg)

![CPU seconds against columns](cost_columns.svg)
"""

Cell = tuple[int, int, str]
"""Rows, columns and engine."""


def data(n_rows: int, n_columns: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Return normal columns, of which ten have an effect, and a target with noise."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, n_columns))
    signal = X[:, :USED].sum(axis=1) + 2 * X[:, 0] * X[:, 1]
    y = signal + rng.normal(scale=3.0, size=n_rows)
    return pd.DataFrame(X, columns=[f"x{k}" for k in range(n_columns)]), y


def measure(cell: Cell) -> dict[str, float]:
    """Return CPU seconds of a fit, by way."""
    n_rows, n_columns, engine = cell
    X, y = data(n_rows, n_columns)
    table = prepare_table(X.assign(y=y), target="y")
    folds = {"folds": FOLDS, "repeats": 1}
    splits = make_splits(table, outer=folds, inner=folds, seed=0)
    dataset = Dataset(table, splits, Objective.for_task("regression", 0, None))
    limits = FitSettings(n_inner=FOLDS, n_rounds=ROUNDS, patience=None, seed=0)
    penalties = [Penalty(max_leaves=leaves) for leaves in LEAVES]
    settings = [Setting(engine, None, penalty) for penalty in penalties]
    each = [inner_fits(one, limits) for one in settings]
    # Fold by fold, as workers order them.
    works = [FitWork(fit) for fits in zip(*each, strict=True) for fit in fits]
    pairs = [(fold.train, fold.test) for fold in splits.inner[None]]
    chore = Chore(engine, "regression", X, y, pairs, 1)
    given = [
        get_engine(engine).params(one, dataset.problem(None, 0))
        | {"n_estimators": ROUNDS}
        for one in penalties
    ]
    small = data(200, 2)
    chore.model(given[0]).fit(*small)  # imports and threads, once
    started = time.process_time()
    for work in works:
        work.run(dataset)
    ours = time.process_time() - started
    started = time.process_time()
    for one in given:
        cross_val_score(chore.model(one), X, y, cv=pairs, scoring=chore.scoring)
    plain = time.process_time() - started
    return {"ours": ours / len(works), "plain": plain / len(works)}


def cells() -> Iterator[Cell]:
    """Yield all cells, the cheap ones first."""
    for n_rows, engine in product(ROWS, ENGINES):
        yield n_rows, USUAL[1], engine
    for n_columns, engine in product(COLUMNS, ENGINES):
        yield USUAL[0], n_columns, engine


def draw(found: dict[Cell, dict[str, float]], place: int) -> None:
    """Draw CPU seconds against rows (place 0) or columns (place 1)."""
    what, x = ("rows", ROWS) if place == 0 else ("columns", COLUMNS)
    lines = []
    for engine, way in product(ENGINES, WAYS):
        at = [(n, USUAL[1]) if place == 0 else (USUAL[0], n) for n in x]
        values = [found[*one, engine][way] for one in at]
        lines.append((f"{ENGINES[engine]}, {way}", values))
    line_panel(
        x,
        lines,
        title=f"CPU seconds of a fit against {what}",
        x_label=what,
        y_label="CPU seconds of a fit",
        x_log=True,
        y_log=True,
        classes=("x", "x dash", "l", "l dash"),
    ).save(Path(__file__).with_name(f"cost_{what}.svg"))


def main() -> None:
    """Measure what is missing, and write the page and the charts."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--kept", type=Path, required=True)
    kept = parser.parse_args().kept
    kept.mkdir(parents=True, exist_ok=True)
    found: dict[Cell, Any] = {}
    for cell in cells():
        path = kept / f"{cell[0]}-{cell[1]}-{cell[2]}.json"
        if not path.exists():
            path.write_text(json.dumps(measure(cell)), "utf-8")
        found[cell] = json.loads(path.read_text("utf-8"))
    draw(found, 0)
    draw(found, 1)
    rows = [
        f"| {cell[0]:,} | {cell[1]} | {ENGINES[cell[2]]} | {one['ours']:.3f} "
        f"| {one['plain']:.3f} | {one['ours'] / one['plain']:.2f} |"
        for cell, one in sorted(found.items())
    ]
    page = PAGE.format(
        versions=versions(),
        n=len(LEAVES),
        leaves=", ".join(map(str, LEAVES)),
        folds=FOLDS,
        rounds=ROUNDS,
        used=USED,
        lines="\n".join(rows),
    )
    Path(__file__).with_suffix(".md").write_text(page, "utf-8")
    print(page)  # noqa: T201  # a script talks


if __name__ == "__main__":
    main()
