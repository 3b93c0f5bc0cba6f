"""What a study asks for and cannot have: said, never passed over."""

from collections.abc import Iterator

from boostreg.baselines import missing_extra
from boostreg.errors import StudyError
from boostreg.fits.dask import check_address
from boostreg.study.claimchecks import unsupported_claims
from boostreg.study.spec import Dask, StudySpec
from boostreg.tuning.history import without_gp

__all__ = ["unsupported", "without_effect"]


def unsupported(spec: StudySpec) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the keys that lead to what cannot be done, and the reason."""
    yield from unsupported_claims(spec)
    for name in spec.baselines:
        if missing := missing_extra(name):
            yield ("baselines",), missing
    search = spec.search
    if search.sampler == "gp" and (reason := without_gp(search.trials)):
        yield ("search", "sampler"), f"gp {reason}"
    executor = spec.compute.executor
    if isinstance(executor, Dask):
        try:
            check_address(executor.dask, allow_insecure=executor.allow_insecure)
        except StudyError as error:
            yield ("compute", "executor"), str(error)


def without_effect(spec: StudySpec) -> tuple[str, ...]:
    """Return a sentence for each setting that is accepted and does nothing.

    It is a default of the schema, so refusing it would refuse every such study.
    """
    if spec.search.racing and spec.search.sampler == "nsga2":
        return ("Sampler nsga2 weighs leaves against loss, so no trial was raced.",)
    return ()
