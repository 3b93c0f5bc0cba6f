"""Writing the files of a run: whole or not at all, the same bytes for the same run."""

import csv
import io
import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from boostreg.errors import DataError, RunError, reason

__all__ = [
    "finite",
    "read_csv",
    "read_json",
    "write_bytes",
    "write_csv",
    "write_json",
    "write_text",
]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file under a passing name and move it into place.

    Raises
    ------
    RunError
        If the disk is full or the folder can not be written.
    """
    passing = path.with_name(path.name + ".part")
    try:
        passing.write_bytes(content)
        os.replace(passing, path)  # noqa: PTH105 - atomic on every platform
    except OSError as error:
        passing.unlink(missing_ok=True)
        raise RunError(f"{path} could not be written: {reason(error)}.") from error


def write_text(path: Path, content: str) -> None:
    """Write UTF-8 text with bare newlines."""
    write_bytes(path, content.encode())


def write_json(path: Path, content: object) -> None:
    """Write JSON with two spaces; NaN and infinity become null."""
    text = json.dumps(finite(content), indent=2, allow_nan=False, ensure_ascii=False)
    write_text(path, text + "\n")


def finite(content: object) -> Any:
    """Return JSON-ready content with null for every number that JSON lacks."""
    if isinstance(content, Mapping):
        return {str(key): finite(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [finite(value) for value in content]
    if isinstance(content, float) and not math.isfinite(content):
        return None
    return content


def write_csv(
    path: Path, rows: Iterable[Mapping[str, object]], columns: Sequence[str]
) -> None:
    """Write a table with full precision; text that looks like a formula is quoted."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([_cell(column) for column in columns])
    for row in rows:
        writer.writerow([_cell(row.get(column)) for column in columns])
    write_text(path, text.getvalue())


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, str):
        return "'" + value if value.startswith(_FORMULA) else value
    return repr(value) if isinstance(value, float) else str(value)


def read_json(path: Path) -> Any:
    """Return the content of a JSON file of a run.

    Raises
    ------
    DataError
        If the file is not there or is no JSON.
    """
    try:
        return json.loads(_read(path))
    except json.JSONDecodeError as error:
        raise DataError(
            f"{path} is not JSON: {error}. Run the study again to have it written anew."
        ) from error


def read_csv(path: Path) -> list[dict[str, object]]:
    """Return the rows of a table that ``write_csv`` wrote, numbers as numbers.

    Raises
    ------
    DataError
        If the file can not be read.
    """
    return [
        {name: _value(cell) for name, cell in row.items()}
        for row in csv.DictReader(io.StringIO(_read(path), newline=""))
    ]


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        raise DataError(
            f"{path} is not there, which a run leaves; run the study again to have it "
            "written anew."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path} could not be read as a run leaves it: {reason(error)}."
        ) from error


def _value(cell: str) -> object:
    if cell == "":
        return None
    for kind in (int, float):
        try:
            return kind(cell)
        except ValueError:
            continue
    return cell
