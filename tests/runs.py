"""Comparing two runs: everything but clocks must be equal. And a call that crashes."""

import csv
import json
import os
import signal
from contextlib import contextmanager

from optuna.storages import RDBStorage

TABLES = ("trials.csv", "fits.csv", "paths.csv", "predictions.csv")


@contextmanager
def opened(url):
    """Open an Optuna storage, and leave no connection behind."""
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
    """Fail unless two folders hold the same results and tables."""
    assert results_of(one) == results_of(two)
    for name in TABLES:
        assert table_of(one / name) == table_of(two / name)


def crash(_folder):
    """End the process as a native fault does."""
    os.kill(os.getpid(), signal.SIGSEGV)
