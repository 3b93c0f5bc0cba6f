"""Random models of each library: the oracles of the tests beside this file."""

import lightgbm
import numpy as np
import pytest
import xgboost

XGBOOST = {
    "plain": {},
    "deep": {"max_depth": 9},
    "leafwise": {"grow_policy": "lossguide", "max_leaves": 12, "max_depth": 0},
    "stumps": {"max_depth": 1},
    "l1": {"reg_alpha": 20.0, "reg_lambda": 0.0},
    "l2": {"reg_lambda": 30.0},
    "one leaf": {"gamma": 1e9},
    "all zero": {"reg_alpha": 1e9},
    "some one leaf": {"gamma": 25.0, "eta": 0.5},
    "exact": {"tree_method": "exact"},
    "exact, pruned": {"tree_method": "exact", "gamma": 8.0, "max_depth": 6},
    "exact, pruned to roots": {"tree_method": "exact", "gamma": 60.0, "eta": 0.5},
    "approx": {"tree_method": "approx"},
    "forest": {"num_parallel_tree": 3, "subsample": 0.5},
    "dart": {"rate_drop": 0.5, "booster": "dart"},
    "clipped": {"max_delta_step": 0.3},
    "monotone": {"monotone_constraints": "(1,0,0,0)"},
    "binary": {"objective": "binary:logistic"},
    "raw binary": {"objective": "binary:logitraw"},
    "classes": {"objective": "multi:softprob", "num_class": 3},
    "poisson": {"objective": "count:poisson"},
    "gamma": {"objective": "reg:gamma"},
    "tweedie": {"objective": "reg:tweedie"},
    "absolute": {"objective": "reg:absoluteerror"},
}

LIGHTGBM = {
    "plain": {},
    "deep": {"num_leaves": 31, "max_depth": -1, "min_data_in_leaf": 2},
    "stumps": {"num_leaves": 2},
    "l1": {"lambda_l1": 20.0},
    "l1 and l2": {"lambda_l1": 5.0, "lambda_l2": 30.0},
    "one leaf": {"min_gain_to_split": 1e9},
    "stops early": {"min_gain_to_split": 60.0, "learning_rate": 0.5},
    "zeros missing": {"zero_as_missing": True},
    "nothing missing": {"use_missing": False},
    "sampled": {"bagging_fraction": 0.5, "bagging_freq": 1},
    "goss": {"data_sample_strategy": "goss"},
    "dart": {"boosting": "dart", "drop_rate": 0.5},
    "no average": {"boost_from_average": False},
    "full rate": {"learning_rate": 1.0},
    "smooth": {"path_smooth": 5.0},
    "binary": {"objective": "binary"},
    "classes": {"objective": "multiclass", "num_class": 3},
    "one versus all": {"objective": "multiclassova", "num_class": 3},
    "poisson": {"objective": "poisson"},
    "gamma": {"objective": "gamma"},
    "absolute": {"objective": "l1"},
    "extra": {"extra_trees": True, "feature_fraction": 0.5},
}


def make_table(seed, objective=""):
    """Return 300 rows of 4 columns with missing values and zeros, and a target."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(300, 4)).round(2)
    X[:, 1] *= rng.random(300) < 0.5
    X[rng.random(X.shape) < 0.1] = np.nan
    y = np.nan_to_num(X) @ [2.0, 1.0, -1.0, 0.5] + rng.normal(size=300)
    if objective.startswith("multi"):
        return X, np.digitize(y, [-1.0, 1.0]).astype(float)
    if objective.startswith("binary"):
        return X, (y > 0).astype(float)
    positive = any(word in objective for word in ("poisson", "gamma", "tweedie"))
    return X, np.exp(y / 3) if positive else y


class Grower:
    """Grows models of both libraries from a few parameters."""

    @staticmethod
    def table(seed=0, objective=""):
        """Return rows and a target."""
        return make_table(seed, objective)

    @staticmethod
    def xgboost(n_rounds=8, seed=0, **params):
        """Return an XGBoost booster and its rows."""
        params = {"eta": 0.15, "max_depth": 4, "nthread": 1, "verbosity": 0} | params
        X, y = make_table(seed, params.get("objective", ""))
        return xgboost.train(params, xgboost.DMatrix(X, y), n_rounds), X

    @staticmethod
    def lightgbm(n_rounds=8, seed=0, **params):
        """Return a LightGBM booster and its rows."""
        common = {"num_leaves": 7, "learning_rate": 0.15}
        params = common | {"num_threads": 1, "verbosity": -1} | params
        X, y = make_table(seed, params.get("objective", ""))
        return lightgbm.train(params, lightgbm.Dataset(X, y), n_rounds), X


@pytest.fixture(scope="session")
def grow():
    """Return what grows a model of either library from its parameters."""
    return Grower()


@pytest.fixture(scope="session", params=XGBOOST.values(), ids=XGBOOST)
def xgboost_case(request, grow):
    """Return each XGBoost booster in turn, with its rows."""
    return grow.xgboost(seed=len(request.param), **request.param)


@pytest.fixture(scope="session", params=LIGHTGBM.values(), ids=LIGHTGBM)
def lightgbm_case(request, grow):
    """Return each LightGBM booster in turn, with its rows."""
    return grow.lightgbm(seed=len(request.param), **request.param)
