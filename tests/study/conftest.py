"""Study files that several tests write."""

from textwrap import dedent

import pytest
from runs import SMALL

from boostreg.errors import StudyError
from boostreg.study.load import load_study
from boostreg.study.runner import run_study

SMALLEST = "name: small\ndata: {source: sklearn:diabetes, target: target}\n"


@pytest.fixture(scope="session")
def small_run(tmp_path_factory):
    """Return the folder of a run of the small study that nothing disturbed."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "small.yaml").write_text(SMALL)
    return run_study(folder / "small.yaml", out=folder / "out", workers=1)


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a study file and returns its path."""

    def write_file(content: str | bytes, name: str = "study.yaml"):
        path = tmp_path / name
        raw = content if isinstance(content, bytes) else dedent(content).encode()
        path.write_bytes(raw)
        return path

    return write_file


@pytest.fixture
def load(write):
    """Return a function that loads the smallest study with further lines."""
    return lambda more="": load_study(write(SMALLEST + dedent(more))).spec


@pytest.fixture
def refusal(write):
    """Return a function that gives the message about a file, its folder left out."""

    def refuse(content: str | bytes) -> str:
        path = write(content)
        with pytest.raises(StudyError, match=r"study\.yaml") as caught:
            load_study(path)
        return str(caught.value).replace(f"{path.parent}/", "")

    return refuse


@pytest.fixture
def fault(refusal):
    """Return a function: further lines in, the one fault of that study out."""

    def only_fault(more: str) -> str:
        message = refusal(SMALLEST + dedent(more))
        assert "\n" not in message
        return message

    return only_fault
