"""Thirty tasks of a first hour, as code for boostreg and for other tools, tried.

``python tests/benchmarks/rivals/first_tasks.py TOOL --kept FOLDER`` runs the code that
``first_tasks.yaml`` has for a tool, in an environment that has it: each task in a
process and a folder of its own. ``--table`` writes ``first_tasks.md`` beside this file
from what is kept.

A line is one of code, or a command. Reading a file is part of a task only if the task
is about it; otherwise ``d`` is the table as a data frame.
"""

import json
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

HERE = Path(__file__).parent
TOOLS = {
    "boostreg": "boostreg",
    "flaml": "FLAML",
    "mljar": "mljar-supervised",
    "tuner": "LightGBMTunerCV",
}
LIMIT, LATE = 400, "took too long"

TABLES = """
from pathlib import Path
import numpy as np, pandas as pd
r = np.random.default_rng(0)
n = 240
d = pd.DataFrame({
    "x": r.normal(size=n), "size": r.integers(0, 9, n),
    "kind": r.choice(["a", "b", "c"], n), "g": np.arange(n) // 6,
    "w": r.uniform(1, 2, n), "day": np.arange(n),
})
d["y"] = d.x * 2 + d["size"] + (d.kind == "a") + r.normal(size=n)
d["count"] = r.poisson(np.exp(d.x / 2))
d["label"] = np.where(d.y > 4, "yes", "no")
d["type"] = pd.cut(d.y, 4, labels=False) + 1
d.to_csv("m.csv", index=False)
d.to_csv("semi.csv", sep=";", decimal=",", index=False)
d.assign(kind=d.kind + "é").to_csv("latin.csv", index=False, encoding="latin-1")
d.to_csv("m.csv.gz", index=False)
d.to_csv("rows.csv")
d.assign(x=d.x.astype(str).where(d.index % 9 > 0, "?")).to_csv("odd.csv", index=False)
try:
    d.to_excel("m.xlsx", index=False)
    Path("parts").mkdir()
    d[:100].to_parquet("parts/a.parquet")
    d[100:].to_parquet("parts/b.parquet")
except ImportError:
    pass
"""

PAGE = """# Thirty tasks of a first hour

`python tests/benchmarks/rivals/first_tasks.py TOOL --kept FOLDER`

Each cell is the number of lines of code, or of commands, with which the tool does the
task; *no* is where we know no way with the tool itself. All code is in
`first_tasks.yaml` and was run, but for cells with a star: that code follows the tool's
documentation, and was not run to its end. *fails* is where code ended with an error, or
where its result was wrong. A line for reading a file counts only in tasks about files.

{versions}

{rows}

boostreg has the fewest lines, or as few as the best, in {first} of {count} tasks.
{behind}
"""


def tasks() -> list[dict[str, Any]]:
    """Return the tasks with the code of each tool."""
    found: list[dict[str, Any]] = YAML(typ="safe").load(HERE / "first_tasks.yaml")
    return found


def attempt(way: Mapping[str, str]) -> dict[str, Any]:
    """Run the code of a task in a new folder, and return what came of it."""
    code = way["code"]
    commands = [line[1:] for line in code.splitlines() if line.startswith("$")]
    check = f"assert {way['check']}" if "check" in way else ""
    with tempfile.TemporaryDirectory() as folder:
        if commands:
            shell = "\n".join(["set -e", *commands])
            call = f"subprocess.run({shell!r}, shell=True, check=True)"
            script = f"{TABLES}\nimport subprocess\n{call}\n{check}\n"
        else:
            script = f"{TABLES}\n{code}\n{check}\n"
        started = time.perf_counter()
        try:
            done = subprocess.run(
                [sys.executable, "-c", script],
                cwd=folder, capture_output=True, text=True, check=False, timeout=LIMIT,
            )  # fmt: skip
            error = done.stderr.strip()[-300:] if done.returncode else ""
        except subprocess.TimeoutExpired:
            error = LATE
    return {"error": error, "seconds": round(time.perf_counter() - started, 1)}


def lines(code: str) -> int:
    """Return how many lines of code there are."""
    return sum(bool(line.strip()) for line in code.splitlines())


def write_page(kept: Path) -> None:
    """Write the table from what is kept."""
    found = {tool: json.loads((kept / f"{tool}.json").read_text()) for tool in TOOLS}
    listed, behind, first = tasks(), [], 0

    def state(tool: str, one: Mapping[str, Any]) -> str:
        if tool not in one:
            return "no"
        done = found[tool]["tasks"].get(one["task"], {"error": LATE})
        if done["error"] not in ("", LATE):
            return "fails"
        return f"{lines(one[tool]['code'])}{'*' if done['error'] else ''}"

    rows = [f"| task | {' | '.join(TOOLS.values())} |", "|---" * 5 + "|"]
    for one in listed:
        cells = {tool: state(tool, one) for tool in TOOLS}
        rows.append(f"| {one['task']} | {' | '.join(cells.values())} |")
        numbers = {t: int(c.rstrip("*")) for t, c in cells.items() if c[0].isdigit()}
        if numbers.get("boostreg") == min(numbers.values()):
            first += 1
        else:
            behind.append(one["task"])
    versions = "; ".join(f"{TOOLS[tool]} {found[tool]['version']}" for tool in TOOLS)
    page = PAGE.format(
        versions=f"Tried: {versions}.",
        rows="\n".join(rows),
        first=first,
        count=len(listed),
        behind="Another tool is better at: " + "; ".join(behind) + "."
        if behind
        else "",
    )
    (HERE / "first_tasks.md").write_text(page, "utf-8")


def main() -> None:
    """Try the tasks of a tool, or write the table."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("tool", nargs="?", choices=TOOLS)
    parser.add_argument("--kept", type=Path, required=True, help="folder of results")
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    if options.table:
        write_page(options.kept)
        return
    path = options.kept / f"{options.tool}.json"
    kept = json.loads(path.read_text()) if path.exists() else {"tasks": {}}
    kept["version"] = version(options.tool)
    for one in tasks():
        if options.tool in one and one["task"] not in kept["tasks"]:
            found = attempt(one[options.tool])
            kept["tasks"][one["task"]] = found
            path.write_text(json.dumps(kept, indent=1), "utf-8")
            sys.stdout.write(f"{one['task']}: {found['error'] or 'ok'}\n")
            sys.stdout.flush()


def version(tool: str) -> str:
    """Return the installed version of a tool."""
    from importlib import metadata

    package = {"mljar": "mljar-supervised", "tuner": "optuna-integration"}
    return metadata.version(package.get(tool, tool))


if __name__ == "__main__":
    main()
