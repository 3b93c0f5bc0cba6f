"""What a search's own loss promised, and what its picks were worth."""

from collections.abc import Mapping, Sequence
from typing import Any

from boostreg.figures import promise_chart
from boostreg.figures.numerals import fixed, signed
from boostreg.report.records import GIVEN
from boostreg.report.sections.tables import Table
from boostreg.report.sections.words import dig, engine_name, number

__all__ = ["promise_section"]


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
        "table": _table(engines, places),
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


def _table(engines: Mapping[str, Sequence[Mapping[str, Any]]], places: int) -> Table:
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
