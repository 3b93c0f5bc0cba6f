"""Searches of the same tables in other spaces, with the same folds and trials."""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from boostreg.evidence.tables import TOGETHER, LogRatio, read_kept
from boostreg.figures import RatioRow, tables_chart
from boostreg.figures.scale import is_number
from boostreg.penalty.shipped import space_names
from boostreg.penalty.space import shipped_space
from boostreg.report.results import Results
from boostreg.report.wording import counted, listed

__all__ = [
    "SearchEvidence",
    "compare_spaces",
    "of_spaces",
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
    outer: Mapping[str, float | None]
    inner: Mapping[str, float | None]
    ratio: float
    losses: Mapping[str, tuple[float, ...]]
    leaves: Mapping[str, float]

    @property
    def setting(self) -> str:
        """What two searches must share to be compared, as text."""
        folds, engines = (self.outer, self.inner), sorted(self.losses)
        rest = (self.fingerprint, self.target, self.seed, self.trials)
        return json.dumps([folds, engines, rest], sort_keys=True)


def search_evidence(name: str, results: Results) -> SearchEvidence | None:
    """Return what a run chose; None if a loss or a size is not known or not above 0."""
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
        if len(known) < len(numbers):
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


def compare_spaces(
    firsts: Sequence[SearchEvidence],
    others: Sequence[SearchEvidence],
    least: float,
    mean: Callable[[Sequence[LogRatio]], Any],
    size: Callable[[Sequence[LogRatio]], Any],
) -> dict[str, dict[str, Any]]:
    """Return what each other space changes, by its name: loss by engine, and leaves.

    ``least`` is the lowest standard error of a change of loss on one table; ``mean``
    and ``size`` return the mean of changes of loss and of a size.
    """
    first = {one.setting: one for one in firsts}
    losses: dict[str, dict[str, list[LogRatio]]] = {}
    leaves: dict[str, list[LogRatio]] = {}
    for one in others:
        base = first[one.setting]
        changes = {
            engine: np.log(one.losses[engine]) - np.log(base.losses[engine])
            for engine in sorted(base.losses)
        }
        changes |= {TOGETHER: np.mean(list(changes.values()), axis=0)}
        for engine, values in changes.items():
            # Nadeau and Bengio (2003): training rows are shared between folds.
            spread = 0.0 if len(values) < 2 else float(values.var(ddof=1))
            variance = max(spread * (1 / len(values) + one.ratio), least**2)
            found = losses.setdefault(one.space, {}).setdefault(engine, [])
            found.append(LogRatio(float(values.mean()), variance))
        sizes = [math.log(one.leaves[e] / base.leaves[e]) for e in base.leaves]
        leaves.setdefault(one.space, []).append(LogRatio(float(np.mean(sizes)), 0.0))
    return {
        space: {
            "tables": len(leaves[space]),
            "trials": others[0].trials,
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
    every = [known[s]["tables"] for s in by_loss]
    trials = counted(known[by_loss[0]]["trials"], "trial")
    yield EvidenceFinding(
        "spaces",
        f"At {trials} in other spaces, the loss is {listed(shown)}"
        if shown
        else f"At {trials}, no other space is shown to change the loss",
        "Change of the loss against the space of these studies, mean over tables with "
        f"the same folds and its 95% interval: {listed(list(found.values()))}. Leaves "
        f"of the tuned models: {listed(sizes)}. Tables: {min(every)}"
        f"{f' to {max(every)}' * (max(every) > min(every))}.",
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
