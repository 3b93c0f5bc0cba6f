"""A run as plain data: the content of ``results.json``."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast, get_args

import numpy as np

from boostreg.baselines import BaselineResult
from boostreg.changes import LossChange
from boostreg.effects.effects import Effect, plain_size
from boostreg.effects.mechanism import Mechanism
from boostreg.effects.optimism import ties
from boostreg.effects.outer import OuterEffect
from boostreg.errors import PenaltyError
from boostreg.penalty import SCALED, Scale
from boostreg.penalty.linter import at_edge
from boostreg.penalty.priors import as_prior
from boostreg.report.claims import claims_sentences, summarize_claims
from boostreg.report.comparisons import (
    Judged,
    compare_all,
    comparison_data,
    interval_data,
    judged_models,
    outer_results,
    sizes_data,
)
from boostreg.report.findings import answer_sentences, caveats, headings, warnings
from boostreg.report.records import EngineRecord, OuterRecord, RunRecord, TunedEngine
from boostreg.report.results import (
    BaselineData,
    CardData,
    ChangeData,
    EffectData,
    EngineData,
    GapData,
    GuessData,
    MechanismPartData,
    OuterData,
    PathData,
    Penalties,
    PickData,
    PriorData,
    PurposeData,
    ReferenceData,
    Results,
    RunData,
    SizeData,
    StudyData,
)  # fmt: skip
from boostreg.report.sentences import alone_sentence, effect_sentence
from boostreg.report.wording import format_change, format_number
from boostreg.statistics import Interval, standard_error
from boostreg.tuning import Candidate, TrialCurves
from boostreg.tuning.purpose import Purpose, Speed, best_under, knee

__all__ = ["summarize", "timed_data"]

_Named = Literal["one_se", "knee", "max_leaves", "max_bytes", "max_microseconds"]
_LIMITS: tuple[_Named, ...] = ("max_leaves", "max_bytes")


def _effects(record: RunRecord) -> dict[str, dict[str, EffectData]]:
    """Return every effect by engine and penalty, the main one on top."""

    def key(one: Effect | Mechanism | OuterEffect) -> tuple[str, str]:
        return one.engine, one.penalty

    mechanisms = {key(one): one for one in reversed(record.mechanisms)}
    outer_effects = {key(one): one for one in reversed(record.outer_effects)}
    content: dict[str, dict[str, EffectData]] = {}
    for effect in record.main_effects:
        zero, low = effect.points[0], effect.lowest
        ends = (low.difference.estimate, low.difference.low, low.difference.high)
        outer, mechanism = outer_effects.get(key(effect)), mechanisms.get(key(effect))
        content.setdefault(effect.engine, {})[effect.penalty] = {
            **_path(effect),
            "sentence": effect_sentence(effect),
            "lowest": {
                "value": low.value,
                "loss": [end / zero.loss if zero.loss else math.nan for end in ends],
                "leaves": _change(low.leaves_ratio),
            },
            "outer": None
            if outer is None
            else {
                "sentence": alone_sentence(outer),
                "values": list(outer.values),
                "loss": {**interval_data(outer.loss), "zero": outer.zero_loss},
                "leaves": {
                    "change": _change(outer.leaves),
                    "method": outer.leaves.method,
                },
            },
            "others": [
                _path(other)
                for other in record.effects
                if key(other) == key(effect) and other is not effect
            ],
            "mechanism": None
            if mechanism is None
            else [
                {
                    "value": point.value,
                    "shrinkage": _part(point.shrinkage),
                    "structure": _part(point.structure),
                    "total": _part(point.total),
                }
                for point in mechanism.points
            ],
            "trees": [
                {"value": value, "leaves": one.n_leaves, "tree": one.written}
                for (engine, name, value), one in record.sketches.items()
                if (engine, name) == key(effect)
            ],
        }
    return content


def _path(effect: Effect) -> PathData:
    return {
        "anchor": effect.anchor,
        "reading": effect.reading,
        "points": [
            {
                "value": point.value,
                "loss": point.loss,
                "train_loss": point.train_loss,
                "gap": point.gap,
                "rounds": point.rounds,
                "adjusted": point.p_value,
                **interval_data(point.difference),
                **_size(point.size),
                "differences": {
                    name: [one.estimate, one.low, one.high]
                    for name, one in point.differences.items()
                },
                "leaves_change": _change(point.leaves_ratio),
            }
            for point in effect.points
        ],
        "safe": None if effect.safe is None else list(effect.safe),
        "flat": list(effect.flat),
        "verdict": effect.verdict,
    }


def _change(ratio: Interval) -> ChangeData:
    """Return a ratio and its ends as changes: 0.9 is -10 %."""
    return [end - 1 for end in (ratio.estimate, ratio.low, ratio.high)]


def _part(found: Mapping[str, Interval]) -> MechanismPartData:
    names = MechanismPartData.__annotations__
    return cast("MechanismPartData", {n: interval_data(found[n]) for n in names})


def _purposes(tuned: TunedEngine, limits: Mapping[str, Any]) -> list[PurposeData]:
    """Return the smallest within one standard error, the knee, and one per limit.

    ``limits`` is the study's ``select``; for its limit on time see ``timed_data``.
    """
    picks: dict[_Named, Candidate] = {
        "one_se": tuned.selection.one_se,
        "knee": knee(tuned.selection.front),
    }
    curves = _curves(tuned)
    for name in _LIMITS:
        if limits.get(name) is not None:
            purpose = Purpose(**{name: float(limits[name])})
            picks[name] = best_under(list(curves.values()), purpose)
    return [
        _row(name, pick, tuned, curves, limits.get(name))
        for name, pick in picks.items()
    ]


def timed_data(tuned: TunedEngine, microseconds: float, speed: Speed) -> PurposeData:
    """Return the best candidate under a limit on time, with its estimate.

    It depends on the machine that ``speed`` was measured on.
    """
    purpose = Purpose(max_microseconds=microseconds)
    curves = _curves(tuned)
    pick = best_under(list(curves.values()), purpose, speed)
    found = curves[pick.trial]
    time = speed.estimate(found.n_trees[pick.n_rounds], found.n_leaves[pick.n_rounds])
    row = _row("max_microseconds", pick, tuned, curves, microseconds)
    return {**row, "microseconds": float(time)}


def _curves(tuned: TunedEngine) -> dict[int, TrialCurves]:
    return {t.number: t.curves for t in tuned.trials if t.curves is not None}


def _row(
    purpose: _Named,
    pick: Candidate,
    tuned: TunedEngine,
    curves: Mapping[int, TrialCurves],
    limit: float | None,
) -> PurposeData:
    best, chosen = tuned.selection.best, curves[pick.trial]
    paired = (
        chosen.valid_loss[:, pick.n_rounds]
        - curves[best.trial].valid_loss[:, best.n_rounds]
    )
    error = float(standard_error(paired))
    return {
        "purpose": purpose,
        "limit": limit,
        "trial": pick.trial,
        "rounds": pick.n_rounds,
        "loss": pick.loss,
        "above_best": float(paired.mean()),
        "above_best_se": None if math.isnan(error) else error,
        "leaves": pick.n_leaves,
        "trees": float(chosen.n_trees[pick.n_rounds]),
        "bytes": float(chosen.n_bytes[pick.n_rounds]),
        "penalty": tuned.trials[pick.trial].penalty.as_dict(),
    }


def _guess(tuned: TunedEngine) -> GuessData | None:
    """Return the prior, its guesses and their ranks among all trials of a search.

    None where no guess was made.
    """
    if tuned.prior is None or not tuned.guesses:
        return None
    losses = [trial.loss for trial in tuned.trials if trial.state == "complete"]
    best = min(losses)
    guesses: list[dict[str, Any]] = []
    words = []
    for name, number in tuned.guesses.items():
        if number >= len(tuned.trials):
            continue  # a timeout ended the search before
        trial = tuned.trials[number]
        is_complete = trial.state == "complete"
        rank = 1 + sum(loss < trial.loss for loss in losses)
        above_best = trial.loss / best - 1 if best and is_complete else None
        value = getattr(trial.penalty, name)
        guesses.append(
            {
                "penalty": name,
                "value": value,
                "trial": trial.number,
                "loss": trial.loss,
                "rank": rank if is_complete else None,
                "above_best": above_best,
            }
        )
        ranked = f"rank {rank} of {len(tuned.trials)} trials"
        if above_best is not None:
            ranked += f", loss {format_change(above_best)} against the best"
        ranked = ranked if is_complete else "not measured on all folds"
        words.append(f"{name} {format_number(value)} ({ranked})")
    if not guesses:
        return None
    return {
        "noise": tuned.prior.noise,
        "std": math.sqrt(tuned.prior.variance),
        "trials": guesses,
        "sentence": (
            "before any trial was judged, the spread of the unpenalised leaves "
            f"suggested {' or '.join(words)}."
        ),
    }


def summarize(record: RunRecord, run: RunData) -> Results:
    """Return the content of ``results.json``, JSON-ready except for NaN."""
    judged = judged_models(record)
    comparisons = compare_all(record, judged)
    by_pair = {(one.a, one.b): one for one in comparisons}
    claims = summarize_claims(record.claims)
    answer = answer_sentences(record, judged, by_pair)
    verdicts = claims_sentences(claims)
    return {
        "run": run,
        "versions": dict(record.versions),
        # Written by the study and the data: the schema checks them, no type does.
        "study": cast("StudyData", dict(record.study)),
        "data": cast("CardData", dict(record.card)),
        "text": {
            # Claims come first only where a study does nothing but judge them.
            "answer": [*answer, *verdicts] if record.searched else [*verdicts, *answer],
            "caveats": caveats(record, judged, by_pair),
            "headings": headings(record, by_pair),
            "warnings": warnings(record),
        },
        "engines": {
            name: _engine(engine, record, judged)
            for name, engine in record.engines.items()
        },
        "baselines": {
            name: _baseline(by_fold, judged[name], record.outer_ratio)
            for name, by_fold in record.baselines.items()
        },
        "comparisons": [comparison_data(one) for one in comparisons],
        "sizes": sizes_data(record),
        "effects": _effects(record),
        "outer_ratio": record.outer_ratio,
        "claims": claims,
        "lint": [
            {"code": f.code, "where": f.where, "text": f.text, "advice": f.advice}
            for f in record.lint
        ],
    }


def _engine(
    engine: EngineRecord, record: RunRecord, judged: Mapping[str, Judged]
) -> EngineData:
    tuned = engine.tuned[None]
    curves = [trial.curves for trial in tuned.trials if trial.curves is not None]
    return {
        "best": _pick(engine, "best", record, judged),
        "one_se": _pick(engine, "one_se", record, judged),
        "default": _reference(engine, "default", record, judged),
        "unpenalised": _reference(engine, "unpenalised", record, judged),
        "nested_gap": {pick: _gap(gap) for pick, gap in engine.nested_gap.items()},
        "ties": list(ties(curves)),
        "guess": _guess(tuned),
        "purposes": _purposes(tuned, record.study.get("select") or {}),
        "overtuning": [
            {
                "trial": point.trial,
                "inner": point.inner,
                "outer": point.outer,
                "later": _gap(point.later),
            }
            for point in engine.overtuning
        ],
        "importance": {
            measure: {
                "quality": found.quality,
                "points": found.n_points,
                "determined": found.determined,
                "main": dict(found.main),
                "interval": {name: list(ends) for name, ends in found.interval.items()},
                "pairs": [
                    {"penalties": list(names), "share": share}
                    for names, share in found.pairs.items()
                ],
                "optuna": {name: dict(one) for name, one in found.optuna.items()},
            }
            for measure, found in engine.importance.items()
        },
        "front": [
            {
                "leaves": one.n_leaves,
                "loss": one.loss,
                "trial": one.trial,
                "rounds": one.n_rounds,
            }
            for one in tuned.selection.front
        ],
    }


def _gap(gap: LossChange) -> GapData:
    return {
        "change": gap.estimate,
        "low": gap.low,
        "high": gap.high,
        "method": gap.method,
    }


def _reference(
    engine: EngineRecord, model: str, record: RunRecord, judged: Mapping[str, Judged]
) -> ReferenceData:
    folds = engine.outer[model]
    return {
        "outer": _loss(judged[f"{engine.name} {model}"], record.outer_ratio),
        "size": _mean_size(folds),
        "rounds": [fold.n_rounds for fold in folds],
    }


def _pick(
    engine: EngineRecord, pick: str, record: RunRecord, judged: Mapping[str, Judged]
) -> PickData:
    tuned = engine.tuned[None]
    chosen, penalty = tuned.candidate(pick), tuned.penalty(pick)
    model = engine.models[pick]
    outer_loss = _loss(judged[f"{engine.name} {pick}"], record.outer_ratio)
    scales: dict[str, Penalties | None] = {}
    for scale in get_args(Scale):
        try:
            same = penalty.to_scale(scale, model.units)
        except PenaltyError:
            scales[scale] = None  # this scale has no unit here
        else:
            scales[scale] = {name: getattr(same, name) for name in SCALED}
    # The s^2 of ``boostreg.penalty.priors``. For squared error the loss on new rows is
    # the noise variance; for gamma and Tweedie, a mean deviance, about the dispersion.
    # Row weights are precisions: the loss is then the variance of a row of mean weight,
    # and a row of weight 1 has as much times the mean weight. Other likelihoods have
    # dispersion 1, and quantile losses none.
    known = [part for part in record.outer_weights if part is not None]
    mean_weight = float(np.mean(np.concatenate(known))) if known else 1.0
    variance: float | None = None
    if record.card["objective"] in ("squared_error", "gamma", "tweedie"):
        variance = cast("float", outer_loss["loss"]) * mean_weight
    elif record.card["objective"] in ("logistic", "softmax", "poisson"):
        variance = mean_weight
    raw, kept = penalty.to_raw(model.units), model.size.shrinkage
    prior = as_prior(raw, model.units, variance, kept=kept)
    return {
        "trial": chosen.trial,
        "rounds": chosen.n_rounds,
        "penalty": penalty.as_dict(),
        "scale": penalty.scale,
        "raw": model.raw,
        "scales": scales,
        "prior": cast("PriorData", prior),
        "params": model.params,
        "inner": {"loss": chosen.loss, "se": chosen.loss_se, "leaves": chosen.n_leaves},
        "outer": outer_loss,
        "size": _size(plain_size(model.size)),
        "outer_size": _mean_size(engine.outer[pick]),
        "rounds_max_reached": chosen.rounds_max_reached,
        "at_edge": [
            name
            for name, entry in record.ranges[engine.name].items()
            if at_edge(entry, getattr(penalty, name))
        ],
        "by_outer_fold": [
            {
                "outer_fold": fold,
                "trial": found.trial,
                "rounds": found.n_rounds,
                "loss": outer.loss,
                "train_loss": outer.train_loss,
                "inner_loss": found.loss,
                "leaves": outer.size.n_leaves,
                "penalty": engine.tuned[fold].penalty(pick).as_dict(),
            }
            for fold, outer in enumerate(engine.outer[pick])
            for found in (engine.tuned[fold].candidate(pick),)
        ],
    }


def _loss(judged: Judged, ratio: float) -> OuterData:
    interval = judged.interval(ratio)
    return {
        "loss": interval.estimate,
        "low": interval.low,
        "high": interval.high,
        "losses": judged.losses.tolist(),
    }


def _mean_size(folds: Sequence[OuterRecord]) -> SizeData:
    sizes = [plain_size(fold.size) for fold in folds]
    return _size(
        {name: float(np.mean([size[name] for size in sizes])) for name in sizes[0]}
    )


def _size(size: Mapping[str, float]) -> SizeData:
    # Its keys are the fields of TreeSize, which the schema names.
    return cast("SizeData", dict(size))


def _baseline(
    by_fold: Mapping[int | None, BaselineResult], judged: Judged, ratio: float
) -> BaselineData:
    outer, final = outer_results(by_fold), by_fold[None]
    units = [result.n_units for result in outer if result.n_units is not None]
    names = final.coefficient_names
    return {
        "outer": _loss(judged, ratio),
        "coefficients": float(np.mean([result.n_coefficients for result in outer])),
        "inputs": final.n_inputs,
        "parameters": final.n_parameters,
        "linear": final.is_linear,
        "live_units": float(np.mean(units)) if units else None,
        "strength": [result.strength for result in outer],
        "l1_ratio": [result.l1_ratio for result in outer],
        "one_se_strength": final.one_se_strength,
        "notes": list(final.notes),
        "path": [
            {
                "strength": point.strength,
                "loss": point.loss,
                "se": point.loss_se,
                "coefficients": point.n_coefficients,
                "live_units": point.n_units,
                "values": dict(zip(names, point.coefficients.tolist(), strict=True)),
            }
            for point in final.path
        ],
    }
