"""The findings of a run in sentences; every number in them comes from its records."""

from collections.abc import Mapping, Sequence

from boostreg.report.comparisons import Comparison, Judged, best_linear
from boostreg.report.records import EngineRecord, RunRecord
from boostreg.report.results import HeadingsData
from boostreg.report.sentences import (
    advice,
    effects_heading,
    ends_of,
    flat_sentences,
    importance_heading,
    lead_engine,
    listed,
    loses_words,
    mean_sentences,
    promise_heading,
    setup_heading,
    shrinkage_heading,
    ties_sentence,
    trees_heading,
    use_heading,
    verdicts_sentence,
)
from boostreg.report.wording import LABELS, count, format_change, with_interval

__all__ = ["Findings"]

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
    "'Better', 'worse', 'helps' and 'harms' rest on Holm-adjusted p-values below 0.05; "
    "intervals are not adjusted. A penalty that harms raises the loss at some value, "
    "and no value's interval leaves room for a drop of 1%."
)
_IMPOSSIBLE = (
    f"Some intervals reach below a loss of 0, or a change of {format_change(-1)}, "
    "where no loss can be: t intervals of few and unequal folds know no such limit. "
    "Read that end as unknown."
)


class Findings:
    """Sentences about one run."""

    def __init__(
        self,
        record: RunRecord,
        judged: Mapping[str, Judged],
        comparisons: Sequence[Comparison],
    ) -> None:
        self._record, self._judged = record, judged
        self._by_pair = {(c.a, c.b): c for c in comparisons}

    def answer(self) -> list[str]:
        """Return the opening: what to use, what it rests on, who does as well.

        Where no model beats the mean, that takes the place of what to use. Of a study
        that searches nothing, only its paths are spoken of.
        """
        if not self._record.searched:
            return [self._penalties()] if self._record.main_effects else []
        lead = lead_engine(self._record)
        kept = self._by_pair[f"{lead.name} one_se", f"{lead.name} best"]
        useless = list(mean_sentences(list(self._by_pair.values())))
        return [
            *(useless or [advice(self._record, self._by_pair)]),
            f"{self._smaller(lead, kept)} {self._penalties()}",
            *self._engines_told(),
            *self._linear(),
        ]

    def headings(self) -> HeadingsData:
        """Return the heading of each section: its finding."""
        return {
            "use": use_heading(self._record),
            "setup": setup_heading(self._record),
            "effects": effects_heading(self._record),
            "front": self._front(),
            "engines": self._engines(),
            "baselines": self._baselines(),
            "trials": self._trials(),
            "importance": importance_heading(self._record),
            "promise": promise_heading(self._record),
            "shrinkage": shrinkage_heading(self._record),
            "trees": trees_heading(self._record),
        }

    def warnings(self) -> list[str]:
        """Return what may mislead: limits that were reached, failed trials."""
        found = []
        for engine in self._record.engines.values():
            label = LABELS[engine.name]
            tuned = engine.tuned[None]
            most = self._record.study["rounds"]["max"]
            found += [
                f"{label} {pick}: rounds.max={most} is what stopped this pick; its "
                "loss was still falling. Raise rounds.max."
                for pick in ("best", "one_se")
                if tuned.candidate(pick).rounds_max_reached
            ]
            failed = sum(trial.state == "failed" for trial in tuned.trials)
            if failed:
                found.append(f"{label}: {failed} of {len(tuned.trials)} trials failed.")
        return found

    def caveats(self) -> list[str]:
        """Return what the figures rest on."""
        outer = len(self._record.outer_weights)
        folds = f"{outer} outer folds" if outer > 1 else "one outer split"
        method = next(iter(self._by_pair.values())).interval.method
        losses = (
            f"Losses are {self._record.card['loss']} on {folds} that no choice has "
            f"seen; intervals: {method}."
        )
        judged = _PROCEDURE if outer > 1 else _ONE_SPLIT
        lines = [losses, judged, _WORDS, *self._impossible()]
        if best_linear(self._record) is not None:
            lines.append("The best linear model is that of the least inner loss.")
        flat = flat_sentences(self._record.effects)
        searched = self._record.engines.values() if self._record.searched else ()
        tied = map(ties_sentence, searched)
        return [*lines, *tied, *flat, *self._raced(), *self._record.notes]

    def _impossible(self) -> list[str]:
        """Return how to read ends where no loss can be, if any are."""
        ratio = self._record.outer_ratio
        ends = [one.interval(ratio).low for one in self._judged.values()]
        ends += [c.base + c.interval.low for c in self._by_pair.values()]
        for effect in self._record.main_effects:
            zero = effect.points[0]
            ends += [zero.loss + p.difference.low for p in effect.points]
        return [_IMPOSSIBLE] if any(end < 0 for end in ends) else []

    def _raced(self) -> list[str]:
        searches = [t for e in self._record.engines.values() for t in e.tuned.values()]
        states = [trial.state for tuned in searches for trial in tuned.trials]
        raced = states.count("raced")
        if not raced:
            return []
        given_up = (
            f"{raced:,} of {len(states):,} trials were given up before all inner "
            "folds, being hopeless against the best so far; search.racing: false "
            "measures all."
        )
        return [given_up]

    def _penalties(self) -> str:
        said: dict[str, list[str]] = {}
        for engine in self._record.engines:
            effects = [e for e in self._record.main_effects if e.engine == engine]
            if effects:
                said.setdefault(verdicts_sentence(effects), []).append(LABELS[engine])
        if not said:
            return "No path of a penalty was measured."
        parts = [f"in {listed(engines)}, {what}" for what, engines in said.items()]
        sentence = "; ".join(parts)
        return f"{sentence[0].upper()}{sentence[1:]}."

    def _smaller(self, engine: EngineRecord, kept: Comparison) -> str:
        leaves = self._leaves(engine, "one_se"), self._leaves(engine, "best")
        one = len(self._record.outer_weights) == 1
        where = "on the outer split" if one else "means over the outer folds"
        to_use = count(engine.models["one_se"].size.n_leaves)
        return (
            f"The smallest model within one standard error of the best has {leaves[0]} "
            f"leaves instead of {leaves[1]}, {where} ({to_use} grown on all rows): "
            f"{loses_words(kept)}."
        )

    def _engines_told(self) -> list[str]:
        return [f"{self._engines()}."] if len(self._record.engines) > 1 else []

    def _linear(self) -> list[str]:
        name = best_linear(self._record)
        if name is None:
            return []
        loss = f"{self._record.card['loss']} of {self._loss(name)}"
        sentences = [f"The best linear model, {LABELS[name]}, has a {loss}."]
        for engine in self._record.engines:
            found = self._by_pair[f"{engine} best", name]
            sentences.append(
                f"Tuned {LABELS[engine]} is {found.phrase} it "
                f"({_relative(found)} loss, {ends_of(found)})."
            )
        return [" ".join(sentences)]

    def _front(self) -> str:
        engine, saved = min(
            ((e, _saving(e)) for e in self._record.engines.values()),
            key=lambda pair: pair[1],
        )
        one = engine.tuned[None].selection
        return (
            f"{count(one.one_se.n_leaves)} leaves of {LABELS[engine.name]} do as well, "
            f"within one standard error, as its best with {count(one.best.n_leaves)} "
            f"({format_change(saved)})"
        )

    def _engines(self) -> str:
        names = list(self._record.engines)
        if len(names) < 2:
            return f"{LABELS[names[0]]} tuned, default and without penalties"
        found = self._by_pair[f"{names[1]} best", f"{names[0]} best"]
        return (
            f"{LABELS[names[1]]} is {found.phrase} {LABELS[names[0]]}: "
            f"{_relative(found)} loss ({ends_of(found)}), "
            f"{'both tuned' if self._record.searched else 'rounds alone tuned'}"
        )

    def _baselines(self) -> str:
        if any(mean_sentences(list(self._by_pair.values()))):
            return "No model beats the mean"
        name = best_linear(self._record)
        if name is None:
            return "No linear model was asked for"
        engine = lead_engine(self._record).name
        found = self._by_pair[f"{engine} best", name]
        return (
            f"Tuned {LABELS[engine]} is {found.phrase} the best linear model, "
            f"{LABELS[name]}: {_relative(found)} loss"
        )

    def _trials(self) -> str:
        told = [
            f"{LABELS[e.name]}'s best is trial {e.tuned[None].selection.best.trial} of "
            f"{len(e.tuned[None].trials)}"
            for e in self._record.engines.values()
        ]
        return f"{', '.join(told)}, counted from 0"

    def _loss(self, name: str) -> str:
        return with_interval(self._judged[name].interval(self._record.outer_ratio))

    def _leaves(self, engine: EngineRecord, model: str) -> str:
        return count(_mean_leaves(engine, model))


def _mean_leaves(engine: EngineRecord, model: str) -> float:
    folds = engine.outer[model]
    return sum(fold.size.n_leaves for fold in folds) / len(folds)


def _saving(engine: EngineRecord) -> float:
    chosen = engine.tuned[None].selection
    if chosen.best.n_leaves == 0:
        return 0.0
    return chosen.one_se.n_leaves / chosen.best.n_leaves - 1


def _relative(comparison: Comparison) -> str:
    return format_change(comparison.relative(comparison.interval.estimate))
