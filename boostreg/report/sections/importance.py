"""Which penalties matter among good settings, and what the search promised."""

from collections.abc import Collection, Mapping
from typing import Any

from boostreg.figures import promise_chart, share_bars
from boostreg.figures.scale import MISSING, fixed, is_number, percent, signed
from boostreg.report.parts import LossChangeData
from boostreg.report.records import GIVEN
from boostreg.report.results import (
    EffectData,
    ImportanceData,
    IncumbentData,
    Results,
)
from boostreg.report.wording import PICKS, TextTable, engine_name, format_change

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
    return {
        "id": "importance",
        "nav": "Which penalties matter",
        "heading": results["text"]["headings"]["importance"],
        "points": max(found["loss"]["points"] for found in engines.values()),
        "shown": list(engines),
        "chart": share_bars(
            {
                engine: found["good"]["main"] if found["good"]["determined"] else {}
                for engine, found in engines.items()
            },
            _by_share(engines.values()),
            title="What explains the loss among good settings",
        ),
        "engines": [
            {
                "name": engine_name(engine),
                "quality": _quality(found, "good"),
                "table": _good_table(engine, found, results["effects"].get(engine, {})),
                "qualities": ", ".join(
                    f"{measure} {_quality(found, measure)}" for measure in _MEASURES
                ),
                "whole": _shares_table(engine, found),
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


def _quality(found: Measured, measure: str) -> str:
    one = found[measure]
    unknown = "" if one["determined"] else " (not determined)"
    return f"{one['quality'] or 0.0:.2f}{unknown}"


def _by_share(engines: Collection[Measured]) -> list[str]:
    """Return the penalties, first what explains most among good settings."""
    names = dict.fromkeys(
        name
        for found in engines
        for one in found.values()
        for shares in (one["main"], *one["optuna"].values())
        for name in shares
    )

    def weight(name: str) -> tuple[float, ...]:
        return tuple(
            -max(found[measure]["main"].get(name) or 0.0 for found in engines)
            for measure in ("good", "loss")
        )

    return sorted(names, key=weight)


def _good_table(
    engine: str, found: Measured, effects: Mapping[str, EffectData]
) -> TextTable:
    good = found["good"]
    rows = []
    for name in _by_share([found]):
        low, high = good["interval"].get(name) or (None, None)
        known = is_number(low) and is_number(high)
        ends = f"{percent(low)} to {percent(high)}" if known else MISSING
        tuned = effects[name]["tuned"] if name in effects else None
        gain = _change(tuned["against_off"]) if tuned else MISSING
        others = (percent(shares.get(name)) for shares in good["optuna"].values())
        rows.append((name, gain, percent(good["main"].get(name)), ends, *others))
    optuna = (f"Optuna's {label}" for label in good["optuna"])
    heads = ("penalty", "tuned, against off", "share of the loss", "95% CI", *optuna)
    caption = (
        f"{engine_name(engine)}: loss by tuning it at the chosen model, and its share "
        "of the loss's variance among good settings"
    )
    return TextTable(caption, heads, tuple(rows))


def _shares_table(engine: str, found: Measured) -> TextTable:
    rows = tuple(
        (
            name,
            *(percent(found[measure]["main"].get(name)) for measure in _MEASURES),
        )
        for name in _by_share([found])
    )
    heads = ("penalty", *(f"of {measure}" for measure in _MEASURES))
    caption = f"{engine_name(engine)}: share of the variance over the whole space"
    return TextTable(caption, heads, rows)


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
        sentences.append(_gap_sentence(engine, found["nested_gap"]))
        if guess := found["guess"]:
            sentences.append(f"{engine_name(engine)}: {guess['sentence']}")
    rows = tuple(
        (
            str(point["trial"]),
            engine_name(engine),
            fixed(point["inner"], places),
            fixed(point["outer"], places),
            signed(_gap(point), places),
            MISSING if point is points[-1] else _change(point["later"]),
        )
        for engine, points in engines.items()
        for point in points
    )
    heads = (
        "trial",
        "engine",
        "inner loss",
        "outer loss",
        "outer minus inner",
        "outer loss by later trials",
    )
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


def _gap_sentence(engine: str, gaps: Mapping[str, LossChangeData]) -> str:
    """Return how much higher the outer loss is than the inner loss that selected."""
    parts = [f"{_change(gaps[pick])} for {pick}" for pick in PICKS if pick in gaps]
    return (
        f"{engine_name(engine)}: outer against inner loss of the candidates selected "
        f"within the outer folds: {', '.join(parts)}. Inner losses tend to be too low, "
        "because candidates are selected by them; expect the same on all rows."
    )


def _change(gap: LossChangeData) -> str:
    """Return a change with its interval, or why it has none."""
    values = [gap["change"], gap["low"], gap["high"]]
    change, low, high = (format_change(x) if is_number(x) else MISSING for x in values)
    if not is_number(gap["low"]):
        return f"{change} ({gap['method']})"
    return f"{change} (95% CI {low} to {high})"
