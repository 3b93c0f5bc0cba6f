"""LightGBM's model text, rewritten so that the bare library predicts alone.

The text has one block a tree, ``key=value`` a line (``src/io/tree.cpp``,
``Tree::ToString``). A booster of ours was grown on a standardised target and shifted
columns, from a score that its file does not hold, and without saying where a value goes
that was missing in no training row. The rewriting puts all four into the trees.
"""

from collections.abc import Callable

import numpy as np

from boostreg.losses import Array
from boostreg.trees import FeatureMap

__all__ = ["rewrite"]

_CATEGORICAL, _DEFAULT_LEFT, _MISSING_NAN = 1, 2, 8
_SCALED = ("leaf_value", "internal_value")


def rewrite(  # noqa: PLR0913  the text lacks five things
    text: str,
    *,
    n_rounds: int,
    factor: float,
    intercept: Array,
    complete: tuple[bool, ...],
    features: FeatureMap | None = None,
) -> str:
    """Return the model text of the first rounds, complete in itself.

    Parameters
    ----------
    text : str
        As ``Booster.model_to_string`` gives it.
    n_rounds : int
        Rounds to keep. Without a round, one tree a class holds the intercept.
    factor : float
        What leaf values are multiplied by.
    intercept : ndarray of shape (n_outputs,)
        Raw score that is added to the leaves of each class's first tree.
    complete : tuple of bool
        For each column, whether no training row missed it: later missing values go
        right.
    features : FeatureMap or None
        Map of the columns to the units of the thresholds.
    """
    head, blocks, tail = _cut(text)
    outputs = len(intercept)
    kept = blocks[: n_rounds * outputs] or [_CONSTANT] * outputs
    trees = [
        _tree(number, block, factor, intercept, complete, features)
        for number, block in enumerate(kept)
    ]
    sizes = " ".join(str(len(tree.encode())) for tree in trees)
    lines = [
        f"tree_sizes={sizes}" if line.startswith("tree_sizes=") else line
        for line in head.rstrip("\n").split("\n")
    ]
    # For our own readers, who want pure weights; LightGBM passes over the line.
    lines.append("boostreg_intercept=" + " ".join(map(repr, intercept.tolist())))
    return "\n".join(lines) + "\n\n" + "".join(trees) + tail


_CONSTANT = "num_leaves=1\nnum_cat=0\nleaf_value=0\nis_linear=0\nshrinkage=1"


def _cut(text: str) -> tuple[str, list[str], str]:
    body, end, tail = text.partition("end of trees")
    head, *blocks = body.split("\nTree=")
    bare = [block.partition("\n")[2].strip("\n") for block in blocks]
    return head, bare, end + tail


def _tree(  # noqa: PLR0913, PLR0917  one call, as ``rewrite``
    number: int,
    block: str,
    factor: float,
    intercept: Array,
    complete: tuple[bool, ...],
    features: FeatureMap | None,
) -> str:
    lines = dict(line.split("=", 1) for line in block.split("\n") if "=" in line)
    added = float(intercept[number]) if number < len(intercept) else 0.0
    for name in _SCALED:
        if lines.get(name):
            lines[name] = _each(lines[name], lambda v: v * factor + added)
    if lines.get("decision_type"):
        tested = [int(f) for f in lines["split_feature"].split()]
        kinds = [int(k) for k in lines["decision_type"].split()]
        lines["decision_type"] = " ".join(
            str(_late_missing_right(kind) if complete[feature] else kind)
            for kind, feature in zip(kinds, tested, strict=True)
        )
        if features is not None:
            lines["threshold"] = _thresholds(
                lines["threshold"], tested, kinds, features
            )
    if added:
        lines["shrinkage"] = "1"
    body = "\n".join(f"{key}={value}" for key, value in lines.items())
    return f"Tree={number}\n{body}\n\n\n"


def _thresholds(
    values: str, tested: list[int], kinds: list[int], features: FeatureMap
) -> str:
    """Return thresholds of numbers in the user's units; those of sets are places."""
    read = np.array(values.split(), dtype=np.float64)
    undone = features.undo(np.array(tested), read)
    return " ".join(
        old if kind & _CATEGORICAL else repr(float(new))
        for old, new, kind in zip(values.split(), undone, kinds, strict=True)
    )


def _late_missing_right(kind: int) -> int:
    if kind & _CATEGORICAL:
        return kind
    return (kind & ~_DEFAULT_LEFT & 0b11) | _MISSING_NAN


def _each(values: str, change: Callable[[float], float]) -> str:
    return " ".join(
        np.format_float_positional(v, trim="-") if v == 0 else repr(v)
        for v in (change(float(value)) for value in values.split())
    )
