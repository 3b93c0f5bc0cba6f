"""What claims ask of a study's other parts, and do not find there."""

from collections.abc import Iterator
from typing import Any

from boostreg.data import planted_name, planted_truth
from boostreg.errors import StudyError
from boostreg.penalty import parse_space
from boostreg.study.claims import ExperimentClaim, PathClaim
from boostreg.study.pathlist import path_names
from boostreg.study.spec import StudySpec

__all__ = ["check_claims", "unsupported_claims"]

Keys = tuple[str | int, ...]


def unsupported_claims(spec: StudySpec) -> Iterator[tuple[Keys, str]]:
    """Yield what claims ask of other parts of the study and do not find there."""
    for place, claim in enumerate(spec.claims):
        kind = _of_path if isinstance(claim, PathClaim) else _of_experiment
        for key, text in kind(claim, spec):
            yield ("claims", place, key), text
        if claim.engine is not None and claim.engine not in spec.engines:
            yield (
                ("claims", place, "engine"),
                (
                    f"found {claim.engine!r}; expected one of the study's engines: "
                    f"{', '.join(spec.engines)}."
                ),
            )


def _of_path(claim: Any, spec: StudySpec) -> Iterator[tuple[str, str]]:
    space = parse_space(spec.search.space)
    measured = path_names(spec, {e: space.for_engine(e) for e in spec.engines})
    known = ", ".join(measured) or "none"
    for key in ("along", "against"):
        name = getattr(claim, key)
        if name is not None and name not in measured:
            yield (
                key,
                (
                    f"found {name!r}; expected one of paths.penalties, which a study "
                    f"measures: {known}."
                ),
            )
    if claim.along == claim.against:
        yield "against", f"found {claim.against!r}; expected another path than along."


def _of_experiment(claim: Any, spec: StudySpec) -> Iterator[tuple[str, str]]:
    name = planted_name(spec.data.source)
    if claim.replicates is not None and name is None:
        yield (
            "replicates",
            (
                "only planted data (data.source synthetic:NAME) can be drawn again; "
                "folds of real data are set by validation."
            ),
        )
    if claim.procedure.planted and (name is None or planted_truth(name) is None):
        yield (
            "experiment",
            (
                f"{claim.experiment} compares with the truth, so data.source must be "
                f"planted: synthetic:sparse or another whose truth is known."
            ),
        )


def check_claims(spec: StudySpec, objective: str) -> None:
    """Check that each experiment takes the study's objective.

    Raises
    ------
    StudyError
        If one does not; the message says which it takes.
    """
    for place, claim in enumerate(spec.claims):
        if not isinstance(claim, ExperimentClaim):
            continue
        taken = claim.procedure.objectives
        if taken != "any" and objective not in taken.split(" or "):
            raise StudyError(
                f"claims.{place}.experiment: {claim.experiment} is for {taken}, and "
                f"this study minimises {objective}."
            )
