"""What the space, the first trials and the patience of ``tune`` contribute.

``python tests/benchmarks/portfolio.py --data FOLDER --kept FOLDER`` runs the searches
that ``kept`` lacks, a file per table, split and engine, and writes ``portfolio.md``
beside this file. ``--data`` is as in ``rivals/run.py``.

Each search runs in one process with a budget of CPU seconds of its fits, so that other
work on the machine does not matter. At its end nothing more is measured, and the picks
come from the complete trials. They are refitted on all training rows and judged on test
rows that no search saw. Only tables of the developer half are used.
"""

import json
import math
import os
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from sklearn.metrics import log_loss
from sources import versions

from boostreg import BoostedClassifier, BoostedRegressor
from boostreg.errors import FitError
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import derive_seed
from boostreg.fits.work import FitWork
from boostreg.penalty import parse_space
from boostreg.tuning import FitSettings, Proposer, Tuning
from boostreg.tuning.engine_space import engine_space
from boostreg.tuning.measuring import Shrinkage
from boostreg.tuning.proposals import portfolio
from boostreg.tuning.rows import read_dataset
from boostreg.tuning.search import TuningJob

sys.path.append(str(Path(__file__).parent / "rivals"))
from tables import DEVELOPER, Split, split_of

TABLES = (
    "attrition", "diabetes", "glass", "hitters", "ionosphere", "pima2", "soybean",
)  # fmt: skip
ENGINES = ("xgboost", "lightgbm")
SPLITS = range(2)
BUDGET, FOLDS, TRIALS = 15.0, 5, 2_000
PICKS = ("best", "one_se")


@dataclass(frozen=True)
class Variant:
    """One way to search."""

    space: str = "standard"
    has_portfolio: bool = True
    off: tuple[str, ...] = ()
    guessed: bool = False
    rounds: int | None = None
    patience: int | None = None


WHOLE = Variant()
VARIANTS: Mapping[str, Variant] = {
    "default": Variant("default", False, (), True, 500, 30),
    "standard": replace(WHOLE, has_portfolio=False, guessed=True),
    "standard, portfolio": WHOLE,
    "... and guesses": replace(WHOLE, guessed=True),
    "... without sampling": replace(WHOLE, off=("subsample", "colsample_bytree")),
    "... without penalties": replace(
        WHOLE, off=("reg_alpha", "reg_lambda", "min_split_gain")
    ),
    "... 500 rounds, patience 30": replace(WHOLE, rounds=500, patience=30),
}

PAGE = """# The space, the first trials and the patience of `tune`

`python tests/benchmarks/portfolio.py --data FOLDER --kept FOLDER`

{versions}.
{n} searches per row: {tables}; both engines. Each has {budget:.0f} CPU seconds of fits,
{folds} inner folds and racing. *Loss* is the test loss, relative to the lowest of all
rows for the same table, split and engine: the mean of log ratios with its standard
error over tables, then the median. *At 5 s* is the same for the picks after a third of
the budget. *Leaves* is the geometric mean.

| variant | trials | loss of best | median | loss of one_se | median | at 5 s | leaves \
of best | of one_se |
|---|---|---|---|---|---|---|---|---|
{lines}
"""


def tuning_of(variant: Variant, engine: str, dataset: Dataset, seed: int) -> Tuning:
    """Return a search as ``tune`` makes it."""
    space = parse_space(variant.space)
    named = space.for_engine(engine)
    held: dict[str, Any] = {} if "learning_rate" in named else {"learning_rate": 0.1}
    found = engine_space(engine, space, held, dataset.problem(None, 0))
    ranges = {n: one for n, one in found.ranges.items() if n not in variant.off}
    first = portfolio(ranges, found.fixed) if variant.has_portfolio else ()
    return Tuning(
        engine=engine,
        outer=None,
        proposer=Proposer(
            space=ranges,
            fixed=found.fixed,
            seed=derive_seed(seed, "search", engine, None),
            n_trials=TRIALS,
            guessed=variant.guessed,
            first=first,
        ),
        limits=FitSettings(
            n_inner=FOLDS,
            n_rounds=variant.rounds or Shrinkage(40.0),
            patience=variant.patience or Shrinkage(3.0),
            seed=seed,
        ),
        racing="moderated",
    )


def search(tuning: Tuning, dataset: Dataset, split: Split) -> dict[str, Any]:
    """Return the test losses and leaves of the picks within the budget."""
    job, spent, found = TuningJob(tuning), 0.0, {}
    marks = [BUDGET / 3, BUDGET]
    waiting: list[Any] = []
    while marks and not job.done:
        waiting += job.ready()
        work = waiting.pop(0)
        started = time.process_time()
        record: Any
        try:
            record = work.decode(work.run(dataset))
        except FitError as error:
            record = error
        used = time.process_time() - started
        spent += used
        if isinstance(work, FitWork) and not isinstance(record, FitError):
            record = replace(record, seconds=used)
        job.receive(work, record)
        while marks and tuning.incumbent and (spent >= marks[0] or job.done):
            found[f"{marks.pop(0):.0f} s"] = picks(tuning, split)
    return found


def picks(tuning: Tuning, split: Split) -> dict[str, Any]:
    """Return the picks, refitted on all training rows and judged on test rows."""
    y = split.y.astype(int) if split.n_classes else split.y
    kind = BoostedClassifier if split.n_classes else BoostedRegressor
    penalties = {trial.number: trial.penalty for trial in tuning.trials}
    found: dict[str, Any] = {"trials": len(tuning.trials)}
    for name in PICKS:
        pick = getattr(tuning.selection, name)
        values: dict[str, Any] = penalties[pick.trial].as_dict()
        model = kind(
            engine=tuning.engine, n_estimators=max(pick.n_rounds, 1), **values
        ).fit(split.X, y)
        if split.n_classes:
            probabilities = model.predict_proba(split.X_test)
            classes = range(split.n_classes)
            loss = log_loss(split.y_test, probabilities, labels=list(classes))
        else:
            loss = np.mean((model.predict(split.X_test) - split.y_test) ** 2)
        found[name] = {
            "loss": float(loss),
            "leaves": model.size_.n_leaves,
            "penalty": repr(penalties[pick.trial]),
            "trial": pick.trial,
        }
    return found


def cell(name: str, number: int, engine: str, data: Path, path: Path) -> None:
    """Run the variants that the file of a table, split and engine lacks."""
    assert name in DEVELOPER  # choices may see no other table
    split = split_of(name, number, data)
    y = split.y.astype(int) if split.n_classes else split.y
    task: Any = split.task
    dataset = read_dataset(split.X, y, cv=FOLDS, seed=number, task=task)
    found = json.loads(path.read_text("utf-8")) if path.exists() else {}
    for label, variant in VARIANTS.items():
        if label in found:
            continue
        tuning = tuning_of(variant, engine, dataset, number)
        found[label] = search(tuning, dataset, split)
        part = path.with_suffix(".part")
        part.write_text(json.dumps(found, indent=1), "utf-8")
        part.replace(path)


def cells(kept: Path) -> Iterator[tuple[str, int, str, Path]]:
    """Yield each table, split and engine, with its file."""
    for number in SPLITS:
        for name in TABLES:
            for engine in ENGINES:
                yield name, number, engine, kept / f"{name}-{number}-{engine}.json"


def lines(kept: Path) -> tuple[int, list[str]]:
    """Return the number of complete cells, and a row per variant."""
    found = {}
    for name, number, engine, path in cells(kept):
        if path.exists():
            one = json.loads(path.read_text("utf-8"))
            if all(label in one for label in VARIANTS):
                found[name, number, engine] = one
    made = []
    for label in VARIANTS:
        shown = [f"{fmean(one[label]['15 s']['trials'] for one in found.values()):.0f}"]
        for pick in PICKS:
            shown += losses(found, label, pick, "15 s")
        shown.append(losses(found, label, "best", "5 s")[0])
        for pick in PICKS:
            logs = [
                math.log(max(one[label]["15 s"][pick]["leaves"], 1))
                for one in found.values()
            ]
            shown.append(f"{math.exp(fmean(logs)):.0f}")
        made.append(f"| {label} | {' | '.join(shown)} |")
    return len(found), made


def losses(found: Mapping[Any, Any], label: str, pick: str, mark: str) -> list[str]:
    """Return the mean log ratio to the lowest loss, and the median."""
    ratios, by_table = [], {}
    for (name, _, _), one in found.items():
        every = [one[v]["15 s"][p]["loss"] for v in VARIANTS for p in PICKS]
        ratio = math.log(one[label][mark][pick]["loss"] / min(every))
        ratios.append(ratio)
        by_table.setdefault(name, []).append(ratio)
    means = [fmean(each) for each in by_table.values()]
    error = np.std(means, ddof=1) / math.sqrt(len(means)) if len(means) > 1 else 0
    return [f"{fmean(ratios):.2%} ± {error:.2%}", f"{np.median(ratios):.2%}"]


def main() -> None:
    """Run what is missing, and write the page."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--kept", type=Path, required=True)
    parser.add_argument("--table", action="store_true", help="measure nothing")
    asked = parser.parse_args()
    asked.kept.mkdir(parents=True, exist_ok=True)
    if not asked.table:
        os.environ["OMP_NUM_THREADS"] = "1"
        with ProcessPoolExecutor(2) as pool:
            jobs = [
                pool.submit(cell, name, number, engine, asked.data, path)
                for name, number, engine, path in cells(asked.kept)
            ]
            for job in jobs:
                job.result()
    n, rows = lines(asked.kept)
    page = PAGE.format(
        versions=versions(),
        n=n,
        tables=", ".join(TABLES),
        budget=BUDGET,
        folds=FOLDS,
        lines="\n".join(rows),
    )
    Path(__file__).with_suffix(".md").write_text(page, "utf-8")
    print(page)  # noqa: T201  # a script talks


if __name__ == "__main__":
    main()
