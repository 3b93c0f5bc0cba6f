"""Every figure of the answer follows from losses.csv, by pandas and scipy alone."""

import json
import math
import re
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from boostreg.study.runner import run_study

SHIPPED = sorted((Path(__file__).parents[2] / "reports").glob("*/losses.csv"))
STUDY = """
name: fresh
data: {source: "sklearn:diabetes", target: target}
engines: [lightgbm]
rounds: {max: 15, patience: 3}
search: {trials: 2, scale: rows}
validation: {outer: {folds: 2, repeats: 2}, inner: {folds: 2}}
paths: {penalties: [reg_lambda], points: 2}
baselines: [mean, ridge]
effects: {points: 0}
tolerance: 2%
"""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """Return the folder of a run with repeated folds."""
    folder = tmp_path_factory.mktemp("fresh")
    (folder / "fresh.yaml").write_text(STUDY)
    return run_study(folder / "fresh.yaml", out=folder / "out", workers=1)


def read(folder):
    """Return the results of a run and the table of its outer rows."""
    results = json.loads((folder / "results.json").read_text("utf-8"))
    return results, pd.read_csv(folder / "losses.csv")


def mean_loss(table, model):
    """Return the mean over outer folds of the weighted mean loss."""
    weighted = (table[model] * table["weight"]).groupby(table["outer_fold"]).sum()
    return (weighted / table["weight"].groupby(table["outer_fold"]).sum()).mean()


def log_ratio(results, table, a, b):
    """Return a log ratio of losses, its variance, and its parts by row or group."""
    mean_a, mean_b = mean_loss(table, a), mean_loss(table, b)
    table = table[table["weight"] > 0]
    cluster = table.get("group", table["row"])
    fold = table["outer_fold"]
    share = table["weight"] / table["weight"].groupby(fold).transform("sum")
    effect = table[a] / mean_a - table[b] / mean_b
    means = (share * effect).groupby(fold).sum()
    if results["study"]["data"]["time"] and len(means) > 1:
        spread = means.var(ddof=1) * (1 / len(means) + results["outer_ratio"])
        return math.log(mean_a / mean_b), spread, means
    parts = (share * effect / len(means)).groupby(cluster).sum()
    own = (share * (effect - fold.map(means))).groupby([fold, cluster]).sum()
    n = own.groupby(level=0).size()
    explained = ((own**2).groupby(level=0).sum() * n / (n - 1)).mean()
    excess = [0.0]
    if len(means) > 1:
        excess.append(means.var(ddof=1) - explained)
    repeats = results["study"]["validation"]["outer"].get("repeats", 1)
    if repeats > 1:
        repeat = np.repeat(np.arange(repeats), len(means) // repeats)
        excess.append(means.groupby(repeat).mean().var(ddof=1))
    k = len(parts)
    shared = repeats / len(means) + results["outer_ratio"]
    variance = k / (k - 1) * (parts**2).sum() + max(excess) * shared
    return math.log(mean_a / mean_b), variance, parts


def reach(found):
    """Return the quantile of the largest absolute value of correlated t ratios."""
    found = [one for one in found if one[1] > 0]
    degrees = min((len(parts) for _, _, parts in found), default=2) - 1
    single = stats.t.ppf(0.975, degrees)
    if len(found) < 2:
        return single
    units = np.array([parts / np.linalg.norm(parts) for _, _, parts in found])
    draws = stats.multivariate_t.rvs(
        shape=units @ units.T, df=degrees, size=50_000, random_state=1
    )
    return np.quantile(np.abs(draws).max(axis=1), 0.95)


def recomputed(results, table):
    """Yield each change of the answer's comparisons, and what the table gives."""
    pairs = results["comparisons"]
    while pairs:
        family, pairs = pairs[: pairs[0]["family"]], pairs[pairs[0]["family"] :]
        found = [log_ratio(results, table, one["a"], one["b"]) for one in family]
        quantile = reach(found)
        for one, (theta, variance, _) in zip(family, found, strict=True):
            half = quantile * math.sqrt(variance)
            yield one, [math.expm1(theta + side * half) for side in (0, -1, 1)]


def word(low, high, tolerance):
    """Return what an interval shows."""
    if -tolerance < low and high < tolerance:
        return "same"
    if high < 0 or low > 0:
        return "better" if high < 0 else "worse"
    return "as good" if high < tolerance else "not settled"


def check(folder):
    """Check all figures of a run's answer."""
    results, table = read(folder)
    for one, numbers in recomputed(results, table):
        stored = [one["change"], one["low"], one["high"]]
        assert stored[0] == pytest.approx(numbers[0], rel=1e-9, abs=1e-12), one
        width = numbers[2] - numbers[1]
        assert stored[1:] == pytest.approx(numbers[1:], abs=0.02 * width + 1e-12), one
        assert one["word"] == word(stored[1], stored[2], results["study"]["tolerance"])
    answer = results["answer"]
    if answer is None:
        return
    known = {(one["a"], one["b"]): one for one in results["comparisons"]}
    written = {answer["tolerance"]}
    for question in answer["questions"]:
        for one in question["changes"]:
            if (one["a"], one["b"]) in known:
                assert known[one["a"], one["b"]] == one
                written |= {one["change"], one["low"], one["high"]}
            else:
                other = known[one["b"], one["a"]]
                ends = [other["change"], other["high"], other["low"]]
                ends = [1 / (1 + end) - 1 for end in ends]
                assert [one["change"], one["low"], one["high"]] == pytest.approx(ends)
                written |= {one["change"], one["low"], one["high"]}
    # A sentence may compare in the other direction.
    written |= {1 / (1 + value) - 1 for value in written if value is not None}
    shown = {percentage(value) for value in written if value is not None}
    text = " ".join(results["text"]["answer"][:4]).replace("\N{MINUS SIGN}", "-")
    for figure in re.findall(r"[\d.,]+(?=%)", text.replace("95% CI", "")):
        assert figure in shown, figure
    for engine, found in results["engines"].items():
        for model in ("best", "one_se", "default", "unpenalised"):
            outer = found[model]["outer"]
            assert outer["loss"] == pytest.approx(mean_loss(table, f"{engine} {model}"))


def percentage(value):
    """Return an absolute share with two digits, as a sentence writes it."""
    number = abs(100 * value)
    if number == 0:
        return "0"
    decimals = max(1 - math.floor(math.log10(number)), 0)
    text = f"{number:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def test_figures_of_a_fresh_answer_follow_from_its_rows(fresh):
    check(fresh)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_figures_of_a_shipped_answer_follow_from_its_rows(path):
    check(path.parent)


def test_the_run_shows_its_answer_wherever_it_is_read(fresh):
    import boostreg

    results, _ = read(fresh)
    page = re.sub("<[^>]*>", "", (fresh / "report.html").read_text("utf-8"))
    parts = [results["text"]["answer"][0]]
    for short in results["text"]["answers"]:
        parts += [short["question"], short["head"], short["detail"]]

    shown = repr(boostreg.open_run(fresh))
    for sentence in results["text"]["answer"]:
        assert sentence in shown
    for part in parts:
        assert part in unescape(page)
    assert len(results["text"]["answer"][0].split()) <= 35
