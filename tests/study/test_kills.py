"""A run that is killed, stopped or without room goes on to the same results."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest
from runs import SMALL, assert_same_run

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="runs are started by a fork, to be quick"
)


class Nursery:
    """Starts runs of one study; at most one at a time."""

    def __init__(self, study):
        paths = os.pathsep.join(["", *filter(None, sys.path)])
        self._process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("nursery.py"), str(study)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": paths, "OPENBLAS_NUM_THREADS": "1"},
        )
        self._is_running = False

    def start(self, folder, *, file_limit=-1):
        """Start a run that writes below ``folder``; return its process id."""
        if self._is_running:  # of a test that failed before its end
            self.status()
        self._is_running = True
        self._process.stdin.write(f"{file_limit} {folder}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def status(self):
        """Wait for the run's end; return its exit status."""
        self._is_running = False
        return int(self._process.stdout.readline())

    def close(self):
        """End the process."""
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


@pytest.fixture(scope="module")
def nursery(tmp_path_factory):
    study = tmp_path_factory.mktemp("study") / "small.yaml"
    study.write_text(SMALL)
    with closing(Nursery(study)) as made:
        yield made


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return the folder of one run, which each test ends in another way."""
    return tmp_path_factory.mktemp("ended")


def log_size(folder):
    """Return the bytes in the log of a run's journal."""
    log = folder / "small" / "journal.db-wal"
    return log.stat().st_size if log.exists() else 0


def wait_for_fits(folder, before=0):
    """Wait until a run has recorded fits beyond ``before`` bytes of its log."""
    end = time.monotonic() + 60
    while log_size(folder) < before + 30_000:
        assert time.monotonic() < end, "no fit was recorded within a minute"
        time.sleep(0.01)


def start_and_wait(nursery, folder):
    """Start a run; return its process id once it has recorded fits of its own."""
    before = log_size(folder)
    pid = nursery.start(folder)
    wait_for_fits(folder, before)
    return pid


@pytest.mark.parametrize(
    "numbers",
    [(signal.SIGTERM,), (signal.SIGINT, signal.SIGINT)],
    ids=["once", "twice"],
)
def test_stopped_run_exits_with_130_and_says_how_to_go_on(nursery, folder, numbers):
    """By SIGTERM, as by a first Ctrl-C, and by Ctrl-C twice."""
    pid = start_and_wait(nursery, folder)

    for number in numbers:
        with suppress(ProcessLookupError):  # it may have ended at the first one
            os.kill(pid, number)
        time.sleep(0.05)

    assert nursery.status() == 130
    reported = (folder / "printed.txt").read_text()
    assert "to resume" in reported
    assert "Traceback" not in reported


def test_run_without_room_says_so(nursery, folder):
    """Files may not grow beyond 64 KB, which the journal needs early in the run."""
    nursery.start(folder, file_limit=65536)

    assert nursery.status() == 1
    message = (folder / "printed.txt").read_text()
    assert "journal.db" in message
    assert "Traceback" not in message


def test_run_that_was_killed_stopped_and_without_room_goes_on_to_the_same(
    nursery, folder, small_run
):
    os.kill(start_and_wait(nursery, folder), signal.SIGKILL)
    killed = nursery.status()

    nursery.start(folder)

    assert (killed, nursery.status()) == (-signal.SIGKILL, 0)
    assert_same_run(folder / "small", small_run)


def test_run_whose_workers_are_killed_ends_with_the_same(nursery, small_run, tmp_path):
    """One as it starts, the next at work: a fit that is struck twice fails for good."""
    run = psutil.Process(nursery.start(tmp_path))
    struck = set()
    for wait in (lambda _: None, wait_for_fits):
        wait(tmp_path)
        while not (workers := set(run.children()) - struck):
            time.sleep(0.01)
        for worker in workers:
            worker.kill()
        struck |= workers

    assert nursery.status() == 0
    assert len(struck) == 2
    assert_same_run(tmp_path / "small", small_run)
