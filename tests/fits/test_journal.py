"""The journal keeps what ``put`` has returned, and says so when it cannot."""

import sqlite3
import threading

import pytest

from boostreg.errors import RunError
from boostreg.fits.journal import Journal


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run" / "journal.db"


def test_what_was_put_is_there_after_reopening(path):
    with Journal(path) as journal:
        journal.put("a", b"first")
        journal.put("a", b"second")
        journal.put("b", bytes(100_000))

    with Journal(path) as journal:
        assert journal.get("a") == b"second"
        assert journal.get("b") == bytes(100_000)
        assert journal.get("c") is None
        assert len(journal) == 2


def test_only_the_journal_itself_is_left_after_closing(path):
    with Journal(path) as journal:
        journal.put("a", b"1")
        journal.close()

    assert [entry.name for entry in path.parent.iterdir()] == ["journal.db"]


def test_a_closed_journal_says_so(path):
    journal = Journal(path)
    journal.close()

    for use in (
        lambda: journal.get("a"),
        lambda: journal.put("a", b""),
        journal.__len__,
    ):
        with pytest.raises(RunError, match=r"journal\.db is closed\.$"):
            use()


def test_threads_may_share_a_journal(path):
    def write(name):
        for number in range(20):
            journal.put(f"{name}{number}", name.encode())

    with Journal(path) as journal:
        threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(journal) == 80


def test_the_log_is_folded_before_it_grows_large(path, noise):
    with Journal(path) as journal:
        for number in range(40):
            journal.put(str(number), noise(number, 200_000))
            log = path.with_name("journal.db-wal").stat().st_size

            assert log < 6_000_000
        assert path.stat().st_size > 4_000_000


def test_a_file_of_another_kind_is_refused_and_left_alone(path):
    path.parent.mkdir()
    path.write_text("not a journal\n" * 1000)

    with pytest.raises(RunError, match=r"journal\.db is damaged.*was not changed"):
        Journal(path)

    assert path.read_text() == "not a journal\n" * 1000


def test_a_database_of_another_program_is_refused_and_left_alone(path):
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    before = path.read_bytes()

    with pytest.raises(RunError, match=r"journal\.db is not a journal of boostreg"):
        Journal(path)

    assert path.read_bytes() == before


def test_a_newer_format_is_refused(path):
    Journal(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 2")
    connection.close()

    with pytest.raises(
        RunError, match="has format 2, but this version of boostreg reads 1"
    ):
        Journal(path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(RunError, match="file cannot be created"):
        Journal(tmp_path / "file" / "journal.db")


def test_a_path_that_is_a_folder_is_named(path):
    path.mkdir(parents=True)

    with pytest.raises(RunError, match=r"journal\.db cannot be used"):
        Journal(path)


def test_an_empty_file_becomes_a_journal(path):
    path.parent.mkdir()
    path.touch()

    with Journal(path) as journal:
        assert len(journal) == 0
