"""Rules on amounts: where a penalty begins to act, and where nothing acts beside it."""

from collections.abc import Iterator, Sequence

from boostreg.penalty.findings import Entry, Facts, Finding
from boostreg.penalty.numerals import shown
from boostreg.penalty.ranges import Range
from boostreg.penalty.value import SCALED

__all__ = ["acts_from", "reach_findings"]

MOSTLY = 0.5
"""Share of a range that must be idle before it is worth a word."""

LITTLE = 0.01
"""An effect smaller than this is called none."""

_KEPT = 1 / LITTLE - 1

_TOO_SMALL = {
    "reg_alpha": "a hundredth of one row's gradient, so that even a leaf of a single "
    "row keeps 99% of its weight",
    "reg_lambda": "a hundredth of one row's hessian, so that even a leaf of a single "
    "row keeps 99% of its weight",
    "cat_l2": "a hundredth of one row's hessian, so that even a leaf of a single row "
    "keeps 99% of its weight",
    "min_split_gain": "a hundredth of what setting a single row apart gains, so that "
    "hardly any split is refused",
    "min_child_weight": "a hundredth of one row's hessian, so that hardly any split is "
    "refused",
    "path_smooth": "a hundredth of a row, so that even a leaf of a single row keeps "
    "99% of its weight",
}


def reach_findings(entries: Sequence[Entry], facts: Facts) -> Iterator[Finding]:
    """Yield findings on each penalty by itself."""
    for entry in entries:
        yield from _too_small(entry, facts)
        yield from _too_large(entry, facts)
        yield from _sampling(entry, facts)


def _too_small(entry: Entry, facts: Facts) -> Iterator[Finding]:
    limit = acts_from(entry.name, facts)
    if limit is None or entry.is_default:
        return
    if (share := entry.share_below(limit)) <= MOSTLY:
        return
    reason = _TOO_SMALL[entry.name]
    if entry.name == "min_child_weight" and facts.constant_hessian:
        reason = "the hessian of one row, which every leaf holds"
    yield Finding(
        "P111",
        entry.where,
        f"{entry.most(share)} too small to act: below {shown(limit)}, {reason}.",
        _raise_advice(entry, facts),
    )


def acts_from(name: str, facts: Facts) -> float | None:
    """Return the value below which a penalty does not act, None without one."""
    if name == "path_smooth":
        return LITTLE
    if name not in SCALED:
        return None
    row = facts.of_one_row(name)
    if row is None:
        return None
    exact = name == "min_child_weight" and facts.constant_hessian
    return row if exact else LITTLE * row


def _raise_advice(entry: Entry, facts: Facts) -> str:
    if entry.name == "path_smooth":
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


def _too_large(entry: Entry, facts: Facts) -> Iterator[Finding]:
    for code, raw, reason in _ceilings(entry.name, facts):
        limit = facts.in_scale(entry.name, raw)
        if limit is None or limit <= 0:
            continue
        share = 1 - entry.share_below(limit)
        if share > MOSTLY:
            yield Finding(
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


def _sampling(entry: Entry, facts: Facts) -> Iterator[Finding]:
    if entry.name == "subsample" and 0 < (1 - entry.low) * facts.n_rows < 1:
        yield Finding(
            "P131",
            entry.where,
            f"Of {facts.n_rows} training rows less than one is left out at "
            f"{shown(entry.low)}.",
            "Lower it, for example to 0.5, or drop it.",
        )
    if entry.name == "colsample_bytree" and facts.n_features == 1 and entry.low < 1:
        yield Finding(
            "P132",
            entry.where,
            "There is one feature only, and every tree gets it.",
            "Drop colsample_bytree.",
        )
