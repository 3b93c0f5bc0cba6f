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
from boostreg.report.wording import LABELS, format_change, listed

__all__ = [
    "MAX_PARAMS", "NOTABLE_SIZE", "Decision", "Pairs", "actions", "answer_data",
    "decide", "engine_of", "find", "found_smaller", "model_words", "rivals", "settings",
    "shown_value", "tolerance_sentence", "unsettled",
]  # fmt: skip

Pairs = Mapping[tuple[str, str], Comparison]
"""Comparisons by the names of their two models."""

Kind = Literal["mean", "simple", "trees", "defaults", "not settled"]

MAX_PARAMS = 5
"""Parameters that the first sentence names; more are counted."""

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
        others = rivals(record, champion)
        if all(find(pairs, simple, rival).is_as_good for rival in others):
            kind, use = "simple", simple
        elif not find(pairs, champion, simple).is_as_good:
            kind, use = "not settled", simple
        elif not find(pairs, trees, simple).is_as_good:
            use = champion  # "as good" twice in a row may add up to twice the tolerance
    return Decision(kind, use, champion, simple, smallest, sequence)


def rivals(record: RunRecord, champion: str) -> list[str]:
    """Return the ensembles that a simple model must be as good as, each once."""
    tuned = [f"{engine} {pick}" for engine in record.engines for pick in PICKED]
    return list(dict.fromkeys((champion, *tuned)))


def unsettled(
    record: RunRecord, pairs: Pairs, decision: Decision, simple: str
) -> list[str]:
    """Return the ensembles that the simple model is not shown to be as good as."""
    others = rivals(record, decision.champion)
    return [r for r in others if not find(pairs, simple, r).is_as_good]


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


def model_words(name: str) -> str:
    """Return a model as a sentence names it.

    >>> model_words("xgboost best"), model_words("lasso")
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


def engine_of(record: RunRecord, name: str) -> tuple[EngineRecord, str]:
    """Return the engine of an ensemble and which of its models it is."""
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


def settings(record: RunRecord, name: str) -> SettingsData:
    """Return the parameters of a pick that act, in the library's own names."""
    engine, pick = engine_of(record, name)
    own, known = ENGINE_FACTS[engine.name].params, engine.models[pick].params
    acting = [own.get(n, n) for n in _acting(record, engine, pick)]
    params = {n: known[n] for n in acting if n in known}
    return {
        "engine": engine.name,
        "model": "best" if pick == "best" else "one_se",
        "params": params,
        "more": max(0, len(params) - MAX_PARAMS),
        "rounds": engine.tuned[None].n_rounds(pick),
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
        "settings": settings(record, decision.smallest),
        "simple": simple,
        "coefficients": coefficients,
        "questions": list(_questions(record, pairs, decision)),
        "actions": list(actions(record, decision)),
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
        others = rivals(record, decision.champion)
        found = [find(pairs, simple, rival) for rival in others]
        yield _question("simple", found[0].word, found)
    for question, b in (("penalties", "unpenalised"), ("defaults", "default")):
        found = [pairs[f"{engine} best", f"{engine} {b}"] for engine in engines]
        words = list(dict.fromkeys(one.word for one in found))
        if question == "defaults":
            found += [
                pairs[f"{engine} unpenalised", f"{engine} default"]
                for engine in engines
            ]
        word = words[0] if len(words) == 1 else "by engine"
        yield _question(question, word, found)
    word = "found" if found_smaller(decision) else "none"
    yield _question("smallest", word, decision.sequence)


def _question(
    question: Any, word: str, comparisons: Sequence[Comparison]
) -> QuestionData:
    changes = [comparison_data(one) for one in comparisons]
    return {"question": question, "word": word, "changes": changes}


def found_smaller(decision: Decision) -> bool:
    """Return whether a pick smaller than the best is shown to be as good."""
    return any(one.is_as_good for one in decision.sequence)


def actions(record: RunRecord, decision: Decision) -> Iterator[str]:
    """Yield what to do where a limit of the study shaped what it found."""
    engine, pick = engine_of(record, decision.smallest)
    tuned = engine.tuned[None]
    penalty, own = tuned.penalty(pick), ENGINE_FACTS[engine.name].params
    for name in _acting(record, engine, pick):
        entry = record.ranges[engine.name].get(name)
        end = None if entry is None else at_edge(entry, getattr(penalty, name))
        if end is None or not isinstance(entry, Range) or _is_last(name, entry, end):
            continue
        value = engine.models[pick].params.get(own.get(name, name))
        word = "lowest" if end == "low" else "highest"
        yield (
            f"{own.get(name, name)}={shown_value(value)} is the {word} tried: widen "
            f"search.space.{name} and run again."
        )
    stopped = [
        LABELS[one.name]
        for one in record.engines.values()
        if any(one.tuned[None].candidate(p).rounds_max_reached for p in PICKED)
    ]
    if stopped:
        whose = "its" if len(stopped) == 1 else "their"
        yield (
            f"rounds.max={record.study['rounds']['max']} stopped {listed(stopped)} "
            f"while {whose} loss was still falling: raise it and run again."
        )
    delivered = float(engine.models[pick].size.n_leaves)
    judged = outer_leaves(engine, pick)
    ratio = delivered / judged if judged else 1.0
    if not 1 / NOTABLE_SIZE <= ratio <= NOTABLE_SIZE:
        yield (
            f"Trained on all rows, the model grows to {count(delivered)} leaves; those "
            f"judged had {count(judged)}: to judge it, fix its values in search.fixed "
            "and run again."
        )


def shown_value(value: Any) -> str:
    """Return a parameter as a sentence writes it."""
    return shown(value) if isinstance(value, int | float) else str(value)


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
