"""What a run left, read again and checked."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from boostreg.errors import DataError
from boostreg.study.files import read_json

__all__ = ["read_results"]


def read_results(folder: Path) -> Mapping[str, Any]:
    """Return the content of a run's ``results.json``.

    Raises
    ------
    DataError
        If the folder holds no results of a run, or those of another version.
    """
    path = folder / "results.json"
    results = read_json(path)
    if not isinstance(results, Mapping) or "engines" not in results:
        raise DataError(f"{path} was not written by a run of boostreg.")
    return results
