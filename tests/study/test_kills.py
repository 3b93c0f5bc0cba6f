"""Nothing is lost by a kill -9, of the run or of its workers, at whatever moment."""

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
from runs import assert_same_run

STUDY = """
name: small
data: {source: "sklearn:diabetes", target: target}
rounds: {max: 15, patience: 4}
search: {trials: 6, in_flight: 2, scale: rows}
validation: {outer: {folds: 2}, inner: {folds: 3}}
paths: {penalties: [reg_lambda], points: 3}
baselines: [mean]
"""
N_KILLS = 30

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

    def start(self, folder):
        """Start a run that writes below ``folder``; return its process id."""
        self._process.stdin.write(f"{folder}\n")
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
    study.write_text(STUDY)
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


def test_a_run_killed_at_random_moments_goes_on_to_the_same(
    nursery, undisturbed, tmp_path
):
    whole, seconds = undisturbed
    draw, kills, finished = np.random.default_rng(0), 0, 0
    while kills < N_KILLS or not finished:
        pid = nursery.start(tmp_path)
        if kills < N_KILLS:
            time.sleep(draw.uniform(0, 0.9 * seconds))
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        status = nursery.status()
        if status == -signal.SIGKILL:
            kills += 1
            continue
        assert status == 0
        assert_same_run(tmp_path / "small", whole)
        finished += 1
        if kills < N_KILLS:
            shutil.rmtree(tmp_path / "small")

    assert finished >= 1


def test_a_run_whose_workers_are_killed_ends_with_the_same(
    nursery, undisturbed, tmp_path
):
    """Each time after some more fits, so that no fit is struck twice and fails."""
    draw, kills = np.random.default_rng(1), 0
    pid = nursery.start(tmp_path)
    goal = 100_000
    while psutil.pid_exists(pid) and (run := _process(pid)) is not None:
        if _recorded(tmp_path) >= goal and (workers := run.children()):
            with suppress(psutil.NoSuchProcess):
                workers[draw.integers(len(workers))].kill()
                kills += 1
            goal += 100_000
        time.sleep(0.01)

    assert nursery.status() == 0
    assert kills >= 5
    assert_same_run(tmp_path / "small", undisturbed[0])


def _process(pid):
    process = psutil.Process(pid)
    return None if process.status() == psutil.STATUS_ZOMBIE else process


def _recorded(folder):
    """Return the bytes that journals have taken so far, checkpoints included."""
    return sum(path.stat().st_size for path in folder.glob("small/journal.db*"))
