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
search: {trials: 4, in_flight: 2, scale: rows}
validation: {outer: {folds: 2}, inner: {folds: 3}}
paths: {penalties: [reg_lambda], points: 2}
baselines: [mean]
effects: {points: 0}
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
            time.sleep(draw.uniform(0, min(0.9 * seconds, 1.8)))
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
    """Each once, not what replaces it: a fit that is struck twice fails for good."""
    draw, kills = np.random.default_rng(1), 0
    while kills < 4:
        folder = tmp_path / str(kills)
        run = psutil.Process(nursery.start(folder))
        while len(workers := run.children()) < 2:
            time.sleep(0.01)
        for worker in workers:
            time.sleep(draw.uniform(0, 1.5))
            with suppress(psutil.NoSuchProcess):
                worker.kill()
                kills += 1

        assert nursery.status() == 0
        assert_same_run(folder / "small", undisturbed[0])


def test_a_run_without_room_says_so_and_goes_on_when_there_is(undisturbed, tmp_path):
    """Files may not grow beyond 64 KB, which the journal needs early in the run."""
    study = tmp_path / "small.yaml"
    study.write_text(STUDY)
    run = [sys.executable, "-m", "boostreg", "run", str(study), "--out", str(tmp_path)]
    paths = os.pathsep.join(["", *filter(None, sys.path)])

    def end(limit):
        done = subprocess.run(
            ["/bin/bash", "-c", f'ulimit -f {limit}; exec "$@"', "bash", *run],
            env=os.environ | {"PYTHONPATH": paths},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stderr

    status, message = end(64)
    assert status == 1
    assert "journal.db" in message
    assert "Traceback" not in message

    assert end("unlimited")[0] == 0
    assert_same_run(tmp_path / "small", undisturbed[0])
