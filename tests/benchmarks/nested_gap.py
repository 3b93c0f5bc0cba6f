"""Whether the interval of the nested gap covers, by simulation.

``python tests/benchmarks/nested_gap.py`` writes ``nested_gap.md`` next to this file, in
about two minutes of one core.

Each replicate draws a table and searches it with nested folds: ridge on many random
sets of columns, of which the inner folds select one. The truth is the ratio of the
mean outer to the mean inner loss over all replicates.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.stats import binomtest, t
from sources import versions

from boostreg.changes import Judges
from boostreg.effects.optimism import nested_gap

REPLICATES, FEATURES, RIDGE, LEVEL = 300, 20, 3.0, 0.95
DESIGNS = ((60, 40, 5), (60, 40, 10), (150, 40, 5), (150, 5, 5))

PAGE = f"""# Interval of the nested gap

`python tests/benchmarks/nested_gap.py`

{{versions}}.
{REPLICATES} tables per line of {FEATURES} normal columns, one of which acts; ridge on
random sets of columns, of which the inner folds select one. *Nested* is the report's
95 % interval, *naive* the t interval of the differences between the outer and the inner
loss of each fold, which has the difficulty of rows in it. Coverage has an exact 95 %
interval in brackets; widths are medians, on the log scale.

| rows | sets | folds | true gap | nested covers | width | naive covers | width |
|---|---|---|---|---|---|---|---|
{{lines}}
"""


def nested_search(
    rows: int, sets: int, folds: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the inner and the outer loss of each fold's selected set of columns."""
    rng = np.random.default_rng([seed, rows, sets, folds])
    x = rng.normal(size=(rows, FEATURES))
    y = 0.5 * x[:, 0] + rng.normal(size=rows)
    chosen = rng.random((sets, FEATURES)) < 0.3
    place = rng.permutation(rows) % folds

    def loss(train: np.ndarray, test: np.ndarray, columns: np.ndarray) -> float:
        a, b = x[train][:, columns], x[test][:, columns]
        weights = np.linalg.solve(a.T @ a + RIDGE * np.eye(a.shape[1]), a.T @ y[train])
        return float(np.mean((y[test] - b @ weights) ** 2))

    inner, outer = [], []
    for k in range(folds):
        train, test = np.flatnonzero(place != k), np.flatnonzero(place == k)
        part = rng.permutation(len(train)) % folds
        losses = [
            np.mean([loss(train[part != j], train[part == j], c) for j in range(folds)])
            for c in chosen
        ]
        best = int(np.argmin(losses))
        inner.append(losses[best])
        outer.append(loss(train, test, chosen[best]))
    return np.array(inner), np.array(outer)


def naive(inner: np.ndarray, outer: np.ndarray) -> tuple[float, float]:
    """Return the ends of the t interval of the folds' own differences, as logs."""
    parts = outer / outer.mean() - inner / inner.mean()
    reach = t.ppf((1 + LEVEL) / 2, len(parts) - 1)
    half = reach * parts.std(ddof=1) / math.sqrt(len(parts))
    theta = math.log(outer.mean() / inner.mean())
    return theta - half, theta + half


def lines() -> Iterator[str]:
    """Yield a row of the table for each design."""
    for rows, sets, folds in DESIGNS:
        found = [nested_search(rows, sets, folds, seed) for seed in range(REPLICATES)]
        inner, outer = (np.mean(part) for part in zip(*found, strict=True))
        truth = math.log(outer / inner)
        judges = Judges((np.arange(1),) * folds, (None,) * folds)
        gaps = [nested_gap(*pair, judges) for pair in found]
        nested = [(math.log1p(gap.low), math.log1p(gap.high)) for gap in gaps]
        cells = []
        for ends in (nested, [naive(*pair) for pair in found]):
            hits = sum(low <= truth <= high for low, high in ends)
            low, high = binomtest(hits, len(ends)).proportion_ci()
            width = np.median([high - low for low, high in ends])
            cells.append(
                f"{hits / len(ends):.1%} ({low:.1%} to {high:.1%}) | {width:.2f}"
            )
        yield (
            f"| {rows} | {sets} | {folds} | {math.expm1(truth):+.1%} | "
            f"{' | '.join(cells)} |"
        )


def main() -> None:
    """Measure, print, and write the page."""
    page = PAGE.format(versions=versions(), lines="\n".join(lines()))
    Path(__file__).with_suffix(".md").write_text(page, "utf-8")
    print(page)  # noqa: T201  # a script talks


if __name__ == "__main__":
    main()
