"""Stand-ins for fits: pure functions of what a fit is, in microseconds."""

import heapq
from itertools import count

import numpy as np
import pytest

from boostreg.fits.fit import FitResult, derive_seed
from boostreg.trees import SIZES, SizeCurves


def make_result(valid_loss, *, leaves=3, exhausted=False, seconds=1.0):
    """Return a result with a given curve and ``leaves`` more leaves a round."""
    valid_loss = np.asarray(valid_loss, dtype=np.float64)
    rounds = np.arange(len(valid_loss))
    sizes = dict.fromkeys(SIZES, rounds * 1.0) | {"n_leaves": leaves * rounds}
    return FitResult(
        valid_loss=valid_loss,
        train_loss=valid_loss / 2,
        sizes=SizeCurves(**sizes),
        row_losses=np.empty(0),
        exhausted=exhausted,
        seconds=seconds,
        library_seconds=seconds,
    )


def cut_curve(curve, fit, *, ends_at=None, **options):
    """Return what a library would of ``curve``: stopped early, or out of splits."""
    last = min(fit.n_rounds, len(curve) - 1)
    if fit.patience is not None:
        best = np.maximum.accumulate(
            np.where(curve == np.minimum.accumulate(curve), np.arange(len(curve)), 0)
        )
        waited = np.arange(len(curve)) - best
        stops = np.flatnonzero(waited >= fit.patience)
        last = min([last, *stops[:1]])
    exhausted = ends_at is not None and ends_at <= last
    last = ends_at if exhausted else last
    return make_result(curve[: last + 1], exhausted=exhausted, **options)


def noisy_fit(fit):
    """Return a noisy valley whose place depends on the penalty and the fold."""
    penalty = fit.penalty
    rng = np.random.default_rng(derive_seed(0, penalty, fit.inner))
    best = rng.integers(3, 40)
    floor = abs(np.log10(penalty.reg_lambda + 0.01)) + penalty.reg_alpha
    valley = floor + 0.002 * (np.arange(61) - best) ** 2
    curve = valley + 0.05 * rng.normal(size=61)
    ends_at = int(rng.integers(2, 50)) if rng.random() < 0.3 else None
    return cut_curve(curve, fit, ends_at=ends_at, leaves=penalty.max_leaves)


def run_tuning(tuning, run=noisy_fit, *, workers=1, seed=0):
    """Run a tuning on simulated workers whose fits take random times.

    Returns how many trials were open at most, and all fits that were run.
    """
    rng, order = np.random.default_rng(seed), count()
    waiting, running, fits, widest = [], [], [], 0
    now = 0.0
    while not tuning.done:
        waiting += tuning.ready()
        widest = max(widest, tuning.proposer.n_asked - len(tuning.trials))
        while waiting and len(running) < workers:
            fit = waiting.pop(0)
            fits.append(fit)
            heapq.heappush(running, (now + rng.exponential(), next(order), fit))
        if not running:
            continue
        now, _, fit = heapq.heappop(running)
        tuning.receive(fit, run(fit))
    return widest, fits


@pytest.fixture(scope="session")
def result():
    """Return the maker of results."""
    return make_result


@pytest.fixture(scope="session")
def cut():
    """Return the cutter of curves."""
    return cut_curve


@pytest.fixture(scope="session")
def run():
    """Return the simulation of workers."""
    return run_tuning


@pytest.fixture(scope="session")
def noisy():
    """Return the noisy fit."""
    return noisy_fit
