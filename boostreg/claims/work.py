"""An experiment on one resample, as work that is stored in the journal."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from typing_extensions import override

from boostreg.baselines import SOLVERS
from boostreg.baselines.inputs import fit_inputs, transform
from boostreg.claims.experiments import EXPERIMENTS
from boostreg.claims.experiments.base import Measured, Sample
from boostreg.claims.tables import table_sample
from boostreg.data import planted_table, planted_truth
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import derive_seed, digest
from boostreg.fits.work import Work, library_versions

__all__ = ["ExperimentWork", "Resample"]

_REVISION = 2
"""Of the experiments: increase it if one changes its results."""


@dataclass(frozen=True, slots=True)
class Resample:
    """The rows of an experiment.

    For real data, those of an inner fold, or of an outer fold if ``inner`` is None. For
    synthetic data (``source``), a replicate generated with ``seed``, and as many test
    rows. For one of many tables (``table``), its fold ``outer``, split with ``seed``.
    """

    seed: int
    outer: int = 0
    inner: int | None = None
    source: str | None = None
    target: str = "target"
    table: str | None = None


@dataclass(frozen=True, slots=True)
class ExperimentWork(Work[Measured]):
    """One experiment with its options on one resample.

    ``options`` are pairs sorted by name, so that equal work compares equal.
    """

    name: str
    options: tuple[tuple[str, Any], ...]
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
        rows = None
        if where.source is None and where.table is None:
            rows = dataset.fingerprint(where.outer, where.inner)
        content = {
            "name": self.name,
            "revision": _REVISION,
            "options": [[name, value] for name, value in self.options],
            "seed": where.seed,
            "source": where.source,
            "rows": rows,
            "objective": repr(dataset.objective),
            "versions": library_versions(),
            "solvers": SOLVERS,
        }
        if where.table is not None:
            content["table"] = [where.table, where.outer, version("scikit-learn")]
            del content["objective"]
        return digest({"experiment": content})

    @override
    def run(self, dataset: Dataset) -> bytes:
        found = EXPERIMENTS[self.name].run(
            _sample(self.resample, dataset), dict(self.options)
        )
        content = {
            "values": {k: _json_number(v) for k, v in found.values.items()},
            "series": {k: list(map(_json_number, s)) for k, s in found.series.items()},
            "bounds": dict(found.bounds),
        }
        return json.dumps(content, allow_nan=False).encode()

    @override
    def decode(self, data: bytes) -> Measured:
        content = json.loads(data)
        return Measured(
            {k: float(v) for k, v in content["values"].items()},
            {k: tuple(map(float, s)) for k, s in content["series"].items()},
            content["bounds"],
        )


def _sample(where: Resample, dataset: Dataset) -> Sample:
    if where.table is not None:
        return table_sample(where.table, where.outer, where.seed)
    if where.source is None:
        truth = None
        train, new = map(
            dataset.table.rows, dataset.splits.rows(where.outer, where.inner)
        )
    else:
        truth = planted_truth(where.source)
        train, new = (
            planted_table(where.source, derive_seed(where.seed, part), where.target)
            for part in ("rows that train", "rows that judge")
        )
    X, X_new = train.X, new.X
    if truth is None:
        inputs = fit_inputs(train.features(), np.ones(len(train.y)))
        X, X_new = (np.ascontiguousarray(transform(inputs, t.X)) for t in (train, new))
    return Sample(X, train.y, X_new, new.y, dataset.objective, where.seed, truth)


def _json_number(value: float) -> float | str:
    return value if math.isfinite(value) else repr(value)
