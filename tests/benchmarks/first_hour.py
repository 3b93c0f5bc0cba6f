"""Whether any CSV file ends in an answer, and whether its columns are read right.

``python tests/benchmarks/first_hour.py --data FOLDER --kept FOLDER`` writes each table
of ``index.json`` in the data folder as CSV, as pandas and as R do by default, and runs
``init``, ``validate`` and ``run`` on it without a change by hand. It measures what the
kept folder lacks, a file per table and manner, and writes ``first_hour.md`` beside this
file. ``--table`` writes the page from what is there, and ``--reread`` reads the columns
of all files again, without a run.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sources import versions

from boostreg.data import Table
from boostreg.data.table import Column
from boostreg.study.load import load_study, read_table

SETTINGS = (
    *("--preset", "quick", "--set", "search.trials=3", "--set", "rounds.max=20"),
    *("--set", "validation={outer: {folds: 2}, inner: {folds: 2}}"),
    *("--set", "baselines=[mean]"),
)
MANNERS = ("pandas", "R")

PAGE = """# From a CSV file to an answer, without a change by hand

`python tests/benchmarks/first_hour.py --data FOLDER --kept FOLDER`

{versions}.

Each table is written as CSV twice, as `DataFrame.to_csv` of pandas and `write.csv` of R
do by default. Both add a column of row names; R also quotes text and writes `NA`. Then
these commands are run, without a change by hand: `boostreg init FILE --target COLUMN`,
`boostreg validate STUDY` and `boostreg run STUDY {settings}`.
If neither file of a table is misread, they are one table, which is run once. Tables
that are not here yet were not measured.

*misread* are the columns, the target included, whose type or values are not those of
the original Parquet file. A column of numbers or booleans there must be these numbers,
any other column these labels. *seconds* are those of the three commands together, on a
busy machine.

**{answered} of the {ran} files that were run end in a report with an answer. In {exact}
of all {count} files, no column is misread.**

{rows}
"""


def write_csv(frame: pd.DataFrame, path: Path, manner: str) -> None:
    """Write a table as pandas or as R does by default."""
    if manner == "pandas":
        frame.to_csv(path)
        return
    columns = [[f'"{row}"' for row in range(1, len(frame) + 1)]]
    for name in frame:
        known = frame[name].notna()
        cells = [
            _cell_of_r(value) if is_known else "NA"
            for value, is_known in zip(frame[name].tolist(), known, strict=True)
        ]
        columns.append(cells)
    head = ",".join(f'"{name}"' for name in ["", *frame])
    lines = (",".join(cells) for cells in zip(*columns, strict=True))
    path.write_text("\n".join([head, *lines]) + "\n", "utf-8")


def _cell_of_r(value: object) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return f"{value:.15g}"
    text = str(value).replace('"', '""')
    return text if isinstance(value, int) else f'"{text}"'


def misread(table: Table, frame: pd.DataFrame) -> list[str]:
    """Return the columns whose type or values are not those of the original."""
    names = [column.name for column in table.columns]
    wrong = {*names, table.target} ^ set(frame)
    for place, column in enumerate(table.columns):
        if column.name in frame and not _same(
            table.X[:, place], column, frame[column.name]
        ):
            wrong.add(column.name)
    if not _same(
        table.y, Column(table.target, table.classes or None), frame[table.target]
    ):
        wrong.add(table.target)
    return [name for name in dict.fromkeys([*frame, *names]) if name in wrong]


def _same(values: np.ndarray, column: Column, original: "pd.Series[Any]") -> bool:
    """Return whether a column has the type and values of the original."""
    is_number = original.dtype.kind in "iufb"
    if is_number != (column.categories is None):
        return False
    if is_number:  # R writes 15 digits
        wanted = original.to_numpy(dtype=float, na_value=np.nan)
        return np.allclose(values, wanted, rtol=1e-12, atol=0, equal_nan=True)
    labels = np.array([*column.categories, None], dtype=object)
    read = labels[np.where(np.isnan(values), -1, values).astype(int)]
    known = original.notna().to_numpy()
    wanted = np.where(known, original.astype(str), None)
    return bool((read == wanted).all())


def measure(one: Mapping[str, Any], manner: str, options: Namespace) -> dict[str, Any]:
    """Write a table, run the three commands, and return what came of it."""
    folder = options.kept / f"{one['name']}-{manner}"
    folder.mkdir(parents=True, exist_ok=True)
    frame = pd.read_parquet(options.data / one["file"])
    csv = folder / f"{one['name']}.csv"
    if not csv.exists():
        write_csv(frame, csv, manner)
    study = folder / f"{re.sub('[^a-z0-9_-]+', '-', one['name'].lower())}.yaml"
    study.unlink(missing_ok=True)
    commands = [
        ("init", csv.name, "--target", one["target"]),
        ("validate", study.name),
        ("run", study.name, *SETTINGS, "--json"),
    ]
    if options.reread:
        commands = commands[:1]
    found: dict[str, Any] = {"name": one["name"], "manner": manner, "rows": len(frame)}
    first = options.kept / f"{one['name']}-{MANNERS[0]}.json"
    twin = json.loads(first.read_text("utf-8")) if first.exists() else {}
    for command in commands:
        if command[0] == "run" and manner != MANNERS[0] and _is_same(found, twin):
            found["run"] = twin["run"] | {"seconds": 0.0, "same": True}
            break
        started = time.perf_counter()
        words = [sys.executable, "-m", "boostreg", *command]
        done = subprocess.run(
            words, cwd=folder, capture_output=True, text=True, check=False
        )
        found[command[0]] = {
            "seconds": round(time.perf_counter() - started, 1),
            "code": done.returncode,
            "out": done.stdout,
            "error": done.stderr[-2000:] if done.returncode else "",
        }
        if done.returncode:
            break
        if command[0] == "init":
            table, _ = read_table(load_study(study))
            found |= {"task": table.task, "misread": misread(table, frame)}
    return found


def _is_same(found: Mapping[str, Any], twin: Mapping[str, Any]) -> bool:
    """Return whether two files are one table, because neither is misread."""
    return found["misread"] == twin.get("misread") == [] and "run" in twin


def _rows(results: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield "| table | rows | as | task | misread | seconds | answer |"
    yield "|---|---|---|---|---|---|---|"
    for one in results:
        steps = [one[step] for step in ("init", "validate", "run") if step in one]
        wrong = one.get("misread", ["not read"])
        more = f" and {len(wrong) - 6} more" if len(wrong) > 6 else ""
        error = steps[-1]["error"].strip().splitlines()
        answer = _answer(one) or (f"none: {error[-1]}" if error else "not run")
        if "same" in one.get("run", {}):
            answer = "as above"
        seconds = sum(step["seconds"] for step in steps)
        yield (
            f"| {one['name']} | {one['rows']:,} | {one['manner']} | "
            f"{one.get('task', '')} | {', '.join(wrong[:6]) + more or 'none'} | "
            f"{seconds:.0f} | {answer} |"
        )


def _answer(one: Mapping[str, Any]) -> str:
    """Return the first sentence of the answer, empty without one."""
    run = one.get("run")
    if run is None or run["code"]:
        return ""
    answer = json.loads(run["out"])["answer"]
    return "" if answer[0].startswith("No answer") else str(answer[0])


def write_page(kept: Path) -> None:
    """Write the page from all results in a folder."""
    found = [json.loads(path.read_text("utf-8")) for path in kept.glob("*.json")]
    results = sorted(found, key=lambda one: (one["name"], one["manner"] != MANNERS[0]))
    page = PAGE.format(
        versions=versions(),
        settings=shlex.join(SETTINGS),
        count=len(results),
        answered=sum(bool(_answer(one)) for one in results),
        ran=sum("run" in one or one["init"]["code"] != 0 for one in results),
        exact=sum(not one.get("misread", True) for one in results),
        rows="\n".join(_rows(results)),
    )
    Path(__file__).with_suffix(".md").write_text(page, "utf-8")


def main() -> None:
    """Measure what is not kept, smallest tables first, and write the page."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of Parquet files, index.json")
    parser.add_argument("--kept", type=Path, required=True, help="folder of results")
    parser.add_argument("--table", action="store_true", help="only write the page")
    parser.add_argument("--reread", action="store_true", help="only read columns again")
    options = parser.parse_args()
    index = (
        [] if options.table else json.loads((options.data / "index.json").read_text())
    )
    smallest_first = sorted(index, key=lambda one: one["bytes"])
    for manner, one in product(MANNERS, smallest_first):
        path = options.kept / f"{one['name']}-{manner}.json"
        if path.exists() and not options.reread:
            continue
        found = measure(one, manner, options)
        if options.reread and path.exists():
            found = {**json.loads(path.read_text("utf-8")), **found}
        path.write_text(json.dumps(found, indent=1), "utf-8")
        sys.stdout.write(f"{path.stem}: {found.get('misread')}\n")
        sys.stdout.flush()
    write_page(options.kept)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONPATH", str(Path(__file__).parents[2]))
    main()
