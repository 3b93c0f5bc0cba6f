"""Shares of importance and their intervals against functions whose shares are known.

``python tests/benchmarks/importance.py`` writes ``importance.md`` next to this file, in
about five minutes of one core.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from sources import versions

from boostreg.effects.importance import GOOD_SHARE, design_shares, explain

DESIGNS, FOLDS, MANY, BINS = 24, 5, 2**14, 64
NAMES = ("a", "b", "c", "d")

PAGE = f"""# Importance of penalties, where the truth is known

`python tests/benchmarks/importance.py`

{{versions}}.
{DESIGNS} designs per line over 4 coordinates, measured on {FOLDS} folds with normal
noise. *Sum* is 3a + 2b; *dip and cliff* is lowered by a around its middle and ruined by
large b; *good* counts all but the best quarter as equal. *True* is the share of a in
the variance of what was measured, noise included. *Surrogate alone* is the share of the
forest's variance, without its quality. *Determined* counts designs whose forest has an
out-of-bag R² of at least 0.25. *Covers* counts intervals that hold the mean of the
estimates, and the true share.

| function | points | noise | true | estimate (smallest to largest) | surrogate alone \
| determined | covers mean | covers true |
|---|---|---|---|---|---|---|---|---|
{{lines}}
"""


def total(x: np.ndarray) -> np.ndarray:
    """Return a sum of two terms."""
    return np.asarray(3 * x[:, 0] + 2 * x[:, 1])


def dip_and_cliff(x: np.ndarray) -> np.ndarray:
    """Return what a can lower and b can ruin."""
    dip = -0.2 * np.exp(-(((x[:, 0] - 0.5) / 0.15) ** 2))
    return np.asarray(dip + 8 * np.maximum(x[:, 1] - 0.6, 0))


CASES: tuple[tuple[str, Callable[[np.ndarray], np.ndarray], int, float, bool], ...] = (
    ("sum", total, 64, 0.9, False),
    ("sum", total, 64, 2.0, False),
    ("sum, good", total, 64, 0.9, True),
    ("dip and cliff", dip_and_cliff, 64, 0.05, False),
    ("dip and cliff, good", dip_and_cliff, 64, 0.05, True),
    ("dip and cliff, good", dip_and_cliff, 256, 0.05, True),
)


def true_share(
    function: Callable[[np.ndarray], np.ndarray], noise: float, *, good: bool
) -> float:
    """Return the share of a in the variance of the measured values, by many points."""
    points = design_shares(len(NAMES), MANY, 0)
    rng = np.random.default_rng(0)
    y = function(points) + noise / np.sqrt(FOLDS) * rng.normal(size=MANY)
    if good:
        y = np.minimum(y, np.quantile(y, GOOD_SHARE))
    places = np.minimum((points[:, 0] * BINS).astype(int), BINS - 1)
    means = np.array([y[places == place].mean() for place in range(BINS)])
    return float(means.var() / y.var())


def lines() -> Iterator[str]:
    """Yield a row of the table for each case."""
    for label, function, n_points, noise, good in CASES:
        truth = true_share(function, noise, good=good)
        found = []
        for seed in range(DESIGNS):
            rng = np.random.default_rng([seed, 1])
            points = design_shares(len(NAMES), n_points, seed)
            measured = noise * rng.normal(size=(n_points, FOLDS))
            measured += function(points)[:, None]
            found.append(explain(NAMES, points, measured, seed, good=good))
        known = [one for one in found if one.determined]
        shares = np.array([one.main["a"] for one in known])
        alone = np.mean([one.main["a"] / one.quality for one in known])
        covers = ["–", "–"]  # noqa: RUF001  # no interval
        if good:
            ends = [one.interval["a"] for one in known]
            covers = [
                f"{np.mean([low <= value <= high for low, high in ends]):.0%}"
                for value in (shares.mean(), truth)
            ]
        yield (
            f"| {label} | {n_points} | {noise} | {truth:.2f} | {shares.mean():.2f} "
            f"({shares.min():.2f} to {shares.max():.2f}) | {alone:.2f} | "
            f"{len(known)} | {' | '.join(covers)} |"
        )


def main() -> None:
    """Measure, print, and write the page."""
    page = PAGE.format(versions=versions(), lines="\n".join(lines()))
    Path(__file__).with_suffix(".md").write_text(page, "utf-8")
    print(page)  # noqa: T201  # a script talks


if __name__ == "__main__":
    main()
