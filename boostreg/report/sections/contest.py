"""Engines, references and baselines on the same outer folds."""

from collections.abc import Mapping, Sequence
from typing import Any

from boostreg.figures import (
    Difference,
    Estimate,
    Figure,
    Ratio,
    difference_chart,
    interval_chart,
    ratio_chart,
)
from boostreg.figures.numerals import (
    MISSING,
    count,
    fixed,
    signed,
    significant,
)
from boostreg.report.sections.baselines import kept_words
from boostreg.report.sections.tables import Table
from boostreg.report.sections.words import dig, model_name, number, span

__all__ = ["engines_section"]

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
