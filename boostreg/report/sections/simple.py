"""Trees or a simple model: outer losses of all models, and paths of the baselines."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from boostreg.figures import (
    Bin,
    ColumnUse,
    Curve,
    Estimate,
    Figure,
    calibration_chart,
    coefficient_paths,
    columns_chart,
    curve_panel,
    difference_chart,
    measure_scale,
    models_chart,
)
from boostreg.figures.scale import (
    MISSING,
    count,
    fixed,
    is_number,
    percent,
    places,
    shorten,
    signed,
    significant,
)
from boostreg.report.parts import ComparisonData, MetricValueData
from boostreg.report.results import (
    BaselineData,
    BaselinePointData,
    OuterData,
    Results,
    SizeData,
)
from boostreg.report.sections.answer import named_ensemble
from boostreg.report.wording import (
    PickName,
    TextTable,
    change_span,
    engine_name,
    model_name,
    signed_percent,
    span,
)

__all__ = ["simple_section"]

Path = Sequence[BaselinePointData]

_KINDS = {
    "best": "tuned: best",
    "one_se": "tuned: one_se",
    "unpenalised": "unpenalised",
    "default": "default",
}
"""Models of each engine by what the chart calls them."""

_TUNED: tuple[PickName, ...] = ("best", "one_se")

_MAX_COLUMNS = 10
"""Columns of the data that a chart lists."""


def simple_section(results: Results, decimals: int) -> dict[str, Any]:
    """Return outer losses, planned comparisons, and the path of the best linear model.

    Everything else is in tables and small charts, to be folded.
    """
    linear = _best_linear(results)
    headings = results["text"]["headings"]
    pairs = [pair for pair in results["comparisons"] if _is_planned(pair)]
    settled = sum(pair["word"] != "not settled" for pair in pairs)
    paths = _paths(results)
    on_engines = headings["engines"]
    if len(results["engines"]) < 2 or not linear:
        on_engines = f"{settled} of {len(pairs)} differences are settled"
    return {
        "id": "simple",
        "engines": list(results["engines"]),
        "loss": results["data"]["loss"],
        "title": headings["baselines" if linear else "engines"],
        "models": _models_charts(results, linear, decimals),
        "differences_title": on_engines,
        "differences": _difference_charts(results, pairs),
        "path": _path_charts(linear, paths[linear], results) if linear in paths else {},
        "table": _models_table(results, decimals),
        "columns": _columns_picture(results),
        "calibration": list(_calibration_pictures(results)),
        "comparisons": _comparisons_table(results),
        "sizes": _sizes_table(results),
        "baselines": list(_baselines(results, paths, decimals, linear)),
        "has_networks": any(
            one["live_units"] is not None for one in results["baselines"].values()
        ),
        "has_margins": results["data"]["task"] != "regression"
        and any(name.startswith("svm") for name in results["baselines"]),
    }


def _best_linear(results: Results) -> str:
    """Return the linear model that the run compared with the ensembles, "" if none."""
    compared = [
        pair["a"] for pair in results["comparisons"] if pair["b"].endswith(" best")
    ]
    found = results["baselines"]
    return next((a for a in compared if a in found and found[a]["linear"]), "")


class _Model(NamedTuple):
    """A model that the outer folds judged; baselines have no engine and no trees."""

    name: str
    engine: str
    outer: OuterData
    size: SizeData | None
    metrics: Mapping[str, MetricValueData]


def _models(results: Results) -> Iterator[_Model]:
    """Yield the models of each engine, then the baselines."""
    for engine, found in results["engines"].items():
        references = (
            ("default", found["default"]),
            ("unpenalised", found["unpenalised"]),
        )
        for kind, one in references:
            name, metrics = f"{engine} {kind}", one["metrics"]
            yield _Model(name, engine, one["outer"], one["size"], metrics)
        for kind, pick in (("best", found["best"]), ("one_se", found["one_se"])):
            name, metrics = f"{engine} {kind}", pick["metrics"]
            yield _Model(name, engine, pick["outer"], pick["outer_size"], metrics)
    for name, baseline in results["baselines"].items():
        metrics = baseline["metrics"]
        yield _Model(name, "", baseline["outer"], None, metrics)


def _metric_places(results: Results) -> dict[str, int]:
    """Return the decimals of each metric."""
    values: dict[str, list[float | None]] = {name: [] for name in results["metrics"]}
    for model in _models(results):
        for name, one in model.metrics.items():
            values[name].append(one["value"])
    return {name: places(found, 3) for name, found in values.items()}


def _models_charts(results: Results, linear: str, decimals: int) -> dict[str, Figure]:
    """Return the outer losses of ensembles and of the baselines that matter."""
    found = results["baselines"]
    networks = [name for name, one in found.items() if not one["linear"]]
    simple = [name for name in (linear, *networks, "mean") if name in found]
    groups: dict[str, list[Estimate]] = {name: [] for name in _KINDS.values()}
    groups |= {model_name(name): [] for name in simple}
    decimals_of = _metric_places(results)
    for name, engine, outer, size, metrics in _models(results):
        if not engine and name not in simple:
            continue
        kind = name.partition(" ")[2]
        leaves = f"{count(size['leaves'])} leaves" if size else _kept(found[name])
        one = Estimate(
            outer["loss"],
            outer["low"],
            outer["high"],
            words=(
                fixed(outer["loss"], decimals),
                leaves,
                *(_metric(metrics, key, n)[0] for key, n in decimals_of.items()),
            ),
            engine=engine,
            filled=kind in _TUNED or name in simple[:-1],
        )
        groups[_KINDS[kind] if engine else model_name(name)].append(one)
    labels = [one["label"] for one in results["metrics"].values()]
    heads = ("loss", "size", *(shorten(x.partition(" (")[0], 14) for x in labels))
    loss = results["data"]["loss"]
    return {
        "wide": models_chart(groups, heads, loss=loss),
        "narrow": models_chart(groups, heads, loss=loss, narrow=True),
    }


def _metric(
    metrics: Mapping[str, MetricValueData], name: str, decimals: int
) -> tuple[str, str]:
    """Return a metric and its interval, dashes where there is none."""
    one = metrics.get(name)
    return (fixed(one["value"], decimals), span(one, decimals)) if one else ("", "")


def _kept(baseline: BaselineData) -> str:
    if not baseline["path"]:
        return "no input"
    unit = "coefficients" if baseline["linear"] else "weights"
    return f"{count(baseline['coefficients'])} {unit}"


def _kept_words(baseline: BaselineData) -> str:
    """Return how many coefficients or weights are not 0, of how many."""
    kept = f"{count(baseline['coefficients'])} of {count(baseline['parameters'])}"
    units = baseline["live_units"]
    return kept if units is None else f"{kept} weights, {count(units)} live units"


def _is_planned(pair: ComparisonData) -> bool:
    """Return whether a comparison answers a question that the study asks."""
    (a, _, of_a), (b, _, of_b) = (pair[key].partition(" ") for key in ("a", "b"))
    if a == b:
        asked = {("best", "unpenalised"), ("best", "default"), ("one_se", "best")}
        return (of_a, of_b) in asked
    return of_b == "best" and of_a in ("", "best")


def _difference_charts(
    results: Results, pairs: Sequence[ComparisonData]
) -> dict[str, Figure]:
    """Return the changes of loss of the planned comparisons, if there are any."""
    groups: dict[str, list[Estimate]] = {}
    for pair in pairs:
        (a, _, of_a), (b, _, of_b) = (pair[key].partition(" ") for key in ("a", "b"))
        engine = a if of_a else b
        first = of_a or model_name(a)
        second = of_b if a == b or not of_a else engine_name(b)
        one = Estimate(
            pair["change"],
            pair["low"],
            pair["high"],
            words=(signed_percent(pair["change"]), pair["word"]),
            engine=engine,
            filled=pair["word"] != "not settled",
        )
        groups.setdefault(f"{first} against {second}", []).append(one)
    if not groups:
        return {}
    label = f"change of outer {results['data']['loss']}"
    tolerance = results["study"]["tolerance"]
    wide, narrow = (
        difference_chart(groups, label=label, tolerance=tolerance, narrow=is_narrow)
        for is_narrow in (False, True)
    )
    return {"wide": wide, "narrow": narrow}


def _models_table(results: Results, decimals: int) -> TextTable:
    pairs = {(pair["a"], pair["b"]): pair for pair in results["comparisons"]}
    rows = []
    decimals_of = _metric_places(results)
    for name, engine, outer, size, metrics in _models(results):
        measured = [_metric(metrics, key, n) for key, n in decimals_of.items()]
        pair = pairs.get((name, f"{engine} default"))
        baseline = results["baselines"].get(name)
        row = (
            model_name(name),
            fixed(outer["loss"], decimals),
            span(outer, decimals),
            _kept_words(baseline) if baseline else count(size and size["leaves"]),
            count(size["trees"]) if size else MISSING,
            signed_percent(pair and pair["change"]),
            change_span(pair),
            *(f"{value} ({ends})" if ends else MISSING for value, ends in measured),
        )
        rows.append(row)
    heads = (
        "model", "loss", "95% interval", "leaves, coefficients or weights", "trees",
        "to the library's defaults", "95% interval of the change",
        *(one["label"] for one in results["metrics"].values()),
    )  # fmt: skip
    return TextTable("Means over the outer folds", heads, tuple(rows))


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


def _sizes_table(results: Results) -> TextTable | None:
    rows = tuple(
        (
            f"{model_name(one['a'])} / {model_name(one['b'])}",
            significant(one["ratio"]),
            f"{significant(one['low'])} to {significant(one['high'])}"
            if is_number(one["low"])
            else MISSING,
        )
        for one in results["sizes"]
    )
    caption = (
        "Leaves of the first model by those of the second: geometric means over the "
        "outer folds; the intervals are not adjusted"
    )
    return TextTable(caption, ("pair", "ratio", "95% interval"), rows) if rows else None


def _columns_picture(results: Results) -> dict[str, Any]:
    """Return which columns the chosen ensemble uses, where that was measured."""
    engine, pick = named_ensemble(results)
    found = results["engines"][engine]["features"].get(pick)
    if not found or not found["features"]:
        return {}

    def change(rise: float | None) -> float | None:
        return None if rise is None else math.expm1(rise)

    used = [
        ColumnUse(
            one["name"],
            one["gain"],
            change(one["rise"]),
            change(one["low"]),
            change(one["high"]),
        )
        for one in found["features"][:_MAX_COLUMNS]
    ]
    first = used[0]
    title = f"{shorten(first.name)} has the largest share of the gain: "
    title += percent(first.gain)
    if first.change is not None:
        title += f"; permuted, {signed(100 * first.change, 0)}% loss"
    return {
        "title": title,
        "model": model_name(f"{engine} {pick}"),
        "used": count(found["used"]),
        "chart": columns_chart(used, engine=engine, title="Columns that it uses"),
    }


def _calibration_pictures(results: Results) -> Iterator[dict[str, Any]]:
    """Yield a chart for each class: observed shares by predicted probability."""
    by_class: dict[str, dict[str, list[Bin]]] = {}
    for one in results["calibration"]:
        engine, _, pick = one["model"].partition(" ")
        name = engine if pick else model_name(engine)
        bins = [
            Bin(b["predicted"], b["observed"], b["low"], b["high"]) for b in one["bins"]
        ]
        by_class.setdefault(str(one["label"]), {})[name] = bins
    for label, models in by_class.items():
        every = [one for bins in models.values() for one in bins]
        agree = sum(one.low <= one.predicted <= one.high for one in every)
        of_class = f"class {shorten(label)}"
        yield {
            "title": f"{of_class}: {agree} of {len(every)} groups of rows as predicted",
            "chart": calibration_chart(models, title=f"Calibration of {of_class}"),
        }


def _paths(results: Results) -> dict[str, Path]:
    """Return the path of each baseline that has one, by ascending strength."""
    return {
        name: sorted(one["path"], key=lambda point: point["strength"])
        for name, one in results["baselines"].items()
        if one["path"]
    }


def _chosen(path: Path) -> float | None:
    """Return the strength with the lowest inner loss."""
    known = [(p["loss"], p["strength"]) for p in path if p["loss"] is not None]
    return min(known, key=lambda pair: pair[0])[1] if known else None


def _path_charts(name: str, path: Path, results: Results) -> dict[str, Any]:
    """Return the coefficients of a model along its strength; none without inputs."""
    inputs = list(dict.fromkeys(name for p in path for name in p["values"]))
    if not inputs or len(path) < 2:
        return {}
    chosen, one_se = _chosen(path), results["baselines"][name]["one_se_strength"]
    wide, narrow = (
        coefficient_paths(
            [p["strength"] for p in path],
            {key: tuple(p["values"].get(key) for p in path) for key in inputs},
            name=model_name(name),
            chosen=chosen,
            one_se=one_se,
            narrow=is_narrow,
        )
        for is_narrow in (False, True)
    )
    kept = [p["coefficients"] for p in path if p["strength"] == chosen]
    title = f"Coefficients of {model_name(name)}"
    if kept:
        title = (
            f"{model_name(name)} keeps {count(kept[0])} of {count(len(inputs))} "
            f"coefficients at strength {significant(chosen)}"
        )
    return {"title": title, "wide": wide, "narrow": narrow}


def _baselines(
    results: Results, paths: dict[str, Path], decimals: int, linear: str
) -> Iterator[dict[str, Any]]:
    """Yield two small charts for each path: what the baseline keeps, its inner loss.

    One axis of inner loss for all, so that panels compare. The coefficients of
    ``linear`` are elsewhere.
    """
    curves = [_loss_curve(name, path, None, None) for name, path in paths.items()]
    curves += _boosted(results, (1.0,))
    scale = measure_scale(
        [v for one in curves for v in (*one.y, *one.low, *one.beside)]
    )
    for key, path in paths.items():
        baseline, chosen = results["baselines"][key], _chosen(path)
        strengths = [p["strength"] for p in path]
        own = _loss_curve(model_name(key), path, chosen, baseline["one_se_strength"])
        yield {
            "name": model_name(key),
            "kept": _kept_words(baseline),
            "chosen": significant(chosen),
            "one_se": significant(baseline["one_se_strength"]),
            "loss": fixed(baseline["outer"]["loss"], decimals),
            "coefficients": _path_charts(key, path, results).get("narrow")
            if key != linear
            else None,
            "weights": _weights(model_name(key), path, baseline),
            "losses": curve_panel(
                strengths,
                [*_boosted(results, strengths), own],
                measure="inner loss",
                penalty="strength",
                y_scale=scale,
            ),
            "notes": baseline["notes"],
        }


def _weights(name: str, path: Path, baseline: BaselineData) -> Figure | None:
    """Return the weights of a network that are not zero, None for another model."""
    if all(p["live_units"] is None for p in path):
        return None
    kept = tuple(p["coefficients"] for p in path)
    own = Curve(name, kept, pick=_chosen(path), one_se=baseline["one_se_strength"])
    return curve_panel(
        [p["strength"] for p in path],
        [own],
        measure="weights that are not zero",
        penalty="strength",
    )


def _boosted(results: Results, strengths: Sequence[float]) -> list[Curve]:
    """Return the inner loss of each engine's one_se as a level line."""
    nothing = (None,) * len(strengths)
    return [
        Curve(engine, nothing, beside=(loss,) * len(strengths))
        for engine, found in results["engines"].items()
        if (loss := found["one_se"]["inner"]["loss"]) is not None
    ]


def _loss_curve(
    name: str, path: Path, chosen: float | None, one_se: float | None
) -> Curve:
    pairs = [(p["loss"], p["se"]) for p in path]
    losses = tuple(loss for loss, _ in pairs)
    low = tuple(None if v is None or e is None else v - e for v, e in pairs)
    high = tuple(None if v is None or e is None else v + e for v, e in pairs)
    return Curve(name, losses, low, high, pick=chosen, one_se=one_se)
