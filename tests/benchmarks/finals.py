"""What a last stage of the search contributes to the picks of ``tune``.

``python tests/benchmarks/finals.py --data FOLDER --kept FOLDER`` runs the searches
that ``kept`` lacks, a file for each, and writes ``finals.md`` beside this file.

As in ``portfolio.py``, each search has a budget of CPU seconds of its fits. Only tables
of the developer half are used. The ways:

- five folds once, without a last stage: what ``tune`` does;
- repeated folds for all trials;
- repeated folds at last, for the trials with the lowest losses;
- a high rate while searching, and at last a lower one, for the trials with the lowest
  losses, on the same folds;
- on tables of many rows: few rows while searching, and at last all, for the trials with
  the lowest losses. Penalties are in rows, so they mean the same for both.
"""

import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from portfolio import (
    FOLDS,
    PICKS,
    WHOLE,
    Split,
    measured_cells,
    picks,
    read_options,
    search,
    split_of,
    tuning_of,
    write_page,
)
from sources import versions

from boostreg.data import Splits, make_folds
from boostreg.fits.dataset import Dataset
from boostreg.tuning import Trial, Tuning
from boostreg.tuning.measuring import Measuring
from boostreg.tuning.rows import CELLS_PER_SECOND, read_dataset
from boostreg.tuning.selection import TrialCurves, select
from boostreg.tuning.trial import Setting

TABLES = ("diabetes", "glass", "hitters", "ionosphere", "pima2", "soybean")
SPLITS, ENGINE, BUDGET, REPEATS = range(2), "lightgbm", 20.0, 3
SHARE, MOST = 0.85, 8
"""Share of the time before the repeats, and the maximum number of trials in them."""
FAST, FINE_SHARE, FINE_MOST, FINER = (0.1, 0.3), 0.7, 4, 1 / 3
"""Rates of the search, its share of the time, trials of the last stage, and the factor
of their rates."""

LARGE, LARGE_BUDGET = ("credit_default", "diamonds", "flights_delay", "letter"), 40.0
ROWS_SHARE, ROWS_MOST, ROWS_TRIALS, ROWS_FEWEST = 0.7, 4, 40, 5_000
"""Share of the time for few rows, trials that are measured on all rows, about how many
trials the few rows are to allow, and their smallest number."""

ONCE, ALWAYS, LAST = "5 x 1", "5 x 3", "5 x 1, at last 5 x 3"
FINE = "5 x 1, high rates, at last low ones"
WAYS = (ONCE, ALWAYS, LAST, FINE)
ALL_ROWS, FEW_ROWS = "all rows", "few rows, at last all"
LARGE_WAYS = (ALL_ROWS, FEW_ROWS)

PAGE = """# A last stage of the search

`python tests/benchmarks/finals.py --data FOLDER --kept FOLDER`

{versions}.
{tables} (three quarters of their rows), {splits} splits; {engine}, default space of
`tune`, racing. Each search has {budget:.0f} CPU seconds of fits.

- *{last}*: after {share:.0%} of that time, the trials with the lowest losses, at most
  {most}, are measured on two more repeats, and the picks are chosen among them on all
  folds.
- *{fine}*: the search has rates of {fast[0]} to {fast[1]}. After {fine_share:.0%} of
  the time, the {fine_most} trials with the lowest losses are measured again at a third
  of their rates, and the picks are chosen among all trials.

*Loss* is that on test rows relative to five folds once, for the same table and split:
the mean over tables of the log ratio with its standard error, and the number of
searches with a lower loss. *Leaves* is the geometric mean.

| folds | searches | trials | loss of best | lower | of one_se | lower | leaves of \
best | of one_se |
|---|---|---|---|---|---|---|---|---|
{lines}

Loss of best and of one_se by table:

| table | {heads} |
|---|{rule}|
{by_table}

## Few rows first

One split of those of {large} that are measured; {large_budget:.0f} CPU
seconds, folds as `tune` chooses them. *Few rows*: as many as allow about {rows_trials}
trials, but {rows_fewest:,} at least; after {rows_share:.0%} of the time the {rows_most}
trials with the lowest losses are measured on all rows, and the picks are
chosen among these.

| table | rows | of all | trials, all rows | few rows | loss of best | of one_se |
|---|---|---|---|---|---|---|
{large_lines}
"""

Key = tuple[str, int, str]
"""Table, split and way."""


def cell(key: Key, data: Path, path: Path) -> None:
    """Run one search and write its picks."""
    table, number, way = key
    split = split_of(table, number, data)
    if way in LARGE_WAYS:
        write(path, of_many_rows(split, number, way))
        return
    y = split.y.astype(int) if split.n_classes else split.y
    task: Any = split.task
    dataset = read_dataset(split.X, y, cv=FOLDS, seed=number, task=task)
    rows = np.arange(dataset.table.n_samples)
    folds = make_folds(dataset.table, rows, folds=FOLDS, repeats=REPEATS, seed=number)
    dataset = with_folds(dataset, folds if way == ALWAYS else folds[:FOLDS])
    variant = replace(WHOLE, rates=FAST) if way == FINE else WHOLE
    tuning = tuning_of(variant, ENGINE, dataset, number)
    if way == LAST:
        search(tuning, dataset, split, SHARE * BUDGET)
        more = with_folds(dataset, folds[FOLDS:])
        again = repeated(tuning, more, (1 - SHARE) * BUDGET)
        found = picks(tuning, split, select(again))
    elif way == FINE:
        search(tuning, dataset, split, FINE_SHARE * BUDGET)
        finer = slower(tuning, dataset, (1 - FINE_SHARE) * BUDGET)
        curves = [one.curves for one in (*tuning.trials, *finer) if one.curves]
        found = picks(tuning, split, select(curves), finer)
    else:
        found = search(tuning, dataset, split, BUDGET)["all"]
    write(path, found)


def write(path: Path, found: Mapping[str, Any]) -> None:
    """Write what was found, at once."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(found, indent=1), "utf-8")
    part.replace(path)


def of_many_rows(split: Split, number: int, way: str) -> dict[str, Any]:
    """Return the picks of a search on all rows, or on few first."""
    y = split.y.astype(int) if split.n_classes else split.y
    task: Any = split.task
    given: dict[str, Any] = {"cv": None, "seed": number, "task": task}
    given["core_seconds"] = LARGE_BUDGET
    dataset = read_dataset(split.X, y, **given)
    if way == ALL_ROWS:
        tuning = tuning_of(WHOLE, ENGINE, dataset, number)
        return dict(search(tuning, dataset, split, LARGE_BUDGET)["all"])
    n_outputs = split.n_classes if split.n_classes > 2 else 1
    cells = dataset.table.X.size * n_outputs
    trials = LARGE_BUDGET * CELLS_PER_SECOND / cells / dataset.splits.n_inner
    n_few = max(int(min(1.0, trials / ROWS_TRIALS) * len(y)), ROWS_FEWEST)
    few = np.sort(np.random.default_rng(number).permutation(len(y))[:n_few])
    part = read_dataset(split.X.iloc[few], y[few], **given)
    tuning = tuning_of(WHOLE, ENGINE, part, number)
    search(tuning, part, split, ROWS_SHARE * LARGE_BUDGET)
    started, found = time.process_time(), []
    for trial in finalists(tuning, ROWS_MOST):
        setting = Setting(trial.engine, None, trial.penalty)
        again = measured(setting, tuning, dataset)
        spent = time.process_time() - started
        if found and spent > (1 - ROWS_SHARE) * LARGE_BUDGET:
            break
        assert again.curves is not None
        number = len(tuning.trials) + 1_000 + len(found)
        curves = replace(again.curves, number=number)
        found.append(replace(again, number=number, curves=curves))
    chosen = select([one.curves for one in found if one.curves])
    return picks(tuning, split, chosen, found) | {"rows": n_few}


def with_folds(dataset: Dataset, folds: Any) -> Dataset:
    """Return the same table with other inner folds."""
    splits = Splits(dataset.table.n_samples, (), {None: folds})
    return Dataset(dataset.table, splits, dataset.objective)


def finalists(tuning: Tuning, most: int) -> list[Trial]:
    """Return the complete trials with the lowest losses."""
    complete = [trial for trial in tuning.trials if trial.curves is not None]
    return sorted(complete, key=lambda one: (one.loss, one.number))[:most]


def measured(setting: Setting, tuning: Tuning, dataset: Dataset) -> Trial:
    """Return the trial of a setting, on the inner folds of ``dataset``."""
    limits = replace(tuning.limits, n_inner=dataset.splits.n_inner)
    measuring = Measuring([setting], limits)
    while not measuring.done:
        for work in measuring.ready():
            measuring.receive(work, work.decode(work.run(dataset)))
    (trial,) = measuring.trials.values()
    return trial


def repeated(tuning: Tuning, more: Dataset, seconds: float) -> list[TrialCurves]:
    """Return the best trials on all folds, as many as end within ``seconds``, or one.

    ``more`` has the folds that the search has not seen.
    """
    started, found = time.process_time(), []
    for trial in finalists(tuning, MOST):
        setting = Setting(trial.engine, None, trial.penalty)
        again = measured(setting, tuning, more)
        if time.process_time() - started > seconds and found:
            break
        assert trial.curves is not None
        assert again.curves is not None
        found.append(joined((trial.curves, again.curves)))
    return found


def slower(tuning: Tuning, dataset: Dataset, seconds: float) -> list[Trial]:
    """Return the best trials at a lower rate, those that end within ``seconds``."""
    started, found = time.process_time(), []
    number = len(tuning.trials) + 1_000
    for trial in finalists(tuning, FINE_MOST):
        rate = (trial.penalty.learning_rate or 0.1) * FINER
        finer = replace(trial.penalty, learning_rate=rate)
        again = measured(Setting(trial.engine, None, finer), tuning, dataset)
        if time.process_time() - started > seconds:
            break
        assert again.curves is not None
        curves = replace(again.curves, number=number)
        found.append(replace(again, number=number, curves=curves))
        number += 1
    return found


def joined(parts: Sequence[TrialCurves]) -> TrialCurves:
    """Return the curves of one trial over the folds of all parts."""
    end = min(one.valid_loss.shape[1] for one in parts)
    folds = [len(one.valid_loss) for one in parts]
    sizes = {
        name: np.average([getattr(one, name)[:end] for one in parts], 0, folds)
        for name in ("n_leaves", "n_trees", "n_bytes")
    }
    loss = np.concatenate([one.valid_loss[:, :end] for one in parts])
    return TrialCurves(number=parts[0].number, valid_loss=loss, **sizes)


def ratios(found: Mapping[Key, Any], way: str, pick: str) -> dict[str, list[float]]:
    """Return log ratios of losses to those of folds once, by table."""
    made: dict[str, list[float]] = {}
    for (table, split, each), one in found.items():
        base = found.get((table, split, ONCE))
        if each == way and base is not None:
            ratio = math.log(one[pick]["loss"] / base[pick]["loss"])
            made.setdefault(table, []).append(ratio)
    return made


def lines(found: Mapping[Key, Any]) -> Iterator[str]:
    """Yield a row for each way."""
    for way in WAYS:
        own = [one for (_, _, each), one in found.items() if each == way]
        cells = [str(len(own)), f"{fmean(one['trials'] for one in own):.0f}"]
        for pick in PICKS:
            each = ratios(found, way, pick)
            means = [fmean(values) for values in each.values()]
            error = np.std(means, ddof=1) / math.sqrt(len(means))
            lower = sum(value < 0 for values in each.values() for value in values)
            cells += [f"{fmean(means):+.1%} ± {error:.1%}", str(lower)]
        for pick in PICKS:
            logs = [math.log(max(one[pick]["leaves"], 1)) for one in own]
            cells.append(f"{math.exp(fmean(logs)):.0f}")
        yield f"| {way} | {' | '.join(cells)} |"


def by_table(found: Mapping[Key, Any]) -> Iterator[str]:
    """Yield a row for each table."""
    each = [ratios(found, way, pick) for way in WAYS[1:] for pick in PICKS]
    for table in TABLES:
        cells = [f"{fmean(one[table]):+.1%}" for one in each]
        yield f"| {table} | {' | '.join(cells)} |"


def large_lines(found: Mapping[Key, Any], data: Path) -> Iterator[str]:
    """Yield a row for each table of many rows."""
    for table in LARGE:
        if any((table, 0, way) not in found for way in LARGE_WAYS):
            continue  # not measured yet
        base, few = (found[table, 0, way] for way in LARGE_WAYS)
        change = [few[pick]["loss"] / base[pick]["loss"] - 1 for pick in PICKS]
        n_rows = len(split_of(table, 0, data).y)
        yield (
            f"| {table} | {few['rows']:,} | {n_rows:,} | {base['trials']} "
            f"| {few['trials']} | {change[0]:+.1%} | {change[1]:+.1%} |"
        )


def main() -> None:
    """Run what is missing, and write the page."""
    options = read_options(__doc__)
    files = {
        (table, split, way): options.kept / f"{table}-{split}-{number}.json"
        for split, table, (number, way) in product(SPLITS, TABLES, enumerate(WAYS))
    }
    files |= {
        (table, 0, way): options.kept / f"{table}-0-{number}.json"
        for table, (number, way) in product(LARGE, enumerate(LARGE_WAYS))
    }
    found = measured_cells(cell, files, options)
    heads = [f"{way}: {pick}" for way in WAYS[1:] for pick in PICKS]
    page = PAGE.format(
        versions=versions(),
        tables=", ".join(TABLES),
        engine="LightGBM",
        budget=BUDGET,
        splits=len(SPLITS),
        share=SHARE,
        most=MOST,
        fast=FAST,
        fine_share=FINE_SHARE,
        fine_most=FINE_MOST,
        last=LAST,
        fine=FINE,
        large=", ".join(LARGE),
        large_budget=LARGE_BUDGET,
        rows_trials=ROWS_TRIALS,
        rows_share=ROWS_SHARE,
        rows_most=ROWS_MOST,
        rows_fewest=ROWS_FEWEST,
        large_lines="\n".join(large_lines(found, options.data)),
        heads=" | ".join(heads),
        rule="|".join("---" for _ in heads),
        lines="\n".join(lines(found)),
        by_table="\n".join(by_table(found)),
    )
    write_page(__file__, page)


if __name__ == "__main__":
    main()
