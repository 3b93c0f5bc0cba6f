"""Names of array types, one for all modules."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "Indices", "Mask"]

Array = NDArray[np.float64]
"""Real numbers."""

Indices = NDArray[np.int64]
"""Positions, codes or counts."""

Mask = NDArray[np.bool_]
"""True where something holds."""
