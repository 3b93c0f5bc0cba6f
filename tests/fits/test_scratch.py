"""The copy of the data that workers read: held in use, and not left behind."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from boostreg.errors import RunError
from boostreg.fits.scratch import scratch_folder

OWNER = """
import sys, time
from boostreg.fits.scratch import scratch_folder
with scratch_folder(lambda folder: (folder / "X.npy").write_text("rows")) as folder:
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """Have a temporary folder of the test's own."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)


@pytest.fixture
def owner():
    """Return a process that holds a folder, and the folder."""
    command = [sys.executable, "-c", OWNER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process, Path(process.stdout.readline().strip())
        process.kill()


def fill(folder):
    (folder / "X.npy").write_text("rows")


def test_what_a_killed_owner_left_goes_with_the_next_folder(owner):
    process, left = owner
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert (left / "X.npy").exists()

    with scratch_folder(fill):
        assert not left.exists()


def test_what_a_living_owner_holds_stays(owner):
    with scratch_folder(fill):
        assert (owner[1] / "X.npy").exists()


def test_links_and_folders_of_others_stay(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "X.npy").write_text("rows")
    (tmp_path / "boostreg-data-link").symlink_to(tmp_path / "kept")

    with scratch_folder(fill):
        assert (tmp_path / "kept" / "X.npy").exists()


def test_folder_goes_with_its_block(tmp_path):
    with scratch_folder(fill) as folder:
        assert (folder / "X.npy").exists()

    assert list(tmp_path.iterdir()) == []


def test_full_folder_is_named_with_what_to_do(tmp_path):
    def full(_folder):
        raise OSError(28, "No space left on device")

    words = f"{tmp_path} cannot hold a copy of the data: No space .* variable TMPDIR"
    with pytest.raises(RunError, match=words), scratch_folder(full):
        pass
    assert list(tmp_path.iterdir()) == []
