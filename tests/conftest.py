"""Fixtures that several test files share."""

import pytest

from boostreg.engines import ENGINES, Engine


@pytest.fixture(params=ENGINES.values(), ids=ENGINES)
def engine(request) -> Engine:
    """Return each engine in turn: a test that takes it states a law for all."""
    return request.param
