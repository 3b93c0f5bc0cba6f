"""Checks of claims against the other parts of a study: engines, paths, data."""

from collections.abc import Iterator, Sequence
from typing import Any

from boostreg.data import planted_name, planted_truth
from boostreg.errors import Fault, StudyError
from boostreg.report.wording import LABELS, listed
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


def unsupported_claims(spec: StudySpec) -> Iterator[Fault]:
    """Yield what claims require of other parts of the study that is missing there."""
    for place, claim in enumerate(spec.claims):
        faults = _path_faults if isinstance(claim, PathClaim) else _experiment_faults
        yield from (fault.below("claims", place) for fault in faults(claim, spec))
        if claim.engine is not None and claim.engine not in spec.engines:
            expected = f"one of the study's engines: {', '.join(spec.engines)}"
            yield Fault(("claims", place, "engine"), expected, claim.engine)


def _path_faults(claim: Any, spec: StudySpec) -> Iterator[Fault]:
    space = spec.search.space
    measured = path_names(spec, {e: space.for_engine(e) for e in spec.engines})
    expected = f"a penalty with a path in this study: {', '.join(measured) or 'none'}"
    for key in ("along", "against"):
        name = getattr(claim, key)
        if name is not None and name not in measured:
            yield Fault((key,), expected, name, measured)
    if claim.along == claim.against:
        yield Fault(("against",), "a path other than along", claim.against)


def _experiment_faults(claim: Any, spec: StudySpec) -> Iterator[Fault]:
    source, procedure = planted_name(spec.data.source), claim.procedure
    asked = spec.engines if claim.engine is None else (claim.engine,)
    if (
        procedure.by_engine
        and set(asked) <= set(spec.engines)
        and not set(asked) & set(procedure.engines)
    ):
        key = "experiment" if claim.engine is None else "engine"
        engines = ", ".join(procedure.engines)
        expected = (
            f"an engine with the penalties of {claim.experiment}: {engines}"
            if claim.engine
            else f"an experiment for {', '.join(asked)}; {claim.experiment} is for "
            f"{engines}"
        )
        yield Fault((key,), expected, getattr(claim, key))
    if claim.replicates is not None and source is None:
        reason = "only synthetic data (data.source synthetic:NAME) have replicates"
        yield Fault(("replicates",), reason, claim.replicates, kind="excess")
    if procedure.planted and (source is None or planted_truth(source) is None):
        expected = (
            "an experiment that does not compare with the truth, or data.source "
            "synthetic:sparse or another with a known truth"
        )
        yield Fault(("experiment",), expected, claim.experiment)


def claim_engines(
    claim: PathClaim | ExperimentClaim, engines: Sequence[str], grids: Grids
) -> tuple[str, ...]:
    """Return the engines of a study that have the paths or penalties of a claim.

    None for an experiment that grows no trees.
    """
    asked = engines if claim.engine is None else (claim.engine,)
    if isinstance(claim, ExperimentClaim):
        return tuple(name for name in asked if name in claim.procedure.engines)
    needed = {claim.along, claim.against} - {None}
    return tuple(name for name in asked if needed <= grids.get(name, {}).keys())


def why_left_out(
    claim: PathClaim | ExperimentClaim, engines: Sequence[str], grids: Grids
) -> str | None:
    """Return the engines that cannot measure a claim and why, to follow "without".

    None if all engines of the study can.
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
        what = f"its trees grow under penalties that {they} not support"
    else:
        paths = listed([n for n in (claim.along, claim.against) if n is not None])
        what = f"{they} not have every path of {paths}"
    return f"{listed(without)}: {what}."


def claims_left_out(spec: StudySpec, grids: Grids) -> Iterator[str]:
    """Yield a sentence for each claim that some engine of the study cannot measure."""
    for claim in spec.claims:
        if why := why_left_out(claim, spec.engines, grids):
            yield f"Claim {claim.id} is measured without {why}"


def check_paths(spec: StudySpec, grids: Grids) -> None:
    """Raise StudyError unless some engine has the paths that each claim compares."""
    for place, claim in enumerate(spec.claims):
        on_path = isinstance(claim, PathClaim)
        if on_path and not claim_engines(claim, spec.engines, grids):
            why = why_left_out(claim, spec.engines, grids)
            text = f"no engine can measure this claim. Without {why}"
            raise StudyError.at(place, "along", text=text)


def check_claims(spec: StudySpec, objective: str) -> None:
    """Raise StudyError unless each experiment supports the study's objective."""
    for place, claim in enumerate(spec.claims):
        if not isinstance(claim, ExperimentClaim):
            continue
        allowed = claim.procedure.objectives
        if objective not in allowed.split(" or "):
            text = f"{claim.experiment} needs {allowed}; the objective is {objective}."
            raise StudyError.at(place, "experiment", text=text)
