"""What a sampler that learns has been told: an Optuna study in memory."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from boostreg.fits.fit import derive_seed

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

__all__ = ["GP_MOST_TRIALS", "History", "without_gp"]

GP_MOST_TRIALS = 400
"""Most trials for ``gp``: its model is fitted anew for each, at cubic cost."""

_POPULATION = 20


def without_gp(n_trials: int) -> str | None:
    """Return why the sampler ``gp`` cannot be had, None if it can."""
    if n_trials > GP_MOST_TRIALS:
        return (
            f"takes at most {GP_MOST_TRIALS} trials, got {n_trials}: the cost of a "
            "proposal grows with their cube. Use tpe."
        )
    if find_spec("torch") is None:
        return "needs PyTorch: pip install torch"
    return None


class History:
    """Trials as Optuna sees them: shares in [0, 1], running until they are told.

    Parameters
    ----------
    names : tuple of str
        Penalties that are searched.
    sampler : {"tpe", "nsga2", "gp"}
    seed : int
        Each proposal draws from a stream of its own, derived from this and its number,
        so that nothing depends on how many were drawn before.
    """

    def __init__(self, names: tuple[str, ...], sampler: str, seed: int) -> None:
        import optuna

        unit = optuna.distributions.FloatDistribution(0.0, 1.0)
        self._shares: dict[str, Any] = dict.fromkeys(names, unit)
        self._sampler, self._seed = sampler, seed
        self._running: dict[int, optuna.Trial] = {}
        self.n_complete = 0
        n_objectives = 2 if sampler == "nsga2" else 1
        with _quiet():
            self._study = optuna.create_study(directions=["minimize"] * n_objectives)

    def draw(self, number: int) -> dict[str, float]:
        """Return the sampler's proposal for trial ``number``, which then runs."""
        self._study.sampler = self._seeded(number)
        with _one_torch_thread() if self._sampler == "gp" else nullcontext():
            trial = self._study.ask(self._shares)
        self._running[number] = trial
        return dict(trial.params)

    def add(self, number: int, shares: dict[str, float]) -> None:
        """Let trial ``number`` run with shares that come from elsewhere."""
        self._study.enqueue_trial(shares)
        self.draw(number)

    def tell(self, number: int, outcome: tuple[float, float] | None) -> None:
        """End trial ``number`` with its loss and leaves, or None if it failed.

        One that never ran here, since it lies outside the space, is ignored.
        """
        import optuna

        trial = self._running.pop(number, None)
        if trial is None:
            return
        if outcome is None:
            self._study.tell(trial, state=optuna.trial.TrialState.FAIL)
            return
        self._study.tell(trial, list(outcome)[: len(self._study.directions)])
        self.n_complete += 1

    def _seeded(self, number: int) -> "BaseSampler":
        from optuna.samplers import GPSampler, NSGAIISampler, TPESampler

        seed = derive_seed(self._seed, "proposal", number)
        if self._sampler == "nsga2":
            return NSGAIISampler(population_size=_POPULATION, seed=seed)
        if self._sampler == "gp":
            return GPSampler(seed=seed)
        return TPESampler(seed=seed, multivariate=True, constant_liar=True)


@contextmanager
def _one_torch_thread() -> Iterator[None]:
    """Keep sums from depending on the number of cores."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Optuna from announcing a study that nobody can open."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
