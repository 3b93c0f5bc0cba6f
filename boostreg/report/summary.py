"""A run as plain data: the content of ``results.json``."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast, get_args

import numpy as np

from boostreg.baselines import BaselineResult
from boostreg.changes import Judges, LossChange
from boostreg.effects.effects import Effect, plain_size
from boostreg.effects.mechanism import Mechanism
from boostreg.effects.optimism import ties
from boostreg.effects.outer import TunedPenalty
from boostreg.errors import PenaltyError
from boostreg.penalty import SCALED, Scale
from boostreg.penalty.linter import at_edge
from boostreg.penalty.priors import as_prior
from boostreg.report.answers import short_answers
from boostreg.report.claims import claims_sentences, summarize_claims
from boostreg.report.comparisons import (
    Judged,
    best_linear,
    compare_all,
    comparison_data,
    interval_data,
    judged_models,
    lead_engine,
    outer_results,
    sizes_data,
)
from boostreg.report.decision import Decision, answer_data, decide
from boostreg.report.findings import answer_sentences, caveats, headings, warnings
from boostreg.report.measures import (
    calibration_data,
    features_data,
    linear_model,
    metric_heads,
    metric_values,
    simple_data,
)
from boostreg.report.parts import ChangeData, LossChangeData, Penalties
from boostreg.report.records import (
    EngineRecord,
    OuterRecord,
    RunRecord,
    TunedEngine,
)
from boostreg.report.results import (
    BaselineData,
    CardData,
    EffectData,
    EngineData,
    GuessData,
    MechanismPartData,
    OuterData,
    PathData,
    PenaltyData,
    PickData,
    PriorData,
    PurposeData,
    ReferenceData,
    Results,
    RunData,
    SizeData,
    StudyData,
    TunedPenaltyData,
)
from boostreg.report.sentences import (
    NOT_MEASURED,
    effect_sentence,
    of_all_engines,
)
from boostreg.report.wording import format_change, format_number
from boostreg.statistics import Interval, standard_error
from boostreg.tuning import Candidate, TrialCurves
from boostreg.tuning.purpose import Purpose, Speed, best_under, knee

__all__ = ["summarize", "timed_data"]

_Named = Literal["one_se", "knee", "max_leaves", "max_bytes", "max_microseconds"]
_LIMITS: tuple[_Named, ...] = ("max_leaves", "max_bytes")


def _effects(record: RunRecord) -> dict[str, dict[str, EffectData]]:
    """Return every effect by engine and penalty, the main one on top."""

    def key(one: Effect | Mechanism) -> tuple[str, str]:
        return one.engine, one.penalty

    tolerance = record.tolerance
    mechanisms = {key(one): one for one in reversed(record.mechanisms)}
    tuned = {(one.anchor, one.engine, one.penalty): one for one in record.tuned}
    content: dict[str, dict[str, EffectData]] = {}
    for effect in record.main_effects:
        around = {
            anchor: _tuned(found, tolerance) if found else None
            for anchor in ("tuned", "fixed")
            for found in (tuned.get((anchor, *key(effect))),)
        }
        mechanism = mechanisms.get(key(effect))
        main = around[effect.anchor]
        content.setdefault(effect.engine, {})[effect.penalty] = {
            **_path(effect, tolerance),
            "sentence": main["sentence"] if main else NOT_MEASURED,
            "tuned": main,
            "alone": None if effect.anchor == "fixed" else around["fixed"],
            "others": [
                _path(other, tolerance)
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


def _path(effect: Effect, tolerance: float) -> PathData:
    safe = effect.safe(tolerance)
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
                "judged": point.judged_loss,
                "against_off": _loss_change(point.change, tolerance),
                "rated": effect.rated(point),
                "cut": point.cut,
                **_size(point.size),
                "factors": _factors(point.factors),
                "differences": {
                    name: [one.estimate, one.low, one.high]
                    for name, one in point.differences.items()
                },
            }
            for point in effect.points
        ],
        "safe": None if safe is None else list(safe),
        "flat": list(effect.flat),
    }


def _tuned(one: TunedPenalty, tolerance: float) -> TunedPenaltyData:
    against = one.against_default
    return {
        "anchor": one.anchor,
        "word": one.word(tolerance),
        "sentence": effect_sentence(one),
        "off": one.off,
        "default": one.default,
        "values": list(one.values),
        "against_off": _loss_change(one.against_off, tolerance),
        "against_default": None
        if against is None
        else _loss_change(against, tolerance),
        "factors": _factors(one.factors),
        "trees": list(one.trees),
        "cut": one.cut,
    }


def _penalties(record: RunRecord) -> dict[str, PenaltyData]:
    """Return what each penalty does, with all engines together."""
    tolerance = record.tolerance
    engines: dict[str, list[str]] = {}
    for one in record.main_tuned():
        if one.engine is not None:
            engines.setdefault(one.penalty, []).append(one.engine)
    return {
        one.penalty: {
            "anchor": one.anchor,
            "engines": engines[one.penalty],
            "word": one.word(tolerance),
            "against_off": _loss_change(one.against_off, tolerance),
            "against_default": None
            if one.against_default is None
            else _loss_change(one.against_default, tolerance),
        }
        for one in of_all_engines(record).values()
    }


def _loss_change(change: LossChange, tolerance: float) -> LossChangeData:
    return {
        "change": change.estimate,
        "low": change.low,
        "high": change.high,
        "method": change.method,
        "word": change.word(tolerance),
    }


def _factors(factors: Mapping[str, Interval]) -> dict[str, ChangeData]:
    return {name: [one.estimate, one.low, one.high] for name, one in factors.items()}


def _part(found: Mapping[str, Interval]) -> MechanismPartData:
    names = MechanismPartData.__annotations__
    return cast("MechanismPartData", {n: interval_data(found[n]) for n in names})


def _purposes(tuned: TunedEngine, limits: Mapping[str, Any]) -> list[PurposeData]:
    """Return the smallest within one standard error, the knee, and one per limit.

    ``limits`` is the study's ``select``; for its limit on time see ``timed_data``.
    """
    picks: dict[_Named, Candidate] = {"knee": knee(tuned.selection.front)}
    curves = _curves(tuned)
    for name in _LIMITS:
        if limits.get(name) is not None:
            purpose = Purpose(**{name: float(limits[name])})
            picks[name] = best_under(list(curves.values()), purpose)
    one_se = _row("one_se", tuned.selection.one_se, tuned, tuned.curves("one_se"))
    others = [
        _row(name, pick, tuned, curves[pick.trial], limits.get(name))
        for name, pick in picks.items()
    ]
    penalty = tuned.penalty("one_se").as_dict()
    return [{**one_se, "penalty": penalty}, *others]


def timed_data(tuned: TunedEngine, microseconds: float, speed: Speed) -> PurposeData:
    """Return the best candidate under a limit on time, with its estimate.

    It depends on the machine that ``speed`` was measured on.
    """
    purpose = Purpose(max_microseconds=microseconds)
    curves = _curves(tuned)
    pick = best_under(list(curves.values()), purpose, speed)
    found = curves[pick.trial]
    time = speed.estimate(found.n_trees[pick.n_rounds], found.n_leaves[pick.n_rounds])
    row = _row("max_microseconds", pick, tuned, found, microseconds)
    return {**row, "microseconds": float(time)}


def _curves(tuned: TunedEngine) -> dict[int, TrialCurves]:
    return {t.number: t.curves for t in tuned.trials if t.curves is not None}


def _row(
    purpose: _Named,
    pick: Candidate,
    tuned: TunedEngine,
    chosen: TrialCurves,
    limit: float | None = None,
) -> PurposeData:
    best = tuned.curves("best").valid_loss[:, tuned.selection.best.n_rounds]
    paired = chosen.valid_loss[:, pick.n_rounds] - best
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


def summarize(record: RunRecord, run: RunData, sizes: Mapping[str, int]) -> Results:
    """Return the content of ``results.json``, JSON-ready except for NaN.

    ``sizes`` are the bytes of the JSON files of models, by name.
    """
    judged = judged_models(record)
    comparisons = compare_all(record, judged)
    by_pair = {(one.a, one.b): one for one in comparisons}
    claims = summarize_claims(record.claims)
    decision = decide(record, by_pair) if record.searched else None
    answer = answer_sentences(record, by_pair, decision)
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
            "answers": []
            if decision is None
            else short_answers(record, by_pair, decision),
            "caveats": caveats(record, by_pair),
            "headings": headings(record, by_pair, decision),
            "warnings": warnings(record),
        },
        "answer": None if decision is None else answer_data(record, by_pair, decision),
        "engines": {
            name: _engine(engine, record, judged)
            for name, engine in record.engines.items()
        },
        "baselines": {
            name: _baseline(by_fold, judged[name], record)
            for name, by_fold in record.baselines.items()
        },
        "comparisons": [comparison_data(one) for one in comparisons],
        "sizes": sizes_data(record),
        "effects": _effects(record),
        "penalties": _penalties(record),
        "outer_ratio": record.outer_ratio,
        "claims": claims,
        "lint": [
            {"code": f.code, "where": f.where, "text": f.text, "advice": f.advice}
            for f in record.lint
        ],
        "metrics": metric_heads(record),
        "calibration": calibration_data(record, judged, _leading(record, decision)),
        "simple_model": simple_data(linear_model(record), sizes),
    }


def _leading(record: RunRecord, decision: Decision | None) -> list[str]:
    """Return the ensemble that the answer names, and the best simple model if any."""
    ensemble = f"{lead_engine(record).name} best"
    simple = best_linear(record)
    if decision is not None:
        ensemble, simple = decision.smallest, decision.simple
    return [name for name in (ensemble, simple) if name is not None]


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
        "nested_gap": {
            pick: _loss_change(gap, record.tolerance)
            for pick, gap in engine.nested_gap.items()
        },
        "ties": list(ties(curves)),
        "guess": _guess(tuned),
        "purposes": _purposes(tuned, record.study.get("select") or {}),
        "overtuning": [
            {
                "trial": point.trial,
                "inner": point.inner,
                "outer": point.outer,
                "later": _loss_change(point.later, record.tolerance),
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
        "features": {
            pick: features_data(record, use) for pick, use in engine.features.items()
        },
    }


def _reference(
    engine: EngineRecord, model: str, record: RunRecord, judged: Mapping[str, Judged]
) -> ReferenceData:
    folds = engine.outer[model]
    return {
        "outer": _loss(judged[f"{engine.name} {model}"], record.judges),
        "size": _mean_size(folds),
        "rounds": [fold.n_rounds for fold in folds],
        "metrics": metric_values(record, judged[f"{engine.name} {model}"]),
    }


def _pick(
    engine: EngineRecord, pick: str, record: RunRecord, judged: Mapping[str, Judged]
) -> PickData:
    tuned = engine.tuned[None]
    chosen, penalty = tuned.candidate(pick), tuned.penalty(pick)
    model = engine.models[pick]
    outer_loss = _loss(judged[f"{engine.name} {pick}"], record.judges)
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
        "rounds": tuned.n_rounds(pick),
        "penalty": penalty.as_dict(),
        "acting": list(tuned.acting(pick)),
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
            if name in tuned.acting(pick) and at_edge(entry, getattr(penalty, name))
        ],
        "by_outer_fold": [
            {
                "outer_fold": fold,
                "trial": found.trial,
                "rounds": engine.tuned[fold].n_rounds(pick),
                "loss": outer.loss,
                "train_loss": outer.train_loss,
                "inner_loss": found.loss,
                "leaves": outer.size.n_leaves,
                "penalty": engine.tuned[fold].penalty(pick).as_dict(),
            }
            for fold, outer in enumerate(engine.outer[pick])
            for found in (engine.tuned[fold].candidate(pick),)
        ],
        "metrics": metric_values(record, judged[f"{engine.name} {pick}"]),
        "file_bytes": len(model.content),
    }


def _loss(judged: Judged, judges: Judges) -> OuterData:
    interval = judged.interval(judges)
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
    by_fold: Mapping[int | None, BaselineResult], judged: Judged, record: RunRecord
) -> BaselineData:
    outer, final = outer_results(by_fold), by_fold[None]
    units = [result.n_units for result in outer if result.n_units is not None]
    names = final.coefficient_names
    return {
        "outer": _loss(judged, record.judges),
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
        "metrics": metric_values(record, judged),
    }
