"""Fixtures that several test files share."""

import os
import sys
from contextlib import ExitStack

import pytest
from hypothesis import settings
from warm import warm_workers

from boostreg import cli
from boostreg.engines import ENGINES, Engine

# A busy machine is no fault of the code, and a failure must be there to be seen again.
settings.register_profile("boostreg", deadline=None, derandomize=True)
settings.load_profile("boostreg")

# Files of whole runs and pages: started last, they would leave the other cores idle.
LONG = (
    "study/test_kills",
    "study/test_runner",
    "study/test_dask",
    "fits/test_machines",
)
LONG += ("report/test_browser_modes", "report/test_measures", "engines/test_hgb")
WHOLE = ("xgboost", "lightgbm")


def pytest_configure() -> None:
    """Keep the libraries' threads off the cores on which other tests run.

    Processes of tests inherit it, as they start later; threads that wait for a core
    doubled the time of scikit-learn's fits.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put long files first; within a file and among others the order stays."""
    places = {f"{name}.py": place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get("/".join(item.path.parts[-2:]), len(LONG)))


SHARED = ExitStack()


def pytest_collection_finish() -> None:
    """Let runs and searches of this process share their workers, also in doctests."""
    SHARED.enter_context(warm_workers())


def pytest_sessionfinish() -> None:
    """End the shared workers."""
    SHARED.close()


@pytest.fixture(params=ENGINES.values(), ids=ENGINES)
def engine(request) -> Engine:
    """Return each engine in turn: a test that takes it states a law for all."""
    return request.param


@pytest.fixture(params=WHOLE)
def whole_engine(request) -> Engine:
    """Return each engine that has reg_alpha, min_split_gain and all the rest."""
    return ENGINES[request.param]


@pytest.fixture
def main(monkeypatch, capsys, tmp_path):
    """Return a function that runs the command line in this process, in a new folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["boostreg", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        return ended.value.code or 0, captured.out, captured.err

    return run
