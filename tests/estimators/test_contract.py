"""The estimators are scikit-learn's citizens: what any tool of it may ask of them."""

import pickle

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    HistGradientBoostingRegressor,
)
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks, get_tags

from boostreg import BoostedClassifier, BoostedRegressor

WEIGHTS = "check_sample_weight_equivalence_on_dense_data"
TIES = (WEIGHTS, WEIGHTS.replace("dense", "sparse"))
EXPECTED = {
    ("sklearn", "regressor"): dict.fromkeys(
        TIES,
        "features that part the training rows alike tie, and float32 sums decide; "
        "scikit-learn's own estimator fails alike without its row minimum.",
    ),
}


def test_every_check_of_scikit_learn_passes(make, engine, kind):
    results = estimator_checks.check_estimator(
        make(n_estimators=25),
        expected_failed_checks=EXPECTED.get((engine.name, kind), {}),
        on_skip=None,
    )

    assert len(results) > 50
    assert {r["check_name"] for r in results if r["status"] == "skipped"} <= {
        "check_array_api_input"
    }


@pytest.mark.parametrize(
    "estimator",
    [
        BoostedRegressor(engine="sklearn", n_estimators=10),
        HistGradientBoostingRegressor(min_samples_leaf=1),
    ],
    ids=["ours", "the library's own"],
)
def test_ties_of_features_are_scikit_learn_s_own(estimator):
    check = getattr(estimator_checks, WEIGHTS)

    with pytest.raises(AssertionError, match="Mismatched elements: 2 / 15"):
        check("it", estimator)


def test_clone_keeps_every_argument(make):
    estimator = make(reg_alpha=0.5, max_leaves=None, scale="rows")

    assert clone(estimator).get_params() == estimator.get_params()


def test_pickle_keeps_predictions_trees_and_size(make, X, y):
    fitted = make().fit(X, y)
    fitted.native_  # noqa: B018 - what is derived must not hinder a pickle

    again = pickle.loads(pickle.dumps(fitted))  # noqa: S301 - our own bytes

    np.testing.assert_array_equal(again.predict(X), fitted.predict(X))
    assert again.size_ == fitted.size_
    np.testing.assert_array_equal(again.trees_.value, fitted.trees_.value)


def test_cross_val_score_beats_chance(make, X, y):
    assert cross_val_score(make(), X, y, cv=3).mean() > 0.2


def test_grid_search_reaches_penalties(make, X, y):
    grid = {"reg_lambda": [0.0, 1e6], "max_leaves": [np.int64(3), 7]}

    search = GridSearchCV(make(), grid, cv=3).fit(X, y)

    assert search.best_params_["reg_lambda"] == 0.0
    assert search.best_estimator_.penalties_.reg_lambda == 0.0


def test_pipeline_passes_names_and_weights_on(make, frame, labels):
    numbers = frame[["number", "gaps"]]
    pipeline = make_pipeline(StandardScaler().set_output(transform="pandas"), make())
    step = pipeline.steps[-1][0]

    pipeline.fit(numbers, labels, **{f"{step}__sample_weight": labels + 1.0})

    assert list(pipeline[-1].feature_names_in_) == ["number", "gaps"]
    assert len(pipeline.predict(numbers)) == len(numbers)


def test_an_ensemble_of_them_runs(kind, make, X, y):
    bagging = {"regressor": BaggingRegressor, "classifier": BaggingClassifier}[kind]

    ensemble = bagging(make(), n_estimators=3, random_state=0).fit(X, y)

    assert len({e.random_state for e in ensemble.estimators_}) == 3
    assert ensemble.score(X, y) > 0.2


def test_tags_say_what_is_taken(make):
    tags = get_tags(make())

    assert tags.input_tags.allow_nan
    assert tags.input_tags.categorical
    assert tags.input_tags.sparse
    assert tags.target_tags.required


def test_nothing_fitted_is_there_before_fit(make):
    estimator = make()

    for name in ("trees_", "native_", "size_", "categories_"):
        assert not hasattr(estimator, name)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        estimator.size_at(1)


def test_page_shows_penalties_and_size_once_fitted(make, X, y):
    estimator = make(reg_lambda=2.5)
    before = estimator._repr_html_()

    after = estimator.fit(X, y)._repr_html_()

    assert "<caption>Penalties" not in before
    rows = estimator.penalties_.to_scale("rows", estimator.units_).reg_lambda
    assert (
        '<th scope="row" style="text-align:left">reg_lambda</th><td>2.5</td>'
        f"<td>{rows:.6g}</td>" in after
    )
    assert f"reg_lambda is a prior worth {rows:.3g} rows" in after
    assert f"<td>{estimator.size_.n_leaves}</td>" in after
    own = after[after.index("<caption>Penalties") :]
    assert estimator._repr_mimebundle_()["text/html"].endswith(own)


def test_penalties_go_from_any_scale_to_any_other(make_whole, X, y):
    given = {"reg_lambda": 3.0, "reg_alpha": 0.2, "min_child_weight": 0.5}
    fitted = make_whole(**given, scale="rows").fit(X, y)

    share = fitted.penalties_.to_scale("share", fitted.units_)
    again = make_whole(**{k: getattr(share, k) for k in given}, scale="share").fit(X, y)

    assert share.reg_lambda == pytest.approx(3.0 / len(X))
    back = share.to_scale("rows", fitted.units_)
    assert {k: getattr(back, k) for k in given} == pytest.approx(given)
    np.testing.assert_allclose(again.predict(X), fitted.predict(X), rtol=1e-5)


def test_page_is_left_out_where_text_is_wanted(make, X, y):
    fitted = make().fit(X, y)

    with config_context(display="text"):
        assert not hasattr(fitted, "_repr_html_")
        assert list(fitted._repr_mimebundle_()) == ["text/plain"]


def test_arguments_of_both_are_the_same_and_as_in_penalty():
    regressor, classifier = BoostedRegressor(), BoostedClassifier()

    own = classifier.get_params().keys() - regressor.get_params().keys()

    assert own == {"class_weight"}
    for name, value in regressor.get_params().items():
        assert getattr(classifier, name) == value
