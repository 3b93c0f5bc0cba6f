"""Which penalty paths a study measures: penalties, engines and values."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from boostreg.effects.mechanism import MECHANISMS, why_not_split
from boostreg.effects.paths import path_grid, path_points
from boostreg.engines import Problem, get_engine
from boostreg.errors import StudyError, UnsupportedPenaltyError
from boostreg.penalty import Penalty, Range, Scale, Space
from boostreg.penalty.space import shipped_range
from boostreg.penalty.value import UNPENALISED
from boostreg.report.wording import LABELS, listed
from boostreg.study.spec import StudySpec
from boostreg.tuning.engine_space import EngineSpace

__all__ = [
    "Grids",
    "engine_grids",
    "left_out",
    "not_split",
    "path_base",
    "path_names",
    "unsupported_penalty",
]

_ALWAYS = ("reg_alpha", "reg_lambda", "min_split_gain")

Grids = Mapping[str, Mapping[str, tuple[float, ...]]]
"""Values of the path of each penalty, by engine."""


def path_names(
    spec: StudySpec, ranges: Mapping[str, Mapping[str, Range]]
) -> tuple[str, ...]:
    """Return the penalties whose paths a study measures.

    By default, these are ``_ALWAYS`` and all penalties in ``ranges``, the search ranges
    of each engine; none if paths have no points.
    """
    if spec.paths.points == 0:
        return ()
    if spec.paths.penalties is not None:
        return spec.paths.penalties
    searched = (name for own in ranges.values() for name in own)
    return tuple(dict.fromkeys((*_ALWAYS, *searched)))


def path_base(own: EngineSpace, scale: Scale) -> Penalty:
    """Return what paths around the anchor ``fixed`` hold for one engine.

    Penalties in the narrow sense are off unless ``search.fixed`` states them, so that a
    path adds its penalty to the unpenalised model. Capacity, sampling and the learning
    rate are at ``search.fixed``, otherwise at our defaults.
    """
    values: dict[str, Any] = dict(UNPENALISED) | dict(own.fixed)
    return Penalty(**values, scale=scale)


def engine_grids(
    spec: StudySpec, space: Space, spaces: Mapping[str, EngineSpace], problem: Problem
) -> Grids:
    """Return the grids of every engine, without penalties that it does not support.

    Raises StudyError if a penalty has no range, UnsupportedPenaltyError if no engine of
    the study supports a penalty that ``paths.penalties`` names.
    """
    names = path_names(spec, {e: own.ranges for e, own in spaces.items()})
    parts = (space.entries, *space.engine_entries.values())
    in_study = {name: part[name] for part in reversed(parts) for name in part}
    wanted = {name: in_study.get(name) or shipped_range(name) for name in names}
    found: dict[str, dict[str, tuple[float, ...]]] = {}
    reasons: dict[str, list[str]] = {name: [] for name in names}
    for engine, own in spaces.items():
        found[engine] = {}
        base = path_base(own, spec.search.scale)
        for place, (name, shared) in enumerate(wanted.items()):
            if shared is None:
                text = f"{name} has no range; add one to search.space."
                raise StudyError.at(place, text=text)
            searched = own.ranges.get(name) or shared
            grid = path_grid(name, searched, spec.paths.points)
            points = path_points(engine, base, {name: grid})
            checked = (unsupported_penalty(engine, p.penalty, problem) for p in points)
            if reason := next(filter(None, checked), None):
                reasons[name].append(reason)
            else:
                found[engine][name] = grid
    for place, (name, refusals) in enumerate(reasons.items()):
        if spec.paths.penalties and len(refusals) == len(spec.engines):
            text = f"{name}: {refusals[0]}"
            raise UnsupportedPenaltyError.at(place, text=text)
    return found


def left_out(names: Sequence[str], grids: Grids) -> Iterator[str]:
    """Yield a sentence per engine that does not support some of the penalties.

    ``names`` are the penalties that some engine supports.
    """
    for engine, own in grids.items():
        lacking = [name for name in names if name not in own]
        if lacking:
            yield (
                f"No path of {listed(lacking)} with {LABELS[engine]}, which does not "
                f"support {'it' if len(lacking) == 1 else 'them'} here."
            )


def not_split(names: Sequence[str], base: Penalty, problem: Problem) -> Iterator[str]:
    """Yield a sentence on why effects on leaf weights are not split in two parts."""
    split = [name for name in names if name in MECHANISMS]
    if split and (reason := why_not_split(base, problem)):
        yield f"The effect of {listed(split)} is not split in two parts: {reason}."


def unsupported_penalty(engine: str, penalty: Penalty, problem: Problem) -> str | None:
    """Return why an engine does not support a penalty on a problem, or None."""
    try:
        get_engine(engine).check(penalty, problem)
    except UnsupportedPenaltyError as error:
        return str(error)
    return None
