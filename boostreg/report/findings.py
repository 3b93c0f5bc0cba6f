"""What ``text`` of ``results.json`` holds: the answer, caveats, headings, warnings."""

from collections.abc import Mapping

from boostreg.figures.scale import count
from boostreg.report import sentences
from boostreg.report.comparisons import Judged, best_linear
from boostreg.report.records import RunRecord
from boostreg.report.results import HeadingsData
from boostreg.report.wording import LABELS, capitalize, format_change, format_number

__all__ = ["answer_sentences", "caveats", "headings", "warnings"]

_PROCEDURE = (
    "They judge the procedure that tunes inside each outer fold. The parameters and "
    "models to use come from the same procedure on all rows and are not judged "
    "themselves."
)
_ONE_SPLIT = (
    "With one outer split, intervals are over its test rows: they judge the models "
    "that were fitted, not what another split would have tuned. The parameters and "
    "models to use come from all rows and are not judged themselves."
)
_WORDS = (
    "'Better', 'worse', 'helps' and 'harms' are based on Holm-adjusted p-values below "
    "0.05; intervals are not adjusted. 'Harms' means that some value raises the loss "
    "and that every value's 95% interval rules out a 1% improvement."
)
_IMPOSSIBLE = (
    f"Some interval ends are impossible: a loss below 0, or a change below "
    f"{format_change(-1)}. t intervals on few, unequal folds can do this; ignore those "
    "ends."
)


def answer_sentences(
    record: RunRecord, judged: Mapping[str, Judged], by_pair: sentences.Pairs
) -> list[str]:
    """Return the opening: what to use, why, and which models do as well.

    If no model beats the mean, that replaces what to use. For a study that searches
    nothing, it describes only the paths.
    """
    verdicts: dict[str, list[str]] = {}
    for engine in record.engines:
        effects = [e for e in record.main_effects if e.engine == engine]
        if effects:
            verdicts.setdefault(sentences.verdicts_sentence(effects), []).append(
                LABELS[engine]
            )
    parts = [
        f"in {sentences.listed(engines)}, {what}" for what, engines in verdicts.items()
    ]
    penalties = capitalize("; ".join(parts) or "no path of a penalty was measured")
    if not record.searched:
        return [f"{penalties}."] if record.main_effects else []
    lead = sentences.lead_engine(record)
    small, large = (
        count(sentences.outer_leaves(lead, pick)) for pick in ("one_se", "best")
    )
    one = len(record.outer_weights) == 1
    where = "on the outer split" if one else "means over the outer folds"
    final = count(lead.models["one_se"].size.n_leaves)
    lost = sentences.loses_words(by_pair[f"{lead.name} one_se", f"{lead.name} best"])
    useless = sentences.mean_sentence(by_pair.values())
    answer = [useless or sentences.advice(record, by_pair)]
    answer.append(
        f"The smallest model within one standard error of the best has {small} leaves "
        f"instead of {large}, {where} ({final} when trained on all rows): {lost}. "
        f"{penalties}."
    )
    if len(record.engines) > 1:
        answer.append(f"{sentences.engines_heading(record, by_pair)}.")
    if linear := best_linear(record):
        name, interval = LABELS[linear], judged[linear].interval(record.outer_ratio)
        loss, low, high = map(
            format_number, (interval.estimate, interval.low, interval.high)
        )
        ends = f"95% CI {low} to {high}" if interval.exists else "no interval"
        loss_words = f"{record.card['loss']} of {loss} ({ends})"
        parts = [f"The best linear model, {name}, has a {loss_words}."]
        for engine in record.engines:
            found = by_pair[f"{engine} best", linear]
            clause = capitalize(found.clause(f"tuned {LABELS[engine]}", name))
            parts.append(f"{clause} ({found.change} loss, {found.ends}).")
        answer.append(" ".join(parts))
    return answer


def headings(record: RunRecord, by_pair: sentences.Pairs) -> HeadingsData:
    """Return the heading of each section: its finding."""
    return {
        "use": sentences.use_heading(record),
        "setup": sentences.setup_heading(record),
        "effects": sentences.effects_heading(record),
        "front": sentences.front_heading(record),
        "engines": sentences.engines_heading(record, by_pair),
        "baselines": sentences.baselines_heading(record, by_pair),
        "trials": sentences.trials_heading(record),
        "importance": sentences.importance_heading(record),
        "promise": sentences.promise_heading(record),
        "shrinkage": sentences.shrinkage_heading(record),
        "trees": sentences.trees_heading(record),
    }


def warnings(record: RunRecord) -> list[str]:
    """Return what may mislead: limits that were reached, failed trials."""
    found = []
    maximum = record.study["rounds"]["max"]
    for engine in record.engines.values():
        label, tuned = LABELS[engine.name], engine.tuned[None]
        found += [
            f"{label} {pick}: rounds.max={maximum} stopped this pick while its loss "
            "was still falling. Raise rounds.max."
            for pick in ("best", "one_se")
            if tuned.candidate(pick).rounds_max_reached
        ]
        failed = sum(trial.state == "failed" for trial in tuned.trials)
        if failed:
            found.append(f"{label}: {failed} of {len(tuned.trials)} trials failed.")
    return found


def caveats(
    record: RunRecord, judged: Mapping[str, Judged], by_pair: sentences.Pairs
) -> list[str]:
    """Return what the figures are based on, and how to read them."""
    outer = len(record.outer_weights)
    folds = f"{outer} outer folds" if outer > 1 else "one outer split"
    method = next(iter(by_pair.values())).interval.method
    loss = record.card["loss"]
    lines = [
        f"Losses are {loss} on {folds} that no choice has seen; intervals: {method}.",
        _PROCEDURE if outer > 1 else _ONE_SPLIT,
        _WORDS,
    ]
    lows = [one.interval(record.outer_ratio).low for one in judged.values()]
    lows += [c.base + c.interval.low for c in by_pair.values()]
    for effect in record.main_effects:
        lows += [effect.points[0].loss + p.difference.low for p in effect.points]
    if any(low < 0 for low in lows):
        lines.append(_IMPOSSIBLE)
    if best_linear(record) is not None:
        lines.append("The best linear model is the one with the lowest inner loss.")
    if record.searched:
        lines += map(sentences.ties_sentence, record.engines.values())
    lines += sentences.flat_sentences(record.effects)
    searches = [t for e in record.engines.values() for t in e.tuned.values()]
    states = [trial.state for tuned in searches for trial in tuned.trials]
    if raced := states.count("raced"):
        lines.append(
            f"{raced:,} of {len(states):,} trials were stopped before all inner folds "
            "because they could no longer beat the best trial; search.racing: false "
            "measures all folds."
        )
    return [*lines, *record.notes]
