"""Rows for a model are read by the types of training, whatever is in the other rows."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boostreg.data import Column, Reading, apply_columns, prepare_table, read_source
from boostreg.data.sources import SKLEARN, read_rows
from boostreg.errors import DataError
from boostreg.saved.rows import read_rows as rows_of

PLAIN = Reading()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return one folder for all examples of a property."""
    return tmp_path_factory.mktemp("rows")


def target_of(frame):
    return "target" if "target" in frame else frame.columns[-1]


def matrix(path, columns, reading=PLAIN):
    """Return the numbers that a model is given for a file."""
    rows = read_rows(str(path), Path(), columns, reading)
    return apply_columns(rows, columns, reading)[0]


def assert_each_row_alone(path, columns):
    """Fail unless some single rows of a file read as they do in the whole file."""
    head, *lines = path.read_text("utf-8").splitlines()
    whole = matrix(path, columns)
    for place in range(0, len(lines), max(1, len(lines) // 7)):
        alone = path.with_name("alone.csv")
        alone.write_text(f"{head}\n{lines[place]}\n", "utf-8")
        np.testing.assert_array_equal(matrix(alone, columns), whole[[place]])


@pytest.mark.parametrize("name", SKLEARN)
@pytest.mark.parametrize("kind", ["number", "category"])
def test_row_of_a_shipped_table_is_read_alone_as_in_the_whole_file(folder, name, kind):
    frame = read_source(f"sklearn:{name}", base=folder)
    target, path = target_of(frame), folder / "whole.csv"
    frame.to_csv(path, index=False)
    reading = Reading(types={c: kind for c in frame.columns if c != target})

    rows = read_source(str(path), base=folder, reading=reading)
    table = prepare_table(rows, target=target, reading=reading)

    assert {c.categories is None for c in table.columns} == {kind == "number"}
    np.testing.assert_array_equal(matrix(path, table.columns), table.X)
    assert_each_row_alone(path, table.columns)


@pytest.mark.parametrize("name", SKLEARN)
def test_shipped_table_is_the_same_as_csv_and_parquet_in_any_order(folder, name):
    frame = read_source(f"sklearn:{name}", base=folder)
    frame.to_csv(folder / "d.csv", index=False)
    frame[frame.columns[::-1]].to_parquet(folder / "d.parquet")

    one, two = (
        prepare_table(read_source(f"d.{s}", base=folder), target=target_of(frame))
        for s in ("csv", "parquet")
    )

    assert one.columns == two.columns[::-1]
    np.testing.assert_array_equal(one.X, two.X[:, ::-1])
    np.testing.assert_array_equal(one.y, two.y)


def drifting(rng, n=240):
    """Return columns whose cells another file makes pandas guess in another way."""
    return pd.DataFrame(
        {
            "flag": rng.choice(["TRUE", "FALSE", "unknown"], n, p=[0.45, 0.45, 0.1]),
            "code": rng.choice(["01", "02", "03", "A1"], n, p=[0.3, 0.3, 0.3, 0.1]),
            "size": rng.choice(["1.0", "2.0", "3.0", "XL"], n, p=[0.3, 0.3, 0.3, 0.1]),
            "flat": rng.choice(["1E2", "2E2", "3E2", "4F"], n, p=[0.3, 0.3, 0.3, 0.1]),
            "zero": rng.choice(["0", "1", "many"], n, p=[0.45, 0.45, 0.1]),
            "miss": rng.choice(["yes", "no", ""], n),
            "real": rng.choice(["1e3", "0.5", "-2", ""], n),
            "truth": rng.choice(["TRUE", "False"], n),
            "y": rng.normal(size=n),
        }
    )


@pytest.fixture(scope="module")
def drift(folder):
    """Return a file of such columns, and the table that was trained on it."""
    path = folder / "drift.csv"
    drifting(np.random.default_rng(0)).to_csv(path, index=False)
    return path, prepare_table(read_source(str(path), base=folder), target="y")


def test_labels_that_look_like_numbers_or_truths_are_read_alone(drift):
    path, table = drift

    kinds = [column.categories is not None for column in table.columns]
    assert kinds == [True] * 6 + [False] * 2
    assert not any("copies" in note for note in table.notes)
    assert_each_row_alone(path, table.columns)


def test_a_table_that_pandas_guessed_anew_means_the_same(drift):
    path, table = drift
    cells = pd.read_csv(path, dtype=str, keep_default_na=False)

    for place in range(40):
        cells.iloc[[place]].to_csv(path.with_name("guess.csv"), index=False)
        guessed = pd.read_csv(path.with_name("guess.csv"))
        X, notes = apply_columns(guessed, table.columns)
        np.testing.assert_array_equal(X, table.X[[place]])
        assert notes == {}


LABELS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=4)
CELLS = LABELS | st.sampled_from(["1", "01", "1.0", "TRUE", "True", "NA", "1e3", " 1"])


@given(st.lists(CELLS, min_size=1, max_size=6, unique=True))
def test_any_cell_of_a_category_is_its_own_label_wherever_it_stands(folder, labels):
    known = sorted({label for label in labels if label} or {"a"})
    columns = (Column("c", tuple(known)), Column("n"))
    path = folder / "labels.csv"
    pd.DataFrame({"c": known, "n": 1}).to_csv(path, index=False)

    X = matrix(path, columns)

    assert X[:, 0].tolist() == list(range(len(known)))


@pytest.mark.parametrize(
    ("value", "code"),
    [
        *((1, 0), (1.0, 0), ("1", 0), ("1.00", 0), ("01", 1), (True, 2), ("true", 2)),
        *((100, 3), (100.0, 3), ("100", None), ("1e2", None), (7, 4), ("7", None)),
    ],
)
def test_value_of_another_kind_of_table_finds_its_one_label(value, code):
    column = Column("c", ("1", "01", "TRUE", "1E2", "007"))

    X, _ = apply_columns(
        pd.DataFrame({"c": pd.Series([value], dtype=object)}), [column]
    )

    np.testing.assert_array_equal(X, [[np.nan if code is None else code]])


def test_text_codes_of_a_parquet_file_are_found_in_a_csv_file(tmp_path):
    codes = {"zip": ["01001", "94105"] * 30, "land": ["NA", "ZA", "None"] * 20}
    frame = pd.DataFrame(codes | {"y": range(60)})
    frame.to_parquet(tmp_path / "d.parquet")
    frame.to_csv(tmp_path / "new.csv", index=False)

    table = prepare_table(read_source("d.parquet", base=tmp_path), target="y")

    assert [c.categories for c in table.columns] == [
        ("01001", "94105"),
        ("NA", "None", "ZA"),
    ]
    np.testing.assert_array_equal(matrix(tmp_path / "new.csv", table.columns), table.X)


def test_odd_cell_in_a_column_of_numbers_is_named_with_its_row(tmp_path):
    (tmp_path / "new.csv").write_text("x,note\n1,?\n?,a\n")

    with pytest.raises(
        DataError, match=r"'x' must hold numbers as in.* '\?' in row 1 "
    ):
        matrix(tmp_path / "new.csv", (Column("x"),))


def test_new_file_is_read_by_the_keys_of_the_training_file(tmp_path):
    reading = Reading(("?", "-9"), decimal=",", thousands=".", separator=";")
    (tmp_path / "new.csv").write_text("x;c\n1.234,5;u\n?;?\n-9;v\n")

    X = matrix(tmp_path / "new.csv", (Column("x"), Column("c", ("u", "v"))), reading)

    np.testing.assert_array_equal(X, [[1234.5, 0], [np.nan, np.nan], [np.nan, 1]])


SPELLINGS = (Reading(), Reading(decimal=","), Reading(decimal=",", thousands="."))
SPELLINGS += (Reading(thousands=","), Reading(thousands=" "))
STATED = st.sampled_from(SPELLINGS).map(
    lambda r: Reading(("-999", "?"), r.decimal, r.thousands, ";")
)
THOUSANDTHS = st.integers(-999_000, 999_000).map(lambda n: n / 1000)


@given(st.lists(THOUSANDTHS, min_size=1, max_size=6), STATED)
def test_a_number_is_read_once_by_the_marks_of_its_file(folder, values, reading):
    path = folder / "marks.csv"
    cells = [reading.spelled(repr(v)) for v in [*values, -999.0, 0.5]]
    path.write_text("a;y\n" + "".join(f"{c};{k}\n" for k, c in enumerate(cells)))
    expected = [[np.nan if v == -999 else v] for v in [*values, -999.0, 0.5]]

    rows = read_source(str(path), base=folder, reading=reading)
    table = prepare_table(rows, target="y", reading=reading)

    np.testing.assert_array_equal(table.X, expected)
    np.testing.assert_array_equal(matrix(path, table.columns, reading), expected)


KEYS = ({}, {"decimal": ","}, {"thousands": " "}, {"missing": ("-999",)})


@pytest.mark.parametrize("keys", KEYS)
@pytest.mark.parametrize("pad", ["", " "])
def test_long_whole_numbers_stay_apart_whatever_the_keys(tmp_path, keys, pad):
    labels = [123456789012345000 + k // 4 for k in range(40)]
    lines = [f"{pad}{label};{k};{pad}{k % 3}" for k, label in enumerate(labels)]
    (tmp_path / "d.csv").write_text("\n".join(["g;a;y", *lines]))
    reading = Reading(separator=";", **keys)

    rows = read_source("d.csv", base=tmp_path, reading=reading)
    table = prepare_table(
        rows, target="y", groups="g", task="multiclass", reading=reading
    )

    assert len(np.unique(table.groups)) == 10
    assert table.labels == (0, 1, 2)


@pytest.mark.parametrize("word", ["-99,9", "-99,90", "-99.9"])
def test_a_number_that_means_missing_does_so_in_every_spelling_and_table(folder, word):
    reading = Reading((word,), decimal=",", separator=";")
    (folder / "miss.csv").write_text("a;y\n-99,90;1\n-99,9;2\n1,5;3\n")
    columns, expected = (Column("a"),), [[np.nan], [np.nan], [1.5]]
    table = [[-99.9], [-99.9], [1.5]]

    for X in (table, np.array(table), pd.DataFrame(table, columns=["a"])):
        np.testing.assert_array_equal(rows_of(X, columns, reading, set()), expected)
    np.testing.assert_array_equal(
        matrix(folder / "miss.csv", columns, reading), expected
    )


OTHER = {
    "a#b\n1#2\n": "column 'a' is not a column",
    "b,a;a,c\n1,2;3,4\n": "save it as a file with commas",
    "sep=;\na;b\n1;2\n": "'sep=;', is an instruction",
}
OTHER |= {"a\n\x001\n": "has a NUL byte", "a\n\xe9\n": "is not UTF-8"}
OTHER |= {"a\n?\n": "must hold"}


@pytest.mark.parametrize(("content", "words"), OTHER.items(), ids=OTHER.values())
def test_rows_for_a_model_are_refused_without_a_word_of_a_study(
    tmp_path, content, words
):
    (tmp_path / "new.csv").write_text(content, "latin-1")

    with pytest.raises(DataError, match=words) as caught:
        matrix(tmp_path / "new.csv", (Column("a"),))

    assert "data." not in str(caught.value)
