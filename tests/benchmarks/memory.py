"""The memory of a worker beside its data and the libraries' own footprint.

``python tests/benchmarks/memory.py`` prints a table and writes it to ``memory.md``
beside this file. One worker runs three trials of one search, 5 folds each, on made-up
data. Its peak is that of the operating system (Linux, ``VmHWM``). The footprint is the
peak of a worker that runs the same on 200 rows: all libraries loaded and in use. *raw*
is the table in float64, *binned* one byte a value of each fold's rows that the search
trains on.
"""

import re
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from sources import versions

from boostreg.data import make_splits, prepare_table
from boostreg.fits.dataset import Dataset
from boostreg.fits.executor import LocalExecutor
from boostreg.fits.ledger import Ledger
from boostreg.fits.schedule import run_jobs
from boostreg.fits.work import PRELOAD
from boostreg.losses import Objective
from boostreg.penalty import parse_space
from boostreg.tuning import FitSettings, Proposer, Tuning
from boostreg.tuning.search import TuningJob

SHAPES = ((100_000, 30), (400_000, 30), (100_000, 200))
ENGINES = ("xgboost", "lightgbm")
FEW_ROWS = 200
N_FOLDS, N_TRIALS, N_ROUNDS, REPEATS = 5, 3, 5, 3
MB = 2**20
STATUS = Path("/proc/self/status")

PAGE = """# The memory of a worker

`python tests/benchmarks/memory.py`

{versions}. Medians of {repeats} runs, MB.

| rows x features | engine | raw | binned | footprint | peak | (peak - footprint) / \
(raw + binned) | (peak - footprint) / (raw + one byte a value) |
|---|---|---|---|---|---|---|---|
{lines}
"""


def make_dataset(n_rows: int, n_features: int) -> Dataset:
    """Return made-up regression data with two levels of folds."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, n_features))
    frame = pd.DataFrame(X, columns=[f"x{place}" for place in range(n_features)])
    frame["y"] = X[:, 0] + X[:, 1] * X[:, 2] + rng.standard_normal(n_rows)
    table = prepare_table(frame, target="y")
    inner = {"folds": N_FOLDS, "repeats": 1}
    splits = make_splits(table, outer={"holdout": 0.2}, inner=inner, seed=0)
    return Dataset(table, splits, Objective.for_task(table.task, 0, None))


def peak(dataset: Dataset, engine: str) -> float:
    """Return the peak of a worker that runs the search, in MB."""
    space = parse_space("default").for_engine(engine)
    proposer = Proposer(space=space, n_trials=N_TRIALS)
    limits = FitSettings(n_inner=N_FOLDS, n_rounds=N_ROUNDS, patience=None, seed=0)
    tuning = Tuning(outer=None, proposers={engine: proposer}, limits=limits)
    with (
        TemporaryDirectory() as folder,
        LocalExecutor(1, preload=PRELOAD) as executor,
    ):
        dataset.save(Path(folder))
        executor.start()
        run_jobs([TuningJob(tuning)], Ledger(dataset, folder, executor), slots=2)
        status = executor.submit(STATUS.read_text).result()
    (kilobytes,) = re.findall(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    return float(kilobytes) / 1024


def main() -> None:
    """Measure, print, and write the page."""
    lines = []
    for n_rows, n_features in SHAPES:
        few, dataset = (make_dataset(n, n_features) for n in (FEW_ROWS, n_rows))
        values = n_rows * n_features / MB
        raw, binned = 8 * values, N_FOLDS * values
        for engine in ENGINES:
            runs = [(peak(few, engine), peak(dataset, engine)) for _ in range(REPEATS)]
            footprint, most = (median(column) for column in zip(*runs, strict=True))
            more = most - footprint
            lines.append(
                f"| {n_rows:,} x {n_features} | {engine} | {raw:.0f} | {binned:.0f} "
                f"| {footprint:.0f} | {most:.0f} | {more / (raw + binned):.2f} "
                f"| {more / (raw + values):.2f} |"
            )
            print(lines[-1], flush=True)  # noqa: T201  # a script talks
    page = PAGE.format(versions=versions(), repeats=REPEATS, lines="\n".join(lines))
    Path(__file__).with_suffix(".md").write_text(page, "utf-8")


if __name__ == "__main__":
    main()
