"""Linear SVMs against scikit-learn's, optimality, and what calibration may see."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.svm import LinearSVC, LinearSVR

from boostreg.baselines import run_baseline
from boostreg.baselines.inputs import Split
from boostreg.baselines.svm import (
    SquaredTube,
    calibrate,
    calibrated_losses,
    svm_grid,
    svm_path,
)
from boostreg.data import Fold
from boostreg.errors import DataError
from boostreg.losses import Objective

LOGISTIC = Objective("logistic", n_classes=2)
STRENGTHS = np.array([0.1, 0.01])


@pytest.mark.parametrize(("penalty", "l1_ratio"), [("l1", 1.0), ("l2", 0.0)])
def test_classes_agree_with_linear_svc(make_design, penalty, l1_ratio):
    """Its intercept is penalised, less the larger ``intercept_scaling``."""
    design = make_design("logistic")

    path = svm_path(design, STRENGTHS, l1_ratio)

    model = LinearSVC(
        penalty=penalty, C=1 / (2 * len(design.y) * STRENGTHS[1]), dual=False,
        tol=1e-6, intercept_scaling=100.0, max_iter=200_000, random_state=0,
    ).fit(design.X, design.y)  # fmt: skip
    np.testing.assert_allclose(path.coefficients[1, :, 0], model.coef_[0], atol=1e-3)
    np.testing.assert_allclose(path.intercepts[1], model.intercept_, atol=1e-3)


def test_regression_agrees_with_linear_svr(make_design):
    design = make_design("squared_error")
    design = replace(design, y=design.y - design.y.mean(), intercept=np.zeros(1))

    path = svm_path(design, STRENGTHS, 0.0)

    model = LinearSVR(
        epsilon=0.1 * np.std(design.y), loss="squared_epsilon_insensitive",
        C=1 / (2 * len(design.y) * STRENGTHS[1]), dual=False, tol=1e-10,
        intercept_scaling=100.0, max_iter=200_000, random_state=0,
    ).fit(design.X, design.y)  # fmt: skip
    np.testing.assert_allclose(path.coefficients[1, :, 0], model.coef_, atol=1e-3)
    np.testing.assert_allclose(path.intercepts[1], model.intercept_, atol=1e-3)


def test_l1_regression_is_optimal_along_its_path(make_design):
    """scikit-learn has none to compare with: no slope may be left but the penalty's."""
    design = make_design("squared_error", weighted=True)
    strengths = svm_grid(design, 1.0)

    path = svm_path(design, strengths, 1.0)

    spread = np.sqrt(design.weights @ (design.y - design.intercept[0]) ** 2)
    tube = SquaredTube(0.1 * spread)
    assert np.count_nonzero(path.coefficients[0]) == 0
    for at in (1, 10, 29):
        b = path.coefficients[at, :, 0]
        g = design.weights * tube.gradient(design.y, path.raw(design.X, at))[:, 0]
        slope, on = design.X.T @ g, b != 0
        assert abs(g.sum()) < 1e-7
        np.testing.assert_allclose(
            slope[on], -strengths[at] * np.sign(b[on]), atol=1e-7
        )
        assert np.all(np.abs(slope[~on]) <= strengths[at] + 1e-7)


def test_calibration_recovers_the_odds_of_planted_margins():
    rng = np.random.default_rng(0)
    margins = rng.normal(size=(20_000, 1))
    y = (rng.random(20_000) < 1 / (1 + np.exp(-(2 * margins[:, 0] - 1)))).astype(float)

    slope, (intercept,) = calibrate(margins, y, np.ones(20_000), LOGISTIC)

    assert (slope, intercept) == (pytest.approx(2, abs=0.1), pytest.approx(-1, abs=0.1))


def test_margins_that_tell_all_rows_apart_still_have_finite_odds():
    margins = np.repeat([-1.0, 1.0], 50)[:, None]

    slope, _ = calibrate(margins, np.repeat([0.0, 1.0], 50), np.ones(100), LOGISTIC)

    assert 3 < slope < 30


def test_a_fold_is_calibrated_by_other_folds_alone(make_table, thirds):
    """Labels of a fold turned over must not move the numbers that judge it."""
    table, folds = make_table("logistic"), thirds(np.arange(66))
    splits = [Split.of(table, f.train, f.test, LOGISTIC) for f in folds]
    paths = [svm_path(split.design, STRENGTHS, 0.0) for split in splits]

    honest = calibrated_losses(splits, paths, LOGISTIC)
    turned = replace(splits[0], test_y=1 - splits[0].test_y)
    other = calibrated_losses([turned, *splits[1:]], paths, LOGISTIC)

    # log loss of the two labels of a row: both follow from one probability
    assert np.all(np.exp(-honest[:, 0]) + np.exp(-other[:, 0]) < 1)
    assert not np.allclose(honest[:, 1:], other[:, 1:])
    probabilities = _judged(splits, paths), _judged([turned, *splits[1:]], paths)
    np.testing.assert_array_equal(*probabilities)


def _judged(splits, paths):
    """Return the probabilities by which the first fold is judged."""
    ones = replace(splits[0], test_y=np.ones(len(splits[0].test_y)))
    return calibrated_losses([ones, *splits[1:]], paths, LOGISTIC)[:, 0]


def test_rows_of_a_repeated_fold_are_left_out_of_its_calibration(make_table, thirds):
    table, folds = make_table("logistic"), thirds(np.arange(66))
    splits = [Split.of(table, f.train, f.test, LOGISTIC) for f in folds]
    paths = [svm_path(split.design, STRENGTHS, 0.0) for split in splits]

    once = calibrated_losses(splits, paths, LOGISTIC)
    twice = calibrated_losses([*splits, splits[0]], [*paths, paths[0]], LOGISTIC)

    np.testing.assert_allclose(once[:, 0], twice[:, 0], rtol=1e-9)


def test_one_inner_fold_cannot_calibrate(make_table):
    rows = np.arange(60)

    with pytest.raises(
        DataError, match="at least two inner folds, because each is calibrated"
    ):
        run_baseline(
            "svm_l1", make_table("logistic"), rows, rows[:0],
            [Fold(rows[:40], rows[40:])], LOGISTIC,
        )  # fmt: skip
