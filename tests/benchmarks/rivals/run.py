"""``tune`` beside its rivals at equal wall time.

``python tests/benchmarks/rivals/run.py --data FOLDER --work FOLDER --budget 20`` runs
what ``--work`` lacks, one contender after the other, each in a process of its own on
all cores, and keeps a file of results per table, split, budget and contender. It may
be stopped at any time. ``--tables``, ``--contenders`` and ``--splits`` restrict it;
``--half developer`` or ``--half held-out`` names a half of the tables. Summarise with
``summary.py``.

Loss is squared error (of the logarithm, where the index says so) or log loss, on test
rows that no contender saw. Seconds are those of the call, its final refit included,
without imports.
"""

import argparse
import json
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from contenders import CONTENDERS, Setup
from numpy.typing import NDArray
from sklearn.metrics import log_loss
from tables import DEVELOPER, Split, names_of, split_of

LIMIT = 6.0
"""Budgets after which a contender that does not end is killed."""


def main() -> None:
    """Run what is missing, or one cell of the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--budget", type=float, default=20.0)
    parser.add_argument("--half", choices=("developer", "held-out"))
    parser.add_argument("--tables", nargs="*")
    parser.add_argument("--contenders", nargs="*", default=list(CONTENDERS))
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--cell", nargs=3, metavar=("TABLE", "SPLIT", "CONTENDER"))
    options = parser.parse_args()
    if options.cell:
        table, split, contender = options.cell
        found = measure(options, table, int(split), contender)
        cell_file(options, table, int(split), contender).write_text(json.dumps(found))
        return
    known = names_of(options.data)
    tables = options.tables or known
    if options.half:
        is_developer = options.half == "developer"
        tables = [name for name in tables if (name in DEVELOPER) == is_developer]
    for split in range(options.splits):
        for table in tables:
            for contender in options.contenders:
                run_cell(options, table, split, contender)


def cell_file(options: Any, table: str, split: int, contender: str) -> Path:
    """Return where the results of one cell are kept."""
    folder: Path = options.work / f"{options.budget:g}" / table / str(split)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{contender.replace(' ', '-')}.json"


def run_cell(options: Any, table: str, split: int, contender: str) -> None:
    """Measure one cell in a process of its own, unless it is there."""
    path = cell_file(options, table, split, contender)
    if path.exists():
        return
    command = [sys.executable, __file__, "--data", str(options.data)]
    command += ["--work", str(options.work), "--budget", str(options.budget)]
    command += ["--cores", str(options.cores)]
    command += ["--cell", table, str(split), contender]
    limit = LIMIT * options.budget + 60
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=limit
        )
        fault = "" if path.exists() else done.stderr.strip().rpartition("\n")[2]
    except subprocess.TimeoutExpired:
        fault = f"killed after {limit:.0f} s"
    if fault:
        path.write_text(json.dumps({"fault": fault}))
    sys.stdout.write(f"{table} {split} {contender} {path.read_text()[:200]}\n")
    sys.stdout.flush()


def measure(options: Any, table: str, split: int, contender: str) -> dict[str, Any]:
    """Return what one contender's models do on the test rows, and its seconds."""
    warnings.filterwarnings("ignore")
    given = split_of(table, split, options.data)
    setup = Setup(given, options.budget, options.cores, split)
    started = time.perf_counter()
    models = CONTENDERS[contender](setup)
    seconds = time.perf_counter() - started
    found = {}
    for name, model in models.items():
        started = time.perf_counter()
        predicted = model.predict(given.X_test)
        predicting = time.perf_counter() - started
        found[name] = {
            "loss": loss_of(given, np.asarray(predicted, float)),
            "leaves": model.leaves,
            "microseconds": 1e6 * predicting / len(given.X_test),
            "note": model.note,
        }
    return {"seconds": seconds, "models": found}


def loss_of(given: Split, predicted: NDArray[np.float64]) -> float:
    """Return the mean loss on the test rows."""
    if given.n_classes:
        labels = np.arange(given.n_classes)
        return float(log_loss(given.y_test, predicted, labels=labels))
    return float(((given.y_test - predicted) ** 2).mean())


if __name__ == "__main__":
    main()
