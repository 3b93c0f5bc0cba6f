"""XGBoost's own model document, UBJ or JSON, as arrays.

``learner.gradient_booster.model`` has the trees, ``xgboost_nodes`` reads them;
``learner_model_param`` has ``base_score``, in output space. Sources:
``src/learner.cc``, ``src/gbm/gbtree_model.cc`` of XGBoost 3.2 and 3.4.
"""

import json
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from boostreg.errors import ModelError
from boostreg.trees.formats.ubj import parse_ubj
from boostreg.trees.formats.xgboost_nodes import (
    Columns,
    read_list,
    read_nodes,
    read_sets,
)
from boostreg.trees.formats.xgboost_rate import Recorded, recover_rates
from boostreg.trees.structure import RawForest

__all__ = ["read_xgboost"]

_Kind = TypeVar("_Kind")

_LARGEST = 2**31 - 1
_LOGISTIC = ("binary:logistic", "reg:logistic")
_LOG = ("count:poisson", "reg:gamma", "reg:tweedie", "survival:aft", "survival:cox")


@np.errstate(all="ignore")  # numbers that are none are told by what they lead to
def read_xgboost(
    data: bytes | bytearray,
    *,
    learning_rate: float | None = None,
    recorded: Recorded | None = None,
) -> RawForest:
    """Return the trees of a model as ``Booster.save_raw`` and ``save_model`` write it.

    Parameters
    ----------
    data : bytes
        UBJ or JSON.
    learning_rate : float, optional
        What every tree was grown with, where the caller knows.
    recorded : Recorded, optional
        What the booster's configuration says, which is checked against the trees.
    """
    learner = _get(_parse(data), "learner", dict)
    booster = _get(learner, "gradient_booster", dict)
    model = _model(booster)
    trees = _get(model, "trees", list)
    nodes = Columns.of(trees)
    _refuse_vector_leaves(nodes.blocks)
    if (nodes.sizes < 1).any():
        raise ModelError("Each tree must have a node, but one has none.")
    fields = read_nodes(nodes) | read_sets(nodes)
    n_outputs = _n_outputs(learner)
    output, rounds, n_parallel = _order(model, nodes.n_trees, n_outputs)
    drop = _weight_drop(booster, model, nodes.n_trees)
    offsets = np.concatenate([[0], np.cumsum(nodes.sizes)])
    if learning_rate is None:
        rates, reg_lambda = recover_rates(
            fields,
            nodes.reals("base_weights"),
            offsets,
            n_parallel,
            recorded,
        )
    else:
        rates = np.full(nodes.n_trees, learning_rate / n_parallel)
        reg_lambda = np.nan
    if (drop != 1).any():
        fields["value"] = fields["value"] * np.repeat(drop, nodes.sizes)
    return RawForest(
        **fields,
        engine="xgboost",
        n_features=_whole(_get(learner, "learner_model_param", dict), "num_feature"),
        n_outputs=n_outputs,
        n_rounds=int(rounds[-1]) + 1 if len(rounds) else 0,
        tree_offsets=offsets,
        output=output,
        round=rounds,
        learning_rates=rates * drop,
        reg_lambda=reg_lambda,
        intercept=_intercept(learner, n_outputs),
        mixed=np.zeros(nodes.n_trees, dtype=np.bool_),
    )


def _parse(data: bytes | bytearray) -> Any:
    # UBJ continues with the marker of a length, JSON with a quote or white space.
    if data[:1] != b"{":
        raise ModelError(
            "An XGBoost model must be UBJ or JSON, which start with '{', "
            f"got {bytes(data[:8])!r}."
        )
    if data[1:2] in (b"L", b"i", b"U", b"I", b"l"):
        return parse_ubj(data)
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"An XGBoost model must be valid JSON: {error}.") from None


def _get(document: Any, key: str, kind: type[_Kind]) -> _Kind:
    value = document.get(key) if isinstance(document, dict) else None
    if not isinstance(value, kind):
        raise ModelError(
            f"An XGBoost model must have {key!r} as {kind.__name__}, "
            f"got {type(value).__name__}."
        )
    return value


def _whole(document: dict[str, Any], key: str, default: str = "0") -> int:
    text = document.get(key, default)
    try:
        number = int(text)
    except (TypeError, ValueError, OverflowError):
        number = _LARGEST + 1
    if abs(number) > _LARGEST:
        raise ModelError(
            f"An XGBoost model must have a whole number of 32 bits as {key!r}, "
            f"got {str(text)[:40]!r}."
        )
    return number


def _model(booster: dict[str, Any]) -> dict[str, Any]:
    name = booster.get("name")
    if name == "gblinear":
        raise ModelError("XGBoost's gblinear has coefficients, not trees to read.")
    if name not in ("gbtree", "dart"):
        raise ModelError(
            f"An XGBoost booster must be 'gbtree' or 'dart' to be read, got {name!r}."
        )
    # Before 3.4, dart is a shell around gbtree.
    return _get(booster.get("gbtree", booster), "model", dict)


def _refuse_vector_leaves(trees: list[dict[str, Any]]) -> None:
    if any(
        _whole(_get(tree, "tree_param", dict), "size_leaf_vector") > 1 for tree in trees
    ):
        raise ModelError(
            "XGBoost's multi_output_tree grows vectors as leaves, which cannot be "
            "read; multi_strategy='one_output_per_tree' can."
        )


def _n_outputs(learner: dict[str, Any]) -> int:
    parameters = _get(learner, "learner_model_param", dict)
    n_outputs = max(
        _whole(parameters, "num_class"), _whole(parameters, "num_target", "1"), 1
    )
    if n_outputs > 2**20:
        raise ModelError(f"A model must have at most 2**20 outputs, got {n_outputs}.")
    return n_outputs


def _order(
    model: dict[str, Any], n_trees: int, n_outputs: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], int]:
    """Return output and round of each tree, and how many trees share one step."""
    parameters = _get(model, "gbtree_model_param", dict)
    n_parallel = max(_whole(parameters, "num_parallel_tree", "1"), 1)
    output = read_list(model.get("tree_info", []), "tree_info", np.int32)
    if len(output) != n_trees or _whole(parameters, "num_trees") != n_trees:
        raise ModelError(
            f"XGBoost's 'num_trees' and 'tree_info' must agree with its {n_trees} "
            f"trees, got {parameters.get('num_trees')} and {len(output)}."
        )
    rounds = np.arange(n_trees) // (n_outputs * n_parallel)
    if "iteration_indptr" in model:
        ends = read_list(model["iteration_indptr"], "iteration_indptr", np.int64)
        if (
            not len(ends)
            or ends[0] != 0
            or ends[-1] != n_trees
            or (np.diff(ends) < 1).any()
        ):
            raise ModelError(
                f"XGBoost's 'iteration_indptr' must rise from 0 to {n_trees}."
            )
        rounds = np.repeat(np.arange(len(ends) - 1), np.diff(ends))
    return output, rounds.astype(np.int32), n_parallel


def _weight_drop(
    booster: dict[str, Any], model: dict[str, Any], n_trees: int
) -> NDArray[np.float64]:
    weights = booster.get("weight_drop") or model.get("weight_drop")
    if not weights:
        return np.ones(n_trees)
    drop = read_list(weights, "weight_drop", np.float32).astype(np.float64)
    if len(drop) != n_trees:
        raise ModelError(
            f"XGBoost's 'weight_drop' must have {n_trees} entries, got {len(drop)}."
        )
    return drop


def _intercept(learner: dict[str, Any], n_outputs: int) -> NDArray[np.float64]:
    text = _get(learner, "learner_model_param", dict).get("base_score", "0")
    try:
        scores = [float(score) for score in text.strip("[]").split(",")]
    except (AttributeError, ValueError):
        raise ModelError(
            f"XGBoost's base_score must be numbers, got {text!r}."
        ) from None
    if len(scores) not in (1, n_outputs):
        raise ModelError(
            f"XGBoost's base_score must have 1 or {n_outputs} numbers, "
            f"got {len(scores)}."
        )
    score = np.broadcast_to(np.asarray(scores, dtype=np.float64), (n_outputs,))
    name = _get(learner, "objective", dict).get("name")
    with np.errstate(divide="ignore", invalid="ignore"):
        if name in _LOGISTIC:
            return np.log(score / (1 - score))
        if name in _LOG:
            return np.log(score)
    return score + 0.0
