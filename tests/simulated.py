"""Simulated fits, and a machine that runs them by the real scheduler, without waits.

A simulated fit is a pure function of what it is, in microseconds.
"""

import heapq
from collections import deque
from concurrent.futures import Future
from dataclasses import fields, replace
from itertools import count
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np

from boostreg.fits import schedule
from boostreg.fits.fit import CutError, FitResult, derive_seed
from boostreg.fits.ledger import Ledger
from boostreg.fits.work import Timed
from boostreg.trees import SIZES, SizeCurves
from boostreg.tuning.search import TuningJob
from boostreg.tuning.tune import limit_of


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


class Machine:
    """Workers that take calls in the order of ``submit``, on a clock that starts at 0.

    ``run(fit)`` returns a result; its ``seconds`` are those of the fit. A fit that
    passes its time limit is stopped there, after its share of the rounds. ``busy`` are
    the seconds of all workers, and ``cut`` the fits that were stopped.
    """

    def __init__(self, workers, run):
        self.workers, self._run = workers, run
        self.now = self.busy = 0.0
        self.cut, self.n_run = [], 0
        self._order, self._queue, self._running = count(), deque(), []

    def clock(self):
        """Return the simulated time."""
        return self.now

    def fingerprint(self, *where):
        """Return the fingerprint of a split: the machine is its own data set."""
        return repr(where)

    def submit(self, _, __, work, limit=None):
        """Queue a fit as an executor does."""
        future = Future()
        self._queue.append((future, work.fit, limit))
        self._start()
        return future

    def run(self, jobs, *, journal=None):
        """Run jobs as ``tune`` does."""
        ledger = Ledger(self, None, self, journal)
        wait, take = self._wait, schedule._Scheduler._take_one  # noqa: SLF001

        def take_one(scheduler, patience=0.5):
            wait(patience, scheduler._ended)  # noqa: SLF001
            take(scheduler, 0.0)

        searches = [job.tuning for job in jobs if isinstance(job, TuningJob)]
        with (
            patch.object(schedule, "time", SimpleNamespace(monotonic=self.clock)),
            patch.object(schedule._Scheduler, "_take_one", take_one),  # noqa: SLF001
        ):
            schedule.run_jobs(
                jobs,
                ledger,
                slots=2 * self.workers,
                ahead=lambda: [w for one in searches for w in one.ahead()],
                limit=limit_of,
            )
        return self

    def _start(self):
        while self._queue and len(self._running) < self.workers:
            future, fit, limit = self._queue.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            result, error = self._run(fit), None
            seconds = result.seconds
            allowed = seconds if limit is None else limit.moment(self.now) - self.now
            if allowed < seconds:
                share = max(allowed, 0.0) / seconds
                error = CutError("cut")
                error.so_far = cut_result(result, share)
                seconds = max(allowed, 0.0)
                self.cut.append(fit)
            self.n_run += 1
            self.busy += seconds
            end = (self.now + seconds, next(self._order), future, result, error)
            heapq.heappush(self._running, end)

    def _wait(self, patience, ended):
        """Advance to the next end of a fit, at most by ``patience``."""
        if not ended.empty():
            return
        latest = self.now + patience
        if not self._running or self._running[0][0] > latest:
            self.now = latest
            return
        self.now, _, future, result, error = heapq.heappop(self._running)
        self._start()
        if error is None:
            future.set_result(Timed(result.to_bytes(), result.seconds))
        else:
            future.set_exception(error)


def cut_result(result, share):
    """Return a result as it was after a share of its rounds and seconds."""
    end = int(share * result.n_rounds) + 1
    curves = {
        name: getattr(result, name)[:end] for name in ("valid_loss", "train_loss")
    }
    sizes = {f.name: getattr(result.sizes, f.name)[:end] for f in fields(SizeCurves)}
    return replace(
        result,
        **curves,
        sizes=SizeCurves(**sizes),
        exhausted=False,
        seconds=share * result.seconds,
    )
