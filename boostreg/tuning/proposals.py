"""Proposals of penalties: sampled points of a space, by Optuna or by Sobol.

A search over several engines shares its trials among them, see ``JointProposer``.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from boostreg.errors import Fault, PenaltyError, StudyError
from boostreg.fits.fit import derive_seed
from boostreg.penalty import Penalty, Range, Scale
from boostreg.penalty.space import acting, drawn
from boostreg.penalty.value import UNPENALISED
from boostreg.tuning.guess import n_guesses

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

__all__ = [
    "GP_MAX_TRIALS",
    "SAMPLERS",
    "History",
    "JointProposer",
    "Proposer",
    "Sampler",
    "SamplerOf",
    "first_penalties",
    "portfolio",
    "quiet_optuna",
    "without_gp",
]

GP_MAX_TRIALS = 400
"""Maximum trials for ``gp``: it refits its model for each trial, at cubic cost."""

_POPULATION = 20


def without_gp(n_trials: int) -> str | None:
    """Return why the sampler ``gp`` is not available, or None if it is."""
    if n_trials > GP_MAX_TRIALS:
        return (
            f"supports at most {GP_MAX_TRIALS} trials, got {n_trials}: the cost of a "
            "proposal grows with their cube. Use tpe."
        )
    if find_spec("torch") is None:
        return "needs PyTorch: pip install torch"
    return None


class History:
    """Trials as Optuna sees them: shares in [0, 1], running until ``tell``.

    Each proposal has its own random stream, derived from ``seed`` and its number, so it
    does not depend on how many were sampled before.
    """

    def __init__(
        self, names: tuple[str, ...], sampler: "Sampler | SamplerOf", seed: int
    ) -> None:
        import optuna

        unit = optuna.distributions.FloatDistribution(0.0, 1.0)
        self._shares: dict[str, Any] = dict.fromkeys(names, unit)
        self._sampler, self._seed = sampler, seed
        self._running: dict[int, optuna.Trial] = {}
        self.n_complete = 0
        n_objectives = 2 if sampler == "nsga2" else 1
        with quiet_optuna():
            self._study = optuna.create_study(directions=["minimize"] * n_objectives)

    def draw(self, number: int) -> dict[str, float]:
        """Return the sampler's proposal for trial ``number`` and start the trial."""
        from optuna.samplers import GPSampler, NSGAIISampler, TPESampler

        seed = derive_seed(self._seed, "proposal", number)
        sampler: BaseSampler = TPESampler(
            seed=seed, multivariate=True, constant_liar=True
        )
        if callable(self._sampler):
            sampler = self._sampler(seed)
        elif self._sampler == "nsga2":
            sampler = NSGAIISampler(population_size=_POPULATION, seed=seed)
        elif self._sampler == "gp":
            sampler = GPSampler(seed=seed)
        self._study.sampler = sampler
        with _one_torch_thread() if self._sampler == "gp" else nullcontext():
            trial = self._study.ask(self._shares)
        self._running[number] = trial
        return dict(trial.params)

    def add(self, number: int, shares: dict[str, float]) -> None:
        """Start trial ``number`` with given shares."""
        self._study.enqueue_trial(shares)
        self.draw(number)

    def tell(self, number: int, outcome: tuple[float, float] | None) -> None:
        """Finish trial ``number`` with its loss and leaves, or None if it failed.

        A trial that was not started here, because it is outside the space, is ignored.
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


@contextmanager
def _one_torch_thread() -> Iterator[None]:
    """Use one thread, so that sums do not depend on the number of cores."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """Silence Optuna's message about a new in-memory study."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


Sampler = Literal["tpe", "sobol", "random", "nsga2", "gp"]

SamplerOf = Callable[[int], "BaseSampler"]
"""Returns a sampler of Optuna for one proposal, given the seed of the proposal."""

SAMPLERS = get_args(Sampler)
"""Samplers that a study may name."""

_NOT_ADAPTIVE = ("sobol", "random")
# Number of finished trials after which an adaptive sampler replaces Sobol points:
# Optuna's default for TPE and GP, one generation of NSGA-II.
_START: Mapping[object, int] = {"nsga2": 20}
_USUAL_START = 10


def first_penalties(
    fixed: Mapping[str, float | int | None], scale: Scale = "raw"
) -> tuple[Penalty, Penalty]:
    """Return the penalties of the first two trials: none, and our defaults.

    In the first, every penalty is at its minimum; capacity and other shrinkage are at
    ``fixed``, otherwise at our defaults.

    >>> free, default = first_penalties({"max_leaves": 8})
    >>> free.reg_lambda, free.max_leaves, default.reg_lambda
    (0.0, 8, 1.0)
    """
    values: dict[str, Any] = dict(fixed)
    free = Penalty(**values | dict(UNPENALISED), scale=scale)
    return free, Penalty(**values, scale=scale)


# The shapes are those of LightGBM in AutoGluon (github.com/autogluon/autogluon,
# zeroshot_portfolio_cpu_2025_12_18.py); that of 50 leaves is near the tuned defaults of
# pytabkit (arXiv 2407.04491). Rates are raised to what a short search can afford: small
# trees need many rounds, so they are cheap only at a high rate. max_depth is for spaces
# without max_leaves. LightGBM's own cat_l2 is 10; ours is 0.
_TYPICAL: Mapping[str, float] = {"cat_l2": 10.0}
_SMALL: tuple[Mapping[str, float], ...] = (
    {
        "learning_rate": 0.15,
        "max_leaves": 5,
        "max_depth": 3,
        "subsample": 0.85,
        "colsample_bytree": 0.75,
    },
    {
        "learning_rate": 0.2,
        "max_leaves": 2,
        "max_depth": 1,
        "subsample": 0.85,
        "colsample_bytree": 0.6,
    },
)
_LARGE: tuple[Mapping[str, float], ...] = (
    {
        "learning_rate": 0.05,
        "max_leaves": 50,
        "max_depth": 6,
        "subsample": 0.75,
        "min_child_weight": 5.0,
    },
    {
        "learning_rate": 0.06,
        "max_leaves": 64,
        "max_depth": 8,
        "subsample": 0.95,
        "colsample_bytree": 0.4,
        "reg_alpha": 0.8,
        "reg_lambda": 1.6,
    },
)


def portfolio(
    space: Mapping[str, Range],
    fixed: Mapping[str, float | int | None],
    scale: Scale = "raw",
) -> tuple[Penalty, ...]:
    """Return first trials of a space that searches the learning rate, otherwise none.

    By increasing cost: trees of few leaves, our defaults, trees of many leaves at a low
    rate, and no penalty. A value outside its range is moved to the nearest one in it.
    Equal penalties are returned once.

    >>> from boostreg.penalty.space import shipped_space
    >>> space = shipped_space("standard").entries
    >>> [one.max_leaves for one in portfolio(space, {})]
    [5, 2, 31, 50, 64, 31]
    """
    if "learning_rate" not in space:
        return ()
    free, default = (one.as_dict() for one in first_penalties(fixed, scale))
    default |= dict(_TYPICAL)
    small, large = ([default | dict(one) for one in each] for each in (_SMALL, _LARGE))
    made = []
    for values in (*small, default, *large, free):
        inside = {name: _nearest(entry, values[name]) for name, entry in space.items()}
        given: dict[str, Any] = dict(fixed) | acting(space, inside)
        made.append(Penalty(**given, scale=scale))
    return tuple(dict.fromkeys(made))


def _nearest(entry: Range, value: float | None) -> float | int:
    """Return the nearest value of a range; None is no limit."""
    if value is None:
        return entry.high
    if entry.contains(value):
        return value
    if entry.zero and value < entry.low / 2:
        return 0.0
    return min(max(value, entry.low), entry.high)


@dataclass(kw_only=True)
class Proposer:
    """Proposes the penalties of one tuning, in order.

    Equal seeds and outcomes give equal proposals.

    Attributes
    ----------
    space, fixed, scale
        Search space of one engine, and the penalties that all sampled proposals share,
        in one scale; the others have our defaults.
    sampler : {"tpe", "sobol", "random", "nsga2", "gp"} or callable
        ``nsga2`` minimizes (loss, leaves), the others minimize the loss. A callable
        returns a sampler of Optuna, given the seed of one proposal.
    in_flight : int
        Maximum number of open proposals; 1 is strictly sequential.
    n_trials : int
        Total number of proposals. A larger number does not change the first ones.
    guessed : bool
        The first proposals are followed by guesses, set by ``take_guesses``; until
        then ``may_ask`` is false.
    first : tuple of Penalty
        The first proposals. If it is empty, they are no penalty and our defaults.

    Raises
    ------
    PenaltyError
        If a penalty is both fixed and searched, or a fixed value is impossible.
    StudyError
        If the sampler is unknown, or ``gp`` is not available.
    """

    space: Mapping[str, Range]
    fixed: Mapping[str, float | int | None] = field(default_factory=dict)
    scale: Scale = "raw"
    sampler: Sampler | SamplerOf = "tpe"
    seed: int = 0
    in_flight: int = 4
    n_trials: int = 40
    guessed: bool = False
    first: tuple[Penalty, ...] = ()
    n_asked: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if not callable(self.sampler) and self.sampler not in SAMPLERS:
            expected = f"one of {', '.join(SAMPLERS)}"
            fault = Fault(("sampler",), expected, self.sampler, SAMPLERS)
            raise StudyError.of(fault)
        if self.sampler == "gp" and (reason := without_gp(self.n_trials)):
            raise StudyError(f"sampler gp {reason}")
        if both := [name for name in self.space if name in self.fixed]:
            raise PenaltyError(
                f"{both[0]} is both fixed and searched; drop it from one of the two."
            )
        self._first = self.first or first_penalties(self.fixed, self.scale)
        self._guesses: tuple[Penalty, ...] | None = None
        self._outcomes: dict[int, tuple[float, float] | None] = {}
        self._n_learned = 0

    @property
    def may_ask(self) -> bool:
        """Whether the next proposal may be asked for now."""
        due = self.n_asked - self.in_flight
        if self.n_asked in self.guess_numbers and self._guesses is None:
            return False
        return self.n_asked < self.n_trials and (due < 0 or due in self._outcomes)

    @property
    def guess_numbers(self) -> range:
        """Numbers of the guessed trials."""
        first = len(self._first)
        last = first + n_guesses(self.space) if self.guessed else first
        return range(first, min(last, max(self.n_trials, first)))

    def take_guesses(self, penalties: Sequence[Penalty]) -> None:
        """Set one penalty for each of ``guess_numbers``."""
        self._guesses = tuple(penalties)

    def ask(self) -> Penalty:
        """Return the penalty of trial ``n_asked``, and increase ``n_asked``.

        Call only while ``may_ask`` is true.
        """
        number = self.n_asked
        self.learn(number - self.in_flight)
        self.n_asked += 1
        given = (*self._first, *(self._guesses or ()))[: self.n_given]
        if number < len(given):
            penalty = given[number]
            shares = self._shares_of(penalty) if self._learns else None
            if shares is not None:
                self._history.add(number, shares)
            return penalty
        shares = self._draw(number) if self.space else {}
        values: dict[str, Any] = dict(self.fixed) | drawn(self.space, shares)
        return Penalty(**values, scale=self.scale)

    def tell(self, number: int, loss: float | None, n_leaves: float = 0.0) -> None:
        """Take the outcome of a trial, in any order; a failed trial has no loss."""
        self._outcomes[number] = None if loss is None else (loss, n_leaves)

    def learn(self, last: int) -> None:
        """Pass outcomes of the trials up to number ``last`` to the sampler.

        All of them must be known. ``ask`` does this up to ``n_asked - in_flight``.
        """
        for number in range(self._n_learned, last + 1):
            if self._learns:
                self._history.tell(number, self._outcomes[number])
            self._n_learned = number + 1

    def _draw(self, number: int) -> dict[str, float]:
        drawn = number - self.n_given
        if self.sampler == "random":
            rng = np.random.default_rng(derive_seed(self.seed, "proposal", number))
            return self._named(rng.random(len(self.space)))
        if not self._learns:
            return self._named(self._points[drawn])
        if self._history.n_complete < _START.get(self.sampler, _USUAL_START):
            shares = self._named(self._points[drawn])
            self._history.add(number, shares)
            return shares
        return self._history.draw(number)

    @property
    def n_given(self) -> int:
        """Number of first proposals that are given, not sampled."""
        return len(self._first) + len(self.guess_numbers)

    def _named(self, shares: NDArray[np.float64]) -> dict[str, float]:
        return dict(zip(self.space, shares.tolist(), strict=True))

    def _shares_of(self, penalty: Penalty) -> dict[str, float] | None:
        """Return the shares of a penalty in the space, None if it is outside.

        Penalties that are neither searched nor fixed do not count: the minimum of
        min_child_weight is as good as our default if it was not requested.
        """
        values = {name: getattr(penalty, name) for name in self.space}
        held = all(getattr(penalty, name) == v for name, v in self.fixed.items())
        if None in values.values() or not held:
            return None
        acts, shares = acting(self.space, values), {}
        for name, entry in self.space.items():
            value = values[name]
            default = getattr(Penalty(), name)
            if not (entry.contains(value) if name in acts else value == default):
                return None
            shares[name] = entry.share(value) if name in acts else 0.5
        return shares

    @property
    def _learns(self) -> bool:
        return self.sampler not in _NOT_ADAPTIVE and bool(self.space)

    @cached_property
    def _history(self) -> History:
        return History(tuple(self.space), self.sampler, self.seed)

    @cached_property
    def _points(self) -> NDArray[np.float64]:
        from scipy.stats import qmc

        rng = np.random.default_rng(derive_seed(self.seed, "points"))
        power = max(self.n_trials - 1, 1).bit_length()
        points: NDArray[np.float64] = qmc.Sobol(
            len(self.space), scramble=True, seed=rng
        ).random_base2(power)
        return points


_PERIOD = 4
"""One in so many trials is given to an engine that does not have the best trial."""


class JointProposer:
    """Proposes the trials of one search over one or several engines, in order.

    The given first proposals of the engines alternate, in the order of ``proposers``.
    Then three of four trials are for the engine with the lowest loss so far, ties by
    that order, and the fourth for the others in turn.

    Trial s is proposed once the outcome of trial s - ``in_flight`` is known. Outcomes
    of later trials have no effect on it, so its engine and its penalty do not depend on
    the workers. The proposer of an engine then knows enough: its own last ``in_flight``
    trials have different numbers below s, so the first of them is at most
    s - ``in_flight``.

    Parameters
    ----------
    proposers : mapping
        By engine, with equal ``n_trials``, ``in_flight`` and ``sampler``. Only a single
        one may take guesses.
    """

    def __init__(self, proposers: Mapping[str, Proposer]) -> None:
        self._proposers = dict(proposers)
        one, *_ = self._proposers.values()
        self.sampler, self.in_flight = one.sampler, one.in_flight
        self.n_trials = one.n_trials
        longest = max(each.n_given for each in self._proposers.values())
        self._turns = [
            engine
            for number in range(longest)
            for engine, each in self._proposers.items()
            if number < each.n_given
        ]
        self._places: list[tuple[str, int]] = []
        self._losses: dict[int, float] = {}
        self._lowest = dict.fromkeys(self._proposers, math.inf)

    @property
    def n_asked(self) -> int:
        """Number of proposals so far."""
        return len(self._places)

    @property
    def may_ask(self) -> bool:
        """Whether the next proposal may be asked for now."""
        due = self.n_asked - self.in_flight
        if self.n_asked >= self.n_trials or (due >= 0 and due not in self._losses):
            return False
        return all(each.may_ask for each in self._proposers.values())

    def ask(self) -> tuple[str, Penalty]:
        """Return engine and penalty of trial ``n_asked``, and increase ``n_asked``.

        Call only while ``may_ask`` is true.
        """
        number, due = self.n_asked, self.n_asked - self.in_flight
        if due >= 0:
            engine, place = self._places[due]
            self._lowest[engine] = min(self._lowest[engine], self._losses[due])
            self._proposers[engine].learn(place)
        engine = self._engine(number)
        proposer = self._proposers[engine]
        self._places.append((engine, proposer.n_asked))
        return engine, proposer.ask()

    def tell(self, number: int, loss: float | None, n_leaves: float = 0.0) -> None:
        """Take the outcome of a trial, in any order; a failed trial has no loss."""
        engine, place = self._places[number]
        self._losses[number] = math.inf if loss is None else loss
        self._proposers[engine].tell(place, loss, n_leaves)

    def _engine(self, number: int) -> str:
        sampled = number - len(self._turns)
        if sampled < 0:
            return self._turns[number]
        best, *others = sorted(self._lowest, key=self._lowest.__getitem__)
        period, place = divmod(sampled, _PERIOD)
        if others and place == _PERIOD - 1:
            return others[period % len(others)]
        return best
