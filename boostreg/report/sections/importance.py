"""Which penalties matter: shares of variance over a design that fills the space."""

from collections.abc import Mapping, Sequence
from typing import Any

from boostreg.figures import Figure, promise_chart, share_bars
from boostreg.figures.scale import fixed, percent, signed
from boostreg.report.records import GIVEN
from boostreg.report.results import ImportanceData, IncumbentData, Results
from boostreg.report.sections.words import TextTable, engine_name

__all__ = ["importance_section", "promise_section"]

_MEASURES = ("loss", "gap", "leaves")
_MOST_PAIRS = 3

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
    points = max(found["loss"]["points"] for found in engines.values())
    return {
        "id": "importance",
        "nav": "Which penalties matter",
        "heading": results["text"]["headings"]["importance"],
        "points": points,
        "shown": list(engines),
        "charts": [(measure, _chart(engines, measure)) for measure in _MEASURES],
        "engines": [
            {
                "name": engine_name(engine),
                "qualities": _qualities(found),
                "table": _table(engine, found),
                "pairs": _pairs(found),
            }
            for engine, found in engines.items()
        ],
    }


def _chart(engines: Mapping[str, Measured], measure: str) -> Figure:
    """Return bars of one measure; the order is that of the loss in all charts."""
    shares = {
        engine: found[measure]["main"] if found[measure]["determined"] else {}
        for engine, found in engines.items()
    }
    names = dict.fromkeys(
        name
        for found in engines.values()
        for one in found.values()
        for shares_ in (one["main"], *one["optuna"].values())
        for name in shares_
    )

    def weight(name: str) -> float:
        mains = [found["loss"]["main"].get(name) for found in engines.values()]
        return -max(share or 0.0 for share in mains)

    return share_bars(
        shares, sorted(names, key=weight), title=f"What explains the {measure}"
    )


def _qualities(found: Measured) -> str:
    """Return what may be said of each measure, by the surrogate's quality."""
    said = [
        f"{measure} {found[measure]['quality'] or 0.0:.2f}"
        + ("" if found[measure]["determined"] else " (not determined)")
        for measure in _MEASURES
    ]
    return ", ".join(said)


def _table(engine: str, found: Measured) -> TextTable:
    beside = found["loss"]["optuna"]
    names = list(
        dict.fromkeys(
            name
            for one in found.values()
            for shares in (one["main"], *one["optuna"].values())
            for name in shares
        )
    )
    names.sort(key=lambda name: -(found["loss"]["main"].get(name) or 0.0))
    rows = tuple(
        (
            name,
            *(percent(found[measure]["main"].get(name)) for measure in _MEASURES),
            *(percent(shares.get(name)) for shares in beside.values()),
        )
        for name in names
    )
    heads = (
        "penalty",
        *(f"of {measure}" for measure in _MEASURES),
        *(f"loss, Optuna {label}" for label in beside),
    )
    return TextTable(f"{engine_name(engine)}: share of the variance", heads, rows)


def _pairs(found: Measured) -> str:
    """Return the pairs that add most to the loss, in words."""
    pairs = found["loss"]["pairs"]
    largest = sorted(pairs, key=lambda pair: -pair["share"])[:_MOST_PAIRS]
    return ", ".join(
        f"{' with '.join(pair['penalties'])} {percent(pair['share'])}"
        for pair in largest
        if pair["share"] >= 0.005
    )


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
    return {
        "id": "promise",
        "nav": "What the search promised",
        "heading": results["text"]["headings"]["promise"],
        "loss": results["data"]["loss"],
        "engines": list(engines),
        "chart": promise_chart(drawn),
        "said": [
            sentence
            for engine in engines
            for sentence in (_said(results, engine, places), _guess(results, engine))
            if sentence
        ],
        "table": _promise_table(engines, places),
    }


def _said(results: Results, engine: str, places: int) -> str:
    found = results["engines"][engine]
    inner, bias = found["best"]["inner"]["loss"], found["winners_bias"]
    corrected = None if inner is None or bias is None else inner + bias
    return (
        f"{engine_name(engine)}: the best candidate on all rows has an inner loss of "
        f"{fixed(inner, places)}. It was chosen for it; the winner's bias is estimated "
        f"at {fixed(bias, places)} (Tibshirani and Tibshirani 2009), which makes "
        f"{fixed(corrected, places)}."
    )


def _guess(results: Results, engine: str) -> str | None:
    guess = results["engines"][engine]["guess"]
    return f"{engine_name(engine)}: {guess['sentence']}" if guess else None


def _promise_table(
    engines: Mapping[str, Sequence[IncumbentData]], places: int
) -> TextTable:
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
    heads = ("trial", "engine", "inner loss", "outer loss", "outer less inner")
    return TextTable(
        "Incumbents as the searches went on, means over outer folds",
        heads,
        rows,
        (0, 1),
    )


def _gap(point: IncumbentData) -> float | None:
    inner, outer = point["inner"], point["outer"]
    return None if inner is None or outer is None else outer - inner
