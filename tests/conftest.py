"""Fixtures that several test files share."""

import pytest
from hypothesis import settings

from boostreg.engines import ENGINES, Engine

# A busy machine is no fault of the code, and a failure must be there to be seen again.
settings.register_profile("boostreg", deadline=None, derandomize=True)
settings.load_profile("boostreg")

WHOLE = ("xgboost", "lightgbm")


@pytest.fixture(params=ENGINES.values(), ids=ENGINES)
def engine(request) -> Engine:
    """Return each engine in turn: a test that takes it states a law for all."""
    return request.param


@pytest.fixture(params=WHOLE)
def whole_engine(request) -> Engine:
    """Return each engine that has reg_alpha, min_split_gain and all the rest."""
    return ENGINES[request.param]
