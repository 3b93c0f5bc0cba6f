"""The answer says what the data can show, and no more."""

from types import SimpleNamespace

import pytest

from boostreg.penalty import Penalty
from boostreg.report.comparisons import Comparison
from boostreg.report.sentences import advice, loses_words
from boostreg.report.wording import format_change
from boostreg.statistics import Interval


def against(low, high, *, adjusted=1.0, a="one_se", b="default"):
    """Return a paired difference with these ends, as shares of a loss of 1."""
    interval = Interval((low + high) / 2, low, high, 0.5, 5, "t")
    return Comparison(f"xgboost {a}", f"xgboost {b}", interval, 1.0, adjusted)


def run(leaves, default_leaves):
    """Return as much of a run as the advice reads."""
    folds = {
        model: [SimpleNamespace(size=SimpleNamespace(n_leaves=n))]
        for model, n in (("one_se", leaves), ("default", default_leaves))
    }
    tuned = SimpleNamespace(
        selection=SimpleNamespace(one_se=SimpleNamespace(loss=1.0)),
        penalty=lambda _: Penalty(),
        candidate=lambda _: SimpleNamespace(n_rounds=7),
    )
    engine = SimpleNamespace(name="xgboost", tuned={None: tuned}, outer=folds)
    return SimpleNamespace(engines={"xgboost": engine}, ranges={"xgboost": ()})


@pytest.mark.parametrize(
    ("ends", "adjusted", "leaves", "opening"),
    [
        ((-0.3, -0.1), 0.01, 50, "Use XGBoost with 7 rounds: 20% lower loss"),
        ((0.1, 0.3), 0.01, 50, "Keep XGBoost's defaults"),
        ((-0.02, 0.02), 1.0, 100, "XGBoost's defaults are fine"),
        ((-0.42, 0.25), 1.0, 100, "These data cannot show whether tuning XGBoost"),
        ((-0.02, 0.02), 1.0, 50, "Use XGBoost with 7 rounds because it is smaller"),
        ((-0.3, -0.1), 0.2, 50, "Use XGBoost with 7 rounds because it is smaller"),
        ((-0.42, 0.25), 1.0, 50, "These data cannot show whether tuning lowers"),
        ((float("nan"), float("nan")), 1.0, 100, "These data cannot show"),
    ],
)
def test_advice_goes_no_further_than_the_interval(ends, adjusted, leaves, opening):
    pair = against(*ends, adjusted=adjusted)

    sentence = advice(run(leaves, 100), {("xgboost one_se", "xgboost default"): pair})

    assert sentence.startswith(opening)


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.01, 0.02, "its loss is 1.5% higher"),
        (-0.02, 0.0, "its loss is not higher"),
        (-0.02, 0.04, "no detectable increase in loss"),
        (-0.02, 0.4, "these data cannot show whether its loss is higher"),
    ],
)
def test_smaller_pick_loses_what_its_interval_allows(low, high, words):
    sentence = loses_words(against(low, high, b="best"))

    assert sentence == f"{words} (95% CI {format_change(low)} to {format_change(high)})"


@pytest.mark.parametrize(
    ("ends", "adjusted", "clause"),
    [
        ((0.04, 0.11), 0.08, "no detectable difference between a and b, once adjusted"),
        ((0.04, 0.11), 0.01, "a is worse than b"),
        ((-0.04, 0.11), 0.8, "no detectable difference between a and b"),
        ((-0.2, -0.1), 0.01, "a is better than b"),
        ((float("nan"), float("nan")), 1.0, "no detectable difference between a and b"),
    ],
)
def test_a_word_that_leaves_its_interval_says_why(ends, adjusted, clause):
    found = against(*ends, adjusted=adjusted).clause("a", "b")

    assert found.removesuffix(" for all comparisons") == clause
