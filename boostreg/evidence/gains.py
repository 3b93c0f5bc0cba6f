"""Findings on losses: what tuning each penalty gains, where, and how often."""

import math
from collections.abc import Iterator, Mapping

from boostreg.effects.outer import EFFECT_WORDS
from boostreg.engines.base import DEFAULT_ROUNDS
from boostreg.evidence.finding import (
    LETTERS,
    Data,
    EvidenceFinding,
    against,
    ends,
    interval,
    mean_gains,
    ratio,
    tolerance_of,
)
from boostreg.evidence.meta import MODERATORS
from boostreg.evidence.tables import TOGETHER
from boostreg.figures import (
    PenaltyEffect,
    PenaltyRow,
    RatioRow,
    encoding,
    penalty_forest,
    share_bars,
    tables_chart,
)
from boostreg.report.wording import PENALTY_WORDS, counted, format_change, listed

__all__ = [
    "by_table",
    "how_often",
    "of_models",
    "of_moderators",
    "of_own_values",
    "of_penalties",
    "of_trials",
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


_MODEL_WORDS = {
    "unpenalised": "no penalties",
    "default": "library defaults",
    "linear": "linear model",
}


def of_models(content: Data) -> Iterator[EvidenceFinding]:
    """Yield what tuning all penalties together gains."""
    rows = [
        RatioRow(_MODEL_WORDS[kind], {e: ratio(one) for e, one in by_engine.items()})
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
            "with its 95% interval; below 1 is better. No penalties: leaves fixed by "
            "the study or at boostreg's default, with early stopping. Library "
            f"defaults: {DEFAULT_ROUNDS} rounds, without early stopping.",
            tables_chart(
                rows,
                title="Tuned models against others",
                label="factor on the loss (log axis)",
                letters=LETTERS,
            ),
        )


def of_penalties(content: Data) -> Iterator[EvidenceFinding]:
    """Yield what tuning each penalty gains on top of the others."""
    rows = []
    for name in content["order"]:
        by_engine = content["penalties"][name]
        effects = tuple(
            PenaltyEffect(engine, ends(one[key]), ratio(leaves), with_others)
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
            f"With the others tuned, {first} {effect}{against(first, whole)}; the true "
            f"effect on another table is expected from {low} to {high}",
            "Mean over tables of the change by tuning one penalty, with its 95% "
            "interval. Filled: with the others tuned. Hollow: as the only penalty. The "
            "word is that of the filled changes, over all engines.",
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
            rows.append(RatioRow(name, {e: ratio(gain) for e, gain in known.items()}))
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
                letters=LETTERS,
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
            RatioRow(table["table"], {TOGETHER: ratio(table)})
            for table in sorted(one["by_table"], key=lambda t: t["change"])
        ]
        low, high = gain["predicted"]
        mean, other = ratio(gain), (1 + gain["change"], 1 + low, 1 + high)
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
    return f"Leaving out any one table, the mean is {low} to {high}: {words}."


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
        f"{most} helps most often: the estimate is more than {limit} lower on "
        f"{top['helps']} of {counted(top['tables'], 'table')}",
        f"Share of the tables on which the estimate is more than {limit} lower. More "
        f"than {limit} higher: {listed(harms)}.",
        share_bars(shares, names, title=f"Tables that gain more than {limit}"),
    )


def of_moderators(content: Data) -> Iterator[EvidenceFinding]:
    """Yield on which tables a penalty helps more."""
    found = content["moderators"]
    if not found:
        return
    shown = [one for one in found if one["low"] > 0 or one["high"] < 0]
    title = (
        f"No property of the tables is shown to change what a penalty gains: "
        f"{counted(len(found), 'slope')} tried, simultaneous intervals"
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
        f"{len(found)} slopes are simultaneous. Below 1, the penalty helps more. The "
        f"{len(drawn)} largest are drawn.",
        tables_chart(
            [
                RatioRow(
                    f"{one['penalty']}: {one['moderator']}",
                    {TOGETHER: ratio(one)},
                )
                for one in drawn
            ],
            title="On which tables penalties help",
            label="factor on the loss (log axis)",
            letters=LETTERS,
        ),
    )


def of_trials(content: Data) -> Iterator[EvidenceFinding]:
    """Yield how much later trials of a search still change the loss."""
    found, limit = content["later"], tolerance_of(content)
    if not found:
        return
    enough = next((one for one in found if one["change"]["word"] == "same"), None)
    last = enough or found[-1]
    change = interval(last["change"])
    title = f"After {counted(last['trials'], 'trial')}, later ones change the loss by"
    yield EvidenceFinding(
        "trials",
        f"{title} less than {limit}: {change}" if enough else f"{title} {change}",
        "Loss of the best trial of a whole search over that of its first trials, on "
        "rows that no choice has seen: mean over tables with its 95% interval. The "
        "searches have the trials of the table below.",
        tables_chart(
            [
                RatioRow(
                    counted(one["trials"], "trial"), {TOGETHER: ratio(one["change"])}
                )
                for one in found
            ],
            title="What later trials change",
            label="factor on the loss (log axis)",
            letters=LETTERS,
        ),
    )
