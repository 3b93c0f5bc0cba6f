"""Fixtures of simulated fits and workers."""

import heapq
from itertools import count

import numpy as np
import pytest
from simulated import cut_curve, make_result, noisy_fit


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
