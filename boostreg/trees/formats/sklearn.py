"""scikit-learn's HistGradientBoosting as arrays, through its node records.

``est._predictors[round][class].nodes`` is private but has kept these fields since
version 0.21: ``value`` (after the learning rate), ``gain``, ``feature_idx``,
``num_threshold`` (``x <= threshold`` goes left), ``missing_go_to_left``, ``left``,
``right``, ``is_leaf``, ``is_categorical``, ``bitset_idx``. Hessians are not kept.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostreg.errors import ModelError
from boostreg.trees.structure import NO_SETS, RawForest

__all__ = ["read_sklearn"]

_MISSING_NAN = 2


def read_sklearn(estimator: Any) -> RawForest:
    """Return the trees of a fitted ``HistGradientBoosting*`` estimator.

    Features are numbered as in the training table. Categories are the values in the
    table if they are integers, otherwise their positions in the encoder's list.
    """
    rounds = estimator._predictors  # noqa: SLF001  # scikit-learn has no public API for it
    predictors = [tree for trees in rounds for tree in trees]
    baseline = np.ravel(estimator._baseline_prediction)  # noqa: SLF001
    n_outputs = len(baseline)
    if any(len(trees) != n_outputs for trees in rounds):
        raise ModelError(f"Each round must have {n_outputs} trees; one has not.")
    records = [tree.nodes for tree in predictors]
    sizes = np.array([len(record) for record in records], dtype=np.int64)
    n_trees = len(records)
    if not n_trees:
        raise ModelError(f"{type(estimator).__name__} must have a tree; it has none.")
    nodes = np.concatenate(records)
    split = nodes["is_leaf"] == 0
    # The preprocessor moves categorical columns to the front.
    categorical = getattr(estimator, "is_categorical_", None)
    if categorical is None:
        categorical = np.zeros(estimator.n_features_in_, dtype=np.bool_)
    feature = np.argsort(~categorical, kind="stable")[nodes["feature_idx"]]
    return RawForest(
        engine="sklearn",
        n_features=int(estimator.n_features_in_),
        n_outputs=n_outputs,
        n_rounds=len(rounds),
        tree_offsets=np.concatenate([[0], np.cumsum(sizes)]),
        left=np.where(split, nodes["left"].astype(np.int32), np.int32(-1)),
        right=np.where(split, nodes["right"].astype(np.int32), np.int32(-1)),
        feature=np.where(split, feature, -1).astype(np.int32),
        threshold=np.where(split, nodes["num_threshold"], np.nan),
        value=nodes["value"].astype(np.float64),
        hessian=np.full(len(nodes), np.nan),
        gain=np.where(split, nodes["gain"], 0.0),
        default_left=nodes["missing_go_to_left"].astype(np.bool_),
        missing=np.full(len(nodes), _MISSING_NAN, dtype=np.uint8),
        **_category_sets(estimator, predictors, nodes, sizes),
        output=(np.arange(n_trees) % n_outputs).astype(np.int32),
        round=(np.arange(n_trees) // n_outputs).astype(np.int32),
        learning_rates=np.full(n_trees, float(estimator.learning_rate)),
        reg_lambda=float(estimator.l2_regularization),
        intercept=baseline.astype(np.float64),
        mixed=np.zeros(n_trees, dtype=np.bool_),
    )


def _category_sets(
    estimator: Any,
    predictors: list[Any],
    nodes: NDArray[Any],
    sizes: NDArray[np.int64],
) -> dict[str, NDArray[Any]]:
    set_index = np.full(len(nodes), -1, dtype=np.int32)
    categorical = np.flatnonzero(
        (nodes["is_categorical"] != 0) & (nodes["is_leaf"] == 0)
    )
    if not categorical.size:
        return {"set_index": set_index, **NO_SETS}
    tree = np.repeat(np.arange(len(sizes)), sizes)
    known = _known_categories(estimator)
    sets, members_left = [], []
    for record, which in zip(nodes[categorical], tree[categorical], strict=True):
        words = predictors[which].raw_left_cat_bitsets[record["bitset_idx"]]
        names = known[int(record["feature_idx"])]
        bits = np.unpackbits(words.astype("<u4").view(np.uint8), bitorder="little")
        goes_left = bits[: len(names)].astype(np.bool_)
        # Categories unknown to the encoder go where missing values go.
        unseen_left = bool(record["missing_go_to_left"])
        sets.append(names[~goes_left] if unseen_left else names[goes_left])
        members_left.append(not unseen_left)
    set_index[categorical] = np.arange(len(sets))
    return {
        "set_index": set_index,
        "set_offsets": np.cumsum([0, *map(len, sets)]),
        "categories": np.concatenate(sets).astype(np.int32),
        "members_left": np.array(members_left),
    }


def _known_categories(estimator: Any) -> list[NDArray[np.int64]]:
    encoder = estimator._preprocessor.named_transformers_["encoder"]  # noqa: SLF001
    known = []
    for names in encoder.categories_:
        present = [name for name in names if name == name]  # noqa: PLR0124  # not NaN
        whole = all(
            isinstance(name, (int, float, np.number)) and float(name).is_integer()
            for name in present
        )
        codes = [int(name) for name in present] if whole else range(len(present))
        known.append(np.array(codes, dtype=np.int64))
    return known
