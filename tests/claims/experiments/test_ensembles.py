"""Trees without a split, counted alike for an engine that goes on and one that ends."""

import pytest
from samples import ENGINES, make_sample, measure


@pytest.mark.parametrize("engine", ENGINES)
def test_l1_beyond_every_gradient_leaves_no_split_and_l2_leaves_all(engine):
    found = measure(
        "unsplit_trees", make_sample(), engine=engine, rounds=10, strength=1e4
    )

    assert found.values["unpenalised"] == 0
    assert found.values["l1_change"] == found.values["gain_change"] == 1
    assert found.values["l2_change"] == 0
    assert found.series["l1"][0] == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_no_penalty_changes_nothing(engine):
    found = measure(
        "unsplit_trees", make_sample(), engine=engine, rounds=5, strength=0.0
    ).values

    assert found["l1_change"] == found["l2_change"] == found["gain_change"] == 0
