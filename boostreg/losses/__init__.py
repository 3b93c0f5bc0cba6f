r"""What is minimised: losses, their derivatives, intercepts and units.

Raw scores ``f`` are float64 of shape (n_samples, n_outputs), one output except for
softmax. Derivatives are those that both libraries boost with, per row and without row
weights; they fix the unit of every penalty (XGBoost 3.2 to 3.4, ``src/objective``;
LightGBM 4, ``src/objective/regression_objective.hpp``):

==================  =========================  =======================================
objective           gradient, hessian          loss
==================  =========================  =======================================
``squared_error``   f - y, 1                   (y - f)^2
``logistic``        p - y, p(1 - p)            log loss
``softmax``         p_k - y_k, 2 p_k(1 - p_k)  log loss
``poisson``         e^f - y, e^(f + 0.7)       2 (y log(y/m) - y + m), m = e^f
``gamma``           1 - y/m, y/m               2 (y/m - 1 - log(y/m))
``tweedie`` r       m^(2-r) - y m^(1-r),       unit deviance, [1]_ p. 4
                    its derivative in f
``absolute_error``  sign(f - y), 1             abs(y - f)
``quantile`` q      1 - q or -q, 1             pinball loss
==================  =========================  =======================================

The three losses with a log link also limit the weight of a leaf to 0.7, unless
``max_delta_step`` sets another limit. Without a limit one Newton step from a mean of
0.07 towards a count of 20 multiplies the prediction by e^285. For Poisson the hessian
is that of the far end of such a step, so the quadratic that a leaf minimises lies above
the loss for every step allowed, and no step can raise the training loss. Both numbers
are XGBoost's own for ``count:poisson``; LightGBM has the hessian alone.

References
----------
.. [1] B. Jorgensen. "The Theory of Dispersion Models". Chapman and Hall, 1997.
"""

from boostreg.losses.means import Array, weighted_mean
from boostreg.losses.objective import (
    LIMITED_STEP,
    LOSS_NAMES,
    OBJECTIVES,
    Objective,
)

__all__ = [
    "LIMITED_STEP",
    "LOSS_NAMES",
    "OBJECTIVES",
    "Array",
    "Objective",
    "weighted_mean",
]
