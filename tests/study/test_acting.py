"""A study judges, delivers and names its picks without penalties that do not act."""

import json
import shutil
import sqlite3

import pytest
from runs import assert_same_run
from sklearn.datasets import make_friedman1

from boostreg.study.run import read_results
from boostreg.study.runner import run_study

STUDY = """
name: planted
data: {source: planted.csv, target: y}
engines: [lightgbm]
rounds: {max: 60, patience: 10}
search:
  trials: 8
  in_flight: 2
  space:
    min_child_samples: {low: 1, high: 60}
    min_child_weight: {low: 0.01, high: 0.5, zero: 0.1}
    cat_l2: {low: 0.1, high: 10, zero: 0.1}
    max_delta_step: {low: 1.0e+5, high: 1.0e+6, zero: 0.1}
validation: {outer: {folds: 2}, inner: {folds: 3}}
paths: {penalties: [], points: 2}
baselines: [mean]
effects: {points: 0}
"""
IDLE = ("min_child_weight", "cat_l2", "max_delta_step")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Return a study of noisy rows on which small leaves overfit.

    No column is a category, a row's hessian is 1, and no leaf weight is large, so three
    of its four penalties change nothing.
    """
    folder = tmp_path_factory.mktemp("study")
    X, y = make_friedman1(300, noise=4.0, random_state=0)
    rows = [
        f"{','.join(map(repr, row))},{value!r}"
        for row, value in zip(X.tolist(), y.tolist(), strict=True)
    ]
    head = ",".join([f"x{i}" for i in range(X.shape[1])] + ["y"])
    (folder / "planted.csv").write_text("\n".join([head, *rows]))
    (folder / "planted.yaml").write_text(STUDY)
    return folder / "planted.yaml"


@pytest.fixture(scope="module")
def finished(study, tmp_path_factory):
    return run_study(study, out=tmp_path_factory.mktemp("out"), workers=1)


def test_single_acting_penalty_of_four_is_named(finished):
    best = read_results(finished)["engines"]["lightgbm"]["best"]

    assert best["acting"] == ["min_child_samples"]
    assert best["penalty"]["min_child_samples"] > 1


@pytest.mark.parametrize("pick", ["best", "one_se"])
def test_penalties_that_do_not_act_are_off_wherever_a_pick_is_stated(finished, pick):
    found = read_results(finished)["engines"]["lightgbm"][pick]
    stated = [found["penalty"], found["raw"]]
    stated += [fold["penalty"] for fold in found["by_outer_fold"]]

    assert [one[name] for one in stated for name in IDLE] == [0] * 3 * len(stated)
    assert found["params"]["cat_l2"] == found["params"]["max_delta_step"] == 0


def test_delivered_model_is_the_one_named(finished):
    for pick in ("best", "one_se"):
        found = read_results(finished)["engines"]["lightgbm"][pick]
        card = json.loads((finished / f"models/lightgbm-{pick}.json").read_text())

        assert card["rounds"] == found["rounds"]
        assert card["size"]["leaves"] == found["size"]["leaves"]


def test_smallest_of_the_purposes_is_the_pick(finished):
    engine = read_results(finished)["engines"]["lightgbm"]
    (row,) = [one for one in engine["purposes"] if one["purpose"] == "one_se"]
    pick = engine["one_se"]

    assert row["penalty"] == pick["penalty"]
    assert row["rounds"] == pick["rounds"]
    assert row["loss"] == pick["inner"]["loss"]


def test_run_that_lost_what_it_had_measured_ends_in_the_same(study, finished, tmp_path):
    """The journal is cut after its first records."""
    folder = tmp_path / "planted"
    shutil.copytree(finished, folder)
    (folder / "results.json").unlink()
    cut_journal(folder / "journal.db", 0.7)

    run_study(study, out=tmp_path, workers=1)

    assert_same_run(folder, finished)


def cut_journal(path, share):
    """Remove all but the first records of a journal."""
    with sqlite3.connect(path) as journal:
        ((table,),) = journal.execute(
            "select name from sqlite_master where type = 'table' limit 1"
        )
        last = f"select {share} * max(rowid) from {table}"  # noqa: S608
        journal.execute(f"delete from {table} where rowid > ({last})")  # noqa: S608
    journal.close()
