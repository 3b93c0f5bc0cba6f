"""The answer of a study as a decision over all models that it judged.

The questions are asked in this order. Names are chosen by inner losses alone; outer
rows judge, by the words of ``boostreg.changes`` and one tolerance.

1. Does any model beat the mean? The intervals of all of them hold together.
2. Is a simple model, linear or a network, as good as every tuned ensemble? Each
   comparison must show it by its own interval (an intersection-union test [1]_).
3. Do penalties help? Tuned against unpenalised ensembles with the same learning rate
   and stopping, and against the library's defaults; the intervals of all engines hold
   together.
4. Which is the smallest ensemble as good as the best of the engine that leads? The
   picks of all engines are tested from the largest down to the first that is not shown
   to be as good, so that no adjustment is needed (a fixed sequence [2]_).

References
----------
.. [1] R. L. Berger. "Multiparameter Hypothesis Testing and Acceptance Sampling".
   Technometrics 24, 295-300, 1982.
.. [2] W. Maurer, L. A. Hothorn, W. Lehmacher. "Multiple comparisons in drug clinical
   trials and preclinical assays: a-priori ordered hypotheses". Biometrie in der
   chemisch-pharmazeutischen Industrie 6, 3-18, 1995.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from boostreg.engine_facts import ENGINE_FACTS
from boostreg.figures.scale import count
from boostreg.penalty import Penalty, Range
from boostreg.penalty.linter import at_edge
from boostreg.penalty.value import PENALTY_FACTS, shown
from boostreg.report.comparisons import (
    PICKED,
    Comparison,
    best_linear,
    best_network,
    comparison_data,
    lead_engine,
    outer_leaves,
)
from boostreg.report.parts import AnswerData, QuestionData, SettingsData
from boostreg.report.records import EngineRecord, RunRecord
from boostreg.report.wording import LABELS, capitalize, format_change, format_number

__all__ = [
    "NOTABLE_SIZE", "Decision", "Pairs", "answer_data", "answer_sentences", "decide",
    "find", "tolerance_sentence",
]  # fmt: skip

Pairs = Mapping[tuple[str, str], Comparison]
"""Comparisons by the names of their two models."""

Kind = Literal["mean", "simple", "trees", "defaults", "not settled"]

_MAX_PARAMS = 5
"""Parameters that the first sentence names; more are counted."""

_MAX_WORDS = 35
"""Words of the first sentence."""

NOTABLE_SIZE = 1.5
"""Ratio of delivered to judged leaves from which on a reader is warned."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to use, and what shows it.

    Attributes
    ----------
    kind : str
        ``mean``: no model is shown to beat it. ``simple``: the simple model is as good
        as every tuned ensemble. ``trees``: the ensemble is as good as the simple model,
        or there is none. ``defaults``: tuning the ensemble raises the loss. Otherwise
        ``not settled``.
    use, champion : str
        The model to use, and the ensemble that the simple model is compared with.
    simple : str or None
        The linear model, or the network if it is better.
    smallest : str
        The ensemble to use: the smallest as good as the best.
    sequence : tuple of Comparison
        The candidates for it that were tested, the last one perhaps without success.
    """

    kind: Kind
    use: str
    champion: str
    simple: str | None
    smallest: str
    sequence: tuple[Comparison, ...]


def find(pairs: Pairs, a: str, b: str) -> Comparison:
    """Return the comparison of ``a`` with ``b``, also if it is stored reversed."""
    return pairs[a, b] if (a, b) in pairs else pairs[b, a].reversed


def decide(record: RunRecord, pairs: Pairs) -> Decision:
    """Return the decision; the study must have searched."""
    lead = lead_engine(record).name
    best, default = f"{lead} best", f"{lead} default"
    is_worse = pairs[best, default].word == "worse"
    champion = default if is_worse else best
    simple = _simple(record, pairs, champion)
    sequence = tuple(_sequence(record, pairs))
    passed = [one.a for one in sequence if one.is_as_good]
    smallest = passed[-1] if passed else best
    trees = default if is_worse else smallest
    kind: Kind = "defaults" if is_worse else "trees"
    use = trees
    against = [one for one in pairs.values() if one.b == "mean"]
    if against and all(o.change.exists and o.word != "better" for o in against):
        kind, use = "mean", "mean"
    elif simple is not None:
        rivals = _rivals(record, champion)
        if all(find(pairs, simple, rival).is_as_good for rival in rivals):
            kind, use = "simple", simple
        elif not find(pairs, champion, simple).is_as_good:
            kind, use = "not settled", simple
    return Decision(kind, use, champion, simple, smallest, sequence)


def _rivals(record: RunRecord, champion: str) -> list[str]:
    """Return the ensembles that a simple model must be as good as, each once."""
    tuned = [f"{engine} {pick}" for engine in record.engines for pick in PICKED]
    return list(dict.fromkeys((champion, *tuned)))


def _unsettled(
    record: RunRecord, pairs: Pairs, decision: Decision, simple: str
) -> list[str]:
    """Return the ensembles that the simple model is not shown to be as good as."""
    rivals = _rivals(record, decision.champion)
    return [r for r in rivals if not find(pairs, simple, r).is_as_good]


def _simple(record: RunRecord, pairs: Pairs, champion: str) -> str | None:
    """Return the best linear model, or the network that is better than it."""
    linear, network = best_linear(record), best_network(record)
    if network is None or linear is None:
        return linear or network
    is_better = pairs[network, linear].word == "better"
    return (
        network if is_better and find(pairs, network, champion).is_as_good else linear
    )


def _sequence(record: RunRecord, pairs: Pairs) -> Iterator[Comparison]:
    """Yield picks smaller than the best, from the largest to the first that fails."""
    best = f"{lead_engine(record).name} best"
    leaves = {
        f"{engine.name} {pick}": outer_leaves(engine, pick)
        for engine in record.engines.values()
        for pick in PICKED
    }
    smaller = [name for name in leaves if leaves[name] < leaves[best]]
    for name in sorted(smaller, key=lambda name: -leaves[name]):
        yield pairs[name, best]
        if not pairs[name, best].is_as_good:
            return


def _model_words(name: str) -> str:
    """Return a model as a sentence names it.

    >>> _model_words("xgboost best"), _model_words("lasso")
    ('tuned XGBoost', 'lasso')
    """
    first, *rest = name.split(" ")
    label = LABELS[first]
    return {
        "": label,
        "best": f"tuned {label}",
        "one_se": f"small {label}",
        "default": f"{label}'s defaults",
        "unpenalised": f"unpenalised {label}",
    }[" ".join(rest)]


def _engine_of(record: RunRecord, name: str) -> tuple[EngineRecord, str]:
    engine, _, model = name.partition(" ")
    return record.engines[engine], model


def _acting(record: RunRecord, engine: EngineRecord, pick: str) -> list[str]:
    """Return the penalties of a pick that act: searched or fixed, and not off."""
    tuned = engine.tuned[None]
    penalty, searched = tuned.penalty(pick), record.ranges[engine.name]
    acting = [name for name in searched if name in tuned.acting(pick)]
    names = dict.fromkeys([*acting, *record.study["search"]["fixed"]])
    return [name for name in names if not _is_off(penalty, name)]


def _is_off(penalty: Penalty, name: str) -> bool:
    value = getattr(penalty, name)
    return value is None or value == PENALTY_FACTS[name].idle


def _settings(record: RunRecord, name: str) -> SettingsData:
    """Return the parameters of a pick that act, in the library's own names."""
    engine, pick = _engine_of(record, name)
    own, known = ENGINE_FACTS[engine.name].params, engine.models[pick].params
    acting = [own.get(n, n) for n in _acting(record, engine, pick)]
    params = {n: known[n] for n in acting if n in known}
    return {
        "engine": engine.name,
        "model": "best" if pick == "best" else "one_se",
        "params": params,
        "more": max(0, len(params) - _MAX_PARAMS),
        "rounds": engine.tuned[None].candidate(pick).n_rounds,
        "leaves": float(engine.models[pick].size.n_leaves),
        "judged_leaves": outer_leaves(engine, pick),
    }


def answer_data(record: RunRecord, pairs: Pairs, decision: Decision) -> AnswerData:
    """Return the answer as ``results.json`` holds it."""
    simple = decision.simple
    coefficients = record.baselines[simple][None].n_coefficients if simple else None
    return {
        "kind": decision.kind,
        "use": decision.use,
        "lead": lead_engine(record).name,
        "tolerance": record.tolerance,
        "settings": _settings(record, decision.smallest),
        "simple": simple,
        "coefficients": coefficients,
        "questions": list(_questions(record, pairs, decision)),
        "actions": list(_actions(record, decision)),
    }


def _questions(
    record: RunRecord, pairs: Pairs, decision: Decision
) -> Iterator[QuestionData]:
    engines = list(record.engines)
    against = [one for one in pairs.values() if one.b == "mean"]
    if against:
        word = "better" if any(o.word == "better" for o in against) else "not settled"
        yield _question("mean", word, against)
    if simple := decision.simple:
        rivals = _rivals(record, decision.champion)
        found = [find(pairs, simple, rival) for rival in rivals]
        yield _question("simple", found[0].word, found)
    for question, b in (("penalties", "unpenalised"), ("defaults", "default")):
        found = [pairs[f"{engine} best", f"{engine} {b}"] for engine in engines]
        words = list(dict.fromkeys(one.word for one in found))
        if question == "defaults":
            found += [
                pairs[f"{engine} unpenalised", f"{engine} default"]
                for engine in engines
            ]
        word = words[0] if len(words) == 1 else "differs"
        yield _question(question, word, found)
    word = "found" if _found_smaller(decision) else "none"
    yield _question("smallest", word, decision.sequence)


def _question(
    question: Any, word: str, comparisons: Sequence[Comparison]
) -> QuestionData:
    changes = [comparison_data(one) for one in comparisons]
    return {"question": question, "word": word, "changes": changes}


def _found_smaller(decision: Decision) -> bool:
    return any(one.is_as_good for one in decision.sequence)


def answer_sentences(record: RunRecord, pairs: Pairs, decision: Decision) -> list[str]:
    """Return the decision in one sentence, three short answers, and what to do."""
    found = [
        _first_sentence(record, pairs, decision),
        _on_penalties(record, pairs),
        _on_size(record, decision),
    ]
    if decision.simple:
        found.append(_on_trees(record, pairs, decision, decision.simple))
    return [*found, *_actions(record, decision)]


def _numbers(one: Comparison) -> str:
    return f"{one.estimate} loss, {one.ends}"


def _spelled(one: Comparison) -> str:
    return f"{one.estimate} loss ({one.ends})"


def _percent(one: Comparison) -> str:
    return f"{format_number(100 * abs(one.change.estimate), 2)}%"


def _named_settings(record: RunRecord, name: str) -> str:
    """Return an engine with the parameters that act.

    ``XGBoost (max_leaves=4, learning_rate=0.1, 41 rounds)``, for example.
    """
    found = _settings(record, name)
    parts = [f"{key}={_shown(value)}" for key, value in found["params"].items()]
    parts = parts[:_MAX_PARAMS]
    if found["more"]:
        parts.append(f"{found['more']} more")
    rounds = found["rounds"]
    parts.append(f"{rounds:,} {'round' if rounds == 1 else 'rounds'}")
    return f"{LABELS[found['engine']]} ({', '.join(parts)})"


def _shown(value: Any) -> str:
    return shown(value) if isinstance(value, int | float) else str(value)


def _first_sentence(record: RunRecord, pairs: Pairs, decision: Decision) -> str:
    """Return what to use and why, in at most 35 words."""
    simple, champion = decision.simple, decision.champion
    engine = _engine_of(record, champion)[0].name
    rival = _model_words(champion)
    if decision.kind == "mean":
        found = pairs[f"{engine} best", "mean"]
        return (
            f"Predict {LABELS['mean']}: no model is shown to beat it "
            f"(tuned {LABELS[engine]} {_numbers(found)})."
        )
    if decision.kind == "defaults":
        found = pairs[f"{engine} best", champion]
        return f"Keep {rival}: tuning raises the loss ({_numbers(found)})."
    if decision.kind in ("simple", "not settled") and simple:
        return _on_simple(record, pairs, decision, simple)
    settings = _named_settings(record, decision.smallest)
    if simple is None:
        found = pairs[f"{engine} best", f"{engine} default"]
        if not found.is_as_good:
            return (
                f"These data cannot tell tuned {LABELS[engine]} from its defaults "
                f"({_numbers(found)}); the tuned model is {settings}."
            )
        what = f"{LABELS[engine]}'s defaults"
    else:
        found, what = find(pairs, champion, simple), LABELS[simple]
    why = f"are as good as {what} ({_numbers(found)})"
    if found.word == "better":
        why = f"have {_percent(found)} lower loss than {what} ({found.ends})"
    sentence = f"Use {settings}: tuned trees {why}"
    size = ""
    if _found_smaller(decision):
        small, large = (
            count(outer_leaves(*_engine_of(record, name)))
            for name in (decision.smallest, f"{engine} best")
        )
        size = f", and {small} leaves are as good as {large}"
    # Long names leave no room for the size, which has a sentence of its own.
    is_short = len(f"{sentence}{size}".split()) <= _MAX_WORDS
    return f"{sentence}{size if is_short else ''}."


def _on_simple(record: RunRecord, pairs: Pairs, decision: Decision, simple: str) -> str:
    found = find(pairs, simple, decision.champion)
    n = record.baselines[simple][None].n_coefficients
    linear = record.baselines[simple][None].is_linear
    unit = ("coefficient" if linear else "weight") + "s" * (n != 1)
    named = f"{LABELS[simple]} with {count(n)} {unit}"
    rival = _model_words(decision.champion)
    if decision.kind == "simple":
        if found.word == "better":
            return (
                f"Use {named}: {_percent(found)} lower loss than {rival} "
                f"({found.ends}), and as good as every other tuned ensemble."
            )
        return f"Use {named}: as good as every tuned ensemble ({_numbers(found)})."
    if found.is_as_good:
        why = f"as good as {rival} ({_numbers(found)})"
        if found.word == "better":
            why = f"{_percent(found)} lower loss than {rival} ({found.ends})"
        unsettled = _model_words(_unsettled(record, pairs, decision, simple)[0])
        return f"Start with {named}: {why}, though not shown as good as {unsettled}."
    return (
        f"These data cannot tell {named} from {rival} ({_numbers(found)}): start with "
        f"the simpler, {LABELS[simple]}."
    )


_ON_PENALTIES = {
    "better": "yes",
    "same": "the loss stays the same",
    "as good": "the loss is not higher",
    "worse": "no, the loss is higher",
    "not settled": "not settled",
}


def _on_penalties(record: RunRecord, pairs: Pairs) -> str:
    by_word: dict[str, list[str]] = {}
    for engine in record.engines:
        found = pairs[f"{engine} best", f"{engine} unpenalised"]
        words = f"{LABELS[engine]} ({_numbers(found)})"
        by_word.setdefault(_ON_PENALTIES[found.word], []).append(words)
    parts = [f"{word} in {' and '.join(found)}" for word, found in by_word.items()]
    lead = lead_engine(record).name
    tuned, plain = (
        pairs[f"{lead} {model}", f"{lead} default"] for model in ("best", "unpenalised")
    )
    searched = "learning_rate" in record.ranges[lead]
    rate = "" if searched else "the same learning rate and "
    return (
        f"Do penalties help? {capitalize('; '.join(parts))}, against trees without "
        f"them, with {rate}early stopping. Against {LABELS[lead]}'s defaults, tuned "
        f"trees have {_spelled(tuned)}, those without penalties {_spelled(plain)}."
    )


def _on_size(record: RunRecord, decision: Decision) -> str:
    question = "Which is the smallest model as good as the best?"
    return f"{question} {capitalize(_size(record, decision))}."


def _size(record: RunRecord, decision: Decision) -> str:
    def named(name: str) -> tuple[str, str]:
        engine, pick = _engine_of(record, name)
        leaves = count(outer_leaves(engine, pick))
        return f"{LABELS[engine.name]}'s {pick}", leaves

    best, large = named(f"{lead_engine(record).name} best")
    if _found_smaller(decision):
        found = [one for one in decision.sequence if one.is_as_good][-1]
        small, leaves = named(found.a)
        return f"{small} with {leaves} leaves instead of {large} ({_numbers(found)})"
    itself = f"the best itself, {best} with {large} leaves"
    if not decision.sequence:
        return f"{itself}, because no pick is smaller"
    failed = decision.sequence[-1]
    small, leaves = named(failed.a)
    verdict = "worse" if failed.word == "worse" else "not shown to be as good"
    return f"{itself}; {small} with {leaves} is {verdict} ({_numbers(failed)})"


def _on_trees(record: RunRecord, pairs: Pairs, decision: Decision, simple: str) -> str:
    is_linear = record.baselines[simple][None].is_linear
    kind = "linear model" if is_linear else "network"
    found = find(pairs, simple, decision.champion)
    word = "No" if found.word == "worse" else "Not settled"
    if found.is_as_good:
        unsettled = _unsettled(record, pairs, decision, simple)
        word = f"Not settled for {_model_words(unsettled[0])}" if unsettled else "Yes"
    return (
        f"Would a {kind} do as well? {word}: {LABELS[simple]} has {_spelled(found)} "
        f"against {_model_words(decision.champion)}."
    )


def _actions(record: RunRecord, decision: Decision) -> Iterator[str]:
    """Yield what to do where a limit of the study shaped the ensemble to use."""
    engine, pick = _engine_of(record, decision.smallest)
    label, tuned = LABELS[engine.name], engine.tuned[None]
    penalty, own = tuned.penalty(pick), ENGINE_FACTS[engine.name].params
    for name in _acting(record, engine, pick):
        entry = record.ranges[engine.name].get(name)
        end = None if entry is None else at_edge(entry, getattr(penalty, name))
        if end is None or not isinstance(entry, Range) or _is_last(name, entry, end):
            continue
        value = engine.models[pick].params.get(own.get(name, name))
        word = "lowest" if end == "low" else "highest"
        yield (
            f"{own.get(name, name)}={_shown(value)} of {label} is at the {word} end of "
            f"its range: widen search.space.{name} and run again."
        )
    if tuned.candidate(pick).rounds_max_reached:
        yield (
            f"rounds.max={record.study['rounds']['max']} stopped {label} while its "
            "loss was still falling: raise it and run again."
        )
    delivered = float(engine.models[pick].size.n_leaves)
    judged = outer_leaves(engine, pick)
    ratio = delivered / judged if judged else 1.0
    if not 1 / NOTABLE_SIZE <= ratio <= NOTABLE_SIZE:
        yield (
            f"Trained on all rows, the model of {label} has {count(delivered)} leaves, "
            f"while {count(judged)} were judged: to judge it, put its parameters into "
            "search.fixed and run again."
        )


def _is_last(name: str, entry: Range, end: str) -> bool:
    """Return whether a range cannot be wider at this end."""
    facts = PENALTY_FACTS[name]
    if end == "low":
        # Below the low end of an amount there is hardly any penalty.
        return not facts.falling or entry.low <= facts.minimum
    return facts.domain == "share" and entry.high >= 1


def tolerance_sentence(tolerance: float) -> str:
    """Return how the words of comparisons are read off their intervals."""
    margin = format_change(tolerance).removeprefix("+")
    return (
        "Words are read off the intervals that are drawn: better or worse (all of it "
        f"on one side of 0), same (all of it within {margin}), as good (all of it "
        f"below +{margin}), otherwise not settled."
    )
