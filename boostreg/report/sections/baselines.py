"""Baselines along the strength of their penalty, beside the engines' inner loss."""

from collections.abc import Mapping, Sequence
from typing import Any

from boostreg.figures import (
    Curve,
    Scale,
    coefficient_paths,
    curve_panel,
    measure_scale,
)
from boostreg.figures.numerals import (
    MISSING,
    count,
    fixed,
    significant,
)
from boostreg.report.sections.words import dig, model_name, number

__all__ = ["baselines_section", "kept_words"]


def baselines_section(results: Mapping[str, Any], places: int) -> dict[str, Any] | None:
    """Return two small charts for each baseline with a path, None without any."""
    found = results.get("baselines") or {}
    paths = {name: one for name, one in found.items() if one.get("path")}
    if not paths:
        return None
    scale = _shared_scale(results, paths)
    drawn = [
        _baseline(results, name, baseline, places, scale)
        for name, baseline in paths.items()
    ]
    return {
        "id": "linear",
        "nav": "Baselines",
        "heading": dig(results, "text", "headings", "baselines"),
        "engines": drawn[0]["engines"],
        "has_networks": any("weights" in one["kept"] for one in drawn),
        "has_margins": any(name.startswith("svm") for name in found)
        and dig(results, "data", "task") != "regression",
        "baselines": drawn,
    }


def _shared_scale(
    results: Mapping[str, Any], found: Mapping[str, Mapping[str, Any]]
) -> Scale:
    """Return one axis of inner loss for all baselines, so that panels compare."""
    curves = [_loss_curve(name, _path(one), None, None) for name, one in found.items()]
    curves += _boosted(results, (1.0,))
    return measure_scale([v for one in curves for v in (*one.y, *one.low, *one.beside)])


def _path(baseline: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    known = [p for p in baseline["path"] if number(p.get("strength")) is not None]
    return sorted(known, key=lambda point: float(point["strength"]))


def _baseline(
    results: Mapping[str, Any],
    name: str,
    baseline: Mapping[str, Any],
    places: int,
    scale: Scale,
) -> dict[str, Any]:
    path = _path(baseline)
    strengths = [float(p["strength"]) for p in path]
    chosen, one_se = _chosen(path), number(baseline.get("one_se_strength"))
    curve = _loss_curve(model_name(name), path, chosen, one_se)
    boosted = _boosted(results, strengths)
    return {
        "name": model_name(name),
        "kept": kept_words(baseline),
        "chosen": significant(chosen),
        "one_se": MISSING if one_se is None else significant(one_se),
        "loss": fixed(number(dig(baseline, "outer", "loss")), places),
        "coefficients": _coefficients(name, path, strengths, (chosen, one_se)),
        "weights": _weights(name, path, strengths, (chosen, one_se)),
        "losses": curve_panel(
            strengths,
            [*boosted, curve],
            measure="inner loss",
            penalty="strength",
            y_scale=scale,
        ),
        "engines": [one.engine for one in boosted],
        "notes": list(baseline.get("notes") or ()),
    }


def _boosted(results: Mapping[str, Any], strengths: Sequence[float]) -> list[Curve]:
    """Return the inner loss of each engine's pick as a level line."""
    losses = {
        engine: number(dig(found, "one_se", "inner", "loss"))
        for engine, found in results["engines"].items()
    }
    nothing = (None,) * len(strengths)
    return [
        Curve(engine, nothing, beside=(loss,) * len(strengths))
        for engine, loss in losses.items()
        if loss is not None
    ]


def kept_words(baseline: Mapping[str, Any]) -> str:
    """Return how many coefficients or weights are not 0, of how many."""
    kept = number(baseline.get("coefficients"))
    total = number(baseline.get("parameters", baseline.get("inputs")))
    if kept is None:
        return ""
    of = "" if total is None else f" of {count(total)}"
    units = number(baseline.get("live_units"))
    if units is None:
        return f"{count(kept)}{of}"
    return f"{count(kept)}{of} weights, {count(units)} live units"


def _chosen(path: Sequence[Mapping[str, Any]]) -> float | None:
    known = [p for p in path if number(p.get("loss")) is not None]
    best = min(known, key=lambda p: float(p["loss"]), default=None)
    return None if best is None else float(best["strength"])


Marks = tuple[float | None, float | None]
"""Strengths of least inner loss and of one standard error."""


def _coefficients(
    name: str, path: Sequence[Mapping[str, Any]], strengths: Sequence[float], at: Marks
) -> Any:
    inputs = list(dict.fromkeys(key for p in path for key in p.get("values") or ()))
    if not inputs or len(path) < 2:
        return None
    values = {
        key: tuple(number((p.get("values") or {}).get(key)) for p in path)
        for key in inputs
    }
    return coefficient_paths(
        strengths, values, name=model_name(name), chosen=at[0], one_se=at[1]
    )


def _weights(
    name: str, path: Sequence[Mapping[str, Any]], strengths: Sequence[float], at: Marks
) -> Any:
    """Return the weights of a network along its strengths, None for other models."""
    if all(number(p.get("live_units")) is None for p in path):
        return None
    kept = tuple(number(p.get("coefficients")) for p in path)
    curve = Curve(model_name(name), kept, pick=at[0], one_se=at[1])
    return curve_panel(
        strengths, [curve], measure="weights that are not zero", penalty="strength"
    )


def _loss_curve(
    name: str,
    path: Sequence[Mapping[str, Any]],
    chosen: float | None,
    one_se: float | None,
) -> Curve:
    losses = tuple(number(p.get("loss")) for p in path)
    errors = [number(p.get("se")) for p in path]
    pairs = list(zip(losses, errors, strict=True))
    low = tuple(None if v is None or e is None else v - e for v, e in pairs)
    high = tuple(None if v is None or e is None else v + e for v, e in pairs)
    return Curve(name, losses, low, high, pick=chosen, one_se=one_se)
