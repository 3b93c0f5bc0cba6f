"""Whether runs take as long as ``validate`` says, and as long as their budget.

``python tests/benchmarks/estimates.py --data FOLDER --kept FOLDER`` runs ``validate``
and ``run`` on ten tables of the data folder, and runs with three budgets on one of
them. It measures what the kept folder lacks, a file per measurement, and writes
``estimates.md`` beside this file. ``--table`` writes the page from what is there.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sources import versions

TABLES = (
    *("hitters", "glass", "pima2", "ozone", "ionosphere"),
    *("german_credit", "concrete", "diabetes", "vehicle", "breast_cancer"),
)
BUDGETS, BUDGET_TABLE = (60, 120, 300), "pima2"
UNITS = {"s": 1, "min": 60, "h": 3600}

PAGE = """# Estimates and budgets against the clock

`python tests/benchmarks/estimates.py --data FOLDER --kept FOLDER`

{versions}.

`boostreg validate FILE --target COLUMN --preset quick` estimates the time of
`boostreg run FILE --target COLUMN --preset quick`, from a few fits that it times. Both
are run one after the other; other programs ran at a lower priority.

*CPU* are the CPU seconds of all processes of the run: if they are far less than the
cores times the seconds of the run, other programs took the cores.

| table | estimate, s | run, s | CPU, s | estimate / run |
|---|---|---|---|---|
{rows}

{within} of {count} estimates are within a third of the run.

`boostreg run {budget_table}.parquet --target COLUMN --set budget=SECONDS`:

| budget, s | run, s | CPU, s | run / budget |
|---|---|---|---|
{budgets}
"""


def command(*words: str) -> tuple[dict[str, float], str]:
    """Run boostreg, and return its wall and CPU seconds and what it printed."""
    started, before = time.perf_counter(), os.times()
    done = subprocess.run(
        [sys.executable, "-m", "boostreg", *words],
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, now = time.perf_counter() - started, os.times()
    user = now.children_user - before.children_user
    cpu = user + now.children_system - before.children_system
    return {"seconds": seconds, "cpu": cpu}, done.stdout


def estimate(text: str) -> float:
    """Return the seconds that ``validate`` printed."""
    found = re.search(r"^time: about (.+?) on", text, re.MULTILINE)
    if found is None:
        raise ValueError(f"no estimate in {text!r}")
    words = found[1].split()
    pairs = zip(words[::2], words[1::2], strict=True)
    return sum(float(number) * UNITS[unit] for number, unit in pairs)


def measure(table: Mapping[str, Any], data: Path, out: Path) -> dict[str, float]:
    """Return the estimated and the actual seconds of a run."""
    words = (str(data / table["file"]), "--target", table["target"])
    quick = (*words, "--preset", "quick")
    _, text = command("validate", *quick)
    spent, _ = command("run", *quick, "--out", str(out), "--quiet")
    return {"estimate": estimate(text), **spent}


def measure_budget(
    table: Mapping[str, Any], data: Path, out: Path, budget: int
) -> dict[str, float]:
    """Return the actual seconds of a run with a budget."""
    words = (str(data / table["file"]), "--target", table["target"])
    given = ("--set", f"budget={budget}", "--out", str(out), "--quiet")
    return command("run", *words, *given)[0]


def kept(path: Path) -> dict[str, float]:
    """Return a measurement that was kept, or nothing."""
    found: dict[str, float] = json.loads(path.read_text()) if path.exists() else {}
    return found


def measure_all(data: Path, folder: Path) -> None:
    """Measure what the folder lacks."""
    index = json.loads((data / "index.json").read_text())
    tables = {one["name"]: one for one in index}
    tasks: list[tuple[str, Any]] = [(name, None) for name in TABLES]
    tasks += [(BUDGET_TABLE, budget) for budget in BUDGETS]
    for name, budget in tasks:
        path = folder / (f"{name}.json" if budget is None else f"budget-{budget}.json")
        if path.exists():
            continue
        out = folder / "runs"
        shutil.rmtree(out, ignore_errors=True)
        if budget is None:
            found = measure(tables[name], data, out)
        else:
            found = measure_budget(tables[name], data, out, budget)
        path.write_text(json.dumps(found))
        sys.stdout.write(f"{path.stem}: {found}\n")
        sys.stdout.flush()


def rows(found: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """Yield the lines of the table of estimates."""
    for name, one in found.items():
        cells = f"{one['estimate']:.0f} | {one['seconds']:.0f} | {one['cpu']:.0f}"
        yield f"| {name} | {cells} | {one['estimate'] / one['seconds']:.2f} |"


def budget_rows(found: Mapping[int, Mapping[str, float]]) -> Iterator[str]:
    """Yield the lines of the table of budgets."""
    for budget, one in found.items():
        cells = f"{budget} | {one['seconds']:.0f} | {one['cpu']:.0f}"
        yield f"| {cells} | {one['seconds'] / budget:.2f} |"


def write_page(folder: Path) -> None:
    """Write the page from what the folder has."""
    found = {name: kept(folder / f"{name}.json") for name in TABLES}
    found = {name: one for name, one in found.items() if one}
    budgets = {n: kept(folder / f"budget-{n}.json") for n in BUDGETS}
    within = [
        2 / 3 <= one["estimate"] / one["seconds"] <= 4 / 3 for one in found.values()
    ]
    page = PAGE.format(
        versions=versions(),
        rows="\n".join(rows(found)),
        within=sum(within),
        count=len(within),
        budget_table=BUDGET_TABLE,
        budgets="\n".join(budget_rows({n: one for n, one in budgets.items() if one})),
    )
    Path(__file__).with_suffix(".md").write_text(page, "utf-8")


def main(words: Sequence[str] | None = None) -> None:
    """Measure what is not kept, and write the page."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of Parquet files, index.json")
    parser.add_argument("--kept", type=Path, required=True, help="folder of results")
    parser.add_argument("--table", action="store_true", help="only write the page")
    options = parser.parse_args(words)
    options.kept.mkdir(parents=True, exist_ok=True)
    if not options.table:
        measure_all(options.data, options.kept)
    write_page(options.kept)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONPATH", str(Path(__file__).parents[2]))
    main()
