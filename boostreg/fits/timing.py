"""Times a few fits, to estimate how long many others take.

It imports only what fits need, because it also runs in workers.
"""

import math
import time
from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from boostreg.engines import growing_until
from boostreg.fits.fit import CutError, Fit, run_fit
from boostreg.fits.work import opened

__all__ = ["Timing", "search_mean", "time_fits"]

_DEFAULT_IS_LONG = 1.2
"""Typical time of a fit with our defaults as a multiple of one without penalties: it
takes more rounds."""
_SPREAD_IS_SHORT = 0.5
"""The same of a fit spread over the space."""
_MOST_SLOW = 8.0
"""Maximum factor by which timing takes longer on a busy machine."""
_TYPICAL_ROUNDS = 150
"""Rounds of the first fit if it was cut before its end, at least."""


class Timing(NamedTuple):
    """CPU and wall seconds of a typical fit."""

    cpu: float
    wall: float


def time_fits(
    folder: str, fits: Sequence[Fit], seconds: float, n_trials: int
) -> Timing:
    """Return the time of a fit of a search, from as many fits as end in some seconds.

    The time of one more is estimated from its first rounds; it is assumed to have at
    least as many rounds as the mean of the others.

    ``folder`` has the dataset, ``fits`` are those of ``probed_fits``, and ``n_trials``
    is the number of trials of the search.
    """
    dataset = opened(folder)
    spent, until = list[Timing](), math.inf
    ended = list[int]()
    for fit in fits:
        began = _now()
        dataset.bins(fit.engine, fit.outer, fit.inner, fit.threads)
        if until == math.inf:
            binned = _since(began)
            # Other programs on the machine leave less CPU time per wall second.
            slow = min(max(binned.wall / max(binned.cpu, 1e-3), 1.0), _MOST_SLOW)
            until = time.monotonic() + seconds * slow
        began = _now()
        try:
            with growing_until(until):
                ended.append(run_fit(dataset, fit).n_rounds)
        except CutError as error:
            n_rounds = max(error.so_far.n_rounds if error.so_far else 0, 1)
            typical = fmean(ended) if ended else _TYPICAL_ROUNDS
            whole = min(max(1.5 * n_rounds, typical), fit.n_rounds) / n_rounds
            so_far = _since(began)
            spent.append(Timing(so_far.cpu * whole, so_far.wall * whole))
            break
        spent.append(_since(began))
    return Timing(
        *(search_mean(column, n_trials) for column in zip(*spent, strict=True))
    )


def search_mean(spent: Sequence[float], n_trials: int) -> float:
    """Return the mean time of the fits of a search, from those of ``probed_fits``.

    The first six trials are without penalties, our defaults and a guess near them, and
    three that are spread over the space. Later ones are halfway between, because weak
    penalties are measured more often than strong ones.

    >>> search_mean([1.0, 2.0, 0.6, 0.4], 6), round(search_mean([1.0], 60), 2)
    (1.0833333333333333, 0.8)
    """
    free, *others = spent
    default, *spread = others or [_DEFAULT_IS_LONG * free]
    strong = fmean(spread) if spread else _SPREAD_IS_SHORT * free
    first = (free, default, default, strong, strong, strong)[:n_trials]
    later = ((free + default) / 2 + strong) / 2
    return (sum(first) + (n_trials - len(first)) * later) / n_trials


def _now() -> Timing:
    return Timing(time.process_time(), time.monotonic())


def _since(began: Timing) -> Timing:
    now = _now()
    return Timing(now.cpu - began.cpu, now.wall - began.wall)
