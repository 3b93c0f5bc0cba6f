"""Reads the trees of any supported model or model file, by duck typing."""

import json
from os import PathLike
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from boostreg.errors import ModelError, reason
from boostreg.trees.formats.lightgbm import read_lightgbm
from boostreg.trees.formats.npz import read_arrays
from boostreg.trees.formats.sklearn import read_sklearn
from boostreg.trees.formats.xgboost import Recorded, read_xgboost
from boostreg.trees.structure import RawForest

__all__ = ["read_any"]

# Before 3.4, XGBoost replaces the leaves of these losses by quantiles.
_REPLACING = ("reg:absoluteerror", "reg:quantileerror")


def read_any(
    model: Any, *, learning_rate: float | None, intercept: ArrayLike | None
) -> tuple[RawForest, int | None]:
    """Return the trees of a model, and the number of rounds it uses, None for all.

    See ``TreeEnsemble.from_model``.
    """
    if isinstance(model, (str, PathLike)):
        return _read_file(Path(model), learning_rate, intercept), None
    if hasattr(model, "save_raw") or hasattr(model, "get_booster"):
        return _read_xgboost(model, learning_rate)
    if hasattr(model, "model_to_string") or hasattr(type(model), "booster_"):
        return _read_lightgbm(model, learning_rate, intercept), None
    if hasattr(model, "_predictors"):
        return read_sklearn(model), None
    if hasattr(type(model), "trees_") or hasattr(type(model), "_predict_iterations"):
        raise ModelError(f"{type(model).__name__} must be fitted first.")
    raise ModelError(
        "model must be a fitted booster or estimator of XGBoost, LightGBM or "
        "scikit-learn's HistGradientBoosting, or a model file, "
        f"got {type(model).__name__}."
    )


def _read_xgboost(
    model: Any, learning_rate: float | None
) -> tuple[RawForest, int | None]:
    booster, best = model, None
    if hasattr(model, "get_booster"):
        booster = _fitted(model, model.get_booster)
        # Estimators predict with the best round, boosters with all rounds.
        best = booster.attr("best_iteration")
    raw = read_xgboost(
        booster.save_raw("ubj"),
        learning_rate=learning_rate,
        recorded=_recorded(booster),
    )
    return raw, None if best is None else min(int(best) + 1, raw.n_rounds)


def _fitted(model: Any, ask: Any) -> Any:
    # Each library has its own NotFittedError, all subclasses of ValueError.
    try:
        return ask()
    except ValueError:
        raise ModelError(f"{type(model).__name__} must be fitted first.") from None


def _recorded(booster: Any) -> Recorded | None:
    learner = json.loads(booster.save_config())["learner"]
    config = learner["gradient_booster"]
    trained = config.get("gbtree", config).get("tree_train_param")
    if trained is None:
        return None
    return Recorded(
        learning_rate=float(trained["eta"]),
        reg_lambda=float(trained["lambda"]),
        clipped=float(trained["max_delta_step"]) > 0
        or trained["monotone_constraints"] not in ("", "()"),
        replaced=learner["objective"]["name"] in _REPLACING,
    )


def _read_lightgbm(
    model: Any, learning_rate: float | None, intercept: ArrayLike | None
) -> RawForest:
    booster = model
    if not hasattr(model, "model_to_string"):
        booster = _fitted(model, lambda: model.booster_)
    # The text ends at the best round, like predict.
    return read_lightgbm(
        booster.model_to_string(), learning_rate=learning_rate, intercept=intercept
    )


def _read_file(
    path: Path, learning_rate: float | None, intercept: ArrayLike | None
) -> RawForest:
    try:
        data = path.read_bytes() if path.is_file() else None
    except OSError as error:
        raise ModelError(f"{path} must be a model file: {reason(error)}.") from None
    if data is None:
        raise ModelError(f"{path} must be a model file: {_found(path)}.")
    if data[:2] == b"PK":
        return read_arrays(path)
    if data[:1] == b"{" and b'"sha256"' in data and b'"learner"' not in data:
        raise ModelError(f"{path} is the card of a model; name the model next to it.")
    if data[:1] == b"{":
        return read_xgboost(data, learning_rate=learning_rate)
    if data[:4] == b"tree":
        return read_lightgbm(
            data.decode("utf-8", errors="replace"),
            learning_rate=learning_rate,
            intercept=intercept,
        )
    raise ModelError(
        f"{path} must be XGBoost's UBJ or JSON, LightGBM's text or boostreg's .npz, "
        f"but it starts with {data[:8]!r}."
    )


def _found(path: Path) -> str:
    """Return what was found instead of a file."""
    if not path.exists():
        return "it does not exist"
    models = sorted(file for file in path.glob("models/*") if file.suffix != ".json")
    if path.is_dir():
        listed = ", ".join(map(str, models))
        return f"it is a folder with {listed}" if models else "it is a folder"
    return "it is not a regular file"
