"""Time to read the size of 300 trees of 63 leaves, beside each library's own table.

``python tests/benchmarks/size_reading.py`` prints a table and writes it, with the
command and the versions, to ``size_reading.md`` beside this file. Both ways start at
the live booster and must agree in every figure that the table has. Each is timed in
turn, so that a busy machine slows both.
"""

import gc
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import xgboost

from boostreg.trees import TreeSize, tree_size

REPEATS = 7
GOALS = {"xgboost": 20, "lightgbm": 10}


def make_boosters() -> dict[str, Any]:
    """Return a booster of each library with 300 trees of 63 leaves."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20_000, 20))
    y = X[:, 0] * X[:, 1] + rng.normal(size=20_000)
    leafwise = {"grow_policy": "lossguide", "max_leaves": 63, "max_depth": 0}
    return {
        "xgboost": xgboost.train(
            leafwise | {"eta": 0.1, "nthread": 1}, xgboost.DMatrix(X, y), 300
        ),
        "lightgbm": lightgbm.train(
            {"num_leaves": 63, "num_threads": 1, "verbosity": -1},
            lightgbm.Dataset(X, y),
            300,
        ),
    }


def table_size(engine: str, booster: Any) -> dict[str, int]:
    """Return the counts as one gets them from ``trees_to_dataframe``."""
    table = booster.trees_to_dataframe()
    if engine == "xgboost":
        splits = table[table.Feature != "Leaf"]
        tree, feature, threshold = "Tree", "Feature", "Split"
    else:
        splits = table[table.left_child.notna()]
        tree, feature, threshold = "tree_index", "split_feature", "threshold"
    return {
        "n_trees": table[tree].nunique(),
        "n_leaves": len(table) - len(splits),
        "n_splits": len(splits),
        "n_features": splits[feature].nunique(),
        "n_thresholds": len(splits[[feature, threshold]].drop_duplicates()),
    }


def check_equal(ours: TreeSize, theirs: dict[str, int]) -> None:
    """Stop if a figure differs."""
    for name, count in theirs.items():
        if getattr(ours, name) != count:
            raise SystemExit(f"{name}: {getattr(ours, name)} is not {count}")


def median_ms(*functions: Callable[[], object]) -> list[float]:
    """Return the median time of each function, all of them run in turn.

    What one leaves behind is collected before the next one's clock starts.
    """
    times: list[list[float]] = [[] for _ in functions]
    for _ in range(REPEATS):
        for function, taken in zip(functions, times, strict=True):
            gc.collect()
            start = time.perf_counter()
            function()
            taken.append(1e3 * (time.perf_counter() - start))
    return [statistics.median(taken) for taken in times]


def measure() -> list[str]:
    """Return the lines of the table."""
    lines = [
        "| engine | tree_size | trees_to_dataframe | counts from it | faster | goal |",
        "|---|---|---|---|---|---|",
    ]
    for engine, booster in make_boosters().items():
        check_equal(tree_size(booster), table_size(engine, booster))
        ours, table, counted = median_ms(
            lambda b=booster: tree_size(b),
            lambda b=booster: b.trees_to_dataframe(),
            lambda e=engine, b=booster: table_size(e, b),
        )
        lines.append(
            f"| {engine} | {ours:.1f} ms | {table:.0f} ms | {counted:.0f} ms "
            f"| {table / ours:.1f} x | {GOALS[engine]} x |"
        )
    return lines


def main() -> None:
    """Measure, print, and write the page."""
    lines = measure()
    versions = (
        f"Python {platform.python_version()}, XGBoost {xgboost.__version__}, "
        f"LightGBM {lightgbm.__version__}, NumPy {np.__version__}; one thread."
    )
    page = [
        "# Reading the size of 300 trees x 63 leaves",
        "",
        "`python tests/benchmarks/size_reading.py`",
        "",
        f"{versions} Medians of {REPEATS} runs, taken in turn.",
        "`tree_size` starts at the live booster and gives the figures of all rounds;",
        "*faster* compares it with `trees_to_dataframe` alone, before any counting.",
        "",
        *lines,
    ]
    Path(__file__).with_suffix(".md").write_text("\n".join(page) + "\n", "utf-8")
    print("\n".join([versions, *lines]))  # noqa: T201  # a script talks


if __name__ == "__main__":
    main()
