"""Finished runs, read from their folders and checked."""

from collections.abc import Iterator
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
from boostreg.report.tables import (
    FIT_COLUMNS,
    LOSS_COLUMNS,
    PATH_COLUMNS,
    PREDICTION_COLUMNS,
    TRIAL_COLUMNS,
)
from boostreg.study.files import read_csv, read_json

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Run",
    "damage_as_data_error",
    "open_run",
    "read_results",
    "read_table",
    "require_runs",
    "results_file",
    "runs_in",
]

_COLUMNS = {
    "trials": TRIAL_COLUMNS,
    "paths": PATH_COLUMNS,
    "fits": FIT_COLUMNS,
    "losses": LOSS_COLUMNS,
    "predictions": PREDICTION_COLUMNS,
}
_UNFIT = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TemplateError,
    TypeError,
    ValueError,
)
_KINDS = {
    **dict.fromkeys(("engine", "state", "penalty", "anchor", "reading"), str),
    **dict.fromkeys(("trial", "outer_fold", "inner_fold", "point", "row"), int),
    "reason": object,
    "target": object,
}
"""Types of the cells by column; all other columns have numbers or nothing."""

_SHOWN = ("answer", "size")


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

    @property
    def predictions(self) -> "pd.DataFrame":
        """The table ``predictions.csv``: each model's predictions of outer rows.

        A row per outer row and fold; a column per model, or one per model and class.
        """
        return self._table("predictions")

    @cached_property
    def figures(self) -> dict[str, Figure]:
        """The figures of the report by section and title, in report order."""
        rows = (read_table(self.folder, name) for name in ("trials", "paths"))
        with damage_as_data_error(self.folder):
            return page_figures(self.results, *rows)

    def figure(self, name: str) -> Figure:
        """Return the first figure whose name starts with ``name``, such as ``size``.

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
        return "\n".join((f"Run {self.folder}", *self.results["text"]["answer"]))

    def _repr_html_(self) -> str:
        with damage_as_data_error(self.folder):
            title = escape(str(self.results["study"]["title"] or self.folder))
            answer = self.results["text"]["answer"]
            sentences = "".join(f"<p>{escape(sentence)}</p>" for sentence in answer)
            shown = (
                figure
                for name, figure in self.figures.items()
                if name.split(":")[0] in _SHOWN
            )
            return (
                f'<p><b>{title}</b></p><div style="max-width:72ch">{sentences}</div>'
                + notebook_html(*shown)
            )


def open_run(folder: str | Path) -> Run:
    """Return a finished run from its folder.

    Parameters
    ----------
    folder : str or Path
        The folder that ``run_study`` returns.

    Returns
    -------
    Run
        Results, tables and figures of the run; displaying it shows the answer.

    Raises
    ------
    DataError
        If the folder has no results, or results of an incompatible version.

    Examples
    --------
    >>> run = open_run("reports/quickstart")
    >>> run.results["study"]["name"], sorted(run.trials.engine.unique())
    ('quickstart', ['lightgbm', 'xgboost'])
    """
    return Run(Path(folder), read_results(Path(folder)))


def read_results(folder: Path) -> Results:
    """Return the content of a run's ``results.json``, for errors see ``open_run``."""
    path = results_file(folder)
    results: Results = read_json(path)
    if faults := faults_of(results):
        more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
        text = f"was not written by boostreg: {faults[0]}{more}."
        match results:
            case {"versions": {"boostreg": writer}}:
                which = f"by boostreg {writer}"
                if writer == __version__:
                    which = f"before a change to boostreg {writer}"
                text = (
                    f"was written {which} and does not match what this version reads: "
                    f"{faults[0]}{more}. Run the study again to rewrite it."
                )
        raise DataError(f"{path} {text}")
    return results


@contextmanager
def damage_as_data_error(folder: Path) -> Iterator[None]:
    """Convert errors within the block to a DataError on inconsistent files.

    The schema of ``results.json`` is checked when it is read. Inconsistent numbers,
    names and tables cause errors only where they are used.
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
    """Return the rows of a table of a run, by its name without ``.csv``.

    Raises DataError if the table is missing or damaged.
    """
    path = folder / f"{name}.csv"
    rows = read_csv(path)
    for line, row in enumerate(rows, start=2):
        for column in _COLUMNS[name]:
            if column not in row:
                raise DataError(
                    f"{path} has no column {column!r}, which every run writes."
                )
            value = row[column]
            kind: Any = _KINDS.get(column, int | float | None)
            fits = isinstance(value, kind) and (kind is not int or value >= 0)
            if not fits and (column, value) != ("outer_fold", "all"):
                raise DataError(
                    f"{path} is not a table of a run: row {line} has {value!r} "
                    f"as {column}. Run the study again to rewrite it."
                )
    return rows


def results_file(folder: Path) -> Path:
    """Return the path of ``results.json``; DataError names what was found instead."""
    path = folder / "results.json"
    if path.exists():
        return path
    if folder.is_file():
        instead = "is a file; name the folder of a run."
    elif not folder.is_dir():
        near = runs_in(folder.parent) if folder.parent.is_dir() else []
        names = suggestion(folder.name, [run.name for run in near])
        known = names if near else "name the folder of a run."
        instead = f"does not exist; {known}"
    elif runs := runs_in(folder):
        names = quoted(run.name for run in runs)
        instead = f"is not a run, but contains the runs {names}; name one of them."
    elif (folder / "journal.db").exists():
        instead = "contains an unfinished run; run its study again to resume it."
    else:
        instead = "has no results.json, so no run has finished there; name another."
    raise DataError(f"{folder} {instead}")


def runs_in(folder: Path) -> list[Path]:
    """Return the folders of finished runs in ``folder``, by name."""
    found = (path for path in folder.iterdir() if (path / "results.json").is_file())
    return sorted(found, key=lambda path: path.name)


def require_runs(folder: Path) -> None:
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
