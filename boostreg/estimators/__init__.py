"""The scikit-learn face of the engines."""

from boostreg.estimators.models import BoostedClassifier, BoostedRegressor

__all__ = ["BoostedClassifier", "BoostedRegressor"]
