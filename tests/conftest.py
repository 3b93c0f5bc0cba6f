"""Fixtures that several test files share."""

import pytest

from boostreg.engines import ENGINES, Engine

WHOLE = ("xgboost", "lightgbm")


@pytest.fixture(params=ENGINES.values(), ids=ENGINES)
def engine(request) -> Engine:
    """Return each engine in turn: a test that takes it states a law for all."""
    return request.param


@pytest.fixture(params=WHOLE)
def whole_engine(request) -> Engine:
    """Return each engine that has reg_alpha, min_split_gain and all the rest."""
    return ENGINES[request.param]
