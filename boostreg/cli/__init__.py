"""The command line: parse, call the library, print. The only package that prints.

Exit codes: 0 done, 1 the run failed, 2 the input is wrong, 130 interrupted. Libraries
load inside the commands, so that ``--help`` is quick.
"""

import errno
import io
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from boostreg import __version__
from boostreg.cli.progress import Bar, Lines, printable
from boostreg.errors import (
    BoostregError,
    FitError,
    InterruptedRunError,
    RunError,
    reason,
)

__all__ = ["Bar", "Lines", "app", "main"]


class _Group(TyperGroup):
    """Commands in which Ctrl-C is an interrupted run, wherever it strikes."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise InterruptedRunError("The command was stopped.") from None


app = typer.Typer(
    cls=_Group,
    help="Which penalties of a boosted ensemble matter, and what each of them does.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

_BAD_PATH = frozenset(
    {
        *(errno.EEXIST, errno.EINVAL, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG),
        *(errno.ENOENT, errno.ENOTDIR),
    }
)

StudyFile = Annotated[Path, typer.Argument(help="A study, as in studies/*.yaml.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"boostreg {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print the version and end.",
        ),
    ] = False,
) -> None:
    """Take the options that stand before any command."""
    del version


@app.command()
def run(
    study: StudyFile,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder in which the study's folder is made.", show_default="reports"
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Worker processes; by default one a core."),
    ] = None,
    dask: Annotated[
        str | None,
        typer.Option(help="Address of a Dask scheduler, to compute there instead."),
    ] = None,
) -> None:
    """Run a study, or go on with it, and write its report."""
    from boostreg.study.runner import run_study

    with _progress() as progress:
        folder = run_study(
            study, out=out, workers=workers, dask=dask, progress=progress
        )
    _say(folder / "report.html")


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="The folder that a run left.")],
) -> None:
    """Write the page of a finished run again, without computing."""
    from boostreg.study.output import rebuild_report

    _say(rebuild_report(folder))


@app.command()
def claims(
    folder: Annotated[
        Path, typer.Argument(help="A folder that holds the folders of runs.")
    ] = Path("reports"),
    write: Annotated[
        bool, typer.Option("--write", help="Write them into its README.md as well.")
    ] = False,
) -> None:
    """Print all claims of a folder's runs with their effects and verdicts."""
    from boostreg.study.index import claim_lines, write_claims_page

    for line in claim_lines(folder):
        _say(line)
    if write:
        _say(write_claims_page(folder))


@app.command()
def index(
    folder: Annotated[Path, typer.Argument(help="The folder that holds runs.")] = Path(
        "reports"
    ),
) -> None:
    """Write the page that lists all runs of a folder."""
    from boostreg.study.index import write_index

    written = write_index(folder)
    for name, why in written.left_out:
        _say(f"boostreg: {name} is left out: {why}", err=True)
    _say(written.page)


@app.command()
def compare(
    a: Annotated[Path, typer.Argument(help="The folder of run A.")],
    b: Annotated[Path, typer.Argument(help="The folder of run B.")],
    out: Annotated[
        Path | None,
        typer.Option(help="Page to write.", show_default="compare-A-B.html beside A"),
    ] = None,
) -> None:
    """Say whether run B is better or smaller than run A, and by how much."""
    from boostreg.study.index import compare_folders

    page, lines = compare_folders(a, b, out)
    for line in (*lines, "", str(page)):
        _say(line)


@app.command()
def validate(
    study: StudyFile,
    out: Annotated[
        Path, typer.Option(help="Folder in which the study's folder may lie.")
    ] = Path("reports"),
) -> None:
    """Check a study and its data, and say what a run would do."""
    from boostreg.study.load import load_study
    from boostreg.study.plan import outline

    for line in outline(load_study(study), out):
        _say(line)


@app.command()
def spaces(
    name: Annotated[
        str | None, typer.Argument(help="One of them, to see its ranges.")
    ] = None,
) -> None:
    """List the search spaces that ship, or print one, to copy from."""
    from boostreg.penalty.shipped import describe_space, space_lines

    for line in space_lines() if name is None else describe_space(name):
        _say(line)


@app.command()
def size(
    model: Annotated[
        Path, typer.Argument(help="A model of XGBoost (.ubj) or LightGBM (.txt).")
    ],
) -> None:
    """Print how large a model is, counted from its trees."""
    from boostreg.trees import SIZES, tree_size

    measured = tree_size(model)
    for name in SIZES:
        _say(f"{name.removeprefix('n_'):<16}{getattr(measured, name):.10g}")


@app.command()
def predict(
    run: Annotated[Path, typer.Argument(help="The folder that a run left.")],
    data: Annotated[str, typer.Argument(help="Rows: a .csv file, or a source.")],
    model: Annotated[
        str | None, typer.Option(help="ENGINE-PICK; by default the best of all.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File to write.")] = None,
) -> None:
    """Print, or write, what a model of a run predicts for new rows, as CSV."""
    from boostreg.study.output import predict_rows

    typer.echo(predict_rows(run, data, model=model, out=out), nl=False)


def main() -> None:
    """Run the command line; an error of ours is one message, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        # A label that the terminal's encoding lacks is shown by its number.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if any("\0" in argument for argument in sys.argv):
        _fail("no argument may hold a NUL character, which no path has.", 2)
    try:
        app()
    except InterruptedRunError as error:
        # The process is at its end: a second Ctrl-C has nothing left to stop.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _fail(f"{error} The same command goes on from what is finished.", 130)
    except (RunError, FitError) as error:
        _fail(str(error), 2 if _is_bad_path(error.__cause__) else 1)
    except BoostregError as error:
        _fail(str(error), 2)
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        _fail(f"{named}{reason(error)}.", 2 if _is_bad_path(error) else 1)


def _is_bad_path(error: BaseException | None) -> bool:
    """Return whether a path was given that cannot be, rather than a disk failed."""
    return isinstance(error, OSError) and error.errno in _BAD_PATH


def _fail(message: str, code: int) -> None:
    _say(f"boostreg: {message}", err=True)
    raise SystemExit(code)


def _say(text: object, *, err: bool = False) -> None:
    typer.echo(printable(text), err=err)


def _progress() -> Bar | Lines:
    return Bar() if sys.stderr.isatty() else Lines()
