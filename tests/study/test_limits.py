"""Limits of a fit and of a search: an excess is reported, and the study goes on."""

import json

import optuna
import pytest
from runs import opened, results_of, table_of

from boostreg.errors import FitError
from boostreg.study.runner import run_study

STUDY = """
name: small
data: {source: "sklearn:diabetes", target: target}
engines: [lightgbm]
rounds: {max: 15, patience: 4}
search: {trials: 4, in_flight: 2, scale: rows, space: {reg_lambda: {low: 1, high: 9}}}
validation: {outer: {folds: 2}, inner: {folds: 2}}
paths: {penalties: [reg_lambda], points: 2}
baselines: [mean]
effects: {points: 0}
"""


@pytest.fixture
def write(tmp_path):
    def write_study(*lines, trials=4):
        path = tmp_path / "small.yaml"
        path.write_text(
            "\n".join([STUDY.replace("trials: 4", f"trials: {trials}"), *lines])
        )
        return path

    return write_study


def test_a_run_whose_every_fit_passes_a_limit_ends_with_the_reason(write, tmp_path):
    study = write("limits: {memory: 1 MB}")

    with pytest.raises(FitError, match="exceeded its limit of 1 MB"):
        run_study(study, out=tmp_path, workers=1)


def test_generous_limits_change_nothing(write, tmp_path):
    free = run_study(write(), out=tmp_path / "free", workers=1)

    bound = run_study(
        write("limits: {seconds_per_fit: 600, memory: 8 GB}"),
        out=tmp_path / "bound",
        workers=1,
    )

    for name in ("engines", "baselines", "comparisons", "effects"):
        assert results_of(free)[name] == results_of(bound)[name]
    assert table_of(free / "fits.csv") == table_of(bound / "fits.csv")


def test_a_search_out_of_time_is_reported_to_be_cut(write, tmp_path):
    path = write(trials=500)
    path.write_text(path.read_text().replace("in_flight: 2", "timeout: 0.5"))

    folder = run_study(path, out=tmp_path, workers=1)

    results = json.loads((folder / "results.json").read_text())
    assert any("search.timeout stopped" in line for line in results["text"]["caveats"])
    assert len(table_of(folder / "trials.csv")) < 3 * 500


def test_trials_are_mirrored_and_the_password_stays_here(write, tmp_path):
    path = write()
    storage = f"sqlite:///{tmp_path / 'shown.db'}?timeout=31"
    path.write_text(path.read_text().replace("in_flight: 2", f'storage: "{storage}"'))

    folder = run_study(path, out=tmp_path / "out", workers=1)

    with opened(storage) as shown:
        names = set(optuna.get_all_study_names(shown))
    assert {name.rpartition("/")[0] for name in names} == {
        f"small/lightgbm/{fold}" for fold in ("fold 0", "fold 1", "all rows")
    }
    for file in folder.glob("*"):
        if file.is_file():
            assert b"timeout=31" not in file.read_bytes()
