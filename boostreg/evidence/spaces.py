"""Searches of the same tables in other spaces, with the same folds and trials."""

import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from boostreg.evidence.finding import (
    LETTERS,
    Data,
    EvidenceFinding,
    interval,
    ratio,
)
from boostreg.evidence.tables import TOGETHER, LogRatio, read_kept, variance_of
from boostreg.figures import RatioRow, tables_chart
from boostreg.figures.scale import is_number
from boostreg.penalty.shipped import space_names
from boostreg.penalty.space import shipped_space
from boostreg.report.results import Results
from boostreg.report.wording import listed
from boostreg.statistics import corrected_t

__all__ = [
    "SearchEvidence",
    "compare_spaces",
    "of_spaces",
    "pair_searches",
    "read_searches",
    "search_evidence",
]


@dataclass(frozen=True, slots=True)
class SearchEvidence:
    """What a run chose, with the name of its space.

    Attributes
    ----------
    name, fingerprint, target : str
        Of the run and its table.
    space : str
        Name of the built-in space, empty for ranges of the study's own.
    seed, trials : int
    outer, inner : mapping
        The folds of the study.
    ratio : float
        Test rows per training row of an outer fold.
    losses : mapping of str to tuple of float
        Loss of the pick ``best`` on each outer fold, by engine.
    leaves : mapping of str to float
        Its leaves, mean over outer folds, by engine.
    """

    name: str
    fingerprint: str
    target: str
    space: str
    seed: int
    trials: int
    outer: Mapping[str, int | float | None]
    inner: Mapping[str, int | float | None]
    ratio: float
    losses: Mapping[str, tuple[float, ...]]
    leaves: Mapping[str, float]

    @property
    def setting(self) -> tuple[Hashable, ...]:
        """What two searches must share to be compared."""
        folds = [tuple(sorted(one.items())) for one in (self.outer, self.inner)]
        rest = (self.fingerprint, self.target, self.seed, self.trials)
        return (*folds, *sorted(self.losses), *rest)


def search_evidence(name: str, results: Results) -> SearchEvidence | None:
    """Return what a run chose; None if it cannot be compared.

    A comparison needs two outer folds, and losses and sizes above 0.
    """
    study = results["study"]
    losses: dict[str, tuple[float, ...]] = {}
    leaves: dict[str, float] = {}
    for engine, one in results["engines"].items():
        best = one["best"]
        numbers = (
            best["outer_size"]["leaves"],
            *(fold["loss"] for fold in best["by_outer_fold"]),
        )
        known = [v for v in numbers if is_number(v) and v > 0]
        if len(known) < len(numbers) or len(best["by_outer_fold"]) < 2:
            return None
        leaves[engine], *found = known
        losses[engine] = tuple(found)
    written = study["search"]["space"]
    # What a space fixes is under ``search.fixed`` of the study.
    ranges = {s: replace(shipped_space(s), fixed={}).as_dict() for s in space_names()}
    names = [s for s, own in ranges.items() if own == written]
    return SearchEvidence(
        name=name,
        fingerprint=results["data"]["fingerprint"],
        target=results["data"]["target"] or "",
        space=names[0] if names else "",
        seed=study["seed"],
        trials=study["search"]["trials"],
        outer=study["validation"]["outer"],
        inner=study["validation"]["inner"],
        ratio=results["outer_ratio"],
        losses=losses,
        leaves=leaves,
    )


def read_searches(content: object) -> list[SearchEvidence]:
    """Return the searches that ``evidence.json`` keeps as ``searches``.

    Raises DataError if it is not that.
    """
    return read_kept(list[SearchEvidence], content, "searches")


def pair_searches(
    names: Iterable[str], searches: Iterable[SearchEvidence]
) -> list[tuple[SearchEvidence, SearchEvidence]]:
    """Return the searches of the named runs, each with one in another built-in space.

    Both have the same table, folds and number of trials; of several in one space, the
    first by name is taken.
    """
    named, ordered = {*names}, sorted(searches, key=lambda one: one.name)
    firsts = {one.setting: one for one in ordered if one.name in named}
    found: dict[Hashable, tuple[SearchEvidence, SearchEvidence]] = {}
    for one in ordered:
        first = firsts.get(one.setting)
        if first is not None and one.space not in ("", first.space):
            found.setdefault((one.setting, one.space), (first, one))
    return list(found.values())


def compare_spaces(
    pairs: Sequence[tuple[SearchEvidence, SearchEvidence]],
    tolerance: float,
    mean: Callable[[Sequence[LogRatio]], Any],
    size: Callable[[Sequence[LogRatio]], Any],
) -> dict[str, dict[str, Any]]:
    """Return what each other space changes, by its name: loss by engine, and leaves.

    ``pairs`` are those of ``pair_searches``; ``mean`` and ``size`` return the mean of
    changes of loss and of a size.
    """
    losses: dict[str, dict[str, list[LogRatio]]] = {}
    leaves: dict[str, list[LogRatio]] = {}
    trials: dict[str, list[int]] = {}
    for base, one in pairs:
        changes = {
            engine: np.log(one.losses[engine]) - np.log(base.losses[engine])
            for engine in sorted(base.losses)
        }
        changes |= {TOGETHER: np.mean(list(changes.values()), axis=0)}
        for engine, values in changes.items():
            change = corrected_t(values, one.ratio)
            variance = variance_of(change.low, change.high, change.n - 1, tolerance)
            found = losses.setdefault(one.space, {}).setdefault(engine, [])
            found.append(LogRatio(change.estimate, variance))
        sizes = [math.log(one.leaves[e] / base.leaves[e]) for e in base.leaves]
        leaves.setdefault(one.space, []).append(LogRatio(float(np.mean(sizes)), 0.0))
        trials.setdefault(one.space, []).append(one.trials)
    return {
        space: {
            "tables": len(leaves[space]),
            "trials": [min(trials[space]), max(trials[space])],
            "loss": {engine: mean(found) for engine, found in by_engine.items()},
            "leaves": size(leaves[space]),
        }
        for space, by_engine in sorted(losses.items())
    }


def of_spaces(content: Data) -> Iterator[EvidenceFinding]:
    """Yield what searches in other spaces lose or save."""
    known = {
        space: one
        for space, one in content["spaces"].items()
        if one["loss"][TOGETHER] is not None
    }
    if not known:
        return
    by_loss = sorted(known, key=lambda s: -known[s]["loss"][TOGETHER]["change"])
    found = {s: f"{s} {interval(known[s]['loss'][TOGETHER])}" for s in by_loss}
    words = {s: known[s]["loss"][TOGETHER]["word"] for s in by_loss}
    shown = [found[s] for s in by_loss if words[s] in ("better", "worse")]
    sizes = [f"{s} {interval(known[s]['leaves'])}" for s in by_loss]
    tables = _range([known[s]["tables"] for s in by_loss])
    trials = _range([number for s in by_loss for number in known[s]["trials"]])
    yield EvidenceFinding(
        "spaces",
        f"At {trials} trials in other spaces, the loss is {listed(shown)}"
        if shown
        else f"At {trials} trials, no other space is shown to change the loss",
        "Change of the loss against the space of these studies, mean over tables with "
        f"the same folds and its 95% interval: {listed(list(found.values()))}. Leaves "
        f"of the tuned models: {listed(sizes)}. Tables: {tables}.",
        tables_chart(
            [
                RatioRow(s, {e: ratio(v) for e, v in known[s]["loss"].items() if v})
                for s in by_loss
            ],
            title="Other spaces at the same number of trials",
            label="factor on the loss (log axis)",
            letters=LETTERS,
        ),
    )


def _range(numbers: Sequence[int]) -> str:
    """Return the least and the largest number, or the only one."""
    low, high = min(numbers), max(numbers)
    return f"{low}" if low == high else f"{low} to {high}"
