"""One fit over several processes, by XGBoost's collective communication.

Each process holds the binned features of a contiguous share of the rows. XGBoost sums
their histograms, so that all of them grow the same trees (``src/tree/hist``), and
merges their sketches of quantiles (``src/common/quantile.cc``). Histograms are sums in
float64. If they are exact, and every column has at most 256 distinct values, the trees
do not depend on the number of processes.

Within ``joined``, every process must make the same calls in the same order: each
waits for the others in every round, and whenever a matrix is made.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np

from boostreg.arrays import Array
from boostreg.errors import FitError

__all__ = [
    "Member",
    "PeerError",
    "agreed",
    "joined",
    "member",
    "start_tracker",
    "summed",
]

_CONNECT = 300
"""Seconds for all processes to connect, and to leave."""
_WAIT = 10**6
"""Seconds to wait for another process in a round; one that dies is noticed at once."""
_SOURCE = "/src/collective/"
"""Part of the path that XGBoost names in an error of its connections."""


class PeerError(FitError):
    """Another process of a fit failed or was lost; its own error gives the cause."""


@dataclass(frozen=True, slots=True)
class Member:
    """The rank of this process among the ``size`` processes of a fit."""

    rank: int = 0
    size: int = 1

    def share(self, n_rows: int) -> slice:
        """Return which of ``n_rows`` rows this process holds.

        >>> [Member(rank, 3).share(10) for rank in range(3)]
        [slice(0, 3, None), slice(3, 6, None), slice(6, 10, None)]
        """
        first, after = (n_rows * k // self.size for k in (self.rank, self.rank + 1))
        return slice(first, after)


_ALONE = Member()
_MEMBER: ContextVar[Member] = ContextVar("member", default=_ALONE)
_TRACKERS: list[Any] = []
"""The last tracker that this process has started."""


def member() -> Member:
    """Return what this process is to ``joined``; outside of it, it is alone."""
    return _MEMBER.get()


def start_tracker(host: str, size: int) -> dict[str, str | int]:
    """Wait in the background for ``size`` processes; return arguments of ``joined``.

    ``host`` is the address of this machine at which the others reach it.
    """
    from xgboost.tracker import RabitTracker

    _TRACKERS.clear()
    tracker = RabitTracker(size, host, sortby="task", timeout=_CONNECT)
    tracker.start()
    _TRACKERS.append(tracker)
    return dict(tracker.worker_args())


@contextmanager
def joined(tracker: Mapping[str, str | int], own: Member) -> Iterator[None]:
    """Fit together with the other processes of a tracker within the block.

    After an exception the process must end, because it cannot leave the others.

    Raises
    ------
    PeerError
        If the processes cannot connect, or the connection to one of them is lost.
    """
    from xgboost import collective
    from xgboost.core import XGBoostError

    token = _MEMBER.set(own)
    try:
        # Ranks are sorted by task, as text.
        task = f"{own.rank:09d}"
        collective.init(**tracker, dmlc_task_id=task, dmlc_timeout=_WAIT)
        yield
        summed(np.zeros(1))  # all are ready to leave
        collective.finalize()
    except (FitError, XGBoostError) as error:
        found = error.__cause__ or error
        if isinstance(found, XGBoostError) and _SOURCE in str(found):
            raise PeerError(
                f"The {own.size} machines of a fit lost their connection."
            ) from error
        raise
    finally:
        _MEMBER.reset(token)


def summed(values: Array) -> Array:
    """Return the sum of ``values`` over all processes, in the order of their ranks."""
    if member().size == 1:
        return values
    from xgboost.collective import Op, allreduce

    return np.asarray(allreduce(np.asarray(values, dtype=np.float64), Op.SUM))


def agreed(fact: object) -> bool:
    """Return whether ``fact`` is true in every process."""
    return bool(summed(np.array([float(not fact)]))[0] == 0)
