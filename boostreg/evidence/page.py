"""The page of evidence: findings over many tables, each a sentence and a picture.

Sentences are made from the intervals that the pictures show. The page is made from the
shell and the figures of the reports, so that it loads nothing and escapes all names.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from boostreg.evidence.meta import MODERATORS, Evidence
from boostreg.evidence.tables import TOGETHER
from boostreg.figures import (
    ClaimLine,
    Figure,
    PenaltyEffect,
    PenaltyRow,
    RatioRow,
    ResultBar,
    claim_chart,
    encoding,
    penalty_forest,
    share_bars,
    tables_chart,
)
from boostreg.figures.scale import MISSING, count, factor, percent, significant
from boostreg.report.shell import fill
from boostreg.report.wording import (
    PENALTY_WORDS,
    TextTable,
    capitalize,
    counted,
    format_change,
    listed,
)

__all__ = ["render_evidence"]

_STYLES = ("report.css", "answer.css", "print.css", "pages.css")
_SCRIPTS = ("tools.js", "picture.js", "ready.js")
_MAX_BY_TABLE = 3

_SAYS: Mapping[str, str] = {
    "better": "lowers the loss",
    "worse": "raises the loss",
    "same": "changes the mean loss by less than {}",
    "as good": "costs less than {}, and is not shown to lower the loss",
    "not settled": "is not settled",
}
"""What tuning a penalty does, by the word of its interval and the tolerance."""

_FOREST_WORDS: Mapping[str, str] = {
    "better": "helps",
    "worse": "harms",
    "same": "no effect that matters",
    "as good": "does no harm",
}
_SIZE_WORDS = {"trees": "trees", "leaves_per_tree": "per tree", "weight": "weights"}
_MODEL_WORDS = {
    "unpenalised": "no penalties",
    "default": "library defaults",
    "linear": "linear model",
}
_LETTERS = 25
"""Room for the names of charts whose rows are not tables."""

_GROUPS: Mapping[str, str] = {
    "worse": "Tuning raises the mean loss",
    "same": "The mean loss changes by less than {}",
    "as good": "Costs less than {}, not shown to help",
    "not settled": "Not settled",
}
"""What precedes the penalties of a word."""


Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Finding:
    """A finding: its address, sentence, how to read its picture, and the picture."""

    id: str
    title: str
    note: str
    figure: Figure
    narrow: Figure | None = None
    wide: bool = False


def render_evidence(evidence: Evidence) -> str:
    """Return the page.

    The same content gives the same bytes. Where fewer than three tables measure
    something, nothing is said of it.
    """
    content = evidence.content
    findings = list(_findings(content))
    engines = [
        name
        for name in dict.fromkeys(
            engine for one in content["penalties"].values() for engine in one
        )
        if name != TOGETHER
    ]
    return fill(
        "meta.html",
        styles=_STYLES,
        scripts=_SCRIPTS,
        title="What penalties do in general",
        n_tables=len(content["tables"]),
        answer=_answer(content),
        first=_first_table(content),
        findings=findings,
        engines=[*engines, TOGETHER],
        tables=_tables(content),
        left_out=evidence.left_out,
        tolerance=percent(content["tolerance"], 1).replace(".0%", "%"),
    )


def _ends(one: Data | None) -> tuple[float | None, float | None, float | None]:
    if one is None:
        return (None, None, None)
    return (one["change"], one["low"], one["high"])


def _ratio(one: Data | None) -> tuple[float | None, float | None, float | None]:
    value, low, high = _ends(one)
    if value is None or low is None or high is None:
        return (None, None, None)
    return (1 + value, 1 + low, 1 + high)


def _interval(one: Data) -> str:
    """Return a change with its interval."""
    low, high = format_change(one["low"]), format_change(one["high"])
    return f"{format_change(one['change'])} (95% CI {low} to {high})"


def _factors(one: Data) -> str:
    """Return a change as a factor with its interval."""
    low, high = factor(1 + one["low"]), factor(1 + one["high"])
    return f"{factor(1 + one['change'])} ({low} to {high})"


def _tolerance(content: Data) -> str:
    return f"{significant(100 * content['tolerance'])}%"


def _says(content: Data, gain: Data) -> str:
    return _SAYS[gain["word"]].format(_tolerance(content))


def _gains(content: Data) -> dict[str, Data]:
    """Return the mean gain of each penalty that has one, the largest first."""
    gains = {p: content["penalties"][p][TOGETHER]["gain"] for p in content["order"]}
    return {name: gain for name, gain in gains.items() if gain is not None}


def _answer(content: Data) -> list[str]:
    """Return what to tune first, and what not."""
    gains, n = _gains(content), counted(len(content["tables"]), "table")
    if not gains:
        why = "a mean needs three tables on which the same penalty was tuned"
        return [f"{n} cannot say what penalties do in general: {why}."]
    better = [name for name, gain in gains.items() if gain["word"] == "better"]
    lines = [f"No penalty is shown to lower the mean loss on top of the others, {n}."]
    if better:
        first = gains[better[0]]
        over = counted(first["tables"], "table")
        means = f"{_interval(first)} loss over {over}"
        lines = [f"Tune {better[0]} first: {means}, on top of the other penalties."]
        if len(better) > 1:
            also = listed([f"{name} {_interval(gains[name])}" for name in better[1:]])
            lines.append(f"Then {also}.")
    for word, group in _GROUPS.items():
        names = [name for name, gain in gains.items() if gain["word"] == word]
        if names:
            said = listed([f"{name} {_interval(gains[name])}" for name in names])
            lines.append(f"{group.format(_tolerance(content))}: {said}.")
    return lines


def _first_table(content: Data) -> TextTable:
    rows = []
    for one in content["first"]:
        later = one["later"]
        rows.append(
            (
                f"{one['trials']} trials",
                ", ".join(one["tune"]) or "nothing: stop early, keep the defaults",
                ", ".join(one["leave"]) or MISSING,
                MISSING
                if later is None
                else f"{_interval(later)}, {counted(later['tables'], 'table')}",
            )
        )
    return TextTable(
        "What to tune first",
        ("with", "tune", "leave at its default", "loss by all later trials"),
        tuple(rows),
        (0, 1, 2, 3),
    )


def _findings(content: Data) -> Iterator[_Finding]:
    """Yield up to ten findings."""
    for make in (_of_models, _of_penalties):
        yield from make(content)
    yield from _by_table(content)
    for make in (_how_often, _of_sizes, _of_values, _of_rows, _of_moderators):
        yield from make(content)


def _of_models(content: Data) -> Iterator[_Finding]:
    """Yield what tuning all penalties together gains."""
    rows = [
        RatioRow(_MODEL_WORDS[kind], {e: _ratio(one) for e, one in by_engine.items()})
        for kind, by_engine in content["models"].items()
        if any(one is not None for one in by_engine.values())
    ]
    found = content["models"].get("unpenalised", {})
    said = [
        f"{encoding(engine).name} {_interval(one)}"
        for engine, one in found.items()
        if one is not None
    ]
    if rows and said:
        yield _Finding(
            "all-penalties",
            f"All penalties tuned, against none: {listed(said)} loss",
            "Loss of the tuned model over that of each other model, mean over tables "
            "with its 95% interval; below 1 is better.",
            tables_chart(
                rows,
                title="Tuned models against others",
                label="factor on the loss (log axis)",
                letters=_LETTERS,
            ),
        )


def _of_penalties(content: Data) -> Iterator[_Finding]:
    """Yield what tuning each penalty gains on top of the others."""
    rows = []
    for name in content["order"]:
        by_engine = content["penalties"][name]
        effects = tuple(
            PenaltyEffect(
                engine, _ends(one[key]), _ratio(_leaves(one, key)), key == "gain"
            )
            for engine, one in by_engine.items()
            if engine != TOGETHER
            for key in ("gain", "alone")
            if one[key] is not None
        )
        gain = by_engine[TOGETHER]["gain"]
        if effects and gain is not None:
            word = _FOREST_WORDS.get(gain["word"], "not settled")
            rows.append(PenaltyRow(name, PENALTY_WORDS[name], word, effects))
    if rows:
        gains = _gains(content)
        first, gain = next(iter(gains.items()))
        low, high = map(format_change, gain["predicted"])
        yield _Finding(
            "penalties",
            f"With the others tuned, {first} {_says(content, gain)}; on another table, "
            f"{low} to {high} is expected",
            "Mean over tables of the change by tuning one penalty, with its 95% "
            "interval; hollow: alone. The word is of all engines together.",
            penalty_forest(rows, loss="loss"),
            penalty_forest(rows, loss="loss", narrow=True),
            wide=True,
        )


def _leaves(one: Data, key: str) -> Data | None:
    return one["sizes"]["leaves"] if key == "gain" else None


def _by_table(content: Data) -> Iterator[_Finding]:
    """Yield the tables one by one, for the penalties that change the loss most."""
    ranked = sorted(_gains(content).items(), key=lambda pair: -abs(pair[1]["change"]))
    for name, gain in ranked[:_MAX_BY_TABLE]:
        one = content["penalties"][name][TOGETHER]
        rows = [
            RatioRow(table["table"], {TOGETHER: _ratio(table)})
            for table in sorted(one["by_table"], key=lambda t: t["change"])
        ]
        low, high = gain["predicted"]
        mean, other = _ratio(gain), (1 + gain["change"], 1 + low, 1 + high)
        rows += [
            RatioRow("mean", {TOGETHER: mean}, mean=True),
            RatioRow("another table", {TOGETHER: other}, mean=True),
        ]
        yield _Finding(
            f"by-table-{name}",
            f"{name} is shown to help on {one['shown_to_help']} of "
            f"{counted(one['tables'], 'table')} and to harm on {one['shown_to_harm']}",
            f"Loss with {name} tuned over the loss without it; the last row is the "
            f"prediction interval. {_stability(one)}",
            tables_chart(
                rows,
                title=f"Tuning {name}, by table",
                label="factor on the loss (log axis)",
            ),
        )


def _stability(one: Data) -> str:
    """Return how the mean changes if any one table is left out."""
    found = one["without_one"]
    if found is None:
        return ""
    low, high = format_change(found["lowest"]), format_change(found["highest"])
    words = listed(found["words"], "or")
    return f"Without any one table, the mean is {low} to {high}: {words}."


def _how_often(content: Data) -> Iterator[_Finding]:
    """Yield on how many tables tuning changes the loss by more than the tolerance."""
    names = list(_gains(content))
    if not names:
        return
    penalties, limit = content["penalties"], _tolerance(content)
    shares = {
        engine: {
            name: one["helps"] / one["tables"]
            for name in names
            if (one := penalties[name].get(engine, {"tables": 0}))["tables"]
        }
        for engine in dict.fromkeys(e for name in names for e in penalties[name])
    }
    whole = {name: penalties[name][TOGETHER] for name in names}
    most = max(names, key=lambda name: whole[name]["helps"] / whole[name]["tables"])
    top = whole[most]
    harms = [f"{name} {one['harms']} of {one['tables']}" for name, one in whole.items()]
    yield _Finding(
        "how-often",
        f"{most} helps most often: by more than {limit} on {top['helps']} of "
        f"{counted(top['tables'], 'table')}",
        f"Share of the tables on which the estimate is more than {limit} lower. More "
        f"than {limit} higher: {listed(harms)}.",
        share_bars(shares, names, title=f"Tables that gain more than {limit}"),
    )


def _of_sizes(content: Data) -> Iterator[_Finding]:
    """Yield what tuning does to trees, leaves per tree and leaf weights."""
    rows, shown = [], []
    for name in content["order"]:
        by_engine = {
            engine: one
            for engine, one in content["penalties"][name].items()
            if engine != TOGETHER
        }
        for size, words in _SIZE_WORDS.items():
            found = {e: _size(one, size) for e, one in by_engine.items()}
            known = {e: one for e, one in found.items() if one is not None}
            if known:
                ratios = {e: _ratio(one) for e, one in known.items()}
                rows.append(RatioRow(f"{name}: {words}", ratios))
            shown += [
                (abs(math.log(1 + one["change"])), name, words, engine, one)
                for engine, one in known.items()
                if one["low"] > 0 or one["high"] < 0
            ]
    if not rows:
        return
    title = "No penalty is shown to change the mean number of trees or their leaves"
    if shown:
        _, name, words, engine, one = max(shown, key=lambda entry: entry[0])
        what = {"weights": "leaf weights", "per tree": "leaves per tree"}
        title = (
            f"{name} changes {what.get(words, words)} most: "
            f"{_factors(one)} in {encoding(engine).name}"
        )
    yield _Finding(
        "sizes",
        title,
        "Factor by tuning a penalty, the others tuned, mean over tables with its 95% "
        "interval. Per tree: leaves. Weights: mean absolute leaf weight.",
        tables_chart(
            rows,
            title="What tuning does to trees",
            label="factor (log axis)",
            letters=_LETTERS,
        ),
    )


def _size(one: Data, size: str) -> Data | None:
    found: Data | None = one["leaf_weight"] if size == "weight" else one["sizes"][size]
    return found


def _valued(content: Data) -> Iterator[tuple[str, str, Data]]:
    """Yield each penalty and engine whose good values are known, and them."""
    for name in content["order"]:
        for engine, one in content["penalties"][name].items():
            found = one.get("values")
            if found is not None and found["rows"] is not None:
                yield name, engine, found


def _of_values(content: Data) -> Iterator[_Finding]:
    """Yield where the good values of one penalty lie, by the rows of the table."""
    known = [
        (name, engine, found)
        for name, engine, found in _valued(content)
        if found["along_rows"] is not None
    ]
    in_rows = [entry for entry in known if entry[2]["share"] is not None] or known
    if not in_rows:
        return
    name = in_rows[0][0]
    lines, medians = [], []
    for one, engine, found in in_rows:
        if one != name:
            continue
        bars = tuple(
            ResultBar(t["rows"], t["center"], t["low"], t["high"])
            for t in found["by_table"]
        )
        low, middle, high = found["rows"]
        lines.append(_trend(engine, bars, found["along_rows"]["factor"]))
        medians.append(
            f"{encoding(engine).name} {significant(middle, 2)} "
            f"(quartiles {significant(low, 2)} to {significant(high, 2)}; off in "
            f"{percent(found['off'])} of the folds)"
        )
    unit = " rows" if in_rows[0][2]["share"] is not None else ""
    yield _Finding(
        "values",
        f"Good values of {name}, in{unit or ' its own unit'}: {listed(medians)}",
        "Each bar is a table: the lowest to the highest value that the inner folds "
        "chose, off left out. Line: the trend of their geometric means.",
        claim_chart(
            lines,
            title=f"Good values of {name}",
            x_label="rows of the table",
            y_label=f"{name}{unit and ', in rows'}",
            x_log=True,
            y_log=True,
        ),
    )


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


def _of_rows(content: Data) -> Iterator[_Finding]:
    """Yield how good values move with the rows."""
    rows: dict[str, dict[str, tuple[float | None, float | None, float | None]]] = {}
    said = []
    for name, engine, found in _valued(content):
        along = found["along_rows"]
        if along is None:
            continue
        ends = (along["factor"], along["low"], along["high"])
        rows.setdefault(name, {})[engine] = ends
        low, high = factor(along["low"]), factor(along["high"])
        rank = significant(along["rank_correlation"], 2)
        said.append(
            f"{name} in {encoding(engine).name} {factor(along['factor'])} "
            f"({low} to {high}), rank correlation {rank}"
        )
    if rows:
        yield _Finding(
            "values-along-rows",
            f"With ten times the rows, the good value changes: {said[0]}",
            "Factor on the good value per tenfold rows, in rows. 1: one number of rows "
            "fits every table; 10: the same share does.",
            tables_chart(
                [RatioRow(name, ratios) for name, ratios in rows.items()],
                title="Good values and rows",
                label="factor per tenfold rows (log axis)",
            ),
        )


def _of_moderators(content: Data) -> Iterator[_Finding]:
    """Yield on which tables a penalty helps more."""
    found = content["moderators"]
    if not found:
        return
    shown = [one for one in found if one["low"] > 0 or one["high"] < 0]
    title = (
        f"No property of the tables is shown to change what a penalty gains: "
        f"{counted(len(found), 'slope')} tried, intervals hold together"
    )
    if shown:
        most = max(shown, key=lambda one: abs(math.log1p(one["change"])))
        title = (
            f"{most['penalty']}: with {MODERATORS[most['moderator']]}, the loss by "
            f"tuning it is {_interval(most)} different"
        )
    drawn = sorted(found, key=lambda one: -abs(math.log1p(one["change"])))[:12]
    yield _Finding(
        "moderators",
        title,
        f"Change of the gain with a property of the table; the intervals of all "
        f"{len(found)} slopes hold together. The {len(drawn)} largest are drawn.",
        tables_chart(
            [
                RatioRow(
                    f"{one['penalty']}: {one['moderator']}",
                    {TOGETHER: _ratio(one)},
                )
                for one in drawn
            ],
            title="On which tables penalties help",
            label="factor on the loss (log axis)",
            letters=_LETTERS,
        ),
    )


def _tables(content: Data) -> TextTable:
    rows = tuple(
        (
            table["name"],
            table["source"],
            table["target"],
            table["task"],
            count(table["rows"]),
            count(table["columns"]),
            percent(table["categories"]),
            MISSING if table["noise"] is None else percent(table["noise"]),
            count(table["trials"]),
        )
        for table in content["tables"]
    )
    heads = ("run", "source", "target", "task", "rows", "columns", "categories",
             "loss left", "trials")  # fmt: skip
    return TextTable(capitalize(counted(len(rows), "table")), heads, rows, (0, 1, 2, 3))
