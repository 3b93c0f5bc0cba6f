"""Studies of regularization in gradient boosting, over XGBoost and LightGBM."""

__version__ = "0.1.0"
