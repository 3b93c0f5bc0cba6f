"""A table with its splits, binned once per split and engine, within bounded memory.

Binning allocates and frees the size of the table several times, in blocks that glibc's
``malloc`` keeps: after LightGBM has binned 100,000 x 200 values for four folds, the
process still holds 476 MB, and 70 MB after ``malloc_trim`` (glibc manual, 3.2.3).
"""

import ctypes
import hashlib
import json
import platform
from collections import OrderedDict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from boostreg.arrays import Indices
from boostreg.data import Fold, Inner, Splits, Table, leave_to_the_file
from boostreg.data.stored import save_parts
from boostreg.engines import Problem, get_engine
from boostreg.engines.collective import agreed, member
from boostreg.losses import Objective

__all__ = ["Dataset", "cache_room", "return_memory", "split_bytes"]


def return_memory() -> None:
    """Return freed memory to the operating system; does nothing without glibc."""
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)


MIN_ROOM = 32 * 2**20
"""Bytes of binned rows that are cached for a table of any size."""

MAX_ROOM = 2 * 2**30
"""Bytes of binned rows that are cached for a large table, unless one split has more."""

_BYTES_A_VALUE = 2  # XGBoost stores bins by row and by column, LightGBM by column


def split_bytes(n_rows: int, n_features: int) -> int:
    """Return the bytes that the binned rows of a split take in the cache."""
    return n_rows * n_features * _BYTES_A_VALUE


def cache_room(n_values: int) -> int:
    """Return the bytes of binned rows that are cached for rows of so many values.

    They are those of the rows, but at least ``MIN_ROOM`` and at most ``MAX_ROOM``.
    """
    return min(max(MIN_ROOM, 8 * n_values), MAX_ROOM)


class Dataset:
    """A table with its splits and objective; bins each split once per engine.

    ``monotone`` has -1, 0 or 1 per column; None means no constraint.
    """

    def __init__(
        self,
        table: Table,
        splits: Splits,
        objective: Objective,
        monotone: tuple[int, ...] | None = None,
    ) -> None:
        self.table, self.splits, self.objective = table, splits, objective
        self.monotone = monotone
        self._bins: OrderedDict[tuple[object, ...], tuple[Any, int]] = OrderedDict()
        self._fingerprints: dict[tuple[int | None, Inner], str] = {}

    def fingerprint(self, outer: int | None, inner: Inner) -> str:
        """Return the hash of the data and of the rows of one split."""
        where = (outer, inner)
        if where not in self._fingerprints:
            state = hashlib.sha256(self._table_fingerprint.encode())
            state.update(repr(self.objective).encode())
            state.update(repr(self.monotone).encode())
            for rows in self.splits.rows(outer, inner):
                state.update(len(rows).to_bytes(8, "little"))
                state.update(rows.astype("<i8").tobytes())
            self._fingerprints[where] = state.hexdigest()
        return self._fingerprints[where]

    @cached_property
    def _table_fingerprint(self) -> str:
        return self.table.fingerprint

    def problem(self, outer: int | None, inner: Inner) -> Problem:
        """Return the training rows of a split and, if any, its validation rows.

        Features stay in the table until ``Problem.features`` is read.
        """
        parts = [rows for rows in self.splits.rows(outer, inner) if len(rows)]
        train, *valid = map(self.table.without_features, parts)
        return Problem.of(
            train,
            valid[0] if valid else None,
            self.objective,
            monotone=self.monotone,
            stored=tuple(map(self.table.features, parts)),
        )

    def bins(
        self, engine: str, outer: int | None, inner: Inner, threads: int = 1
    ) -> Any:
        """Return the binned rows of a split, from a least-recently-used cache.

        It holds ``cache_room``, or one split if that has more. Of processes that fit
        together, each holds its share of the rows.
        """
        own = member()
        key = (engine, outer, inner, threads, own)
        # Binning needs all processes, so that all bin if the split is new to one.
        if not agreed(key in self._bins):
            self._bins.pop(key, None)
            n_rows = sum(map(len, self.splits.rows(outer, inner)))
            n_bytes = split_bytes(n_rows, self.table.n_features) // own.size
            n_values = self.splits.n_used * self.table.n_features
            room = cache_room(n_values // own.size)
            held = sum(of_split for _, of_split in self._bins.values())
            while self._bins and held + n_bytes > room:
                _, (_, of_split) = self._bins.popitem(last=False)
                held -= of_split
            problem = self.problem(outer, inner)
            bins = get_engine(engine).bin(problem, threads)
            leave_to_the_file(self.table.X)
            self._bins[key] = bins, n_bytes
            return_memory()
        self._bins.move_to_end(key)
        return self._bins[key][0]

    def save(self, folder: Path) -> None:
        """Write the data for worker processes, which memory-map them."""
        self.table.save(folder)
        _save_splits(folder, self.splits)
        objective = self.objective
        content = {
            "objective": [objective.name, objective.parameter, objective.n_classes],
            "monotone": self.monotone,
        }
        (folder / "problem.json").write_text(json.dumps(content), encoding="utf-8")

    @classmethod
    def open(cls, folder: Path) -> "Dataset":
        """Open data that ``save`` wrote."""
        content = json.loads((folder / "problem.json").read_text(encoding="utf-8"))
        table = Table.load(folder)
        splits = _load_splits(folder, table.n_samples)
        monotone = content["monotone"]
        return cls(
            table,
            splits,
            Objective(*content["objective"]),
            None if monotone is None else tuple(monotone),
        )


def _save_splits(folder: Path, splits: Splits) -> None:
    """Write the rows of all folds one after the other, and where each fold begins."""
    parts, lengths = [], []
    for level, folds in (("outer", splits.outer), *splits.inner.items()):
        for fold in folds:
            parts += [fold.train, fold.test]
            lengths.append((str(level), len(fold.train), len(fold.test)))
    for outer, searched in splits.searched.items():
        parts.append(searched)
        lengths.append((f"{_SEARCHED}{outer}", len(searched), 0))
    if splits.used is not None:
        parts.append(splits.used)
        lengths.append((_USED, len(splits.used), 0))
    size = sum(map(len, parts))
    save_parts(folder / "splits.npy", parts, (size,), np.dtype(np.int64))
    (folder / "splits.json").write_text(json.dumps(lengths), encoding="utf-8")


_SEARCHED, _USED = "searched ", "used"


def _load_splits(folder: Path, n_samples: int) -> Splits:
    """Return the folds that ``_save_splits`` wrote; their rows stay in the file."""
    lengths = json.loads((folder / "splits.json").read_text(encoding="utf-8"))
    rows = np.load(folder / "splits.npy", mmap_mode="r", allow_pickle=False)
    by_level: dict[str, list[Fold]] = {}
    start = 0
    for level, n_train, n_test in lengths:
        middle, end = start + n_train, start + n_train + n_test
        fold = Fold(rows[start:middle], rows[middle:end])
        by_level.setdefault(level, []).append(fold)
        start = end
    outer = tuple(by_level.pop("outer", ()))
    used = [fold.train for fold in by_level.pop(_USED, [])]
    inner: dict[int | None, tuple[Fold, ...]] = {}
    searched: dict[int | None, Indices] = {}
    for level, folds in by_level.items():
        number = level.removeprefix(_SEARCHED)
        place = None if number == "None" else int(number)
        if number == level:
            inner[place] = tuple(folds)
        else:
            searched[place] = folds[0].train
    return Splits(n_samples, outer, inner, searched, used[0] if used else None)
