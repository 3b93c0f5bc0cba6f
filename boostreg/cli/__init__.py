"""The command line: parse, call the library, print. The only package that prints.

Exit codes: 0 done, 1 the run failed, 2 invalid input, 130 interrupted. Commands import
the libraries that they need, so that ``--help`` is quick.
"""

import errno
import io
import json
import math
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from boostreg import __version__
from boostreg.errors import (
    BoostregError,
    FitError,
    InterruptedRunError,
    ModelError,
    RunError,
    reason,
)
from boostreg.progress import REMARKS, bar, duration, printable
from boostreg.study.presets import PRESETS, preset_lines

if TYPE_CHECKING:
    from boostreg.progress import Event, Progress

__all__ = ["Lines", "app", "bar", "main"]

_SECONDS_BETWEEN_LINES = 5.0
_PATIENCE = 3.0
"""Seconds that a command may be silent on a terminal."""


class Lines:
    """Progress for a log: plain lines on standard error, one every few seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._last_printed = clock, -math.inf

    def __call__(self, event: "Event") -> None:
        """Print a line, unless the last one is recent."""
        now, left = self._clock(), event.seconds_left
        if event.stage in REMARKS:
            self._print(f"{event.stage}: {event.text}", now)
        elif not event.total:
            self._print(event.stage, now)
        elif now - self._last_printed >= _SECONDS_BETWEEN_LINES:
            parts = [f"{event.stage}: {event.done:,} of {event.total:,} fits"]
            if left is not None:
                parts.insert(0, f"about {duration(left)} left")
            self._print("; ".join(filter(None, [*parts, event.text])), now)

    def _print(self, text: str, now: float) -> None:
        self._last_printed = now
        typer.echo(printable(text), err=True)


class _Group(TyperGroup):
    """Commands in which Ctrl-C raises ``InterruptedRunError`` at any point."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise InterruptedRunError("The command was stopped.") from None


app = typer.Typer(
    cls=_Group,
    help="Find out which penalties of a boosted ensemble matter, and what each does.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

_STUDY = re.compile(
    r"\.(ya?ml|json|csv|tsv|txt|parquet|feather|arrow|xlsx)(\.(gz|bz2|xz|zst|zip))?$"
)
_RESULTS = "results.json"
_BAD_PATH = frozenset(
    {
        *(errno.EEXIST, errno.EINVAL, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG),
        *(errno.ENOENT, errno.ENOTDIR),
    }
)


def _known_preset(name: str | None) -> str | None:
    if name is not None and name not in PRESETS:
        raise typer.BadParameter(f"{name!r} is not one of {', '.join(PRESETS)}.")
    return name


def _beginning_with(start: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(start)]


def _penalties(incomplete: str) -> list[str]:
    from boostreg.penalty.value import PENALTIES

    return _beginning_with(incomplete, PENALTIES)


def _spaces(incomplete: str) -> list[str]:
    from boostreg.penalty.shipped import space_names

    return _beginning_with(incomplete, space_names())


def _presets(incomplete: str) -> list[str]:
    return _beginning_with(incomplete, PRESETS)


def _entries(start: str, usual: str, wanted: Callable[[Path], bool]) -> list[str]:
    """Return wanted entries of the folder being typed, at first also of the usual one.

    Where there is none, the shell completes names of files.
    """
    typed, slash, _ = start.rpartition("/")
    folders = [typed + slash] if slash else ["", f"{usual}/"]
    found = (
        f"{folder}{path.name}"
        for folder in folders
        if Path(folder).is_dir()
        for path in sorted(Path(folder).iterdir())
        if wanted(path)
    )
    return _beginning_with(start, found)


def _studies(incomplete: str) -> list[str]:
    return _entries(incomplete, "studies", lambda path: bool(_STUDY.search(path.name)))


def _runs(incomplete: str) -> list[str]:
    return _entries(incomplete, "reports", lambda path: (path / _RESULTS).exists())


StudySource = Annotated[
    str,
    typer.Argument(
        autocompletion=_studies,
        help="Study file, such as studies/quickstart.yaml; or a table with --target.",
    ),
]
Target = Annotated[
    str | None, typer.Option(help="Column to predict, if STUDY is a table.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Set a key of the study, such as search.trials=10; may be repeated.",
    ),
]
PresetOption = Annotated[
    str | None,
    typer.Option(
        "--preset",
        metavar="NAME",
        callback=_known_preset,
        autocompletion=_presets,
        help="How much work to do, unless the study or --set says otherwise. "
        + "; ".join(preset_lines()),
    ),
]
RunFolder = Annotated[
    Path, typer.Argument(autocompletion=_runs, help="Folder of a finished run.")
]
RunsFolder = Annotated[Path, typer.Argument(help="Folder that contains runs.")]


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
            help="Print the version and exit.",
        ),
    ] = False,
) -> None:
    """Handle the options that come before a command."""
    del version


def _changes(preset: str | None, settings: list[str] | None) -> list[str]:
    """Return the keys of a study that options set."""
    return [*([f"preset={preset}"] if preset else []), *(settings or [])]


@app.command()
def init(
    data: Annotated[
        str,
        typer.Argument(help="Table, or a source as in a study."),
    ],
    target: Annotated[str | None, typer.Option(help="Column to predict.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Study file to write; an existing one is not changed.",
            show_default="name of DATA, .yaml",
        ),
    ] = None,
    preset: PresetOption = None,
    settings: Settings = None,
) -> None:
    """Write a commented study file for a table."""
    from boostreg.study.draft import draft_study, name_of, write_draft
    from boostreg.study.forecast import time_line
    from boostreg.study.placement import placed

    path = Path(f"{name_of(data)}.yaml") if out is None else out
    changes = _changes(preset, settings)
    with _reading(data):
        draft = draft_study(data, target, path, changes, has_budget=True)
    write_draft(draft)
    for line in draft.found:
        _print(line)
    quick = "" if preset else "; for a first look, add --preset quick"
    _print(f"{path} was written. Next: boostreg run {path}{quick}")
    try:
        _print(f"A run takes {time_line(placed(draft.study))}.")
    except BoostregError as error:  # the file is there, and can be changed
        _print(f"warning: {error}")


@app.command()
def run(  # noqa: PLR0913, PLR0917 - an argument per option
    study: StudySource,
    target: Target = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Parent of the run's folder, which has the name of the study.",
            show_default="reports",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Number of worker processes.",
            show_default="one per core or CUDA device",
        ),
    ] = None,
    dask: Annotated[
        str | None,
        typer.Option(help="Address of a Dask scheduler for the fits: tcp://HOST:PORT."),
    ] = None,
    preset: PresetOption = None,
    settings: Settings = None,
    show: Annotated[
        bool, typer.Option("--open", help="Open the report in a browser.")
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print the answer and the paths as one line of JSON instead."
        ),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print only errors, and --json if given.")
    ] = False,
) -> None:
    """Run or resume a study and write its report."""
    from boostreg.study.draft import open_study

    with nullcontext() if quiet else _reading(study):
        opened = open_study(study, target, _changes(preset, settings))
    # Slow to load, so faults of the study come first.
    from boostreg.study.run import read_results
    from boostreg.study.runner import run_study

    shown: AbstractContextManager[Progress | None] = nullcontext(Lines())
    if quiet:
        shown = nullcontext()
    elif sys.stderr.isatty():
        shown = bar("reading the table" if opened.rows is None else "starting")
    with shown as progress:
        folder = run_study(
            opened, out=out, workers=workers, dask=dask, progress=progress
        )
    answer, page = read_results(folder)["text"]["answer"], folder / "report.html"
    if as_json:
        files = {"folder": folder, "report": page, "results": folder / _RESULTS}
        paths = {name: str(path) for name, path in files.items()}
        typer.echo(json.dumps({"answer": list(answer), **paths}))
    elif not quiet:
        for line in (*answer, page):
            _print(line)
    if show:
        import webbrowser  # slow to load

        webbrowser.open(page.resolve().as_uri())


@app.command()
def report(folder: RunFolder) -> None:
    """Rewrite the report of a finished run without refitting."""
    from boostreg.study.output import rebuild_report

    _print(rebuild_report(folder))


@app.command()
def tables(
    folder: RunFolder,
    latex: Annotated[
        bool,
        typer.Option("--latex", help="LaTeX with booktabs, instead of Markdown."),
    ] = False,
) -> None:
    """Print the space, budget and results of a run as tables for an article."""
    from boostreg.study.output import table_lines

    for line in table_lines(folder, latex=latex):
        typer.echo(line)


@app.command()
def log_mlflow(
    folder: RunFolder,
    experiment: Annotated[
        str, typer.Option(help="MLflow experiment, created if absent.")
    ] = "boostreg",
    uri: Annotated[
        str | None,
        typer.Option(
            help="MLflow tracking server or folder.",
            show_default="MLFLOW_TRACKING_URI, or MLflow's own default",
        ),
    ] = None,
) -> None:
    """Log a finished run and its models to MLflow (extra: mlflow)."""
    from boostreg.study.mlflow_run import log_run

    number, n_models = log_run(folder, experiment=experiment, uri=uri)
    _print(f"{experiment}: run {number} with {n_models} nested runs of models")


@app.command()
def claims(
    folder: RunsFolder = Path("reports"),
    write: Annotated[
        bool,
        typer.Option(
            "--write", help="Also write the table to README.md in the folder."
        ),
    ] = False,
) -> None:
    """Print the claims of all runs in a folder."""
    from boostreg.study.article import claim_lines, write_claims_page

    for line in claim_lines(folder):
        _print(line)
    if write:
        _print(write_claims_page(folder))


@app.command()
def index(folder: RunsFolder = Path("reports")) -> None:
    """Write the page that lists all runs in a folder."""
    from boostreg.study.index import write_index

    written = write_index(folder)
    for name, why in written.left_out:
        _print(f"boostreg: {name} is skipped: {why}", err=True)
    _print(written.page)


@app.command()
def evidence(
    folder: RunsFolder = Path("reports"),
    out: Annotated[
        Path | None,
        typer.Option(
            help="HTML page to write; evidence.json is written next to it.",
            show_default="report.html in the folder",
        ),
    ] = None,
    add: Annotated[
        list[Path] | None,
        typer.Option(help="Another folder, whose runs or evidence.json are added."),
    ] = None,
) -> None:
    """Write the page of what penalties do over the tables of all runs in a folder."""
    from boostreg.study.index import write_evidence

    written = write_evidence(folder, out, add or ())
    for name, why in written.left_out:
        _print(f"boostreg: {name} is left out: {why}", err=True)
    _print(written.page)


@app.command()
def compare(
    a: Annotated[Path, typer.Argument(autocompletion=_runs, help="Folder of run A.")],
    b: Annotated[Path, typer.Argument(autocompletion=_runs, help="Folder of run B.")],
    out: Annotated[
        Path | None,
        typer.Option(
            help="HTML page to write.", show_default="compare-A-B.html next to A"
        ),
    ] = None,
) -> None:
    """Compare the loss and leaves of run B with those of run A."""
    from boostreg.study.index import compare_folders

    page, lines = compare_folders(a, b, out)
    for line in (*lines, "", str(page)):
        _print(line)


@app.command()
def validate(
    study: StudySource,
    target: Target = None,
    out: Annotated[
        Path, typer.Option(help="Folder of earlier runs, which warnings refer to.")
    ] = Path("reports"),
    preset: PresetOption = None,
    settings: Settings = None,
) -> None:
    """Check a study and its data, and print what a run would do."""
    from boostreg.study.draft import open_study
    from boostreg.study.forecast import outline

    with _reading(study, ", then timing a few fits"):
        opened = open_study(study, target, _changes(preset, settings))
        lines = list(outline(opened, out))
    for line in lines:
        _print(line)


@app.command()
def explain(
    penalty: Annotated[
        str,
        typer.Argument(
            autocompletion=_penalties,
            help="Penalty, such as reg_lambda or LightGBM's lambda_l2.",
        ),
    ],
) -> None:
    """Print what a penalty does: formula, unit, names, defaults, traps."""
    from boostreg.study.explanation import explain_penalty

    for line in explain_penalty(penalty):
        _print(line)


@app.command()
def schema() -> None:
    """Print the JSON Schema of study files, for editors."""
    from boostreg.study.schema import study_schema

    typer.echo(json.dumps(study_schema(), indent=2))


@app.command()
def spaces(
    name: Annotated[
        str | None,
        typer.Argument(
            autocompletion=_spaces,
            help="Space to print. Without it, all are listed.",
        ),
    ] = None,
) -> None:
    """List the built-in search spaces, or print one to copy from."""
    from boostreg.penalty.shipped import describe_space, space_lines

    for line in space_lines() if name is None else describe_space(name):
        _print(line)


@app.command()
def size(
    model: Annotated[
        Path, typer.Argument(help="Model file of XGBoost (.ubj) or LightGBM (.txt).")
    ],
) -> None:
    """Print the size of a model, counted from its trees."""
    from boostreg.saved import LinearModel, load_model
    from boostreg.trees import SIZES, tree_size

    # Norms need the learning rate, which the card of a saved model knows.
    card = model.with_suffix(".json")
    loaded = load_model(model) if card.exists() else None
    if isinstance(loaded, LinearModel):
        raise ModelError(f"{model} is a linear model, which has no trees.")
    measured = tree_size(model) if loaded is None else loaded.size
    for name in SIZES:
        _print(f"{name.removeprefix('n_'):<16}{getattr(measured, name):.10g}")


@app.command()
def predict(
    run: RunFolder,
    data: Annotated[
        str,
        typer.Argument(
            help="New rows: a .csv or .parquet file, or a source as in a study."
        ),
    ],
    model: Annotated[
        str | None,
        typer.Option(
            help="Model to use, such as xgboost-one_se.", show_default="the best"
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="CSV file to write.", show_default="standard output"),
    ] = None,
) -> None:
    """Predict new rows with a model of a run, as CSV."""
    from boostreg.study.output import predict_rows

    typer.echo(predict_rows(run, data, model=model, out=out), nl=False)


def main() -> None:
    """Run the command line. Our own errors are one message without a traceback."""
    for stream in (sys.stdout, sys.stderr):
        # Escape characters that the terminal's encoding does not have.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if any("\0" in argument for argument in sys.argv):
        _fail("arguments must not contain a NUL character.", 2)
    try:
        app()
    except InterruptedRunError as error:
        # The process is about to exit; ignore a second Ctrl-C.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _fail(f"{error} Run the same command to resume.", 130)
    except (RunError, FitError) as error:
        _fail(str(error), 2 if _is_bad_path(error.__cause__) else 1)
    except BoostregError as error:
        _fail(str(error), 2)
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        _fail(f"{named}{reason(error)}.", 2 if _is_bad_path(error) else 1)


def _is_bad_path(error: BaseException | None) -> bool:
    """Return whether the path is invalid, as opposed to a failing disk."""
    return isinstance(error, OSError) and error.errno in _BAD_PATH


def _fail(message: str, code: int) -> None:
    _print(f"boostreg: {message}", err=True)
    raise SystemExit(code)


@contextmanager
def _reading(source: str, then: str = "") -> Iterator[None]:
    """Print a line on a terminal if the block takes longer than ``_PATIENCE``."""
    text = f"reading {source}{then}; a large table takes minutes"
    timer = threading.Timer(_PATIENCE, _print, (text,), {"err": True})
    if sys.stderr.isatty():
        timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _print(text: object, *, err: bool = False) -> None:
    typer.echo(printable(text), err=err)
