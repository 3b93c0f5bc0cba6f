"""How many cores this process may use."""

import math
import os
from pathlib import Path

__all__ = ["count_cores"]

_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def count_cores(quota: Path = _QUOTA) -> int:
    """Return the cores that affinity and a container's quota leave, at least 1.

    Parameters
    ----------
    quota : Path
        A ``cpu.max`` file of Linux's cgroups: microseconds in each period, or ``max``.
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    try:
        budget, period = quota.read_text("ascii").split()
        cores = min(cores, math.ceil(int(budget) / int(period)))
    except (OSError, ValueError):  # no cgroups, or no quota
        pass
    return max(cores, 1)
