"""Estimators of every engine, and rows for them."""

import numpy as np
import pandas as pd
import pytest

from boostreg import BoostedClassifier, BoostedRegressor
from boostreg.engines import ENGINES

KINDS = {"regressor": BoostedRegressor, "classifier": BoostedClassifier}


@pytest.fixture(params=KINDS)
def kind(request) -> str:
    """Return each kind of estimator in turn."""
    return request.param


def maker(kind, engine):
    """Return a function that makes a small estimator."""
    small = {"engine": engine.name, "n_estimators": 8, "random_state": 0}
    return lambda **given: KINDS[kind](**small | given)


@pytest.fixture
def regressor(engine):
    """Return a function that makes a small regressor of each engine in turn."""
    return maker("regressor", engine)


@pytest.fixture
def classifier(engine):
    """Return a function that makes a small classifier of each engine in turn."""
    return maker("classifier", engine)


@pytest.fixture
def make(kind, engine):
    """Return a function that makes a small estimator of each kind and engine."""
    return maker(kind, engine)


@pytest.fixture(params=[("regressor", "xgboost"), ("classifier", "lightgbm")])
def make_some(request):
    """Return a function that makes an estimator of either kind, of another engine."""
    kind, engine = request.param
    return maker(kind, ENGINES[engine])


@pytest.fixture
def make_whole(kind, whole_engine):
    """Return the same of each engine that has all penalties and draws rows."""
    return maker(kind, whole_engine)


@pytest.fixture(name="X")
def some_numbers() -> np.ndarray:
    """Return numbers, some of them missing."""
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(120, 4))
    numbers[::7, 1] = np.nan
    return numbers


@pytest.fixture
def y(X) -> np.ndarray:
    """Return a target of two values, which either kind can learn from."""
    noise = np.random.default_rng(1).normal(size=len(X))
    return (X[:, 0] + 0.5 * noise > 0.2).astype(int)


@pytest.fixture
def frame(X) -> pd.DataFrame:
    """Return columns of every sort that a DataFrame may have."""
    rng = np.random.default_rng(2)
    found = pd.DataFrame(X[:, :2], columns=["number", "gaps"])
    found["category"] = pd.Categorical(rng.choice(["low", "mid", "high"], len(X)))
    found.loc[::9, "category"] = np.nan
    found["text"] = rng.choice(["u", "v"], len(X))
    found["flag"] = rng.random(len(X)) < 0.5
    found["count"] = pd.array(rng.integers(0, 5, len(X)), dtype="Int64")
    return found


@pytest.fixture
def labels(frame) -> np.ndarray:
    """Return a target that follows the category column."""
    return (frame["category"] == "low").to_numpy().astype(int)
