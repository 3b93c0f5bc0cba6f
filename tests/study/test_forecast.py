"""Forecasts are corrected by what is measured, and budgets are kept by them."""

import json
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from runs import SMALL, table_of

from boostreg.study.allotment import Allotment
from boostreg.study.forecast import (
    Forecast,
    Races,
    baseline_seconds,
    probed_fits,
    typical_pieces,
)
from boostreg.study.load import load_study
from boostreg.study.plan import Plan
from boostreg.study.runner import run_study
from boostreg.study.watch import Pace

CHANGES = ("trials: 3", "trials: 40"), ("points: 2", "points: 9")


@pytest.fixture
def study(tmp_path):
    """Return the path of the small study with many trials and points."""
    text = SMALL.replace("effects: {points: 0}", "effects: {points: 32}")
    for old, new in CHANGES:
        text = text.replace(old, new)
    path = tmp_path / "small.yaml"
    path.write_text(text.replace("outer: {folds: 2}", "outer: {folds: 2, repeats: 3}"))
    return path


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("slow", [0.5, 5])
def test_time_left_is_right_within_a_third_from_a_tenth_on(study, seed, slow):
    # Fits take other times than those timed; each part differs from what is typical.
    pieces = {p: round(n) for p, n in typical_pieces(Plan(load_study(study))).items()}
    forecast, rng = Forecast(pieces, {"lightgbm": 0.1}), np.random.default_rng(seed)
    typical = Forecast(pieces, {"lightgbm": 0.1 * slow})
    each = {p: typical.seconds_of(p) * rng.uniform(0.75, 1.35) for p in pieces}
    works = [part for part, n in pieces.items() for _ in range(n)]
    done = np.cumsum([each[part] for part in works])
    shares = np.linspace(0.1, 0.9, 9)
    checked = np.searchsorted(done, shares * done[-1])

    for number, part in enumerate(works):
        forecast.finish(part, each[part] * rng.uniform(0.5, 1.5))
        if number in checked:
            left = done[-1] - done[number]
            assert forecast.seconds_left == pytest.approx(left, rel=1 / 3)

    assert forecast.seconds_left == 0
    assert forecast.n_done == forecast.n_total == len(works)


def test_pace_follows_a_machine_that_becomes_busy():
    now = [0.0]
    pace = Pace(2, 1.0, clock=lambda: now[0])
    assert pace.wall(10) == 5

    for _ in range(100):
        now[0] += 2
        pace.add(1.0)

    assert pace.wall(10) == pytest.approx(20, rel=0.1)


def test_trials_that_race_are_expected_to_need_fewer_folds():
    full, raced = (Races(5, racing=racing).fits_left(0, 40) for racing in (False, True))

    assert 0.5 * full < raced < 0.8 * full


def cost(plan):
    """Return seconds of a run that do not depend on the machine."""
    n = plan.numbers
    return n["repeats"] * (n["trials"] + 2 * n["points"]) + 0.5 * n["design"]


@pytest.mark.parametrize("budget", [40, 60, 120, 150, 1000])
def test_the_largest_numbers_within_the_budget_are_taken(study, tmp_path, budget):
    plan = Plan(load_study(study, [f"budget={budget}"]))

    first = Allotment(plan, tmp_path).before(cost)

    assert cost(first) <= budget
    assert budget >= 190 or cost(first) > 0.8 * budget
    assert first.spec.budget is None
    assert first.splits.n_outer == 2 * first.numbers["repeats"]
    assert len(first.grids["lightgbm"]["reg_lambda"]) == first.numbers["points"]


@pytest.mark.parametrize("budget", [40, 60, 90, 120])
def test_points_of_the_design_fill_what_a_value_per_path_would_exceed(
    study, tmp_path, budget
):
    """One more value takes 6 of these seconds, one more point half of one."""
    plan = Plan(load_study(study, [f"budget={budget}", "effects.points=200"]))
    allotment = Allotment(plan, tmp_path)
    first = allotment.before(cost)

    last = allotment.after_searches(first, cost)

    assert 0.93 * budget < cost(last) <= 0.96 * budget
    assert last.numbers["trials"] == first.numbers["trials"]


def test_short_searches_are_expected_to_test_fewer_penalties(study):
    tests = [
        typical_pieces(Plan(load_study(study, [f"search.trials={n}"])))[
            "tests of penalties", "lightgbm"
        ]
        for n in (6, 40)
    ]

    assert tests[0] < 0.6 * tests[1]


def test_baselines_are_expected_to_take_as_long_as_their_paths(study):
    """An elastic net has three L1 ratios, each with a path per inner fold."""
    seconds = baseline_seconds(
        Plan(load_study(study, ["baselines=[mean, ridge, lasso, elastic_net]"]))
    )

    assert seconds["mean"] < seconds["ridge"] == seconds["lasso"]
    assert seconds["elastic_net"] / seconds["lasso"] == pytest.approx(7 / 3)


def test_measured_baselines_correct_the_others():
    pieces = {("baselines", name): 9.0 for name in ("lasso", "elastic_net")}
    forecast = Forecast(pieces, {"lightgbm": 0.1}, {"lasso": 1.0, "elastic_net": 3.0})

    for _ in range(9):
        forecast.finish(("baselines", "lasso"), 4.0)

    assert 9 * 6 < forecast.seconds_left < 9 * 12


def test_fits_to_time_are_of_several_folds_and_begin_as_a_search(study):
    plan = Plan(load_study(study))

    fits = probed_fits(plan, "lightgbm")

    assert len({fit.outer for fit in fits}) > 2
    assert [fit.penalty.reg_lambda for fit in fits[:2]] == [0.0, 1.0]


def test_workers_time_fits_without_importing_studies():
    script = "import sys, boostreg.fits.timing; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert not {"boostreg.study", "sklearn", "pandas"} & set(done.stdout.split())


def test_decisions_are_recorded_and_do_not_depend_on_later_times(study, tmp_path):
    plan = Plan(load_study(study, ["budget=60"]))
    once = Allotment(plan, tmp_path)
    first = once.before(cost)
    second = once.after_searches(first, lambda one: 1.2 * cost(one))
    once.save()

    again = Allotment(plan, tmp_path)
    other = Allotment(Plan(load_study(study, ["budget=60", "seed=1"])), tmp_path)

    assert again.before(lambda _: 1e9).numbers == first.numbers
    assert again.after_searches(first, lambda _: 1e9).numbers == second.numbers
    assert second.numbers["trials"] == first.numbers["trials"]
    assert not again.is_too_short
    assert cost(other.before(lambda one: 99 * cost(one))) < cost(first)
    assert other.is_too_short


def test_a_run_with_a_budget_leaves_a_study_with_its_numbers(study, tmp_path):
    folder = run_study(load_study(study, ["budget=1 s"]), out=tmp_path, workers=1)

    left = Plan(load_study(folder / "study.yaml"))
    decided = json.loads((folder / "budget.json").read_text())["decided"]
    assert list(decided) == [
        "before the first fit", "after the first trials", "after the searches",
    ]  # fmt: skip
    assert left.spec.budget is None
    assert left.numbers == decided["after the searches"]
    assert left.numbers == {
        "folds": 2, "inner": 2, "repeats": 1, "trials": 6, "points": 0, "design": 0,
    }  # fmt: skip
    counts = Counter(row["outer_fold"] for row in table_of(folder / "trials.csv"))
    assert counts == {"0": 6, "1": 6, "all": 6}
    caveats = json.loads((folder / "results.json").read_text())["text"]["caveats"]
    assert any(
        "so the run takes longer" in one
        and "The budget of 1 s left 1 of 3 repeats of the outer folds, 6 of 40 trials"
        in one
        for one in caveats
    )
