"""The output folder of a run: its models, tables, results and report."""

import hashlib
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

from boostreg.arrays import Array
from boostreg.baselines import BASELINES
from boostreg.data import Column, Reading, read_rows
from boostreg.errors import DataError, ModelError, RunError, StudyError
from boostreg.report.exports import export_tables, to_latex, to_markdown
from boostreg.report.measures import linear_model
from boostreg.report.page import render
from boostreg.report.records import RunRecord
from boostreg.report.results import Results, RunData
from boostreg.report.summary import summarize
from boostreg.report.tables import (
    FIT_COLUMNS,
    PATH_COLUMNS,
    TRIAL_COLUMNS,
    fit_table,
    loss_table,
    path_table,
    prediction_table,
    trial_table,
)
from boostreg.saved import ModelCard, load_model, microseconds_per_row
from boostreg.study.files import (
    SCHEMA,
    csv_text,
    read_json,
    write_bytes,
    write_csv,
    write_json,
    write_rows,
    write_text,
)
from boostreg.study.run import (
    damage_as_data_error,
    read_results,
    read_table,
    results_file,
)

__all__ = [
    "find_model",
    "predict_rows",
    "rebuild_report",
    "run_folder",
    "table_lines",
    "write_run",
]

_log = logging.getLogger(__name__)


def _write_models(folder: Path, record: RunRecord) -> dict[str, Path]:
    """Write the selected models of each engine, and the best linear model.

    Returns the paths of the JSON files by the names of the models.
    """
    written = {}
    if folder.is_symlink():
        raise RunError(f"{folder} is a symbolic link; remove it and run again.")
    folder.mkdir(exist_ok=True)
    card = record.card
    for engine in record.engines.values():
        for pick, model in engine.models.items():
            path = folder / f"{engine.name}-{pick}{model.suffix}"
            write_bytes(path, model.content)
            described = ModelCard(
                engine=engine.name,
                pick=pick,
                n_rounds=engine.tuned[None].n_rounds(pick),
                target=card["target"],
                task=card["task"],
                objective=record.objective,
                classes=tuple(card["class_labels"]),
                columns=record.columns,
                offset=record.study["data"]["offset"],
                size=model.size,
                sha256=hashlib.sha256(model.content).hexdigest(),
                ranks=model.ranks,
                intercept=tuple(model.intercept),
                reading=Reading.from_dict(record.study["data"]),
            )
            written[path.stem] = path.with_suffix(".json")
            write_json(written[path.stem], described.as_dict())
    simple = linear_model(record)
    for name in BASELINES:  # one of an earlier run would be taken for this one's
        if simple is None or name != simple.card.model:
            (folder / f"{name}.json").unlink(missing_ok=True)
    if simple is not None:
        written[simple.card.model] = folder / f"{simple.card.model}.json"
        write_json(written[simple.card.model], simple.as_dict())
    return written


def find_model(folder: Path, name: str | None = None) -> Path:
    """Return the metadata file of a model of a run.

    ``name`` is ``ENGINE-PICK`` or that of the linear model; by default the ``best`` of
    the engine with the lowest inner loss. Raises DataError if the folder has no
    results, or they do not determine the best, and ModelError if there is no such
    model.
    """
    if name is None:
        name = f"{_best_engine(folder)}-best"
    else:
        results_file(folder)
    found = sorted(path.stem for path in (folder / "models").glob("*.json"))
    if name not in found:
        there = f"it holds {', '.join(found)}" if found else "run the study again"
        raise ModelError(f"{folder / 'models'} holds no model {name!r}; {there}.")
    return folder / "models" / f"{name}.json"


def predict_rows(
    folder: Path, source: str, *, model: str | None = None, out: Path | None = None
) -> str:
    """Return the predictions of a run's model for each row of ``source``, as CSV.

    The column ``prediction`` has means or class labels; for classification, a column
    ``probability_LABEL`` per class follows. With ``out``, they are written there, and
    the returned line names it. Raises DataError if the rows do not match the training
    data, ModelError if there is no such model or its file was changed.
    """
    loaded = load_model(find_model(folder, model))
    card = loaded.card
    columns_read = (*card.columns, *map(Column, filter(None, [card.offset])))
    rows = read_rows(source, Path(), columns_read, card.reading)
    with warnings.catch_warnings(record=True) as caught:
        head, columns = ["prediction"], [loaded.predict(rows).tolist()]
        if card.classes:
            head += [f"probability_{label}" for label in card.classes]
            columns += loaded.predict_proba(rows).T.tolist()
    for warning in caught:  # as one line, without the place in our code
        _log.warning(warning.message)
    table = csv_text(head, zip(*columns, strict=True))
    if out is None:
        return table
    write_text(out, table)
    return f"{out}\n"


def _best_engine(folder: Path) -> str:
    try:
        engines = read_json(results_file(folder))["engines"]
        losses = {
            str(name): float(one["best"]["inner"]["loss"])
            for name, one in engines.items()
        }
        return min(losses, key=lambda name: losses[name])
    except (KeyError, TypeError, AttributeError) as error:
        read_results(folder)  # raises with the reason if the results are damaged
        raise DataError(
            f"{folder} names no best model; choose one with --model."
        ) from error


def run_folder(path: Path, name: str, out: str | Path | None) -> Path:
    """Return the folder for the run of a study file.

    Raises StudyError if the folder is a symbolic link, or if the study file was written
    by a run in that folder.
    """
    if out is None and path.name == "study.yaml":
        run = path.resolve().parent
        if (run / "results.json").exists():
            raise StudyError(
                f"{path} was written by a run; choose another output folder with --out "
                f"({run.parent} would overwrite that run)."
            )
    folder = Path("reports" if out is None else out) / name
    if folder.is_symlink():
        raise StudyError(
            f"{folder} is a symbolic link; remove it, or name another folder with "
            "--out."
        )
    return folder


def write_run(folder: Path, record: RunRecord, run: RunData, X: Array) -> None:
    """Write tables, models, results and report of a run; the report last.

    The schema of studies goes to the parent folder, one for all runs there.
    ``X`` are rows of the table, to time predictions with.
    """
    trials, paths = trial_table(record), path_table(record)
    write_csv(folder / "trials.csv", trials, TRIAL_COLUMNS)
    write_csv(folder / "fits.csv", fit_table(record), FIT_COLUMNS)
    write_csv(folder / "paths.csv", paths, PATH_COLUMNS)
    write_rows(folder / "losses.csv", *loss_table(record))
    write_rows(folder / "predictions.csv", *prediction_table(record))
    models = _write_models(folder / "models", record)
    sizes = {name: path.stat().st_size for name, path in models.items()}
    timed: RunData = {
        **run,
        "microseconds_per_row": {
            name: microseconds_per_row(load_model(path), X)
            for name, path in models.items()
        },
    }
    write_json(folder / "results.json", summarize(record, timed, sizes))
    write_bytes(folder.parent / SCHEMA.name, SCHEMA.read_bytes())
    _write_page(folder, read_json(folder / "results.json"))


def rebuild_report(folder: Path) -> Path:
    """Write the report of a run from its stored results; return its path."""
    with damage_as_data_error(folder):
        return _write_page(folder, read_results(folder))


def table_lines(folder: Path, *, latex: bool = False) -> Iterator[str]:
    """Yield the tables of a run for an article, as Markdown or as LaTeX.

    Raises DataError if the folder has no results, or results of another version.
    """
    with damage_as_data_error(folder):
        results = read_results(folder)
        tables = export_tables(results, read_table(folder, "paths"))
    for name, table in tables.items():
        label = f"tab:{results['study']['name']}-{name}"
        yield to_latex(table, label) if latex else to_markdown(table)
        yield ""


def _write_page(folder: Path, results: Results) -> Path:
    tables = (read_table(folder, name) for name in ("trials", "paths", "fits"))
    page = folder / "report.html"
    write_text(page, render(results, *tables))
    return page
