"""Findings over many tables, each a sentence and a picture of the same intervals."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from boostreg.effects.outer import EFFECT_WORDS
from boostreg.evidence.meta import MODERATORS
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
from boostreg.figures.scale import factor, percent, significant
from boostreg.report.wording import (
    PENALTY_WORDS,
    counted,
    format_change,
    listed,
)

__all__ = [
    "Data",
    "EvidenceFinding",
    "against",
    "all_findings",
    "interval",
    "mean_gains",
    "tolerance_of",
]

_MAX_BY_TABLE = 3

_EFFECTS: Mapping[str, str] = {
    "better": "lowers the loss",
    "worse": "raises the loss",
    "same": "changes the mean loss by less than {}",
    "as good": "costs less than {}, and is not shown to lower the loss",
    "not settled": "is not settled",
}
"""What tuning a penalty does, by the word of its interval and the tolerance."""

_SIZE_WORDS = {
    "trees": "trees",
    "leaves_per_tree": "per tree",
    "leaf_weight": "weights",
}
_MODEL_WORDS = {
    "unpenalised": "no penalties",
    "default": "library defaults",
    "linear": "linear model",
}
_LETTERS = 25
"""Room for the names of charts whose rows are not tables."""

Data = Mapping[str, Any]
"""A part of ``evidence.json``."""


@dataclass(frozen=True, slots=True)
class EvidenceFinding:
    """A finding: its address, sentence, how to read its picture, and the picture."""

    id: str
    title: str
    note: str
    figure: Figure
    narrow: Figure | None = None
    wide: bool = False


def _ends(one: Data | None) -> tuple[float | None, float | None, float | None]:
    if one is None:
        return (None, None, None)
    return (one["change"], one["low"], one["high"])


def _ratio(one: Data | None) -> tuple[float | None, float | None, float | None]:
    value, low, high = _ends(one)
    if value is None or low is None or high is None:
        return (None, None, None)
    return (1 + value, 1 + low, 1 + high)


def interval(one: Data) -> str:
    """Return a change with its interval."""
    low, high = format_change(one["low"]), format_change(one["high"])
    return f"{format_change(one['change'])} (95% CI {low} to {high})"


def against(name: str, one: Data) -> str:
    """Return what tuning a penalty is compared with, if that is not its absence."""
    weakest = one["weakest"]
    return "" if weakest is None else f" against {name} {significant(weakest)}"


def tolerance_of(content: Data) -> str:
    """Return the change of loss that does not matter, for a sentence."""
    return f"{significant(100 * content['tolerance'])}%"


def mean_gains(content: Data) -> dict[str, Data]:
    """Return the mean gain of each penalty that has one, the largest first."""
    gains = {p: content["penalties"][p][TOGETHER]["gain"] for p in content["order"]}
    return {name: gain for name, gain in gains.items() if gain is not None}


def all_findings(content: Data) -> Iterator[EvidenceFinding]:
    """Yield up to twelve findings."""
    for make in (
        of_models,
        of_penalties,
        of_own_values,
        by_table,
        how_often,
        of_sizes,
        of_statements,
        of_values,
        along_rows,
        of_moderators,
        of_seeds,
    ):
        yield from make(content)


def of_models(content: Data) -> Iterator[EvidenceFinding]:
    """Yield what tuning all penalties together gains."""
    rows = [
        RatioRow(_MODEL_WORDS[kind], {e: _ratio(one) for e, one in by_engine.items()})
        for kind, by_engine in content["models"].items()
        if any(one is not None for one in by_engine.values())
    ]
    found = content["models"].get("unpenalised", {})
    gains = [
        f"{encoding(engine).name} {interval(one)}"
        for engine, one in found.items()
        if one is not None
    ]
    if rows and gains:
        yield EvidenceFinding(
            "all-penalties",
            f"All penalties tuned, against none: {listed(gains)} loss",
            "Loss of the tuned model over that of each other model, mean over tables "
            "with its 95% interval; below 1 is better.",
            tables_chart(
                rows,
                title="Tuned models against others",
                label="factor on the loss (log axis)",
                letters=_LETTERS,
            ),
        )


def of_penalties(content: Data) -> Iterator[EvidenceFinding]:
    """Yield what tuning each penalty gains on top of the others."""
    rows = []
    for name in content["order"]:
        by_engine = content["penalties"][name]
        effects = tuple(
            PenaltyEffect(engine, _ends(one[key]), _ratio(leaves), with_others)
            for engine, one in by_engine.items()
            if engine != TOGETHER
            for key, leaves, with_others in (
                ("gain", one["sizes"]["leaves"], True),
                ("alone", None, False),
            )
            if one[key] is not None
        )
        gain = by_engine[TOGETHER]["gain"]
        if effects and gain is not None:
            word = EFFECT_WORDS[gain["word"]]
            rows.append(PenaltyRow(name, PENALTY_WORDS[name], word, effects))
    if rows:
        gains = mean_gains(content)
        first, gain = next(iter(gains.items()))
        whole = content["penalties"][first][TOGETHER]
        low, high = map(format_change, gain["predicted"])
        effect = _EFFECTS[gain["word"]].format(tolerance_of(content))
        yield EvidenceFinding(
            "penalties",
            f"With the others tuned, {first} {effect}{against(first, whole)}; on "
            f"another table, "
            f"{low} to {high} is expected",
            "Mean over tables of the change by tuning one penalty, with its 95% "
            "interval; hollow: alone. The word is of all engines together.",
            penalty_forest(rows, loss="loss"),
            penalty_forest(rows, loss="loss", narrow=True),
            wide=True,
        )


def of_own_values(content: Data) -> Iterator[EvidenceFinding]:
    """Yield what tuning a penalty gains over the libraries' own values of it."""
    rows, found = [], []
    for name in content["order"]:
        known = {
            engine: gain
            for engine, one in content["penalties"][name].items()
            if (gain := one.get("against_own")) is not None
        }
        if known:
            rows.append(RatioRow(name, {e: _ratio(gain) for e, gain in known.items()}))
        found += [(gain["change"], name, e, gain) for e, gain in known.items()]
    if found:
        _, name, engine, gain = min(found, key=lambda entry: entry[0])
        yield EvidenceFinding(
            "own-values",
            f"Against the library's own value, {name} gains most: {interval(gain)} in "
            f"{encoding(engine).name}",
            "Loss with a penalty tuned over the loss at the value that the library has "
            "by default, all others tuned: mean over tables with its 95% interval.",
            tables_chart(
                rows,
                title="Tuned values against the libraries' own",
                label="factor on the loss (log axis)",
                letters=_LETTERS,
            ),
        )


def by_table(content: Data) -> Iterator[EvidenceFinding]:
    """Yield the tables one by one, for the penalties that change the loss most."""
    ranked = sorted(
        mean_gains(content).items(), key=lambda pair: -abs(pair[1]["change"])
    )
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
        yield EvidenceFinding(
            f"by-table-{name}",
            f"{name} is shown to help on {one['shown_to_help']} of "
            f"{counted(one['tables'], 'table')} and to harm on {one['shown_to_harm']}",
            f"Loss with {name} tuned over the loss "
            f"{against(name, one).strip().replace('against', 'at') or 'without it'}; "
            "the last row is the "
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


def how_often(content: Data) -> Iterator[EvidenceFinding]:
    """Yield on how many tables tuning changes the loss by more than the tolerance."""
    names = list(mean_gains(content))
    if not names:
        return
    penalties, limit = content["penalties"], tolerance_of(content)
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
    yield EvidenceFinding(
        "how-often",
        f"{most} helps most often: by more than {limit} on {top['helps']} of "
        f"{counted(top['tables'], 'table')}",
        f"Share of the tables on which the estimate is more than {limit} lower. More "
        f"than {limit} higher: {listed(harms)}.",
        share_bars(shares, names, title=f"Tables that gain more than {limit}"),
    )


def of_sizes(content: Data) -> Iterator[EvidenceFinding]:
    """Yield what tuning does to trees, leaves per tree and leaf weights."""
    rows, shown = [], []
    for name in content["order"]:
        by_engine = {
            engine: one
            for engine, one in content["penalties"][name].items()
            if engine != TOGETHER
        }
        for size, words in _SIZE_WORDS.items():
            found = {e: one["sizes"][size] for e, one in by_engine.items()}
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
    stable = ""
    if shown:
        _, name, words, engine, one = max(shown, key=lambda entry: entry[0])
        what = {"weights": "leaf weights", "per tree": "leaves per tree"}
        change, low, high = (factor(1 + one[key]) for key in ("change", "low", "high"))
        title = (
            f"{name} changes {what.get(words, words)} most: {change} ({low} to {high}) "
            f"in {encoding(engine).name}"
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
            letters=_LETTERS,
        ),
    )


def _stability_of_size(one: Data) -> str:
    """Return how the largest factor changes if any one table is left out."""
    found = one["without_one"]
    if found is None:
        return ""
    low, high = (factor(1 + found[end]) for end in ("lowest", "highest"))
    sure = "every interval excludes 1" if found["apart"] else "not all intervals do so"
    return f" Without any one table, the largest is {low} to {high}: {sure}."


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
            size = _SIZE_WORDS.get(one["size"], one["size"])
            rows.append(RatioRow(f"{one['penalty']}: {size}", ratios))
    if not rows:
        return
    equal = [
        f"{one['statement']} {_how_many(one['equal'])}" for one in found if one["equal"]
    ]
    least = min(found, key=lambda one: _held(one["stopped"]))
    most = max(found, key=lambda one: _held(one["stopped"]))
    yield EvidenceFinding(
        "statements",
        f"Of what textbooks say, this holds on most tables: {most['statement']} "
        f"{_how_many(most['stopped'])}; this on the fewest: {least['statement']} "
        f"{_how_many(least['stopped'])}",
        "From the weakest to the strongest value without other penalties, with early "
        "stopping: median factor over tables, with its quartiles. A statement holds "
        "where the factor is below 1 / 1.1. At equal rounds: "
        f"{'; '.join(equal) or 'not measured'}.",
        tables_chart(
            rows,
            title="Statements of textbooks on ensembles",
            label="factor on the size (log axis)",
            letters=_LETTERS,
        ),
    )


def _held(by_engine: Data) -> float:
    """Return the share of the tables on which a size falls, mean over engines."""
    shares = [one["falls"] / one["tables"] for one in by_engine.values()]
    return math.fsum(shares) / max(len(shares), 1)


def _how_many(by_engine: Data) -> str:
    counts = [
        f"{encoding(engine).name} {one['falls']} of {one['tables']}"
        for engine, one in by_engine.items()
    ]
    return f"({', '.join(counts)})"


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
    in_rows = [entry for entry in known if entry[2]["share"] is not None] or known
    if not in_rows:
        return
    name = in_rows[0][0]
    lines, medians, ends = [], [], []
    for one, engine, found in in_rows:
        if one != name:
            continue
        bars = tuple(
            ResultBar(t["rows"], t["center"], t["low"], t["high"])
            for t in found["by_table"]
        )
        low, middle, high = found["rows"]
        lines.append(_trend(engine, bars, found["along_rows"]["factor"]))
        ends.append(
            f"{encoding(engine).name} off in {percent(found['off'])} of the folds, at "
            f"the strongest value tried in {percent(found['at_the_strongest'])}"
        )
        medians.append(
            f"{encoding(engine).name} {significant(middle, 2)} "
            f"(quartiles {significant(low, 2)} to {significant(high, 2)})"
        )
    unit = " rows" if in_rows[0][2]["share"] is not None else ""
    yield EvidenceFinding(
        "values",
        f"Good values of {name}, in{unit or ' its own unit'}: {listed(medians)}",
        "Each bar is a table: the lowest to the highest value that the inner folds "
        "chose, off left out. Line: the trend of their geometric means. "
        f"{'; '.join(ends)}.",
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


def along_rows(content: Data) -> Iterator[EvidenceFinding]:
    """Yield how good values move with the rows."""
    rows: dict[str, dict[str, tuple[float | None, float | None, float | None]]] = {}
    trends = []
    for name, engine, found in _valued(content):
        along = found["along_rows"]
        if along is None:
            continue
        ends = (along["factor"], along["low"], along["high"])
        rows.setdefault(name, {})[engine] = ends
        low, high = factor(along["low"]), factor(along["high"])
        rank = significant(along["rank_correlation"], 2)
        trends.append(
            f"{name} in {encoding(engine).name} {factor(along['factor'])} "
            f"({low} to {high}), rank correlation {rank}"
        )
    if rows:
        yield EvidenceFinding(
            "values-along-rows",
            f"With ten times the rows, the good value changes: {trends[0]}",
            "Factor on the good value per tenfold rows, in rows. 1: one number of rows "
            "fits every table; 10: the same share does.",
            tables_chart(
                [RatioRow(name, ratios) for name, ratios in rows.items()],
                title="Good values and rows",
                label="factor per tenfold rows (log axis)",
            ),
        )


def of_moderators(content: Data) -> Iterator[EvidenceFinding]:
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
            f"tuning it is {interval(most)} different"
        )
    drawn = sorted(found, key=lambda one: -abs(math.log1p(one["change"])))[:12]
    yield EvidenceFinding(
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


def of_seeds(content: Data) -> Iterator[EvidenceFinding]:
    """Yield whether runs with another seed say the same of the same tables."""
    found, tables = content["seeds"]["penalties"], content["seeds"]["tables"]
    rows, same = [], []
    for name in content["order"]:
        by_seed = found.get(name, {})
        gains = {k: one[TOGETHER]["gain"] for k, one in by_seed.items()}
        if not gains or None in gains.values():
            continue
        rows += [
            RatioRow(f"{name}{words}", {TOGETHER: _ratio(gains[which])})
            for which, words in (("first", ""), ("again", ", again"))
        ]
        same.append(gains["first"]["word"] == gains["again"]["word"])
    if rows:
        yield EvidenceFinding(
            "seeds",
            f"Two seeds agree on {sum(same)} of {len(same)} penalties, over "
            f"{counted(len(tables), 'table')}",
            "Loss by tuning a penalty, the others tuned, on the tables that were run "
            "twice: other folds, other trials. Means with 95% intervals; seeds agree "
            "where both means have the same word, such as 'helps'.",
            tables_chart(
                rows,
                title="Two seeds on the same tables",
                label="factor on the loss (log axis)",
                letters=_LETTERS,
            ),
        )
