"""Finished runs, read from their folders and checked."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jinja2 import TemplateError

from boostreg import __version__
from boostreg.data.cells import quoted, suggestion
from boostreg.errors import BoostregError, DataError, FigureError
from boostreg.figures import Figure
from boostreg.figures.figure import notebook_html
from boostreg.report.page import page_figures
from boostreg.report.results import Results, faults_of
from boostreg.report.tables import FIT_COLUMNS, PATH_COLUMNS, TRIAL_COLUMNS
from boostreg.study.files import read_csv, read_json

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Run",
    "as_a_run_leaves",
    "open_run",
    "read_results",
    "read_table",
    "refuse_no_runs",
    "results_file",
    "runs_in",
]

_COLUMNS = {"trials": TRIAL_COLUMNS, "paths": PATH_COLUMNS, "fits": FIT_COLUMNS}
_UNFIT = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TemplateError,
    TypeError,
    ValueError,
)
_WORDS = frozenset({"engine", "state", "penalty", "anchor", "reading"})
_NUMBERS = frozenset({"trial", "inner_fold", "point"})
_SHOWN = ("front", "engines")


@dataclass(frozen=True, eq=False)
class Run:
    """A finished run, read from its folder without computing anything.

    Attributes
    ----------
    folder : Path
    results : Results
        The content of ``results.json``.
    """

    folder: Path
    results: Results

    @property
    def trials(self) -> "pd.DataFrame":
        """The table ``trials.csv``."""
        return self._table("trials")

    @property
    def paths(self) -> "pd.DataFrame":
        """The table ``paths.csv``."""
        return self._table("paths")

    @cached_property
    def figures(self) -> dict[str, Figure]:
        """The figures of the report by section and title, in report order."""
        rows = (read_table(self.folder, name) for name in ("trials", "paths"))
        with as_a_run_leaves(self.folder):
            return page_figures(self.results, *rows)

    def figure(self, name: str) -> Figure:
        """Return the first figure whose name starts with ``name``, such as ``front``.

        Raises
        ------
        FigureError
            If there is none; the message lists the names.
        """
        for known, figure in self.figures.items():
            if known.startswith(name):
                return figure
        listed = "; ".join(self.figures)
        raise FigureError(f"name must be the start of one of {listed}, got {name!r}.")

    def _table(self, name: str) -> "pd.DataFrame":
        import pandas as pd

        return pd.DataFrame(read_table(self.folder, name))

    def __repr__(self) -> str:
        return "\n".join((f"Run {self.folder}", *self._answer()))

    def _answer(self) -> list[str]:
        return list(self.results["text"]["answer"])

    def _repr_html_(self) -> str:
        with as_a_run_leaves(self.folder):
            return self._summary()

    def _summary(self) -> str:
        head = f"<p><b>{escape(str(self.results['study']['title'] or self.folder))}</b>"
        sentences = "".join(f"<p>{escape(sentence)}</p>" for sentence in self._answer())
        shown = (
            figure
            for name, figure in self.figures.items()
            if name.split(":")[0] in _SHOWN
        )
        text = f'{head}</p><div style="max-width:72ch">{sentences}</div>'
        return text + notebook_html(*shown)


def open_run(folder: str | Path) -> Run:
    """Return a finished run from its folder.

    Parameters
    ----------
    folder : str or Path
        The folder that ``run_study`` returns.

    Raises
    ------
    DataError
        If the folder has no results, or results of an incompatible version.
    """
    return Run(Path(folder), read_results(Path(folder)))


def read_results(folder: Path) -> Results:
    """Return the content of a run's ``results.json``.

    Raises
    ------
    DataError
        If the folder has no results, or results of an incompatible version.
    """
    path = results_file(folder)
    results = read_json(path)
    if faults := faults_of(results):
        raise DataError(f"{path} {_refusal(results, faults)}")
    content: Results = results
    return content


@contextmanager
def as_a_run_leaves(folder: Path) -> Iterator[None]:
    """Convert errors within the block to a DataError on inconsistent files.

    The schema of ``results.json`` is checked when it is read. Inconsistent numbers,
    names and tables cause errors only where they are used.

    Raises
    ------
    DataError
        Instead of the original error.
    """
    try:
        with np.errstate(all="ignore"):
            yield
    except BoostregError:
        raise
    except _UNFIT as error:
        raise DataError(
            f"{folder} is damaged: results.json and the tables next to it do not match "
            f"({type(error).__name__}: {error}). Run the study again to rewrite them."
        ) from error


def read_table(folder: Path, name: str) -> list[dict[str, object]]:
    """Return the rows of ``trials.csv``, ``paths.csv`` or ``fits.csv`` of a run.

    Raises
    ------
    DataError
        If the table is missing or damaged; the message names the column.
    """
    path = folder / f"{name}.csv"
    rows = read_csv(path)
    for line, row in enumerate(rows, start=2):
        for column in _COLUMNS[name]:
            if column not in row:
                raise DataError(
                    f"{path} has no column {column!r}, which every run writes."
                )
            if not _fits(column, row[column]):
                raise DataError(
                    f"{path} is not a table of a run: row {line} has {row[column]!r} "
                    f"as {column}. Run the study again to rewrite it."
                )
    return rows


def _fits(column: str, value: object) -> bool:
    if column == "reason":
        return True
    if column == "outer_fold":
        return value == "all" or (isinstance(value, int) and value >= 0)
    if column in _WORDS:
        return isinstance(value, str)
    if column in _NUMBERS:
        return isinstance(value, int) and value >= 0
    return value is None or isinstance(value, int | float)


def results_file(folder: Path) -> Path:
    """Return the path of a run's ``results.json``.

    Raises
    ------
    DataError
        If it is missing; the message says what was found and what to name instead.
    """
    path = folder / "results.json"
    if not path.exists():
        raise DataError(f"{folder} {_instead(folder)}")
    return path


def runs_in(folder: Path) -> list[Path]:
    """Return the folders of finished runs in ``folder``, by name."""
    found = (path for path in folder.iterdir() if (path / "results.json").is_file())
    return sorted(found, key=lambda path: path.name)


def refuse_no_runs(folder: Path) -> None:
    """Raise DataError if ``folder`` contains no folder of a finished run."""
    if not folder.is_dir():
        found = "is a file" if folder.exists() else "does not exist"
        raise DataError(
            f"{folder} {found}; name a folder that contains the folders of runs."
        )
    if not runs_in(folder):
        is_run = (folder / "results.json").exists()
        above = " It is itself a run: name its parent folder." if is_run else ""
        raise DataError(
            f"{folder} contains no run: no folder in it has results.json.{above}"
        )


def _instead(folder: Path) -> str:
    """Return what was found instead of a finished run, and what to name."""
    if folder.is_file():
        return "is a file; name the folder of a run."
    if not folder.is_dir():
        near = runs_in(folder.parent) if folder.parent.is_dir() else []
        runs = suggestion(folder.name, [run.name for run in near])
        listed = f"; of the runs in {folder.parent} {runs}" if near else ""
        return f"does not exist; name the folder of a run{listed}."
    if held := runs_in(folder):
        names = quoted(run.name for run in held)
        return f"is not a run, but contains the runs {names}; name one of them."
    if (folder / "journal.db").exists():
        return "contains an unfinished run; run its study again to resume it."
    return "has no results.json, so no run has finished there; name another folder."


def _refusal(results: Any, faults: Sequence[str]) -> str:
    more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
    reason = f"{faults[0]}{more}"
    match results:
        case {"versions": {"boostreg": writer}}:
            return (
                f"was written by boostreg {writer} and does not match the schema of "
                f"version {__version__}: {reason}. Run the study again."
            )
    return f"was not written by boostreg: {reason}."
