"""Findings on trees and values: sizes, statements of textbooks, good values."""

import math
from collections.abc import Iterator, Sequence

from boostreg.evidence.finding import (
    LETTERS,
    Data,
    EvidenceFinding,
    ratio,
)
from boostreg.evidence.tables import TOGETHER
from boostreg.figures import (
    ClaimLine,
    RatioRow,
    ResultBar,
    claim_chart,
    encoding,
    tables_chart,
)
from boostreg.figures.scale import factor, percent, significant
from boostreg.report.wording import listed

__all__ = [
    "SIZES_IN_FULL",
    "SIZE_WORDS",
    "along_rows",
    "how_many",
    "least_held",
    "most_changed",
    "of_sizes",
    "of_statements",
    "of_values",
    "size_factor",
]

SIZE_WORDS = {
    "trees": "trees",
    "leaves_per_tree": "per tree",
    "leaf_weight": "weights",
}


def of_sizes(content: Data) -> Iterator[EvidenceFinding]:
    """Yield what tuning does to trees, leaves per tree and leaf weights."""
    rows = []
    for name in content["order"]:
        by_engine = {
            engine: one
            for engine, one in content["penalties"][name].items()
            if engine != TOGETHER
        }
        for size, words in SIZE_WORDS.items():
            found = {e: one["sizes"][size] for e, one in by_engine.items()}
            known = {e: one for e, one in found.items() if one is not None}
            if known:
                ratios = {e: ratio(one) for e, one in known.items()}
                rows.append(RatioRow(f"{name}: {words}", ratios))
    if not rows:
        return
    title = "No penalty is shown to change the mean number of trees or their leaves"
    stable = ""
    if most := most_changed(content):
        name, size, engine = most
        one = content["penalties"][name][engine]["sizes"][size]
        title = (
            f"{name} changes {SIZES_IN_FULL[size]} most: {size_factor(one)} in "
            f"{encoding(engine).name}"
        )
        stable = _stability_of_size(one)
    yield EvidenceFinding(
        "sizes",
        title,
        "Factor by tuning a penalty, the others tuned, mean over tables with its 95% "
        f"interval. Per tree: leaves. Weights: mean absolute leaf weight.{stable}",
        tables_chart(
            rows,
            title="What tuning does to trees",
            label="factor (log axis)",
            letters=LETTERS,
        ),
    )


SIZES_IN_FULL = {
    "trees": "trees",
    "leaves_per_tree": "leaves per tree",
    "leaf_weight": "leaf weights",
}


def most_changed(content: Data) -> tuple[str, str, str] | None:
    """Return the penalty, size and engine with the largest factor that is shown."""
    shown = [
        (abs(math.log(1 + one["change"])), (name, size, engine))
        for name in content["order"]
        for engine, entry in content["penalties"][name].items()
        if engine != TOGETHER
        for size in SIZE_WORDS
        if (one := entry["sizes"][size]) and (one["low"] > 0 or one["high"] < 0)
    ]
    return max(shown)[1] if shown else None


def size_factor(one: Data) -> str:
    """Return the factor on a size with its interval."""
    change, low, high = (factor(1 + one[key]) for key in ("change", "low", "high"))
    return f"{change} ({low} to {high})"


def _stability_of_size(one: Data) -> str:
    """Return how the largest factor changes if any one table is left out."""
    found = one["without_one"]
    if found is None:
        return ""
    low, high = (factor(1 + found[end]) for end in ("lowest", "highest"))
    sure = "every interval excludes 1" if found["apart"] else "not all intervals do so"
    return f" Leaving out any one table, the largest is {low} to {high}: {sure}."


def of_statements(content: Data) -> Iterator[EvidenceFinding]:
    """Yield how often the statements of textbooks on ensembles hold."""
    found = content["statements"]
    rows = []
    for one in found:
        ratios = {
            engine: (counts["factor"][1], counts["factor"][0], counts["factor"][2])
            for engine, counts in one["stopped"].items()
            if counts["factor"] is not None
        }
        if ratios:
            size = SIZE_WORDS.get(one["size"], one["size"])
            rows.append(RatioRow(f"{one['penalty']}: {size}", ratios))
    if not rows:
        return
    equal = [
        f"{one['statement']} {how_many(one['equal'])}" for one in found if one["equal"]
    ]
    least = least_held(found)
    most = max(found, key=lambda one: _held(one["stopped"]))
    yield EvidenceFinding(
        "statements",
        f"Of what textbooks say, this holds on the fewest tables: {least['statement']} "
        f"{how_many(least['stopped'])}, median factor {_medians(least['stopped'])}; "
        f"this on most: {most['statement']} {how_many(most['stopped'])}",
        "From the weakest to the strongest value without other penalties, with early "
        "stopping: median factor over tables, with its quartiles. A statement holds "
        "where the factor is below 1 / 1.1. At equal rounds: "
        f"{'; '.join(equal) or 'not measured'}.",
        tables_chart(
            rows,
            title="Statements of textbooks on ensembles",
            label="factor on the size (log axis)",
            letters=LETTERS,
        ),
    )


def least_held(statements: Sequence[Data]) -> Data:
    """Return the statement that holds on the fewest tables."""
    return min(statements, key=lambda one: _held(one["stopped"]))


def _held(by_engine: Data) -> float:
    """Return the share of the tables on which a size falls, mean over engines."""
    shares = [one["falls"] / one["tables"] for one in by_engine.values()]
    return math.fsum(shares) / max(len(shares), 1)


def how_many(by_engine: Data) -> str:
    """Return the tables on which a size falls, of all, by engine."""
    counts = [
        f"{encoding(engine).name} {one['falls']} of {one['tables']}"
        for engine, one in by_engine.items()
    ]
    return f"({', '.join(counts)})"


def _medians(by_engine: Data) -> str:
    """Return the median factor on a size by engine."""
    known = [one["factor"] for one in by_engine.values() if one["factor"]]
    return listed([factor(quartiles[1]) for quartiles in known]) or "not known"


def _valued(content: Data) -> Iterator[tuple[str, str, Data]]:
    """Yield each penalty and engine whose good values are known, and them."""
    for name in content["order"]:
        for engine, one in content["penalties"][name].items():
            found = one.get("values")
            if found is not None and found["rows"] is not None:
                yield name, engine, found


def of_values(content: Data) -> Iterator[EvidenceFinding]:
    """Yield where the good values of one penalty lie, by the rows of the table."""
    known = [
        (name, engine, found)
        for name, engine, found in _valued(content)
        if found["along_rows"] is not None
    ]
    if not known:
        return
    name = known[0][0]
    unit = " rows" * (known[0][2]["share"] is not None)
    lines, medians, ends = [], [], []
    for one, engine, found in known:
        if one != name:
            continue
        bars = tuple(
            ResultBar(t["rows"], t["center"], t["low"], t["high"])
            for t in found["by_table"]
        )
        lines.append(_trend(engine, bars, found["along_rows"]["factor"]))
        ends.append(
            f"{encoding(engine).name} off in {percent(found['off'])} of the folds, at "
            f"the strongest value tried in {percent(found['at_the_strongest'])}"
        )
        medians.append(f"{encoding(engine).name} {good_values(found)}")
    yield EvidenceFinding(
        "values",
        f"Good values of {name}{unit and ', in rows'}: {listed(medians)}",
        "Each bar is a table: the lowest to the highest value that the inner folds "
        "chose, off left out. Line: the trend of their geometric means. "
        f"{'; '.join(ends)}. Values are medians over tables.",
        claim_chart(
            lines,
            title=f"Good values of {name}",
            x_label="rows of the table",
            y_label=f"{name}{unit and ', in rows'}",
            x_log=True,
            y_log=True,
        ),
    )


def good_values(found: Data) -> str:
    """Return the median over tables of the values that inner folds chose."""
    low, middle, high = (significant(value, 2) for value in found["rows"])
    return f"{middle} (quartiles {low} to {high})"


def _trend(engine: str, bars: Sequence[ResultBar], per_ten: float) -> ClaimLine:
    """Return the line through the means of the logarithms, with all bars."""
    xs = [math.log10(bar.x) for bar in bars]
    middle = math.fsum(xs) / len(xs)
    height = math.fsum(math.log10(bar.y) for bar in bars) / len(bars)
    ends = (min(xs), max(xs))
    y = [10 ** (height + math.log10(per_ten) * (x - middle)) for x in ends]
    drawn = encoding(engine)
    return ClaimLine(
        drawn.name, [10**x for x in ends], y, drawn.class_, measured=tuple(bars)
    )


def along_rows(content: Data) -> Iterator[EvidenceFinding]:
    """Yield how good values move with the rows."""
    rows: dict[str, dict[str, tuple[float | None, float | None, float | None]]] = {}
    shown = []
    for name, engine, found in _valued(content):
        along = found["along_rows"]
        if along is None:
            continue
        ends = (along["factor"], along["low"], along["high"])
        rows.setdefault(name, {})[engine] = ends
        if along["low"] > 1 or along["high"] < 1:
            low, high = factor(along["low"]), factor(along["high"])
            words = f"{name} in {encoding(engine).name} {factor(along['factor'])}"
            shown.append(f"{words} ({low} to {high})")
    if rows:
        title = "No good value is shown to change with the rows of the table"
        if shown:
            title = f"With ten times the rows, good values change: {listed(shown)}"
        yield EvidenceFinding(
            "values-along-rows",
            title,
            "Factor on the good value per tenfold rows, in rows. 1: one number of rows "
            "fits every table; 10: the same share does.",
            tables_chart(
                [RatioRow(name, ratios) for name, ratios in rows.items()],
                title="Good values and rows",
                label="factor per tenfold rows (log axis)",
            ),
        )
