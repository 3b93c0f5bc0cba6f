"""Time and memory of a study with preset quick against the rows of its table.

``python tests/benchmarks/large.py --kept FOLDER [--most ROWS]`` measures what ``kept``
lacks, a file per run, and writes ``large.md``, ``large_memory.svg`` and
``large_time.svg`` beside this file. FOLDER also holds the tables, as Parquet.

Memory is what a process does not share with a file (Linux, ``RssAnon``), read ten times
a second: pages of the shared table can be dropped and read again.
"""

import json
import re
import resource
import subprocess
import sys
import time
from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
from sources import versions

from boostreg.figures.curves import line_panel
from boostreg.study.presets import PRESETS

RUNS = (
    (10_000, 100),
    (100_000, 100),
    (1_000_000, 100),
    (10_000_000, 100),
    (10_000_000, 500),
)
"""Rows of the table and the limit of rounds of each run; 500 are the default."""
TEXTS = (1_000_000, 10_000_000)
"""Rows of the tables that are also checked as CSV."""
N_NUMBERS, CATEGORIES, USED = 48, (5, 30), 10
GROUP = 100_000
WORKERS = 2
MB = 2**20

STUDY = """name: large
data: {{source: {source}, target: y}}
preset: quick
engines: [xgboost, lightgbm]
rounds: {{max: {rounds}}}
baselines: [mean]
"""

PAGE = """# Time and memory against the rows of a table

`python tests/benchmarks/large.py --kept FOLDER`

{versions}. A Parquet file of {columns} columns ({numbers} numbers in float32, \
{categories} of categories) through `boostreg run --preset quick` with {workers} \
workers, the mean as the only baseline, and the rounds of the table; 500 are the \
default. Of more than {used:,} rows, the preset uses that many. Memory in MB is the \
most that a process did not share with a file; *expected* is what `boostreg validate` \
printed before. CPU seconds are those of all processes.

| rows | rounds | file | main process | expected | worker | expected | all at once \
| expected | validate, CPU s | run, CPU s | run, wall s |
|---|---|---|---|---|---|---|---|---|---|---|---|
{lines}

![Memory against rows](large_memory.svg)

![CPU seconds against rows](large_time.svg)

The charts show the runs of {rounds} rounds.

## The same tables as CSV

`boostreg validate` reads and checks the table, and times a few fits.

| rows | file | main process | expected | CPU s | CPU s of Parquet | wall s |
|---|---|---|---|---|---|---|
{texts}
"""


def write_table(path: Path, n_rows: int) -> None:
    """Write normal columns, of which ten have an effect, and two of categories."""
    rng = np.random.default_rng(0)
    passing = path.with_suffix(".part")
    writer = None
    for start in range(0, n_rows, GROUP):
        size = min(GROUP, n_rows - start)
        X = rng.standard_normal((size, N_NUMBERS), dtype=np.float32)
        codes = [rng.integers(0, n, size) for n in CATEGORIES]
        noise = 3 * rng.standard_normal(size, dtype=np.float32)
        y = X[:, :USED].sum(axis=1) + 2 * X[:, 0] * X[:, 1] + (codes[0] == 2) + noise
        X[rng.random(size) < 0.1, -1] = np.nan
        columns: dict[str, Any] = {f"x{k}": values for k, values in enumerate(X.T)}
        for n, values in zip(CATEGORIES, codes, strict=True):
            labels = [f"c{k}" for k in range(n)]
            columns[f"c{n}"] = pa.DictionaryArray.from_arrays(
                pa.array(values, pa.int8()), labels
            )
        table = pa.table(columns | {"y": y.astype(np.float32)})
        writer = writer or pq.ParquetWriter(passing, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()
    passing.rename(path)


def write_text(table: Path, path: Path) -> None:
    """Write a Parquet table as CSV."""
    passing = path.with_suffix(".part")
    writer = None
    with pq.ParquetFile(table) as file:
        for batch in file.iter_batches(GROUP):
            columns = [
                column.cast(pa.string())
                if pa.types.is_dictionary(column.type)
                else column
                for column in batch.columns
            ]
            plain = pa.record_batch(columns, names=batch.schema.names)
            writer = writer or pc.CSVWriter(passing, plain.schema)
            writer.write_batch(plain)
    if writer is not None:
        writer.close()
    passing.rename(path)


def anonymous(process: int) -> float:
    """Return the memory in MB that a process does not share with a file."""
    with suppress(OSError):
        status = Path(f"/proc/{process}/status").read_text("ascii")
        if found := re.search(r"^RssAnon:\s+(\d+) kB$", status, re.MULTILINE):
            return int(found[1]) / 1024
    return 0.0


def children(process: int) -> list[int]:
    """Return the numbers of the processes that a process started."""
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{process}/task").iterdir():
            found += map(int, (task / "children").read_text("ascii").split())
    return found


def cpu_seconds() -> float:
    """Return the CPU seconds of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def watched(arguments: list[str], folder: Path) -> tuple[dict[str, float], str]:
    """Run a command; return its time and memory, and what it printed."""
    started, before = time.monotonic(), cpu_seconds()
    most = {"main": 0.0, "worker": 0.0, "all": 0.0}
    with (folder / "printed.txt").open("w+", encoding="utf-8") as printed:
        command = [sys.executable, "-m", "boostreg", *arguments]
        with subprocess.Popen(command, cwd=folder, stdout=printed) as process:
            while process.poll() is None:
                main = anonymous(process.pid)
                workers = [anonymous(one) for one in children(process.pid)]
                now = {
                    "main": main,
                    "worker": max(workers, default=0.0),
                    "all": main + sum(workers),
                }
                most = {name: max(value, now[name]) for name, value in most.items()}
                time.sleep(0.1)
        if process.returncode:
            raise SystemExit(process.returncode)
        printed.seek(0)
        text = printed.read()
    cpu = cpu_seconds() - before
    return most | {"cpu": cpu, "wall": time.monotonic() - started}, text


def expected_memory(text: str) -> dict[str, float]:
    """Return the memory that ``validate`` prints, in MB."""
    (line,) = re.findall(r"^memory: .*$", text, re.MULTILINE)
    numbers = [float(n.replace(",", "")) for n in re.findall(r"([\d.,]+) MB", line)]
    return dict(zip(("all", "main", "worker"), numbers, strict=False))


def measure(n_rows: int, rounds: int, kept: Path) -> dict[str, Any]:
    """Return time and memory of ``validate`` and of a run.

    ``validate`` runs once per table: what it does and prints of memory does not depend
    on the rounds.
    """
    table = (kept / f"{n_rows}.parquet").resolve()
    if not table.exists():
        write_table(table, n_rows)
    with TemporaryDirectory() as name:
        folder = Path(name)
        text = STUDY.format(source=table, rounds=rounds)
        (folder / "large.yaml").write_text(text, "utf-8")
        known = sorted(kept.glob(f"{n_rows}-*.json"))
        if known:
            first = json.loads(known[0].read_text("utf-8"))
            checked, expected = first["validate"], first["expected"]
        else:
            checked, printed = watched(["validate", "large.yaml"], folder)
            expected = expected_memory(printed)
        run, _ = watched(
            ["run", "large.yaml", "--workers", str(WORKERS), "--quiet"], folder
        )
    size = table.stat().st_size / MB
    return {"file": size, "validate": checked, "run": run, "expected": expected}


def measure_text(n_rows: int, kept: Path) -> dict[str, Any]:
    """Return time and memory of ``validate`` on the table as CSV."""
    path = (kept / f"{n_rows}.csv").resolve()
    if not path.exists():
        write_text(kept / f"{n_rows}.parquet", path)
    with TemporaryDirectory() as name:
        folder = Path(name)
        text = STUDY.format(source=path, rounds=RUNS[0][1])
        (folder / "large.yaml").write_text(text, "utf-8")
        checked, printed = watched(["validate", "large.yaml"], folder)
    size = path.stat().st_size / MB
    return {"file": size, "validate": checked, "expected": expected_memory(printed)}


def line_of(n_rows: int, rounds: int, one: dict[str, Any]) -> str:
    """Return a row of the page."""
    run, expected = one["run"], one["expected"]
    cells = [f"{n_rows:,}", f"{rounds}", f"{one['file']:.0f}"]
    for name in ("main", "worker", "all"):
        cells += [f"{run[name]:.0f}", f"{expected[name]:.0f}"]
    seconds = (one["validate"]["cpu"], run["cpu"], run["wall"])
    return f"| {' | '.join([*cells, *(f'{value:.0f}' for value in seconds)])} |"


def draw(found: dict[int, dict[str, Any]]) -> None:
    """Draw memory and CPU seconds against rows, of runs by rows."""
    memory = [
        (label, [one["run"][name] for one in found.values()])
        for label, name in (("main process", "main"), ("worker", "worker"))
    ]
    seconds = [
        (name, [one[name]["cpu"] for one in found.values()])
        for name in ("validate", "run")
    ]
    for name, unit, lines in (
        ("memory", "MB", memory),
        ("time", "CPU seconds", seconds),
    ):
        line_panel(
            list(found),
            lines,
            title=f"{unit} against rows",
            x_label="rows",
            y_label=unit,
            x_log=True,
            y_log=True,
            classes=("x", "l"),
        ).save(Path(__file__).with_name(f"large_{name}.svg"))


def main() -> None:
    """Measure what is missing, and write the page and the charts."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--kept", type=Path, required=True)
    parser.add_argument("--most", type=int, default=RUNS[-1][0], help="rows, at most")
    given = parser.parse_args()
    given.kept.mkdir(parents=True, exist_ok=True)
    found: dict[tuple[int, int], dict[str, Any]] = {}
    for n_rows, rounds in (run for run in RUNS if run[0] <= given.most):
        path = given.kept / f"{n_rows}-{rounds}.json"
        if not path.exists():
            path.write_text(json.dumps(measure(n_rows, rounds, given.kept)), "utf-8")
        one = found[n_rows, rounds] = json.loads(path.read_text("utf-8"))
        print(line_of(n_rows, rounds, one), flush=True)  # noqa: T201  # a script talks
    fewest = RUNS[0][1]
    texts = []
    for n_rows in (n for n in TEXTS if n <= given.most):
        path = given.kept / f"{n_rows}.csv.json"
        if not path.exists():
            path.write_text(json.dumps(measure_text(n_rows, given.kept)), "utf-8")
        one = json.loads(path.read_text("utf-8"))
        read, parquet = one["validate"], found[n_rows, fewest]["validate"]
        numbers = (one["file"], read["main"], one["expected"]["main"])
        numbers += (read["cpu"], parquet["cpu"], read["wall"])
        cells = [f"{n_rows:,}", *(f"{value:.0f}" for value in numbers)]
        texts.append(f"| {' | '.join(cells)} |")
    draw({n: one for (n, rounds), one in found.items() if rounds == fewest})
    page = PAGE.format(
        versions=versions(),
        columns=N_NUMBERS + len(CATEGORIES),
        numbers=N_NUMBERS,
        categories=len(CATEGORIES),
        rounds=fewest,
        used=(PRESETS["quick"].most_values or 0) // (N_NUMBERS + len(CATEGORIES)),
        workers=WORKERS,
        texts="\n".join(texts),
        lines="\n".join(line_of(*run, one) for run, one in found.items()),
    )
    Path(__file__).with_suffix(".md").write_text(page, "utf-8")


if __name__ == "__main__":
    main()
