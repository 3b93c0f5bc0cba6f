"""The results of fits on disk, and a lock that allows one run per folder."""

import hashlib
import logging
import os
import sqlite3
import sys
import threading
import time
import zlib
from collections.abc import Mapping
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from platform import node
from types import TracebackType
from typing import Self, final

import filelock

from boostreg.errors import RunError, reason

__all__ = ["FolderLock", "Journal"]

_LONGEST = 300
"""Maximum bytes of a lock file that are shown."""
_PATIENCE = 1.0
"""Seconds to wait for another process to fill the lock file after taking the lock."""


@final
class FolderLock:
    """A lock on a folder, which the kernel releases when its process dies.

    Parameters
    ----------
    path : Path
        The lock file, ``*.lock`` in the folder that it protects. It names the
        holding process, and is removed when the lock is released.

    Raises
    ------
    RunError
        If another process, or this one, holds the folder already.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = filelock.FileLock(path, timeout=0, thread_local=False)
        try:
            self._lock.acquire()
        except filelock.Timeout:
            raise RunError(_refusal(path)) from None
        except (OSError, NotImplementedError) as error:
            raise RunError(f"{path} cannot be locked: {reason(error)}.") from error
        now = datetime.now().astimezone().isoformat(" ", "seconds")
        # A full disk must not prevent reading what is already in the folder.
        with suppress(OSError):
            path.write_text(
                f"process {os.getpid()}, started {now} on {node()}", "utf-8"
            )

    def release(self) -> None:
        """Release the folder; a second call does nothing."""
        if self._lock.is_locked:
            # Still locked, so this is not another process's file.
            with suppress(OSError):
                self._path.unlink()
            self._lock.release()


def _refusal(path: Path) -> str:
    holder = ""
    deadline = time.monotonic() + _PATIENCE
    while not holder and time.monotonic() < deadline:
        time.sleep(0.02)
        with suppress(OSError), path.open(encoding="utf-8", errors="replace") as file:
            holder = file.read(_LONGEST)
    if not holder.startswith("process ") or not holder.isprintable():
        holder = "another process"  # not written by boostreg
    return (
        f"{path.parent} is in use by {holder}. "
        "Wait for it, stop it, or choose another folder."
    )


log = logging.getLogger(__name__)

_FORMAT = 1
_APPLICATION = 0x62726567  # "breg"
_MERGE_BYTES = 4 * 2**20
"""Bytes after which the write-ahead log is merged into the file."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    content BLOB NOT NULL,
    checksum BLOB NOT NULL,
    PRIMARY KEY (kind, key)
)
"""
_PUT = "INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?)"
_GET = "SELECT content, checksum FROM entry WHERE kind = ? AND key = ?"
_COUNT = "SELECT count(*) FROM entry WHERE kind = 'fit'"
_FAULTS = (sqlite3.Error, UnicodeError)
"""Errors of SQLite; the last one if its own message quotes a damaged schema."""
_CANNOT_WRITE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}


@final
class Journal:
    """Results of fits by key, safely on disk when ``put`` returns.

    Usable from any thread of one process, and as a context manager.

    Parameters
    ----------
    path : Path
        The file, created with its folder if absent. ``*.lock`` and ``*.db-wal`` are
        next to it while it is open.

    Raises
    ------
    RunError
        If another run holds the folder, the file is damaged or not a journal, or
        the disk is full. The file is then not changed.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> with Journal(Path(folder.name, "journal.db")) as journal:
    ...     journal.put("00ff", b"curves")
    ...     journal.get("00ff"), journal.get("00fe"), len(journal)
    (b'curves', None, 1)
    >>> folder.cleanup()
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._guard = threading.RLock()
        self._unmerged = 0
        # SQLite would follow a symbolic link and write somewhere else.
        for name in (path.name, f"{path.name}-wal", f"{path.name}-journal"):
            if (file := path.with_name(name)).is_symlink():
                raise RunError(f"{file} is a symbolic link; remove it and run again.")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(
                f"{path.parent} cannot be created: {reason(error)}."
            ) from error
        self._lock = FolderLock(path.with_suffix(".lock"))
        try:
            self._connection: sqlite3.Connection | None = self._open()
        except BaseException:
            self._lock.release()
            raise

    def get(self, key: str) -> bytes | None:
        """Return the payload of ``key``, or None if it is absent or damaged."""
        return self._get("fit", key)

    def put(self, key: str, payload: bytes) -> None:
        """Store ``payload`` under ``key``, replacing any earlier one."""
        self._put("fit", {key: payload})

    def get_failure(self, key: str) -> str | None:
        """Return the failure stored under ``key``; fits have separate keys."""
        content = self._get("failure", key)
        if content is None:
            return None
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise self.foreign(key, error) from error

    def put_failures(self, reasons: Mapping[str, str]) -> None:
        """Store failures by key, all or none; fits have separate keys."""
        self._put("failure", {key: why.encode() for key, why in reasons.items()})

    def __len__(self) -> int:
        """Return the number of fits, including damaged ones."""
        with self._guard:
            try:
                return int(self._open_connection().execute(_COUNT).fetchone()[0])
            except _FAULTS as error:
                raise self._translated(error) from error

    def close(self) -> None:
        """Merge the log into the file and release the folder; idempotent."""
        with self._guard:
            if self._connection is None:
                return
            connection, self._connection = self._connection, None
            try:
                connection.close()
            except sqlite3.Error as error:
                # Everything is in the log; the next open merges it.
                log.warning("%s: %s while closing", self.path, error)
            finally:
                self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _open(self) -> sqlite3.Connection:
        connection = None
        try:
            connection = sqlite3.connect(self.path, timeout=0, check_same_thread=False)
            self._prepare(connection)
        except (*_FAULTS, RunError) as error:
            if connection is not None:
                if sys.version_info >= (3, 12):  # do not merge into a damaged file
                    connection.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE)
                connection.close()
            if isinstance(error, RunError):
                raise
            raise self._translated(error) from error
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Configure the connection, create a new journal, and check an existing one."""
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA cell_size_check = ON")
        if _value(connection, "PRAGMA page_count") == 0:
            with connection:
                connection.execute("BEGIN")
                connection.execute(f"PRAGMA application_id = {_APPLICATION}")
                connection.execute(f"PRAGMA user_version = {_FORMAT}")
                connection.execute(_SCHEMA)
        if _value(connection, "PRAGMA application_id") != _APPLICATION:
            raise RunError(
                f"{self.path} is not a journal of boostreg and was not changed; move "
                "it or choose another folder."
            )
        version = _value(connection, "PRAGMA user_version")
        if version != _FORMAT:
            raise RunError(
                f"{self.path} has format {version}, but this version of boostreg reads "
                f"{_FORMAT}. Choose another folder, or use the version that wrote it."
            )
        _value(connection, "PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        verdict = _value(connection, "PRAGMA quick_check(1)")
        if verdict != "ok":
            raise RunError(self._damaged(str(verdict)))

    def _get(self, kind: str, key: str) -> bytes | None:
        with self._guard:
            try:
                row = self._open_connection().execute(_GET, (kind, key)).fetchone()
            except _FAULTS as error:
                raise self._translated(error) from error
        if row is None:
            return None
        content, checksum = row
        if not isinstance(content, bytes) or checksum != _checksum(kind, key, content):
            log.warning("%s: entry %s is damaged and is ignored", self.path, key)
            return None
        try:
            return zlib.decompress(content)
        except zlib.error as error:  # deliberate, because the checksum is valid
            raise self.foreign(key, error) from error

    def foreign(self, key: str, error: Exception) -> RunError:
        """Return the error for an entry with a valid checksum that is not a record."""
        return RunError(
            f"{self.path} has an entry that this version of boostreg did not write: "
            f"{key}: {type(error).__name__}: {error}. Move the file away and run "
            "again: everything is computed again."
        )

    def _put(self, kind: str, payloads: Mapping[str, bytes]) -> None:
        rows = []
        for key, payload in payloads.items():
            content = zlib.compress(payload, 1)
            rows.append((kind, key, content, _checksum(kind, key, content)))
        with self._guard:
            connection = self._open_connection()
            try:
                with connection:
                    connection.executemany(_PUT, rows)
            except _FAULTS as error:
                raise self._translated(error) from error
            self._unmerged += sum(len(content) for _, _, content, _ in rows)
            if self._unmerged < _MERGE_BYTES:
                return
            self._unmerged = 0
            try:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite3.Error as error:
                # Nothing is lost: the log grows until it can be merged.
                log.warning("%s: %s while merging the log", self.path, error)

    def _open_connection(self) -> sqlite3.Connection:
        if self._connection is None:
            raise RunError(f"{self.path} is closed.")
        return self._connection

    def _translated(self, error: Exception) -> RunError:
        # The low byte is the kind of error, the rest is detail; None from Python.
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _CANNOT_WRITE:
            return RunError(
                f"{self.path} cannot be written because the disk is full or failing: "
                f"{error}. Free some space and run again: finished fits are kept."
            )
        if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            return RunError(self._damaged(str(error)))
        if code == sqlite3.SQLITE_BUSY:
            return RunError(
                f"{self.path} is in use by another program; close it and run again."
            )
        return RunError(f"{self.path} cannot be used: {error}.")

    def _damaged(self, detail: str) -> str:
        return (
            f"{self.path} is damaged: {detail}. It was not changed. Move it away or "
            "restore it, and run again: missing fits are computed again."
        )


def _value(connection: sqlite3.Connection, statement: str) -> object:
    with closing(connection.execute(statement)) as cursor:
        row = cursor.fetchone()
    return None if row is None else row[0]


def _checksum(kind: str, key: str, content: bytes) -> bytes:
    return hashlib.sha256(b"\0".join([kind.encode(), key.encode(), content])).digest()
