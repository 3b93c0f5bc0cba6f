"""Rules on leaves: limits of one tree that contradict or shadow each other."""

import math
from collections.abc import Iterator, Sequence

from boostreg.penalty.findings import Entry, Facts, Finding
from boostreg.penalty.numerals import shown
from boostreg.penalty.ranges import Range
from boostreg.penalty.value import Penalty

__all__ = ["capacity_findings"]

_DEEPEST = 30  # 2**31 leaves are more than either library can count


def capacity_findings(entries: Sequence[Entry], facts: Facts) -> Iterator[Finding]:
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


def _beyond_depth(leaves: Entry, depth: Entry) -> Iterator[Finding]:
    if depth.high > _DEEPEST or not _shared(leaves, depth):
        return
    most = 2 ** int(depth.high)
    if most < leaves.high < math.inf:
        limit = "at most " if isinstance(depth.values, Range) else ""
        yield Finding(
            "P101",
            leaves.where,
            f"{leaves.most(1 - leaves.share_below(most + 1))} above {most}, the "
            f"most leaves that max_depth of {limit}{shown(depth.high)} allows: "
            "the same trees under different numbers.",
            f"Set high to at most {most}, or raise {depth.where}.",
        )


def _beyond_rows(
    leaves: Entry, by_name: dict[str, list[Entry]], facts: Facts
) -> Iterator[Finding]:
    most, reason = _most_leaves(leaves, by_name, facts)
    if most < leaves.high < math.inf:
        share = 1 - leaves.share_below(most + 1)
        yield Finding(
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


def _default_leaves(depth: Entry) -> Iterator[Finding]:
    default = Penalty().max_leaves
    if depth.high <= _DEEPEST and default is not None and default < 2**depth.high:
        yield Finding(
            "P103",
            depth.where,
            f"max_leaves is not named and stays at {default}, which stops trees before "
            f"max_depth of {shown(depth.high)} does.",
            "Write max_leaves: null under search.fixed, or search it too.",
        )


def _same_limit(samples: Entry, weight: Entry) -> Finding:
    return Finding(
        "P104",
        samples.where,
        f"With equal hessians {weight.where} is the same limit in another unit, and "
        "only the stricter of the two acts.",
        "Keep one of them.",
    )
