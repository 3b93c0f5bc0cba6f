"""What a lower rate, or the mean of several models, does to a chosen model.

``python tests/benchmarks/finishing.py --data FOLDER --kept FOLDER`` measures what
``kept`` lacks, a file for each table and engine, and writes ``finishing.md`` beside
this file.

The penalties come from a search on the training rows of split 0, as in
``portfolio.py``. On other splits of the same table, four models of these penalties are
fitted and judged on the same test rows, so that differences are those of the models
alone: as chosen; at a third of the rate; the mean of five models that each lack a fifth
of the rows; and the mean of five models of all rows with other seeds. Only tables of
the developer half are used.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from finals import measured
from portfolio import (
    ENGINES,
    FOLDS,
    PICKS,
    TABLES,
    WHOLE,
    Split,
    measured_cells,
    read_options,
    search,
    split_of,
    tuning_of,
    write_page,
)
from sklearn.metrics import log_loss
from sources import versions

from boostreg import BoostedClassifier, BoostedRegressor
from boostreg.penalty import Penalty
from boostreg.tuning import Tuning
from boostreg.tuning.rows import read_dataset
from boostreg.tuning.trial import Setting

SPLITS, BUDGET, FINER, MODELS = range(1, 7), 10.0, 3, 5
WAYS = ("a third of the rate", "mean over folds", "mean over seeds")

PAGE = """# Finishing a chosen model

`python tests/benchmarks/finishing.py --data FOLDER --kept FOLDER`

{versions}.
{tables}; both engines; the penalties are those of a search of {budget:.0f} CPU seconds.
On {splits} other splits, models of these penalties are judged on the same test rows.
*Loss* is relative to the model as chosen: the mean over tables of the log ratio with
its standard error, and the tables with a lower loss. *Leaves* are relative too.

| pick | what is done | loss | lower | leaves |
|---|---|---|---|---|
{lines}
"""

Key = tuple[str, str]
"""Table and engine."""


def cell(key: Key, data: Path, path: Path) -> None:
    """Search on one split, and judge the models on the others."""
    table, engine = key
    first = split_of(table, 0, data)
    dataset = _dataset(first, 0)
    tuning = tuning_of(WHOLE, engine, dataset, 0)
    search(tuning, dataset, first, BUDGET)
    trials = {trial.number: trial for trial in tuning.trials}
    found: dict[str, Any] = {}
    for pick in PICKS:
        penalty = trials[getattr(tuning.selection, pick).trial].penalty
        each = [
            judged(split_of(table, number, data), number, engine, penalty, tuning)
            for number in SPLITS
        ]
        found[pick] = each
    path.write_text(json.dumps(found, indent=1), "utf-8")


def _dataset(split: Split, seed: int) -> Any:
    y = split.y.astype(int) if split.n_classes else split.y
    task: Any = split.task
    return read_dataset(split.X, y, cv=FOLDS, seed=seed, task=task)


def judged(
    split: Split, seed: int, engine: str, penalty: Penalty, tuning: Tuning
) -> dict[str, Any]:
    """Return loss and leaves of the model as chosen, and of the others."""
    dataset = _dataset(split, seed)
    finer = replace(penalty, learning_rate=penalty.learning_rate / FINER)
    rounds = {
        one: measured(Setting(engine, None, one), tuning, dataset).n_rounds
        for one in (penalty, finer)
    }
    every = np.arange(len(split.y))
    parts = [fold.train for fold in dataset.splits.inner[None]]

    def fit(one: Penalty, rows: Any, state: int = 0) -> tuple[Any, float]:
        return _fitted(split, engine, (one, rounds[one]), rows, state)

    models = {
        "chosen": [fit(penalty, every)],
        WAYS[0]: [fit(finer, every)],
        WAYS[1]: [fit(penalty, rows) for rows in parts],
        WAYS[2]: [fit(penalty, every, state) for state in range(MODELS)],
    }
    return {
        name: {
            "loss": _loss(split, np.mean([predicted for predicted, _ in some], axis=0)),
            "leaves": sum(leaves for _, leaves in some),
        }
        for name, some in models.items()
    }


def _fitted(
    split: Split, engine: str, model: tuple[Penalty, int], rows: Any, state: int
) -> tuple[Any, float]:
    """Return predictions on the test rows, and leaves."""
    penalty, n_rounds = model
    kind = BoostedClassifier if split.n_classes else BoostedRegressor
    y = split.y.astype(int) if split.n_classes else split.y
    values: dict[str, Any] = penalty.as_dict()
    fitted = kind(
        engine=engine,
        n_estimators=max(n_rounds, 1),
        **values,
        scale=penalty.scale,
        random_state=state,
    ).fit(split.X.iloc[rows], y[rows])
    if split.n_classes:
        predicted = fitted.predict_proba(split.X_test)
    else:
        predicted = fitted.predict(split.X_test)
    return predicted, fitted.size_.n_leaves


def _loss(split: Split, predicted: Any) -> float:
    if split.n_classes:
        labels = list(range(split.n_classes))
        return float(log_loss(split.y_test, predicted, labels=labels))
    return float(np.mean((predicted - split.y_test) ** 2))


def lines(found: Mapping[Key, Any]) -> Iterator[str]:
    """Yield a row for each pick and way."""
    for pick, way in product(PICKS, WAYS):
        by_table: dict[str, list[float]] = {}
        leaves = []
        for (table, _), one in found.items():
            for each in one[pick]:
                ratio = math.log(each[way]["loss"] / each["chosen"]["loss"])
                by_table.setdefault(table, []).append(ratio)
                grown = each[way]["leaves"] / max(each["chosen"]["leaves"], 1)
                leaves.append(math.log(grown))
        means = [fmean(values) for values in by_table.values()]
        error = np.std(means, ddof=1) / math.sqrt(len(means))
        lower = sum(mean < 0 for mean in means)
        yield (
            f"| {pick} | {way} | {fmean(means):+.1%} ± {error:.1%} | {lower} of "
            f"{len(means)} | {math.exp(fmean(leaves)):.1f} |"
        )


def main() -> None:
    """Measure what is missing, and write the page."""
    options = read_options(__doc__)
    files = {
        (table, engine): options.kept / f"{table}-{engine}.json"
        for table, engine in product(TABLES, ENGINES)
    }
    found = measured_cells(cell, files, options)
    page = PAGE.format(
        versions=versions(),
        tables=", ".join(TABLES),
        budget=BUDGET,
        splits=len(SPLITS),
        lines="\n".join(lines(found)),
    )
    write_page(__file__, page)


if __name__ == "__main__":
    main()
