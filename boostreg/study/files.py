"""Atomic and reproducible files of a run: text, JSON and CSV."""

import csv
import io
import json
import math
import os
import re
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

from boostreg.errors import DataError, RunError, reason

__all__ = [
    "SCHEMA",
    "csv_text",
    "finite",
    "read_csv",
    "read_json",
    "schema_line",
    "write_bytes",
    "write_csv",
    "write_json",
    "write_rows",
    "write_text",
]

SCHEMA = Path(__file__).with_name("study.schema.json")
"""The JSON Schema of a study, as ``boostreg schema`` prints it."""

_FORMULA = (*"=+-@＝＋－＠", "\t", "\r", "\n")  # noqa: RUF001 - the wide ones as well
_QUOTED = re.compile(r'[",\r\n]')
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?", re.ASCII)

_PASSING = ".boostreg-part"
_ABANDONED = 3600.0
"""Age in seconds after which a temporary file is considered abandoned."""
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_NEW |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def schema_line(address: str) -> str:
    """Return the first line of a study file, from which editors know its schema.

    ``address`` is a path relative to the study file, or a ``file:`` address, in which
    spaces are escaped.
    """
    return f"# yaml-language-server: $schema={address}"


def write_bytes(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Write a temporary file and move it into place.

    ``content`` may come in parts, so that it is never in memory as a whole. A symbolic
    link at ``path`` is replaced, never followed. Raises DataError if ``path`` is a
    folder, RunError if it cannot be written.
    """
    if path.is_dir():
        raise DataError(
            f"{path} is a folder, but a file must be written there; move it."
        )
    passing = path.with_name(f".{secrets.token_hex(8)}{_PASSING}")
    try:
        for left in path.parent.glob(f".*{_PASSING}"):  # from killed runs
            with suppress(OSError):
                if time.time() - left.lstat().st_mtime > _ABANDONED:
                    left.unlink()
        with open(os.open(passing, _NEW, 0o666), "wb") as file:  # noqa: PTH123 - a number
            file.writelines((content,) if isinstance(content, bytes) else content)
        os.replace(passing, path)  # noqa: PTH105 - atomic on every platform
    except OSError as error:
        raise RunError(f"{path} could not be written: {reason(error)}.") from error
    finally:
        with suppress(OSError):
            passing.unlink()


def write_text(path: Path, content: str) -> None:
    """Write UTF-8 text with newline line ends."""
    write_bytes(path, content.encode())


def write_json(path: Path, content: object) -> None:
    """Write JSON with two spaces of indent; NaN and infinity become null."""
    text = json.dumps(finite(content), indent=2, allow_nan=False, ensure_ascii=False)
    write_text(path, text + "\n")


def finite(content: object) -> Any:
    """Return JSON-ready content with None for NaN and infinity."""
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
    """Write a table, see ``csv_text``."""
    write_rows(path, columns, ([row.get(c) for c in columns] for row in rows))


def write_rows(
    path: Path, head: Sequence[object], rows: Iterable[Iterable[object]]
) -> None:
    """Write a table row by row, see ``csv_text``."""
    write_bytes(path, map(str.encode, _csv_lines(head, rows)))


def csv_text(head: Sequence[object], rows: Iterable[Iterable[object]]) -> str:
    """Return a CSV table with full precision; text like a formula is quoted.

    >>> print(csv_text(["=x", "y"], [["@now", -1.5], ["-1", None]]), end="")
    '=x,y
    '@now,-1.5
    -1,
    """
    return "".join(_csv_lines(head, rows))


def _csv_lines(
    head: Sequence[object], rows: Iterable[Iterable[object]]
) -> Iterator[str]:
    for row in chain((head,), rows):
        line = ",".join(map(_cell, row)) or '""'
        yield f"{line}\n"


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, str):
        if value.startswith(_FORMULA) and not _NUMBER.fullmatch(value):
            value = "'" + value
        # Python before 3.13 does not quote a carriage return, which ends the row.
        doubled = value.replace('"', '""')
        return f'"{doubled}"' if _QUOTED.search(value) else value
    return repr(value) if isinstance(value, float) else str(value)


def read_json(path: Path) -> Any:
    """Return the content of a JSON file of a run; DataError if that is impossible."""
    text = _read(path)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{path} is not JSON: {error}. Run the study again to rewrite it."
        ) from error


def read_csv(path: Path) -> list[dict[str, object]]:
    """Return the rows of a table that ``write_csv`` wrote, with numbers parsed.

    Raises DataError if the file cannot be read, or a row does not match the header.
    """
    records = csv.reader(io.StringIO(_read(path), newline=""), strict=True)
    rows, wrong = [], ""
    try:
        head = next(records, [])
        for record in records:
            if len(record) != len(head):
                wrong = f"{len(record)} cells, not the {len(head)} of its header"
                break
            rows.append(dict(zip(head, map(_value, record), strict=True)))
    except csv.Error as error:
        wrong = str(error)
    if wrong or not head:
        raise DataError(
            f"{path} is not a table of a run: line {records.line_num} has "
            f"{wrong or 'no header'}. Run the study again to rewrite it."
        )
    return rows


def _read(path: Path) -> str:
    if path.exists() and not path.is_file():
        raise DataError(f"{path} could not be read: it is not a regular file.")
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        raise DataError(
            f"{path} is missing; run the study again to rewrite it."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} could not be read: {reason(error)}.") from error


def _value(cell: str) -> object:
    if cell == "":
        return None
    for kind in (int, float):
        try:
            return kind(cell)
        except ValueError:
            continue
    return cell
