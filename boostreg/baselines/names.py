"""The baselines by name: what each is, and for which objectives there is one.

==================  ====================================================================
name                model
==================  ====================================================================
``mean``            the best constant
``ridge``           linear in the raw score, L2; for classes logistic regression
``lasso``           the same with L1
``elastic_net``     both, the share of L1 chosen by the inner folds
``svm_l2``          linear support vector machine, L2 (``boostreg.baselines.svm``)
``svm_l1``          the same with L1
``mlp``             network of one hidden layer, L2, by scikit-learn
``keras_l1``        network of one hidden layer, Keras's regularizer ``L1``
``keras_l2``        the same with ``L2``
``keras_l1l2``      the same with ``L1L2``, both alike
``keras_decay``     the same with ``AdamW``: weight decay apart from the gradient
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

L1_RATIOS: dict[str, tuple[float, ...]] = {
    "ridge": (0.0,),
    "lasso": (1.0,),
    "elastic_net": (0.1, 0.5, 0.9),
    "svm_l2": (0.0,),
    "svm_l1": (1.0,),
    "mlp": (0.0,),
    "keras_l1": (1.0,),
    "keras_l2": (0.0,),
    "keras_l1l2": (0.5,),
    "keras_decay": (0.0,),
}
"""Shares of L1 that each penalised baseline tries."""

SVMS = ("svm_l2", "svm_l1")
KERAS = ("keras_l1", "keras_l2", "keras_l1l2", "keras_decay")
NETWORKS = ("mlp", *KERAS)

BASELINES = ("mean", *L1_RATIOS)
"""Names of all baselines, in the order they are printed."""

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
"""The baselines as a sentence names them; a table leaves the article out."""

DEFAULT_BASELINES = ("mean", "ridge", "lasso", "elastic_net")
"""Those of a study that names none."""

SOLVERS = 2
"""Counts how often solvers of the baselines have changed what they return."""

_EXTRA = ("keras", "jax")
_DECIDING = (*_EXTRA, "jaxlib")


def available_baselines(objective: Objective) -> tuple[str, ...]:
    """Return the baselines that an objective has, whether installed or not."""
    return tuple(name for name in BASELINES if why_lacking(name, objective) is None)


def why_lacking(name: str, objective: Objective) -> str | None:
    """Return why an objective has no such baseline, None where it has one.

    Absolute error and quantiles are linear programs with L1 and nothing else. Support
    vector machines and networks are built for squared error and log loss.
    """
    programs = objective.name in {"absolute_error", "quantile"}
    if programs and name in {"ridge", "elastic_net"}:
        return "its solver takes an L1 penalty alone"
    known = objective.name in {"squared_error", "logistic", "softmax"}
    if name in SVMS and not known:
        return "a linear SVM is built for squared error and for classes"
    if name in NETWORKS and not known:
        return "a network is built for squared error and for classes"
    return None


def extra_packages(name: str) -> tuple[str, ...]:
    """Return the packages of an extra whose versions decide a baseline's results."""
    return _DECIDING if name in KERAS else ()


def missing_extra(name: str) -> str | None:
    """Return what to install for a baseline, None where nothing is missing."""
    lacking = [module for module in _EXTRA if find_spec(module) is None]
    if name not in KERAS or not lacking:
        return None
    return (
        f"{name} needs {' and '.join(lacking)}, which is not installed; "
        "pip install 'boostreg[keras]'."
    )
