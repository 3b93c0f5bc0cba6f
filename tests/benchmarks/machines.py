"""Memory and time of one fit against the number of Dask workers that share it.

``python tests/benchmarks/machines.py [--rows N] [--limit MB]`` writes ``machines.md``
beside this file.

Memory is what a process does not share with a file (Linux, ``RssAnon``), read ten times
a second: pages of the table on the disk of a worker can be dropped and read again.
"""

import os
import re
import threading
import time
from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import distributed
import numpy as np
import psutil

from boostreg.data import Column, Table, make_splits
from boostreg.data.stored import save_parts
from boostreg.fits.dask import DaskExecutor
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import Fit
from boostreg.fits.work import FitWork, run_work
from boostreg.losses import Objective
from boostreg.penalty import Penalty

COLUMNS, ROUNDS, LEAVES = 200, 10, 31
WORKERS, MACHINES = 4, (1, 4)
MB = 1e6

PAGE = """# One fit on several machines

`python tests/benchmarks/machines.py`

{versions}, which all processes share: the seconds say little about a cluster of \
machines. A table of {rows:,} rows and {columns} columns of numbers, {size:,.0f} MB in \
float64, and a fit of XGBoost with {rounds} rounds and {leaves} leaves on two thirds \
of its rows, by {workers} local Dask workers with a memory limit of {limit:,.0f} MB \
each. Memory in MB is the most that a process did not share with a file: of a Dask \
worker, of the child that fits for it, and of both at once.

| machines | Dask worker | child | both | seconds | training loss | validation loss |
|---|---|---|---|---|---|---|
{lines}
"""


def write_table(folder: Path, n_rows: int) -> Table:
    """Return a table whose features are in a file, column by column."""
    rng = np.random.default_rng(0)
    y = rng.standard_normal(n_rows)

    def columns():
        for k in range(COLUMNS):
            x = rng.standard_normal(n_rows)
            y[:] += x * (k < 10)
            yield x

    path = folder / "X.npy"
    save_parts(path, columns(), (n_rows, COLUMNS), np.dtype(np.float64))
    X = np.load(path, mmap_mode="r")
    names = tuple(Column(f"x{k}") for k in range(COLUMNS))
    return Table(X=X, y=y, columns=names, task="regression", target="y")


class Peaks:
    """The most memory of Dask workers and their children, while ``running``."""

    def __init__(self, workers: list[int]) -> None:
        self._workers, self._ended = workers, threading.Event()
        self.worker = self.child = self.both = 0.0
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.1):
            for pid in self._workers:
                with suppress(psutil.Error, OSError):
                    children = psutil.Process(pid).children()
                    own, others = anonymous(pid), [anonymous(c.pid) for c in children]
                    self.worker = max(self.worker, own)
                    self.child = max(self.child, *others, 0.0)
                    self.both = max(self.both, own + sum(others))


def anonymous(pid: int) -> float:
    """Return the MB of a process that it does not share with a file."""
    text = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"RssAnon:\s+(\d+) kB", text)
    return 0.0 if found is None else int(found[1]) * 1024 / MB


def measure(folder: Path, machines: int, limit: float) -> str:
    """Return a line of the page."""
    fit = Fit(
        outer=None,
        inner=0,
        engine="xgboost",
        penalty=Penalty(max_leaves=LEAVES),
        n_rounds=ROUNDS,
        patience=None,
        seed=0,
        machines=machines,
    )
    work = FitWork(fit)
    with (
        distributed.LocalCluster(
            n_workers=WORKERS,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            memory_limit=int(limit * MB),
        ) as cluster,
        DaskExecutor(cluster.scheduler_address, machines=machines) as executor,
        distributed.Client(cluster) as client,
        Peaks(list(client.run(os.getpid).values())) as peaks,
    ):
        data = executor.share(folder)
        submit = executor.submit if machines == 1 else executor.submit_together
        began = time.monotonic()
        result = work.decode(submit(run_work, data, work).result())
        seconds = time.monotonic() - began
    memory = (peaks.worker, peaks.child, peaks.both, seconds)
    losses = (result.train_loss[-1], result.valid_loss[-1])
    cells = [
        str(machines),
        *(f"{m:,.0f}" for m in memory),
        *(f"{x:.5f}" for x in losses),
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Measure, and write the page."""
    from sources import versions  # here, because Dask workers import this module

    parser = ArgumentParser()
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--limit", type=float, default=300)
    given = parser.parse_args()
    with TemporaryDirectory() as scratch:
        (folder := Path(scratch) / "data").mkdir()
        table = write_table(Path(scratch), given.rows)
        inner = {"folds": 3, "repeats": 1}
        splits = make_splits(table, outer={"holdout": 0.2}, inner=inner, seed=0)
        dataset = Dataset(table, splits, Objective("squared_error"))
        dataset.save(folder)
        lines = [measure(folder, n, given.limit) for n in MACHINES]
    page = PAGE.format(
        versions=versions(),
        rows=given.rows,
        columns=COLUMNS,
        size=8 * given.rows * COLUMNS / MB,
        rounds=ROUNDS,
        leaves=LEAVES,
        workers=WORKERS,
        limit=given.limit,
        lines="\n".join(lines),
    )
    Path(__file__).with_suffix(".md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
