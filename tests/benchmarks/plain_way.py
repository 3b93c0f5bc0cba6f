"""Throughput beside the plain way: equal configurations, folds and rounds.

``python tests/benchmarks/plain_way.py --data FOLDER`` prints a table and writes it to
``plain_way.md`` beside this file. The plain way is an Optuna study whose objective
calls ``cross_val_score`` on the library's wrapper with ``n_jobs`` = cores; the second
rival is Optuna's own ``OptunaSearchCV`` (package ``optuna-integration``). What is
possible is the time that one process spends in the library's calls over the number of
cores; *of the possible* is that over our wall time, start-up of the workers left out
and stated apart. Nothing is raced and no fit stops early here: all do the same work.
"""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from plain import Chore, optuna_search, plain_way
from sources import CORES, load, parse_folder, versions

from boostreg.data import Table, make_splits
from boostreg.engines import get_engine
from boostreg.fits.dataset import Dataset
from boostreg.fits.executor import LocalExecutor
from boostreg.fits.ledger import Ledger
from boostreg.fits.schedule import run_jobs
from boostreg.fits.work import PRELOAD, FitWork
from boostreg.losses import Objective
from boostreg.penalty import parse_space
from boostreg.tuning import FitSettings, Proposer, Trial, Tuning
from boostreg.tuning.search import TuningJob

TABLES = ("concrete", "spam", "adult")
ENGINES = ("xgboost", "lightgbm")
ROUNDS = {"adult": 20, "spam": 60}
USUAL_ROUNDS = 200
TRIALS, REPEATS = 30, 3

PAGE = f"""# Throughput beside the plain way

`python tests/benchmarks/plain_way.py --data FOLDER`

{{versions}}.
{TRIALS} equal configurations x 5 folds, {USUAL_ROUNDS} rounds (spam
{ROUNDS["spam"]}, adult {ROUNDS["adult"]}), medians of {REPEATS} runs, taken in turn.
Seconds, start-up of workers left out of *ours*; *library* is one process's time in the
library's calls.
*difference* is the largest relative one between our loss of a configuration and the
plain way's; *its own* is that of the plain way from itself where 1 is added to the
target. For squared error we centre the target before the library sees it, so that
gradients differ from the plain way's in the last bit of a float32, and equal gains of
splits, many on a small table, are told apart in another way: so does the plain way
with any other constant in the target.

| table | engine | plain | OptunaSearchCV | ours | start-up | library | faster than \
plain | of the possible | difference | its own |
|---|---|---|---|---|---|---|---|---|---|---|
{{lines}}
"""


class Counting(TuningJob):
    """Adds up the time that workers spend in the library's calls."""

    library = 0.0

    def receive(self, work: FitWork, record: Any) -> None:
        """Take a record, and its seconds."""
        self.library += record.library_seconds
        super().receive(work, record)


@dataclass(frozen=True)
class Ours:
    """Seconds of a search, of its workers' start and in the library; its trials."""

    wall: float
    start_up: float
    library: float
    trials: tuple[Trial, ...]


class Bench:
    """One table with one engine."""

    def __init__(self, name: str, table: Table, engine: str) -> None:
        folds = {"folds": 5, "repeats": 1}
        splits = make_splits(table, outer=folds, inner=folds, seed=0)
        self.objective = Objective.for_task(table.task, len(table.classes), None)
        self.dataset = Dataset(table, splits, self.objective)
        self.table, self.engine = table, engine
        self.n_rounds = ROUNDS.get(name, USUAL_ROUNDS)
        self.folds = [(fold.train, fold.test) for fold in splits.inner[None]]

    def ours(self, workers: int) -> Ours:
        """Run the search."""
        job = Counting(self._tuning())
        with (
            TemporaryDirectory() as folder,
            LocalExecutor(workers, preload=PRELOAD) as executor,
        ):
            self.dataset.save(Path(folder))
            started = time.perf_counter()
            executor.start()
            for future in [executor.submit(time.sleep, 0.3) for _ in range(workers)]:
                future.result()
            start_up = time.perf_counter() - started - 0.3
            ledger = Ledger(self.dataset, folder, executor)
            started = time.perf_counter()
            run_jobs([job], ledger, slots=2 * workers)
            wall = time.perf_counter() - started
        return Ours(wall, start_up, job.library, job.tuning.trials)

    def _tuning(self) -> Tuning:
        proposer = Proposer(
            space=parse_space("default").for_engine(self.engine),
            fixed={"learning_rate": 0.1},
            seed=0,
            n_trials=TRIALS,
        )
        limits = FitSettings(n_inner=5, n_rounds=self.n_rounds, patience=None, seed=0)
        return Tuning(outer=None, proposers={self.engine: proposer}, limits=limits)

    def frame(self) -> pd.DataFrame:
        """Return the features as a user of the libraries has them."""
        columns = {}
        for place, column in enumerate(self.table.columns):
            values = self.table.X[:, place]
            if column.categories:
                codes = np.where(np.isnan(values), -1, values).astype(int)
                columns[column.name] = pd.Categorical.from_codes(
                    codes, list(column.categories)
                )
            else:
                columns[column.name] = values
        return pd.DataFrame(columns)

    def configurations(self, trials: tuple[Trial, ...]) -> list[dict[str, Any]]:
        """Return the wrapper's arguments for each trial."""
        problem = self.dataset.problem(None, 0)
        engine = get_engine(self.engine)
        fixed: dict[str, Any] = {"n_estimators": self.n_rounds}
        if self.engine == "xgboost":
            fixed["enable_categorical"] = True
        return [engine.params(trial.penalty, problem) | fixed for trial in trials]


def measure(name: str, table: Table, engine: str) -> str:
    """Return a row of the page."""
    bench = Bench(name, table, engine)
    chore = Chore(engine, table.task, bench.frame(), table.y, bench.folds, CORES)
    times: dict[str, list[float]] = {}
    for _ in range(REPEATS):
        ours = bench.ours(CORES)
        given = bench.configurations(ours.trials)
        plain = plain_way(chore, given)
        search = optuna_search(chore, given)
        found = {
            "plain": plain.seconds,
            "search": search,
            "ours": ours.wall,
            "start": ours.start_up,
            "library": bench.ours(1).library,
        }
        for key, value in found.items():
            times.setdefault(key, []).append(value)
    mid = {key: median(values) for key, values in times.items()}
    apart = max(
        abs(t.curves.valid_loss[:, -1].mean() / loss - 1)
        for t, loss in zip(ours.trials, plain.losses, strict=True)
        if t.curves is not None
    )
    own = ""
    if table.task == "regression":
        moved = plain_way(replace(chore, y=chore.y + 1), given)
        pairs = zip(moved.losses, plain.losses, strict=True)
        own = f"{max(abs(a / b - 1) for a, b in pairs):.0e}"
    possible = mid["library"] / CORES
    return (
        f"| {name} | {engine} | {mid['plain']:.1f} | {mid['search']:.1f} "
        f"| {mid['ours']:.1f} | {mid['start']:.1f} | {mid['library']:.1f} "
        f"| {mid['plain'] / mid['ours']:.2f} x | {possible / mid['ours']:.0%} "
        f"| {apart:.0e} | {own} |"
    )


def main() -> None:
    """Measure, print, and write the page."""
    folder = parse_folder(__doc__)
    lines = []
    for name in TABLES:
        table = load(name, folder)
        if table is None:
            continue
        for engine in ENGINES:
            lines.append(measure(name, table, engine))
            print(lines[-1], flush=True)  # noqa: T201  # a script talks
    page = PAGE.format(versions=versions(), lines="\n".join(lines))
    Path(__file__).with_suffix(".md").write_text(page, "utf-8")


if __name__ == "__main__":
    main()
