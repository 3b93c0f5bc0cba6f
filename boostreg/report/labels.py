"""The names of engines and baselines in sentences."""

__all__ = ["LABELS"]

LABELS = {
    "xgboost": "XGBoost",
    "lightgbm": "LightGBM",
    "sklearn": "HistGradientBoosting",
    "mean": "the mean",
    "ridge": "ridge",
    "lasso": "lasso",
    "elastic_net": "elastic net",
}
