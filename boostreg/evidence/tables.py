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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from boostreg.errors import DataError
from boostreg.figures.scale import is_number
from boostreg.penalty.value import SCALED
from boostreg.report.results import EffectData, PathData, Results, TunedPenaltyData

__all__ = [
    "MODELS",
    "SIZES",
    "TOGETHER",
    "Effect",
    "PenaltyEvidence",
    "TableEvidence",
    "table_evidence",
]

TOGETHER = "together"
"""All engines of a run: the change of their mean loss."""

SIZES = ("trees", "leaves_per_tree", "leaves")
MODELS = ("unpenalised", "default", "linear")
"""What a tuned model is compared with; ``linear`` is the best linear baseline."""

_LINEAR = ("ridge", "lasso", "elastic_net")


@dataclass(frozen=True, slots=True)
class Effect:
    """The logarithm of a ratio, its variance, and the word of its run, if any."""

    value: float
    variance: float
    word: str = ""


@dataclass(frozen=True, slots=True)
class PenaltyEvidence:
    """What one penalty does on a table, with one engine or all together.

    Attributes
    ----------
    gain : Effect
        Change of the loss by tuning it, the others at their tuned values.
    alone : Effect or None
        The same without the other penalties.
    sizes : mapping of str to Effect
        Factors on ``SIZES``, by the same.
    leaf_weight : float or None
        Logarithm of the factor on the mean absolute leaf weight.
    values : tuple of float
        The value chosen in each outer fold, in rows if the penalty has that unit.
    off : float
        The value without the penalty.
    highest : float
        The strongest value that was tried.
    """

    gain: Effect
    alone: Effect | None = None
    sizes: Mapping[str, Effect] = field(default_factory=dict)
    leaf_weight: float | None = None
    values: tuple[float, ...] = ()
    off: float = 0.0
    highest: float = math.nan

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
    later : mapping of int to Effect
        Change of loss by all trials after the first so many, mean over engines.
    """

    name: str
    source: str
    target: str
    fingerprint: str
    task: str
    rows: int
    features: int
    training_rows: float
    categories: float
    noise: float | None
    tolerance: float
    trials: int
    penalties: Mapping[str, Mapping[str, PenaltyEvidence]]
    models: Mapping[str, Mapping[str, Effect]]
    later: Mapping[int, Effect]


def table_evidence(
    name: str, results: Results, checkpoints: Sequence[int] = ()
) -> TableEvidence:
    """Return the evidence of a run.

    Raises DataError, which says what is missing, if no penalty was judged on outer rows
    around the tuned model.
    """
    data, study = results["data"], results["study"]
    penalties: dict[str, dict[str, PenaltyEvidence]] = {}
    for engine, effects in results["effects"].items():
        for penalty, effect in effects.items():
            if (found := _penalty(results, penalty, effect)) is not None:
                penalties.setdefault(penalty, {})[engine] = found
    for penalty, by_engine in penalties.items():
        by_engine[TOGETHER] = _together(results, penalty, by_engine)
    if not penalties:
        raise DataError(
            "no penalty was tuned and judged on outer rows; set paths.points to 4 or "
            "more."
        )
    kinds = [column["kind"] for column in data["columns"]]
    return TableEvidence(
        name=name,
        source=data["source"],
        target=data["target"] or "",
        fingerprint=data["fingerprint"],
        task=data["task"],
        rows=data["rows"],
        features=data["features"],
        training_rows=data["rows"] / (1 + results["outer_ratio"]),
        categories=kinds.count("category") / max(len(kinds), 1),
        noise=_noise(results),
        tolerance=study["tolerance"],
        trials=study["search"]["trials"],
        penalties=penalties,
        models=_models(results),
        later={n: one for n in checkpoints if (one := _later(results, n)) is not None},
    )


def _quantile(degrees: float) -> float:
    from scipy.stats import t

    return float(t.ppf(0.975, max(degrees, 1)))


def _least(results: Results) -> float:
    return float((results["study"]["tolerance"] / 4) ** 2)


def _effect(
    ends: Sequence[float | None], degrees: float, least: float, word: str = ""
) -> Effect | None:
    """Return the effect of a ratio and its interval; None if there is none."""
    if not all(is_number(end) and end > 0 for end in ends):
        return None
    value, low, high = (math.log(end) for end in ends if end)
    error = (high - low) / (2 * _quantile(degrees))
    return Effect(value, max(error**2, least), word)


def _change(change: Mapping[str, object], results: Results) -> Effect | None:
    """Return the effect of a change of loss; None without an interval."""
    shares = [change.get(key) for key in ("change", "low", "high")]
    ratios = [1 + share for share in shares if is_number(share)]
    if len(ratios) < len(shares):
        return None
    degrees = results["data"]["rows"] - 1
    return _effect(ratios, degrees, _least(results), str(change.get("word", "")))


def _penalty(
    results: Results, penalty: str, effect: EffectData
) -> PenaltyEvidence | None:
    tuned = effect["tuned"]
    gain = None if tuned is None else _change(tuned["against_off"], results)
    if tuned is None or gain is None:
        return None
    folds = len(tuned["values"])
    sizes = {
        name: found
        for name in SIZES
        if name in tuned["factors"]
        and (found := _effect(tuned["factors"][name], folds - 1, _least(results)))
    }
    alone = effect["alone"]
    points = _tuned_path(effect)
    rows = _in_rows(results, penalty)
    return PenaltyEvidence(
        gain=gain,
        alone=None if alone is None else _change(alone["against_off"], results),
        sizes=sizes,
        leaf_weight=None if points is None else _leaf_weight(points, tuned),
        values=tuple(v * rows for v in tuned["values"] if is_number(v)) if rows else (),
        off=tuned["off"] * (rows or 1.0),
        highest=effect["points"][-1]["value"] * (rows or math.nan),
    )


def _in_rows(results: Results, penalty: str) -> float | None:
    """Return the factor from the study's unit to rows; None if it is not known."""
    if penalty not in SCALED:
        return 1.0
    scale = results["study"]["search"]["scale"]
    training = results["data"]["rows"] / (1 + results["outer_ratio"])
    return {"rows": 1.0, "share": training, "raw": None}[scale]


def _tuned_path(effect: EffectData) -> PathData | EffectData | None:
    """Return the path around the tuned model, read where each curve stops."""
    paths: tuple[PathData | EffectData, ...] = (effect, *effect["others"])
    fitting = (p for p in paths if (p["anchor"], p["reading"]) == ("tuned", "stopped"))
    return next(fitting, None)


def _leaf_weight(path: PathData | EffectData, tuned: TunedPenaltyData) -> float | None:
    """Return the log factor on the mean absolute leaf weight, mean over outer folds."""
    by_value = {
        point["value"]: math.log(norm / leaves)
        for point in path["points"]
        if is_number(norm := point["l1_norm"])
        and is_number(leaves := point["leaves"])
        and norm > 0
        and leaves > 0
    }
    off = by_value.get(path["points"][0]["value"])
    found = [by_value.get(v) for v in tuned["values"] if v is not None]
    known = [v for v in found if v is not None]
    if off is None or not known:
        return None
    return math.fsum(known) / len(known) - off


def _together(
    results: Results, penalty: str, by_engine: Mapping[str, PenaltyEvidence]
) -> PenaltyEvidence:
    """Return the effect with all engines; with one engine, that of this one."""
    whole = results["penalties"].get(penalty)
    gain = None if whole is None else _change(whole["against_off"], results)
    if gain is not None and whole is not None and whole["anchor"] == "tuned":
        return PenaltyEvidence(gain)
    gains = [one.gain for one in by_engine.values()]
    value = math.fsum(one.value for one in gains) / len(gains)
    word = gains[0].word if len(gains) == 1 else ""
    return PenaltyEvidence(Effect(value, max(one.variance for one in gains), word))


def _noise(results: Results) -> float | None:
    losses = [one["best"]["outer"]["loss"] for one in results["engines"].values()]
    known = [loss for loss in losses if is_number(loss)]
    mean = results["baselines"].get("mean")
    reference = None if mean is None else mean["outer"]["loss"]
    if not known or not is_number(reference) or reference <= 0:
        return None
    return min(known) / reference


def _models(results: Results) -> dict[str, dict[str, Effect]]:
    """Return the change of loss to the tuned model of each engine."""
    found: dict[str, dict[str, Effect]] = {}
    for kind, engine, ends in _compared(results):
        effect = _change(ends, results)
        if effect is not None:
            found.setdefault(kind, {})[engine] = effect
    return found


def _compared(
    results: Results,
) -> Iterator[tuple[str, str, Mapping[str, object]]]:
    """Yield what a tuned model is compared with, its engine, and the change to it."""
    for one in results["comparisons"]:
        engine, _, pick = one["a"].partition(" ")
        if pick == "best" and one["b"] == f"{engine} unpenalised":
            yield "unpenalised", engine, one
        elif pick == "best" and one["b"] == f"{engine} default":
            yield "default", engine, one
        elif one["a"] in _LINEAR and one["b"].endswith(" best"):
            yield "linear", one["b"].partition(" ")[0], _reversed(one)


_TURNED = {"better": "worse", "worse": "better", "same": "same"}


def _reversed(one: Mapping[str, object]) -> dict[str, object]:
    """Return the change from ``a`` to ``b``, given that from ``b`` to ``a``."""
    shares = [one.get(key) for key in ("change", "high", "low")]
    turned = [1 / (1 + v) - 1 for v in shares if is_number(v) and v > -1]
    if len(turned) < len(shares):
        return {}
    word = _TURNED.get(str(one.get("word")), "not settled")
    return {**dict(zip(("change", "low", "high"), turned, strict=True)), "word": word}


def _later(results: Results, trials: int) -> Effect | None:
    """Return what the trials after the first so many change, mean over engines."""
    if results["study"]["search"]["trials"] <= trials:
        return None
    effects = []
    for engine in results["engines"].values():
        before = [one for one in engine["overtuning"] if one["trial"] < trials]
        found = _change(before[-1]["later"], results) if before else None
        if found is None:
            return None
        effects.append(found)
    value = math.fsum(one.value for one in effects) / len(effects)
    return Effect(value, max(one.variance for one in effects))
