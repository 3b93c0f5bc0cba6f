"""Path claims are differences within folds, read at places that no fold chose."""

import math
from dataclasses import replace

import pytest

from boostreg.claims.paths import PathQuestion, answer_path
from boostreg.claims.verdict import Margin
from boostreg.effects.effects import PathRow
from boostreg.trees import SIZES, TreeSize

GRID = (0.0, 1.0, 10.0)
FOLDS = tuple((outer, inner) for outer in range(2) for inner in range(3))
QUESTION = PathQuestion(
    engine="xgboost",
    measure="leaves",
    along="reg_lambda",
    against=None,
    at="end",
    anchor="fixed",
    reading="stopped",
    expect="decreasing",
    margin=Margin.read("20%"),
)


def rows(leaves, loss=lambda value, _: value, penalty="reg_lambda"):
    """Return a path whose leaves and loss are functions of value and fold."""
    nothing = TreeSize(**dict.fromkeys(SIZES, 0))
    return [
        PathRow(
            engine="xgboost",
            penalty=penalty,
            anchor="fixed",
            reading="stopped",
            point=point,
            value=value,
            outer_fold=fold[0],
            inner_fold=fold[1],
            rounds=5,
            loss=loss(value, fold),
            train_loss=0.5 * loss(value, fold),
            size=replace(nothing, n_leaves=leaves(value, fold), n_trees=10),
            seconds=0.0,
        )
        for point, value in enumerate(GRID)
        for fold in FOLDS
    ]


def halved(value, fold):
    return 100 + fold[1] - (50 if value == 10 else 0)


def test_change_is_that_of_each_fold_as_a_share_of_its_own_start():
    found = answer_path(QUESTION, rows(halved), 0.5)

    expected = [-50 / (100 + inner) for _, inner in FOLDS]
    assert found.values == pytest.approx(expected)
    logs = [math.log1p(value) for value in expected]
    assert math.log1p(found.interval.estimate) == pytest.approx(sum(logs) / 6)
    assert found.verdict == "supported"


def test_folds_of_unequal_size_with_one_ratio_settle_a_share():
    """Differences over the pooled mean would spread as sizes do, beyond -100 %."""

    def sizes(value, fold):
        return (900 if fold[0] else 100) / (4 if value == 10 else 1)

    found = answer_path(QUESTION, rows(sizes), 0.5)

    assert found.values == pytest.approx([-0.75] * 6)
    assert found.interval.low == pytest.approx(-0.75)
    assert found.verdict == "supported"


def test_the_end_of_a_falling_path_is_its_smallest_value():
    falling = [
        replace(row, penalty="max_leaves", value=64.0 / 4.0**row.point)
        for row in rows(lambda value, _fold: 100 - 5 * round(value))
    ]

    found = answer_path(replace(QUESTION, along="max_leaves"), falling, 0.5)

    assert found.series["max_leaves"] == (64.0, 16.0, 4.0)
    assert found.place == {"max_leaves": (4.0,) * 6}
    assert found.values == pytest.approx([-0.5] * 6)


def test_value_of_the_grid_nearest_by_ratio_is_read():
    found = answer_path(replace(QUESTION, at=2.0), rows(halved), 0.5)

    assert found.place == {"reg_lambda": (1.0,) * 6}
    assert found.verdict == "refuted"


def test_no_fold_chooses_the_place_at_which_it_is_read():
    def loss(value, fold):
        lucky = {0: 1.0, 1: 10.0, 2: 10.0}[fold[1]]  # 1 is best on the first alone
        return 1.0 if value == lucky else 2.0

    found = answer_path(replace(QUESTION, at="lowest"), rows(halved, loss), 0.5)

    first = [value for value, (_, inner) in zip(found.place["reg_lambda"], FOLDS,
                                                strict=True) if inner == 0]  # fmt: skip
    assert first == [10.0, 10.0]


def test_two_paths_are_compared_where_each_is_read():
    other = rows(lambda _value, fold: 200 + fold[1], penalty="min_split_gain")
    against = replace(
        QUESTION, against="min_split_gain", expect="below", margin=Margin(100.0)
    )

    found = answer_path(against, [*rows(halved), *other], 0.5)

    assert found.values == (-150.0,) * 6
    assert found.verdict == "supported"


@pytest.mark.parametrize(
    ("measure", "value"), [("gap", 5.0), ("leaves_per_tree", -5.0), ("loss", 10.0)]
)
def test_measures_are_columns_or_made_of_them(measure, value):
    question = replace(QUESTION, measure=measure, margin=Margin(1.0))

    found = answer_path(question, rows(halved), 0.5)

    assert found.values == pytest.approx([value] * 6)


@pytest.mark.parametrize(
    ("reading", "verdict"), [("stopped", "not settled"), ("equal", "supported")]
)
def test_fold_that_rounds_max_stopped_is_not_rated(reading, verdict):
    long = [
        replace(row, reading=reading, rounds=95 if row.point == 2 else 5)
        for row in rows(halved)
    ]
    question = replace(QUESTION, reading=reading)

    found = answer_path(replace(question, cut_from=91), long, 0.5)
    free = answer_path(replace(question, cut_from=96), long, 0.5)

    assert (found.verdict, free.verdict) == (verdict, "supported")
    assert math.isnan(found.interval.low) == (reading == "stopped")
    assert ("rounds.max stopped 6 of 6" in found.interval.method) == (
        reading == "stopped"
    )


def test_path_that_lacks_a_fold_settles_nothing():
    found = answer_path(QUESTION, rows(halved)[:-1], 0.5)

    assert found.verdict == "not settled"
    assert math.isnan(found.interval.estimate)
    assert found.interval.method.startswith("no interval: the path was not measured")


def test_share_of_nothing_settles_nothing():
    found = answer_path(QUESTION, rows(lambda *_: 0), 0.5)

    assert found.verdict == "not settled"
