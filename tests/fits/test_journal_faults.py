"""The journal under fire: kills, torn writes, flipped bits, a full disk, two runs."""

import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import time

import numpy as np
import pytest

from boostreg.errors import RunError
from boostreg.fits.journal import Journal

WRITER = """
import random, sys
from pathlib import Path
from boostreg.fits.journal import Journal
journal = Journal(Path(sys.argv[1]))
for number in range(int(sys.argv[2]), 1_000_000):
    journal.put(str(number), random.Random(number).randbytes(20_000))
    print(number, flush=True)
"""

UNTIL_FULL = """
import random, resource, sys
from pathlib import Path
from boostreg.errors import RunError
from boostreg.fits.journal import Journal
journal, number = Journal(Path(sys.argv[1])), 0
if limit := int(sys.argv[2]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
try:
    while True:
        journal.put(str(number), random.Random(number).randbytes(20_000))
        number += 1
except RunError as error:
    print(number, error, flush=True)
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    journal.put(str(number), random.Random(number).randbytes(20_000))
    print(len(journal), flush=True)
"""

HOLDER = """
import sys, time
from pathlib import Path
from boostreg.errors import RunError
from boostreg.fits.journal import Journal
time.sleep(max(0, float(sys.argv[2]) - time.time()))
try:
    journal = Journal(Path(sys.argv[1]))
    print("won", flush=True)
    sys.stdin.read()
except RunError as error:
    print(error, flush=True)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


@pytest.fixture
def crashed(path, noise):
    """Return the bytes of file and log after 30 puts, and the log's size after each."""
    sizes = []
    log = path.with_name("journal.db-wal")
    with Journal(path) as journal:
        for number in range(30):
            journal.put(str(number), noise(number))
            sizes.append(log.stat().st_size)
        return path.read_bytes(), log.read_bytes(), sizes


def prefix(journal, noise):
    """Return how many entries there are, which must be the first ones, unharmed."""
    there = [journal.get(str(number)) for number in range(len(journal))]
    assert there == [noise(number) for number in range(len(journal))]
    return len(journal)


def restore(folder, file, log):
    folder.mkdir()
    (folder / "journal.db").write_bytes(file)
    (folder / "journal.db-wal").write_bytes(log)
    return folder / "journal.db"


def test_a_torn_log_loses_only_what_was_torn(crashed, tmp_path, noise):
    file, log, sizes = crashed
    for cut in range(0, len(log) + 1, 3001):
        path = restore(tmp_path / str(cut), file, log[:cut])

        with Journal(path) as journal:
            assert prefix(journal, noise) == sum(size <= cut for size in sizes)
        with sqlite3.connect(path) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()


def test_a_torn_log_can_be_written_on(crashed, tmp_path, noise):
    file, log, sizes = crashed
    path = restore(tmp_path / "torn", file, log[: sizes[19] - 5])

    with Journal(path) as journal:
        journal.put("19", noise(19))
    with Journal(path) as journal:
        assert prefix(journal, noise) == 20


@pytest.mark.parametrize("part", ["file", "log"])
def test_flipped_bits_never_yield_wrong_data(crashed, tmp_path, noise, part):
    file, log, _ = crashed
    (tmp_path / "journal.db").unlink()
    whole = restore(tmp_path / "whole", file, log)
    if part == "file":
        Journal(whole).close()
        file, log = whole.read_bytes(), b""
    rng = np.random.default_rng(0)
    for number in range(100):
        content = {"file": bytearray(file), "log": bytearray(log)}
        content[part][rng.integers(len(content[part]))] ^= 1 << rng.integers(8)
        path = restore(tmp_path / str(number), content["file"], content["log"])

        assert wrong(path, noise) == []
        shutil.rmtree(path.parent)


def wrong(path, noise):
    """Return the keys with wrong content; an error must name the file."""
    try:
        with Journal(path) as journal:
            found = {number: journal.get(str(number)) for number in range(30)}
    except RunError as error:
        return [] if str(path) in str(error) else [str(error)]
    return [key for key, data in found.items() if data not in (None, noise(key))]


def test_a_damaged_entry_is_absent_said_and_replaceable(path, noise, caplog):
    with Journal(path) as journal:
        journal.put("a", noise(1))
        journal.put("b", noise(2))
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE entry SET content = x'00' WHERE key = 'a'")
    connection.close()

    with Journal(path) as journal:
        assert (journal.get("a"), journal.get("b")) == (None, noise(2))
        assert "entry a is damaged and is ignored" in caplog.text
        journal.put("a", noise(1))
        assert journal.get("a") == noise(1)


def test_a_swapped_entry_is_absent(path):
    """A checksum of the content alone would hold."""
    with Journal(path) as journal:
        journal.put("a", b"1")
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE entry SET key = 'b'")
    connection.close()

    with Journal(path) as journal:
        assert (journal.get("a"), journal.get("b")) == (None, None)


def test_a_lost_log_or_file_leaves_an_earlier_state(crashed, tmp_path, noise):
    file, log, _ = crashed
    without_log = restore(tmp_path / "file", file, log)
    without_log.with_name("journal.db-wal").unlink()
    without_file = restore(tmp_path / "log", file, log)
    without_file.unlink()

    for path in (without_log, without_file):
        with Journal(path) as journal:
            assert prefix(journal, noise) < 30


def test_kill_9_at_any_moment_keeps_what_was_put(path, run_script, noise):
    rng = np.random.default_rng(0)
    done = -1
    for _ in range(8):
        writer = run_script(WRITER, path, done + 1)
        first = writer.stdout.readline()
        time.sleep(rng.uniform(0, 0.1))
        writer.kill()
        rest = writer.stdout.read().split()
        done = int(rest[-1] if rest else first)

        with Journal(path) as journal:
            kept = len(journal)
            assert kept in {done + 1, done + 2}  # the last may not have been reported
            assert journal.get(str(done)) == noise(done, 20_000)
        done = kept - 1
    with Journal(path) as journal:
        kept = (
            journal.get(str(number)) == noise(number, 20_000) for number in range(done)
        )
        assert all(kept)


def test_a_size_limit_is_reported_and_then_overcome(path, run_script, noise):
    script = run_script(UNTIL_FULL, path, 500_000)
    printed, size = script.communicate(timeout=30)[0].splitlines()

    number, message = printed.split(maxsplit=1)
    assert re.search(r"journal\.db cannot be written because the disk is full", message)
    assert "Free some space and run again" in message
    assert 10 < int(number) == int(size) - 1
    with Journal(path) as journal:
        data = [journal.get(str(n)) for n in range(int(size))]
        assert data == [noise(n, 20_000) for n in range(int(size))]


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_full_disk_is_reported_and_resumed_after_space_is_made(
    tmp_path, run_script, noise
):
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting is not allowed")
    try:
        (folder / "ballast").write_bytes(bytes(1_000_000))
        script = run_script(UNTIL_FULL, folder / "journal.db", 0)
        number, message = script.communicate(timeout=30)[0].split(maxsplit=1)
        assert "the disk is full or failing: database or disk is full." in message
        (folder / "ballast").unlink()
        with Journal(folder / "journal.db") as journal:
            journal.put(number, noise(int(number), 20_000))
            data = [journal.get(str(n)) for n in range(int(number) + 1)]
            assert data == [noise(n, 20_000) for n in range(int(number) + 1)]
    finally:
        subprocess.run(["umount", folder], check=True)  # noqa: S607


def test_a_new_journal_on_a_full_disk_is_reported(path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(RunError, match=r"journal\.db cannot be written"):
            Journal(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    Journal(path).close()


def test_a_second_run_reports_which_is_first(path, run_script):
    holder = run_script(HOLDER, path, 0)
    assert holder.stdout.readline() == "won\n"
    who = rf"in use by process {holder.pid}, started \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d"

    with pytest.raises(RunError, match=who):
        Journal(path)


def test_one_process_cannot_open_a_folder_twice(path):
    with Journal(path), pytest.raises(RunError, match=f"process {os.getpid()}"):
        Journal(path)

    Journal(path).close()


def test_of_eight_starters_exactly_one_wins(path, run_script):
    begin = time.time() + 1
    starters = [run_script(HOLDER, path, begin) for _ in range(8)]

    printed = {starter.pid: starter.stdout.readline() for starter in starters}

    (winner,) = [pid for pid, line in printed.items() if line == "won\n"]
    losers = [line for pid, line in printed.items() if pid != winner]
    assert all(f"in use by process {winner}, started" in line for line in losers)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_run_frees_the_folder_at_once(path, run_script, number):
    holder = run_script(HOLDER, path, 0)
    holder.stdout.readline()
    holder.send_signal(number)
    holder.wait()

    Journal(path).close()


LOCKS = {
    "orders for a terminal": '{"pid": 1, "host": "\\u001b[31m", "started": "now"}',
    "a number that is none": '{"pid": "x", "host": "here", "started": "now"}',
    "a number too large": '{"pid": 1e30, "host": "here", "started": "now"}',
    "other names": '{"a": 1}',
    "depth": "[" * 900,
}


@pytest.mark.parametrize("text", LOCKS.values(), ids=LOCKS)
def test_a_held_lock_of_another_s_writing_names_no_one(path, monkeypatch, text):
    monkeypatch.setattr("boostreg.fits.journal._PATIENCE", 0.0)
    with Journal(path):
        path.with_suffix(".lock").write_text(text)

        with pytest.raises(RunError, match=r"is in use by another process\."):
            Journal(path)
