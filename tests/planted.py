"""Results of runs with planted effects, from those of a small shipped run."""

import copy
import json
from functools import cache
from pathlib import Path

import numpy as np
from scipy.stats import t

QUICKSTART = Path(__file__).parents[1] / "reports" / "quickstart" / "results.json"
PENALTIES = ("reg_alpha", "reg_lambda", "min_split_gain", "max_leaves")


def change(log_ratio, error, rows):
    """Return a change of loss with its interval, as a run writes it."""
    reach = float(t.ppf(0.975, rows - 1)) * error
    ends = np.expm1([log_ratio, log_ratio - reach, log_ratio + reach])
    estimate, low, high = map(float, ends)
    word = "better" if high < 0 else "worse" if low > 0 else "not settled"
    return {
        "change": estimate,
        "low": low,
        "high": high,
        "method": "planted",
        "word": word,
    }


def planted(place, *, gains, error=0.01, rows=442, value=1.0):
    """Return results of a run on a table of its own.

    ``gains`` are the log ratios of the loss by penalty; every fold chooses ``value``.
    """
    results = copy.deepcopy(_quickstart())
    results["study"]["name"] = f"run-{place}"
    results["data"] |= {"fingerprint": f"{place:064d}", "rows": rows}
    for name in PENALTIES:
        effect = change(gains.get(name, 0.0), error, rows)
        results["penalties"][name]["against_off"] = effect
        for engine in results["effects"].values():
            tuned = engine[name]["tuned"]
            tuned["against_off"] = effect
            tuned["values"] = [value] * len(tuned["values"])
    return results


@cache
def _quickstart():
    return json.loads(QUICKSTART.read_text("utf-8"))


def write(folder, results):
    """Write results as the folder of a run."""
    run = folder / results["study"]["name"]
    run.mkdir(parents=True)
    text = json.dumps(results, allow_nan=False)
    (run / "results.json").write_text(text, "utf-8")
    return run
