"""LightGBM's model text cut into its lines, and the numbers in them.

A head of ``key=value`` lines, one block of them a tree, ``end of trees``, and a list of
the parameters used as ``[key: value]``.
"""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostreg.errors import ModelError

__all__ = ["cut_text", "join", "numbers", "real", "whole"]

_LARGEST = 2**31 - 1


def cut_text(text: str) -> tuple[dict[str, str], list[dict[str, str]], dict[str, str]]:
    """Return the lines of the head, of each tree, and of the parameters.

    Raises
    ------
    ModelError
        If it is no whole model text, or of a linear tree or a random forest.
    """
    body, end, tail = text.partition("end of trees")
    top, *blocks = body.split("\nTree=")
    if not end or not top.startswith("tree"):
        raise ModelError(
            "A LightGBM model must start with 'tree' and hold 'end of trees', "
            f"got {text[:20]!r}."
        )
    head = _lines(top)
    _refuse(head, top)
    trees = [_lines(block) for block in blocks]
    if any(tree.get("is_linear", "0").strip() != "0" for tree in trees):
        raise ModelError(
            "LightGBM's linear_tree has a regression in each leaf, which cannot be "
            "read; only constant leaves can."
        )
    listed = tail.partition("\nparameters:\n")[2].partition("end of parameters")[0]
    pairs = [line.strip("[]").partition(": ") for line in listed.split("\n")]
    return head, trees, {key: value for key, _, value in pairs if key}


def _lines(block: str) -> dict[str, str]:
    pairs = [line.partition("=") for line in block.split("\n")]
    return {key: value for key, _, value in pairs}


def _refuse(head: dict[str, str], top: str) -> None:
    if "\naverage_output" in top:
        raise ModelError(
            "LightGBM's boosting='rf' averages its trees, so a prefix is no model; "
            "it cannot be read."
        )
    whole(head, "max_feature_idx")
    if not 1 <= whole(head, "num_tree_per_iteration", 1) <= 2**20:
        raise ModelError("A LightGBM model must have 1 to 2**20 trees a round.")


def whole(lines: dict[str, str], key: str, default: int | None = None) -> int:
    """Return the whole number of a line."""
    text = lines.get(key, default)
    try:
        number = int(text)  # type: ignore[arg-type]  # None raises, as it should
    except (TypeError, ValueError):
        number = _LARGEST + 1
    if abs(number) > _LARGEST:
        raise ModelError(
            f"A LightGBM model must have a whole number of 32 bits as {key!r}, "
            f"got {str(text)[:40]!r}."
        )
    return number


def real(lines: dict[str, str], key: str, default: float) -> float:
    """Return the number of a line."""
    try:
        return float(lines.get(key, default))
    except ValueError:
        raise ModelError(
            f"A LightGBM model must have a number as {key!r}, got {lines[key]!r}."
        ) from None


def join(
    blocks: list[dict[str, str]],
    key: str,
    counts: NDArray[np.int64],
    kind: type[Any],
) -> NDArray[Any]:
    """Return one array over all trees: one call of the parser for all of them."""
    found = numbers(" ".join([block.get(key, "") for block in blocks]), key, kind)
    if len(found) == int(counts.sum()) and all(
        block.get(key, "").count(" ") == max(count - 1, 0)
        for block, count in zip(blocks, counts.tolist(), strict=True)
    ):
        return found
    raise ModelError(
        f"LightGBM's {key!r} must have one number a node, {int(counts.sum())} in all, "
        f"got {len(found)}."
    )


def numbers(text: str, key: str, kind: type[Any]) -> NDArray[Any]:
    """Return the numbers of a line."""
    if not text.strip():
        return np.zeros(0, dtype=kind)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)
            return np.fromstring(text, dtype=kind, sep=" ")
    except (ValueError, DeprecationWarning):
        raise ModelError(f"LightGBM's {key!r} must be numbers.") from None
