"""Baselines along the strength of their penalty, beside the engines' inner loss."""

from collections.abc import Mapping, Sequence
from typing import Any

from boostreg.figures import (
    Curve,
    Difference,
    Estimate,
    Figure,
    Ratio,
    Scale,
    coefficient_paths,
    curve_panel,
    difference_chart,
    interval_chart,
    measure_scale,
    ratio_chart,
)
from boostreg.figures.scale import (
    MISSING,
    count,
    fixed,
    signed,
    significant,
)
from boostreg.report.sections.words import Table, dig, model_name, number, span

__all__ = ["baselines_section", "engines_section", "kept_words"]


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


_KINDS = ("default", "unpenalised", "best", "one_se")


def engines_section(results: Mapping[str, Any], places: int) -> dict[str, Any] | None:
    """Return chart and tables of all models that the outer folds judged."""
    models = _models(results)
    if not models:
        return None
    estimates = [_estimate(model) for model in models]
    loss = dig(results, "data", "loss") or "loss"
    return {
        "id": "engines",
        "nav": "Engines and baselines",
        "heading": dig(results, "text", "headings", "engines"),
        "chart": interval_chart(estimates, loss=loss),
        "differences": _differences(results, loss),
        "sizes": _sizes(results),
        "table": _table(models, results, places),
        "comparisons": _comparisons(results, places),
    }


def _models(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    engines = [
        {
            "key": f"{engine} {kind}",
            "engine": engine,
            "kind": kind,
            "outer": found[kind].get("outer") or {},
            "size": found[kind].get("outer_size") or found[kind].get("size") or {},
        }
        for engine, found in results["engines"].items()
        for kind in _KINDS
        if found.get(kind)
    ]
    baselines = [
        {
            "key": name,
            "engine": "",
            "kind": "baseline",
            "outer": found.get("outer") or {},
            "coefficients": found.get("coefficients"),
            "parameters": found.get("parameters", found.get("inputs")),
            "live_units": found.get("live_units"),
            "linear": found.get("linear", True),
        }
        for name, found in (results.get("baselines") or {}).items()
    ]
    return [*engines, *baselines]


def _estimate(model: Mapping[str, Any]) -> Estimate:
    outer = model["outer"]
    return Estimate(
        model_name(model["key"]),
        number(outer.get("loss")),
        number(outer.get("low")),
        number(outer.get("high")),
        engine=model["engine"],
        filled=model["kind"] in ("best", "one_se", "baseline"),
    )


def _differences(results: Mapping[str, Any], loss: str) -> Figure | None:
    pairs = results.get("comparisons") or ()
    if not pairs:
        return None
    rows = [_shares(pair) for pair in pairs]
    return difference_chart(rows, label=f"difference of outer {loss}, paired by fold")


def _sizes(results: Mapping[str, Any]) -> Figure | None:
    rows = [
        Ratio(
            f"{model_name(one['a'])} / {model_name(one['b'])}",
            number(one["ratio"]),
            number(one["low"]),
            number(one["high"]),
            tuple(v for raw in one["folds"] if (v := number(raw)) is not None),
            one["a"].partition(" ")[0],
        )
        for one in results.get("sizes") or ()
    ]
    label = "leaves of the first by those of the second, paired by fold"
    return ratio_chart(rows, label=label) if rows else None


def _shares(pair: Mapping[str, Any]) -> Difference:
    """Return a pair as shares of the second model's loss."""
    share, difference = number(pair.get("relative")), number(pair.get("difference"))
    base = difference / share if share and difference is not None else None
    low, high = (
        None if base is None or (end := number(pair.get(key))) is None else end / base
        for key in ("low", "high")
    )
    engine, _, _ = pair["a"].partition(" ")
    return Difference(
        f"{model_name(pair['a'])} \N{MINUS SIGN} {model_name(pair['b'])}",
        share,
        low,
        high,
        engine,
        told=pair.get("word") in ("better", "worse"),
    )


def _table(
    models: Sequence[Mapping[str, Any]], results: Mapping[str, Any], places: int
) -> Table:
    heads = (
        "model", "loss", "95% interval", "leaves, coefficients or weights", "trees",
        "to the library's defaults", "95% interval of the difference",
    )  # fmt: skip
    rows = tuple(
        (
            model_name(model["key"]),
            fixed(number(model["outer"].get("loss")), places),
            span(model["outer"], places),
            _model_size(model),
            count(number(dig(model, "size", "trees"))),
            *_to_default(model, results, places),
        )
        for model in models
    )
    return Table("Means over the outer folds", heads, rows)


def _model_size(model: Mapping[str, Any]) -> str:
    if model["kind"] != "baseline":
        return count(number(dig(model, "size", "leaves")))
    return kept_words(model) or MISSING


def _to_default(
    model: Mapping[str, Any], results: Mapping[str, Any], places: int
) -> tuple[str, str]:
    for pair in results.get("comparisons") or ():
        if pair["a"] == model["key"] and pair["b"] == f"{model['engine']} default":
            return (
                signed(number(pair["difference"]), places),
                span(pair, places, sign=True),
            )
    return (MISSING, MISSING)


def _comparisons(results: Mapping[str, Any], places: int) -> Table | None:
    pairs = results.get("comparisons") or ()
    rows = tuple(
        (
            f"{model_name(pair['a'])} against {model_name(pair['b'])}",
            signed(number(pair["difference"]), places),
            span(pair, places, sign=True),
            _relative(number(pair.get("relative"))),
            significant(number(pair.get("p")), 2),
            significant(number(pair.get("adjusted")), 2),
            pair.get("word") or MISSING,
            count(number(pair.get("n"))),
        )
        for pair in pairs
    )
    heads = (
        "pair", "difference", "95% interval", "relative", "p", "adjusted p", "verdict",
        "n",
    )  # fmt: skip
    caption = (
        "Paired differences of outer loss, below 0 where the first model is better; "
        "p adjusted after Holm over all pairs"
    )
    return Table(caption, heads, rows, (0, 6)) if rows else None


def _relative(share: float | None) -> str:
    return MISSING if share is None else f"{signed(100 * share, 1)}%"
