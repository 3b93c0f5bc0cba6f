"""A penalty tuned on inner folds is judged on rows that its choice never saw."""

import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import gmean
from sklearn.ensemble import HistGradientBoostingRegressor

from boostreg.changes import Judges, change_of_loss
from boostreg.effects.effects import OuterPoint
from boostreg.effects.outer import OuterPath, chosen_places, tuned_penalties
from boostreg.effects.paths import own_default, path_points
from boostreg.engine_facts import ENGINE_FACTS
from boostreg.penalty import Penalty, Units
from boostreg.penalty.value import PENALTY_FACTS

FOLDS, ROWS = 5, 40
JUDGES = Judges(
    rows=tuple(np.arange(ROWS) + fold * ROWS for fold in range(FOLDS)),
    weights=(None,) * FOLDS,
)


def point(value, *, level=1.0, inner=None, cut=(), trees=10, seed=0):
    """Return a point whose losses on the test rows vary around a level."""
    rng = np.random.default_rng(seed)
    noise = np.random.default_rng(7).exponential(size=(FOLDS, ROWS))
    results = []
    for fold in range(FOLDS):
        losses = level * noise[fold] * (1 + 0.05 * rng.normal(size=ROWS))
        size = SimpleNamespace(n_trees=trees + fold, n_leaves=8 * (trees + fold))
        sizes = SimpleNamespace(at=lambda _, size=size: size)
        results.append(SimpleNamespace(row_losses=losses, sizes=sizes, n_rounds=trees))
    return OuterPoint(
        value=value,
        inner=tuple(inner or [level] * FOLDS),
        cut=tuple(fold in cut for fold in range(FOLDS)),
        results=tuple(results),
    )


def tuned(*paths):
    found = tuned_penalties(paths, "tuned", JUDGES)
    return {(one.engine, one.penalty): one for one in found}


def test_the_change_is_that_of_the_chosen_refits_against_those_without_it():
    off, weak, strong = (
        point(0.0),
        point(1.0, level=0.8, inner=[0.7, 0.7, 0.7, 0.9, 0.9], trees=20, seed=1),
        point(9.0, level=0.85, trees=40, seed=2),
    )

    one = tuned(OuterPath("xgboost", "reg_lambda", (off, weak, strong)))[
        "xgboost", "reg_lambda"
    ]

    assert one.values == (1.0, 1.0, 1.0, 9.0, 9.0)
    chosen = [*weak.losses[:3], *strong.losses[3:]]
    alone = change_of_loss(chosen, off.losses, JUDGES)
    assert one.against_off.estimate == pytest.approx(alone.estimate)
    assert one.word(0.01) == "helps"
    trees = [20, 21, 22, 43, 44]
    expected = gmean(np.array(trees) / np.arange(10, 15))
    assert one.factors["trees"].estimate == pytest.approx(expected)
    assert one.factors["leaves_per_tree"].estimate == pytest.approx(1.0)
    assert one.factors["leaves"].estimate == pytest.approx(expected)


def test_intervals_of_all_penalties_and_engines_hold_together():
    paths = [
        OuterPath(engine, name, (point(0.0), point(1.0, level=0.99, seed=seed)))
        for seed, (engine, name) in enumerate(
            [
                (e, n)
                for e in ("xgboost", "lightgbm")
                for n in ("reg_alpha", "reg_lambda")
            ]
        )
    ]

    (only,) = tuned(paths[0]).values()
    found = tuned(*paths)

    same = found["xgboost", "reg_alpha"]
    assert same.against_off.estimate == only.against_off.estimate
    assert same.against_off.low < only.against_off.low
    assert same.against_off.high > only.against_off.high


def test_engines_together_have_the_mean_of_their_losses():
    xgboost = point(0.0), point(1.0, level=0.8, seed=1)
    lightgbm = point(0.0, level=2.0), point(1.0, level=1.9, seed=2)

    found = tuned(
        OuterPath("xgboost", "reg_alpha", xgboost),
        OuterPath("lightgbm", "reg_alpha", lightgbm),
    )

    first, second = (
        sum(np.mean(np.concatenate(pair[k].losses)) for pair in (xgboost, lightgbm))
        for k in (0, 1)
    )
    together = found[None, "reg_alpha"]
    assert together.against_off.estimate == pytest.approx(second / first - 1)
    assert together.word(0.01) == "helps"


def test_the_library_has_its_own_value_as_a_second_reference():
    off, own, best = point(0.0), point(1.0, level=0.8, seed=1), point(9.0, level=0.79)
    path = OuterPath("xgboost", "reg_lambda", (off, own, best), own, 1.0)

    (one,) = tuned(path).values()

    assert one.default == 1.0
    assert one.against_off.estimate < -0.15 < one.against_default.estimate

    is_off = OuterPath("lightgbm", "reg_lambda", (off, best), off, 0.0)
    (one,) = tuned(is_off).values()
    assert one.default is None
    assert one.against_default == one.against_off


def test_inner_losses_choose_and_ties_go_to_the_weaker_value():
    points = [point(float(k), inner=[3.0 - (k > 0)] * FOLDS) for k in range(3)]

    assert chosen_places(points) == (1,) * FOLDS


def test_values_that_the_limit_on_rounds_cut_are_no_candidates():
    points = [point(0.0), point(1.0, level=0.5, cut=(0, 1))]

    assert chosen_places(points) == (0, 0, 1, 1, 1)
    (one,) = tuned(OuterPath("xgboost", "reg_alpha", tuple(points))).values()
    assert one.cut == 0.4


def test_without_a_whole_reference_nothing_is_rated():
    points = point(0.0, cut=(3,)), point(1.0, level=0.5, seed=1)

    (one,) = tuned(OuterPath("xgboost", "reg_alpha", points)).values()

    assert not one.against_off.exists
    assert "rounds.max" in one.against_off.method
    assert one.word(0.01) == "not settled"


def test_a_penalty_that_no_fold_chooses_changes_nothing():
    points = point(0.0), point(1.0, level=1.5, seed=1)

    (one,) = tuned(OuterPath("xgboost", "reg_alpha", points)).values()

    assert (one.against_off.low, one.against_off.high) == (0, 0)
    assert one.word(0.01) == "no effect that matters"


def test_around_tuned_values_each_outer_fold_has_those_that_it_chose():
    bases = [Penalty(max_leaves=4), Penalty(max_leaves=8)]

    _, strong = path_points("xgboost", bases, {"reg_alpha": (0.0, 2.0)}, "tuned")

    found = [setting.penalty for setting in strong.settings(range(2))]
    assert [one.max_leaves for one in found] == [4, 8]
    assert [one.reg_alpha for one in found] == [2.0, 2.0]


def test_the_library_own_value_is_raw_in_it_and_scaled_here():
    bases = (Penalty(scale="rows"),)
    units = [Units(1.0, 0.25, 100), Units(1.0, 0.5, 100)]

    own = own_default("xgboost", "reg_lambda", "fixed", bases, units)

    found = [setting.penalty for setting in own.settings(range(2))]
    assert [one.reg_lambda for one in found] == [4.0, 2.0]
    assert [
        one.to_raw(unit).reg_lambda for one, unit in zip(found, units, strict=True)
    ] == [1.0, 1.0]
    assert own_default("xgboost", "max_leaves", "fixed", bases, units) is None
    assert own_default("lightgbm", "max_leaves", "fixed", bases, units).value == 31


def own_values(engine):
    """Return the values that a library's untouched model was trained with."""
    X, y = np.arange(80.0).reshape(40, 2), np.arange(40.0)
    if engine == "xgboost":
        model = pytest.importorskip("xgboost").XGBRegressor(n_estimators=1).fit(X, y)
        content = json.loads(model.get_booster().save_config())
        found = content["learner"]["gradient_booster"]["tree_train_param"]
        names = {"learning_rate": "eta", "min_split_gain": "gamma"}
    elif engine == "lightgbm":
        model = pytest.importorskip("lightgbm").LGBMRegressor(verbose=-1).fit(X, y)
        text = model.booster_.model_to_string()
        found = dict(re.findall(r"\[(\w+): (.+)\]", text))
        names = {
            "max_leaves": "num_leaves",
            "reg_lambda": "lambda_l2",
            "reg_alpha": "lambda_l1",
            "min_split_gain": "min_gain_to_split",
            "min_child_weight": "min_sum_hessian_in_leaf",
            "min_child_samples": "min_data_in_leaf",
        }
    else:
        found = HistGradientBoostingRegressor().get_params()
        names = {
            "reg_lambda": "l2_regularization",
            "max_leaves": "max_leaf_nodes",
            "min_child_samples": "min_samples_leaf",
        }
    return {
        ours: float(found[theirs])
        for ours in PENALTY_FACTS
        if (theirs := names.get(ours, ours)) in found
        if found[theirs] is not None
    }


@pytest.mark.parametrize("engine", ENGINE_FACTS)
def test_own_values_are_those_of_the_library(engine):
    found = own_values(engine)

    stated = {
        name: ENGINE_FACTS[engine].defaults.get(name, PENALTY_FACTS[name].idle)
        for name in found
    }

    assert len(found) >= 4
    for name, value in stated.items():
        if value is not None:  # otherwise no limit, which libraries write as a number
            assert found[name] == pytest.approx(value), name
    assert set(ENGINE_FACTS[engine].defaults) <= set(found)
