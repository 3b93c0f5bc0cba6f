"""The names of the baselines, and the objectives that each of them supports.

==================  ====================================================================
name                model
==================  ====================================================================
``mean``            the best constant
``ridge``           linear in the raw score, L2; for classes logistic regression
``lasso``           the same with L1
``elastic_net``     both, the L1 ratio chosen by the inner folds
``svm_l2``          linear support vector machine, L2 (``boostreg.baselines.svm``)
``svm_l1``          the same with L1
``mlp``             network with one hidden layer, L2, by scikit-learn
``keras_l1``        network with one hidden layer, Keras's regularizer ``L1``
``keras_l2``        the same with ``L2``
``keras_l1l2``      the same with ``L1L2``, equal parts
``keras_decay``     the same with ``AdamW``: decoupled weight decay
==================  ====================================================================
"""

from importlib.util import find_spec

from boostreg.losses import Objective

__all__ = [
    "BASELINES",
    "BASELINE_LABELS",
    "DEFAULT_BASELINES",
    "KERAS",
    "L1_RATIOS",
    "NETWORKS",
    "SOLVERS",
    "SVMS",
    "available_baselines",
    "extra_packages",
    "missing_extra",
    "why_lacking",
]

BASELINE_LABELS = {
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
"""The baselines in display order, as a sentence names them."""

BASELINES = tuple(BASELINE_LABELS)
SVMS = ("svm_l2", "svm_l1")
KERAS = ("keras_l1", "keras_l2", "keras_l1l2", "keras_decay")
NETWORKS = ("mlp", *KERAS)

L1_RATIOS: dict[str, tuple[float, ...]] = {
    **dict.fromkeys(BASELINES[1:], (0.0,)),
    **dict.fromkeys(("lasso", "svm_l1", "keras_l1"), (1.0,)),
    "elastic_net": (0.1, 0.5, 0.9),
    "keras_l1l2": (0.5,),
}
"""L1 ratios that each penalised baseline tries."""

DEFAULT_BASELINES = ("mean", "ridge", "lasso", "elastic_net")
"""Baselines of a study that does not name any."""

SOLVERS = 4
"""Version of the solvers; increase it when a baseline returns other results."""

_EXTRA = ("keras", "jax")


def available_baselines(objective: Objective) -> tuple[str, ...]:
    """Return the baselines that support an objective, installed or not."""
    return tuple(name for name in BASELINES if why_lacking(name, objective) is None)


def why_lacking(name: str, objective: Objective) -> str | None:
    """Return why a baseline does not support an objective, or None if it does.

    Absolute error and quantiles are linear programs, which allow only an L1 penalty.
    Support vector machines and networks need squared error or log loss.
    """
    programs = objective.fits_quantile
    if programs and name in {"ridge", "elastic_net"}:
        return "its solver takes an L1 penalty alone"
    known = objective.name in {"squared_error", "logistic", "softmax"}
    if name in SVMS and not known:
        return "a linear SVM is built for squared error and for classes"
    if name in NETWORKS and not known:
        return "a network is built for squared error and for classes"
    return None


def extra_packages(name: str) -> tuple[str, ...]:
    """Return the optional packages whose versions affect a baseline's results."""
    return (*_EXTRA, "jaxlib") if name in KERAS else ()


def missing_extra(name: str) -> str | None:
    """Return what to install for a baseline, or None if nothing is missing."""
    lacking = [module for module in _EXTRA if find_spec(module) is None]
    if name not in KERAS or not lacking:
        return None
    return (
        f"{name} needs {' and '.join(lacking)}, which is not installed; "
        "pip install 'boostreg[keras]'."
    )
