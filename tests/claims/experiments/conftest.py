"""Experiments run as in workers: one thread of linear algebra."""

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True, scope="package")
def one_thread():
    """Spare the machine threads that wait for each other on small matrices."""
    with threadpool_limits(1, user_api="blas"):
        yield
