"""Files that are not text, and paths: read by their own types, or what to do."""

import datetime as dt
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from boostreg.data import Column, Reading, prepare_table, read_source
from boostreg.data.sources import read_rows
from boostreg.errors import DataError, MissingExtraError

openpyxl = pytest.importorskip("openpyxl")

ROWS = pd.DataFrame(
    {
        "a": [0.1, 1e-7, np.nan, 1e20, -3.0] * 4,
        "k": range(20),
        "c": ["u", "é", None, "v;w", '"'] * 4,
        "flag": [True, False] * 10,
        "y": np.linspace(-1, 1, 20).round(3),  # Excel keeps 15 digits
    }
)


def read(folder, name, **keys):
    reading = Reading(**keys)
    frame = read_source(name, base=folder, reading=reading)
    return prepare_table(frame, target="y", reading=reading)


def assert_same(table, other):
    assert table.columns == other.columns
    np.testing.assert_array_equal(table.X, other.X)
    np.testing.assert_array_equal(table.y, other.y)


@pytest.fixture
def table(tmp_path):
    """Return the table of ``ROWS`` from a CSV file."""
    ROWS.to_csv(tmp_path / "plain.csv", index=False)
    return read(tmp_path, "plain.csv")


def as_stream(path):
    arrow = pa.Table.from_pandas(ROWS)
    with pa.ipc.new_stream(path, arrow.schema) as writer:
        writer.write_table(arrow)


def in_zip(path):
    ROWS.to_parquet(path.with_name("inner.parquet"))
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(path.with_name("inner.parquet"), "inner.parquet")


WRITE = {
    "d.feather": ROWS.to_feather,
    "d.arrow": as_stream,
    "d.parquet": ROWS.to_parquet,
    "d.parquet.zip": in_zip,
    "d.xlsx": lambda path: ROWS.to_excel(path, index=False),
    "D.XLSX": ROWS.to_excel,
}


@pytest.mark.parametrize("name", WRITE)
def test_every_format_gives_the_table_of_the_csv_file(tmp_path, table, name):
    WRITE[name](tmp_path / name)

    assert_same(read(tmp_path, name), table)


@pytest.mark.parametrize("name", WRITE)
def test_damaged_file_is_rejected_by_its_name(tmp_path, name):
    WRITE[name](tmp_path / name)
    content = (tmp_path / name).read_bytes()

    for damaged in (content[: len(content) // 2], b"", b"a,y\n1,2\n"):
        (tmp_path / name).write_bytes(damaged)
        with pytest.raises(DataError, match=rf"{name}: not a readable"):
            read_source(name, base=tmp_path)


def test_parts_of_a_parquet_folder_are_one_table_in_their_order(tmp_path, table):
    (tmp_path / "parts").mkdir()
    for k in range(20):
        part = ROWS.iloc[[k]].assign(a=ROWS["a"].iloc[[k]].astype(object))
        with np.errstate(invalid="ignore"):  # in pandas 2.2
            part = part[part.columns[:: 1 - 2 * (k % 2)]].convert_dtypes()
        part.to_parquet(tmp_path / "parts" / f"part.{k}.parquet", index=False)
    (tmp_path / "parts" / "_SUCCESS").touch()

    found = read(tmp_path, "parts")

    assert_same(found, table)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda part: part.rename(columns={"a": "b"}), "them has 'a', 'b'"),
        (
            lambda part: part.assign(a="x"),
            "column 'a' has the type {kind}, but double in p1",
        ),
    ],
)
def test_parts_with_other_columns_are_rejected_by_name(tmp_path, change, words):
    ROWS.to_parquet(tmp_path / "p1.parquet")
    change(ROWS).to_parquet(tmp_path / "p2.parquet")

    # Versions of pandas write text as string or large_string.
    kind = pq.read_schema(tmp_path / "p2.parquet").types[0]
    words = words.format(kind=kind)
    with pytest.raises(DataError, match=rf"p2.parquet: .*{words}|{words}"):
        read_source(str(tmp_path), base=tmp_path)


def test_folder_of_several_tables_names_them(tmp_path):
    (tmp_path / "d").mkdir()
    for name in ("a.csv", "b.csv.gz", "c.parquet", ".hidden.csv", "note.md"):
        (tmp_path / "d" / name).touch()

    with pytest.raises(
        DataError,
        match=r"d is a folder; name one of its files: 'a.csv', 'b.csv.gz', 'c",
    ):
        read_source("d", base=tmp_path)


def sheets(path, **named):
    with pd.ExcelWriter(path) as book:
        for name, frame in named.items():
            frame.to_excel(book, sheet_name=name, index=False)


def test_sheets_of_an_excel_file_are_named_unless_one_has_cells(tmp_path, table):
    sheets(tmp_path / "d.xlsx", Empty=pd.DataFrame(), Rows=ROWS, Other=ROWS)

    with pytest.raises(DataError, match=r"'Rows', 'Other'; set data\.sheet to one"):
        read(tmp_path, "d.xlsx")
    with pytest.raises(DataError, match=r"no sheet 'rows'; did you mean 'Rows'") as no:
        read(tmp_path, "d.xlsx", sheet="rows")
    assert no.value.loc == ("sheet",)
    assert_same(read(tmp_path, "d.xlsx", sheet="Other"), table)
    sheets(tmp_path / "d.xlsx", Empty=pd.DataFrame(), Rows=ROWS)
    assert "Recognised in the file: sheet 'Rows'" in read(tmp_path, "d.xlsx").notes[1]
    with pytest.raises(DataError, match="only Excel files have sheets, got"):
        read(tmp_path, "plain.csv", sheet="Rows")


def workbook(path, *rows, change=None):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    if change is not None:
        change(book.active)
    book.save(path)


def test_cells_of_excel_are_judged_as_those_of_a_csv_file(tmp_path):
    rows = [
        (k / 4, "?" if k == 7 else str(k / 2), dt.date(2024, 1, 1 + k), k % 5)
        for k in range(30)
    ]
    workbook(tmp_path / "d.xlsx", (), ("n", "text", "day", "y"), (None,) * 4, *rows)

    with pytest.raises(DataError, match=r"'text' .*'\?' in row 7 .*missing: \['\?'\]"):
        read(tmp_path, "d.xlsx", types={"day": "category"})
    table = read(tmp_path, "d.xlsx", types={"day": "category"}, missing=("?",))

    assert [c.categories is None for c in table.columns] == [True, True, False]
    assert table.columns[2].categories[0] == "2024-01-01"
    np.testing.assert_array_equal(table.X[:3, :2], [[0, 0], [0.25, 0.5], [0.5, 1]])


def test_decimal_comma_in_text_of_excel_is_read_beside_its_numbers(tmp_path):
    rows = [(k + 0.5 if k % 2 else f"{k},5", k % 5) for k in range(30)]
    workbook(tmp_path / "d.xlsx", ("n", "y"), *rows)

    with pytest.raises(DataError, match=r"'n' .*set data\.decimal: ','"):
        read(tmp_path, "d.xlsx")
    table = read(tmp_path, "d.xlsx", decimal=",")

    np.testing.assert_array_equal(table.X[:, 0], np.arange(30) + 0.5)


def test_number_of_excel_with_three_decimals_is_no_group_of_digits(tmp_path):
    numbers = [1.234, 12.345, 987.0] * 10
    workbook(tmp_path / "n.xlsx", ("n", "y"), *zip(numbers, range(30), strict=True))
    cells = zip(map("{:g}".format, numbers), range(30), strict=True)
    workbook(tmp_path / "t.xlsx", ("n", "y"), *cells)

    np.testing.assert_array_equal(read(tmp_path, "n.xlsx").X[:, 0], numbers)
    with pytest.raises(DataError, match=r"'n' has numbers below 1000 and, in 20 rows"):
        read(tmp_path, "t.xlsx")


@pytest.mark.parametrize(
    ("rows", "change", "words"),
    [
        ([("a", "y"), (1, "=A2*2")], None, "formulas without values; open the file in"),
        (
            [("a", "y"), (1, 2), (None, 3)],
            lambda sheet: sheet.merge_cells("A2:A3"),
            "cells are merged",
        ),
        ([("Report",), ("a", "b", "y"), (1, 2, 3)], None, "2 columns have no name in"),
        ([("a", "y", "a"), (1, 2, 3)], None, "rename the repeated 'a'"),
        ([("a", "y")], None, "there is a header but no rows"),
        ([], None, "there is no sheet with cells"),
    ],
)
def test_sheet_that_would_be_misread_is_rejected(tmp_path, rows, change, words):
    workbook(tmp_path / "d.xlsx", *rows, change=change)

    with pytest.raises(DataError, match=rf"d\.xlsx.*{words}"):
        read_source("d.xlsx", base=tmp_path)


def test_formula_with_its_value_is_that_value(tmp_path):
    workbook(tmp_path / "d.xlsx", ("a", "y"), (1, 222), (2, 4))
    with zipfile.ZipFile(tmp_path / "d.xlsx") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = parts[sheet].replace(b"<v>222</v>", b"<f>A2+1</f><v>222</v>")
    with zipfile.ZipFile(tmp_path / "d.xlsx", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)

    assert read_source("d.xlsx", base=tmp_path)["y"].tolist() == [222, 4]


def test_excel_without_its_library_names_the_extra(tmp_path, monkeypatch):
    (tmp_path / "d.xlsx").write_bytes(b"PK")

    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr("importlib.import_module", absent)

    with pytest.raises(MissingExtraError, match=r"pip install 'boostreg\[excel\]'"):
        read_source("d.xlsx", base=tmp_path)


def test_rows_for_a_model_come_from_any_format(tmp_path):
    columns = (Column("a"), Column("k"), Column("c", ("u", "v;w", "é")))
    ROWS.to_csv(tmp_path / "d.csv", sep=";", decimal=",")
    ROWS.to_csv(tmp_path / "d.tsv.gz", sep="\t", encoding="utf-16")
    sheets(tmp_path / "d.xlsx", New=ROWS)

    for name in ("d.csv", "d.tsv.gz", "d.xlsx"):
        for decimal in (".", ",", None):
            reading = Reading(decimal=decimal, sheet="Old")
            rows = read_rows(name, tmp_path, columns, reading)
            np.testing.assert_array_equal(rows["a"].astype(float), ROWS["a"])
            assert rows["k"].tolist() == list(range(20))
            assert rows["c"].tolist()[:2] == ["u", "é"]


def test_mark_that_may_group_digits_is_read_as_in_training_or_rejected(tmp_path):
    (tmp_path / "d.csv").write_text("a;b\n1.234;1,5\n")
    columns = (Column("a"), Column("b"))

    for decimal, thousands in [(",", "."), (",", None)]:
        reading = Reading(decimal=decimal, thousands=thousands)
        rows = read_rows("d.csv", tmp_path, columns, reading)
        assert rows["a"].tolist() == [1234 if thousands else "1.234"]
        assert rows["b"].tolist() == [1.5]


def test_home_and_variables_are_replaced_in_paths(tmp_path, monkeypatch):
    ROWS.to_csv(tmp_path / "d.csv")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ROWS_FOLDER", str(tmp_path))
    monkeypatch.setenv("ROWS_NAME", "d")

    for source in ("~/d.csv", "${ROWS_FOLDER}/d.csv", "${ROWS_NAME}.csv"):
        assert len(read_source(source, base=tmp_path)) == 20
    with pytest.raises(DataError, match=r"'ROWS_NAM' is not set \(did you mean 'ROW"):
        read_source("${ROWS_NAM}.csv", base=tmp_path)
    with pytest.raises(DataError, match="variable 'QQQQQQQQQQ' is not set; set it"):
        read_source("a/${QQQQQQQQQQ}/d.csv", base=tmp_path)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("https://host/d.csv", "must be on this machine, got .* download it first"),
        ("s3://bucket/d.parquet", "must be on this machine"),
        ("d.xls", r"got 'd.xls'. Save it as .xlsx\."),
        ("d.tar", r"got 'd.tar'. Extract it\."),
        ("d.rds", r"got 'd.rds'. Save its table as .csv or .parquet\."),
        ("d", "source must be .*, or a file that ends in .csv, .tsv"),
    ],
)
def test_source_that_is_not_read_says_what_to_do(tmp_path, source, words):
    with pytest.raises(DataError, match=words):
        read_source(source, base=tmp_path)
