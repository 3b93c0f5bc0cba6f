"""The size of any model in one call."""

from typing import Any

from boostreg.trees.ensemble import TreeEnsemble
from boostreg.trees.size import TreeSize

__all__ = ["tree_size"]


def tree_size(
    model: Any, n_rounds: int | None = None, *, reg_lambda: float | None = None
) -> TreeSize:
    """Return the size of a boosted model.

    Parameters
    ----------
    model : object or path
        As in ``TreeEnsemble.from_model``.
    n_rounds : int, optional
        Size of that many rounds only.
    reg_lambda : float, optional
        For ``shrinkage``; by default the model's own, where it is known.
    """
    trees = TreeEnsemble.from_model(model)
    return trees.size_at(trees.n_rounds if n_rounds is None else n_rounds, reg_lambda)
