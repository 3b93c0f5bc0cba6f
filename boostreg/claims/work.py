"""An experiment on one resample, as work that is stored in the journal."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np
from typing_extensions import override

from boostreg import __version__
from boostreg.baselines import SOLVERS
from boostreg.baselines.inputs import fit_inputs, transform
from boostreg.claims.experiments import EXPERIMENTS
from boostreg.claims.experiments.base import Measured, Sample
from boostreg.data import Table, planted_table, planted_truth
from boostreg.engine_facts import ENGINE_FACTS
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import derive_seed, digest
from boostreg.fits.work import Work

__all__ = ["ExperimentWork", "Resample"]

Options = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Resample:
    """The rows of an experiment.

    For real data, those of an inner fold, or of an outer fold if ``inner`` is None. For
    synthetic data (``source``), a replicate generated with ``seed``, and as many test
    rows.
    """

    seed: int
    outer: int = 0
    inner: int | None = None
    source: str | None = None
    target: str = "target"


@dataclass(frozen=True, slots=True)
class ExperimentWork(Work[Measured]):
    """One experiment with its options on one resample.

    ``options`` are pairs sorted by name, so that equal work compares equal.
    """

    name: str
    options: Options
    resample: Resample

    @classmethod
    def of(
        cls, name: str, options: Mapping[str, Any], resample: Resample
    ) -> "ExperimentWork":
        """Return the work of an experiment with checked options."""
        return cls(name, tuple(sorted(options.items())), resample)

    @override
    def key(self, dataset: Dataset) -> str:
        where = self.resample
        planted = where.source is not None
        rows = None if planted else dataset.fingerprint(where.outer, where.inner)
        content = {
            "name": self.name,
            "options": [[name, value] for name, value in self.options],
            "seed": where.seed,
            "source": where.source,
            "rows": rows,
            "objective": repr(dataset.objective),
            "versions": dict(_versions()),
            "solvers": SOLVERS,
        }
        return digest({"experiment": content})

    @override
    def run(self, dataset: Dataset) -> bytes:
        sample = _planted(self.resample, dataset) or _real(self.resample, dataset)
        found = EXPERIMENTS[self.name].run(sample, dict(self.options))
        content = {
            "values": {k: _written(v) for k, v in found.values.items()},
            "series": {k: [_written(v) for v in s] for k, s in found.series.items()},
        }
        return json.dumps(content, allow_nan=False).encode()

    @override
    def decode(self, data: bytes) -> Measured:
        content = json.loads(data)
        return Measured(
            {k: _read(v) for k, v in content["values"].items()},
            {k: tuple(map(_read, s)) for k, s in content["series"].items()},
        )


@cache
def _versions() -> Mapping[str, str]:
    engines = (facts.package for facts in ENGINE_FACTS.values())
    packages = ("numpy", "scipy", *engines)
    return {"boostreg": __version__} | {name: version(name) for name in packages}


def _planted(where: Resample, dataset: Dataset) -> Sample | None:
    if where.source is None:
        return None
    train, new = (
        planted_table(where.source, derive_seed(where.seed, part), where.target)
        for part in ("rows that train", "rows that judge")
    )
    truth = planted_truth(where.source)
    if truth is None:
        return _encoded(train, new, dataset, where.seed)
    return Sample(train.X, train.y, new.X, new.y, dataset.objective, where.seed, truth)


def _real(where: Resample, dataset: Dataset) -> Sample:
    train, new = map(dataset.table.rows, dataset.splits.rows(where.outer, where.inner))
    return _encoded(train, new, dataset, where.seed)


def _encoded(train: Table, new: Table, dataset: Dataset, seed: int) -> Sample:
    inputs = fit_inputs(train, np.ones(len(train.y)))
    X, X_new = (np.ascontiguousarray(transform(inputs, t.X)) for t in (train, new))
    return Sample(X, train.y, X_new, new.y, dataset.objective, seed)


def _written(value: float) -> float | str:
    number = float(value)
    return number if math.isfinite(number) else repr(number)


def _read(value: float | str) -> float:
    return float(value)
