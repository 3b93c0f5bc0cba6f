"""Pages of real runs say, in tables, tips and charts, what results.json says."""

import copy
from pathlib import Path

import pytest
from truth import contradictions, untruths

from boostreg.report.page import render
from boostreg.report.sections.answer import lead_engine
from boostreg.study.files import read_csv, read_json

REPORTS = Path(__file__).parents[2] / "reports"


def page_of(name):
    """Return a shipped run's page, written anew, and its results."""
    results = read_json(REPORTS / name / "results.json")
    tables = (read_csv(REPORTS / name / f"{n}.csv") for n in ("trials", "paths"))
    return render(results, *tables), results


@pytest.mark.parametrize("name", ["quickstart", "wine"])
def test_figures_of_a_real_page_equal_its_results(name):
    page, results = page_of(name)

    assert untruths(page, results) == []


@pytest.mark.parametrize(
    "path", sorted(REPORTS.glob("*/results.json")), ids=lambda path: path.parent.name
)
def test_no_word_or_safe_range_of_a_report_contradicts_its_interval(path):
    assert contradictions(read_json(path)) == []


def test_a_word_or_a_range_that_an_interval_does_not_allow_is_found(run):
    results = copy.deepcopy(run[0])
    assert contradictions(results) == []

    found = results["effects"]["xgboost"]["reg_alpha"]
    found["tuned"]["word"] = "harms"
    found["safe"] = [0.0, found["points"][-1]["value"]]
    found["points"][1]["against_off"]["high"] = 0.5

    kinds = {one.split()[0] for one in contradictions(results)}
    assert kinds == {"xgboost", "safe"}


def test_a_heading_on_size_that_states_another_number_of_leaves_is_found(run):
    results = copy.deepcopy(run[0])
    results["engines"]["xgboost"]["front"][-1]["loss"] *= 0.5

    (found,) = contradictions(results)

    assert found.startswith("xgboost: Within 1%")


def changed(results, *keys, by=1.2):
    """Return results with one number another one."""
    other = copy.deepcopy(results)
    at = other
    for key in keys[:-1]:
        at = at[key]
    at[keys[-1]] *= by
    return other


def test_a_figure_that_differs_is_found():
    page, results = page_of("quickstart")
    leads = lead_engine(results)
    point = ("effects", "lightgbm", "min_split_gain", "points", 2)
    default = ("engines", "xgboost", "default")
    (pair, *_) = (
        place
        for place, one in enumerate(results["comparisons"])
        if one["a"] == "xgboost best"
    )

    found = {
        key: {where.split()[0] for where, _ in untruths(page, other)}
        for key, other in {
            "outer": changed(results, "engines", leads, "one_se", "outer", "loss"),
            "tuned": changed(
                results,
                "effects",
                leads,
                "max_leaves",
                "tuned",
                "against_off",
                "change",
            ),
            "pair": changed(results, "comparisons", pair, "change"),
            "leaves": changed(results, *point, "leaves"),
            "loss": changed(results, *point, "against_off", "change", by=9.0),
            "trees": changed(results, *point, "factors", "trees", 0),
            "limit": changed(
                results, "engines", "xgboost", "front", 20, "loss", by=0.9
            ),
            "metric": changed(results, *default, "metrics", "r2", "high"),
        }.items()
    }

    assert found["outer"] == {"model", "glance"}
    assert found["tuned"] == {"glance"}
    assert found["pair"] == {"XGBoost"}
    assert found["limit"] == {"limit"}
    assert found["metric"] == {"metric"}
    assert found["leaves"] == {"path"}
    assert found["loss"] == found["trees"] == {"path", "tip", "chart"}
