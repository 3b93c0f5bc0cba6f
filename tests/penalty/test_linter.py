"""The linter warns if a penalty cannot act, and is silent if it can."""

import re
from dataclasses import replace

import numpy as np
import pytest
from problems import as_table, make_objective, make_problem
from ruamel.yaml import YAML

from boostreg.data import Column
from boostreg.engines import Growth, Problem, get_engine
from boostreg.engines.limits import measure_facts
from boostreg.penalty import PENALTIES, Penalty, Units, parse_space
from boostreg.penalty import linter as module
from boostreg.penalty.linter import Facts, at_edge, edge_findings, lacking, lint

ENGINES = ("xgboost", "lightgbm")
FACTS = Facts(
    units=Units(gradient=2.0, hessian=0.5, n_samples=100),
    objective="squared_error",
    constant_hessian=True,
    total_hessian=50.0,
    largest_gradient=80.0,
    largest_gain=300.0,
    largest_weight=12.0,
    n_features=7,
    n_rounds=500,
)
SPLIT_LIMITS = ("reg_alpha", "min_split_gain", "min_child_weight")


def codes(space=None, fixed=None, *, engines=("xgboost",), **facts):
    """Return the codes of what the linter finds, in order."""
    found = lint(
        parse_space(space or {}, engines=ENGINES),
        {"learning_rate": 0.1} if fixed is None else fixed,
        engines=engines,
        facts=replace(FACTS, **facts),
    )
    return [finding.code for finding in found]


def log(low, high, **more):
    return {"low": low, "high": high, "log": True, **more}


FIRES = {
    "P101": ({"max_leaves": log(4, 64)}, {"max_depth": 4}, {}),
    "P101 range": ({"max_leaves": log(4, 64), "max_depth": log(2, 5)}, {}, {}),
    "P102": ({"max_leaves": log(4, 101)}, {}, {}),
    "P102 rows": ({"max_leaves": log(4, 64)}, {"min_child_samples": 3}, {}),
    "P102 hessian": ({"max_leaves": log(4, 64)}, {"min_child_weight": 1.0}, {}),
    "P103": ({"max_depth": log(2, 6)}, {}, {}),
    "P104": ({"min_child_weight": log(1, 9)}, {"min_child_samples": 5}, {}),
    "P105": ({"max_leaves": log(8, 64)}, {}, {}),
    "P111 alpha": ({"reg_alpha": log(1e-4, 0.1, zero=0.5)}, {}, {}),
    "P111 lambda": ({"reg_lambda": log(1e-6, 0.1)}, {}, {}),
    "P111 gain": ({"min_split_gain": log(1e-4, 1)}, {}, {}),
    "P111 hessian": ({"min_child_weight": log(0.01, 1)}, {}, {}),
    "P111 path": ({"lightgbm": {"path_smooth": log(1e-6, 1)}}, {}, {}),
    "P111 fixed": ({}, {"reg_lambda": 0.004}, {}),
    "P112": ({"max_delta_step": log(1, 1000, zero=0.5)}, {}, {}),
    "P121": ({"reg_alpha": log(1, 1e6)}, {}, {}),
    "P121 fixed": ({}, {"reg_alpha": 80}, {}),
    "P121 rows": ({"reg_alpha": log(1, 1e6)}, {}, {"scale": "rows"}),
    "P122": ({"min_split_gain": log(1, 1e6)}, {}, {}),
    "P122 share": ({"min_split_gain": log(0.1, 10)}, {}, {"scale": "share"}),
    "P123": ({"min_child_weight": log(1, 1e6)}, {}, {}),
    "P124": ({"min_child_samples": log(10, 1000)}, {}, {}),
    "P125": ({"reg_lambda": log(10, 1e9)}, {}, {}),
    "P125 path": ({"lightgbm": {"path_smooth": log(10, 1e9)}}, {}, {}),
    "P131": ({"subsample": {"low": 0.995, "high": 1}}, {}, {}),
    "P132": ({}, {"colsample_bytree": 0.5}, {"n_features": 1}),
    "P202": ({"min_split_gain": log(10, 100)}, {}, {}),
    "P203": ({}, {"reg_lambda": 2}, {"objective": "quantile"}),
    "P204": ({"max_delta_step": log(0.1, 10)}, {}, {"scale": "rows"}),
    "P301": ({"learning_rate": log(1e-5, 0.1)}, {}, {}),
    "P301 fixed": ({}, {"learning_rate": 0.004}, {}),
    "P301 default": ({}, {}, {"n_rounds": 20}),
}


@pytest.mark.parametrize(("name", "given"), FIRES.items(), ids=FIRES)
def test_finding_is_made(name, given):
    space, fixed, facts = given

    assert name.split()[0] in codes(space, fixed, engines=ENGINES, **facts)


@pytest.mark.parametrize(("name", "given"), FIRES.items(), ids=FIRES)
def test_advice_to_paste_removes_its_finding(name, given):
    space, fixed, facts = given
    code, facts = name.split()[0], replace(FACTS, **facts)
    (found, *_) = (
        one
        for one in lint(
            parse_space(space, engines=ENGINES), fixed, engines=ENGINES, facts=facts
        )
        if one.code == code
    )
    pasted = re.search(r"[Ww]rite (\w+: (\{.*?\}|[\d.]+))", found.advice)
    if not pasted or pasted[1].startswith("rounds"):
        pytest.skip("the advice is not one penalty")

    after = YAML(typ="safe").load(pasted[1])
    ranges = {n: v for n, v in (space | after).items() if isinstance(v, dict)}
    values = {n: v for n, v in (fixed | after).items() if not isinstance(v, dict)}
    cured = parse_space(
        {n: v for n, v in ranges.items() if n not in values and n != "lightgbm"},
        engines=ENGINES,
    )

    left = lint(cured, values, engines=ENGINES, facts=facts)
    assert code not in {one.code for one in left}


def test_default_space_is_cured_by_the_scale_that_the_advice_names():
    large = replace(FACTS, units=Units(gradient=1e5, hessian=1.0, n_samples=100))
    space = parse_space("default")

    raw = lint(space, {}, engines=("xgboost",), facts=large)
    rows = lint(space, {}, engines=("xgboost",), facts=replace(large, scale="rows"))

    advice = {f.where: f.advice for f in raw if f.code == "P111"}
    assert advice["search.space.reg_alpha"].startswith(
        "Write scale: rows under search, which makes the range 0.001 to 10 rows for "
        "any data; or write reg_alpha: {low: 10000, high: 1e+07, log: true, zero: 0.2}"
    )
    assert not [finding for finding in rows if finding.code == "P111"]


SILENT = {
    "nothing named": ({}, {}, {}),
    "leaves that depth allows": ({"max_leaves": log(4, 64)}, {"max_depth": 6}, {}),
    "as many leaves as rows": ({"max_leaves": log(4, 100)}, {}, {}),
    "depth within our leaves": ({"max_depth": log(2, 4)}, {}, {}),
    "no limit of leaves": ({}, {"max_depth": 9, "max_leaves": None}, {}),
    "half of a range acts": ({"reg_lambda": log(1e-4, 10)}, {}, {}),
    "zero is meant": ({}, {"reg_lambda": 0, "reg_alpha": 0.0}, {}),
    "defaults spelled out": ({}, Penalty().as_dict(), {}),
    "varying hessians": (
        {"min_child_weight": log(0.01, 1)}, {}, {"constant_hessian": False},
    ),
    "half of the rows": ({}, {"min_child_samples": 50}, {}),
    "half of the hessian": ({}, {"min_child_weight": 25.0}, {}),
    "share of rows": ({"subsample": {"low": 0.5, "high": 1}}, {}, {}),
    "gain without LightGBM": ({"min_split_gain": log(10, 100)}, {}, {}),
    "step of a log-odds": (
        {"max_delta_step": log(0.1, 10)},
        {},
        {"scale": "rows", "objective": "logistic"},
    ),
    "target that does not vary": (
        {"reg_alpha": log(1e-9, 1e-8)}, {}, {"units": Units(0.0, 1.0, 9)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("given", SILENT.values(), ids=SILENT)
def test_penalties_that_act_give_no_finding(given):
    space, fixed, facts = given

    assert codes(space, {"learning_rate": 0.1} | fixed, **facts) == []


def test_finding_says_where_what_and_what_to_do():
    space = parse_space({"lightgbm": {"reg_alpha": log(1, 1e6)}}, engines=ENGINES)

    (found,) = lint(space, {}, engines=ENGINES, facts=FACTS)

    assert str(found) == (
        "P121 search.space.lightgbm.reg_alpha: 68% of the values are at least 80, the "
        "largest gradient sum on one side of any first split, so no tree can be "
        "split. Write reg_alpha: {low: 0.008, high: 8, log: true}, for example."
    )


def test_common_range_is_not_judged_for_engines_that_have_their_own():
    space = parse_space(
        {"reg_lambda": log(1e-6, 1e-5), "lightgbm": {"reg_lambda": log(0.1, 9)}},
        engines=ENGINES,
    )

    both = lint(space, {}, engines=ENGINES, facts=FACTS)
    alone = lint(space, {}, engines=["lightgbm"], facts=FACTS)

    assert [finding.where for finding in both] == ["search.space.reg_lambda"]
    assert alone == ()


def test_every_code_is_in_the_table():
    assert {name.split()[0] for name in FIRES} | {"P201", "P401"} == set(module.RULES)


def test_scale_does_not_change_what_is_found():
    raw = {name: log(1, 1e6) for name in SPLIT_LIMITS}
    unit = FACTS.units.factors("share")
    share = {name: log(1 / unit[name], 1e6 / unit[name]) for name in SPLIT_LIMITS}

    assert codes(raw) == codes(share, scale="share") == ["P121", "P122", "P123"]


# --- the limits, against the libraries


@pytest.mark.parametrize("name", SPLIT_LIMITS)
@pytest.mark.parametrize(
    "kind", ["squared_error", "logistic", "softmax", "poisson", "gamma"]
)
@pytest.mark.parametrize("missing", [False, True], ids=["complete", "missing"])
def test_first_split_dies_at_the_limit(whole_engine, kind, missing, name):
    problem = make_problem(kind, weighted=True, missing=missing)
    if whole_engine.refusal(name, 1.0, problem):
        pytest.skip("XGBoost before 3.4 refuses reg_alpha where a step is limited")
    facts = measure_facts(problem, n_rounds=1)
    limits = {
        "reg_alpha": facts.largest_gradient,
        "min_split_gain": facts.largest_gain,
        "min_child_weight": 0.5 * facts.total_hessian,
    }

    below, above = (
        leaves_of_first_round(whole_engine, problem, {name: share * limits[name]})
        for share in (0.9 if name == "min_child_weight" else 0.999, 1.001)
    )

    assert below > above
    assert above == 0


def leaves_of_first_round(engine, problem, penalties):
    """Return the splits of the first round, no other penalty set."""
    free = {"reg_lambda": 0.0, "min_child_weight": 0.0, "max_leaves": 2}
    penalty = Penalty(**(free | penalties))
    training = engine.fit(engine.bin(problem), penalty, Growth(n_rounds=1))
    return engine.trees(training.model).size().n_splits


def test_categories_are_cut_in_the_order_of_their_ratio(whole_engine):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 12, size=(300, 1)).astype(float)
    y = rng.normal(size=12)[X[:, 0].astype(int)] + 0.1 * rng.normal(size=300)
    column = Column("c", tuple("abcdefghijkl"))
    table = replace(as_table(X, y), columns=(column,))
    problem = Problem.of(table, None, make_objective("squared_error"))
    limit = measure_facts(problem, n_rounds=1).largest_gain

    below, above = (
        leaves_of_first_round(whole_engine, problem, {"min_split_gain": share * limit})
        for share in (0.999, 1.001)
    )

    assert (below, above) == (1, 0)


def test_clip_above_the_largest_weight_changes_nothing(whole_engine):
    problem = make_problem("squared_error")
    limit = measure_facts(problem, n_rounds=1).largest_weight
    bins = whole_engine.bin(problem)
    free = Penalty(reg_lambda=0.0, max_leaves=None)

    models = [
        whole_engine.fit(
            bins, replace(free, max_delta_step=step), Growth(n_rounds=1)
        ).model
        for step in (0.0, 1.001 * limit, 0.1 * limit)
    ]

    without, above, below = (whole_engine.predict(m, problem.train.X) for m in models)
    np.testing.assert_allclose(without, above, rtol=1e-9)
    assert not np.allclose(without, below)


def test_facts_of_one_row_and_of_no_feature_that_splits():
    alone = Problem.of(
        as_table(np.array([[1.0]]), np.array([2.0])),
        None,
        make_objective("squared_error"),
    )

    facts = measure_facts(alone, n_rounds=1)

    assert (facts.n_rows, facts.largest_gain, facts.largest_gradient) == (1, 0.0, 0.0)
    assert lint(parse_space("default"), {}, engines=ENGINES, facts=facts)


def test_many_rows_are_taken_at_even_steps(monkeypatch):
    problem = make_problem("squared_error", n_samples=4000)
    exact = measure_facts(problem, n_rounds=1)
    monkeypatch.setattr("boostreg.engines.limits._MAX_CELLS", 5000)

    sampled = measure_facts(problem, n_rounds=1)

    assert sampled.largest_gain == pytest.approx(exact.largest_gain, rel=0.2)
    assert sampled.largest_gradient == pytest.approx(exact.largest_gradient, rel=0.2)
    assert sampled.units == exact.units


# --- what a former run found


@pytest.mark.parametrize(
    ("value", "end"),
    [(1.0, "low"), (1.2, "low"), (2.0, None), (50.0, None), (90.0, "high"),
     (500.0, "high"), (0.0, None), (None, None)],
)  # fmt: skip
def test_edges_are_the_outer_twentieths_of_the_range(value, end):
    space = parse_space({"reg_lambda": log(1, 100, zero=0.5)})

    assert at_edge(space.entries["reg_lambda"], value) == end


def former(penalty, **more):
    pick = {"penalty": Penalty().as_dict() | penalty, "scale": "raw", **more}
    return {"engines": {"xgboost": {"best": pick}}}


def test_former_optimum_at_an_edge_is_reported():
    space = parse_space({"reg_lambda": log(1, 100), "max_leaves": log(4, 64)})
    results = former({"reg_lambda": 99.0, "max_leaves": 4})

    found = edge_findings(results, space, engines=ENGINES)

    assert [finding.where for finding in found] == [
        "search.space.reg_lambda",
        "search.space.max_leaves",
    ]
    assert str(found[1]) == (
        "P401 search.space.max_leaves: The best value of the last run with xgboost, 4, "
        "is at the low end of 4 to 64. Write max_leaves: {low: 2, high: 64, log: "
        "true}, for example."
    )


def test_end_beyond_which_nothing_lies_is_no_edge():
    space = parse_space(
        {"max_leaves": log(2, 64), "subsample": {"low": 0.1, "high": 1}}
    )
    results = former({"max_leaves": 2, "subsample": 1.0})

    assert edge_findings(results, space, engines=ENGINES) == ()


def test_former_optimum_in_another_scale_is_converted_or_left_alone():
    space = parse_space({"reg_lambda": log(1, 100)})
    converted = former({"reg_lambda": 9.0}, scales={"rows": {"reg_lambda": 100.0}})

    found = edge_findings(converted, space, engines=ENGINES, scale="rows")
    kept = edge_findings(
        former({"reg_lambda": 100.0}), space, engines=ENGINES, scale="rows"
    )

    assert len(found) == 1
    assert kept == ()


@pytest.mark.parametrize("results", [{}, {"engines": {}}, {"engines": {"xgboost": {}}}])
def test_results_without_picks_say_nothing(results):
    assert edge_findings(results, parse_space("default"), engines=ENGINES) == ()


def test_lack_of_an_engine_names_the_entry_to_write_instead():
    entry = parse_space({"path_smooth": log(1, 100, zero=0.5)}).entries["path_smooth"]

    finding = lacking(
        "path_smooth", entry, engine="xgboost", others=["lightgbm"], reason="No such."
    )

    assert finding.code == "P201"
    assert finding.advice == (
        "In search.space, write lightgbm: {path_smooth: {low: 1, high: 100, log: true, "
        "zero: 0.5}} instead."
    )


def test_every_penalty_can_be_linted():
    high = {"subsample": 0.9, "colsample_bytree": 0.9, "learning_rate": 0.9}
    space = {name: {"low": 2, "high": 9} for name in PENALTIES if name not in high}
    space |= {name: {"low": 0.5, "high": end} for name, end in high.items()}

    found = codes(space, {}, engines=ENGINES)

    assert found == sorted(found)


def test_engines_of_the_tests_are_those_that_exist():
    assert all(get_engine(name).name == name for name in ENGINES)


def test_low_end_where_nothing_acts_is_no_finding():
    idle = parse_space({"reg_alpha": log(0.001, 10, zero=0.2)})
    acting = parse_space({"reg_alpha": log(1, 10, zero=0.2)})

    assert not edge_findings(
        former({"reg_alpha": 0.001}), idle, engines=ENGINES, facts=FACTS
    )
    assert edge_findings(
        former({"reg_alpha": 1.0}), acting, engines=ENGINES, facts=FACTS
    )
