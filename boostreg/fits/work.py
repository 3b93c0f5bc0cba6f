"""The kinds of work of a study: each a value that knows its key and how to run.

A piece of work is a pure function of itself and the data. Its record crosses processes
and is stored in the journal as bytes, never as a pickle.
"""

import math
import time
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from tempfile import TemporaryDirectory
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from typing_extensions import override

from boostreg import __version__
from boostreg.arrays import Array, Indices
from boostreg.baselines import SOLVERS, BaselineResult, extra_packages, run_baseline
from boostreg.engine_facts import ENGINE_FACTS, SUFFIXES
from boostreg.engines import Model, get_engine, growing_until
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import (
    Fit,
    FitResult,
    TimeLimit,
    digest,
    grow,
    library_device,
    run_fit,
)
from boostreg.penalty import Units
from boostreg.record import decode_record, encode_record
from boostreg.trees import SIZES, TreeSize

__all__ = [
    "PRELOAD",
    "BaselineWork",
    "FitWork",
    "FittedWork",
    "ModelRecord",
    "ModelWork",
    "PickRecord",
    "PickWork",
    "ReferenceRecord",
    "ReferenceWork",
    "Timed",
    "Work",
    "library_versions",
    "opened",
    "run_work",
    "timed_work",
]

PRELOAD = ("boostreg.fits.work", "xgboost", "lightgbm")
"""What an executor for fits imports in its workers before the first call."""

RecordT = TypeVar("RecordT")


class Work(Generic[RecordT]):
    """One piece of work; subclasses are frozen dataclasses."""

    @property
    def label(self) -> str:
        """The name of this work in messages."""
        return "A measurement"

    @property
    def machines(self) -> int:
        """Number of processes that run it together, each on a share of the rows."""
        return 1

    @abstractmethod
    def key(self, dataset: Dataset) -> str:
        """Return the hash of all that determines the record."""

    @abstractmethod
    def run(self, dataset: Dataset) -> bytes:
        """Return the record as bytes."""

    @abstractmethod
    def decode(self, data: bytes) -> RecordT:
        """Return the record that ``run`` wrote."""


@cache
def library_versions(extras: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the versions of boostreg, Python and the libraries, by name.

    ``extras`` are optional packages; one that is not installed has the version
    ``none``.
    """
    engines = (facts.package for facts in ENGINE_FACTS.values())
    names = (*engines, "optuna", "numpy", "scipy", "pandas")
    found = {"boostreg": __version__, "python": python_version()}
    found |= {name: version(name) for name in names}
    for name in extras:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


@cache
def _versions(*packages: str) -> Mapping[str, str]:
    found = {name: version(name) for name in ("numpy", *packages)}
    # Other sizes make another record, even in one version of boostreg.
    return {"boostreg": __version__, "sizes": " ".join(SIZES)} | found


class FittedWork(Work[RecordT]):
    """Work that begins with a fit."""

    fit: Fit

    @property
    @override
    def machines(self) -> int:
        return self.fit.machines


@dataclass(frozen=True, slots=True)
class FitWork(FittedWork[FitResult]):
    """A fit, for its curves and sizes."""

    fit: Fit

    @property
    @override
    def label(self) -> str:
        return f"The fit of {self.fit.engine} on {_place(self.fit.outer)}"

    @override
    def key(self, dataset: Dataset) -> str:
        rows = dataset.fingerprint(self.fit.outer, self.fit.inner)
        return self.fit.key(rows, _versions(ENGINE_FACTS[self.fit.engine].package))

    @override
    def run(self, dataset: Dataset) -> bytes:
        return run_fit(dataset, self.fit).to_bytes()

    @override
    def decode(self, data: bytes) -> FitResult:
        return FitResult.from_bytes(data)


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """A saved model: the bytes of its file, in the library's own format."""

    suffix: str
    content: bytes
    size: TreeSize
    params: dict[str, Any]
    raw: dict[str, float | int | None]
    units: Units
    train_loss: float
    ranks: dict[str, tuple[float, ...]]
    intercept: tuple[float, ...]
    gains: tuple[float, ...]
    """Summed gain of the splits on each column."""


@dataclass(frozen=True, slots=True)
class ModelWork(FittedWork[ModelRecord]):
    """A fit, for its model."""

    fit: Fit

    @property
    @override
    def label(self) -> str:
        return f"The model of {self.fit.engine} on {_place(self.fit.outer)}"

    @override
    def key(self, dataset: Dataset) -> str:
        return digest({"model, ranks, gains": FitWork(self.fit).key(dataset)})

    @override
    def run(self, dataset: Dataset) -> bytes:
        fit = self.fit
        training = grow(dataset, fit)
        engine, model = get_engine(fit.engine), training.model
        raw = fit.penalty.to_raw(model.standard.units)
        with TemporaryDirectory() as folder:
            path = engine.save(model, Path(folder) / "model")
            content = path.read_bytes()
        bins = dataset.bins(fit.engine, fit.outer, fit.inner, fit.threads)
        trees = engine.trees(model)
        header = {
            "suffix": path.suffix,
            "size": asdict(trees.size(raw.reg_lambda)),
            "params": engine.params(fit.penalty, bins.problem),
            "raw": raw.as_dict(),
            "units": asdict(model.standard.units),
            "train_loss": float(training.train_loss[-1]),
            "ranks": engine.ranks(model),
            "intercept": engine.own_intercept(model),
            "gains": trees.gains().tolist(),
        }
        return encode_record(header, content)

    @override
    def decode(self, data: bytes) -> ModelRecord:
        header, content = decode_record(data)
        header["size"] = TreeSize(**header["size"])
        header["units"] = Units(**header["units"])
        if header["suffix"] not in SUFFIXES:  # it becomes part of a path
            raise ValueError(f"a model must end in one of {SUFFIXES}")
        return ModelRecord(content=content, **header)


@dataclass(frozen=True, slots=True)
class PickRecord:
    """A refit on one outer fold, by what it predicts there.

    Attributes
    ----------
    raw : ndarray of shape (n_test, n_outputs)
        Raw scores of the test rows.
    rises : tuple of float
        For each permuted column, the rise of the mean test loss as a log ratio; NaN if
        a loss is 0.
    train_loss : float
        Mean loss of the training rows.
    n_rounds : int
    size : TreeSize
    """

    raw: Array
    rises: tuple[float, ...]
    train_loss: float
    n_rounds: int
    size: TreeSize


@dataclass(frozen=True, slots=True)
class PickWork(FittedWork[PickRecord]):
    """A fit on an outer fold, for its predictions and the columns that they need.

    The values of each of ``columns`` are permuted among the test rows, or among
    ``_MAX_PERMUTED`` of them, ``n_repeats`` times; the losses are averaged. All else is
    kept, so a column that others can replace rises little.
    """

    fit: Fit
    columns: tuple[int, ...] = ()
    n_repeats: int = 3

    @property
    @override
    def label(self) -> str:
        return f"The predictions of {self.fit.engine} on {_place(self.fit.outer)}"

    @override
    def key(self, dataset: Dataset) -> str:
        content = {
            "fit": FitWork(self.fit).key(dataset),
            "columns": self.columns,
            "repeats": self.n_repeats,
            "rows": _MAX_PERMUTED,
            # Other fields make another record, even in one version.
            "record": [field.name for field in fields(PickRecord)],
        }
        return digest({"predictions": content})

    @override
    def run(self, dataset: Dataset) -> bytes:
        training, engine = grow(dataset, self.fit), get_engine(self.fit.engine)
        model, n_rounds = training.model, len(training.train_loss) - 1
        _, rows = dataset.splits.rows(self.fit.outer, None)
        raw = engine.predict_rows(model, dataset.table.features(rows))
        strength = self.fit.penalty.to_raw(model.standard.units).reg_lambda
        header = {
            "shape": raw.shape,
            "rises": self._rises(dataset, model, rows, raw),
            "train_loss": float(training.train_loss[-1]),
            "n_rounds": n_rounds,
            "size": asdict(engine.trees(model).sizes(strength).at(n_rounds)),
        }
        return encode_record(header, raw.astype("<f8").tobytes())

    def _rises(
        self, dataset: Dataset, model: Model, rows: Indices, raw: Array
    ) -> list[float]:
        """Return how much the loss rises when each column is permuted."""
        engine, objective = get_engine(self.fit.engine), dataset.objective
        drawn = np.random.default_rng(self.fit.seed)
        weights = dataset.table.weights
        counted = np.ones(len(rows)) if weights is None else weights[rows]
        some = drawn.permutation(np.flatnonzero(counted > 0))[:_MAX_PERMUTED]
        test = dataset.table.rows(rows[some])
        before = _mean(objective.row_losses(test.y, raw[some]), dataset, rows[some])
        used, many = engine.trees(model).gains() != 0, self.n_repeats
        rises = []
        for column in self.columns:
            after = before
            orders = [drawn.permutation(len(some)) for _ in range(many)]
            if used[column]:
                X = np.tile(test.X, (many, 1))
                X[:, column] = test.X[np.concatenate(orders), column]
                losses = objective.row_losses(
                    np.tile(test.y, many), engine.predict(model, X)
                )
                by_row = losses.reshape(many, -1).mean(axis=0)
                after = _mean(by_row, dataset, rows[some])
            sound = before > 0 and after > 0
            rises.append(math.log(after / before) if sound else math.nan)
        return rises

    @override
    def decode(self, data: bytes) -> PickRecord:
        header, body = decode_record(data)
        header["size"] = TreeSize(**header["size"])
        header["rises"] = tuple(header["rises"])
        raw = np.frombuffer(body, np.dtype("<f8")).reshape(header.pop("shape"))
        return PickRecord(raw=raw.astype(np.float64), **header)


_MAX_PERMUTED = 2000
"""Test rows of a fold among which a column is permuted, at most."""


@dataclass(frozen=True, slots=True)
class ReferenceRecord:
    """The library's untouched wrapper on one outer fold; see ``PickRecord.raw``."""

    test_loss: float
    train_loss: float
    n_rounds: int
    size: TreeSize
    row_losses: Array
    raw: Array
    seconds: float


@dataclass(frozen=True, slots=True)
class ReferenceWork(Work[ReferenceRecord]):
    """The library's scikit-learn wrapper, untouched, on one outer fold."""

    outer: int
    engine: str
    seed: int
    threads: int = 1
    machines: int = 1
    device: str = "cpu"
    """See ``Fit.device``."""

    @property
    @override
    def label(self) -> str:
        return f"The default of {self.engine} on {_place(self.outer)}"

    @override
    def key(self, dataset: Dataset) -> str:
        content = asdict(self) | {
            "rows": dataset.fingerprint(self.outer, None),
            "versions": _versions(ENGINE_FACTS[self.engine].package, "scikit-learn"),
            # Other fields make another record, even in one version.
            "record": [field.name for field in fields(ReferenceRecord)],
        }
        del content["outer"]
        if self.machines == 1:
            del content["machines"]
        if self.device == "cpu":
            del content["device"]
        return digest({"reference": content})

    @override
    def run(self, dataset: Dataset) -> bytes:
        started = time.perf_counter()
        engine = get_engine(self.engine)
        problem = dataset.problem(self.outer, None)
        device = library_device(self.device)
        model = engine.fit_default(problem, self.seed, self.threads, device)
        train_rows, test_rows = dataset.splits.rows(self.outer, None)
        losses = []
        raw = np.empty((0, dataset.objective.n_outputs))
        for rows in (train_rows, test_rows):
            raw = engine.predict_rows(model, dataset.table.features(rows))
            losses.append(dataset.objective.row_losses(dataset.table.y[rows], raw))
        header = {
            "test_loss": _mean(losses[1], dataset, test_rows),
            "train_loss": _mean(losses[0], dataset, train_rows),
            "n_rounds": model.n_rounds,
            "size": asdict(engine.trees(model).size()),
            "seconds": time.perf_counter() - started,
            "shape": raw.shape,
        }
        body = b"".join(part.astype("<f8").tobytes() for part in (losses[1], raw))
        return encode_record(header, body)

    @override
    def decode(self, data: bytes) -> ReferenceRecord:
        header, body = decode_record(data)
        header["size"] = TreeSize(**header["size"])
        numbers = np.frombuffer(body, np.dtype("<f8")).astype(np.float64)
        shape = header.pop("shape")
        rows, raw = numbers[: shape[0]], numbers[shape[0] :].reshape(shape)
        return ReferenceRecord(row_losses=rows, raw=raw, **header)


@dataclass(frozen=True, slots=True)
class BaselineWork(Work[BaselineResult]):
    """A baseline on one outer fold, its strength chosen by the inner folds."""

    outer: int | None
    name: str
    seed: int

    @property
    @override
    def label(self) -> str:
        return f"The baseline {self.name} on {_place(self.outer)}"

    @override
    def key(self, dataset: Dataset) -> str:
        inner = [
            dataset.fingerprint(self.outer, number)
            for number in range(dataset.splits.n_inner)
        ]
        content = {
            "name": self.name,
            "seed": self.seed,
            "rows": dataset.fingerprint(self.outer, None),
            "inner": inner,
            "versions": _versions("scikit-learn", "scipy", *extra_packages(self.name)),
            # Other solvers or fields make another record, even in one version.
            "solvers": SOLVERS,
            "record": [field.name for field in fields(BaselineResult)],
        }
        return digest({"baseline": content})

    @override
    def run(self, dataset: Dataset) -> bytes:
        train, test = dataset.splits.rows(self.outer, None)
        inner = dataset.splits.inner[self.outer]
        return run_baseline(
            self.name,
            dataset.table,
            train,
            test,
            inner,
            dataset.objective,
            seed=self.seed,
        ).to_bytes()

    @override
    def decode(self, data: bytes) -> BaselineResult:
        return BaselineResult.from_bytes(data)


_OPEN: dict[str, Dataset] = {}


def run_work(folder: str, work: Work[Any], limit: TimeLimit | None = None) -> bytes:
    """Run ``work`` in a worker, on the data in ``folder``.

    A worker opens the data once and keeps its bins for all later work.

    Raises
    ------
    CutError
        If its fit was stopped at ``limit``.
    """
    started = time.monotonic()
    dataset = opened(folder)
    if limit is None:
        return work.run(dataset)
    with growing_until(limit.moment(started)):
        return work.run(dataset)


def opened(folder: str) -> Dataset:
    """Return the data in ``folder``, which a worker opens once."""
    if folder not in _OPEN:
        _OPEN.clear()
        _OPEN[folder] = Dataset.open(Path(folder))
    return _OPEN[folder]


class Timed(NamedTuple):
    """A record as bytes, and the CPU seconds that its worker took for it."""

    data: bytes
    seconds: float


def timed_work(folder: str, work: Work[Any], limit: TimeLimit | None = None) -> Timed:
    """Run ``work`` as ``run_work`` does, and measure the CPU seconds."""
    started = time.process_time()
    data = run_work(folder, work, limit)
    return Timed(data, time.process_time() - started)


def _place(outer: int | None) -> str:
    return "all rows" if outer is None else f"outer fold {outer}"


def _mean(losses: Array, dataset: Dataset, rows: np.ndarray) -> float:
    weights = dataset.table.weights
    return float(np.average(losses, weights=None if weights is None else weights[rows]))
