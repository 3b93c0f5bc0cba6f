"""The scikit-learn face of the engines."""

from boostreg.estimators.classifier import BoostedClassifier
from boostreg.estimators.regressor import BoostedRegressor

__all__ = ["BoostedClassifier", "BoostedRegressor"]
