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
    "svm_l2": "the SVM with L2",
    "svm_l1": "the SVM with L1",
    "mlp": "the network with L2",
    "keras_l1": "the Keras network with L1",
    "keras_l2": "the Keras network with L2",
    "keras_l1l2": "the Keras network with L1 and L2",
    "keras_decay": "the Keras network with decoupled weight decay",
}
