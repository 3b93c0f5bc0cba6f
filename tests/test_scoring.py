"""How answers are scored against planted truths, see ``tests/benchmarks/truths.py``."""

import math

import numpy as np
import pytest
from benchmarks.scoring import can_tell, score_kind, score_use, score_word

from boostreg.changes import Judges, change_of_loss


@pytest.mark.parametrize(
    ("word", "right", "wrong"),
    [
        ("better", -0.001, 0.0),
        ("worse", 0.001, 0.0),
        ("same", 0.009, 0.011),
        ("same", -0.009, -0.011),
        ("as good", -0.5, 0.011),
        ("helps", -0.001, 0.0),
        ("does no harm", 0.009, 0.011),
    ],
)
def test_a_word_is_wrong_where_its_statement_is_false(word, right, wrong):
    assert score_word(word, math.log1p(right), 0.01) == "right"
    assert score_word(word, math.log1p(wrong), 0.01) == "wrong"


def test_data_can_tell_if_nine_of_ten_ideal_intervals_give_a_word():
    rng = np.random.default_rng(0)
    error, truth = 0.1, 0.1 * (1.96 + 1.28)
    estimates = truth + error * rng.standard_normal(20_000)

    assert np.mean(estimates - 1.96 * error > 0) == pytest.approx(0.9, abs=0.01)
    assert can_tell(1.001 * truth, error, 0.01)
    assert not can_tell(0.999 * truth, error, 0.01)


@pytest.mark.parametrize("change", [-0.2, 0.0, 0.012, 0.2])
def test_words_on_a_planted_change_are_seldom_wrong(change):
    """Binomial: 5 % of 100 words exceed 12 in one of 600 samples."""
    rows = tuple(np.arange(k, 100, 5) for k in range(5))
    judges, verdicts = Judges(rows, (None,) * 5), []
    for seed in range(100):
        rng = np.random.default_rng([seed, 7])
        b = rng.chisquare(1, 100)
        a = (1 + change) * b * rng.gamma(20, 1 / 20, 100)
        found = change_of_loss([a[k] for k in rows], [b[k] for k in rows], judges)
        verdicts.append(score_word(found.word(0.01), math.log1p(change), 0.01))

    assert verdicts.count("wrong") <= 12
    assert verdicts.count("right") >= (90 if abs(change) == 0.2 else 0)


LOSSES = {"mean": 2.0, "lasso": 1.0, "xgboost best": 1.03, "xgboost default": 1.2}


def planted_answer(kind, use):
    """Return what ``results.json`` would answer on models of these losses."""
    return {
        "kind": kind,
        "use": use,
        "lead": "xgboost",
        "tolerance": 0.01,
        "questions": [
            {"question": "mean", "changes": [{"a": "xgboost best", "b": "mean"}]},
            {"question": "simple", "changes": [{"a": "lasso", "b": "xgboost best"}]},
        ],
    }


def planted_truth(a, b):
    """Return the log ratio of two planted losses."""
    return math.log(LOSSES[a] / LOSSES[b])


@pytest.mark.parametrize(
    ("kind", "use", "of_kind", "of_use"),
    [
        ("simple", "lasso", "right", "right"),
        ("trees", "xgboost best", "wrong", "wrong"),
        ("defaults", "xgboost default", "wrong", "wrong"),
        ("mean", "mean", "not settled", "not settled"),
        ("not settled", "lasso", "not settled", "right"),
    ],
)
def test_a_decision_is_wrong_if_another_model_is_better(kind, use, of_kind, of_use):
    answer = planted_answer(kind, use)

    assert score_kind(answer, planted_truth) == of_kind
    assert score_use(answer, LOSSES, planted_truth) == of_use
