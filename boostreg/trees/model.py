"""Any boosted model, wherever it comes from, to trees and their size."""

import json
from os import PathLike
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from boostreg.errors import ModelError
from boostreg.trees.ensemble import TreeEnsemble
from boostreg.trees.formats.xgboost_rate import Recorded
from boostreg.trees.size import TreeSize

__all__ = ["read_model", "tree_size"]


def tree_size(
    model: Any, n_rounds: int | None = None, *, reg_lambda: float | None = None
) -> TreeSize:
    """Return the size of a boosted model.

    Parameters
    ----------
    model : object or path
        As in ``read_model``.
    n_rounds : int, optional
        Size of that many rounds only.
    reg_lambda : float, optional
        For ``shrinkage``; by default the model's own, where it is known.
    """
    trees = read_model(model)
    return trees.size_at(trees.n_rounds if n_rounds is None else n_rounds, reg_lambda)


def read_model(
    model: Any,
    *,
    learning_rate: float | None = None,
    intercept: ArrayLike | None = None,
) -> TreeEnsemble:
    """Return the trees that ``model`` predicts with.

    After early stopping these are as many rounds as the model's own ``predict`` uses:
    all of an ``xgboost.Booster``, those up to the best of an ``XGB*`` estimator, of a
    ``lightgbm.Booster`` and of an ``LGBM*`` estimator, all of ``HistGradientBoosting*``.

    Parameters
    ----------
    model : object or path
        A booster or a fitted estimator of XGBoost or LightGBM, a fitted
        ``HistGradientBoosting*``, anything with trees of ours as ``trees_``, or a model
        file: XGBoost's UBJ or JSON, LightGBM's text, or our ``.npz``.
    learning_rate : float, optional
        What every tree was grown with, where the model does not tell.
    intercept : float or array-like of shape (n_outputs,), optional
        What the first trees' leaves of a LightGBM model hold beside their weights.

    Raises
    ------
    ModelError
        If it is none of these, not fitted, damaged, or of a kind that is refused.
    """
    if isinstance(model, TreeEnsemble):
        return model
    if isinstance(model, (str, PathLike)):
        return _from_file(Path(model), learning_rate, intercept)
    own = getattr(model, "trees_", None)
    if isinstance(own, TreeEnsemble):
        return own
    if hasattr(model, "get_booster"):
        return _from_xgboost_estimator(model, learning_rate)
    if hasattr(model, "save_raw"):
        return _from_xgboost(model, learning_rate)
    if hasattr(model, "model_to_string"):
        return _from_lightgbm(model, learning_rate, intercept)
    if hasattr(model, "fit") and hasattr(type(model), "booster_"):
        booster = _fitted(model, lambda: model.booster_)
        return _from_lightgbm(booster, learning_rate, intercept)
    if hasattr(model, "_predictors"):
        return TreeEnsemble.from_sklearn(model)
    raise ModelError(
        "model must be a fitted booster or estimator of XGBoost, LightGBM or "
        "scikit-learn's HistGradientBoosting, or a model file, "
        f"got {type(model).__name__}."
    )


def _fitted(model: Any, ask: Any) -> Any:
    # Each library has its own NotFittedError, all of them ValueErrors.
    try:
        return ask()
    except ValueError:
        raise ModelError(f"{type(model).__name__} must be fitted first.") from None


def _from_xgboost_estimator(model: Any, learning_rate: float | None) -> TreeEnsemble:
    booster = _fitted(model, model.get_booster)
    trees = _from_xgboost(booster, learning_rate)
    # Estimators predict up to the best round, boosters with all.
    best = booster.attr("best_iteration")
    return trees if best is None else trees.truncate(min(int(best) + 1, trees.n_rounds))


def _from_xgboost(booster: Any, learning_rate: float | None) -> TreeEnsemble:
    return TreeEnsemble.from_xgboost_ubj(
        bytes(booster.save_raw("ubj")),
        learning_rate=learning_rate,
        recorded=_recorded(booster),
    )


def _recorded(booster: Any) -> Recorded | None:
    config = json.loads(booster.save_config())["learner"]["gradient_booster"]
    config = config.get("gbtree", config)
    said = config.get("tree_train_param")
    if said is None:
        return None
    return Recorded(
        learning_rate=float(said["eta"]),
        reg_lambda=float(said["lambda"]),
        clipped=float(said["max_delta_step"]) > 0
        or said["monotone_constraints"] not in ("", "()"),
    )


def _from_lightgbm(
    booster: Any, learning_rate: float | None, intercept: ArrayLike | None
) -> TreeEnsemble:
    # The text ends at the best round, as predict does.
    return TreeEnsemble.from_lightgbm_text(
        booster.model_to_string(), learning_rate=learning_rate, intercept=intercept
    )


def _from_file(
    path: Path, learning_rate: float | None, intercept: ArrayLike | None
) -> TreeEnsemble:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} must be a readable model file: {error}.") from None
    if data[:2] == b"PK":
        return TreeEnsemble.from_npz(path)
    if data[:1] == b"{":
        return TreeEnsemble.from_xgboost_ubj(data, learning_rate=learning_rate)
    if data[:4] == b"tree":
        return TreeEnsemble.from_lightgbm_text(
            data.decode("utf-8", errors="replace"),
            learning_rate=learning_rate,
            intercept=intercept,
        )
    raise ModelError(
        f"{path} must be XGBoost's UBJ or JSON, LightGBM's text or boostreg's .npz, "
        f"but it starts with {data[:8]!r}."
    )
