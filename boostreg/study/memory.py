"""The memory that a run needs, from its rows, columns, folds and engines.

Every process has its libraries and what it keeps per row. A worker also has binned rows
(``boostreg.fits.dataset``), and the designs of a linear baseline while it fits one.
Memory is what a process does not share with a file: the pages of the shared table can
be dropped and read again.

The constants are rounded up; ``tests/benchmarks/large.py`` compares the result with
runs.
"""

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from boostreg.baselines.inputs import count_inputs
from boostreg.data import Splits
from boostreg.data.rows import BLOCK_CELLS
from boostreg.data.stored import LARGE
from boostreg.data.text import MANY_CELLS
from boostreg.fits.dataset import cache_room, split_bytes
from boostreg.study.plan import Plan
from boostreg.tuning.acting import PICKS

__all__ = [
    "Memory",
    "available_memory",
    "cluster_warning",
    "expected_memory",
    "memory_lines",
]

MB = 2**20
_MAIN, _WORKER = 170 * MB, 130 * MB
"""A process with its libraries."""
_COLUMNS_READ = 14
"""Columns of numbers in memory while one is read and checked: with its ranks, a table
of its values, and copies."""
_CELLS_READ, _LABELS_READ = 23, 46
"""The same for a column of text cells, as a count of float64 numbers per row: if cells
are numbers or recurring labels, and if most labels occur once."""
_TABLE_COPIES = 2.5
"""A small table as a DataFrame, as a matrix, and while it is checked."""
_CELL_COPIES = 15
"""The same for a table of text cells, as a count of float64 numbers per cell."""
_ROW_NUMBERS = 48
"""Numbers per used row of a worker: places of rows in folds, weights, copies."""
_TARGETS = 2
"""The targets of the whole table in a worker, and while some are taken."""
_ROW_ARRAYS = 12
"""Numbers per row and output beside a fit: targets, scores, gradients, and copies."""
_BLOCKS = 4
"""Blocks of rows while they are binned: read, mapped, and copied by a library."""
_SAMPLE = 200_000
"""Rows from which LightGBM finds its bins; it keeps them three times."""
_MAX_MACHINES = 64
"""The largest number of machines that is advised."""
_DESIGNS = 2
"""The largest design of a linear baseline, while it is scaled."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes that a run needs: its main process, each worker, and their number."""

    main: int
    worker: int
    workers: int

    @property
    def total(self) -> int:
        """Bytes of all processes."""
        return self.main + self.workers * self.worker


def expected_memory(plan: Plan, workers: int) -> Memory:
    """Return the memory that a run on so many workers needs."""
    of_worker = _of_worker(plan, plan.spec.compute.machines)
    return Memory(round(_of_main(plan)), round(of_worker), workers)


def _of_main(plan: Plan) -> float:
    table, n_outputs = plan.table, plan.objective.n_outputs
    cells = table.n_samples * table.n_features
    has_cells = plan.spec.data.decimal is not None  # of text, or of Excel
    copies = _CELL_COPIES if has_cells and cells < MANY_CELLS else _TABLE_COPIES
    in_memory = 0.0 if cells >= LARGE else 8 * cells * copies
    per_row = _COLUMNS_READ
    if has_cells:
        labels = (len(column.categories or ()) for column in table.columns)
        differ = 2 * max(labels, default=0) > table.n_samples
        per_row = _LABELS_READ if differ else _CELLS_READ
    reading = 8 * table.n_samples * per_row
    # Losses and scores of each model, and its predictions while they are written.
    n_models = len(plan.spec.engines) * (len(PICKS) + 2) + len(plan.baseline_names)
    repeats = sum(len(fold.test) for fold in plan.splits.outer)
    records = 8 * repeats * n_models * (1 + 2 * n_outputs)
    return _MAIN + in_memory + 8 * _rows_of_folds(plan.splits) + reading + records


def _rows_of_folds(splits: Splits) -> int:
    folds = [*splits.outer, *(one for own in splits.inner.values() for one in own)]
    return sum(len(fold.train) + len(fold.test) for fold in folds)


def _of_worker(plan: Plan, machines: int) -> float:
    table, n_outputs = plan.table, plan.objective.n_outputs
    n, p = plan.splits.n_used, table.n_features
    splits = (len(plan.splits.outer) + 1) * (plan.splits.n_inner + 1)
    of_split = split_bytes(n, p) // machines
    bins = len(plan.spec.engines) * splits * of_split
    kept = min(bins, max(cache_room(n * p // machines), of_split))
    rows = 8 * n * (_ROW_NUMBERS + _ROW_ARRAYS * n_outputs)
    binning = 8 * min(n * p, BLOCK_CELLS) * _BLOCKS
    binning += 8 * 3 * min(n, _SAMPLE) * p if n * p > BLOCK_CELLS else 0
    targets = 8 * table.n_samples * _TARGETS
    return _WORKER + kept + rows + targets + max(binning, _of_baselines(plan))


def _of_baselines(plan: Plan) -> float:
    """Return bytes of the designs of all folds of a linear baseline on all rows."""
    if not set(plan.baseline_names) - {"mean"}:
        return 0.0
    whole = 8 * plan.splits.n_used * count_inputs(plan.table.columns)
    return whole * (1 + plan.splits.n_inner + _DESIGNS)


def available_memory(
    meminfo: Path = Path("/proc/meminfo"),
    limit: Path = Path("/sys/fs/cgroup/memory.max"),
) -> int | None:
    """Return the bytes that new processes can use here, None if unknown.

    Without Linux's files, they are all of the machine's memory.
    """
    found: list[int] = []
    try:
        text = meminfo.read_text("ascii")
    except OSError:
        names = ("SC_PAGE_SIZE", "SC_PHYS_PAGES")
        if all(name in getattr(os, "sysconf_names", {}) for name in names):
            found.append(os.sysconf(names[0]) * os.sysconf(names[1]))
    else:
        free = re.findall(r"^MemAvailable:\s+(\d+) kB", text, re.MULTILINE)
        found += [int(number) * 1024 for number in free]
    with suppress(OSError, ValueError):  # no container, or no limit
        found.append(int(limit.read_text("ascii")))
    return min(found, default=None)


def memory_lines(
    plan: Plan, workers: int, available: int | None
) -> tuple[str, tuple[str, ...]]:
    """Return the memory that a run needs, and warnings if more than is available."""
    need = expected_memory(plan, workers)
    line = (
        f"memory: about {_in_mb(need.total)}: main process {_in_mb(need.main)}, "
        f"{workers} worker{'s' * (workers > 1)} of {_in_mb(need.worker)}"
    )
    if available is None or need.total <= available:
        return line, ()
    warning = (
        f"warning: only {_in_mb(available)} of memory are available here. To need "
        f"less, {_advice(plan, need, available)}."
    )
    return line, (warning,)


def _advice(plan: Plan, need: Memory, available: int) -> str:
    fitting = int((available - need.main) // need.worker)
    advice = []
    if 1 <= fitting < need.workers:
        advice.append(f"run with --workers {fitting}")
    if _of_baselines(plan):
        advice.append("set baselines: [mean]")
    return ", or ".join([*advice, "leave out columns with data.keep or data.drop"])


def cluster_warning(plan: Plan, available: int | None) -> str | None:
    """Return a warning if a worker of a cluster has less memory than it needs.

    ``available`` are the bytes that each has for a fit, None if that is unlimited.
    """
    need = expected_memory(plan, 1).worker
    if available is None or need <= available:
        return None
    warning = (
        f"A worker needs about {_in_mb(need)} of memory, but one of the Dask cluster "
        f"has {_in_mb(available)}. "
    )
    used = plan.spec.compute.machines
    fitting = (m for m in range(used + 1, _MAX_MACHINES + 1))
    enough = next((m for m in fitting if _of_worker(plan, m) <= available), None)
    if enough is not None:
        return f"{warning}Set compute.machines: {enough}, which suffices."
    if _of_baselines(plan):
        return f"{warning}Set baselines: [mean], or start workers with more memory."
    return f"{warning}Start workers with more memory."


def _in_mb(size: float) -> str:
    return f"{size / MB:,.0f} MB"
