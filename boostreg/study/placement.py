"""Where the fits of a study run: on the cores or the CUDA devices of this machine.

Fits on a Dask cluster use the devices of its workers, which are not known before a run.
"""

from boostreg.errors import StudyError
from boostreg.fits.devices import cards_here
from boostreg.fits.process import count_cores
from boostreg.fits.work import library_versions
from boostreg.study.load import Study
from boostreg.study.plan import Plan
from boostreg.study.spec import Dask

__all__ = ["count_workers", "is_elsewhere", "placed", "versions_of"]


def placed(study: Study, dask: str | None = None) -> Plan:
    """Return the plan of a study, with the CUDA devices here if its fits use them.

    ``dask`` is the address of a cluster that overrides the study. Errors are those of
    ``Plan``, RunError if there is no device that fits can use, and StudyError if a
    budget needs the time of fits on the devices of a cluster.
    """
    compute = study.spec.compute
    if compute.device == "cpu":
        return Plan(study)
    if dask is not None or isinstance(compute.executor, Dask):
        if study.spec.budget is None:
            return Plan(study)
        with study.at("budget"):
            raise StudyError(
                "fits are timed here before a run, but only the cluster has CUDA "
                "devices; remove the budget."
            )
    with study.at("compute", "device"):
        cards = cards_here()
    return Plan(study).on(cards)


def count_workers(plan: Plan) -> int:
    """Return the default number of workers."""
    return len(plan.cards) or max(count_cores() // plan.limits.threads, 1)


def is_elsewhere(plan: Plan) -> bool:
    """Return whether fits need the devices, or several machines, of a cluster."""
    return plan.device == "cuda" or plan.spec.compute.machines > 1


def versions_of(plan: Plan) -> dict[str, str]:
    """Return the versions on which the results depend, and the CUDA device."""
    found = library_versions(plan.extra_packages)
    return found | {"CUDA device": plan.device} if plan.cards else found
