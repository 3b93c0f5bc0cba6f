"""A small study, the comparison of two runs, and calls for workers that crash."""

import csv
import json
import os
import signal
from contextlib import contextmanager

TABLES = ("trials.csv", "fits.csv", "paths.csv", "predictions.csv", "losses.csv")
SMALL = """
name: small
data: {source: "sklearn:diabetes", target: target}
engines: [lightgbm]
rounds: {max: 8, patience: 4}
search: {trials: 3, in_flight: 2, scale: rows, space: {reg_lambda: {low: 1, high: 9}}}
validation: {outer: {folds: 2}, inner: {folds: 2}}
paths: {penalties: [reg_lambda], points: 2}
baselines: [mean]
effects: {points: 0}
"""


@contextmanager
def opened(url):
    """Open an Optuna storage, and leave no connection behind."""
    from optuna.storages import RDBStorage

    storage = RDBStorage(url)
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()


def results_of(folder):
    """Return ``results.json`` without what depends on the clock or the machine."""
    content = json.loads((folder / "results.json").read_text())
    return {key: value for key, value in content.items() if key != "run"}


def table_of(path):
    """Return the rows of a table without their seconds."""
    with path.open(newline="") as file:
        return [
            {name: cell for name, cell in row.items() if name != "seconds"}
            for row in csv.DictReader(file)
        ]


def assert_same_run(one, two):
    """Fail unless two folders hold the same results, tables and models."""
    assert results_of(one) == results_of(two)
    for name in TABLES:
        assert table_of(one / name) == table_of(two / name)
    for model in (one / "models").iterdir():
        assert model.read_bytes() == (two / "models" / model.name).read_bytes()


def crash(_folder):
    """End the process as a native fault does."""
    os.kill(os.getpid(), signal.SIGSEGV)


def preload_nothing():
    """Let the children of a Dask worker start without imports, to be quick."""
    import boostreg.fits.dask_worker

    boostreg.fits.dask_worker.PRELOAD = ()
