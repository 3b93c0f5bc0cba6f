"""Files of tables: where they are, and their bytes, decompressed.

A compressed file is read as the file inside: ``rows.csv.gz`` as ``rows.csv``, and a
.zip file as its only member.
"""

import bz2
import gzip
import importlib
import lzma
import os
import re
import zipfile
import zlib
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any

from boostreg.data.cells import quoted, suggestion
from boostreg.errors import DataError, MissingExtraError, reason

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "COMPRESSED",
    "FACTS",
    "DataFile",
    "FileColumns",
    "FileFacts",
    "existing_file",
    "expanded",
    "file_facts",
    "opened",
    "plain_file",
]

FACTS = "boostreg"
"""Where a DataFrame carries what is known of its file."""

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_HIDDEN = (".", "_", "~$")  # beginnings of names that other programs leave in folders
_DAMAGE = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)


@dataclass(frozen=True, slots=True)
class FileFacts:
    """Facts on the file of a DataFrame that are not in the DataFrame.

    Attributes
    ----------
    words : mapping of str to mapping of str to int
        By column, the words read as missing, and how often, without empty cells.
    zeros : mapping of str to str
        Columns of whole numbers with leading zeros, and an example.
    joined : mapping of str to tuple of str
        Columns in which different cells are the same number, and two such cells.
    unread : mapping of str to str
        Columns that cannot be read, and why.
    decimal : str or None
        The decimal mark of a text file, None for other files.
    recognised : tuple of str
        Keys of ``data`` with a value found in the file that is not the usual one.
    """

    words: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    zeros: Mapping[str, str] = field(default_factory=dict)
    joined: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    decimal: str | None = None
    recognised: tuple[str, ...] = ()
    of_file: bool = True

    def __deepcopy__(self, _: object) -> "FileFacts":
        return self  # pandas copies it with every column that is taken


class FileColumns(Mapping[str, "pd.Series[Any]"]):
    """The columns of a large table in a file, each read when asked for.

    The last one is kept. ``columns`` and ``attrs`` are those of a DataFrame, and
    ``places`` has the place of each column in ``columns``.
    """

    def __init__(self, columns: Sequence[str], n_rows: int, facts: FileFacts) -> None:
        self.columns, self.n_rows = tuple(columns), n_rows
        self.places = {name: place for place, name in enumerate(columns)}
        self.attrs = {FACTS: facts}
        self._last: tuple[str, pd.Series[Any]] | None = None

    @abstractmethod
    def read(self, name: str) -> "pd.Series[Any]":
        """Return a column."""

    def __getitem__(self, name: str) -> "pd.Series[Any]":
        if name not in self:
            raise KeyError(name)
        if self._last is None or self._last[0] != name:
            self._last = None  # never two columns at a time
            self._last = (name, self.read(name))
        return self._last[1]

    def __contains__(self, name: object) -> bool:
        return name in self.places

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)


def file_facts(frame: Any) -> FileFacts:
    """Return what is known of the file of ``frame``; nothing for any other frame."""
    facts = frame.attrs.get(FACTS)
    return facts if isinstance(facts, FileFacts) else FileFacts(of_file=False)


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file of a table, compressed or not.

    Attributes
    ----------
    path : Path
        The file on disk.
    name : str
        Name of the file inside, which states its format.
    open : callable
        Returns its decompressed bytes as a stream, from the beginning.
    """

    path: Path
    name: str
    open: Callable[[], IO[bytes]]

    @property
    def suffix(self) -> str:
        """Suffix of the file inside, in lower case."""
        return PurePosixPath(self.name).suffix.lower()

    @property
    def is_compressed(self) -> bool:
        """Whether the bytes on disk are others than those of the table."""
        return self.name != self.path.name


def expanded(source: str) -> str:
    """Return a path with ``~`` and ``${NAME}`` replaced.

    Raises DataError if a variable of the environment is not set.
    """

    def value(match: re.Match[str]) -> str:
        if (found := os.environ.get(match[1])) is None:
            names = sorted(name for name in os.environ if name.isidentifier())
            near = suggestion(match[1], names)
            hint = f" ({near})" if near.startswith("did") else ""
            raise DataError(
                f"{source}: the environment variable {match[1]!r} is not set{hint}; "
                f"set it, or write the path in full."
            )
        return found

    text = _VARIABLE.sub(value, source)
    if not text.startswith("~"):
        return text
    home = os.path.expanduser(text)  # noqa: PTH111  a Path would drop a final slash
    if home == text and "/" in text:
        raise DataError(f"{source}: there is no home folder of this user.")
    return home


def existing_file(path: Path, suffixes: Collection[str]) -> DataFile:
    """Return the file at ``path``, whose table has one of ``suffixes``.

    Raises DataError if there is no such file, or it holds several.
    """
    _refuse_absent(path, suffixes)
    suffix = path.suffix.lower()
    if suffix == ".zip":
        return _zipped(path, suffixes)
    if suffix in _DECOMPRESSED:
        decompress = _DECOMPRESSED[suffix]
        return DataFile(path, path.stem, lambda: decompress(path))
    return plain_file(path)


def plain_file(path: Path) -> DataFile:
    """Return a file that is not compressed."""
    return DataFile(path, path.name, lambda: path.open("rb"))


@contextmanager
def opened(file: DataFile) -> Iterator[IO[bytes]]:
    """Open a file; bytes that cannot be decompressed are a DataError that names it."""
    try:
        with file.open() as stream:
            yield stream
    except _DAMAGE as error:
        what = f"a readable {file.path.suffix} file" if file.is_compressed else None
        text = f"is not {what}" if what else "cannot be read"
        raise DataError(f"{file.path}: {text}: {reason(error)}.") from error


def _refuse_absent(path: Path, suffixes: Collection[str]) -> None:
    if path.is_dir():
        found = sorted(
            name.name
            for name in path.iterdir()
            if not name.name.startswith(_HIDDEN) and _is_table(name.name, suffixes)
        )
        held = f"; name one of its files: {quoted(found)}" if found else ""
        raise DataError(f"{path} is a folder{held or '; name a data file'}.")
    if not path.exists():
        near = ", and neither does its folder."
        if path.parent.is_dir():
            names = sorted(file.name for file in path.parent.iterdir())
            files = [name for name in names if _is_table(name, suffixes)]
            near = f"; {suggestion(path.name, files)}" if files else "."
        raise DataError(f"{path} does not exist{near}")
    if not path.is_file():
        raise DataError(f"{path} is not a regular file; name a data file.")


def _is_table(name: str, suffixes: Collection[str]) -> bool:
    path = PurePosixPath(name.lower())
    if path.suffix in _DECOMPRESSED:
        path = PurePosixPath(path.stem)
    return path.suffix in suffixes or path.suffix == ".zip"


def _zipped(path: Path, suffixes: Collection[str]) -> DataFile:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [
                member
                for member in archive.infolist()
                if not member.is_dir()
                and not member.filename.startswith("__MACOSX/")
                and not PurePosixPath(member.filename).name.startswith(".")
            ]
    except _DAMAGE as error:
        raise DataError(
            f"{path}: not a readable .zip file: {reason(error)}."
        ) from error
    if len(members) != 1:
        names = [member.filename for member in members]
        tables = [name for name in names if _is_table(name, suffixes)]
        held = f"{len(names)} files: {quoted(tables or names)}" if names else "no file"
        raise DataError(
            f"{path} holds {held}; a .zip file must hold one table. Extract the one to "
            f"use, and name it."
        )
    (member,) = members
    if member.flag_bits & 1:
        raise DataError(f"{path} has a password; extract {member.filename!r} first.")
    return DataFile(path, member.filename, lambda: _member(path, member.filename))


def _member(path: Path, name: str) -> IO[bytes]:
    archive = zipfile.ZipFile(path)
    try:
        return archive.open(name)  # keeps the file open until it is closed itself
    finally:
        archive.close()


def _zstandard(path: Path) -> Any:
    """Return a .zst file by Python 3.14, otherwise by PyArrow."""
    try:
        return importlib.import_module("compression.zstd").open(path, "rb")
    except ImportError:
        pass
    try:
        pyarrow = importlib.import_module("pyarrow")
    except ImportError as error:
        raise MissingExtraError(
            f"{path}: reading .zst needs Python 3.14 or PyArrow: pip install "
            f"'boostreg[parquet]'. Or decompress it first: zstd -d {path.name}."
        ) from error
    return pyarrow.input_stream(str(path), compression="zstd")


_DECOMPRESSED: Mapping[str, Callable[[Path], Any]] = MappingProxyType(
    {
        ".gz": gzip.open,
        ".bz2": bz2.open,
        ".xz": lzma.open,
        ".zst": _zstandard,
    }
)

COMPRESSED = (*_DECOMPRESSED, ".zip")
"""Suffixes of files that hold another file."""
