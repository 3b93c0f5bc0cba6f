"""Class weights, monotone columns and offsets of a study reach every fit."""

import numpy as np
import pytest
from problems import as_table

from boostreg.data import with_class_weights
from boostreg.engines import get_engine
from boostreg.errors import DataError, StudyError
from boostreg.fits.fit import grow
from boostreg.penalty import Penalty
from boostreg.study.load import load_study
from boostreg.study.plan import Plan

STUDY = """
name: shaped
data:
  source: data.csv
  target: y
  {shape}
search: {{space: {{reg_lambda: {{low: 0.1, high: 10}}}}}}
paths: {{penalties: [{paths}]}}
validation: {{outer: {{folds: 2}}, inner: {{folds: 2}}}}
"""


@pytest.fixture
def plan(tmp_path):
    """Return a function that makes the plan of a study with one more key of data."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 120))
    label = np.where(a + rng.normal(size=120) > 0.8, "yes", "no")
    rows = [f"{x},{z},{text}" for x, z, text in zip(a, b, label, strict=True)]
    (tmp_path / "data.csv").write_text("\n".join(["a,b,y", *rows]))

    def make(shape, paths="reg_lambda"):
        text = STUDY.format(shape=shape, paths=paths)
        (tmp_path / "shaped.yaml").write_text(text)
        return Plan(load_study(tmp_path / "shaped.yaml"))

    return make


def test_balanced_classes_weigh_the_same_in_all():
    y = np.array([0.0] * 30 + [1.0] * 10)

    table = with_class_weights(as_table(np.zeros((40, 1)), y, n_classes=2), "balanced")

    assert table.weights is not None
    assert table.weights[:30].sum() == pytest.approx(20)
    assert table.weights[30:].sum() == pytest.approx(20)


def test_class_that_is_not_there_is_named():
    table = as_table(np.zeros((4, 1)), np.array([0.0, 1, 0, 1]), n_classes=2)

    with pytest.raises(DataError, match="class 'x' is not in the target"):
        with_class_weights(table, {"x": 2.0})


def test_named_class_weighs_as_the_study_says(plan):
    table = plan("class_weights: {yes: 3}").table

    assert set(table.weights[table.y == 1]) == {3.0}
    assert set(table.weights[table.y == 0]) == {1.0}


@pytest.mark.parametrize("name", ["xgboost", "lightgbm"])
def test_monotone_column_only_rises(plan, name):
    planned = plan("monotone: {a: 1}")
    fit = planned.refit(name, None, Penalty(reg_lambda=0.0), n_rounds=20)

    model = grow(planned.dataset, fit).model

    grid = np.column_stack([np.linspace(-3, 3, 200), np.zeros(200)])
    raw = get_engine(name).predict(model, grid)[:, 0]
    assert (np.diff(raw) >= 0).all()
    assert raw[-1] > raw[0]


def test_path_that_an_engine_refuses_is_left_out_and_reported(plan):
    """XGBoost before 3.4 leaves reg_alpha out of the gain beside monotone columns."""
    old = get_engine("xgboost").version() < "3.4"

    made = plan("monotone: {a: 1}", paths="reg_alpha")

    reported = "No path of reg_alpha with XGBoost, which does not support it here."
    assert (reported in made.notes) is old
    assert ("reg_alpha" in made.grids["xgboost"]) is not old
    assert "reg_alpha" in made.grids["lightgbm"]


def test_monotone_column_that_is_not_there_is_named(plan):
    with pytest.raises(DataError, match="no feature 'c'"):
        plan("monotone: {c: 1}")


def test_offset_column_makes_rates_with_exposures_as_weights(tmp_path):
    years = 2.0 ** np.arange(1, 13)
    rows = [f"{k},{k % 3},{np.log(2.0**k)}" for k in range(1, 13)]
    (tmp_path / "data.csv").write_text("\n".join(["a,n,log_years", *rows]))
    data = "{source: data.csv, target: n, objective: poisson, offset: log_years}"
    text = f"name: rates\ndata: {data}\nvalidation: {{outer: {{folds: 2}}}}\n"
    (tmp_path / "rates.yaml").write_text(text)

    table = Plan(load_study(tmp_path / "rates.yaml")).table

    assert [column.name for column in table.columns] == ["a"]
    np.testing.assert_allclose(table.y * years, np.arange(1, 13) % 3)
    np.testing.assert_allclose(table.weights, years)
    assert "losses and predictions are per unit of exposure" in table.notes[-1]


def test_offset_of_another_loss_is_refused_at_its_key(tmp_path):
    (tmp_path / "data.csv").write_text("a,n,o\n1,2,0\n2,3,0\n3,5,1\n4,4,1\n")
    text = "name: no\ndata: {source: data.csv, target: n, offset: o, task: regression}"
    (tmp_path / "no.yaml").write_text(text)

    with pytest.raises(StudyError, match=r"no\.yaml:2:.* data\.offset: .* log link"):
        Plan(load_study(tmp_path / "no.yaml"))
