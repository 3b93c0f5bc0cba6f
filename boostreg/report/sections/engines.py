"""Baselines along the strength of their penalty, beside the engines' inner loss."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

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
from boostreg.report.results import (
    BaselineData,
    BaselinePointData,
    ComparisonData,
    EngineData,
    OuterData,
    Results,
)
from boostreg.report.sections.words import TextTable, model_name, span

__all__ = ["baselines_section", "engines_section", "kept_words"]


Path = Sequence[BaselinePointData]


def baselines_section(results: Results, places: int) -> dict[str, Any] | None:
    """Return two small charts for each baseline with a path, None without any."""
    found = results["baselines"]
    paths = {name: one for name, one in found.items() if one["path"]}
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
        "heading": results["text"]["headings"]["baselines"],
        "engines": drawn[0]["engines"],
        "has_networks": any("weights" in one["kept"] for one in drawn),
        "has_margins": any(name.startswith("svm") for name in found)
        and results["data"]["task"] != "regression",
        "baselines": drawn,
    }


def _shared_scale(results: Results, found: Mapping[str, BaselineData]) -> Scale:
    """Return one axis of inner loss for all baselines, so that panels compare."""
    curves = [_loss_curve(name, _path(one), None, None) for name, one in found.items()]
    curves += _boosted(results, (1.0,))
    return measure_scale([v for one in curves for v in (*one.y, *one.low, *one.beside)])


def _path(baseline: BaselineData) -> Path:
    return sorted(baseline["path"], key=lambda point: point["strength"])


def _baseline(
    results: Results,
    name: str,
    baseline: BaselineData,
    places: int,
    scale: Scale,
) -> dict[str, Any]:
    path = _path(baseline)
    strengths = [p["strength"] for p in path]
    chosen, one_se = _chosen(path), baseline["one_se_strength"]
    curve = _loss_curve(model_name(name), path, chosen, one_se)
    boosted = _boosted(results, strengths)
    return {
        "name": model_name(name),
        "kept": kept_words(baseline),
        "chosen": significant(chosen),
        "one_se": significant(one_se),
        "loss": fixed(baseline["outer"]["loss"], places),
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


def kept_words(baseline: BaselineData) -> str:
    """Return how many coefficients or weights are not 0, of how many."""
    kept = f"{count(baseline['coefficients'])} of {count(baseline['parameters'])}"
    units = baseline["live_units"]
    return kept if units is None else f"{kept} weights, {count(units)} live units"


def _chosen(path: Path) -> float | None:
    known = [(p["loss"], p["strength"]) for p in path if p["loss"] is not None]
    return min(known, key=lambda pair: pair[0])[1] if known else None


Marks = tuple[float | None, float | None]
"""Strengths of least inner loss and of one standard error."""


def _coefficients(name: str, path: Path, strengths: Sequence[float], at: Marks) -> Any:
    inputs = list(dict.fromkeys(key for p in path for key in p["values"]))
    if not inputs or len(path) < 2:
        return None
    values = {key: tuple(p["values"].get(key) for p in path) for key in inputs}
    return coefficient_paths(
        strengths, values, name=model_name(name), chosen=at[0], one_se=at[1]
    )


def _weights(name: str, path: Path, strengths: Sequence[float], at: Marks) -> Any:
    """Return the weights of a network along its strengths, None for other models."""
    if all(p["live_units"] is None for p in path):
        return None
    kept = tuple(p["coefficients"] for p in path)
    curve = Curve(model_name(name), kept, pick=at[0], one_se=at[1])
    return curve_panel(
        strengths, [curve], measure="weights that are not zero", penalty="strength"
    )


def _loss_curve(
    name: str,
    path: Path,
    chosen: float | None,
    one_se: float | None,
) -> Curve:
    pairs = [(p["loss"], p["se"]) for p in path]
    losses = tuple(loss for loss, _ in pairs)
    low = tuple(None if v is None or e is None else v - e for v, e in pairs)
    high = tuple(None if v is None or e is None else v + e for v, e in pairs)
    return Curve(name, losses, low, high, pick=chosen, one_se=one_se)


_Kind = Literal["default", "unpenalised", "best", "one_se"]
_KINDS: tuple[_Kind, ...] = ("default", "unpenalised", "best", "one_se")


@dataclass(frozen=True, slots=True)
class _Model:
    """A model that the outer folds judged; ``size`` and ``trees`` in words."""

    key: str
    engine: str
    outer: OuterData
    size: str
    trees: str
    filled: bool


def engines_section(results: Results, places: int) -> dict[str, Any]:
    """Return chart and tables of all models that the outer folds judged."""
    models = _models(results)
    estimates = [_estimate(model) for model in models]
    loss = results["data"]["loss"]
    return {
        "id": "engines",
        "nav": "Engines and baselines",
        "heading": results["text"]["headings"]["engines"],
        "chart": interval_chart(estimates, loss=loss),
        "differences": _differences(results, loss),
        "sizes": _sizes(results),
        "table": _table(models, results, places),
        "comparisons": _comparisons(results, places),
    }


def _models(results: Results) -> list[_Model]:
    engines = [
        _engine_model(engine, kind, found)
        for engine, found in results["engines"].items()
        for kind in _KINDS
    ]
    baselines = [
        _Model(name, "", found["outer"], kept_words(found), MISSING, filled=True)
        for name, found in results["baselines"].items()
    ]
    return [*engines, *baselines]


def _engine_model(engine: str, kind: _Kind, found: EngineData) -> _Model:
    if kind == "best" or kind == "one_se":  # noqa: PLR1714 - a set narrows no type
        size, tuned = found[kind]["outer_size"], True
    else:
        size, tuned = found[kind]["size"], False
    return _Model(
        f"{engine} {kind}",
        engine,
        found[kind]["outer"],
        count(size["leaves"]),
        count(size["trees"]),
        filled=tuned,
    )


def _estimate(model: _Model) -> Estimate:
    return Estimate(
        model_name(model.key),
        model.outer["loss"],
        model.outer["low"],
        model.outer["high"],
        engine=model.engine,
        filled=model.filled,
    )


def _differences(results: Results, loss: str) -> Figure | None:
    rows = [_shares(pair) for pair in results["comparisons"]]
    label = f"difference of outer {loss}, paired by fold"
    return difference_chart(rows, label=label) if rows else None


def _sizes(results: Results) -> Figure | None:
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


def _shares(pair: ComparisonData) -> Difference:
    """Return a pair as shares of the second model's loss."""
    share, difference = pair["relative"], pair["difference"]
    base = difference / share if share and difference is not None else None
    low, high = (
        None if base is None or end is None else end / base
        for end in (pair["low"], pair["high"])
    )
    engine, _, _ = pair["a"].partition(" ")
    return Difference(
        f"{model_name(pair['a'])} \N{MINUS SIGN} {model_name(pair['b'])}",
        share,
        low,
        high,
        engine,
        detectable=pair["word"] != "not told apart",
    )


def _table(models: Sequence[_Model], results: Results, places: int) -> TextTable:
    heads = (
        "model", "loss", "95% interval", "leaves, coefficients or weights", "trees",
        "to the library's defaults", "95% interval of the difference",
    )  # fmt: skip
    rows = tuple(
        (
            model_name(model.key),
            fixed(model.outer["loss"], places),
            span(model.outer, places),
            model.size,
            model.trees,
            *_to_default(model, results, places),
        )
        for model in models
    )
    return TextTable("Means over the outer folds", heads, rows)


def _to_default(model: _Model, results: Results, places: int) -> tuple[str, str]:
    for pair in results["comparisons"]:
        if pair["a"] == model.key and pair["b"] == f"{model.engine} default":
            return signed(pair["difference"], places), span(pair, places, sign=True)
    return (MISSING, MISSING)


def _comparisons(results: Results, places: int) -> TextTable | None:
    rows = tuple(
        (
            f"{model_name(pair['a'])} against {model_name(pair['b'])}",
            signed(pair["difference"], places),
            span(pair, places, sign=True),
            _relative(pair["relative"]),
            significant(pair["p"], 2),
            significant(pair["adjusted"], 2),
            pair["word"],
            count(pair["n"]),
        )
        for pair in results["comparisons"]
    )
    heads = (
        "pair", "difference", "95% interval", "relative", "p", "adjusted p", "verdict",
        "n",
    )  # fmt: skip
    caption = (
        "Paired differences of outer loss, below 0 where the first model is better; "
        "p adjusted after Holm over all pairs"
    )
    return TextTable(caption, heads, rows, (0, 6)) if rows else None


def _relative(share: float | None) -> str:
    return MISSING if share is None else f"{signed(100 * share, 1)}%"
