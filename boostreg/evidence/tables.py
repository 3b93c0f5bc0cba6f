r"""One run as evidence: what tuning each penalty did on its table.

Effects are logarithms of ratios. A change of loss with the 95 % interval from l to h
has the variance :math:`((\log(1 + h) - \log(1 + l)) / 2t)^2`, with t the quantile of
Student's t for the rows, or for the outer folds of a size. Intervals of a run hold for
all its penalties together, so they are wider than single ones, and these variances are
too large rather than too small.

No standard error is less than a quarter of the tolerance: where tuning chose no
penalty, the change is 0 in every fold, which does not mean that it is known exactly.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from boostreg.errors import DataError
from boostreg.figures.scale import is_number
from boostreg.penalty.value import SCALED
from boostreg.report.results import (
    EffectData,
    EffectPointData,
    PathData,
    Results,
)

__all__ = [
    "MODELS",
    "READINGS",
    "SIZES",
    "TOGETHER",
    "LogRatio",
    "PenaltyEvidence",
    "TableEvidence",
    "read_kept",
    "read_tables",
    "table_evidence",
    "variance_of",
]

KeptT = TypeVar("KeptT")

TOGETHER = "together"
"""All engines of a run: the change of their mean loss."""

SIZES = ("trees", "leaves_per_tree", "leaves")
PATH_SIZES = ("leaves_per_tree", "leaves", "leaf_weight")
READINGS = ("stopped", "equal")
"""Where a path is read: at the rounds of early stopping, or at equal rounds."""
MODELS = ("unpenalised", "default", "linear")
"""What a tuned model is compared with; ``linear`` is the best linear baseline."""

_LINEAR = ("ridge", "lasso", "elastic_net")


@dataclass(frozen=True, slots=True)
class LogRatio:
    """The logarithm of a ratio, its variance, and the word of its run, if any."""

    value: float
    variance: float
    word: str = ""

    @property
    def change(self) -> float:
        """The ratio less 1."""
        return math.expm1(min(self.value, 700.0))

    @property
    def ends(self) -> dict[str, float]:
        """The change with its 95 % interval."""
        half = 1.96 * math.sqrt(self.variance)
        low, high = (LogRatio(self.value + end, self.variance) for end in (-half, half))
        return {"change": self.change, "low": low.change, "high": high.change}


@dataclass(frozen=True, slots=True)
class PenaltyEvidence:
    """What one penalty does on a table, with one engine or all together.

    Attributes
    ----------
    gain : LogRatio
        Change of the loss by tuning it, the others at their tuned values.
    alone : LogRatio or None
        The same without the other penalties.
    against_own : LogRatio or None
        Change of the loss from the library's own value of it to the tuned one.
    sizes : mapping of str to LogRatio
        Factors on ``SIZES``, by the same.
    leaf_weight : float or None
        Logarithm of the factor on the mean absolute leaf weight.
    values : tuple of float
        The value chosen in each outer fold, in rows if the penalty has that unit.
    off : float or None
        The value without the penalty, or the weakest one of the search; None if that
        depends on the engine.
    highest : float or None
        The strongest value that was tried; None if its unit is not known.
    strongest : mapping
        Logarithms of the factors on ``PATH_SIZES`` from the first to the strongest
        value of the path without other penalties, by ``READINGS``.
    """

    gain: LogRatio
    alone: LogRatio | None = None
    against_own: LogRatio | None = None
    sizes: Mapping[str, LogRatio] = field(default_factory=dict)
    leaf_weight: float | None = None
    values: tuple[float, ...] = ()
    off: float | None = 0.0
    highest: float | None = None
    strongest: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def chosen(self) -> tuple[float, ...]:
        """The values that are not ``off``."""
        return tuple(v for v in self.values if v != self.off)

    @property
    def center(self) -> float | None:
        """Geometric mean of the chosen values; None if most folds chose none."""
        found = [math.log(v) for v in self.chosen if v > 0]
        if not found or 2 * len(found) < len(self.values):
            return None
        return math.exp(math.fsum(found) / len(found))


@dataclass(frozen=True, slots=True)
class TableEvidence:
    """A table and what a run found on it.

    Attributes
    ----------
    name, source, target, fingerprint, task : str
        Of the run and its table.
    seed : int
        Of the run's folds and searches.
    rows, features : int
    training_rows : float
        Rows that a model is judged after training on.
    categories : float
        Share of the features that are categories.
    noise : float or None
        Lowest loss of a tuned ensemble over that of the mean; None without the latter.
    tolerance : float
    trials : int
        Per search.
    penalties : mapping
        ``PenaltyEvidence`` by penalty, then by engine or ``TOGETHER``.
    models : mapping
        Change of loss from each of ``MODELS`` to the tuned model, by engine.
    later : mapping of int to LogRatio
        Change of loss by all trials after the first so many, mean over engines.
    """

    name: str
    source: str
    target: str
    fingerprint: str
    task: str
    seed: int
    rows: int
    features: int
    training_rows: float
    categories: float
    noise: float | None
    tolerance: float
    trials: int
    penalties: Mapping[str, Mapping[str, PenaltyEvidence]]
    models: Mapping[str, Mapping[str, LogRatio]]
    later: Mapping[int, LogRatio]

    @property
    def card(self) -> dict[str, Any]:
        """The table in plain data."""
        names = ("name", "source", "target", "task", "rows", "categories", "noise")
        own = {name: getattr(self, name) for name in names}
        return own | {"columns": self.features, "trials": self.trials}

    @property
    def properties(self) -> dict[str, float | None]:
        """What may move an effect: logarithms of sizes, shares, and 0 or 1."""
        return {
            "rows": math.log10(max(self.rows, 1)),
            "columns": math.log10(max(self.features, 1)),
            "noise": self.noise,
            "classes": float(self.task != "regression"),
            "categories": float(self.categories > 0),
        }


def table_evidence(
    name: str, results: Results, checkpoints: Sequence[int] = ()
) -> TableEvidence:
    """Return the evidence of a run.

    Raises DataError, which says what is missing, if no penalty was judged on outer rows
    around the tuned model.
    """
    data, run = results["data"], _Run(results)
    penalties: dict[str, dict[str, PenaltyEvidence]] = {}
    for engine, effects in results["effects"].items():
        for penalty, effect in effects.items():
            if (found := run.penalty(penalty, effect)) is not None:
                penalties.setdefault(penalty, {})[engine] = found
    for penalty, by_engine in penalties.items():
        by_engine[TOGETHER] = run.together(penalty, by_engine)
    if not penalties:
        raise DataError(
            "no penalty was tuned and judged on outer rows; set paths.points to 4 or "
            "more."
        )
    later = {n: run.later(n) for n in checkpoints}
    kinds = [column["kind"] for column in data["columns"]]
    return TableEvidence(
        name=name,
        source=data["source"],
        target=data["target"] or "",
        fingerprint=data["fingerprint"],
        task=data["task"],
        seed=results["study"]["seed"],
        rows=data["rows"],
        features=data["features"],
        training_rows=run.training_rows,
        categories=kinds.count("category") / max(len(kinds), 1),
        noise=run.noise,
        tolerance=results["study"]["tolerance"],
        trials=results["study"]["search"]["trials"],
        penalties=penalties,
        models=run.models,
        later={n: one for n, one in later.items() if one is not None},
    )


def read_tables(content: object) -> list[TableEvidence]:
    """Return the evidence of tables that ``evidence.json`` keeps as ``runs``.

    Raises DataError if it is not that.
    """
    return read_kept(list[TableEvidence], content, "runs")


def read_kept(kind: type[KeptT], content: object, key: str) -> KeptT:
    """Return what ``evidence.json`` keeps under a key, or raise DataError."""
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(kind).validate_python(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, (key, *first["loc"])))
        raise DataError(f"{where}: {first['msg']}.") from error


def variance_of(low: float, high: float, degrees: float, tolerance: float) -> float:
    """Return the variance of a mean by its 95 % interval, see the module docstring."""
    from scipy.stats import t

    error = (high - low) / (2 * float(t.ppf(0.975, degrees)))
    return max(error, tolerance / 4) ** 2


@dataclass(frozen=True, slots=True)
class _Run:
    """Results, read as effects."""

    results: Results

    @property
    def training_rows(self) -> float:
        """Rows that a model is judged after training on, if its search sees them."""
        study, rows = self.results["study"], float(self.results["data"]["rows"])
        if isinstance(used := study["data"].get("rows"), int):
            rows = min(rows, used)
        rows /= 1 + self.results["outer_ratio"]
        seen = study["search"].get("rows")
        return min(rows, seen) if isinstance(seen, int) else rows

    @property
    def noise(self) -> float | None:
        """Lowest loss of a tuned ensemble over that of the mean."""
        engines = self.results["engines"].values()
        losses = [one["best"]["outer"]["loss"] for one in engines]
        known = [loss for loss in losses if is_number(loss)]
        mean = self.results["baselines"].get("mean")
        reference = None if mean is None else mean["outer"]["loss"]
        if not known or not is_number(reference) or reference <= 0:
            return None
        return min(known) / reference

    @property
    def models(self) -> dict[str, dict[str, LogRatio]]:
        """Change of loss from each of ``MODELS`` to the tuned one, by engine."""
        found: dict[str, dict[str, LogRatio]] = {}
        for one in self.results["comparisons"]:
            a, b, effect = one["a"], one["b"], self.change(one)
            engine = a.removesuffix(" best")
            if effect is None:
                continue
            if b in (f"{engine} unpenalised", f"{engine} default") and engine != a:
                found.setdefault(b.rpartition(" ")[2], {})[engine] = effect
            elif a in _LINEAR and b.endswith(" best"):
                turned = LogRatio(-effect.value, effect.variance)
                found.setdefault("linear", {})[b.removesuffix(" best")] = turned
        return found

    def effect(
        self, ratios: Sequence[float | None], degrees: float, word: str = ""
    ) -> LogRatio | None:
        """Return the effect of a ratio and its interval; None if there is none."""
        known = [ratio for ratio in ratios if is_number(ratio) and ratio > 0]
        if len(known) < len(ratios):
            return None
        value, low, high = map(math.log, known)
        tolerance = self.results["study"]["tolerance"]
        variance = variance_of(low, high, max(degrees, 1), tolerance)
        return LogRatio(value, variance, word)

    def change(self, change: Mapping[str, object]) -> LogRatio | None:
        """Return the effect of a change of loss; None without an interval."""
        shares = [change.get(key) for key in ("change", "low", "high")]
        ratios = [1 + share if is_number(share) else None for share in shares]
        degrees = self.results["data"]["rows"] - 1
        return self.effect(ratios, degrees, str(change.get("word", "")))

    def rows_per_unit(self, penalty: str) -> float | None:
        """Return the factor from the study's unit to rows; None if it is not known."""
        if penalty not in SCALED:
            return 1.0
        scale = self.results["study"]["search"]["scale"]
        return {"rows": 1.0, "share": self.training_rows, "raw": None}[scale]

    def penalty(self, penalty: str, effect: EffectData) -> PenaltyEvidence | None:
        """Return what a penalty does with one engine; None if it was not judged."""
        tuned, alone = effect["tuned"], effect["alone"]
        gain = None if tuned is None else self.change(tuned["against_off"])
        if tuned is None or gain is None:
            return None
        sizes = {
            name: self.effect(tuned["factors"].get(name, [None]), folds)
            for name in SIZES
            for folds in [len(tuned["values"]) - 1]
        }
        rows = self.rows_per_unit(penalty)
        known = [v for v in tuned["values"] if is_number(v)]
        return PenaltyEvidence(
            gain=gain,
            alone=None if alone is None else self.change(alone["against_off"]),
            against_own=self.change(tuned["against_default"] or {}),
            sizes={name: one for name, one in sizes.items() if one is not None},
            leaf_weight=_leaf_weight(effect, known),
            values=tuple(v * rows for v in known) if rows else (),
            off=tuned["off"] * (rows or 1.0),
            highest=effect["points"][-1]["value"] * rows if rows else None,
            strongest=_strongest(effect),
        )

    def together(
        self, penalty: str, by_engine: Mapping[str, PenaltyEvidence]
    ) -> PenaltyEvidence:
        """Return the effect with all engines; with one engine, that of this one."""
        whole = self.results["penalties"].get(penalty)
        gain = None
        if whole is not None and whole["anchor"] == "tuned":
            gain = self.change(whole["against_off"])
        every = list(by_engine.values())
        alone = [one.alone for one in every if one.alone is not None]
        return PenaltyEvidence(
            gain or _mean([one.gain for one in every]),
            alone=_mean(alone) if len(alone) == len(every) else None,
            off=every[0].off if len({one.off for one in every}) == 1 else None,
        )

    def later(self, trials: int) -> LogRatio | None:
        """Return what all trials after the first so many change; None if unknown."""
        if self.results["study"]["search"]["trials"] <= trials:
            return None
        effects = []
        for engine in self.results["engines"].values():
            before = [one for one in engine["overtuning"] if one["trial"] < trials]
            found = self.change(before[-1]["later"]) if before else None
            if found is None:
                return None
            effects.append(found)
        return _mean(effects)


def _mean(effects: Sequence[LogRatio]) -> LogRatio:
    """Return the mean over engines; they have the same rows, so no variance less."""
    value = math.fsum(one.value for one in effects) / len(effects)
    word = effects[0].word if len(effects) == 1 else ""
    return LogRatio(value, max(one.variance for one in effects), word)


def _strongest(effect: EffectData) -> dict[str, dict[str, float]]:
    """Return the log factors from the first to the last value without others."""
    paths: tuple[PathData | EffectData, ...] = (effect, *effect["others"])
    found = {}
    for path in paths:
        if path["anchor"] == "fixed" and path["reading"] in READINGS:
            first, last = (_path_sizes(path["points"][end]) for end in (0, -1))
            found[path["reading"]] = {
                name: last[name] - first[name] for name in first if name in last
            }
    return found


def _path_sizes(point: EffectPointData) -> dict[str, float]:
    """Return the logarithms of ``PATH_SIZES`` that are known and above 0."""
    trees, leaves, norm = point["trees"], point["leaves"], point["l1_norm"]
    if not (is_number(trees) and is_number(leaves) and min(trees, leaves) > 0):
        return {}
    found = {"leaves_per_tree": math.log(leaves / trees), "leaves": math.log(leaves)}
    if is_number(norm) and norm > 0:
        found["leaf_weight"] = math.log(norm / leaves)
    return found


def _leaf_weight(effect: EffectData, values: Sequence[float]) -> float | None:
    """Return the log factor on the mean absolute leaf weight, mean over outer folds."""
    paths: tuple[PathData | EffectData, ...] = (effect, *effect["others"])
    for path in paths:
        if (path["anchor"], path["reading"]) != ("tuned", "stopped"):
            continue
        by_value = {
            point["value"]: weight
            for point in path["points"]
            if (weight := _path_sizes(point).get("leaf_weight")) is not None
        }
        off = by_value.get(path["points"][0]["value"])
        known = [by_value[value] for value in values if value in by_value]
        if off is not None and known:
            return math.fsum(known) / len(known) - off
    return None
