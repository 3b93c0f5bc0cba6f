"""Shares of classes from raw scores."""

import numpy as np

from boostreg.losses.means import Array

__all__ = ["sigmoid", "softmax"]


def sigmoid(raw: Array) -> Array:
    """Return ``1 / (1 + exp(-raw))`` without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * raw)), dtype=np.float64)


def softmax(raw: Array) -> Array:
    """Return the share of each class, rows summing to 1."""
    power = np.exp(raw - raw.max(axis=1, keepdims=True))
    return np.asarray(power / power.sum(axis=1, keepdims=True), dtype=np.float64)
