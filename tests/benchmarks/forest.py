"""A random forest as the model of a sampler, for comparison with Optuna's own.

As in SMAC [1]_: a forest predicts the loss at random points and at small changes of the
best ones. Its trees give the mean and the spread, and the point with the highest
expected improvement is proposed. Every second proposal is random.

References
----------
.. [1] F. Hutter, H. Hoos, K. Leyton-Brown. "Sequential Model-Based Optimization for
   General Algorithm Configuration". LION 5, 2011. doi:10.1007/978-3-642-25566-3_40
"""

from typing import Any

import numpy as np
from optuna.samplers import BaseSampler
from optuna.trial import TrialState
from scipy.stats import norm
from sklearn.ensemble import RandomForestRegressor

N_RANDOM, N_BEST, N_CHANGES, STEP = 1_000, 5, 50, 0.1


class ForestSampler(BaseSampler):
    """Proposes points of a unit cube, given the seed of one proposal."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._seed = seed

    def infer_relative_search_space(self, study: Any, _trial: Any) -> dict[str, Any]:
        """Return the ranges of all trials, which are those of the first."""
        return dict(study.trials[0].distributions) if study.trials else {}

    def sample_relative(
        self, study: Any, trial: Any, search_space: dict[str, Any]
    ) -> dict[str, Any]:
        """Return the point with the highest expected improvement, or a random one."""
        names = list(search_space)
        done = [t for t in study.trials if t.state == TrialState.COMPLETE]
        points = self._rng.random((N_RANDOM, len(names)))
        if trial.number % 2 or not done or not names:
            return dict(zip(names, points[0].tolist(), strict=True)) if names else {}
        X = np.array([[t.params[name] for name in names] for t in done])
        y = np.log(np.maximum([t.value for t in done], 1e-12))
        order = np.argsort(y, kind="stable")[:N_BEST]
        shape = (len(order), N_CHANGES, len(names))
        near = X[order][:, None, :] + self._rng.normal(0, STEP, shape)
        points = np.vstack([points, np.clip(near, 0, 1).reshape(-1, len(names))])
        forest = RandomForestRegressor(
            50, max_features=5 / 6, random_state=self._seed % 2**32
        ).fit(X, y)
        each = np.stack([tree.predict(points) for tree in forest.estimators_])
        mean, spread = each.mean(axis=0), each.std(axis=0) + 1e-9
        z = (y.min() - mean) / spread
        improvement = spread * (z * norm.cdf(z) + norm.pdf(z))
        best = points[int(np.argmax(improvement))]
        return dict(zip(names, best.tolist(), strict=True))

    def sample_independent(self, *_: Any) -> float:
        """Return a random value of one parameter."""
        return float(self._rng.random())
