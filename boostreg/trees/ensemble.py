"""Trees of a boosted model: reading, predicting, cutting, scaling and measuring."""

from dataclasses import dataclass, fields, replace
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostreg.engine_facts import ENGINE_FACTS
from boostreg.errors import ModelError
from boostreg.trees.formats.any_model import read_any
from boostreg.trees.formats.lightgbm import read_lightgbm
from boostreg.trees.formats.npz import read_arrays, write_arrays
from boostreg.trees.formats.xgboost import read_xgboost
from boostreg.trees.size import SizeCurves, TreeSize, measure_curves
from boostreg.trees.structure import (
    NODE_FIELDS,
    SPAN,
    FeatureMap,
    Forest,
    RawForest,
    list_members,
    settle,
)

__all__ = ["TreeEnsemble", "tree_size"]

_MISSING_NONE, _MISSING_ZERO = 0, 1

# Cells of rows x trees walked together: a few MB, which stay in the cache.
_CELLS = 2**18


@np.errstate(invalid="ignore")
def _descend(trees: Forest, X: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the leaf that each row reaches in each tree, (n_samples, n_trees).

    All rows move down one level per step, through all trees at once. ``X`` has the
    precision in which the engine compares.
    """
    leaves = np.empty((len(X), trees.n_trees), dtype=np.int64)
    has_sets = len(trees.members_left) > 0
    step = max(1, _CELLS // max(1, trees.n_trees))
    for start in range(0, len(X), step):
        part = X[start : start + step]
        values = part.ravel()
        node = np.tile(trees.tree_offsets[:-1], len(part))
        row = np.repeat(np.arange(len(part)), trees.n_trees)
        active = np.flatnonzero(trees.left[node] >= 0)
        while active.size:
            here = node[active]
            x = values[row[active] * X.shape[1] + trees.feature[here]]
            goes_left = _numeric(trees, here, x)
            if has_sets:
                _overrule_categorical(trees, here, x, goes_left)
            here = np.where(goes_left, trees.left[here], trees.right[here])
            node[active] = here
            active = active[trees.left[here] >= 0]
        leaves[start : start + step] = node.reshape(len(part), trees.n_trees)
    return leaves


def _numeric(
    trees: Forest, here: NDArray[np.int64], x: NDArray[np.float64]
) -> NDArray[np.bool_]:
    threshold = trees.threshold[here]
    rules = ENGINE_FACTS[trees.engine].rules
    missing = np.isnan(x)
    if not rules.missing_kinds:
        left = x < threshold if rules.strict else x <= threshold
        left[missing] = trees.default_left[here[missing]]
        return left
    # NumericalDecision in include/LightGBM/tree.h: NaN is 0 unless NaN is missing.
    kind = trees.missing[here]
    left = np.where(missing, 0.0, x) <= threshold
    missing &= kind != _MISSING_NONE
    missing |= (kind == _MISSING_ZERO) & (np.abs(x) <= rules.zero)
    left[missing] = trees.default_left[here[missing]]
    return left


def _overrule_categorical(
    trees: Forest,
    here: NDArray[np.int64],
    x: NDArray[np.float64],
    goes_left: NDArray[np.bool_],
) -> None:
    """Decide splits on categories by their sets; a missing value is in none."""
    index = trees.set_index[here]
    place = np.flatnonzero(index >= 0)
    if not place.size:
        return
    index, x = index[place], x[place]
    rules = ENGINE_FACTS[trees.engine].rules
    # A fraction is in the category below it in every library. -0.5 is in category 0
    # only in LightGBM; XGBoost and scikit-learn reject negative categories.
    valid = (x > -1.0 if rules.truncates else x >= 0.0) & (x < float(SPAN))
    code = np.where(valid, x, 0.0).astype(np.int64)
    # One sorted list of set * SPAN + category serves all sets.
    wanted, members = index.astype(np.int64) * SPAN + code, list_members(trees)
    found = np.searchsorted(members, wanted)
    member = valid & (np.append(members, -1)[found] == wanted)
    left = member == trees.members_left[index]
    if not rules.missing_kinds:
        missing = np.isnan(x)
        left[missing] = trees.default_left[here[place[missing]]]
    goes_left[place] = left


# Leaves (rows x trees) that a prediction holds at a time: about 20 MB.
_ENSEMBLE_CELLS = 2**20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class TreeEnsemble(Forest):
    """The trees of a boosted model, as flat arrays over all nodes of all trees.

    Trees are in the order of their rounds. Node ``i`` of tree ``t`` is entry
    ``tree_offsets[t] + i``; the root is ``i = 0``.

    Attributes
    ----------
    engine : {"xgboost", "lightgbm", "sklearn"}
        Library whose rules apply: a row goes left if ``float32(x) < threshold`` in
        XGBoost, and if ``x <= threshold`` in the others.
    n_features, n_outputs, n_rounds : int
        Columns of the table, raw scores per row, boosting rounds.
    tree_offsets : ndarray of shape (n_trees + 1,)
    left, right : ndarray of shape (n_nodes,)
        Children as entries of these arrays, -1 in a leaf.
    feature : ndarray of shape (n_nodes,)
        Tested column, -1 in a leaf.
    threshold : ndarray of shape (n_nodes,)
        Threshold of a numeric split.
    value : ndarray of shape (n_nodes,)
        Amount that a leaf adds to the raw score; 0 in splits.
    hessian, gain : ndarray of shape (n_nodes,)
        Summed hessian, and gain of the split; NaN if the format has none.
    depth : ndarray of shape (n_nodes,)
        Number of splits above the node.
    default_left : ndarray of shape (n_nodes,)
        Where missing values go.
    missing : ndarray of shape (n_nodes,)
        Which values are missing: 0 none (NaN is read as 0), 1 zeros and NaN, 2 NaN.
    set_index : ndarray of shape (n_nodes,)
        Set of categories that the split tests, -1 if none.
    set_offsets, categories : ndarray
        Set ``s`` is ``categories[set_offsets[s]:set_offsets[s + 1]]``.
    members_left : ndarray of shape (n_sets,)
        Whether the members of a set go left or right.
    output, round : ndarray of shape (n_trees,)
        The raw score that a tree adds to, and its boosting round from 0.
    learning_rates : ndarray of shape (n_trees,)
        Leaf value / weight, including dart's scaling; NaN if unknown. XGBoost models
        do not contain it; without it ``l1_norm`` and ``l2_norm`` are NaN.
    reg_lambda : float
        L2 penalty in the library's own units; NaN if unknown, as in XGBoost models.
    intercept : ndarray of shape (n_outputs,)
        The part of the library's raw score that is not in the trees.
    mixed : ndarray of shape (n_trees,)
        Trees whose leaves contain an intercept that cannot be separated from the
        weights. ``l1_norm``, ``l2_norm`` and ``zero_share`` are NaN from there on.
    features : FeatureMap or None
        Map of the columns to the units of ``threshold``; None if they are the same.

    Examples
    --------
    >>> import lightgbm
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 0.0, 1.0, 1.0]
    >>> options = {"min_child_samples": 1, "verbosity": -1}
    >>> model = lightgbm.LGBMRegressor(n_estimators=3, **options).fit(X, y)
    >>> trees = TreeEnsemble.from_model(model)
    >>> trees.n_trees, trees.n_nodes, trees.size().n_leaves, trees.gains()
    (3, 9, 6, array([0.822033]))

    The raw score is ``intercept`` plus the trees, also after any number of rounds:

    >>> bool(np.allclose(trees.intercept + trees.predict(X)[:, 0], model.predict(X)))
    True
    >>> trees.predict(X, n_rounds=1).ravel().round(3), trees.size_at(1).n_splits
    (array([-0.05 ,  0.017,  0.017,  0.017]), 1)
    >>> trees.sizes().n_leaves, trees.truncate(2).n_trees
    (array([0, 2, 4, 6]), 2)
    >>> trees.leaf_indices(X).shape
    (4, 3)

    The same model in other units, and from text, bytes and files:

    >>> trees.scaled(2.0).with_intercept(1.0).intercept
    array([1.])
    >>> text = model.booster_.model_to_string()
    >>> TreeEnsemble.from_lightgbm_text(text).n_trees
    3
    >>> import xgboost
    >>> other = xgboost.XGBRegressor(n_estimators=2).fit(X, y).get_booster()
    >>> TreeEnsemble.from_xgboost_ubj(other.save_raw()).n_trees
    2
    >>> from tempfile import mkdtemp
    >>> path = mkdtemp() + "/trees.npz"
    >>> trees.to_npz(path)
    >>> TreeEnsemble.from_npz(path).n_trees
    3
    """

    features: FeatureMap | None = None

    @classmethod
    def from_xgboost_ubj(
        cls, data: bytes | bytearray, *, learning_rate: float | None = None
    ) -> Self:
        """Return the trees of XGBoost's model bytes, UBJ or JSON.

        The bytes do not contain the learning rate. Without ``learning_rate``, weights
        before the learning rate are unknown: ``l1_norm`` and ``l2_norm`` are NaN.

        Raises
        ------
        ModelError
            If the bytes are damaged, or if the leaves of the model are not numbers.
        """
        return cls(**settle(read_xgboost(data, learning_rate=learning_rate)))

    @classmethod
    def from_lightgbm_text(
        cls,
        text: str,
        *,
        learning_rate: float | None = None,
        intercept: ArrayLike | None = None,
    ) -> Self:
        """Return the trees of LightGBM's model text.

        ``intercept``, one number or one per class, is included in the leaves of the
        first tree of each class; 0 if they contain none. By default it is computed for
        losses that determine it (all but quantiles and absolute error), if training
        had no ``lambda_l1``, no sampling of rows and no limit on steps. Otherwise it
        is unknown: ``l1_norm``, ``l2_norm`` and ``zero_share`` are NaN.

        Raises
        ------
        ModelError
            If the text is damaged, or if the model has linear trees or is a random
            forest.
        """
        raw = read_lightgbm(text, learning_rate=learning_rate, intercept=intercept)
        return cls(**settle(raw))

    @classmethod
    def from_npz(cls, path: str | PathLike[str]) -> Self:
        """Return the trees that ``to_npz`` wrote; raise ModelError for other files."""
        return cls(**settle(read_arrays(Path(path))))

    @classmethod
    def from_model(
        cls,
        model: Any,
        *,
        learning_rate: float | None = None,
        intercept: ArrayLike | None = None,
    ) -> "TreeEnsemble":
        """Return the trees that ``model`` predicts with.

        After early stopping these are the rounds that the model's own ``predict`` uses:
        all rounds of an ``xgboost.Booster`` and of ``HistGradientBoosting*``, and those
        up to the best one of other estimators and of a ``lightgbm.Booster``.

        Parameters
        ----------
        model : object or path
            A booster or a fitted estimator of XGBoost or LightGBM, a fitted
            ``HistGradientBoosting*``, an object with a ``TreeEnsemble`` as ``trees_``,
            or a model file: XGBoost's UBJ or JSON, LightGBM's text, or our ``.npz``.
        learning_rate : float, optional
            Learning rate of all trees. XGBoost models do not contain it.
        intercept : float or array-like of shape (n_outputs,), optional
            Intercept in the first trees of a LightGBM model, see
            ``from_lightgbm_text``.

        Raises
        ------
        ModelError
            If it is none of these, not fitted, damaged, or of an unsupported kind.
        """
        own = model if isinstance(model, cls) else getattr(model, "trees_", None)
        if isinstance(own, cls):
            return own
        raw, used = read_any(model, learning_rate=learning_rate, intercept=intercept)
        trees = cls(**settle(raw))
        return trees if used is None else trees.truncate(used)

    def to_npz(self, path: str | PathLike[str]) -> None:
        """Write the arrays to a ``.npz`` file, which ``from_npz`` reads."""
        first = self.tree_offsets[:-1].astype(np.int32)
        start = np.repeat(first, np.diff(self.tree_offsets))
        found = {f.name: getattr(self, f.name) for f in fields(RawForest)}
        for name in ("left", "right"):
            found[name] = np.where(self.left >= 0, found[name] - start, np.int32(-1))
        write_arrays(Path(path), found)

    def __repr__(self) -> str:
        return f"TreeEnsemble({self.engine!r}, {self.n_trees} trees)"

    def leaf_indices(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return the leaf of each row in each tree, as entry of the node arrays.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Categories as numbers, missing values as NaN.

        Returns
        -------
        ndarray of shape (n_samples, n_trees)
        """
        table = self._table(X)
        if self.features is not None:
            table = self.features.apply(table)
        if ENGINE_FACTS[self.engine].rules.single:
            with np.errstate(over="ignore"):
                table = table.astype(np.float32).astype(np.float64)
        return _descend(self, table)

    def predict(self, X: ArrayLike, n_rounds: int | None = None) -> NDArray[np.float64]:
        """Return the raw scores of the trees, without ``intercept``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Categories as numbers, missing values as NaN.
        n_rounds : int, optional
            Rounds to use; all by default.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs)
        """
        trees = self if n_rounds is None else self.truncate(n_rounds)
        table = self._table(X)
        step = max(1, _ENSEMBLE_CELLS // max(1, trees.n_trees))
        found = np.zeros((len(table), self.n_outputs))
        for start in range(0, len(table), step):
            part = slice(start, start + step)
            scores = trees.value[trees.leaf_indices(table[part])]
            for k in range(self.n_outputs):
                # sum() adds in an order that depends on the shape; cumsum() does not.
                sums = scores[:, trees.output == k].cumsum(axis=1)
                found[part, k] = sums[:, -1] if sums.shape[1] else 0.0
        return found

    def _table(self, X: ArrayLike) -> NDArray[np.float64]:
        table = np.asarray(X, dtype=np.float64)
        if table.ndim != 2 or table.shape[1] != self.n_features:
            raise ModelError(
                f"X must be (n_samples, {self.n_features}), got {table.shape}."
            )
        return table

    def gains(self) -> NDArray[np.float64]:
        """Return the summed gain of the splits on each column, (n_features,)."""
        splits = self.left >= 0
        return np.bincount(
            self.feature[splits], weights=self.gain[splits], minlength=self.n_features
        ).astype(np.float64)

    def truncate(self, n_rounds: int) -> "TreeEnsemble":
        """Return the first ``n_rounds`` rounds."""
        if not 0 <= n_rounds <= self.n_rounds:
            raise ModelError(
                f"n_rounds must be between 0 and {self.n_rounds}, got {n_rounds}."
            )
        n_trees = int(np.searchsorted(self.round, n_rounds))
        n_nodes = int(self.tree_offsets[n_trees])
        per_tree = ("output", "round", "learning_rates", "mixed")
        cut = {name: getattr(self, name)[:n_nodes] for name in (*NODE_FIELDS, "depth")}
        cut |= {name: getattr(self, name)[:n_trees] for name in per_tree}
        cut["tree_offsets"] = self.tree_offsets[: n_trees + 1]
        return replace(self, **cut, n_rounds=n_rounds)

    def scaled(
        self, factor: float, *, hessian: float = 1.0, gain: float | None = None
    ) -> "TreeEnsemble":
        """Return the trees for a raw score that is ``factor`` times as large.

        Exact for powers of two. Leaf values and ``intercept`` follow ``factor``, sums
        of hessians ``hessian``, gains ``gain``, by default ``factor**2 * hessian``.
        ``learning_rates`` stay.
        """
        return replace(
            self,
            value=self.value * factor,
            intercept=self.intercept * factor,
            hessian=self.hessian * hessian,
            gain=self.gain * (factor**2 * hessian if gain is None else gain),
        )

    def with_intercept(self, intercept: ArrayLike) -> "TreeEnsemble":
        """Return the same trees with another intercept, one number or one per class."""
        given = np.asarray(intercept, dtype=np.float64)
        if given.shape not in ((), (1,), (self.n_outputs,)):
            raise ModelError(
                f"intercept must have 1 or {self.n_outputs} numbers, got {given.size}."
            )
        return replace(self, intercept=np.broadcast_to(given, self.n_outputs).copy())

    def sizes(self, reg_lambda: float | None = None) -> SizeCurves:
        """Return the sizes of all prefixes, in one pass.

        Parameters
        ----------
        reg_lambda : float, optional
            For ``shrinkage``; by default the model's own, if it is known.
        """
        strength = self.reg_lambda if reg_lambda is None else reg_lambda
        return measure_curves(self, strength)

    def size(self, reg_lambda: float | None = None) -> TreeSize:
        """Return the size at all rounds."""
        return self.size_at(self.n_rounds, reg_lambda)

    def size_at(self, n_rounds: int, reg_lambda: float | None = None) -> TreeSize:
        """Return the size of the first ``n_rounds`` rounds."""
        cut = self.truncate(n_rounds)
        # As a single round, it needs no sizes of prefixes.
        whole = replace(cut, round=np.zeros_like(cut.round), n_rounds=min(n_rounds, 1))
        return whole.sizes(reg_lambda).at(whole.n_rounds)


def tree_size(
    model: Any,
    n_rounds: int | None = None,
    *,
    reg_lambda: float | None = None,
    learning_rate: float | None = None,
    intercept: ArrayLike | None = None,
) -> TreeSize:
    """Return the size of a boosted model.

    Counts need only the model. An XGBoost model contains neither its learning rate nor
    its ``reg_lambda``, and some LightGBM models have an intercept in their leaves that
    cannot be separated from the weights. Without the arguments below, sizes of leaf
    weights are then NaN: ``l1_norm``, ``l2_norm``, ``zero_share``, ``shrinkage``.

    Parameters
    ----------
    model : object or path
        As in ``TreeEnsemble.from_model``.
    n_rounds : int, optional
        Use only the first ``n_rounds`` rounds.
    reg_lambda : float, optional
        For ``shrinkage``; by default the model's own, if it is known.
    learning_rate : float, optional
        Learning rate of all trees, for ``l1_norm`` and ``l2_norm``.
    intercept : float or array-like of shape (n_outputs,), optional
        Intercept in the first trees of a LightGBM model.

    Returns
    -------
    TreeSize

    Raises
    ------
    ModelError
        As ``TreeEnsemble.from_model``.

    Examples
    --------
    >>> import xgboost
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 0.0, 1.0, 1.0]
    >>> model = xgboost.XGBRegressor(n_estimators=3, learning_rate=0.5).fit(X, y)
    >>> size = tree_size(model, learning_rate=0.5)
    >>> size.n_trees, size.n_leaves, round(size.l1_norm, 2)
    (3, 6, 1.41)
    >>> tree_size(model, n_rounds=1).n_leaves
    2
    """
    trees = TreeEnsemble.from_model(
        model, learning_rate=learning_rate, intercept=intercept
    )
    return trees.size_at(trees.n_rounds if n_rounds is None else n_rounds, reg_lambda)
