"""The search space of one engine: built-in spaces lose what it does not support."""

from collections.abc import Mapping
from dataclasses import dataclass

from boostreg.engines import Problem, get_engine
from boostreg.penalty import Range, Space
from boostreg.penalty.shipped import space_names
from boostreg.penalty.space import shipped_space

__all__ = ["EngineSpace", "engine_space", "is_shipped"]

Value = float | int | None


@dataclass(frozen=True, slots=True)
class EngineSpace:
    """The search of one engine; ``notes`` are sentences on what was removed."""

    ranges: Mapping[str, Range]
    fixed: Mapping[str, Value]
    notes: tuple[str, ...] = ()


def engine_space(
    engine: str, space: Space, fixed: Mapping[str, Value], problem: Problem
) -> EngineSpace:
    """Return the search space of ``engine`` on ``problem``.

    Ranges of a built-in space that the engine refuses, or that cannot act on these
    columns, are removed; ranges that a user wrote are kept, so that a later check
    refuses them. A default of ours that the
    engine refuses becomes 0, unless ``fixed`` or the space has that penalty.
    """
    library, ranges, notes = get_engine(engine), space.for_engine(engine), []
    if is_shipped(space):
        ranges = {
            name: entry
            for name, entry in ranges.items()
            if library.can_act(name, problem)
        }
        reasons = {
            name: reason
            for name, entry in ranges.items()
            for value in (entry.low, entry.high)
            if (reason := library.refusal(name, value, problem))
        }
        # A range whose condition is on a removed one goes as well.
        ranges = {
            name: entry
            for name, entry in ranges.items()
            if name not in reasons
            and (entry.when is None or entry.when.name not in reasons)
        }
        if reasons:
            notes.append(
                f"Not searched with engine {engine}: {', '.join(reasons)}. "
                f"{next(iter(reasons.values()))}"
            )
    settled = library.settled_defaults(problem)
    added = {n: v for n, v in settled.items() if n not in ranges and n not in fixed}
    notes += [f"{name} is 0 with engine {engine}, which refuses it." for name in added]
    return EngineSpace(ranges, dict(fixed) | added, tuple(notes))


def is_shipped(space: Space) -> bool:
    """Return whether the ranges are those of a built-in space."""
    found = space.entries, space.engine_entries
    shipped = map(shipped_space, space_names())  # read one by one
    return any((known.entries, known.engine_entries) == found for known in shipped)
