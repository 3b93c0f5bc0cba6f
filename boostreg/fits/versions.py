"""Versions of what decides a result."""

from functools import cache
from importlib.metadata import version
from platform import python_version

from boostreg import __version__

__all__ = ["library_versions"]

_LIBRARIES = (
    "xgboost",
    "lightgbm",
    "scikit-learn",
    "optuna",
    "numpy",
    "scipy",
    "pandas",
)


@cache
def library_versions() -> dict[str, str]:
    """Return the versions of boostreg, Python and the libraries, by name."""
    libraries = {name: version(name) for name in _LIBRARIES}
    return {"boostreg": __version__, "python": python_version()} | libraries
