"""The linter: penalties of a search that cannot act, or not as they seem to.

It sees ranges, fixed values and a few facts about the smallest training part, fits
nothing, and never stops a run. "Mostly" means more than half of the values above 0;
no effect means one below 1%. All limits are those at the intercept, without row
sampling.

====  =====================================================================
code  what was found, and by which rule
====  =====================================================================
P101  ``max_leaves`` above ``2**max_depth``, the leaves of a full tree.
P102  ``max_leaves`` above what the rows can fill: rows, rows /
      ``min_child_samples``, total hessian / ``min_child_weight``.
P103  ``max_depth`` is named, ``max_leaves`` is not, and its default is
      smaller than ``2**max_depth``.
P104  ``min_child_samples`` beside ``min_child_weight`` where every row
      carries the same hessian: one limit under two names.
P111  A range mostly too small to act. ``reg_lambda`` below 1% of h: a leaf
      of one row keeps H / (H + reg_lambda) > 99%. ``reg_alpha`` below 1% of
      g: of one row's abs(G) 99% are left. ``min_split_gain`` below 1% of
      g^2/h, which setting one row apart gains. ``min_child_weight`` below
      one row's hessian (below 1% of it where hessians vary, as they fall in
      confident leaves). ``path_smooth`` below 0.01 rows: n / (n + s) > 99%.
P112  ``max_delta_step`` mostly above every abs(g/h) of a row: a leaf is a
      weighted mean of such ratios, so nothing is clipped.
P121  ``reg_alpha`` mostly at or above the largest abs(G) on a side of any
      first split: both sides get T(G) = 0, and as G = 0 at the root the
      gain is 0. The score never moves, so no later tree is split either.
P122  ``min_split_gain`` mostly at or above the best gain of any first split
      with no other penalty; others only lower it.
P123  ``min_child_weight`` mostly above half of the total hessian: the two
      sides of a split cannot both hold it.
P124  ``min_child_samples`` mostly above half of the rows.
P125  ``reg_lambda`` or ``path_smooth`` mostly so large that a leaf of all
      rows keeps less than 1% of its weight.
P131  ``subsample`` that leaves out less than one row.
P132  ``colsample_bytree`` with one feature.
P201  A penalty of the common space that one of the engines lacks. A run
      refuses it; the advice stands in the error.
P202  ``min_split_gain`` in LightGBM, where it is stricter than elsewhere: a
      feature without a split that gains as much is barred from the whole
      subtree below (``src/treelearner/serial_tree_learner.cpp``), at equal
      leaf and gain formulas.
P203  Penalties on leaf weights with absolute error or quantile loss: all
      libraries but XGBoost from 3.4 on replace leaf weights, and that one
      applies them to a smoothed loss.
P204  ``max_delta_step`` in scale ``rows`` or ``share`` where raw scores have
      the target's unit: it has no scale, so a target times c no longer
      gives the same trees.
P301  ``learning_rate`` so small that after ``rounds.max`` rounds
      (1 - learning_rate)**rounds of the signal is left, more than 10%, were
      each tree perfect: curves end at the limit, not at their minimum.
P401  A former run's best value lies within 5% of an end of this range, on
      the range's own axis, or beyond it, where what is beyond would act.
====  =====================================================================
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from boostreg.penalty.lint_facts import Entry, Facts, LintFinding, entries_of
from boostreg.penalty.space import Range, Space
from boostreg.penalty.value import (
    ON_LEAF_WEIGHTS,
    PENALTY_FACTS,
    SCALED,
    Penalty,
    Scale,
    shown,
)

__all__ = [
    "Facts",
    "LintFinding",
    "acts_from",
    "at_edge",
    "capacity_findings",
    "edge_findings",
    "lacking",
    "lint",
    "reach_findings",
]

_EDGE = 0.05
_LEFT = 0.1
_RENEWED = ("absolute_error", "quantile")
_IN_TARGET_UNIT = ("squared_error", *_RENEWED)


def lint(
    space: Space,
    fixed: Mapping[str, float | int | None],
    *,
    engines: Sequence[str],
    facts: Facts,
) -> tuple[LintFinding, ...]:
    """Return what a search should be warned of, in the order of the codes.

    Parameters
    ----------
    space : Space
        What is searched.
    fixed : mapping of str to number
        Penalties that are held at a value; what is neither searched nor fixed has our
        defaults and is not looked at, but for ``learning_rate``.
    engines : sequence of str
        Engines that run.
    facts : Facts
        About the smallest training part.
    """
    entries = entries_of(space, fixed, engines)
    found = [
        *capacity_findings(entries, facts),
        *reach_findings(entries, facts),
        *_stricter_gain(entries),
        *_renewed_leaves(entries, facts),
        *_unscaled_step(entries, facts),
        *_slow(entries, facts),
    ]
    return tuple(sorted(found, key=lambda finding: finding.code))


def _stricter_gain(entries: Sequence[Entry]) -> Iterator[LintFinding]:
    for entry in entries:
        if entry.name == "min_split_gain" and "lightgbm" in entry.engines:
            yield LintFinding(
                "P202",
                entry.where,
                "LightGBM bars a feature from the whole subtree below a node in which "
                "no split on it gains min_split_gain, so the same value grows smaller "
                "trees there than in XGBoost.",
                "Compare the engines by reg_alpha, reg_lambda and max_leaves.",
            )


def _renewed_leaves(entries: Sequence[Entry], facts: Facts) -> Iterator[LintFinding]:
    if facts.objective not in _RENEWED:
        return
    for entry in entries:
        if entry.name in ON_LEAF_WEIGHTS:
            yield LintFinding(
                "P203",
                entry.where,
                f"With {facts.objective} only XGBoost 3.4 applies it to leaf weights, "
                "and to those of a smoothed loss; the other libraries put a quantile "
                "of the residuals into every leaf.",
                "Fix it at 0 and search max_leaves or min_split_gain.",
            )


def _unscaled_step(entries: Sequence[Entry], facts: Facts) -> Iterator[LintFinding]:
    if facts.scale == "raw" or facts.objective not in _IN_TARGET_UNIT:
        return
    for entry in entries:
        if entry.name == "max_delta_step":
            yield LintFinding(
                "P204",
                entry.where,
                f"max_delta_step is in the target's own unit, scale: {facts.scale} "
                "does not reach it, and a target in another unit grows other trees.",
                "Drop it, or standardise the target.",
            )


def _slow(entries: Sequence[Entry], facts: Facts) -> Iterator[LintFinding]:
    named = [entry for entry in entries if entry.name == "learning_rate"]
    default = Entry("learning_rate", "rounds.max", (), Penalty().learning_rate)
    least = 1 - _LEFT ** (1 / facts.n_rounds)
    for entry in named or [default]:
        if (share := entry.share_below(least)) > MOSTLY:
            left = (1 - entry.low) ** facts.n_rounds
            rounds = f"rounds.max of {facts.n_rounds}"
            yield LintFinding(
                "P301",
                entry.where,
                f"{_small(entry, share)} too small for {rounds}: at "
                f"{shown(entry.low)} perfect trees would leave {left:.0%} of the "
                "signal, so curves end before their minimum.",
                f"Use a learning_rate above {shown(least)}, or more rounds.",
            )


def _small(entry: Entry, share: float) -> str:
    if entry.where == "rounds.max":
        return f"The default learning_rate of {shown(entry.low)} is"
    return entry.most(share)


def lacking(
    name: str, entry: Range, *, engine: str, others: Sequence[str], reason: str
) -> LintFinding:
    """Return the finding on a penalty of the common space that an engine lacks.

    Parameters
    ----------
    name, entry : str, Range
        The penalty and its range.
    engine : str
        The engine that refuses it.
    others : sequence of str
        Engines of the study that take it.
    reason : str
        Why, in the engine's words.
    """
    values = f"{{low: {entry.low:g}, high: {entry.high:g}"
    values += ", log: true" if entry.log else ""
    values += f", zero: {entry.zero:g}}}" if entry.zero else "}"
    keys = ", ".join(f"{other}: {{{name}: {values}}}" for other in others)
    advice = f"In search.space, write {keys} instead." if others else "Drop it."
    return LintFinding("P201", f"search.space.{name}", f"{engine}: {reason}", advice)


def at_edge(entry: Range | float, value: float | None) -> str | None:
    """Return the end of a range that a value lies at: ``low``, ``high`` or None.

    The outer 5% of the range's own axis count, and both of its ends; 0 does not. A
    fixed value has no ends.

    >>> at_edge(Range(low=1, high=100, log=True), 99.0)
    'high'
    """
    if value is None or value == 0 or not isinstance(entry, Range):
        return None
    if value <= entry.low:
        return "low"
    if value >= entry.high:
        return "high"
    place = (entry.share(value) - entry.zero) / (1 - entry.zero)
    if place < _EDGE:
        return "low"
    return "high" if place > 1 - _EDGE else None


def edge_findings(
    results: Mapping[str, Any],
    space: Space,
    *,
    engines: Sequence[str],
    scale: Scale = "raw",
    facts: Facts | None = None,
) -> tuple[LintFinding, ...]:
    """Return where a former run's best penalties lie at the ends of ranges.

    Parameters
    ----------
    results : mapping
        The content of a former run's ``results.json``.
    space : Space
        What is to be searched.
    engines : sequence of str
        Engines that are to run.
    scale : {"raw", "rows", "share"}
        Unit of the ranges. A former run in another one is converted if it says how.
    facts : Facts, optional
        About the smallest training part: a low end that does not act there could as
        well be 0, and is not reported.
    """
    found = []
    for entry in entries_of(space, {}, engines):
        for engine in entry.engines:
            pick = results.get("engines", {}).get(engine, {}).get("best") or {}
            value = _former(pick, entry.name, scale)
            end = at_edge(entry.values, value)
            if end and not (_natural_end(entry, end) or _idle_end(entry, end, facts)):
                found.append(_edge_finding(engine, entry, end, value))
    return tuple(found)


def _former(pick: Mapping[str, Any], name: str, scale: Scale) -> float | None:
    given: Mapping[str, Any] = pick.get("penalty") or {}
    if name in SCALED and pick.get("scale", "raw") != scale:
        given = (pick.get("scales") or {}).get(scale) or {}
    value = given.get(name)
    return None if value is None else float(value)


def _natural_end(entry: Entry, end: str) -> bool:
    """Say whether no value lies beyond that end."""
    known = PENALTY_FACTS[entry.name]
    if end == "high":
        return known.domain == "share" and entry.high >= 1
    return entry.low <= known.minimum


def _idle_end(entry: Entry, end: str, facts: Facts | None) -> bool:
    limit = None if facts is None else acts_from(entry.name, facts)
    return end == "low" and limit is not None and entry.low < limit


def _edge_finding(
    engine: str, entry: Entry, end: str, value: float | None
) -> LintFinding:
    widen = "Raise high" if end == "high" else "Lower low"
    return LintFinding(
        "P401",
        entry.where,
        f"The last run's best value with {engine}, {shown(value or 0.0)}, lies at the "
        f"{end} end of {shown(entry.low)} to {shown(entry.high)}.",
        f"{widen}, so that the best value lies inside.",
    )


MOSTLY = 0.5
"""Share of a range that must be idle before it is worth a word."""

LITTLE = 0.01
"""An effect smaller than this is called none."""

_KEPT = 1 / LITTLE - 1

_LITTLE_IN_WORDS = {
    "gradient": "a hundredth of one row's gradient",
    "hessian": "a hundredth of one row's hessian",
    "gain": "a hundredth of what setting a single row apart gains",
    "row": "a hundredth of a row",
}


def _too_small_for(name: str) -> str:
    """Return what a penalty is too small for, where it does not act.

    >>> _too_small_for("path_smooth")
    'a hundredth of a row, so that even a leaf of a single row keeps 99% of its weight'
    """
    little = _LITTLE_IN_WORDS[str(PENALTY_FACTS[name].unit)]
    if name in ON_LEAF_WEIGHTS:
        return f"{little}, so that even a leaf of a single row keeps 99% of its weight"
    return f"{little}, so that hardly any split is refused"


def reach_findings(entries: Sequence[Entry], facts: Facts) -> Iterator[LintFinding]:
    """Yield findings on each penalty by itself."""
    for entry in entries:
        yield from _too_small(entry, facts)
        yield from _too_large(entry, facts)
        yield from _sampling(entry, facts)


def _too_small(entry: Entry, facts: Facts) -> Iterator[LintFinding]:
    limit = acts_from(entry.name, facts)
    if limit is None or entry.is_default:
        return
    if (share := entry.share_below(limit)) <= MOSTLY:
        return
    reason = _too_small_for(entry.name)
    if entry.name == "min_child_weight" and facts.constant_hessian:
        reason = "the hessian of one row, which every leaf holds"
    yield LintFinding(
        "P111",
        entry.where,
        f"{entry.most(share)} too small to act: below {shown(limit)}, {reason}.",
        _raise_advice(entry, facts),
    )


def acts_from(name: str, facts: Facts) -> float | None:
    """Return the value below which a penalty does not act, None without one."""
    if PENALTY_FACTS[name].unit == "row":
        return LITTLE
    if name not in SCALED or (row := facts.of_one_row(name)) is None:
        return None
    exact = name == "min_child_weight" and facts.constant_hessian
    return row if exact else LITTLE * row


def _raise_advice(entry: Entry, facts: Facts) -> str:
    if PENALTY_FACTS[entry.name].unit == "row":
        return "Raise it: 1 pulls a leaf of one row half of the way to its parent."
    row = facts.of_one_row(entry.name) or 0.0
    advice = f"Raise it: {shown(row)} is worth one row"
    if facts.scale != "raw":
        return f"{advice}."
    if not isinstance(entry.values, Range) or entry.share_below(LITTLE) > MOSTLY:
        return f"{advice}; with scale: rows under search that is 1 on any data."
    return (
        f"Write scale: rows under search, which makes it {shown(entry.low)} to "
        f"{shown(entry.high)} times one row's worth on any data; or raise it: "
        f"{shown(row)} is worth one row."
    )


def _too_large(entry: Entry, facts: Facts) -> Iterator[LintFinding]:
    for code, raw, reason in _ceilings(entry.name, facts):
        limit = facts.in_scale(entry.name, raw)
        if limit is None or limit <= 0:
            continue
        share = 1 - entry.share_below(limit)
        if share > MOSTLY:
            yield LintFinding(
                code,
                entry.where,
                f"{entry.most(share)} at least {shown(limit)}, {reason}.",
                f"Keep it well below {shown(limit)}.",
            )


def _ceilings(name: str, facts: Facts) -> Iterator[tuple[str, float, str]]:
    """Yield code, raw value and reason of each limit that one penalty has."""
    no_split = "so no tree can be split"
    if name == "reg_alpha":
        reason = f"the largest gradient sum on one side of any first split, {no_split}"
        yield "P121", facts.largest_gradient, reason
    if name == "min_split_gain":
        reason = f"the gain of the best first split without penalties, {no_split}"
        yield "P122", facts.largest_gain, reason
    if name == "min_child_weight":
        reason = f"more than half of the hessian of all training rows, {no_split}"
        yield "P123", 0.5 * facts.total_hessian * (1 + 1e-9), reason
    if name == "min_child_samples":
        reason = f"more than half of the {facts.n_rows} training rows, {no_split}"
        yield "P124", facts.n_rows // 2 + 1, reason
    if name == "reg_lambda":
        reason = "with which even a leaf of all rows keeps less than 1% of its weight"
        yield "P125", _KEPT * facts.total_hessian, reason
    if name == "path_smooth":
        reason = "with which even a leaf of all rows keeps less than 1% of its weight"
        yield "P125", _KEPT * facts.n_rows, reason
    if name == "max_delta_step" and facts.largest_weight > 0:
        reason = "more than any leaf of a single row weighs, so nothing is clipped"
        yield "P112", facts.largest_weight, reason


def _sampling(entry: Entry, facts: Facts) -> Iterator[LintFinding]:
    if entry.name == "subsample" and 0 < (1 - entry.low) * facts.n_rows < 1:
        yield LintFinding(
            "P131",
            entry.where,
            f"Of {facts.n_rows} training rows less than one is left out at "
            f"{shown(entry.low)}.",
            "Lower it, for example to 0.5, or drop it.",
        )
    if entry.name == "colsample_bytree" and facts.n_features == 1 and entry.low < 1:
        yield LintFinding(
            "P132",
            entry.where,
            "There is one feature only, and every tree gets it.",
            "Drop colsample_bytree.",
        )


_DEEPEST = 30  # 2**31 leaves are more than either library can count


def capacity_findings(entries: Sequence[Entry], facts: Facts) -> Iterator[LintFinding]:
    """Yield findings on penalties that limit the same leaves."""
    by_name: dict[str, list[Entry]] = {}
    for entry in entries:
        by_name.setdefault(entry.name, []).append(entry)
    for leaves in by_name.get("max_leaves", ()):
        for depth in by_name.get("max_depth", ()):
            yield from _beyond_depth(leaves, depth)
        yield from _beyond_rows(leaves, by_name, facts)
    for depth in by_name.get("max_depth", ()):
        if not any(_shared(depth, e) for e in by_name.get("max_leaves", ())):
            yield from _default_leaves(depth)
    for samples in by_name.get("min_child_samples", ()):
        for weight in by_name.get("min_child_weight", ()):
            if samples.is_default or weight.is_default or not facts.constant_hessian:
                continue
            if _shared(samples, weight):
                yield _same_limit(samples, weight)


def _shared(one: Entry, other: Entry) -> bool:
    return bool(set(one.engines) & set(other.engines))


def _beyond_depth(leaves: Entry, depth: Entry) -> Iterator[LintFinding]:
    if depth.high > _DEEPEST or not _shared(leaves, depth):
        return
    most = 2 ** int(depth.high)
    if most < leaves.high < math.inf:
        limit = "at most " if isinstance(depth.values, Range) else ""
        yield LintFinding(
            "P101",
            leaves.where,
            f"{leaves.most(1 - leaves.share_below(most + 1))} above {most}, the "
            f"most leaves that max_depth of {limit}{shown(depth.high)} allows: "
            "the same trees under different numbers.",
            f"Set high to at most {most}, or raise {depth.where}.",
        )


def _beyond_rows(
    leaves: Entry, by_name: dict[str, list[Entry]], facts: Facts
) -> Iterator[LintFinding]:
    most, reason = _most_leaves(leaves, by_name, facts)
    if most < leaves.high < math.inf:
        share = 1 - leaves.share_below(most + 1)
        yield LintFinding(
            "P102",
            leaves.where,
            f"{leaves.most(share)} above {most}, the most leaves that {reason} "
            "can fill: the same trees under different numbers.",
            f"Set high to at most {max(most, 2)}.",
        )


def _most_leaves(
    leaves: Entry, by_name: dict[str, list[Entry]], facts: Facts
) -> tuple[int, str]:
    rows = f"{facts.n_rows} training rows"
    most, reason = facts.n_rows, rows
    for entry in by_name.get("min_child_samples", ()):
        if _shared(leaves, entry) and facts.n_rows // entry.low < most:
            most = int(facts.n_rows // entry.low)
            reason = f"{rows} with min_child_samples from {shown(entry.low)}"
    total = facts.in_scale("min_child_weight", facts.total_hessian)
    for entry in by_name.get("min_child_weight", ()):
        if total is None or entry.low <= 0 or not _shared(leaves, entry):
            continue
        # A sum of n equal hessians may be a rounding below n of them.
        filled = int(total / entry.low * (1 + 1e-9))
        if filled < most:
            most = filled
            reason = f"{rows} with min_child_weight from {shown(entry.low)}"
    return most, reason


def _default_leaves(depth: Entry) -> Iterator[LintFinding]:
    default = Penalty().max_leaves
    if depth.high <= _DEEPEST and default is not None and default < 2**depth.high:
        yield LintFinding(
            "P103",
            depth.where,
            f"max_leaves is not named and stays at {default}, which stops trees before "
            f"max_depth of {shown(depth.high)} does.",
            "Write max_leaves: null under search.fixed, or search it too.",
        )


def _same_limit(samples: Entry, weight: Entry) -> LintFinding:
    return LintFinding(
        "P104",
        samples.where,
        f"With equal hessians {weight.where} is the same limit in another unit, and "
        "only the stricter of the two acts.",
        "Keep one of them.",
    )
