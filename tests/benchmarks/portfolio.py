"""What the parts of the search of ``tune`` contribute.

``python tests/benchmarks/portfolio.py --data FOLDER --kept FOLDER`` runs the searches
that ``kept`` lacks, a file for each, and writes ``portfolio.md``
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
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import Any, TypeVar

import numpy as np
from forest import ForestSampler
from sklearn.metrics import log_loss
from sources import versions

from boostreg import BoostedClassifier, BoostedRegressor
from boostreg.errors import FitError
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import derive_seed
from boostreg.fits.work import FitWork
from boostreg.penalty import Scale, parse_space
from boostreg.tuning import FitSettings, Proposer, Trial, Tuning
from boostreg.tuning.engine_space import engine_space
from boostreg.tuning.measuring import Shrinkage
from boostreg.tuning.proposals import portfolio
from boostreg.tuning.rows import read_dataset
from boostreg.tuning.search import TuningJob
from boostreg.tuning.selection import Selection

sys.path.append(str(Path(__file__).parent / "rivals"))
from tables import DEVELOPER, Split, split_of

TABLES = ("attrition", "diabetes", "glass", "hitters", "ionosphere", "pima2")
ENGINES = ("xgboost", "lightgbm")
SPLITS = range(1)
KeyT = TypeVar("KeyT")
BUDGET, FOLDS, TRIALS = 10.0, 5, 2_000
MARKS = ("half", "all")
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
    sampler: Any = "tpe"
    is_raced: bool = True
    scale: Scale = "rows"
    rates: tuple[float, float] | None = None
    leaves: tuple[int, int] | None = None


@dataclass(frozen=True)
class Place:
    """One search: a variant on the training rows of a split."""

    table: str
    split: int
    engine: str
    variant: str

    @property
    def name(self) -> str:
        """Its file's name."""
        words = "".join(c if c.isalnum() else " " for c in self.variant).split()
        return "-".join([self.table, str(self.split), self.engine, *words])


WHOLE, BASE = Variant(), "standard, portfolio"
VARIANTS: Mapping[str, Variant] = {
    BASE: WHOLE,
    "default": Variant("default", False, (), True, 500, 30),
    "standard": replace(WHOLE, has_portfolio=False, guessed=True),
    "... without sampling": replace(WHOLE, off=("subsample", "colsample_bytree")),
    "... without penalties": replace(
        WHOLE, off=("reg_alpha", "reg_lambda", "min_split_gain")
    ),
    "... 500 rounds, patience 30": replace(WHOLE, rounds=500, patience=30),
    "... and guesses": replace(WHOLE, guessed=True),
    "... without racing": replace(WHOLE, is_raced=False),
    "... by a random forest": replace(WHOLE, sampler=ForestSampler),
    "... in raw units": replace(WHOLE, scale="raw"),
    "... without reg_alpha": replace(WHOLE, off=("reg_alpha",)),
    "... without reg_lambda": replace(WHOLE, off=("reg_lambda",)),
    "... without min_split_gain": replace(WHOLE, off=("min_split_gain",)),
    "probst2019": Variant("probst2019", has_portfolio=False, scale="raw"),
    "grinsztajn2022": Variant("grinsztajn2022", has_portfolio=False, scale="raw"),
    "tabarena2025": Variant("tabarena2025", has_portfolio=False, scale="raw"),
}

PAGE = """# What the parts of the search of `tune` contribute

`python tests/benchmarks/portfolio.py --data FOLDER --kept FOLDER`

{versions}.
{tables}; {engines}. Each search has {budget:.0f} CPU seconds of fits, {folds} inner
folds and racing. *Loss* is the log ratio of the test loss to that of the row "{base}",
for the same table, split and engine: the mean over tables with its standard error, the
median over searches, and the number of searches with a lower loss. *Inner* is the same
for the mean loss of the best on the folds of the search, *half* for the picks after
half of the budget. *Leaves* is the geometric mean. A row with fewer searches than the
first is incomplete, and says little.

| variant | searches | trials | inner | lower | loss of best | lower | of one_se \
| lower | of best, half | lower | leaves of best | of one_se |
|---|---|---|---|---|---|---|---|---|---|---|---|---|
{lines}
"""


def tuning_of(variant: Variant, engine: str, dataset: Dataset, seed: int) -> Tuning:
    """Return a search as ``tune`` makes it."""
    space = parse_space(variant.space)
    named = space.for_engine(engine)
    held: dict[str, Any] = {} if "learning_rate" in named else {"learning_rate": 0.1}
    found = engine_space(engine, space, held, dataset.problem(None, 0))
    ranges = {n: one for n, one in found.ranges.items() if n not in variant.off}
    for name, ends in (
        ("learning_rate", variant.rates),
        ("max_leaves", variant.leaves),
    ):
        if ends is not None:
            ranges[name] = replace(ranges[name], low=ends[0], high=ends[1])
    typical = portfolio(ranges, found.fixed, variant.scale)
    return Tuning(
        outer=None,
        proposers={
            engine: Proposer(
                space=ranges,
                fixed=found.fixed,
                scale=variant.scale,
                sampler=variant.sampler,
                seed=derive_seed(seed, "search", engine, None),
                n_trials=TRIALS,
                guessed=variant.guessed,
                first=typical if variant.has_portfolio else (),
            )
        },
        limits=FitSettings(
            n_inner=dataset.splits.n_inner,
            n_rounds=variant.rounds or Shrinkage(40.0),
            patience=variant.patience or Shrinkage(3.0),
            seed=seed,
        ),
        racing="moderated" if variant.is_raced else None,
    )


def search(
    tuning: Tuning, dataset: Dataset, split: Split, budget: float = BUDGET
) -> dict[str, Any]:
    """Return the test losses and leaves of the picks within the budget."""
    job, spent, found = TuningJob(tuning), 0.0, {}
    marks = dict(zip(MARKS, (budget / 2, budget), strict=True))
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
        for mark, limit in list(marks.items()):
            if tuning.incumbent and (spent >= limit or job.done):
                found[mark] = picks(tuning, split)
                del marks[mark]
    return found


def picks(
    tuning: Tuning,
    split: Split,
    chosen: Selection | None = None,
    more: Sequence[Trial] = (),
) -> dict[str, Any]:
    """Return the picks, refitted on all training rows and judged on test rows.

    ``chosen`` are picks among the trials of the search and ``more``.
    """
    chosen = chosen or tuning.selection
    y = split.y.astype(int) if split.n_classes else split.y
    kind = BoostedClassifier if split.n_classes else BoostedRegressor
    trials = {trial.number: trial for trial in (*tuning.trials, *more)}
    found: dict[str, Any] = {"trials": len(tuning.trials)}
    for name in PICKS:
        pick = getattr(chosen, name)
        trial = trials[pick.trial]
        values: dict[str, Any] = trial.penalty.as_dict()
        model = kind(
            engine=trial.engine,
            n_estimators=max(pick.n_rounds, 1),
            **values,
            scale=trial.penalty.scale,
            random_state=0,
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
            "penalty": repr(trial.penalty),
            "trial": pick.trial,
            "inner": pick.loss,
        }
    return found


def cell(place: Place, data: Path, path: Path) -> None:
    """Run one search and write its picks."""
    assert place.table in DEVELOPER  # choices may see no other table
    split = split_of(place.table, place.split, data)
    y = split.y.astype(int) if split.n_classes else split.y
    task: Any = split.task
    dataset = read_dataset(split.X, y, cv=FOLDS, seed=place.split, task=task)
    variant = VARIANTS[place.variant]
    tuning = tuning_of(variant, place.engine, dataset, place.split)
    found = search(tuning, dataset, split)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(found, indent=1), "utf-8")
    part.replace(path)


def places() -> Iterator[Place]:
    """Yield all searches, the first variants of all tables first."""
    labels = list(VARIANTS)
    for split, group in product(SPLITS, (labels[:2], labels[2:])):
        for table, engine, variant in product(TABLES, ENGINES, group):
            yield Place(table, split, engine, variant)


def line(label: str, found: Mapping[Place, Any]) -> str:
    """Return the row of a variant, over the searches that ``BASE`` has as well."""
    pairs = [
        (place.table, one, found[base])
        for place, one in found.items()
        if place.variant == label and (base := replace(place, variant=BASE)) in found
    ]
    last, half = MARKS[1], MARKS[0]
    cells = [
        f"{len(pairs)}",
        f"{fmean(one[last]['trials'] for _, one, _ in pairs):.0f}",
    ]
    measured = (
        (PICKS[0], last, "inner"),
        *((pick, last, "loss") for pick in PICKS),
        (PICKS[0], half, "loss"),
    )
    for pick, mark, what in measured:
        ratios = [
            (table, math.log(one[mark][pick][what] / base[mark][pick][what]))
            for table, one, base in pairs
        ]
        by_table = [
            fmean(ratio for name, ratio in ratios if name == table)
            for table in dict.fromkeys(table for table, _ in ratios)
        ]
        error = np.std(by_table, ddof=1) / math.sqrt(len(by_table))
        wins = sum(ratio < 0 for _, ratio in ratios)
        middle = np.median([ratio for _, ratio in ratios])
        cells += [f"{fmean(by_table):+.1%} ± {error:.1%}; {middle:+.1%}", f"{wins}"]
    for pick in PICKS:
        logs = [math.log(max(one[last][pick]["leaves"], 1)) for _, one, _ in pairs]
        cells.append(f"{math.exp(fmean(logs)):.0f}")
    return f"| {label} | {' | '.join(cells)} |"


def read_options(description: str | None) -> Namespace:
    """Return the options of a benchmark that keeps a file per cell."""
    parser = ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--kept", type=Path, required=True)
    parser.add_argument("--table", action="store_true", help="measure nothing")
    options = parser.parse_args()
    options.kept.mkdir(parents=True, exist_ok=True)
    return options


def measured_cells(
    cell: Callable[[KeyT, Path, Path], None],
    files: Mapping[KeyT, Path],
    options: Namespace,
) -> dict[KeyT, Any]:
    """Return the content of the files that exist.

    Before, unless there is ``--table``, ``cell`` is called with each key whose file is
    missing, the data and the file.
    """
    if not options.table:
        os.environ["OMP_NUM_THREADS"] = "1"
        with ProcessPoolExecutor(2) as pool:
            jobs = [
                pool.submit(cell, key, options.data, path)
                for key, path in files.items()
                if not path.exists()
            ]
            for job in jobs:
                job.result()
    return {
        key: json.loads(path.read_text("utf-8"))
        for key, path in files.items()
        if path.exists()
    }


def write_page(script: str, page: str) -> None:
    """Write the page of a script beside it, and print it."""
    Path(script).with_suffix(".md").write_text(page, "utf-8")
    print(page)  # noqa: T201  # a script talks


def main() -> None:
    """Run what is missing, and write the page."""
    options = read_options(__doc__)
    files = {place: options.kept / f"{place.name}.json" for place in places()}
    found = measured_cells(cell, files, options)
    page = PAGE.format(
        versions=versions(),
        tables=", ".join(dict.fromkeys(place.table for place in found)),
        engines=" and ".join(dict.fromkeys(place.engine for place in found)),
        base=BASE,
        budget=BUDGET,
        folds=FOLDS,
        lines="\n".join(
            line(label, found)
            for label in VARIANTS
            if any(place.variant == label for place in found)
        ),
    )
    write_page(__file__, page)


if __name__ == "__main__":
    main()
