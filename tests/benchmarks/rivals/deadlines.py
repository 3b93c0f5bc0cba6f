"""Whether ``tune`` keeps its timeout, with another process at work on one core.

``python tests/benchmarks/rivals/deadlines.py --data FOLDER --work FOLDER`` runs what
``--work`` lacks, 40 calls over ten tables and four timeouts, each in a process of its
own, and writes ``deadlines.md``. It may be stopped at any time.
"""

import argparse
import json
import math
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
from tables import split_of

TABLES = (
    "adult", "ames", "credit_default", "diamonds", "dna", "flights_delay", "letter",
    "mdrr", "pima2", "satellite",
)  # fmt: skip
"""The largest tables, the widest, those with most categories and classes, a small."""
TIMEOUTS = (4, 8, 12, 20)
TENTHS = {2: "20 s", 6: "60 s"}
"""Short timeouts on a machine without other work: tenths of usual ones."""

PAGE = """# Whether `tune` keeps its timeout

`python tests/benchmarks/rivals/deadlines.py --data FOLDER --work FOLDER`

{versions}. Another process keeps one core busy throughout. *Late*: seconds beyond the
timeout until `tune` has returned with both picks fitted on all rows; *allowed* is the
larger of a tenth of the timeout and 2 s. A call that has measured nothing in its
timeout ends with an error that says so. *First*: seconds until the first trial was
complete on all its folds.

{summary}

{table}

## A first model within a tenth of the time

At its timeout, a call returns the model of what it has measured. So calls with a tenth
of a budget show whether there is a usable model by then. Without other processes:

{tenths}
"""


def main() -> None:
    """Run what is missing, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--cell", nargs=2, metavar=("TABLE", "TIMEOUT"))
    options = parser.parse_args()
    if options.cell:
        table, timeout = options.cell
        sys.stdout.write(json.dumps(measure(options.data, table, float(timeout))))
        return
    options.work.mkdir(parents=True, exist_ok=True)
    for table, timeout in product(TABLES, TENTHS):
        run_cell(options, table, timeout)
    with busy_core():
        for timeout, table in product(TIMEOUTS, TABLES):
            run_cell(options, table, timeout)
    write(options.work)


def run_cell(options: Any, table: str, timeout: int) -> None:
    """Measure one call, unless it is there."""
    path = options.work / f"{table}-{timeout}.json"
    if path.exists():
        return
    command = [sys.executable, __file__, "--data", str(options.data)]
    command += ["--work", str(options.work), "--cell", table, str(timeout)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    path.write_text(done.stdout)
    sys.stdout.write(f"{path.stem} {done.stdout}\n")
    sys.stdout.flush()


def measure(folder: Path, table: str, timeout: float) -> dict[str, Any]:
    """Return the seconds of one call, and its number of trials."""
    from boostreg import tune
    from boostreg.errors import FitError

    warnings.filterwarnings("ignore")
    given = split_of(table, 0, folder)
    y = given.y.astype(int) if given.n_classes else given.y
    started = time.monotonic()
    n_trials, fault, ends = 0, "", []

    def after(_study: Any, trial: Any) -> None:
        if trial.state.name == "COMPLETE":
            ends.append(time.monotonic() - started)

    try:
        tuned = tune(
            given.X,
            y,
            task=given.task,
            groups=given.groups,
            timeout=timeout,
            callbacks=[after],
        )
        n_trials = len(tuned.trials)
    except FitError as error:
        fault = str(error)
    return {
        "seconds": time.monotonic() - started,
        "first": ends[0] if ends else None,
        "trials": n_trials,
        "fault": fault,
    }


@contextmanager
def busy_core() -> Iterator[None]:
    """Keep one core busy with another process."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def write(work: Path) -> None:
    """Write the page from the kept results."""
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from sources import versions

    rows = []
    for timeout in TIMEOUTS:
        for table in TABLES:
            found = json.loads((work / f"{table}-{timeout}.json").read_text())
            late = found["seconds"] - timeout
            first = found["first"]
            rows.append(
                {
                    "table": table,
                    "timeout": timeout,
                    "late": late,
                    "trials": found["trials"],
                    "none": bool(found["fault"]),
                    "first": math.nan if first is None else first,
                }
            )
    frame = pd.DataFrame(rows)
    allowed = (frame.timeout / 10).clip(lower=2.0)
    over = frame[frame.late > allowed]
    summary = (
        f"{len(frame)} calls: {len(over)} later than allowed, the latest by "
        f"{frame.late.max():.1f} s; {int(frame.none.sum())} measured nothing."
    )
    lines = ["| table | timeout | late | trials | first |", "|---|---|---|---|---|"]
    lines += [
        f"| {one.table} | {one.timeout} s | {one.late:+.1f} s | {one.trials} | "
        f"{one.first:.1f} s |"
        for one in frame.itertuples()
    ]
    page = PAGE.format(
        versions=versions(),
        summary=summary,
        table="\n".join(lines),
        tenths="\n".join(lines_of_tenths(work)),
    )
    Path(__file__).with_suffix(".md").write_text(page, "utf-8")


def lines_of_tenths(work: Path) -> Iterator[str]:
    """Yield the table of calls with a tenth of a budget."""
    yield "| timeout | a tenth of | tables with a model | without | latest |"
    yield "|---|---|---|---|---|"
    for timeout, whole in TENTHS.items():
        calls = {
            table: json.loads((work / f"{table}-{timeout}.json").read_text())
            for table in TABLES
        }
        none = [table for table, one in calls.items() if one["fault"]]
        latest = max(one["seconds"] for one in calls.values()) - timeout
        yield (
            f"| {timeout} s | {whole} | {len(TABLES) - len(none)} of {len(TABLES)} | "
            f"{', '.join(none)} | {latest:+.1f} s |"
        )


if __name__ == "__main__":
    main()
