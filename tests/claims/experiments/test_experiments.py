"""Every experiment keeps the contract of its procedure."""

import math
import re
from functools import cache

import pytest
from samples import ENGINES, make_sample, measure

from boostreg.claims.experiments import EXPERIMENTS

CASES = [
    (name, kind, engine)
    for name, procedure in EXPERIMENTS.items()
    for kind in ("squared_error", "logistic")
    if kind in procedure.objectives
    for engine in (ENGINES if procedure.by_engine else (None,))
]
FIRST = {case[0]: case for case in reversed(CASES)}
SHORT = {"epochs": 20, "resamples": 5, "rounds": 8, "steps": 300}


@cache
def measured(name, kind, engine):
    """Return what a short experiment measures on few rows."""
    short = {key: n for key, n in SHORT.items() if key in EXPERIMENTS[name].options}
    choice = {} if engine is None else {"engine": engine}
    return measure(name, make_sample(kind, n_samples=60), **short, **choice)


@pytest.mark.parametrize(("name", "kind", "engine"), CASES)
def test_values_and_series_are_those_of_the_procedure(name, kind, engine):
    procedure = EXPERIMENTS[name]

    found = measured(name, kind, engine)

    assert set(found.values) == set(procedure.measures)
    assert all(type(value) is float for value in found.values.values())
    assert not all(math.isnan(value) for value in found.values.values())
    lengths = {key: len(line) for key, line in found.series.items()}
    for panel in procedure.panels:
        assert {lengths[key] for key in (panel.x, *panel.lines)} == {lengths[panel.x]}
        assert len(panel.lines) <= 8


@pytest.mark.parametrize("case", FIRST.values(), ids=FIRST)
def test_equal_samples_give_equal_values(case):
    assert repr(measured(*case)) == repr(measured.__wrapped__(*case))


def test_ratios_are_known_by_their_words():
    """Their intervals are made of logarithms and do not pass -100 %."""
    changes = {n: p.changes for n, p in EXPERIMENTS.items() if p.changes}

    assert changes["margins"] >= {"l1_margin_growth", "l1_over_l2_new_loss"}
    assert "l1_support_growth" not in changes["margins"]
    assert "l2_detour_change" in changes["smooth_trees"]
    assert "l2_detour_share_change" not in changes["smooth_trees"]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_options_defaults_lie_within_their_bounds(name):
    for option in EXPERIMENTS[name].options.values():
        if option.choices:
            assert option.default in option.choices
        elif not isinstance(option.default, tuple):
            assert option.low <= option.default <= option.high


def test_measures_stand_alone_and_differ_within_their_experiment():
    """On the page and in the table each is read without its neighbours."""
    for name, procedure in EXPERIMENTS.items():
        words = list(procedure.measures.values())

        assert len(set(words)) == len(words), name
        assert not [one for one in words if re.match(r"the (same|first|second)\b", one)]
