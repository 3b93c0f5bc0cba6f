"""Node records of scikit-learn's histogram boosting, rewritten in place."""

from typing import Any

import numpy as np

from boostreg.losses import Array

__all__ = ["send_late_missing_right"]


def send_late_missing_right(estimator: Any, X: Array) -> None:
    """Send right what no row of ``X``, the training rows, misses.

    Left as it is, it would go to the side that held more training rows
    (``_hist_gradient_boosting/grower.py``); XGBoost sends it right.
    """
    complete = np.atleast_1d(~np.isnan(X).any(axis=0))
    categorical = estimator.is_categorical_
    if categorical is not None:  # the trees see category columns first
        complete = complete[np.argsort(~categorical, kind="stable")]
    rounds = estimator._predictors  # noqa: SLF001 # scikit-learn has no public way
    for nodes in (tree.nodes for trees in rounds for tree in trees):
        nodes["missing_go_to_left"][complete[nodes["feature_idx"]]] = 0
