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
    assert notes == ()


def test_category_codes_do_not_depend_on_what_else_is_there():
    X, _ = apply_columns(pd.DataFrame({"colour": ["red"], "size": [1]}), COLUMNS)

    assert X.tolist() == [[1.0, 1.0]]


def test_unseen_category_is_missing_and_said():
    frame = pd.DataFrame({"size": [1, 2, 3], "colour": ["green", "red", None]})

    X, (note,) = apply_columns(frame, COLUMNS)

    np.testing.assert_array_equal(X[:, 1], [np.nan, 1.0, np.nan])
    assert note == (
        "Column 'colour' has categories that training did not see, read as missing: "
        "'green'."
    )


def test_number_and_whole_float_are_the_same_category():
    columns = (Column("k", ("1", "2")),)

    X, notes = apply_columns(pd.DataFrame({"k": [1.0, np.nan, 2.0]}), columns)

    np.testing.assert_array_equal(X[:, 0], [0.0, np.nan, 1.0])
    assert notes == ()


def test_column_that_is_all_missing_is_accepted():
    frame = pd.DataFrame({"size": [None], "colour": [None]})

    X, notes = apply_columns(frame, COLUMNS)

    assert np.isnan(X).all()
    assert notes == ()


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
            "once: 'size'",
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
