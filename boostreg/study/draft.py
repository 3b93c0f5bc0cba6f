"""A study made for a table: what ``boostreg init`` writes and ``boostreg run`` runs."""

import os
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from boostreg.data import FileColumns, Table, is_named, open_source
from boostreg.data.cells import as_yaml, quoted
from boostreg.data.files import file_facts
from boostreg.data.stored import columns_of
from boostreg.errors import DataError, RunError, StudyError, reason
from boostreg.study.faults import Place
from boostreg.study.files import SCHEMA, schema_line
from boostreg.study.load import (
    Study,
    as_content,
    checked_study,
    checked_table,
    load_study,
    read_frame,
)
from boostreg.study.presets import PRESETS, Preset
from boostreg.study.resampling import default_outer
from boostreg.study.spec import StudySpec
from boostreg.study.yaml_reader import Document, flow_yaml

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Draft",
    "draft_study",
    "name_of",
    "open_study",
    "write_draft",
]

_STUDY_SUFFIXES = ("", ".yaml", ".yml", ".json")
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9_-]+")
_MAX_COLUMNS = 100
"""Columns that one message lists."""
_MAX_NOTES = 3
"""Notes on a table that are printed; the file has all of them."""
_NAME_PARTS = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z])(?=[A-Z])")
_NOUNS = frozenset({
    "category", "class", "city", "cluster", "color", "colour", "country", "county",
    "department", "district", "education", "ethnicity", "kind", "label", "marriage",
    "occupation", "postcode", "profession", "race", "region", "religion", "segment",
    "species", "state", "type", "zip", "zipcode",
})  # fmt: skip
"""Last words of names of columns whose whole numbers are labels."""
_RECUR = 5  # rows per value of a column of labels, on average, at least
_BUDGET = "10 min"
"""Wall time of a study for a table, unless its preset or budget is given."""
_WORDS = {
    "budget": "of the whole run; without it, all that the preset asks for",
    "preset": "or quick, thorough: sets the keys in comments below",
    "data.source": "relative to this file",
    "search.scale": "penalties in rows of the first tree",
    "search.trials": "per engine and outer fold",
    "validation.outer": "these folds estimate the loss",
    "validation.inner": "these folds choose the parameters",
    "paths.points": "per penalty",
    "effects.points": "for the importance of penalties",
    "tolerance": "the change of loss that does not matter",
}
"""Comments on keys."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A study for a table.

    Attributes
    ----------
    study : Study
    text : str
        The study as commented YAML, which gives the same study when it is read.
    found : tuple of str
        Lines on the table: rows, columns, target, and notes.
    """

    study: Study
    text: str
    found: tuple[str, ...]


def open_study(
    source: str, target: str | None = None, changes: Sequence[str] = ()
) -> Study:
    """Return the study of a study file, or of a table and its target.

    That of a table has a budget, unless ``changes`` have a preset or another one.

    A table is a ``source`` as in a study, a file whose name does not end as that of a
    study file, or a folder with a target. ``changes`` are those of ``load_study``.

    Raises
    ------
    StudyError
        If a table has no target, or a study file is given one.
    """
    is_study = Path(source).suffix.lower() in _STUDY_SUFFIXES
    is_folder = target is not None and Path(source).is_dir()
    if not is_study or is_folder or is_named(source):
        path = Path(f"{name_of(source)}.yaml")
        return draft_study(source, target, path, changes, has_budget=True).study
    if target is not None:
        raise StudyError(
            f"{source} is a study, whose target is data.target; remove --target, which "
            "is for a table."
        )
    return load_study(source, changes)


def draft_study(  # noqa: PLR0913  what is given, by keyword from Python
    source: str,
    target: str | None,
    path: Path,
    changes: Sequence[str] = (),
    given: Mapping[str, Any] = MappingProxyType({}),
    *,
    has_budget: bool = False,
) -> Draft:
    """Return a study for a table, without writing it.

    Parameters
    ----------
    source : str
        The table: a file relative to the working directory, or a source as in a study.
    target : str or None
        The column to predict.
    path : Path
        Where the study file will be; only its folder matters.
    changes : sequence of str
        Keys of the study to set, see ``load_study``.
    given : mapping
        Keys of the study from Python.
    has_budget : bool
        Add a budget, unless a preset or a budget is given.

    Raises
    ------
    StudyError
        If there is no target, or a change is invalid.
    DataError
        If the table cannot be read, or the column is not in it.
    """
    document = Document(source, top=Place(1, 1, source))
    made = {
        "name": name_of(source),
        "data": {"source": _source_from(source, path), "target": ""},
    }
    document.content = _merged(made, as_content(given))
    if target is not None:
        document.change(("data", "target"), target, "--target")
    study = checked_study(document, path, changes)
    try:
        if not study.spec.data.target and target is None:
            data = study.spec.data
            frame = open_source(data.source, base=study.base, reading=data.reading)
            names = quoted(map(str, frame.columns), limit=_MAX_COLUMNS)
            raise StudyError(
                f"{source} is a table, which needs its column to predict: --target "
                f"COLUMN; its columns are {names}."
            )
        frame = read_frame(study)
        table = checked_table(study, frame)
        if labels := _labels_by_name(frame, table, study.spec.data.types):
            more = {"data": {"types": dict.fromkeys(labels, "category")}}
            document.content = _merged(more, document.content)
            study = checked_study(document, path)
            del frame, table  # a large one may be in files
            frame = read_frame(study)  # labels are the text of their cells
            table = checked_table(study, frame)
    except DataError as error:
        # Without a study file, its keys are set on the command line.
        keyed = re.search(r"\b[Ss]et data\.", str(error))
        end = " Keys are set by --set KEY=VALUE." if keyed else ""
        raise DataError(f"{error}{end}") from error
    content = _content(study.spec, table)
    if has_budget and "preset" not in document.content:
        content = {"name": content.pop("name"), "budget": _BUDGET, **content}
    document.content = _merged(content, document.content)
    study = checked_study(document, path)
    # With the task as the study states it, which may change the labels of classes.
    settled = replace(table, task_inferred=False, notes=_notes(table))
    if table.task_inferred and table.classes:
        settled = checked_table(study, frame)
    study = replace(study, rows=(settled, file_facts(frame).decimal))
    preset = PRESETS[study.spec.preset]
    lines = _lines(document.content, source, table, preset, labels)
    found = (*_found(source, table), *_note_on(labels))
    return Draft(study, "\n".join(lines) + "\n", found)


def write_draft(draft: Draft) -> None:
    """Write the YAML of a draft to its path.

    Raises StudyError if there is a file already, RunError if it cannot be written.
    """
    path = draft.study.path
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(draft.text)
    except FileExistsError:
        raise StudyError(
            f"{path} exists and was not changed; name another file with --out."
        ) from None
    except OSError as error:
        raise RunError(f"{path} could not be written: {reason(error)}.") from error


def _labels_by_name(
    frame: "pd.DataFrame | FileColumns", table: Table, types: Mapping[str, Any]
) -> list[str]:
    """Return the columns of a text file whose whole numbers are labels by their name.

    A text file does not show that 1 to 50 are states. The numbers must recur, and be at
    least three: with two, a category and a number are the same to a tree.
    """
    if file_facts(frame).decimal is None:  # other files have types
        return []
    features = zip(table.columns, table.X.T, strict=True)
    numbers = [(c.name, values) for c, values in features if c.categories is None]
    if table.task == "regression" and table.task_inferred:
        numbers.append((table.target, table.y))
    found = []
    for name, values in numbers:
        noun = _NAME_PARTS.split(name)[-1].lower()
        if noun in _NOUNS and name not in types:
            known = values[np.isfinite(values)]
            n_values = len(np.unique(known))
            whole = bool((known == np.floor(known)).all())
            if whole and 3 <= n_values <= len(known) / _RECUR:
                found.append(name)
    return found


def _note_on(labels: Sequence[str]) -> tuple[str, ...]:
    named = f"labels by the name of their column: {quoted(labels)}"
    note = f"Whole numbers that are {named}; data.types has them as categories."
    return (note,) if labels else ()


def name_of(source: str) -> str:
    """Return the name of a study for a table.

    >>> name_of("data/My Table.csv.gz"), name_of("sklearn:wine"), name_of("?.csv")
    ('my-table', 'wine', 'study')
    """
    stem = Path(source.rpartition(":")[2]).name.partition(".")[0].lower()
    return _NOT_IN_A_NAME.sub("-", stem).strip("-_")[:64] or "study"


def _source_from(source: str, path: Path) -> str:
    """Return a source for a study file at ``path``."""
    if is_named(source) or not Path(source).exists():
        return source  # as it is, also for errors about it
    try:
        return Path(os.path.relpath(source, path.resolve().parent)).as_posix()
    except ValueError:  # another drive
        return Path(source).resolve().as_posix()


def _content(spec: StudySpec, table: Table) -> dict[str, Any]:
    """Return the keys that every draft has."""
    return {
        "name": spec.name,
        "preset": spec.preset,
        "data": {
            "source": spec.data.source,
            "target": spec.data.target,
            "task": table.task,
        },
        "engines": spec.engines,
        "search": {"scale": "rows"},
        "baselines": spec.baselines,
        "tolerance": f"{100 * spec.tolerance:.10g}%",
    }


def _merged(base: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``base`` with what is given, key by key of each mapping."""
    merged = {**base, **given}
    for key, value in base.items():
        if isinstance(value, Mapping) and isinstance(given.get(key), Mapping):
            merged[key] = _merged(value, given[key])
    return merged


def _lines(
    content: Mapping[str, Any],
    source: str,
    table: Table,
    preset: Preset,
    labels: Sequence[str],
) -> Iterator[str]:
    """Yield the lines of a study file; what its preset sets is in comments."""
    outer = default_outer(table, preset).as_dict()
    unset = _merged({"validation": {"outer": outer}}, preset.content)
    reasons = {
        ("data", "task"): table.notes[: int(table.task_inferred)],
        ("data", "types"): _note_on(labels),
    }
    yield schema_line(SCHEMA.as_uri())
    yield from _comment(f"Made for {source}: {_counted(table)}.")
    for part, keys in content.items():
        if not (isinstance(keys, Mapping) and keys):
            yield _line((part,), keys)
            continue
        yield f"{part}:"
        for key, value in keys.items():
            for note in reasons.get((part, key), ()):
                yield from _comment(note, "  ")
            yield _line((part, key), value, "  ")
        for key, value in unset.pop(part, {}).items():
            if key not in keys:
                yield _line((part, key), value, "  # ")
        for note in _notes(table) if part == "data" else ():
            yield from _comment(note, "  ")
    for part, keys in unset.items():
        yield f"# {part}:"
        yield from (_line((part, key), value, "#   ") for key, value in keys.items())


def _line(loc: tuple[str, ...], value: Any, indent: str = "") -> str:
    text = f"{indent}{as_yaml(loc[-1])}: {flow_yaml(value)}"
    words = _WORDS.get(".".join(loc), "")
    return f"{text:<31}  # {words}" if words else text


def _comment(text: str, indent: str = "") -> Iterator[str]:
    mark = f"{indent}# "
    yield from textwrap.wrap(
        text, 88, initial_indent=mark, subsequent_indent=mark, break_long_words=False
    )


def _counted(table: Table) -> str:
    n_categories = len(table.categorical)
    kinds = {
        "numeric": table.n_features - n_categories,
        "categorical": n_categories,
    }
    named = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items() if count)
    return f"{table.n_samples:,} rows, {table.n_features:,} features ({named})"


def _notes(table: Table) -> tuple[str, ...]:
    """Return the notes on a table, without that on an inferred task."""
    return table.notes[1:] if table.task_inferred else table.notes


def _found(source: str, table: Table) -> Iterator[str]:
    yield f"{source}: {_counted(table)}"
    if table.task_inferred:
        yield table.notes[0]
    else:
        yield f"The task is {table.task} of {table.target!r}."
    missing = [int(np.isnan(values).sum()) for values in columns_of(table.X)]
    if n_missing := sum(missing):
        yield (
            f"Missing: {n_missing:,} of {table.X.size:,} cells, in "
            f"{sum(map(bool, missing)):,} of {table.n_features:,} features."
        )
    notes = _notes(table)
    yield from (f"note: {note}" for note in notes[:_MAX_NOTES])
    if len(notes) > _MAX_NOTES:
        yield f"{len(notes) - _MAX_NOTES} more notes are in the study file."
