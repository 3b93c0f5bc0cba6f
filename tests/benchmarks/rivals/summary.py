"""Mean ranks of ``tune`` and its rivals, from what ``run.py`` has measured.

``python tests/benchmarks/rivals/summary.py --work FOLDER`` writes ``rivals.md`` beside
this file.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from tables import DEVELOPER

sys.path.insert(0, str(Path(__file__).parents[1]))
from sources import versions

RESAMPLES = 2_000
OURS, TOLERANCE = "ours best", 0.01
WORST = 1.05
"""A fault or a timeout counts as the highest loss of its table, times this."""

PAGE = """# `tune` beside its rivals at equal wall time

`python tests/benchmarks/rivals/run.py --data FOLDER --work FOLDER --budget SECONDS`

{versions}.

One contender after the other on all cores, the same outer splits (a quarter of the rows
for the test). A budget is wall time; *seconds* are what was used, the final refit
included. *rank* is the mean over tables of the rank in test loss (mean rank over
splits), with a 95 % bootstrap interval over tables; each model of ours is ranked among
the rivals and itself. *loss* is the median over tables of
the loss relative to the lowest of that table and split, *leaves* that of the leaves
relative to those of the rival with the lowest mean loss.

The tables whose results choices may see: {developer}.

{sections}
"""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Cell:
    """What one model did on one table and split."""

    loss: float
    leaves: float
    seconds: float
    microseconds: float


def read(folder: Path) -> Iterator[tuple[str, int, str, Cell]]:
    """Yield table, split, model and what it did, for one budget."""
    for path in sorted(folder.glob("*/*/*.json")):
        found = json.loads(path.read_text("utf-8"))
        contender = path.stem.replace("-", " ")
        models: Mapping[str, Any] = found.get("models", {"": None})
        for name, model in models.items():
            cell = Cell(np.inf, np.nan, np.nan, np.nan)
            if model is not None:
                leaves = np.nan if model["leaves"] is None else model["leaves"]
                us = model["microseconds"]
                cell = Cell(model["loss"], leaves, found["seconds"], us)
            full = f"{contender} {name}".strip()
            yield path.parts[-3], int(path.parts[-2]), full, cell


def section(title: str, rows: Sequence[tuple[str, int, str, Cell]]) -> str:
    """Return the table of one budget and half, of what all models have measured."""
    names = sorted({name for _, _, name, _ in rows})
    cells = {(table, split, name): cell for table, split, name, cell in rows}
    splits = sorted(
        {
            (table, split)
            for table, split, _, _ in rows
            if all((table, split, name) in cells for name in names)
        }
    )
    if not splits:
        return f"## {title}\n\nNo split is measured for every contender.\n"
    loss = np.array([[cells[*one, name].loss for name in names] for one in splits])
    worst = np.max(np.where(np.isinf(loss), -np.inf, loss), axis=1, keepdims=True)
    loss = np.where(np.isinf(loss), worst * WORST, loss)
    ranks = _ranks(loss, names)
    relative = loss / loss.min(axis=1, keepdims=True) - 1
    leaves = np.array([[cells[*one, name].leaves for name in names] for one in splits])
    seconds = np.array([[cells[*one, n].seconds for n in names] for one in splits])
    speed = np.array([[cells[*one, n].microseconds for n in names] for one in splits])
    tables = [table for table, _ in splits]
    by_table = {name: np.array([t == name for t in tables]) for name in set(tables)}
    of_tables = np.array([ranks[rows].mean(axis=0) for rows in by_table.values()])
    mean = of_tables.mean(axis=0)
    rng = np.random.default_rng(0)
    drawn = rng.integers(len(of_tables), size=(RESAMPLES, len(of_tables)))
    low, high = np.quantile(of_tables[drawn].mean(axis=1), [0.025, 0.975], axis=0)
    rivals = [k for k, n in enumerate(names) if not n.startswith("ours")]
    with_trees = [k for k in rivals if not np.isnan(leaves[:, k]).all()]
    best_rival = min(with_trees, key=lambda k: mean[k])
    ratio = leaves / leaves[:, [best_rival]]
    lines = [
        f"| {names[k]} | {mean[k]:.2f} ({low[k]:.2f} to {high[k]:.2f}) "
        f"| {_of_tables(relative[:, k], by_table):+.1%} "
        f"| {_of_tables(ratio[:, k], by_table):.2f} "
        f"| {np.nanmedian(seconds[:, k]):.1f} | {np.nanmax(seconds[:, k]):.1f} "
        f"| {np.nanmedian(speed[:, k]):.2f} |"
        for k in np.argsort(mean)
    ]
    head = (
        f"## {title}\n\n{len(by_table)} tables, {len(splits)} splits; leaves relative "
        f"to {names[best_rival]}.\n\n"
        "| model | rank | loss | leaves | seconds, median | longest | µs a row "
        "|\n|---|---|---|---|---|---|---|\n"
    )
    against = _against(names, of_tables, drawn)
    worse = _worse_than_defaults(names, loss, by_table)
    per_table = _by_table(names, relative, by_table, mean)
    return head + "\n".join([*lines, "", *against, *worse, *per_table])


def _against(names: Sequence[str], ranks: Array, drawn: Any) -> Iterator[str]:
    """Yield the paired differences in rank of our best to each rival, by table."""
    if OURS not in names:
        return
    own, found = names.index(OURS), []
    for k, name in enumerate(names):
        if not name.startswith("ours"):
            difference = ranks[:, own] - ranks[:, k]
            means = difference[drawn].mean(axis=1)
            low, high = np.quantile(means, [0.025, 0.975])
            found.append(f"{name} {difference.mean():+.2f} ({low:+.2f} to {high:+.2f})")
    yield f"Rank of {OURS} less that of a rival, paired by table: {'; '.join(found)}.\n"


def _worse_than_defaults(
    names: Sequence[str], loss: Array, by_table: Mapping[str, NDArray[np.bool_]]
) -> Iterator[str]:
    """Yield on which tables our best is worse than a library's defaults."""
    for k, name in enumerate(names):
        if OURS in names and name.endswith("defaults"):
            change = np.log(loss[:, names.index(OURS)] / loss[:, k])
            means = {t: change[rows].mean() for t, rows in by_table.items()}
            worse = [
                f"{table} {np.expm1(mean):+.1%}"
                for table, mean in sorted(means.items())
                if mean > np.log1p(TOLERANCE)
            ]
            yield (
                f"{OURS} is worse than {name} by more than {TOLERANCE:.0%} on "
                f"{len(worse)} of {len(means)} tables{': ' * bool(worse)}"
                f"{', '.join(worse)}.\n"
            )


def _ranks(loss: Array, names: Sequence[str]) -> Array:
    """Return ranks by split: of a model of ours among the rivals and itself.

    Rivals are ranked together with our first one.
    """
    rivals = [k for k, name in enumerate(names) if not name.startswith("ours")]
    ours = [k for k, name in enumerate(names) if name.startswith("ours")]
    ranks = np.full_like(loss, np.nan)
    for own in reversed(ours):
        among = [own, *rivals]
        ranks[:, among] = rankdata(loss[:, among], axis=1)
    return ranks


def _by_table(
    names: Sequence[str],
    relative: Array,
    by_table: Mapping[str, NDArray[np.bool_]],
    mean: Array,
) -> Iterator[str]:
    """Yield a line per table: loss relative to the lowest of the table and split."""
    order = np.argsort(mean)
    yield "Loss relative to the lowest, by table:\n"
    yield f"| table | {' | '.join(names[k] for k in order)} |"
    yield "|---" * (len(names) + 1) + "|"
    for table, rows in sorted(by_table.items()):
        cells = " | ".join(f"{relative[rows, k].mean():+.1%}" for k in order)
        yield f"| {table} | {cells} |"
    yield ""


def _of_tables(values: Array, by_table: Mapping[str, NDArray[np.bool_]]) -> float:
    found = [values[rows].mean() for rows in by_table.values()]
    return float(np.median(found))


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    options = parser.parse_args()
    sections = []
    for folder in sorted(options.work.iterdir(), key=lambda one: float(one.name)):
        rows = list(read(folder))
        for half in ("developer", "held out"):
            of_half = [row for row in rows if (row[0] in DEVELOPER) == (half[0] == "d")]
            if of_half:
                sections.append(section(f"{folder.name} s, {half} tables", of_half))
    page = PAGE.format(
        versions=versions(),
        developer=", ".join(DEVELOPER),
        sections="\n".join(sections),
    )
    Path(__file__).with_name("rivals.md").write_text(page, "utf-8")


if __name__ == "__main__":
    main()
