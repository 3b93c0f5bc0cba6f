"""Limits of a fit and of a search: an excess is reported, and the study goes on."""

import json

import optuna
import pytest
from runs import SMALL, opened, results_of, table_of

from boostreg.errors import FitError
from boostreg.study.runner import run_study

BOUND = "limits: {seconds_per_fit: 600, memory: 8 GB}\n"


def write(folder, *changes, more=""):
    """Write the small study with some texts replaced and further lines."""
    text = SMALL
    for old, new in changes:
        text = text.replace(old, new)
    path = folder / "small.yaml"
    path.write_text(text + more)
    return path


@pytest.fixture(scope="module")
def storage(tmp_path_factory):
    """Return the address of a database with a part that could be a password."""
    return f"sqlite:///{tmp_path_factory.mktemp('shown') / 'shown.db'}?timeout=31"


@pytest.fixture(scope="module")
def bound(storage, tmp_path_factory):
    """Return the folder of a run with generous limits that mirrors its trials."""
    folder = tmp_path_factory.mktemp("bound")
    mirrored = ("in_flight: 2", f'in_flight: 2, storage: "{storage}"')
    return run_study(write(folder, mirrored, more=BOUND), out=folder, workers=1)


def test_a_run_whose_every_fit_passes_a_limit_ends_with_the_reason(
    monkeypatch, tmp_path
):
    monkeypatch.setattr("boostreg.study.runner.PRELOAD", ())  # each fit ends a worker
    study = write(tmp_path, more="limits: {memory: 1 MB}\n")

    with pytest.raises(FitError, match="exceeded its limit of 1 MB"):
        run_study(study, out=tmp_path, workers=1)


def test_generous_limits_change_nothing(bound, small_run):
    for name in ("engines", "baselines", "comparisons", "effects"):
        assert results_of(small_run)[name] == results_of(bound)[name]
    assert table_of(small_run / "fits.csv") == table_of(bound / "fits.csv")


def test_a_search_out_of_time_is_reported_to_be_cut(tmp_path):
    changes = ("trials: 3", "trials: 500"), ("in_flight: 2", "timeout: 0.5")

    folder = run_study(write(tmp_path, *changes), out=tmp_path, workers=1)

    results = json.loads((folder / "results.json").read_text())
    assert any("search.timeout stopped" in line for line in results["text"]["caveats"])
    assert len(table_of(folder / "trials.csv")) < 3 * 500


def test_trials_are_mirrored_and_the_password_stays_here(bound, storage):
    with opened(storage) as shown:
        names = set(optuna.get_all_study_names(shown))
    assert {name.rpartition("/")[0] for name in names} == {
        f"small/lightgbm/{fold}" for fold in ("fold 0", "fold 1", "all rows")
    }
    for file in bound.glob("*"):
        if file.is_file():
            assert b"timeout=31" not in file.read_bytes()
