"""What repeated folds contribute to the picks of ``tune`` on tables of few rows.

``python tests/benchmarks/repeats.py --data FOLDER --kept FOLDER`` runs the searches
that ``kept`` lacks, a file for each, and writes ``repeats.md`` beside this file.

As in ``portfolio.py``, each search has a budget of CPU seconds of its fits, so more
folds mean fewer trials. Only tables of the developer half are used.
"""

import json
import math
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from portfolio import (
    FOLDS,
    PICKS,
    WHOLE,
    measure_missing,
    search,
    split_of,
    tuning_of,
)
from sources import versions

from boostreg.data import Splits, make_folds
from boostreg.fits.dataset import Dataset
from boostreg.tuning.rows import read_dataset

TABLES = ("diabetes", "glass", "hitters", "ionosphere", "pima2", "soybean")
SPLITS, REPEATS, ENGINE = range(1), (1, 3), "lightgbm"
BUDGET = 30.0

PAGE = """# Repeated folds on tables of few rows

`python tests/benchmarks/repeats.py --data FOLDER --kept FOLDER`

{versions}.
{tables} (three quarters of their rows), one split; {engine}, default space of
`tune`, racing. Each search has {budget:.0f} CPU seconds of fits. *Loss* is that on test
rows relative to {folds} folds once, for the same table and split: the mean over tables
of the log ratio with its standard error, and the number of searches with a lower loss.
*Leaves* is the geometric mean.

| folds | searches | trials | loss of best | lower | of one_se | lower | leaves of \
best | of one_se |
|---|---|---|---|---|---|---|---|---|
{lines}

By table, loss of best and of one_se with {folds} x {most} folds relative to {folds}:

| table | best | one_se |
|---|---|---|
{by_table}
"""

Key = tuple[str, int, int]
"""Table, split and repeats."""


def cell(key: Key, data: Path, path: Path) -> None:
    """Run one search and write its picks."""
    table, number, repeats = key
    split = split_of(table, number, data)
    y = split.y.astype(int) if split.n_classes else split.y
    task: Any = split.task
    dataset = read_dataset(split.X, y, cv=FOLDS, seed=number, task=task)
    rows = np.arange(dataset.table.n_samples)
    folds = make_folds(dataset.table, rows, folds=FOLDS, repeats=repeats, seed=number)
    splits = Splits(len(rows), (), {None: folds})
    dataset = Dataset(dataset.table, splits, dataset.objective)
    tuning = tuning_of(WHOLE, ENGINE, dataset, number)
    found = search(tuning, dataset, split, BUDGET)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(found["all"], indent=1), "utf-8")
    part.replace(path)


def ratios(found: Mapping[Key, Any], repeats: int, pick: str) -> dict[str, list[float]]:
    """Return log ratios of losses to those of folds once, by table."""
    made: dict[str, list[float]] = {}
    for (table, split, number), one in found.items():
        base = found.get((table, split, 1))
        if number == repeats and base is not None:
            ratio = math.log(one[pick]["loss"] / base[pick]["loss"])
            made.setdefault(table, []).append(ratio)
    return made


def lines(found: Mapping[Key, Any]) -> Iterator[str]:
    """Yield a row for each number of repeats."""
    for repeats in REPEATS:
        own = [one for (_, _, number), one in found.items() if number == repeats]
        cells = [str(len(own)), f"{fmean(one['trials'] for one in own):.0f}"]
        for pick in PICKS:
            each = ratios(found, repeats, pick)
            means = [fmean(values) for values in each.values()]
            error = np.std(means, ddof=1) / math.sqrt(len(means))
            lower = sum(value < 0 for values in each.values() for value in values)
            cells += [f"{fmean(means):+.1%} ± {error:.1%}", str(lower)]
        for pick in PICKS:
            logs = [math.log(max(one[pick]["leaves"], 1)) for one in own]
            cells.append(f"{math.exp(fmean(logs)):.0f}")
        yield f"| {FOLDS} x {repeats} | {' | '.join(cells)} |"


def by_table(found: Mapping[Key, Any]) -> Iterator[str]:
    """Yield a row for each table."""
    each = {pick: ratios(found, REPEATS[-1], pick) for pick in PICKS}
    for table in TABLES:
        cells = [f"{fmean(each[pick][table]):+.1%}" for pick in PICKS]
        yield f"| {table} | {' | '.join(cells)} |"


def main() -> None:
    """Run what is missing, and write the page."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--kept", type=Path, required=True)
    asked = parser.parse_args()
    asked.kept.mkdir(parents=True, exist_ok=True)
    files = {
        (table, split, repeats): asked.kept / f"{table}-{split}-{repeats}.json"
        for split, table, repeats in product(SPLITS, TABLES, REPEATS)
    }
    measure_missing(cell, files, asked.data)
    found = {key: json.loads(path.read_text("utf-8")) for key, path in files.items()}
    page = PAGE.format(
        versions=versions(),
        tables=", ".join(TABLES),
        engine="LightGBM",
        budget=BUDGET,
        folds=FOLDS,
        most=REPEATS[-1],
        lines="\n".join(lines(found)),
        by_table="\n".join(by_table(found)),
    )
    Path(__file__).with_suffix(".md").write_text(page, "utf-8")
    print(page)  # noqa: T201  # a script talks


if __name__ == "__main__":
    main()
