"""Which penalties matter over the whole space, and what the search promised."""

from collections.abc import Collection, Mapping
from typing import Any

from boostreg.figures import promise_chart, share_bars
from boostreg.figures.scale import fixed, percent, signed
from boostreg.report.records import GIVEN
from boostreg.report.results import ImportanceData, IncumbentData, Results
from boostreg.report.wording import TextTable, engine_name

__all__ = ["importance_section", "promise_section"]

_MEASURES = ("loss", "gap", "leaves")
_MAX_PAIRS = 3

Measured = Mapping[str, ImportanceData]
"""By measure."""


def importance_section(results: Results) -> dict[str, Any] | None:
    """Return a table for each engine, None where no design was measured."""
    engines = {
        engine: found["importance"]
        for engine, found in results["engines"].items()
        if found["importance"]
    }
    if not engines:
        return None
    # The order of penalties is that of the loss in all charts.
    names = _by_loss(engines.values())
    charts = []
    for measure in _MEASURES:
        shares = {
            engine: found[measure]["main"] if found[measure]["determined"] else {}
            for engine, found in engines.items()
        }
        chart = share_bars(shares, names, title=f"What explains the {measure}")
        charts.append((measure, chart))
    return {
        "id": "importance",
        "nav": "Which penalties matter",
        "heading": results["text"]["headings"]["importance"],
        "points": max(found["loss"]["points"] for found in engines.values()),
        "shown": list(engines),
        "charts": charts,
        "engines": [
            {
                "name": engine_name(engine),
                "qualities": ", ".join(
                    f"{measure} {found[measure]['quality'] or 0.0:.2f}"
                    + ("" if found[measure]["determined"] else " (not determined)")
                    for measure in _MEASURES
                ),
                "table": _shares_table(engine, found),
                "pairs": ", ".join(
                    f"{' with '.join(pair['penalties'])} {percent(pair['share'])}"
                    for pair in sorted(
                        found["loss"]["pairs"], key=lambda pair: -pair["share"]
                    )[:_MAX_PAIRS]
                    if pair["share"] >= 0.005
                ),
            }
            for engine, found in engines.items()
        ],
    }


def _by_loss(engines: Collection[Measured]) -> list[str]:
    """Return the penalties, first what explains most of the loss of any engine."""
    names = dict.fromkeys(
        name
        for found in engines
        for one in found.values()
        for shares in (one["main"], *one["optuna"].values())
        for name in shares
    )

    def weight(name: str) -> float:
        return -max(found["loss"]["main"].get(name) or 0.0 for found in engines)

    return sorted(names, key=weight)


def _shares_table(engine: str, found: Measured) -> TextTable:
    beside = found["loss"]["optuna"]
    rows = tuple(
        (
            name,
            *(percent(found[measure]["main"].get(name)) for measure in _MEASURES),
            *(percent(shares.get(name)) for shares in beside.values()),
        )
        for name in _by_loss([found])
    )
    heads = (
        "penalty",
        *(f"of {measure}" for measure in _MEASURES),
        *(f"loss, Optuna {label}" for label in beside),
    )
    return TextTable(f"{engine_name(engine)}: share of the variance", heads, rows)


def promise_section(results: Results, places: int) -> dict[str, Any] | None:
    """Return incumbents by trial, their inner beside their outer loss, if any."""
    engines = {
        engine: found["overtuning"]
        for engine, found in results["engines"].items()
        if found["overtuning"]
    }
    finite = {
        engine: [point for point in points if _gap(point) is not None]
        for engine, points in engines.items()
    }
    drawn = {engine: points for engine, points in finite.items() if points}
    if not drawn or results["study"]["search"]["trials"] <= GIVEN:
        return None
    sentences = []
    for engine in engines:
        found = results["engines"][engine]
        inner, bias = found["best"]["inner"]["loss"], found["winners_bias"]
        corrected = None if inner is None or bias is None else inner + bias
        sentences.append(
            f"{engine_name(engine)}: the best candidate on all rows has an inner loss "
            f"of {fixed(inner, places)}. This is too low because it was chosen for it; "
            f"the winner's bias is estimated at {fixed(bias, places)} (Tibshirani and "
            f"Tibshirani 2009), and the corrected loss is {fixed(corrected, places)}."
        )
        if guess := found["guess"]:
            sentences.append(f"{engine_name(engine)}: {guess['sentence']}")
    rows = tuple(
        (
            str(point["trial"]),
            engine_name(engine),
            fixed(point["inner"], places),
            fixed(point["outer"], places),
            signed(_gap(point), places),
        )
        for engine, points in engines.items()
        for point in points
    )
    heads = ("trial", "engine", "inner loss", "outer loss", "outer minus inner")
    caption = "Best candidates as the searches went on, means over outer folds"
    return {
        "id": "promise",
        "nav": "What the search promised",
        "heading": results["text"]["headings"]["promise"],
        "loss": results["data"]["loss"],
        "engines": list(engines),
        "chart": promise_chart(drawn),
        "sentences": sentences,
        "table": TextTable(caption, heads, rows, (0, 1)),
    }


def _gap(point: IncumbentData) -> float | None:
    inner, outer = point["inner"], point["outer"]
    return None if inner is None or outer is None else outer - inner
