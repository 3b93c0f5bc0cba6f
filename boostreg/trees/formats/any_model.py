"""Reads the trees of any supported model or model file, by duck typing."""

from os import PathLike
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from boostreg.errors import ModelError, reason
from boostreg.trees.formats.lightgbm import read_lightgbm
from boostreg.trees.formats.npz import read_arrays
from boostreg.trees.formats.sklearn import read_sklearn
from boostreg.trees.formats.xgboost import read_xgboost
from boostreg.trees.structure import RawForest

__all__ = ["read_any"]


def read_any(
    model: Any, *, learning_rate: float | None, intercept: ArrayLike | None
) -> tuple[RawForest, int | None]:
    """Return the trees of a model, and the number of rounds it uses, None for all.

    See ``TreeEnsemble.from_model``.
    """
    if isinstance(model, (str, PathLike)):
        return _read_file(Path(model), learning_rate, intercept), None
    try:
        # Estimators predict with the best round, boosters with all rounds.
        if hasattr(model, "get_booster"):
            booster = model.get_booster()
            best = booster.attr("best_iteration")
        elif hasattr(type(model), "booster_"):
            booster, best = model.booster_, None
        else:
            booster, best = model, None
    except ValueError:  # each library has its own NotFittedError, a ValueError
        raise ModelError(f"{type(model).__name__} must be fitted first.") from None
    if hasattr(booster, "save_raw"):
        raw = read_xgboost(booster.save_raw("ubj"), learning_rate=learning_rate)
        return raw, None if best is None else min(int(best) + 1, raw.n_rounds)
    if hasattr(booster, "model_to_string"):
        # The text ends at the best round, like predict.
        text = booster.model_to_string()
        return (
            read_lightgbm(text, learning_rate=learning_rate, intercept=intercept),
            None,
        )
    if hasattr(model, "_predictors"):
        return read_sklearn(model), None
    if hasattr(type(model), "trees_") or hasattr(type(model), "_predict_iterations"):
        raise ModelError(f"{type(model).__name__} must be fitted first.")
    raise ModelError(
        "model must be a fitted booster or estimator of XGBoost, LightGBM or "
        "scikit-learn's HistGradientBoosting, or a model file, "
        f"got {type(model).__name__}."
    )


def _read_file(
    path: Path, learning_rate: float | None, intercept: ArrayLike | None
) -> RawForest:
    try:
        data = path.read_bytes() if path.is_file() else None
    except OSError as error:
        raise ModelError(f"{path} must be a model file: {reason(error)}.") from None
    if data is None:
        found = "it is not a regular file" if path.exists() else "it does not exist"
        if path.is_dir():
            models = sorted(f for f in path.glob("models/*") if f.suffix != ".json")
            listed = f" with {', '.join(map(str, models))}" if models else ""
            found = f"it is a folder{listed}"
        raise ModelError(f"{path} must be a model file: {found}.")
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
