"""Which paths a study measures: those of its space, or those it names."""

import numpy as np
import pytest
from problems import make_problem
from sklearn.tree import DecisionTreeRegressor

from boostreg.effects.paths import path_rows
from boostreg.errors import StudyError, UnsupportedPenaltyError
from boostreg.penalty import PENALTIES, Penalty, parse_space
from boostreg.penalty.shipped import space_names
from boostreg.study.forecast import outline
from boostreg.study.load import check_engines, load_study, write_study
from boostreg.study.plan import Plan
from boostreg.tuning import first_penalties
from boostreg.tuning.engine_space import engine_space
from boostreg.tuning.measuring import Measuring
from boostreg.tuning.proposals import portfolio
from boostreg.tuning.tune import run_here

STUDY = """
name: paths
data: {source: "sklearn:diabetes", target: target}
"""
ALWAYS = ["reg_alpha", "reg_lambda", "min_split_gain"]


@pytest.fixture
def study(tmp_path):
    """Return a function that reads a study with more keys."""

    def read(more=""):
        (tmp_path / "paths.yaml").write_text(STUDY + more)
        return load_study(tmp_path / "paths.yaml")

    return read


def test_every_penalty_of_the_space_has_a_path(study):
    plan = Plan(study("search: {space: wide}"))

    for engine in ("xgboost", "lightgbm"):
        assert set(plan.grids[engine]) >= set(parse_space("wide").for_engine(engine))
        for name, grid in plan.grids[engine].items():
            assert 13 <= len(grid) <= 15, name  # small counts of leaves coincide


@pytest.mark.parametrize("kind", ["squared_error", "logistic", "softmax", "poisson"])
@pytest.mark.parametrize("name", space_names())
def test_a_space_that_ships_is_taken_by_both_libraries(name, kind):
    """Less what one refuses: some versions cannot mean what another can."""
    space, problem = parse_space(name), make_problem(kind)

    own = {e: engine_space(e, space, {}, problem) for e in ("xgboost", "lightgbm")}

    check_engines(space, own, problem)
    assert own["lightgbm"].notes == ()


def test_a_study_of_any_space_begins_with_no_penalty_and_our_defaults(study):
    plan = Plan(study("search: {scale: rows, space: standard}"))

    fits = plan.tuning("xgboost", 0).ready()

    begun = tuple(dict.fromkeys(f.penalty for f in fits))
    assert begun[:2] == first_penalties({}, "rows")
    # A space with the learning rate goes on as `tune` begins.
    assert begun[2:] == portfolio(plan.ranges("xgboost"), {}, "rows")[:2]
    assert {(f.n_rounds, f.patience) for f in fits} == {(500, 30)}


def test_the_three_leaf_penalties_have_one_even_where_they_are_not_searched(study):
    plan = Plan(study("search: {space: {max_depth: {low: 2, high: 6}}}"))

    assert plan.grids["xgboost"]["max_depth"] == (6.0, 5.0, 4.0, 3.0, 2.0)
    assert list(plan.grids["lightgbm"]) == [*ALWAYS, "max_depth"]


def test_a_path_adds_its_penalty_to_the_unpenalised_model(study):
    points = Plan(study("search: {scale: rows}")).paths()

    for name in ALWAYS:
        own = [point for point in points if point.name == name]
        free, _ = first_penalties({"learning_rate": 0.1}, "rows")
        assert {p.penalty for p in own if p.point == 0} == {free}
        assert len(own) > 2
        for point in own:
            changed = {"reg_lambda": 0.0, name: point.value}
            assert point.penalty == Penalty(
                **changed, min_child_weight=0.0, scale="rows"
            )


def test_a_path_keeps_the_penalties_that_the_study_fixes(study):
    fixed = "{reg_lambda: 2, max_leaves: 7, subsample: 0.5}"
    space = "{reg_alpha: {low: 1, high: 2}, min_child_samples: 4}"
    named = "paths: {penalties: [reg_alpha]}\n"
    points = Plan(study(f"{named}search: {{fixed: {fixed}, space: {space}}}")).paths()

    held = {"reg_lambda": 2, "max_leaves": 7, "subsample": 0.5, "min_child_samples": 4}
    for point in points:
        assert point.penalty == Penalty(
            **held, min_child_weight=0.0, reg_alpha=point.value
        )


def test_a_path_starts_at_the_tree_that_no_penalty_shrinks(study):
    """At learning rate 1, that of scikit-learn, whose leaves are means."""
    plan = Plan(study(
        "rounds: {max: 1, patience: 1}\nvalidation: {outer: {holdout: 0.5}}\n"
        "search: {fixed: {learning_rate: 1, max_leaves: 6}, space: "
        "{reg_alpha: {low: 1, high: 9}}}\npaths: {penalties: [reg_alpha]}"
    ))  # fmt: skip
    starts = [point for point in plan.paths() if point.point == 0]
    settings = [one for point in starts for one in point.settings([0])]
    measuring = Measuring(settings, plan.limits, keep=True)

    run_here([measuring], plan.dataset, workers=1)

    rows = [r for r in path_rows(starts, [0], measuring) if r.reading == "stopped"]
    assert {row.engine for row in rows} == {"xgboost", "lightgbm"}
    for row in rows:
        problem = plan.dataset.problem(0, row.inner_fold)
        train, X = problem.train, problem.features(problem.train).whole()
        tree = DecisionTreeRegressor(max_leaf_nodes=6, random_state=0)
        left = train.y - tree.fit(X, train.y).predict(X)
        assert row.rounds == 1
        assert row.train_loss == pytest.approx(np.mean(left**2), rel=1e-5)


def test_the_study_that_is_left_names_them_and_has_the_same(study, tmp_path):
    first = study("engines: [sklearn, xgboost]\nsearch: {space: {xgboost: "
                  "{subsample: {low: 0.5, high: 0.8}}}}")  # fmt: skip
    plan = Plan(first)
    write_study(type(first)(plan.spec, first.path), tmp_path / "study.yaml")

    again = Plan(load_study(tmp_path / "study.yaml"))

    assert again.spec.paths.penalties == (*ALWAYS, "subsample")
    assert again.grids == plan.grids
    assert again.notes == plan.notes
    assert list(plan.grids["sklearn"]) == ["reg_lambda"]
    assert plan.grids["xgboost"]["subsample"][0] == 1.0


def test_what_an_engine_does_not_take_is_reported(study):
    lines = outline(study("paths: {penalties: [path_smooth, reg_lambda], points: 4}"))

    assert (
        "note: No path of path_smooth with XGBoost, which does not support it here."
    ) in lines


def test_why_an_effect_is_not_split_is_reported(study):
    named = "paths: {penalties: [reg_lambda]}\nsearch: {space: {reg_lambda: {low: 1, "

    (note,) = Plan(study(named + "high: 9}}, fixed: {subsample: 0.5}}")).notes

    assert note == (
        "The effect of reg_lambda is not split in two parts: rows are sampled."
    )


def test_a_named_path_that_no_engine_takes_is_refused(study):
    with pytest.raises(
        UnsupportedPenaltyError,
        match=r"yaml:\d+:32: paths\.penalties\.1: path_smooth: XGBoost has no",
    ):
        Plan(study("engines: [xgboost]\npaths: {penalties: [reg_alpha, path_smooth]}"))


def test_a_named_path_without_a_range_anywhere_is_refused(study):
    with pytest.raises(
        StudyError, match=r"penalties\.0: cat_l2 has no range; add one to s"
    ):
        Plan(study("paths: {penalties: [cat_l2]}"))


def test_any_penalty_may_be_named(study):
    space = (
        "{max_depth: {low: 2, high: 6}, min_child_samples: {low: 1, high: 9}, "
        "lightgbm: {cat_l2: {low: 1, high: 9}}}"
    )
    names = ", ".join(PENALTIES)

    plan = Plan(study(f"search: {{space: {space}}}\npaths: {{penalties: [{names}]}}"))

    assert set(plan.grids["lightgbm"]) == set(PENALTIES)
    assert set(PENALTIES) - set(plan.grids["xgboost"]) == {"path_smooth", "cat_l2"}
