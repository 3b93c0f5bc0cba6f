"""What ``text`` of ``results.json`` holds: the answer, caveats, headings, warnings."""

from boostreg.report import sentences
from boostreg.report.answers import answer_lines, defaults_sentence
from boostreg.report.comparisons import best_linear
from boostreg.report.decision import Decision, Pairs, tolerance_sentence
from boostreg.report.records import GIVEN, RunRecord
from boostreg.report.results import HeadingsData
from boostreg.report.wording import LABELS

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


def answer_sentences(
    record: RunRecord, by_pair: Pairs, decision: Decision | None
) -> list[str]:
    """Return the answer: what to use, three short answers, and what to do.

    For a study that searches nothing, it describes only the paths, or says so.
    """
    if decision is not None:
        return answer_lines(record, by_pair, decision)
    found = sentences.of_all_engines(record)
    if not found and record.claims:
        return []
    if not found:
        n_trials = record.study["search"]["trials"]
        why = f"No answer: nothing was searched, because search.trials is {n_trials}. "
        what = f"The first {GIVEN} trials are no penalty and the default penalties; "
        return [f"{why}{what}set search.trials higher, such as 40."]
    words = sentences.verdicts_sentence(found, record.tolerance)
    return [f"{sentences.anchor_words(record)}, {words}."]


def headings(
    record: RunRecord, by_pair: Pairs, decision: Decision | None
) -> HeadingsData:
    """Return the heading of each section: its finding."""
    fronts = {
        engine.name: [
            (one.n_leaves, one.loss) for one in engine.tuned[None].selection.front
        ]
        for engine in record.engines.values()
    }
    return {
        "use": sentences.use_heading(record, decision),
        "setup": sentences.setup_heading(record),
        "effects": sentences.effects_heading(record),
        "front": sentences.front_heading(fronts, record.tolerance),
        "engines": sentences.engines_heading(record, by_pair),
        "baselines": sentences.baselines_heading(record, by_pair),
        "trials": sentences.trials_heading(record),
        "importance": sentences.importance_heading(record),
        "promise": sentences.promise_heading(record),
        "shrinkage": sentences.shrinkage_heading(record),
        "trees": sentences.trees_heading(record),
    }


def warnings(record: RunRecord) -> list[str]:
    """Return what may mislead: failed trials."""
    found = []
    for engine in record.engines.values():
        label, tuned = LABELS[engine.name], engine.tuned[None]
        failed = sum(trial.state == "failed" for trial in tuned.trials)
        if failed:
            found.append(f"{label}: {failed} of {len(tuned.trials)} trials failed.")
    return found


def caveats(record: RunRecord, by_pair: Pairs) -> list[str]:
    """Return what the figures are based on, and how to read them."""
    outer, judges = len(record.outer_weights), record.judges
    folds = f"{outer} outer folds" if outer > 1 else "one outer split"
    if judges.repeats > 1:
        folds = (
            f"{outer // judges.repeats} outer folds, repeated {judges.repeats} times"
        )
    method = next(iter(by_pair.values())).change.method
    loss = record.card["loss"]
    lines = [
        f"Losses are {loss} on {folds}, that no choice has seen; intervals: {method}.",
        _PROCEDURE if outer > 1 else _ONE_SPLIT,
        tolerance_sentence(record.tolerance),
    ]
    if best_linear(record) is not None:
        lines.append("The best linear model is the one with the lowest inner loss.")
    if record.searched:
        lines.append(defaults_sentence(record, by_pair))
        lines += map(sentences.ties_sentence, record.engines.values())
    lines += sentences.alone_sentences(record)
    lines += sentences.flat_sentences(record)
    searches = [t for e in record.engines.values() for t in e.tuned.values()]
    states = [trial.state for tuned in searches for trial in tuned.trials]
    if raced := states.count("raced"):
        lines.append(
            f"{raced:,} of {len(states):,} trials were stopped before all inner folds "
            "because they could no longer beat the best trial; search.racing: false "
            "measures all folds."
        )
    return [*lines, *record.notes]
