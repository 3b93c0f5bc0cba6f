"""What an engine cannot mean, refused before any fit, with what to write instead."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from boostreg.baselines import available_baselines, why_lacking
from boostreg.engines import Problem, get_engine
from boostreg.errors import StudyError, UnsupportedPenaltyError
from boostreg.losses import Objective
from boostreg.penalty import Space
from boostreg.penalty.linter import lacking
from boostreg.penalty.ranges import corners
from boostreg.tuning.engine_space import EngineSpace

__all__ = ["check_baselines", "check_engines"]


def check_engines(
    space: Space, spaces: Mapping[str, EngineSpace], problem: Problem
) -> None:
    """Check both ends of every range with its engine.

    ``space`` is the study's, ``spaces`` what each engine searches of it.

    Raises
    ------
    UnsupportedPenaltyError
        If an engine refuses one of them. Where another engine of the study takes the
        penalty, the message says how to search it with that one only.
    """
    for engine, own in spaces.items():
        for penalty in corners(own.ranges, own.fixed):
            try:
                get_engine(engine).check(penalty, problem)
            except UnsupportedPenaltyError as error:
                findings = _lacking(space, engine, tuple(spaces), problem)
                lines = "\n".join(str(finding) for finding in findings)
                told = UnsupportedPenaltyError(lines or str(error))
                told.key = _key(space, own.fixed, engine, problem)
                raise told from None


def check_baselines(names: Sequence[str], objective: Objective) -> None:
    """Check that each baseline knows the objective.

    Raises
    ------
    StudyError
        If one does not; the message lists those that do.
    """
    known = available_baselines(objective)
    if lacking := [name for name in names if name not in known]:
        raise StudyError(
            f"baselines: {', '.join(lacking)} cannot minimise {objective.name} "
            f"({why_lacking(lacking[0], objective)}); available: {', '.join(known)}."
        )


def _lacking(
    space: Space, engine: str, engines: Sequence[str], problem: Problem
) -> Iterator[Any]:
    """Yield a finding for each penalty of the common space that others take."""
    for name, entry in space.entries.items():
        reasons = {e: get_engine(e).refusal(name, entry.high, problem) for e in engines}
        others = [e for e, reason in reasons.items() if reason is None]
        reason = reasons[engine]
        if reason and others:
            yield lacking(name, entry, engine=engine, others=others, reason=reason)


def _key(
    space: Space, fixed: Mapping[str, Any], engine: str, problem: Problem
) -> str | None:
    """Return the key below ``search`` that an engine refuses by itself, if one is."""
    own = space.engine_entries.get(engine, {})
    values = {f"space.{name}": entry.high for name, entry in space.entries.items()}
    values |= {f"space.{engine}.{name}": entry.high for name, entry in own.items()}
    values |= {f"fixed.{name}": value for name, value in fixed.items()}
    for key, value in values.items():
        if get_engine(engine).refusal(key.rpartition(".")[2], value, problem):
            return key
    return None
