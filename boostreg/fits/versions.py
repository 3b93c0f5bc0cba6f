"""Versions of the software that results depend on."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from platform import python_version

from boostreg import __version__
from boostreg.engine_facts import ENGINE_FACTS

__all__ = ["library_versions"]

_LIBRARIES = (
    *(facts.package for facts in ENGINE_FACTS.values()),
    "optuna",
    "numpy",
    "scipy",
    "pandas",
)


@cache
def library_versions(extras: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the versions of boostreg, Python and the libraries, by name.

    ``extras`` are optional packages; one that is not installed has the version
    ``none``.
    """
    libraries = {name: version(name) for name in _LIBRARIES}
    more = {name: _version_or_none(name) for name in extras}
    return {"boostreg": __version__, "python": python_version()} | libraries | more


def _version_or_none(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"
