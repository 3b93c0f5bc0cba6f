"""The linter: penalties of a search without effect, or with an unexpected effect.

It reads ranges, fixed values and a few facts about the smallest training part, fits
nothing, and never stops a run. "Mostly" means more than half of the values above 0; an
effect below 1% counts as none. All limits are for the intercept and without row
sampling.

Each code is in ``RULES``, with what it finds. In these, g and h are the gradient and
hessian of one row, G and H those of a leaf.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from boostreg.penalty.lint_facts import Entry, Facts, LintFinding, entries_of
from boostreg.penalty.space import Range, Space
from boostreg.penalty.value import (
    ON_LEAF_WEIGHTS,
    PENALTY_FACTS,
    SCALED,
    WHOLE,
    Penalty,
    Scale,
    shown,
)

__all__ = [
    "GOOD_LEAVES",
    "N_TABLES",
    "RULES",
    "Facts",
    "LintFinding",
    "LintRule",
    "at_edge",
    "edge_findings",
    "lacking",
    "lint",
]

GOOD_LEAVES = (2.5, 6.1)
"""Quartiles over tables of the leaves that inner folds chose, wider of both engines
(``reports/evidence/evidence.json``, ``penalties.max_leaves``)."""
N_TABLES = 33


@dataclass(frozen=True, slots=True)
class LintRule:
    """What a code of the linter finds, and the penalties that it is about."""

    penalties: tuple[str, ...]
    text: str


RULES: Mapping[str, LintRule] = MappingProxyType(
    {
        "P101": LintRule(
            ("max_leaves", "max_depth"),
            "max_leaves above 2**max_depth, the leaves of a full tree.",
        ),
        "P102": LintRule(
            ("min_child_weight", "min_child_samples", "max_leaves"),
            "max_leaves above what the rows can fill: rows, rows / "
            "min_child_samples, total hessian / min_child_weight.",
        ),
        "P103": LintRule(
            ("max_leaves", "max_depth"),
            "max_depth is named, max_leaves is not, and its default is smaller "
            "than 2**max_depth.",
        ),
        "P104": LintRule(
            ("min_child_weight", "min_child_samples"),
            "min_child_samples and min_child_weight if every row has the same "
            "hessian: one limit under two names.",
        ),
        "P105": LintRule(
            ("max_leaves",),
            f"max_leaves searched only above {GOOD_LEAVES[1]:g}: over the {N_TABLES} "
            "tables of reports/evidence, the inner folds chose "
            f"{GOOD_LEAVES[0]:g} to {GOOD_LEAVES[1]:g} leaves (quartiles).",
        ),
        "P111": LintRule(
            (
                "reg_alpha",
                "reg_lambda",
                "min_split_gain",
                "min_child_weight",
                "path_smooth",
            ),
            "A range mostly without effect. reg_lambda below 1% of h: a leaf of "
            "one row keeps H / (H + reg_lambda) > 99%. reg_alpha below 1% of g: "
            "99% of one row's abs(G) are left. min_split_gain below 1% of "
            "g^2/h, the gain of separating one row. min_child_weight below one "
            "row's hessian (below 1% of it where hessians vary, as they fall in "
            "confident leaves). path_smooth below 0.01 rows: n / (n + s) > 99%.",
        ),
        "P112": LintRule(
            ("max_delta_step",),
            "max_delta_step mostly above every abs(g/h) of a row: a leaf is a "
            "weighted mean of such ratios, so nothing is clipped.",
        ),
        "P121": LintRule(
            ("reg_alpha",),
            "reg_alpha mostly at or above the largest abs(G) on a side of any "
            "first split: both sides get T(G) = 0, and as G = 0 at the root the "
            "gain is 0. The score never moves, so no later tree is split "
            "either.",
        ),
        "P122": LintRule(
            ("min_split_gain",),
            "min_split_gain mostly at or above the best gain of any first split "
            "with no other penalty; others only lower it.",
        ),
        "P123": LintRule(
            ("min_child_weight",),
            "min_child_weight mostly above half of the total hessian: the two "
            "sides of a split cannot both hold it.",
        ),
        "P124": LintRule(
            ("min_child_samples",),
            "min_child_samples mostly above half of the rows.",
        ),
        "P125": LintRule(
            ("reg_lambda", "path_smooth"),
            "reg_lambda or path_smooth mostly so large that a leaf of all rows "
            "keeps less than 1% of its weight.",
        ),
        "P131": LintRule(
            ("subsample",),
            "subsample that leaves out less than one row.",
        ),
        "P132": LintRule(
            ("colsample_bytree",),
            "colsample_bytree with one feature.",
        ),
        "P201": LintRule(
            (),
            "A penalty of the common space that one of the engines lacks. A run "
            "raises an error with this advice.",
        ),
        "P202": LintRule(
            ("min_split_gain",),
            "min_split_gain in LightGBM, where it is stricter than elsewhere: a "
            "feature without a split that gains as much is banned from the "
            "whole subtree below (src/treelearner/serial_tree_learner.cpp), at "
            "equal leaf and gain formulas.",
        ),
        "P203": LintRule(
            ON_LEAF_WEIGHTS,
            "Penalties on leaf weights with absolute error or quantile loss: "
            "all libraries but XGBoost from 3.4 on replace leaf weights, and "
            "that one applies them to a smoothed loss.",
        ),
        "P204": LintRule(
            ("max_delta_step",),
            "max_delta_step in scale rows or share where raw scores have the "
            "target's unit: it has no scale, so a target times c no longer "
            "gives the same trees.",
        ),
        "P301": LintRule(
            ("learning_rate",),
            "learning_rate so small that after rounds.max rounds (1 - "
            "learning_rate)**rounds of the signal is left, more than 10%, were "
            "each tree perfect: curves end at the limit, not at their minimum.",
        ),
        "P401": LintRule(
            (),
            "A former run's best value lies within 5% of an end of this range, "
            "on the range's own axis, or beyond it, where what is beyond would "
            "act.",
        ),
    }
)
"""By code, in the order in which they are reported."""

_EDGE = 0.05
_LEFT = 0.1
_RENEWED = ("absolute_error", "quantile")
_IN_TARGET_UNIT = ("squared_error", *_RENEWED)

_MOSTLY = 0.5
"""Share of a range that must be without effect to be reported."""

_LITTLE = 0.01
"""An effect smaller than this counts as none."""

_KEPT = 1 / _LITTLE - 1
"""With a penalty of this many times H, a leaf keeps 1% of its weight: H / (H + s)."""

_DEEPEST = 30  # neither library can count 2**31 leaves

_LITTLE_IN_WORDS = {
    "gradient": "1% of the gradient of one row",
    "hessian": "1% of the hessian of one row",
    "gain": "1% of the gain of separating a single row",
    "row": "1% of a row",
}


def lint(
    space: Space,
    fixed: Mapping[str, float | int | None],
    *,
    engines: Sequence[str],
    facts: Facts,
) -> tuple[LintFinding, ...]:
    """Return the warnings about a search, in the order of the codes.

    Penalties that are neither searched nor fixed have our defaults and are not checked,
    except for ``learning_rate``. ``facts`` are about the smallest training part.
    """
    entries = entries_of(space, fixed, engines)
    found = [*_capacity(entries, facts), *_slow(entries, facts)]
    for entry in entries:
        found += _many_leaves(entry)
        found += _too_small(entry, facts)
        found += _too_large(entry, facts)
        found += _sampling(entry, facts)
        found += _by_objective(entry, facts)
    return tuple(sorted(found, key=lambda finding: finding.code))


def _by_objective(entry: Entry, facts: Facts) -> Iterator[LintFinding]:
    """Yield findings on what a penalty means in an engine and for an objective."""
    compared = len(entry.engines) > 1
    if entry.name == "min_split_gain" and compared and "lightgbm" in entry.engines:
        yield LintFinding(
            "P202",
            entry.where,
            "LightGBM bans a feature from the whole subtree below a node where no "
            "split on it gains this much, so its trees are smaller than those of "
            "other engines at the same value.",
            "Compare the engines by reg_alpha, reg_lambda and max_leaves.",
        )
    if entry.name in ON_LEAF_WEIGHTS and facts.objective in _RENEWED:
        yield LintFinding(
            "P203",
            entry.where,
            f"With {facts.objective}, only XGBoost 3.4 applies it to leaf weights, "
            "those of a smoothed loss; the other libraries replace each leaf weight "
            "with a quantile of the residuals.",
            f"Write {entry.name}: 0 under search.fixed, and search max_leaves.",
        )
    scaled = facts.scale != "raw" and facts.objective in _IN_TARGET_UNIT
    if entry.name == "max_delta_step" and scaled:
        yield LintFinding(
            "P204",
            entry.where,
            f"max_delta_step is in the unit of the target. scale: {facts.scale} does "
            "not convert it, so a target in another unit gives other trees.",
            "Remove it, or standardise the target.",
        )


def _slow(entries: Sequence[Entry], facts: Facts) -> Iterator[LintFinding]:
    named = [entry for entry in entries if entry.name == "learning_rate"]
    default = Entry("learning_rate", "rounds.max", (), Penalty().learning_rate)
    # Perfect trees leave (1 - learning_rate)^n_rounds of the signal.
    lowest = 1 - _LEFT ** (1 / facts.n_rounds)
    for entry in named or [default]:
        if (share := entry.share_below(lowest)) > _MOSTLY:
            values = f"The default learning_rate of {shown(entry.low)} is"
            left = (1 - entry.low) ** facts.n_rounds
            yield LintFinding(
                "P301",
                entry.where,
                f"{entry.subject(share) if named else values} too small for rounds.max "
                f"of {facts.n_rounds}: at {shown(entry.low)}, even perfect trees would "
                f"leave {left:.0%} of the signal, so curves end before their minimum.",
                f"Write learning_rate: {max(1.05 * lowest, 0.1):.2g} under "
                f"search.fixed, or rounds: {{max: "
                f"{math.ceil(math.log(_LEFT) / math.log1p(-entry.low))}}}.",
            )


def lacking(
    name: str, entry: Range, *, engine: str, others: Sequence[str], reason: str
) -> LintFinding:
    """Return the finding on a penalty of the common space that ``engine`` lacks.

    ``others`` are the engines of the study that support it.
    """
    keys = ", ".join(f"{other}: {{{name}: {_in_yaml(entry)}}}" for other in others)
    advice = f"In search.space, write {keys} instead." if others else "Remove it."
    return LintFinding("P201", f"search.space.{name}", f"{engine}: {reason}", advice)


def _in_yaml(entry: Range) -> str:
    text = f"{{low: {entry.low:g}, high: {entry.high:g}"
    text += ", log: true" if entry.log else ""
    return text + (f", zero: {entry.zero:g}}}" if entry.zero else "}")


def _instead(entry: Entry, low: float, high: float) -> str:
    """Return the YAML of a penalty with other values, rounded to two digits."""
    low = max(float(f"{min(low, high):.2g}"), PENALTY_FACTS[entry.name].minimum)
    high = float(f"{high:.2g}")
    if entry.name in WHOLE:
        low, high = math.ceil(low), math.floor(high)
    if not isinstance(entry.values, Range) or low >= high:
        middle = max(math.sqrt(low * high), PENALTY_FACTS[entry.name].minimum)
        return f"{entry.name}: {round(middle) if entry.name in WHOLE else middle:.2g}"
    values = replace(entry.values, low=low, high=high)
    return f"{entry.name}: {_in_yaml(values)}"


def at_edge(entry: Range | float, value: float | None) -> str | None:
    """Return the end of a range that is close to a value: ``low``, ``high`` or None.

    Close is within 5% of the range's own axis, or beyond; 0 is never close, and a fixed
    value has no ends.

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
    """Return which of a former run's best penalties are at the ends of ranges.

    Parameters
    ----------
    results : mapping
        The content of a former run's ``results.json``.
    space, engines, scale
        Of the search to run. Former values in another scale are converted if the
        results contain the conversion.
    facts : Facts, optional
        About the smallest training part: a low end without effect there is equivalent
        to 0, so it is not reported.
    """
    found = []
    for entry in entries_of(space, {}, engines):
        limit = None if facts is None else _acts_from(entry.name, facts)
        for engine in entry.engines:
            pick = results.get("engines", {}).get(engine, {}).get("best") or {}
            given: Mapping[str, Any] = pick.get("penalty") or {}
            if entry.name in SCALED and pick.get("scale", "raw") != scale:
                given = (pick.get("scales") or {}).get(scale) or {}
            value = given.get(entry.name)
            end = at_edge(entry.values, value)
            idle = end == "low" and limit is not None and entry.low < limit
            if end is None or idle or _is_natural(entry, end):
                continue
            text = (
                f"The best value of the last run with {engine}, {shown(value or 0.0)}, "
                f"is at the {end} end of {shown(entry.low)} to {shown(entry.high)}."
            )
            low, high = entry.low, entry.high
            wide = (low, 10 * high) if end == "high" else (low / 10, high)
            advice = f"Write {_instead(entry, *wide)}, for example."
            found.append(LintFinding("P401", entry.where, text, advice))
    return tuple(found)


def _is_natural(entry: Entry, end: str) -> bool:
    """Return whether there are no values beyond that end."""
    known = PENALTY_FACTS[entry.name]
    if end == "high":
        return known.domain == "share" and entry.high >= 1
    return entry.low <= known.minimum


def _too_small(entry: Entry, facts: Facts) -> Iterator[LintFinding]:
    limit = _acts_from(entry.name, facts)
    if limit is None or entry.is_default:
        return
    if (share := entry.share_below(limit)) <= _MOSTLY:
        return
    reason = _LITTLE_IN_WORDS[str(PENALTY_FACTS[entry.name].unit)]
    if entry.name == "min_child_weight" and facts.constant_hessian:
        reason = "the hessian of one row, which every leaf has"
    elif entry.name in ON_LEAF_WEIGHTS:
        reason += ", so even a leaf of a single row keeps 99% of its weight"
    else:
        reason += ", so hardly any split is rejected"
    text = (
        f"{entry.subject(share)} too small to have an effect: below {shown(limit)}, "
        f"{reason}."
    )
    yield LintFinding("P111", entry.where, text, _raise_advice(entry, facts))


def _acts_from(name: str, facts: Facts) -> float | None:
    """Return the value below which a penalty has no effect, None if there is none."""
    if PENALTY_FACTS[name].unit == "row":
        return _LITTLE
    if name not in SCALED or (row := facts.of_one_row(name)) is None:
        return None
    exact = name == "min_child_weight" and facts.constant_hessian
    return row if exact else _LITTLE * row


def _raise_advice(entry: Entry, facts: Facts) -> str:
    if PENALTY_FACTS[entry.name].unit == "row":
        write = _instead(entry, 0.1, 100)
        return f"Write {write}: 1 pulls a leaf of one row halfway to its parent."
    row = facts.of_one_row(entry.name) or 0.0
    advice = f"write {_instead(entry, 0.1 * row, 100 * row)}: "
    advice += f"{shown(row)} corresponds to one row."
    means_rows = (
        isinstance(entry.values, Range) and entry.share_below(_LITTLE) < _MOSTLY
    )
    if facts.scale != "raw" or not means_rows:
        return advice[0].upper() + advice[1:]
    return (
        "Write scale: rows under search, which makes the range "
        f"{shown(entry.low)} to {shown(entry.high)} rows for any data; or {advice}"
    )


def _too_large(entry: Entry, facts: Facts) -> Iterator[LintFinding]:
    for code, raw, reason in _ceilings(entry.name, facts):
        limit = facts.in_scale(entry.name, raw)
        if limit is None or limit <= 0:
            continue
        if (share := 1 - entry.share_below(limit)) > _MOSTLY:
            text = f"{entry.subject(share)} at least {shown(limit)}, {reason}."
            advice = f"Write {_instead(entry, limit / 1e4, limit / 10)}, for example."
            yield LintFinding(code, entry.where, text, advice)


def _ceilings(name: str, facts: Facts) -> Iterator[tuple[str, float, str]]:
    """Yield code, raw value and reason of each limit of one penalty."""
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
    if name in ("reg_lambda", "path_smooth"):
        total = facts.total_hessian if name == "reg_lambda" else facts.n_rows
        reason = "so even a leaf of all rows keeps less than 1% of its weight"
        yield "P125", _KEPT * total, reason
    if name == "max_delta_step" and facts.largest_weight > 0:
        reason = (
            "more than the weight of any leaf of a single row, so nothing is clipped"
        )
        yield "P112", facts.largest_weight, reason


def _sampling(entry: Entry, facts: Facts) -> Iterator[LintFinding]:
    n_rows = facts.n_rows
    if entry.name == "subsample" and 0 < (1 - entry.low) * n_rows < 1:
        low = shown(entry.low)
        text = f"At {low}, less than one of {n_rows} training rows is left out."
        advice = "Write subsample: 0.5, for example, or remove it."
        yield LintFinding("P131", entry.where, text, advice)
    if entry.name == "colsample_bytree" and facts.n_features == 1 and entry.low < 1:
        text = "There is only one feature, and every tree uses it."
        yield LintFinding("P132", entry.where, text, "Remove colsample_bytree.")


def _capacity(entries: Sequence[Entry], facts: Facts) -> Iterator[LintFinding]:
    """Yield findings on penalties that limit the same leaves."""

    def named(name: str, beside: Entry | None = None) -> list[Entry]:
        mine = [entry for entry in entries if entry.name == name]
        return [e for e in mine if beside is None or {*e.engines} & {*beside.engines}]

    for leaves in named("max_leaves"):
        for depth in named("max_depth", leaves):
            limit = "at most " if isinstance(depth.values, Range) else ""
            reason = f"with max_depth of {limit}{shown(depth.high)}"
            if depth.high <= _DEEPEST:
                maximum = 2 ** int(depth.high)
                write = _instead(leaves, leaves.low, maximum)
                advice = f"Write {write}, or increase {depth.where}."
                yield from _too_many("P101", leaves, maximum, reason, advice)
        weights = named("min_child_weight", leaves)
        samples = named("min_child_samples", leaves)
        maximum, reason = _fillable(samples, weights, facts)
        advice = f"Write {_instead(leaves, min(leaves.low, maximum), maximum)}."
        yield from _too_many("P102", leaves, maximum, f"for {reason}", advice)
    default = Penalty().max_leaves or 0
    for depth in named("max_depth"):
        unnamed = not named("max_leaves", depth)
        if unnamed and depth.high <= _DEEPEST and default < 2**depth.high:
            text = (
                f"max_leaves is not set and stays at its default of {default}, which "
                f"stops trees before max_depth of {shown(depth.high)} does."
            )
            advice = "Set max_leaves: null under search.fixed, or search it too."
            yield LintFinding("P103", depth.where, text, advice)
    for one in named("min_child_samples"):
        for weight in named("min_child_weight", one):
            if facts.constant_hessian and not (one.is_default or weight.is_default):
                text = (
                    f"With equal hessians, {weight.where} is the same limit in another "
                    "unit, and only the stricter of the two has an effect."
                )
                yield LintFinding("P104", one.where, text, "Keep one of them.")


def _many_leaves(entry: Entry) -> Iterator[LintFinding]:
    """Yield a finding on leaves that are searched only above the usual good ones."""
    few, most = GOOD_LEAVES
    is_searched = isinstance(entry.values, Range)
    if entry.name == "max_leaves" and is_searched and entry.low > most:
        text = (
            f"All values are above {most:g}; over {N_TABLES} tables, the inner folds "
            f"chose {few:g} to {most:g} leaves (quartiles)."
        )
        advice = f"Write {_instead(entry, 2, entry.high)}."
        yield LintFinding("P105", entry.where, text, advice)


def _too_many(
    code: str, leaves: Entry, maximum: int, reason: str, advice: str
) -> Iterator[LintFinding]:
    if maximum < leaves.high < math.inf:
        values = leaves.subject(1 - leaves.share_below(maximum + 1))
        text = (
            f"{values} above {maximum}, the maximum number of leaves {reason}; larger "
            "values give the same trees."
        )
        yield LintFinding(code, leaves.where, text, advice)


def _fillable(
    samples: Sequence[Entry], weights: Sequence[Entry], facts: Facts
) -> tuple[int, str]:
    """Return the maximum number of leaves that the rows can fill, and what fills it."""
    rows = f"{facts.n_rows} training rows"
    maximum, reason = facts.n_rows, rows
    totals: list[tuple[Entry, float]] = [(entry, facts.n_rows) for entry in samples]
    total = facts.in_scale("min_child_weight", facts.total_hessian)
    if total is not None:
        # A sum of n equal hessians may be a rounding below n of them.
        sums = total * (1 + 1e-9)
        totals += [(entry, sums) for entry in weights if entry.low > 0]
    for entry, all_rows in totals:
        if all_rows // entry.low < maximum:
            maximum = int(all_rows // entry.low)
            reason = f"{rows} and {entry.name} from {shown(entry.low)}"
    return maximum, reason
