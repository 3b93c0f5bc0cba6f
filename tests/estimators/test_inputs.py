"""What the estimators take: arrays, lists and DataFrames, odd ones too."""

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import boostreg
from boostreg.errors import DataError


def test_arrays_lists_and_frames_of_numbers_give_one_model(make, X, y):
    frame = pd.DataFrame(X, columns=list("abcd"))

    by_array = make().fit(X, y).predict(X)

    np.testing.assert_array_equal(make().fit(frame, y).predict(frame), by_array)
    np.testing.assert_array_equal(make().fit(X.tolist(), list(y)).predict(X), by_array)


def test_category_columns_are_learnt_from_by_label(make, frame, labels):
    fitted = make(learning_rate=1.0).fit(frame, labels)

    assert fitted.categories_ == {
        "category": ("high", "low", "mid"),
        "text": ("u", "v"),
    }
    assert list(fitted.feature_names_in_) == list(frame.columns)
    np.testing.assert_allclose(fitted.predict(frame), labels, atol=0.05)


def test_other_codes_of_the_same_labels_change_nothing(make, frame, labels):
    fitted = make().fit(frame, labels)
    order = ["mid", "never seen", "low", "high"]
    recoded = frame.assign(category=frame["category"].cat.set_categories(order))

    np.testing.assert_array_equal(fitted.predict(recoded), fitted.predict(frame))


def test_unseen_category_is_missing_with_one_warning_per_column(make, frame, labels):
    fitted = make().fit(frame, labels)
    missing = frame.assign(category=pd.Categorical([None] * len(frame)))

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = fitted.predict(frame.assign(category="new"))
        fitted.predict(frame.assign(category="other"))
        fitted.predict(frame.assign(text="w"))

    np.testing.assert_array_equal(found, fitted.predict(missing))
    told = "has categories that are not in the training data, read as missing:"
    assert [str(one.message) for one in caught] == [
        f"Column 'category' {told} 'new'.",
        f"Column 'text' {told} 'w'.",
    ]
    assert {one.filename for one in caught} == {__file__}


def test_rows_without_names_are_read_by_label_too(make, frame, labels):
    fitted = make().fit(frame, labels)

    with pytest.warns(UserWarning, match="does not have valid feature names"):
        found = fitted.predict(frame.to_numpy(object))

    np.testing.assert_array_equal(found, fitted.predict(frame))


@pytest.mark.filterwarnings("ignore::boostreg.UnseenCategoryWarning")
@pytest.mark.parametrize("later", [1.5, "word", None], ids=["number", "text", "none"])
def test_all_missing_column_stays_missing_whatever_comes_later(
    make, frame, labels, later
):
    fitted = make().fit(frame.assign(empty=np.nan), labels)
    without = make().fit(frame, labels)

    found = fitted.predict(frame.assign(empty=later))

    np.testing.assert_allclose(found, without.predict(frame), rtol=1e-6)


def test_all_missing_column_of_an_array_changes_nothing(make, X, y):
    empty = np.column_stack([X, np.full(len(X), np.nan)])

    found = make().fit(empty, y).predict(empty)

    np.testing.assert_allclose(found, make().fit(X, y).predict(X), rtol=1e-6)


def test_constant_column_is_never_split_on(make, X, y):
    constant = np.column_stack([np.full(len(X), 3.0), X])

    fitted = make().fit(constant, y)

    assert 0 not in fitted.trees_.feature
    np.testing.assert_array_equal(fitted.predict(constant), make().fit(X, y).predict(X))


def test_constant_category_column_is_taken(make, frame, labels):
    fitted = make().fit(frame.assign(same="one"), labels)

    assert fitted.categories_["same"] == ("one",)
    assert len(fitted.predict(frame.assign(same="one"))) == len(frame)


def test_value_missing_only_later_goes_the_same_way_in_frame_and_array(make, X, y):
    full = np.nan_to_num(X)
    fitted = make().fit(full, y)
    late = full.copy()
    late[:, 0] = np.nan

    with pytest.warns(UserWarning, match="X has feature names"):
        found = fitted.predict(pd.DataFrame(late, columns=list("abcd")))

    np.testing.assert_array_equal(found, fitted.predict(late))


def test_one_row_is_predicted_alone_as_among_others(make, X, y):
    fitted = make().fit(X, y)

    np.testing.assert_array_equal(fitted.predict(X[5:6]), fitted.predict(X)[5:6])


def test_one_row_teaches_a_regressor_its_mean(regressor):
    fitted = regressor().fit([[1.0, 2.0]], [3.5])

    np.testing.assert_allclose(fitted.predict([[0.0, 9.0]]), [3.5])
    assert fitted.size_.n_splits == 0


def test_one_row_is_one_class(classifier):
    with pytest.raises(DataError, match=r"y has only one class, 'a'; .* at least 2"):
        classifier().fit([[1.0, 2.0]], ["a"])


def test_target_that_does_not_vary_is_predicted(regressor, X):
    fitted = regressor(scale="rows").fit(X, np.full(len(X), 7.0))

    np.testing.assert_allclose(fitted.predict(X), 7.0)


def test_no_rows_are_refused(make, X, y, frame, labels):
    fitted, of_frame = make().fit(X, y), make().fit(frame, labels)

    for rows in (X[:0], frame[:0]):
        with pytest.raises(ValueError, match=r"0 sample\(s\)"):
            make().fit(rows, y[:0])
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        fitted.predict(X[:0])
    with pytest.raises(DataError, match=r"0 sample\(s\)"):
        of_frame.predict(frame[:0])


def test_no_columns_are_refused(make, frame, labels):
    with pytest.raises(DataError, match=r"0 feature\(s\) \(shape=\(120, 0\)\)"):
        make().fit(frame[[]], labels)


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinite_values_of_an_array_are_refused(make, X, y, value):
    fitted = make().fit(X, y)
    X[3, 2] = value

    with pytest.raises(ValueError, match="X contains infinity"):
        make().fit(X, y)
    with pytest.raises(ValueError, match="X contains infinity"):
        fitted.predict(X)


def test_infinite_values_of_a_frame_are_refused(make, frame, labels):
    fitted = make().fit(frame, labels)
    frame.loc[3, "number"] = np.inf

    with pytest.raises(DataError, match="'number' is infinite in 1 of 120 rows"):
        make().fit(frame, labels)
    with pytest.raises(
        DataError, match="'number' is infinite in 1 of 120 rows, first in row 3"
    ):
        fitted.predict(frame)


def test_infinite_target_is_refused(regressor, X, y):
    target = np.where(y > 0, np.inf, 0.0)

    with pytest.raises(ValueError, match="y contains infinity"):
        regressor().fit(X, target)


def test_columns_of_later_rows_must_be_those_of_training(make, frame, labels):
    fitted = make().fit(frame, labels)

    with pytest.raises(ValueError, match="feature names should match"):
        fitted.predict(frame[frame.columns[::-1]])
    with pytest.raises(DataError, match="'number' must hold numbers as in training"):
        fitted.predict(frame.assign(number="text"))


def test_columns_of_one_name_are_refused(make, frame, labels):
    frame.columns = ["number", *frame.columns[:-1]]

    with pytest.raises(DataError, match=r"names must be unique; .* 'number'"):
        make().fit(frame, labels)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([-1.0], "sample_weight must be finite and >= 0, got -1.0 in row 0"),
        ([np.nan], "sample_weight must be finite and >= 0, got nan in row 0"),
        ([0.0], "sample_weight is zero in every row"),
    ],
)
def test_wrong_weights_are_refused(make, X, y, weights, message):
    with pytest.raises(DataError, match=message):
        make().fit(X, y, sample_weight=np.resize(weights, len(X)))


def test_row_of_weight_zero_is_no_row(make, X, y):
    weights = np.arange(len(X)) % 3

    weighted = make().fit(X, y, sample_weight=weights)

    kept = weights > 0
    alone = make().fit(X[kept], y[kept], sample_weight=weights[kept])
    np.testing.assert_array_equal(weighted.predict(X), alone.predict(X))


def test_arrays_need_no_pandas():
    program = f"""
import sys
sys.modules["pandas"] = None
sys.path.insert(0, {str(Path(boostreg.__file__).parents[1])!r})
from boostreg import BoostedClassifier
X = [[0.0], [1.0], [2.0], [3.0]]
model = BoostedClassifier(engine="lightgbm", n_estimators=3).fit(X, [0, 0, 1, 1])
print(model.predict(X).tolist(), model.size_.n_trees)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.stderr) == ("[0, 0, 1, 1] 3\n", "")


WORDS = {"grouped": "4,817", "mark": "?", "none": None, "nan": np.nan, "na": pd.NA}


@pytest.mark.parametrize("word", WORDS.values(), ids=WORDS)
@pytest.mark.parametrize("role", ["y", "sample_weight", "y of eval_set"])
def test_value_that_is_no_number_is_refused_with_its_role_and_row(
    regressor, X, y, word, role
):
    given = {"y": y, "sample_weight": np.ones(len(X)), "y of eval_set": y}
    given[role] = pd.Series([*given[role][:5], word, *given[role][6:]], dtype=object)
    judges = (X, given["y of eval_set"])

    with pytest.raises(DataError, match=f"^{role} must be numbers, found .* in row 5 "):
        regressor().fit(X, given["y"], given["sample_weight"], eval_set=judges)


@pytest.mark.parametrize("kind", [list, pd.Series, lambda y: np.array(y, object)])
@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT], ids=str)
def test_label_that_is_missing_is_refused_with_its_row(classifier, X, kind, missing):
    labels = ["u", "v"] * (len(X) // 2)
    labels[7] = missing

    with pytest.raises(DataError, match=r"y is missing .* in 1 of .* first in row 7 "):
        classifier().fit(X, kind(labels))


def test_labels_of_text_and_numbers_are_refused(classifier, X):
    with pytest.raises(
        DataError, match="y has text such as 'u' and other values such as 1"
    ):
        classifier().fit(X, np.array(["u", 1] * (len(X) // 2), dtype=object))
