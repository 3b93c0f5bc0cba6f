"""Headings of importance and of the search's promise say what intervals allow."""

from types import SimpleNamespace

import pytest

from boostreg.changes import LossChange
from boostreg.effects.importance import Importance
from boostreg.effects.optimism import OvertuningPoint
from boostreg.report.sections.importance import promise_section
from boostreg.report.sentences import importance_heading, promise_heading


def record(**engines):
    """Return what headings read of a run."""
    made = {
        name: SimpleNamespace(name=name, tuned={None: tuned}, **given)
        for name, given in engines.items()
        for tuned in [SimpleNamespace(trials=range(10))]
    }
    return SimpleNamespace(engines=made, tolerance=0.01)


def important(quality=0.6, **shares):
    main = {name: share for name, (share, _, _) in shares.items()}
    interval = {name: (low, high) for name, (_, low, high) in shares.items()}
    good = Importance(quality, 64, main, {}, {}, interval)
    return {"importance": {"good": good}}


def test_a_penalty_leads_only_where_its_interval_is_above_all_others():
    clear = important(max_leaves=(0.5, 0.3, 0.7), reg_lambda=(0.1, 0.0, 0.2))
    close = important(max_leaves=(0.5, 0.1, 0.9), reg_lambda=(0.1, 0.0, 0.2))

    assert importance_heading(record(xgboost=clear, lightgbm=close)) == (
        "Among good settings, max_leaves explains more of the loss than any other "
        "penalty: 50% in XGBoost (95% CI 30% to 70%); no penalty is shown to matter "
        "most in LightGBM"
    )


def test_what_is_not_determined_leads_nowhere():
    unknown = important(quality=0.1)

    assert importance_heading(record(xgboost=unknown)) == (
        "Among good settings, no penalty is shown to matter most in XGBoost"
    )
    assert importance_heading(record(xgboost={"importance": {}})) == (
        "Which penalties matter"
    )


def promised(estimate, low, high):
    later = LossChange(estimate, low, high, "t")
    last = LossChange(0.0, 0.0, 0.0, "t")
    points = (OvertuningPoint(4, 1.1, 1.2, later), OvertuningPoint(8, 1.0, 1.2, last))
    return {"overtuning": points}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ((-0.1, -0.2, -0.01), "changed XGBoost's outer loss by -10% (95% CI -20% to"),
        ((0.1, 0.02, 0.2), "changed XGBoost's outer loss by +10% (95% CI +2% to +20%)"),
        ((0.001, -0.005, 0.005), "changed XGBoost's outer loss by less than 1%"),
    ],
)
def test_the_later_half_is_reported_where_its_interval_shows_it(change, words):
    heading = promise_heading(record(xgboost=promised(*change)))

    plain = heading.replace("\N{MINUS SIGN}", "-")
    assert plain.startswith(f"The later half of the trials {words}")


@pytest.mark.parametrize("change", [(-0.58, -0.9, 0.4), (0.03, -0.01, 0.07)])
def test_without_a_paired_interval_the_heading_is_silent(change):
    heading = promise_heading(record(xgboost=promised(*change)))

    assert heading == "What the search promised"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ((-0.58, -0.9, 0.4), "have no settled effect on that of LightGBM (95% CI -90%"),
        ((-0.02, -0.05, 0.005), "did not raise that of LightGBM (95% CI -5% to +0.5%"),
    ],
)
def test_what_is_shown_of_one_engine_comes_with_the_interval_of_the_other(
    change, words
):
    shown = promised(-0.1, -0.2, -0.01)

    heading = promise_heading(record(xgboost=shown, lightgbm=promised(*change)))

    assert words in heading.replace("\N{MINUS SIGN}", "-")


def test_page_reports_the_nested_gap_of_both_picks(run):
    results = run[0]

    section = promise_section(results, 3)

    first = section["sentences"][0]
    assert "+5% (95% CI +3% to +7%) for one_se" in first
    assert "+8% (95% CI +6% to +10%) for best" in first
