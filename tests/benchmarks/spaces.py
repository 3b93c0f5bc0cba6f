"""Spaces that the evidence suggests, against those that ship, on held-out tables.

``python tests/benchmarks/spaces.py --data FOLDER --kept FOLDER`` runs the searches that
``kept`` lacks, a file for each, and writes ``spaces.md`` beside this file. Searches are
those of ``portfolio.py``, with a budget of CPU seconds of fits. The tables are those of
the comparison with rivals that no choice has seen, without those that are also in
``studies/evidence``, so that no space was chosen with the table that judges it.
"""

import json
import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from portfolio import (
    FOLDS,
    MARKS,
    PICKS,
    Variant,
    measured_cells,
    read_options,
    search,
    tuning_of,
    write_page,
)
from scipy.stats import rankdata, t
from sources import versions

from boostreg.tuning.rows import read_dataset

sys.path.append(str(Path(__file__).parent / "rivals"))
from tables import DEVELOPER, names_of, split_of

ENGINES = ("xgboost", "lightgbm")
IN_EVIDENCE = ("ames", "breast_cancer", "concrete", "hpc")
MOST_VALUES = 300_000
"""Values of a table, at most: a search has few trials on more."""
BUDGET = 10.0
TODAY = Variant("default", False, (), True, 500, 30)
WHOLE = Variant()
PENALTIES = ("reg_alpha", "reg_lambda", "min_split_gain")
VARIANTS: Mapping[str, Variant] = {
    "default, with 4 to 64 leaves": replace(TODAY, leaves=(4, 64)),
    "default, with 2 to 64 leaves": replace(TODAY, leaves=(2, 64)),
    "2 to 64 leaves alone": replace(TODAY, leaves=(2, 64), off=PENALTIES),
    "standard": WHOLE,
    "standard without L1, L2 and min_split_gain": replace(WHOLE, off=PENALTIES),
}

PAGE = """# Spaces that the evidence suggests, on held-out tables

`python tests/benchmarks/spaces.py --data FOLDER --kept FOLDER`

{versions}.
{tables}; {engines}. Each search has {budget:.0f} CPU seconds of fits and {folds} inner
folds. *Rank* is that of the test loss among the spaces, the mean over {n} searches;
*loss* the log ratio of the test loss to that of the first row, the mean over tables
with its standard error. *Leaves* is the geometric mean.

| space | trials | rank of best | loss of best | loss of one_se | leaves of best \
| of one_se |
|---|---|---|---|---|---|---|
{lines}

Paired by table, change of the loss of best with its 95% interval (t):

{pairs}
"""

PAIRS = ((1, 0), (2, 0), (4, 3))
"""Places of the spaces that are compared: a suggested one and that which ships."""


@dataclass(frozen=True)
class Place:
    """One search: a space on the training rows of a table."""

    table: str
    engine: str
    variant: str

    @property
    def name(self) -> str:
        """Its file's name."""
        words = "".join(c if c.isalnum() else " " for c in self.variant).split()
        return "-".join([self.table, self.engine, *words])


def places(data: Path) -> Iterator[Place]:
    """Yield all searches, table by table, the smallest first."""
    sizes = {
        name: split_of(name, 0, data).X.size
        for name in names_of(data)
        if name not in (*DEVELOPER, *IN_EVIDENCE)
    }
    for table in sorted(sizes, key=lambda name: sizes[name]):
        if sizes[table] <= MOST_VALUES:
            for engine in ENGINES:
                for variant in VARIANTS:
                    yield Place(table, engine, variant)


def cell(place: Place, data: Path, path: Path) -> None:
    """Run one search and write its picks."""
    split = split_of(place.table, 0, data)
    y = split.y.astype(int) if split.n_classes else split.y
    task: Any = split.task
    dataset = read_dataset(split.X, y, cv=FOLDS, seed=0, task=task)
    tuning = tuning_of(VARIANTS[place.variant], place.engine, dataset, 0)
    found = search(tuning, dataset, split, BUDGET)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(found, indent=1), "utf-8")
    part.replace(path)


def lines(found: Mapping[Place, Any]) -> Iterator[str]:
    """Yield the row of each space, over the searches that all spaces have."""
    last, labels = MARKS[1], list(VARIANTS)
    whole = [
        (table, engine, row)
        for table in dict.fromkeys(place.table for place in found)
        for engine in ENGINES
        if len(row := _row(found, table, engine)) == len(labels)
    ]
    losses = np.array(
        [[one[last]["best"]["loss"] for one in row] for _, _, row in whole]
    )
    ranks = rankdata(losses, axis=1).mean(axis=0)
    for number, label in enumerate(labels):
        mine = [(table, row[number], row[0]) for table, _, row in whole]
        cells = [
            f"{fmean(one[last]['trials'] for _, one, _ in mine):.0f}",
            f"{ranks[number]:.2f}",
        ]
        for pick in PICKS:
            by_table: dict[str, list[float]] = {}
            for table, one, base in mine:
                ratio = one[last][pick]["loss"] / base[last][pick]["loss"]
                by_table.setdefault(table, []).append(math.log(ratio))
            means = [fmean(logs) for logs in by_table.values()]
            error = np.std(means, ddof=1) / math.sqrt(len(means))
            cells.append(f"{fmean(means):+.1%} ± {error:.1%}")
        for pick in PICKS:
            leaves = [max(one[last][pick]["leaves"], 1) for _, one, _ in mine]
            cells.append(f"{math.exp(fmean(map(math.log, leaves))):.0f}")
        yield f"| {label} | {' | '.join(cells)} |"


def paired(found: Mapping[Place, Any], one: int, other: int) -> str:
    """Return the change of the loss from a space to another, over tables."""
    labels, by_table = list(VARIANTS), {}
    for place, record in found.items():
        beside = replace(place, variant=labels[one])
        if place.variant == labels[other] and beside in found:
            losses = [r[MARKS[1]]["best"]["loss"] for r in (found[beside], record)]
            ratio = math.log(losses[0] / losses[1])
            by_table.setdefault(place.table, []).append(ratio)
    means = [fmean(ratios) for ratios in by_table.values()]
    error = float(np.std(means, ddof=1)) / math.sqrt(len(means))
    reach = float(t.ppf(0.975, len(means) - 1)) * error
    ends = (fmean(means), fmean(means) - reach, fmean(means) + reach)
    change, low, high = (f"{math.expm1(end):+.1%}" for end in ends)
    return f"- {labels[one]}, against {labels[other]}: {change} ({low} to {high})"


def _row(found: Mapping[Place, Any], table: str, engine: str) -> list[Any]:
    places = [Place(table, engine, variant) for variant in VARIANTS]
    return [found[place] for place in places if place in found]


def main() -> None:
    """Run what is missing, and write the page."""
    options = read_options(__doc__)
    files = {p: options.kept / f"{p.name}.json" for p in places(options.data)}
    found = measured_cells(cell, files, options)
    tables = list(dict.fromkeys(place.table for place in found))
    page = PAGE.format(
        versions=versions(),
        tables=", ".join(tables),
        engines=" and ".join(ENGINES),
        budget=BUDGET,
        folds=FOLDS,
        n=len(tables) * len(ENGINES),
        lines="\n".join(lines(found)),
        pairs="\n".join(paired(found, *pair) for pair in PAIRS),
    )
    write_page(__file__, page)


if __name__ == "__main__":
    main()
