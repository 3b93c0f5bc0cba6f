"""What boostreg adds on its own never makes a study, a search or an estimator fail."""

import numpy as np
import pytest

from boostreg import BoostedRegressor, penalty_path, tune
from boostreg.engines import ENGINES
from boostreg.errors import StudyError, UnsupportedPenaltyError
from boostreg.penalty.shipped import space_names
from boostreg.study.load import load_study, write_study
from boostreg.study.plan import Plan

OBJECTIVES = ["squared_error", "absolute_error", {"quantile": 0.9}, "poisson", "gamma"]
STUDY = """
name: defaults
data: {{source: "sklearn:diabetes", target: target, objective: {objective}}}
engines: [{engines}]
"""
OLD = tuple(map(int, ENGINES["xgboost"].version().split(".")[:2])) < (3, 4)


@pytest.fixture
def plan(tmp_path):
    """Return a function that plans a study of an objective and some engines."""

    def make(objective, engines, more=""):
        path = tmp_path / "defaults.yaml"
        text = str(objective).replace("'", "")
        path.write_text(STUDY.format(objective=text, engines=engines) + more)
        return Plan(load_study(path))

    return make


@pytest.mark.parametrize("engines", [*ENGINES, "xgboost, lightgbm, sklearn"])
@pytest.mark.parametrize("objective", OBJECTIVES, ids=str)
def test_a_study_that_writes_nothing_else_is_planned(plan, objective, engines):
    made = plan(objective, engines)

    for engine in made.spec.engines:
        assert "max_leaves" in made.ranges(engine)
        assert made.tuning(engine, None).proposers[engine].space == made.ranges(engine)


def test_few_rows_are_judged_by_repeated_folds(plan):
    made = plan("squared_error", "xgboost")

    assert made.spec.validation.outer.as_dict() == {"folds": 5, "repeats": 3}
    assert (len(made.outer_folds), len(made.first_outer_folds)) == (15, 5)
    assert made.judges(made.outer_folds).repeats == 3
    assert made.judges(made.first_outer_folds).repeats == 1


def test_what_was_left_out_is_reported_with_its_reason(plan):
    notes = " ".join(plan("absolute_error", "lightgbm, sklearn").notes)

    assert "Not searched with engine lightgbm: reg_alpha, reg_lambda. With" in notes
    assert "reg_lambda is 0 with engine lightgbm" in notes
    assert "No baseline ridge or elastic_net for absolute error" in notes


def test_the_study_that_is_left_searches_the_same(plan, tmp_path):
    first = plan("absolute_error", "lightgbm, sklearn")
    study = load_study(tmp_path / "defaults.yaml")
    write_study(type(study)(first.spec, study.path), tmp_path / "study.yaml")

    again = Plan(load_study(tmp_path / "study.yaml"))

    assert (again.spaces, again.notes) == (first.spaces, first.notes)
    assert again.baseline_names == first.baseline_names == ("mean", "lasso")


def test_what_the_user_wrote_is_still_refused(plan):
    own = "search: {space: {reg_alpha: {low: 0.1, high: 1}}}"

    with pytest.raises(UnsupportedPenaltyError, match="no reg_alpha"):
        plan("squared_error", "sklearn", own)
    with pytest.raises(StudyError, match="ridge cannot minimise absolute_error"):
        plan("absolute_error", "lightgbm", "baselines: [ridge]")


@pytest.mark.skipif(not OLD, reason="XGBoost 3.4 combines reg_alpha with a limit")
def test_xgboost_before_3_4_goes_without_reg_alpha_where_steps_are_limited(plan):
    made = plan("poisson", "xgboost, lightgbm")

    assert "reg_alpha" not in made.ranges("xgboost")
    assert "reg_alpha" in made.ranges("lightgbm")
    assert any("leaves reg_alpha out of the split gain" in note for note in made.notes)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("objective", [None, "absolute_error", {"quantile": 0.9}])
def test_estimators_fit_with_their_defaults(engine, objective):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(80, 2)), rng.normal(size=80)

    model = BoostedRegressor(engine=engine, objective=objective, n_estimators=3)

    assert model.fit(X, y).penalties_.reg_lambda in {0.0, 1.0}


def test_tune_and_paths_take_quantiles_with_their_defaults():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(80, 2)), rng.normal(size=80)
    few = {"engine": "sklearn", "objective": {"quantile": 0.9}, "rounds": 5, "cv": 2}

    tuned = tune(X, y, trials=2, workers=1, **few)
    path = penalty_path(X, y, "max_leaves", points=2, workers=1, **few)

    (note,) = (one for one in tuned.notes if "Not searched with engine skl" in one)
    assert "reg_alpha" in note
    assert len(path)


@pytest.mark.parametrize("name", space_names())
@pytest.mark.parametrize("engine", ENGINES)
def test_every_shipped_space_suits_every_engine(plan, engine, name):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 2)), rng.normal(size=60)
    ranges = plan("squared_error", engine, f"search: {{space: {name}}}").ranges(engine)

    for share in (0.0, 0.5, 1.0):
        values = {key: one.quantile(share) for key, one in ranges.items()}
        model = BoostedRegressor(engine=engine, n_estimators=2, **values).fit(X, y)
        assert np.isfinite(model.predict(X)).all()
