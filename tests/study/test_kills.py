"""A run that is killed, stopped or without room goes on to the same results."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import psutil
import pytest
from runs import SMALL, assert_same_run

N_KILLS = 2

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

    def start(self, folder, *, file_limit=-1):
        """Start a run that writes below ``folder``; return its process id."""
        self._process.stdin.write(f"{file_limit} {folder}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def status(self):
        """Wait for the run's end; return its exit status."""
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
def undisturbed(nursery, tmp_path_factory):
    """Return the folder of a run that nothing disturbed, and the seconds it took."""
    folder = tmp_path_factory.mktemp("undisturbed")
    started = time.monotonic()
    nursery.start(folder)
    assert nursery.status() == 0
    return folder / "small", time.monotonic() - started


def wait_for_fits(folder):
    """Wait until a run has recorded its first fits."""
    log, end = folder / "small" / "journal.db-wal", time.monotonic() + 60
    while not log.exists() or log.stat().st_size < 30_000:
        assert time.monotonic() < end, "no fit was recorded within a minute"
        time.sleep(0.01)


def assert_goes_on(nursery, folder, whole):
    """Start a run that goes on from what ``folder`` has, to the same end."""
    nursery.start(folder)

    assert nursery.status() == 0
    assert_same_run(folder / "small", whole)


def test_a_run_killed_at_random_moments_goes_on_to_the_same(
    nursery, undisturbed, tmp_path
):
    whole, seconds = undisturbed
    ends = []
    for moment in np.random.default_rng(0).uniform(0, 0.8 * seconds, N_KILLS):
        pid = nursery.start(tmp_path)
        time.sleep(moment)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        ends.append(nursery.status())
        if ends[-1] == 0:  # it was faster than the undisturbed one
            assert_same_run(tmp_path / "small", whole)
            shutil.rmtree(tmp_path / "small")

    assert_goes_on(nursery, tmp_path, whole)
    assert -signal.SIGKILL in ends
    assert set(ends) <= {0, -signal.SIGKILL}


def test_a_run_whose_workers_are_killed_ends_with_the_same(
    nursery, undisturbed, tmp_path
):
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
    assert_same_run(tmp_path / "small", undisturbed[0])


def test_stopped_run_exits_with_130_and_goes_on_to_the_same(
    nursery, undisturbed, tmp_path
):
    """Twice: by SIGTERM, as by a first Ctrl-C, and by Ctrl-C twice."""
    for numbers in ((signal.SIGTERM,), (signal.SIGINT, signal.SIGINT)):
        pid = nursery.start(tmp_path)
        wait_for_fits(tmp_path)
        for number in numbers:
            os.kill(pid, number)
            time.sleep(0.05)

        assert nursery.status() == 130
        reported = (tmp_path / "printed.txt").read_text()
        assert "to resume" in reported
        assert "Traceback" not in reported
    assert_goes_on(nursery, tmp_path, undisturbed[0])


def test_a_run_without_room_says_so_and_goes_on_when_there_is(
    nursery, undisturbed, tmp_path
):
    """Files may not grow beyond 64 KB, which the journal needs early in the run."""
    nursery.start(tmp_path, file_limit=65536)

    assert nursery.status() == 1
    message = (tmp_path / "printed.txt").read_text()
    assert "journal.db" in message
    assert "Traceback" not in message
    assert_goes_on(nursery, tmp_path, undisturbed[0])
