"""From the records of a run to plain data: all that page and ``results.json`` say."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from boostreg.baselines import BaselineResult
from boostreg.insight.effects import plain_size
from boostreg.insight.honesty import ties, winners_bias
from boostreg.insight.importance import Importance
from boostreg.penalty.linter import at_edge
from boostreg.report.claims import claims_sentences, summarize_claims
from boostreg.report.comparisons import Comparison, Judged, compare_all, judged_models
from boostreg.report.effects import effects_data, interval_data
from boostreg.report.findings import Findings
from boostreg.report.guess import guess_data
from boostreg.report.purposes import purposes_data
from boostreg.report.records import EngineRecord, OuterRecord, RunRecord
from boostreg.report.sizes import sizes_data
from boostreg.report.strength import noise_variance, penalty_scales, prior_of
from boostreg.trees import SIZES
from boostreg.tuning import Candidate

__all__ = ["summarize"]

_SIZE_COLUMNS = tuple(name.removeprefix("n_") for name in SIZES)


def summarize(record: RunRecord, run: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a report, JSON-ready but for NaN.

    Parameters
    ----------
    record : RunRecord
    run : mapping
        What depends on the clock or the machine.
    """
    judged = judged_models(record)
    comparisons = compare_all(record, judged)
    findings = Findings(record, judged, comparisons)
    claims = summarize_claims(record.claims)
    answer, told = findings.answer(), claims_sentences(claims)
    return {
        "run": dict(run),
        "versions": dict(record.versions),
        "study": dict(record.study),
        "data": dict(record.card),
        "text": {
            # Claims come first only where a study does nothing but judge them.
            "answer": [*answer, *told] if record.searched else [*told, *answer],
            "caveats": findings.caveats(),
            "headings": findings.headings(),
            "warnings": findings.warnings(),
        },
        "engines": {
            name: _engine(engine, record, judged)
            for name, engine in record.engines.items()
        },
        "baselines": {
            name: _baseline(by_fold, judged[name], record.outer_ratio)
            for name, by_fold in record.baselines.items()
        },
        "comparisons": [_comparison(one) for one in comparisons],
        "sizes": sizes_data(record),
        "effects": effects_data(record),
        "outer_ratio": record.outer_ratio,
        "claims": claims,
        "lint": [asdict(finding) for finding in record.lint],
    }


def _engine(
    engine: EngineRecord, record: RunRecord, judged: Mapping[str, Judged]
) -> dict[str, Any]:
    ratio = record.outer_ratio
    content: dict[str, Any] = {
        pick: _pick(engine, pick, judged[f"{engine.name} {pick}"], record)
        for pick in ("best", "one_se")
    }
    for model in ("default", "unpenalised"):
        folds = engine.outer[model]
        content[model] = {
            "outer": _loss(judged[f"{engine.name} {model}"], ratio),
            "size": _mean_size(folds),
            "rounds": [fold.n_rounds for fold in folds],
        }
    tuned = engine.tuned[None]
    curves = [trial.curves for trial in tuned.trials if trial.curves is not None]
    content["winners_bias"] = winners_bias(curves)
    content["ties"] = list(ties(curves))
    content["guess"] = guess_data(tuned)
    content["purposes"] = purposes_data(tuned, record.study.get("select") or {})
    content["overtuning"] = [asdict(point) for point in engine.overtuning]
    content["importance"] = {
        measure: _importance(found) for measure, found in engine.importance.items()
    }
    content["front"] = [
        {"leaves": c.n_leaves, "loss": c.loss, "trial": c.trial, "rounds": c.n_rounds}
        for c in tuned.selection.front
    ]
    return content


def _pick(
    engine: EngineRecord, pick: str, judged: Judged, record: RunRecord
) -> dict[str, Any]:
    tuned = engine.tuned[None]
    chosen, penalty = tuned.candidate(pick), tuned.penalty(pick)
    model, outer = engine.models[pick], _loss(judged, record.outer_ratio)
    objective = record.card["objective"]
    variance = noise_variance(objective, outer["loss"], record.outer_weights)
    return {
        "trial": chosen.trial,
        "rounds": chosen.n_rounds,
        "penalty": penalty.as_dict(),
        "scale": penalty.scale,
        "raw": model.raw,
        "scales": penalty_scales(penalty, model.units),
        "prior": prior_of(penalty, model.units, variance),
        "params": model.params,
        "inner": {
            "loss": chosen.loss,
            "se": chosen.loss_se,
            "leaves": chosen.n_leaves,
        },
        "outer": outer,
        "size": plain_size(model.size),
        "outer_size": _mean_size(engine.outer[pick]),
        "rounds_max_reached": chosen.rounds_max_reached,
        "at_edge": [
            name
            for name, entry in record.ranges[engine.name].items()
            if at_edge(entry, getattr(penalty, name))
        ],
        "by_outer_fold": [
            _outer_fold(fold, engine, pick) for fold in range(len(engine.outer[pick]))
        ],
    }


def _outer_fold(fold: int, engine: EngineRecord, pick: str) -> dict[str, Any]:
    tuned, outer = engine.tuned[fold], engine.outer[pick][fold]
    chosen: Candidate = tuned.candidate(pick)
    return {
        "outer_fold": fold,
        "trial": chosen.trial,
        "rounds": chosen.n_rounds,
        "loss": outer.loss,
        "train_loss": outer.train_loss,
        "inner_loss": chosen.loss,
        "leaves": outer.size.n_leaves,
        "penalty": tuned.penalty(pick).as_dict(),
    }


def _loss(judged: Judged, ratio: float) -> dict[str, Any]:
    interval = judged.interval(ratio)
    return {
        "loss": interval.estimate,
        "low": interval.low,
        "high": interval.high,
        "losses": judged.losses.tolist(),
    }


def _mean_size(folds: Sequence[OuterRecord]) -> dict[str, float]:
    sizes = [plain_size(fold.size) for fold in folds]
    return {
        name: float(np.mean([size[name] for size in sizes])) for name in _SIZE_COLUMNS
    }


def _baseline(
    by_fold: Mapping[int | None, BaselineResult], judged: Judged, ratio: float
) -> dict[str, Any]:
    outer = [by_fold[fold] for fold in sorted(f for f in by_fold if f is not None)]
    final = by_fold[None]
    units = [result.n_units for result in outer if result.n_units is not None]
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
        "path": _baseline_path(final),
    }


def _baseline_path(result: BaselineResult) -> list[dict[str, Any]]:
    return [
        {
            "strength": point.strength,
            "loss": point.loss,
            "se": point.loss_se,
            "coefficients": point.n_coefficients,
            "live_units": point.n_units,
            "values": dict(
                zip(result.coefficient_names, point.coefficients.tolist(), strict=True)
            ),
        }
        for point in result.path
    ]


def _comparison(one: Comparison) -> dict[str, Any]:
    return {
        "a": one.a,
        "b": one.b,
        "relative": one.relative(one.interval.estimate),
        "adjusted": one.adjusted,
        "word": one.word,
    } | interval_data(one.interval)


def _importance(found: Importance) -> dict[str, Any]:
    return {
        "quality": found.quality,
        "points": found.n_points,
        "determined": found.determined,
        "main": dict(found.main),
        "pairs": [
            {"penalties": list(names), "share": share}
            for names, share in found.pairs.items()
        ],
        "optuna": {label: dict(shares) for label, shares in found.optuna.items()},
    }
