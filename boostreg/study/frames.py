"""From a data frame to a finished run, without a study file."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

from boostreg.data import as_table, is_frame
from boostreg.errors import BoostregError, DataError, MissingExtraError
from boostreg.progress import bar, can_show_bar
from boostreg.study.draft import draft_study
from boostreg.study.output import run_folder
from boostreg.study.run import Run, open_run
from boostreg.study.runner import run_study

__all__ = ["run_table"]


def run_table(  # noqa: PLR0913  options, by keyword
    frame: Any,
    target: str,
    *,
    name: str = "table",
    out: str | Path | None = None,
    workers: int | None = None,
    verbose: bool = True,
    **keys: Any,
) -> Run:
    """Run a study of a data frame, as ``boostreg run TABLE --target COLUMN`` does.

    Parameters
    ----------
    frame : frame of shape (n_samples, n_columns)
        A data frame of pandas, polars, PyArrow or others, with the target. It is kept
        as a Parquet file in the folder of the run. Its index is left out.
    target : str
        The column to predict.
    name : str
        Name of the study, and of the folder of the run. A second call with the same
        name replaces the first run, and does not repeat fits that are equal.
    out : str or Path, optional
        Folder for the folder of the run. Default: ``reports`` in the working directory.
    workers : int, optional
        Number of processes. Default: one per core. Results do not depend on it.
    verbose : bool
        Show a bar, in a terminal or a notebook.
    **keys
        Keys of a study, such as ``preset="quick"`` or ``search={"trials": 10}``.

    Returns
    -------
    Run
        ``folder / "report.html"`` is the page.

    Raises
    ------
    StudyError, DataError, PenaltyError, UnsupportedPenaltyError
        If the frame, the target or a key is invalid; nothing is written then.
    MissingExtraError
        If PyArrow is missing, which writes the file.
    FitError, RunError
        As ``run_study``.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from sklearn.datasets import load_diabetes
    >>> frame = load_diabetes(as_frame=True).frame.head(80)
    >>> small = {"engines": ["lightgbm"], "search": {"trials": 2, "space": "default"}}
    >>> run = run_table(frame, "target", preset="quick", out=mkdtemp(), **small)
    >>> (run.folder / "report.html").exists()
    True
    """
    draft = Path(f"{name}.yaml")
    folder = run_folder(draft, name, out)
    path = folder / f"{name}.parquet"
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    before = path.read_bytes() if path.exists() else None
    _write(frame, path)
    try:
        given = {"name": name, **keys}
        study = draft_study(str(path), target, folder / draft, given=given).study
    except BoostregError:
        if before is None:
            path.unlink()
        else:
            path.write_bytes(before)
        if is_new:
            folder.rmdir()
        raise
    with bar() if verbose and can_show_bar() else nullcontext() as shown:
        run_study(study, out=out, workers=workers, progress=shown)
    return open_run(folder)


def _write(frame: Any, path: Path) -> None:
    """Write a frame as Parquet."""
    table = as_table(frame)
    if not is_frame(table):
        kind = type(frame).__name__
        raise DataError(f"frame must be a data frame with named columns, got {kind}.")
    named = table.set_axis(list(map(str, table)), axis="columns")
    try:
        named.reset_index(drop=True).to_parquet(path)
    except ImportError as error:
        raise MissingExtraError(
            "A study of a data frame needs the extra 'parquet' of boostreg: "
            "pip install 'boostreg[parquet]'."
        ) from error
    except (TypeError, ValueError) as error:  # PyArrow's, for cells of mixed types
        raise DataError(f"The frame cannot be written as Parquet: {error}") from error
