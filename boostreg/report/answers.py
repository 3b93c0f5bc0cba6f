"""The decision in words: one sentence, and three short answers.

A reader who sees only these knows what to use, whether penalties are worth the trouble,
which model is the smallest that is as good as the best, and whether trees are needed.
"""

from boostreg.figures.scale import count
from boostreg.report.comparisons import (
    Comparison,
    lead_engine,
    outer_leaves,
    outer_results,
)
from boostreg.report.decision import (
    MAX_PARAMS,
    Decision,
    Pairs,
    actions,
    engine_of,
    find,
    found_smaller,
    model_words,
    rivals,
    settings,
    shown_value,
    unsettled,
)
from boostreg.report.parts import ShortAnswerData
from boostreg.report.records import RunRecord
from boostreg.report.sentences import of_all_engines
from boostreg.report.wording import (
    LABELS,
    capitalize,
    counted,
    format_number,
    listed,
)

__all__ = [
    "answer_lines", "defaults_sentence", "short_answers", "verdict",
]  # fmt: skip

_MAX_WORDS = 35
"""Words of the first sentence."""

_ON_PENALTIES = "Bother with penalties?"
_ON_SIZE = "Smallest as good as the best?"
_ON_TREES = "Bother with trees?"


def answer_lines(record: RunRecord, pairs: Pairs, decision: Decision) -> list[str]:
    """Return the first sentence, a line per short answer, and what to do next."""
    return [
        verdict(record, pairs, decision),
        *(
            f"{one['question']} {one['head']} {one['detail']}"
            for one in short_answers(record, pairs, decision)
        ),
        *actions(record, decision),
    ]


def short_answers(
    record: RunRecord, pairs: Pairs, decision: Decision
) -> list[ShortAnswerData]:
    """Return three questions, each with a head of at most 7 words and its numbers."""
    return [
        _on_penalties(record, pairs),
        _on_size(record, pairs, decision),
        _on_trees(record, pairs, decision),
    ]


def _numbers(one: Comparison) -> str:
    return f"{one.estimate} loss, {one.ends}"


def _spelled(one: Comparison) -> str:
    return f"{one.estimate} loss ({one.ends})"


def _briefly(one: Comparison) -> str:
    return f"{one.estimate} ({one.ends.removeprefix('95% CI ')})"


def _percent(one: Comparison) -> str:
    return f"{format_number(100 * abs(one.change.estimate), 2)}%"


def _more(one: Comparison) -> str:
    """Return how much higher a loss is, from three times on as a factor."""
    factor = 1 + one.change.estimate
    if factor < 3:
        return f"{_percent(one)} more loss"
    return f"{format_number(factor, 2)} times the loss"


def _leaves(record: RunRecord, name: str) -> str:
    return f"{count(outer_leaves(*engine_of(record, name)))} leaves"


def _terms(record: RunRecord, simple: str) -> str:
    """Return how many coefficients or weights are not 0, in the mean over folds."""
    judged = outer_results(record.baselines[simple])
    n = round(sum(one.n_coefficients for one in judged) / len(judged))
    return counted(n, "coefficient" if judged[0].is_linear else "weight")


def _named_settings(record: RunRecord, name: str) -> str:
    """Return an engine with the parameters that act.

    ``XGBoost (max_leaves=4, learning_rate=0.1, 41 rounds)``, for example.
    """
    found = settings(record, name)
    parts = [f"{key}={shown_value(value)}" for key, value in found["params"].items()]
    parts = parts[:MAX_PARAMS]
    if found["more"]:
        parts.append(f"{found['more']} more")
    parts.append(counted(found["rounds"], "round"))
    return f"{LABELS[found['engine']]} ({', '.join(parts)})"


def verdict(record: RunRecord, pairs: Pairs, decision: Decision) -> str:
    """Return what to use and why, in at most 35 words."""
    simple, champion = decision.simple, decision.champion
    engine = engine_of(record, champion)[0].name
    if decision.kind == "mean":
        return (
            f"No model is shown to beat {LABELS['mean']}: start with predicting it, "
            "and collect more rows or better features."
        )
    if decision.kind == "defaults":
        found = pairs[f"{engine} best", champion]
        return (
            f"Keep {model_words(champion)}: tuning raises the loss ({_numbers(found)})."
        )
    if decision.kind in ("simple", "not settled") and simple:
        return _verdict_on_simple(record, pairs, decision, simple)
    named = _named_settings(record, decision.use)
    if simple is None:
        found = pairs[f"{engine} best", f"{engine} default"]
        if not found.is_as_good:
            return (
                f"These data cannot tell tuned {LABELS[engine]} from its defaults "
                f"({_numbers(found)}); the tuned model is {named}."
            )
        what, numbers = f"{LABELS[engine]}'s defaults", f" ({found.ends})"
    else:
        found, what, numbers = find(pairs, champion, simple), LABELS[simple], ""
    why = f"are as good as {what}{numbers}"
    if found.word == "better":
        why = f"have {_percent(found)} lower loss than {what}{numbers}"
    sentence = f"Use {named}: tuned trees {why}"
    size = ""
    if found_smaller(decision) and decision.use == decision.smallest:
        small = _leaves(record, decision.smallest)
        large = count(outer_leaves(*engine_of(record, f"{engine} best")))
        size = f", and {small} are as good as {large}"
    # Long names leave no room for the size, which has an answer of its own.
    is_short = len(f"{sentence}{size}".split()) <= _MAX_WORDS
    return f"{sentence}{size if is_short else ''}."


def _verdict_on_simple(
    record: RunRecord, pairs: Pairs, decision: Decision, simple: str
) -> str:
    found = find(pairs, simple, decision.champion)
    named = f"{LABELS[simple]} with {_terms(record, simple)}"
    rival = model_words(decision.champion)
    rival = f"{rival} with {_leaves(record, decision.champion)}"
    lower = f"{_percent(found)} lower loss than {rival}"
    if decision.kind == "simple":
        if found.word == "better":
            more = _more(find(pairs, decision.champion, simple))
            others = rivals(record, decision.champion)
            words = {find(pairs, simple, other).word for other in others}
            than = "better than" if words == {"better"} else "as good as"
            why = f"{than} all tuned trees; {rival} has {more}"
            return f"Use {named}: {why}."
        return f"Use {named}: as good as all tuned trees, such as {rival}."
    if found.is_as_good:
        why = lower if found.word == "better" else f"as good as {rival}"
        other = model_words(unsettled(record, pairs, decision, simple)[0])
        return f"Start with {named}: {why}, though not shown as good as {other}."
    return (
        f"These data cannot tell {named} from {rival}: start with the simpler, "
        f"{LABELS[simple]}."
    )


def _on_penalties(record: RunRecord, pairs: Pairs) -> ShortAnswerData:
    found = {
        LABELS[engine]: pairs[f"{engine} best", f"{engine} unpenalised"]
        for engine in record.engines
    }
    words = {one.word for one in found.values()}
    better = [label for label, one in found.items() if one.word == "better"]
    if better and "worse" in words:
        head = "It depends on the engine."
    elif better:
        where = "with them" if len(better) == len(found) else f"in {listed(better)}"
        head = f"Yes: less loss {where}."
    elif "worse" in words:
        head = "No: more loss with them."
    elif words == {"same"}:
        head = "No: the loss stays the same."
    elif "not settled" not in words:
        head = "No harm, and no gain shown."
    else:
        head = "Not settled by these data."
    (first, one), *others = found.items()
    parts = [
        f"{first} {_spelled(one)}",
        *(f"{label} {_briefly(other)}" for label, other in others),
    ]
    detail = f"{', '.join(parts)} against the same trees without"
    if len(words) > 1 and _overlap(list(found.values())):
        detail += "; they overlap, so no difference of engines is shown"
    return {
        "question": _ON_PENALTIES,
        "head": head,
        "detail": f"{detail}. {_on_single(record)}".rstrip(),
    }


def _overlap(comparisons: list[Comparison]) -> bool:
    """Return whether intervals that hold together have a value in common."""
    changes = [one.change for one in comparisons]
    return all(one.exists for one in changes) and (
        max(one.low for one in changes) <= min(one.high for one in changes)
    )


def _on_single(record: RunRecord) -> str:
    """Return which penalties are shown to help with the others tuned.

    A penalty that is rated for some engines only counts for these, and the sentence
    says so.
    """
    together = of_all_engines(record)
    if not together:
        return ""
    margin = record.tolerance
    helping = [n for n, one in together.items() if one.word(margin) == "helps"]
    unrated = {o.penalty for o in together.values() if not o.against_off.exists}
    helping += [
        f"{one.penalty} (in {LABELS[one.engine]}; others cut by rounds.max)"
        for one in record.main_tuned()
        if one.engine and one.penalty in unrated and one.word(margin) == "helps"
    ]
    if not helping:
        if unrated == {one.penalty for one in together.values()}:
            return "Single ones are not rated: rounds.max cut their curves."
        return "No single one is shown to help once the rest is tuned."
    verb = "helps" if len(helping) == 1 else "help"
    return f"Once the rest is tuned, {listed(helping)} {verb}."


def _on_size(record: RunRecord, pairs: Pairs, decision: Decision) -> ShortAnswerData:
    best = f"{lead_engine(record).name} best"
    large = _leaves(record, best)
    if found_smaller(decision):
        found = [one for one in decision.sequence if one.is_as_good][-1]
        leaves = count(outer_leaves(*engine_of(record, found.a)))
        head = f"{leaves} leaves instead of {large.removesuffix(' leaves')}."
        detail = (
            f"{capitalize(model_words(found.a))} has {_spelled(found)} against "
            f"{model_words(best)}."
        )
    else:
        head = f"The best itself: {large}."
        detail = "No pick of the search is smaller."
        if decision.sequence:
            failed = decision.sequence[-1]
            how = "is not shown to be as good"
            if failed.change.estimate > 0:
                verb = "has" if failed.word == "worse" else "may have"
                how = f"{verb} more loss"
            detail = (
                f"{capitalize(model_words(failed.a))} with {_leaves(record, failed.a)} "
                f"{how}: {failed.estimate} ({failed.ends})."
            )
    if decision.kind == "simple" and (simple := decision.simple):
        trees = f"{head[:1].lower()}{head[1:]}".removesuffix(".").replace(":", ",")
        head = f"{_terms(record, simple)} instead of {large}."
        detail = f"Among trees, {trees}. {detail}"
    elif decision.kind == "not settled":
        trees = f"{_leaves(record, decision.smallest)}."
        head = f"Perhaps {_terms(record, decision.use)}; among trees, {trees}"
    elif decision.kind == "mean":
        head = "A constant: none shown to beat it."
        found = pairs[best, "mean"]
        detail = f"{capitalize(model_words(best))} has {_spelled(found)} against it."
    return {"question": _ON_SIZE, "head": head, "detail": detail}


def _on_trees(record: RunRecord, pairs: Pairs, decision: Decision) -> ShortAnswerData:
    champion = decision.champion
    b = decision.simple or ("mean" if (champion, "mean") in pairs else None)
    if b is None:
        head, detail = "Not asked: no simple model was fitted.", ""
    else:
        found = find(pairs, champion, b)
        head = _head_on_trees(record, decision, found)
        detail = (
            f"{capitalize(model_words(champion))} has {_spelled(found)} against "
            f"{LABELS[b]}."
        )
        others = decision.simple and unsettled(record, pairs, decision, b)
        if others and champion not in others:
            detail += (
                f" {capitalize(LABELS[b])} is not shown to be as good as "
                f"{model_words(others[0])}."
            )
    return {"question": _ON_TREES, "head": head, "detail": detail.strip()}


def _head_on_trees(record: RunRecord, decision: Decision, found: Comparison) -> str:
    """Return whether trees are worth it; ``found`` is against the simple model."""
    head = "Not settled: start with the simpler."
    is_better = found.word == "better"
    if decision.kind == "mean":
        head = "Not shown: start with the mean."
    elif decision.simple is None:
        head = "Not settled by these data."
        if is_better:
            head = f"Yes: {_percent(found)} less loss than the mean."
    elif decision.kind == "simple":
        is_linear = record.baselines[decision.simple][None].is_linear
        head = f"No: a {'linear model' if is_linear else 'network'} is enough."
        if found.word == "worse":
            head = f"No: {_more(found)} with them."
    elif is_better:
        head = f"Yes: {_percent(found)} less loss with them."
    elif found.is_as_good and decision.kind != "not settled":
        head = "No harm, and no gain shown."
    return head


def defaults_sentence(record: RunRecord, pairs: Pairs) -> str:
    """Return how tuned and unpenalised trees compare with the library's defaults."""
    lead = lead_engine(record).name
    tuned, plain = (
        pairs[f"{lead} {model}", f"{lead} default"] for model in ("best", "unpenalised")
    )
    searched = "learning_rate" in record.ranges[lead]
    rate = "" if searched else "the same learning rate and "
    return (
        f"Against {LABELS[lead]}'s defaults, tuned trees have {_spelled(tuned)}, those "
        f"without penalties {_spelled(plain)}. Trees without penalties have {rate}"
        "early stopping."
    )
