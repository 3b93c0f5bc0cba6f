"""The files that a run leaves."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from boostreg.data import Column
from boostreg.errors import StudyError
from boostreg.report.page import render
from boostreg.report.records import RunRecord
from boostreg.report.summary import summarize
from boostreg.report.tables import (
    FIT_COLUMNS,
    PATH_COLUMNS,
    TRIAL_COLUMNS,
    fit_table,
    path_table,
    trial_table,
)
from boostreg.study.files import read_json, write_csv, write_json, write_text
from boostreg.study.models import write_models
from boostreg.study.stored import as_a_run_leaves, read_results, read_table

__all__ = ["rebuild_report", "run_folder", "write_run"]


def run_folder(path: Path, name: str, out: str | Path | None) -> Path:
    """Return the folder in which the study of a file leaves its run.

    Raises
    ------
    StudyError
        If the file was left by a run, which would be written over, or the folder is a
        symbolic link, through which a run would write to another place.
    """
    if out is None and path.name == "study.yaml":
        run = path.resolve().parent
        if (run / "results.json").exists():
            raise StudyError(
                f"{path} was left by a run; name the folder for its outputs with --out "
                f"({run.parent} writes over that run)."
            )
    folder = Path("reports" if out is None else out) / name
    if folder.is_symlink():
        raise StudyError(
            f"{folder} is a symbolic link; remove it, or name another folder with "
            "--out."
        )
    return folder


def write_run(
    folder: Path,
    record: RunRecord,
    run: Mapping[str, Any],
    columns: tuple[Column, ...],
) -> None:
    """Write tables, models, results and page of a run; the page last."""
    trials, paths = trial_table(record), path_table(record)
    write_csv(folder / "trials.csv", trials, TRIAL_COLUMNS)
    write_csv(folder / "fits.csv", fit_table(record), FIT_COLUMNS)
    write_csv(folder / "paths.csv", paths, PATH_COLUMNS)
    write_models(folder / "models", record, columns)
    write_json(folder / "results.json", summarize(record, run))
    _write_page(folder, read_json(folder / "results.json"))


def rebuild_report(folder: Path) -> Path:
    """Write the page of a run from its stored results; return its path.

    Raises
    ------
    DataError
        If the folder holds no results of a run, or those of another version.
    """
    with as_a_run_leaves(folder):
        return _write_page(folder, read_results(folder))


def _write_page(folder: Path, results: Mapping[str, Any]) -> Path:
    tables = (read_table(folder, name) for name in ("trials", "paths", "fits"))
    page = folder / "report.html"
    write_text(page, render(results, *tables))
    return page
