"""Imports of a worker: both libraries at start, their wrappers only when needed.

XGBoost and LightGBM import scikit-learn and pandas for their scikit-learn wrappers,
which accounts for most of the import time and memory: a worker is ready in 0.8 s and
78 MB without them, in 2.5 s and 200 MB with them. Fits never use the wrappers;
reference fits do.
"""

import importlib
import platform
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

__all__ = ["PRELOAD", "complete_imports", "import_lightly"]

PRELOAD = ("boostreg.fits.work", "boostreg.fits.imports:import_lightly")
"""Start-up functions of the workers of an executor for fits."""

_LIBRARIES = ("xgboost", "lightgbm")
_HEAVY = ("sklearn", "pandas", "dask")
# On other platforms scikit-learn's OpenMP must be loaded before LightGBM's, see
# https://github.com/lightgbm-org/LightGBM/issues/6509
_ANY_ORDER = platform.machine().lower() in {"x86_64", "amd64"} and (
    sys.platform != "darwin"
)

_incomplete: set[str] = set()


def import_lightly() -> None:
    """Import the libraries of all engines, if possible without their wrappers.

    Only for our own processes: until ``complete_imports``, the wrappers report that
    scikit-learn is missing.
    """
    new = [name for name in _LIBRARIES if name not in sys.modules]
    light = _ANY_ORDER and "sklearn" not in sys.modules
    with _hidden([name for name in _HEAVY if light and name not in sys.modules]):
        for name in new:
            importlib.import_module(name)
    if light:
        _incomplete.update(new)


def complete_imports() -> None:
    """Load the wrappers of the libraries, if they were imported without."""
    while _incomplete:
        _complete(_incomplete.pop())


def _complete(name: str) -> None:
    """Reload the modules that looked for scikit-learn, but not the data classes."""
    library = importlib.import_module(name)
    importlib.reload(importlib.import_module(f"{name}.compat"))
    wrappers = importlib.reload(importlib.import_module(f"{name}.sklearn"))
    for public, value in list(vars(library).items()):
        if getattr(value, "__module__", None) == wrappers.__name__:
            setattr(library, public, getattr(wrappers, public))


@contextmanager
def _hidden(names: Sequence[str]) -> Iterator[None]:
    """Make imports of ``names`` fail within the block."""
    hidden: dict[str, None] = dict.fromkeys(names)
    modules: dict[str, object] = sys.modules  # type: ignore[assignment] # None hides
    modules.update(hidden)
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]
