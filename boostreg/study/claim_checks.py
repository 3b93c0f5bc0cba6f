"""What claims ask of a study's other parts, and do not find there."""

from collections.abc import Iterator, Sequence
from typing import Any

from boostreg.data import planted_name, planted_truth
from boostreg.errors import StudyError
from boostreg.report.sentences import listed
from boostreg.report.wording import LABELS
from boostreg.study.claim_spec import ExperimentClaim, PathClaim
from boostreg.study.path_grids import Grids, path_names
from boostreg.study.spec import StudySpec

__all__ = [
    "check_claims",
    "check_paths",
    "claim_engines",
    "claims_left_out",
    "unsupported_claims",
    "why_left_out",
]

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
    space = spec.search.space
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
    name, procedure = planted_name(spec.data.source), claim.procedure
    own = spec.engines if claim.engine is None else (claim.engine,)
    known = claim.engine is None or claim.engine in spec.engines
    if procedure.by_engine and known and not set(own) & set(procedure.engines):
        yield (
            "experiment" if claim.engine is None else "engine",
            (
                f"found {', '.join(own)}; {claim.experiment} grows trees under "
                f"penalties that {'it does' if len(own) == 1 else 'they do'} not take, "
                f"it needs one of: {', '.join(procedure.engines)}."
            ),
        )
    if claim.replicates is not None and name is None:
        yield (
            "replicates",
            (
                "only planted data (data.source synthetic:NAME) can be drawn again; "
                "folds of real data are set by validation."
            ),
        )
    if procedure.planted and (name is None or planted_truth(name) is None):
        yield (
            "experiment",
            (
                f"{claim.experiment} compares with the truth, so data.source must be "
                f"planted: synthetic:sparse or another whose truth is known."
            ),
        )


def claim_engines(
    claim: PathClaim | ExperimentClaim, engines: Sequence[str], grids: Grids
) -> tuple[str, ...]:
    """Return those of a study's engines that a claim can be measured with.

    Of a claim on a path those that have it, of an experiment by engine those that take
    its penalties; of any other experiment none.
    """
    asked = engines if claim.engine is None else (claim.engine,)
    if isinstance(claim, ExperimentClaim):
        return tuple(name for name in asked if name in claim.procedure.engines)
    needed = {claim.along, claim.against} - {None}
    return tuple(name for name in asked if needed <= grids.get(name, {}).keys())


def why_left_out(
    claim: PathClaim | ExperimentClaim, engines: Sequence[str], grids: Grids
) -> str | None:
    """Return what follows "without": engines that cannot answer a claim, and why.

    None if all of the study's engines can.
    """
    if isinstance(claim, ExperimentClaim) and not claim.procedure.by_engine:
        return None
    asked = engines if claim.engine is None else (claim.engine,)
    measured = claim_engines(claim, engines, grids)
    without = [LABELS[name] for name in asked if name not in measured]
    if not without:
        return None
    they = "they do" if len(without) > 1 else "it does"
    if isinstance(claim, ExperimentClaim):
        what = f"its trees grow under penalties that {they} not take"
    else:
        paths = listed([n for n in (claim.along, claim.against) if n is not None])
        what = f"{they} not have every path of {paths}"
    return f"{listed(without)}: {what}."


def claims_left_out(spec: StudySpec, grids: Grids) -> Iterator[str]:
    """Yield a sentence for each claim that some engine of the study cannot answer."""
    for claim in spec.claims:
        if why := why_left_out(claim, spec.engines, grids):
            yield f"Claim {claim.id} is measured without {why}"


def check_paths(spec: StudySpec, grids: Grids) -> None:
    """Check that some engine has the paths that each claim compares.

    Raises
    ------
    StudyError
        If none has.
    """
    for place, claim in enumerate(spec.claims):
        if isinstance(claim, ExperimentClaim):
            continue
        if not claim_engines(claim, spec.engines, grids):
            why = why_left_out(claim, spec.engines, grids)
            text = f"no engine can answer the claim. Without {why}"
            raise StudyError.at(place, "along", text=text)


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
        if objective not in taken.split(" or "):
            text = (
                f"{claim.experiment} is for {taken}, and this study minimises "
                f"{objective}."
            )
            raise StudyError.at(place, "experiment", text=text)
