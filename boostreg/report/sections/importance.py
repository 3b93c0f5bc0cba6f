"""Which penalties matter: shares of variance over a design that fills the space."""

from collections.abc import Mapping, Sequence
from typing import Any

from boostreg.figures import Figure, promise_chart, share_bars
from boostreg.figures.scale import MISSING, fixed, percent, signed
from boostreg.report.records import GIVEN
from boostreg.report.sections.words import Table, dig, engine_name, number

__all__ = ["importance_section", "promise_section"]

_MEASURES = ("loss", "gap", "leaves")
_MOST_PAIRS = 3


def importance_section(results: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a table for each engine, None where no design was measured."""
    engines = {
        engine: dig(found, "importance")
        for engine, found in results["engines"].items()
        if dig(found, "importance")
    }
    if not engines:
        return None
    points = max(found["loss"]["points"] for found in engines.values())
    return {
        "id": "importance",
        "nav": "Which penalties matter",
        "heading": dig(results, "text", "headings", "importance"),
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


def _chart(engines: Mapping[str, Mapping[str, Any]], measure: str) -> Figure:
    """Return bars of one measure; the order is that of the loss in all charts."""
    shares = {
        engine: {name: number(share) for name, share in found[measure]["main"].items()}
        if measure in found and found[measure]["determined"]
        else {}
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
        mains = [dig(found, "loss", "main", name) for found in engines.values()]
        return -max((number(share) or 0.0 for share in mains), default=0.0)

    return share_bars(
        shares, sorted(names, key=weight), title=f"What explains the {measure}"
    )


def _qualities(found: Mapping[str, Any]) -> str:
    """Return what may be said of each measure, by the surrogate's quality."""
    said = [
        f"{measure} {number(one['quality']) or 0.0:.2f}"
        + ("" if one["determined"] else " (not determined)")
        for measure in _MEASURES
        if (one := found.get(measure))
    ]
    return ", ".join(said)


def _table(engine: str, found: Mapping[str, Any]) -> Table:
    beside = dig(found, "loss", "optuna") or {}
    names = list(
        dict.fromkeys(
            name
            for one in found.values()
            for shares in (one["main"], *one["optuna"].values())
            for name in shares
        )
    )
    names.sort(key=lambda name: -(number(dig(found, "loss", "main", name)) or 0.0))
    rows = tuple(
        (
            name,
            *(_share(dig(found, measure, "main", name)) for measure in _MEASURES),
            *(_share(shares.get(name)) for shares in beside.values()),
        )
        for name in names
    )
    heads = (
        "penalty",
        *(f"of {measure}" for measure in _MEASURES),
        *(f"loss, Optuna {label}" for label in beside),
    )
    return Table(f"{engine_name(engine)}: share of the variance", heads, rows)


def _share(value: Any) -> str:
    share = number(value)
    return MISSING if share is None else percent(share)


def _pairs(found: Mapping[str, Any]) -> str:
    """Return the pairs that add most to the loss, in words."""
    pairs = dig(found, "loss", "pairs") or []
    largest = sorted(pairs, key=lambda pair: -pair["share"])[:_MOST_PAIRS]
    return ", ".join(
        f"{' with '.join(pair['penalties'])} {percent(pair['share'])}"
        for pair in largest
        if pair["share"] >= 0.005
    )


def promise_section(results: Mapping[str, Any], places: int) -> dict[str, Any] | None:
    """Return incumbents by trial, their inner beside their outer loss, if any."""
    engines = {
        engine: found["overtuning"]
        for engine, found in results["engines"].items()
        if found.get("overtuning")
    }
    trials = number(dig(results, "study", "search", "trials"))
    finite = {
        engine: [point for point in points if _gap(point) is not None]
        for engine, points in engines.items()
    }
    drawn = {engine: points for engine, points in finite.items() if points}
    if not drawn or (trials is not None and trials <= GIVEN):
        return None
    return {
        "id": "promise",
        "nav": "What the search promised",
        "heading": dig(results, "text", "headings", "promise"),
        "loss": dig(results, "data", "loss") or "loss",
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


def _said(results: Mapping[str, Any], engine: str, places: int) -> str:
    inner = number(dig(results, "engines", engine, "best", "inner", "loss"))
    bias = number(dig(results, "engines", engine, "winners_bias"))
    corrected = None if inner is None or bias is None else inner + bias
    return (
        f"{engine_name(engine)}: the best candidate on all rows has an inner loss of "
        f"{fixed(inner, places)}. It was chosen for it; the winner's bias is estimated "
        f"at {fixed(bias, places)} (Tibshirani and Tibshirani 2009), which makes "
        f"{fixed(corrected, places)}."
    )


def _guess(results: Mapping[str, Any], engine: str) -> str | None:
    sentence = dig(results, "engines", engine, "guess", "sentence")
    return f"{engine_name(engine)}: {sentence}" if sentence else None


def _promise_table(
    engines: Mapping[str, Sequence[Mapping[str, Any]]], places: int
) -> Table:
    rows = tuple(
        (
            str(point["trial"]),
            engine_name(engine),
            fixed(number(point["inner"]), places),
            fixed(number(point["outer"]), places),
            signed(_gap(point), places),
        )
        for engine, points in engines.items()
        for point in points
    )
    heads = ("trial", "engine", "inner loss", "outer loss", "outer less inner")
    return Table(
        "Incumbents as the searches went on, means over outer folds",
        heads,
        rows,
        (0, 1),
    )


def _gap(point: Mapping[str, Any]) -> float | None:
    inner, outer = number(point["inner"]), number(point["outer"])
    return None if inner is None or outer is None else outer - inner
