"""A slow tree grower that says in plain numpy what both libraries do.

Each value of a feature is a bin. The one switch, ``inherit``, is LightGBM's rule that a
feature without an admissible split in a node is passed over in all nodes below it
(``is_splittable`` in ``src/treelearner/serial_tree_learner.cpp``).
"""

import numpy as np

XGBOOST_FLOOR = 1e-6  # src/tree/driver.h


class Node:
    """Rows that may be split, with the best split that was found for them."""

    def __init__(self, rows, features, table, penalty, *, inherit):
        self.rows = rows
        self.G, self.H = table.g[rows].sum(), table.h[rows].sum()
        floor = max(penalty.min_split_gain, 0.0 if inherit else XGBOOST_FLOOR)
        found = {f: best_cut(table, rows, f, penalty, floor) for f in features}
        able = [f for f in features if found[f] is not None]
        self.features = able if inherit else features
        # Between equal gains the first feature wins, in both libraries.
        self.feature = max(able, key=lambda f: found[f][0], default=None)
        self.gain, self.cut = found.get(self.feature) or (-np.inf, None)

    def children(self, table, penalty, *, inherit):
        """Return the nodes on the two sides of the best split."""
        left = table.X[self.rows, self.feature] <= self.cut
        return [
            Node(self.rows[side], self.features, table, penalty, inherit=inherit)
            for side in (left, ~left)
        ]


class Table:
    """Features with the derivatives of one round, row weights included."""

    def __init__(self, X, g, h):
        self.X, self.g, self.h = X, g, h


def soft(G, alpha):
    """Return T(G), the soft threshold."""
    return np.sign(G) * np.maximum(np.abs(G) - alpha, 0)


def score(G, H, penalty):
    """Return what a leaf gains over weight 0."""
    return soft(G, penalty.reg_alpha) ** 2 / (H + penalty.reg_lambda)


def best_cut(table, rows, feature, penalty, floor):
    """Return (gain, value) of the best split of a node, None where none may be."""
    values, codes = np.unique(table.X[rows, feature], return_inverse=True)
    g, h = np.bincount(codes, table.g[rows]), np.bincount(codes, table.h[rows])
    GL, HL = np.cumsum(g)[:-1], np.cumsum(h)[:-1]
    GR, HR = g.sum() - GL, h.sum() - HL
    gains = score(GL, HL, penalty) + score(GR, HR, penalty)
    gains -= score(g.sum(), h.sum(), penalty)
    least = max(penalty.min_child_weight, 1e-12)
    gains[np.minimum(HL, HR) < least] = -np.inf
    if not len(gains) or gains.max() <= floor:
        return None
    return gains.max(), values[gains.argmax()]


def grow_tree(table, penalty, *, inherit):
    """Return the leaves of one tree, grown best first."""
    every = list(range(table.X.shape[1]))
    rows = np.arange(len(table.X))
    leaves = [Node(rows, every, table, penalty, inherit=inherit)]
    while len(leaves) < penalty.max_leaves:
        best = max(leaves, key=lambda leaf: leaf.gain)
        if best.feature is None:
            break
        leaves.remove(best)
        leaves += best.children(table, penalty, inherit=inherit)
    return leaves


def boost(problem, penalty, n_rounds, *, inherit):
    """Return the raw scores of the training rows after ``n_rounds`` rounds."""
    train, objective = problem.train, problem.objective
    w = np.ones(train.n_samples) if train.weights is None else train.weights
    raw = np.tile(problem.standard.intercept, (train.n_samples, 1))
    for _ in range(n_rounds):
        g = w * objective.gradient(train.y, raw)[:, 0]
        h = w * objective.hessian(train.y, raw)[:, 0]
        for leaf in grow_tree(Table(train.X, g, h), penalty, inherit=inherit):
            weight = -soft(leaf.G, penalty.reg_alpha) / (leaf.H + penalty.reg_lambda)
            raw[leaf.rows, 0] += penalty.learning_rate * weight
    return raw
