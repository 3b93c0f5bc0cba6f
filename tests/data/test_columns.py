"""Prediction reads a new frame as training read the old one."""

import numpy as np
import pandas as pd
import pytest

from boostreg.data import Column, apply_columns, prepare_table
from boostreg.errors import DataError

COLUMNS = (Column("size"), Column("colour", ("blue", "red")))


def test_training_frame_gives_the_training_matrix_in_any_column_order():
    frame = pd.DataFrame(
        {
            "n": [1, 2, 3],
            "flag": [True, False, None],
            "c": ["u", None, "v"],
            "k": pd.Categorical([10, 9, 10]),
            "y": [1.0, 2.0, 4.0],
        }
    )
    table = prepare_table(frame, target="y")

    X, notes = apply_columns(frame[["y", "k", "c", "flag", "n"]], table.columns)

    np.testing.assert_array_equal(X, table.X)
    assert notes == {}


def test_category_codes_do_not_depend_on_what_else_is_there():
    X, _ = apply_columns(pd.DataFrame({"colour": ["red"], "size": [1]}), COLUMNS)

    assert X.tolist() == [[1.0, 1.0]]


def test_unseen_category_is_missing_with_a_note():
    frame = pd.DataFrame({"size": [1, 2, 3], "colour": ["green", "red", None]})

    X, notes = apply_columns(frame, COLUMNS)

    np.testing.assert_array_equal(X[:, 1], [np.nan, 1.0, np.nan])
    assert notes == {
        "colour": "Column 'colour' has categories that are not in the training data, "
        "read as missing: 'green'."
    }


def test_number_and_whole_float_are_the_same_category():
    columns = (Column("k", ("1", "2")),)

    X, notes = apply_columns(pd.DataFrame({"k": [1.0, np.nan, 2.0]}), columns)

    np.testing.assert_array_equal(X[:, 0], [0.0, np.nan, 1.0])
    assert notes == {}


def test_column_that_is_all_missing_is_accepted():
    frame = pd.DataFrame({"size": [None], "colour": [None]})

    X, notes = apply_columns(frame, COLUMNS)

    assert np.isnan(X).all()
    assert notes == {}


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pd.DataFrame({"size": [1], "color": ["red"]}), "column 'colour' .* 'color'"),
        (
            pd.DataFrame({"size": ["big"], "colour": ["red"]}),
            "'size' must hold numbers",
        ),
        (pd.DataFrame({"size": [np.inf], "colour": ["red"]}), "'size' is infinite"),
        (
            pd.DataFrame([[1, 1, "red"]], columns=["size", "size", "colour"]),
            "rename the repeated 'size'",
        ),
    ],
    ids=["missing", "text", "infinite", "twice"],
)
def test_frame_that_does_not_fit_the_model_is_refused(frame, words):
    with pytest.raises(DataError, match=words):
        apply_columns(frame, COLUMNS)


def test_duplicate_names_that_the_model_does_not_use_do_no_harm():
    frame = pd.DataFrame([[1, "red", 0, 0]], columns=["size", "colour", "z", "z"])

    X, _ = apply_columns(frame, COLUMNS)

    assert X.shape == (1, 2)


def test_no_rows_give_no_rows():
    frame = pd.DataFrame({"size": [], "colour": []})

    assert apply_columns(frame, COLUMNS)[0].shape == (0, 2)


EMPTY = {
    "dates": pd.Series([pd.NaT] * 3, dtype="datetime64[ns]"),
    "zoned": pd.Series([pd.NaT] * 3, dtype="datetime64[us, UTC]"),
    "durations": pd.Series([pd.NaT] * 3, dtype="timedelta64[ns]"),
    "periods": pd.Series(pd.PeriodIndex([pd.NaT] * 3, freq="D")),
    "objects": pd.Series([None, pd.NaT, np.nan], dtype=object),
    "categories": pd.Series(pd.Categorical([None] * 3)),
}


@pytest.mark.parametrize("empty", EMPTY.values(), ids=EMPTY)
def test_column_without_a_value_is_empty_whatever_its_type(empty):
    frame = pd.DataFrame({"size": empty, "b": [1, 2, 3], "y": [1.5, 2.5, 4.0]})

    table = prepare_table(frame, target="y")

    assert table.columns == (Column("size"), Column("b"))
    assert np.isnan(table.X[:, 0]).all()
    X, _ = apply_columns(frame, (Column("size"), Column("b", ("1", "2", "3"))))
    assert np.isnan(X[:, 0]).all()


LATER = [["word"], [2.5], [pd.Timestamp("2024")], [None], [True]]


@pytest.mark.parametrize("later", LATER, ids=str)
def test_column_empty_in_training_is_missing_whatever_it_holds_later(later):
    frame = pd.DataFrame({"a": [None] * 3, "b": [1, 2, 3], "y": [1.5, 2.5, 4.0]})
    columns = prepare_table(frame, target="y").columns_later

    X, notes = apply_columns(pd.DataFrame({"a": later, "b": [7]}), columns)

    np.testing.assert_array_equal(X, [[np.nan, 7.0]])
    assert list(notes) == (["a"] if later != [None] else [])
    assert all("'a' was empty in training" in note for note in notes.values())


@pytest.mark.parametrize("dtype", ["int64", "float64", "str", "object"])
def test_numbers_kept_as_categories_are_the_numbers_of_training(dtype):
    sizes = pd.Series([3, 1, 2]).astype(dtype)
    frame = pd.DataFrame({"size": sizes.astype("category"), "colour": "red"})

    X, _ = apply_columns(frame, COLUMNS)

    assert X[:, 0].tolist() == [3.0, 1.0, 2.0]


def test_one_and_true_are_two_labels():
    values = pd.Series([1, True, 0, False, "x", np.True_, 1.0], dtype=object)
    frame = pd.DataFrame({"a": values, "y": np.arange(7.0)})

    table = prepare_table(frame, target="y")

    assert table.columns[0].categories == ("0", "1", "False", "True", "x")
    assert table.X[:, 0].tolist() == [1, 3, 0, 2, 4, 3, 1]
    np.testing.assert_array_equal(apply_columns(frame, table.columns)[0], table.X)
