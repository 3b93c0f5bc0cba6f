"""Shares of variance against functions whose shares are known."""

from dataclasses import replace

import numpy as np
import pytest

from boostreg.effects import importance
from boostreg.effects.importance import (
    LEAST_QUALITY,
    ExplainWork,
    design_penalties,
    design_shares,
    explain,
)
from boostreg.penalty import parse_space

NAMES = ("reg_alpha", "reg_lambda", "max_leaves")


@pytest.fixture(autouse=True)
def _small_forests(monkeypatch):
    """Grow few trees: no law depends on their number, only its precision does."""
    for name, few in (("_TREES", 64), ("_DRAWS", 12), ("_DRAW_TREES", 24)):
        monkeypatch.setattr(importance, name, few)


def responses(function, noise=0.05, seed=0):
    shares = design_shares(3, 128, 0)
    rng = np.random.default_rng(seed)
    truth = function(shares)[:, None]
    folds = np.array([[3.0, 0.0, -7.0, 1.0]])
    return shares, truth + folds + noise * rng.normal(size=(128, 4))


def test_shares_of_a_sum_are_those_of_its_terms():
    """The variance of c x, x uniform, is c squared / 12: shares 9/13 and 4/13."""
    found = explain(NAMES, *responses(lambda x: 3 * x[:, 0] + 2 * x[:, 2]), seed=0)

    assert found.determined
    assert found.main["reg_alpha"] == pytest.approx(9 / 13, abs=0.08)
    assert found.main["max_leaves"] == pytest.approx(4 / 13, abs=0.08)
    assert found.main["reg_lambda"] < 0.02
    assert all(share < 0.05 for share in found.pairs.values())


def test_a_product_has_a_share_of_its_own():
    """Of x0 x2 on the unit square, each term has 3/7 of the variance, the pair 1/7."""
    found = explain(NAMES, *responses(lambda x: x[:, 0] * x[:, 2], 0.01), seed=0)

    assert found.pairs["reg_alpha", "max_leaves"] == pytest.approx(1 / 7, abs=0.07)
    assert found.pairs["reg_alpha", "max_leaves"] > 3 * max(
        found.pairs["reg_alpha", "reg_lambda"], found.pairs["reg_lambda", "max_leaves"]
    )


@pytest.mark.parametrize("seed", range(3))
def test_noise_determines_nothing(seed):
    found = explain(NAMES, *responses(lambda x: 0 * x[:, 0], seed=seed), seed=0)

    assert not found.determined
    assert found.quality < LEAST_QUALITY
    assert set(found.optuna) == {"PED-ANOVA"}


def test_a_measure_that_never_varies_determines_nothing():
    shares = design_shares(3, 16, 0)

    assert not explain(NAMES, shares, np.ones((16, 2)), seed=0).determined


def test_folds_of_different_level_do_not_count():
    shares, values = responses(lambda x: x[:, 1])

    values[:, 0] += 1e6
    apart = explain(NAMES, shares, values, seed=0)

    assert apart.main["reg_lambda"] > 0.9


def test_design_fills_every_range_and_keeps_what_is_fixed():
    ranges = parse_space("default").for_engine("xgboost")

    penalties = design_penalties(
        ranges, design_shares(4, 64, 1), {"max_depth": 5}, "rows"
    )

    assert len(set(penalties)) == 64
    assert {(p.max_depth, p.scale) for p in penalties} == {(5, "rows")}
    zeros = sum(p.min_split_gain == 0 for p in penalties)
    assert zeros == pytest.approx(0.3 * 64, abs=2)


def test_a_larger_design_begins_with_the_smaller_one():
    np.testing.assert_array_equal(design_shares(3, 20, 5), design_shares(3, 32, 5)[:20])


def test_a_worker_says_the_same():
    shares, measured = responses(lambda x: x[:, 0] * x[:, 2])
    work = ExplainWork(
        NAMES,
        tuple(map(tuple, shares.tolist())),
        tuple(map(tuple, measured.tolist())),
        seed=0,
    )

    assert work.decode(work.run(None)) == explain(NAMES, shares, measured, seed=0)

    good = replace(work, good=True)
    assert good.key(None) != work.key(None)
    found = good.decode(good.run(None))
    assert found == explain(NAMES, shares, measured, seed=0, good=True)
    assert set(found.interval) == set(NAMES)


def test_a_step_near_an_edge_explains_no_more_than_all():
    found = explain(NAMES, *responses(lambda x: 9.0 * (x[:, 1] > 0.05)), seed=0)

    assert 0.9 < found.main["reg_lambda"] <= 1
    assert sum(found.main.values()) + sum(found.pairs.values()) < 1.01


def test_measure_that_differs_by_rounding_alone_has_nothing_to_explain():
    shares = design_shares(1, 8, seed=0)
    responses = 0.3 + 1e-16 * np.arange(8.0).reshape(8, 1)

    found = explain(("reg_lambda",), shares, responses, 0)

    assert (found.quality, found.main, found.optuna) == (0.0, {}, {})


def test_shares_do_not_depend_on_the_unit_of_the_measure():
    shares = design_shares(2, 32, seed=0)
    responses = shares[:, :1] + 0.1 * shares[:, 1:]
    names = ("reg_alpha", "reg_lambda")

    tiny = explain(names, shares, responses * 2.0**-40, 0)

    assert tiny == explain(names, shares, responses, 0)


def dip_and_cliff(x):
    """Return a loss that the first penalty lowers and the second one ruins."""
    dip = -0.2 * np.exp(-(((x[:, 0] - 0.5) / 0.15) ** 2))
    return dip + 8 * np.maximum(x[:, 1] - 0.6, 0)


def test_what_ruins_is_not_what_matters_among_good_settings():
    shares, measured = responses(dip_and_cliff, 0.02)

    whole = explain(NAMES, shares, measured, seed=0)
    good = explain(NAMES, shares, measured, seed=0, good=True)

    assert whole.main["reg_lambda"] > 0.9
    assert whole.main["reg_alpha"] < 0.05
    assert good.main["reg_alpha"] > 1.5 * good.main["reg_lambda"]


def test_differences_among_bad_settings_explain_nothing():
    """Losses above the quarter may be permuted at will."""
    shares, measured = responses(lambda x: 3 * x[:, 0] + 2 * x[:, 2])
    level = measured.mean(axis=1)
    bad = np.flatnonzero(level > np.quantile(level, 0.3))
    worse = measured.copy()
    worse[bad] += np.random.default_rng(0).random((len(bad), 1))
    worse -= worse.mean(axis=0) - measured.mean(axis=0)

    one = explain(NAMES, shares, measured, seed=0, good=True)
    other = explain(NAMES, shares, worse, seed=0, good=True)

    for name in NAMES:
        # Means differ by rounding, and so do splits between equal gains.
        assert one.main[name] == pytest.approx(other.main[name], abs=0.02)


@pytest.mark.parametrize("noise", [0.5, 1.0])
def test_shares_are_of_what_was_measured_not_of_the_surrogate(noise):
    """They cannot exceed what the terms have of the variance with its noise."""
    function, folds = (lambda x: 3 * x[:, 0] + 2 * x[:, 2]), 4
    explained = (9 + 4) / 12
    ceiling = explained / (explained + noise**2 / folds)

    found = explain(NAMES, *responses(function, noise), seed=0)

    total = sum(found.main.values()) + sum(found.pairs.values())
    assert total <= found.quality + 1e-9
    assert found.quality < ceiling + 0.05
    assert found.main["reg_alpha"] < 9 / 13 * ceiling + 0.1


def test_intervals_hold_the_share_and_lead_only_where_they_are_apart():
    found = explain(NAMES, *responses(lambda x: x[:, 0]), seed=0, good=True)

    for name, (low, high) in found.interval.items():
        assert 0 <= low <= found.main[name] <= high <= 1
    assert found.leader == "reg_alpha"

    equal = explain(NAMES, *responses(lambda x: x[:, 0] + x[:, 2]), seed=0, good=True)
    assert equal.leader is None
