"""Models on the same outer folds, and baselines along the strength of their penalty."""

from collections.abc import Sequence
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
from boostreg.figures.scale import MISSING, count, fixed, significant
from boostreg.report.results import (
    BaselineData,
    BaselinePointData,
    OuterData,
    Results,
)
from boostreg.report.wording import (
    TextTable,
    change_span,
    model_name,
    signed_percent,
    span,
)

__all__ = ["baselines_section", "engines_section"]

Path = Sequence[BaselinePointData]


def baselines_section(results: Results, places: int) -> dict[str, Any] | None:
    """Return two small charts for each baseline with a path, None without any."""
    found = results["baselines"]
    paths = {
        name: sorted(one["path"], key=lambda point: point["strength"])
        for name, one in found.items()
        if one["path"]
    }
    if not paths:
        return None
    # One axis of inner loss for all baselines, so that panels compare.
    curves = [_loss_curve(name, path, None, None) for name, path in paths.items()]
    curves += _boosted(results, (1.0,))
    scale = measure_scale(
        [v for one in curves for v in (*one.y, *one.low, *one.beside)]
    )
    drawn = [
        _baseline(results, name, path, places, scale) for name, path in paths.items()
    ]
    has_svm = any(name.startswith("svm") for name in found)
    return {
        "id": "linear",
        "nav": "Baselines",
        "heading": results["text"]["headings"]["baselines"],
        "engines": drawn[0]["engines"],
        "has_networks": any("weights" in one["kept"] for one in drawn),
        "has_margins": has_svm and results["data"]["task"] != "regression",
        "baselines": drawn,
    }


def _baseline(
    results: Results, key: str, path: Path, places: int, scale: Scale
) -> dict[str, Any]:
    """Return the charts of a baseline: what it keeps, and its inner loss."""
    name, baseline = model_name(key), results["baselines"][key]
    strengths = [p["strength"] for p in path]
    known = [(p["loss"], p["strength"]) for p in path if p["loss"] is not None]
    chosen = min(known, key=lambda pair: pair[0])[1] if known else None
    one_se = baseline["one_se_strength"]
    boosted = _boosted(results, strengths)
    inputs = list(dict.fromkeys(name for p in path for name in p["values"]))
    coefficients: Figure | None = None
    if inputs and len(path) > 1:
        coefficients = coefficient_paths(
            strengths,
            {key: tuple(p["values"].get(key) for p in path) for key in inputs},
            name=name,
            chosen=chosen,
            one_se=one_se,
        )
    weights: Figure | None = None
    if any(p["live_units"] is not None for p in path):
        kept = tuple(p["coefficients"] for p in path)
        weights = curve_panel(
            strengths,
            [Curve(name, kept, pick=chosen, one_se=one_se)],
            measure="weights that are not zero",
            penalty="strength",
        )
    return {
        "name": name,
        "kept": _kept_words(baseline),
        "chosen": significant(chosen),
        "one_se": significant(one_se),
        "loss": fixed(baseline["outer"]["loss"], places),
        "coefficients": coefficients,
        "weights": weights,
        "losses": curve_panel(
            strengths,
            [*boosted, _loss_curve(name, path, chosen, one_se)],
            measure="inner loss",
            penalty="strength",
            y_scale=scale,
        ),
        "engines": [one.engine for one in boosted],
        "notes": baseline["notes"],
    }


def _boosted(results: Results, strengths: Sequence[float]) -> list[Curve]:
    """Return the inner loss of each engine's pick as a level line."""
    nothing = (None,) * len(strengths)
    return [
        Curve(engine, nothing, beside=(loss,) * len(strengths))
        for engine, found in results["engines"].items()
        if (loss := found["one_se"]["inner"]["loss"]) is not None
    ]


def _kept_words(baseline: BaselineData) -> str:
    """Return how many coefficients or weights are not 0, of how many."""
    kept = f"{count(baseline['coefficients'])} of {count(baseline['parameters'])}"
    units = baseline["live_units"]
    return kept if units is None else f"{kept} weights, {count(units)} live units"


def _loss_curve(
    name: str, path: Path, chosen: float | None, one_se: float | None
) -> Curve:
    pairs = [(p["loss"], p["se"]) for p in path]
    losses = tuple(loss for loss, _ in pairs)
    low = tuple(None if v is None or e is None else v - e for v, e in pairs)
    high = tuple(None if v is None or e is None else v + e for v, e in pairs)
    return Curve(name, losses, low, high, pick=chosen, one_se=one_se)


def engines_section(results: Results, places: int) -> dict[str, Any]:
    """Return chart and tables of all models that the outer folds judged."""
    models: list[tuple[str, str, OuterData, str, str]] = []
    for engine, found in results["engines"].items():
        unpenalised = found["unpenalised"]
        judged = [
            ("default", found["default"]["outer"], found["default"]["size"]),
            ("unpenalised", unpenalised["outer"], unpenalised["size"]),
            ("best", found["best"]["outer"], found["best"]["outer_size"]),
            ("one_se", found["one_se"]["outer"], found["one_se"]["outer_size"]),
        ]
        for kind, outer, size in judged:
            leaves, trees = count(size["leaves"]), count(size["trees"])
            models.append((f"{engine} {kind}", engine, outer, leaves, trees))
    for name, baseline in results["baselines"].items():
        models.append((name, "", baseline["outer"], _kept_words(baseline), MISSING))
    pairs = {(pair["a"], pair["b"]): pair for pair in results["comparisons"]}
    estimates = [
        Estimate(
            model_name(key),
            outer["loss"],
            outer["low"],
            outer["high"],
            engine=engine,
            filled=not key.endswith((" default", " unpenalised")),
        )
        for key, engine, outer, _, _ in models
    ]
    rows = tuple(
        (
            model_name(key),
            fixed(outer["loss"], places),
            span(outer, places),
            size,
            trees,
            signed_percent(pair and pair["change"]),
            change_span(pair),
        )
        for key, engine, outer, size, trees in models
        for pair in (pairs.get((key, f"{engine} default")),)
    )
    heads = (
        "model", "loss", "95% interval", "leaves, coefficients or weights", "trees",
        "to the library's defaults", "95% interval of the change",
    )  # fmt: skip
    return {
        "id": "engines",
        "nav": "Engines and baselines",
        "heading": results["text"]["headings"]["engines"],
        "chart": interval_chart(estimates, loss=results["data"]["loss"]),
        "differences": _differences_chart(results),
        "sizes": _sizes_chart(results),
        "table": TextTable("Means over the outer folds", heads, rows),
        "comparisons": _comparisons_table(results),
    }


def _differences_chart(results: Results) -> Figure | None:
    """Return the change of each pair, as a share of the second model's loss."""
    rows = [
        Difference(
            f"{model_name(pair['a'])} against {model_name(pair['b'])}",
            pair["change"],
            pair["low"],
            pair["high"],
            pair["a"].partition(" ")[0],
            detectable=pair["word"] != "not settled",
        )
        for pair in results["comparisons"]
    ]
    label = f"change of outer {results['data']['loss']}, on the same rows"
    return difference_chart(rows, label=label) if rows else None


def _sizes_chart(results: Results) -> Figure | None:
    rows = [
        Ratio(
            f"{model_name(one['a'])} / {model_name(one['b'])}",
            one["ratio"],
            one["low"],
            one["high"],
            tuple(v for v in one["folds"] if v is not None),
            one["a"].partition(" ")[0],
        )
        for one in results["sizes"]
    ]
    label = "leaves of the first by those of the second, paired by fold"
    return ratio_chart(rows, label=label) if rows else None


def _comparisons_table(results: Results) -> TextTable | None:
    rows = tuple(
        (
            f"{model_name(pair['a'])} against {model_name(pair['b'])}",
            signed_percent(pair["change"]),
            change_span(pair),
            pair["word"],
            count(pair["family"]),
            count(pair["n"]),
        )
        for pair in results["comparisons"]
    )
    heads = ("pair", "change", "95% interval", "verdict", "hold together", "n")
    caption = (
        "Changes of outer loss, below 0 where the first model is better; so many "
        "intervals hold together"
    )
    return TextTable(caption, heads, rows, (0, 3)) if rows else None
