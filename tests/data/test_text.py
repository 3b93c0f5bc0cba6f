"""Text files: separator, decimal mark and encoding are recognised, or asked for."""

import bz2
import gzip
import lzma
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from boostreg.data import Reading, prepare_table, read_source
from boostreg.data.columns import kind_of
from boostreg.errors import DataError, MissingExtraError

ROWS = pd.DataFrame(
    {
        "size": [1.5, -2.25, np.nan, 1e-7, 1200.0] * 8,
        "count": range(40),
        "name": ["café; au lait", 'a "b", c', "one\ntwo", "tab\there", "NA-1"] * 8,
        "flag": [True, False] * 20,
        "y": np.linspace(-1, 1, 40).round(3),
    }
)


def read(folder, name, **keys):
    reading = Reading(**keys)
    frame = read_source(name, base=folder, reading=reading)
    return prepare_table(frame, target="y", reading=reading)


def assert_same(table, other):
    assert (table.columns, table.task) == (other.columns, other.task)
    np.testing.assert_array_equal(table.X, other.X)
    np.testing.assert_array_equal(table.y, other.y)


@pytest.fixture
def table(tmp_path):
    """Return the table of ``ROWS``, from the plainest of files."""
    ROWS.to_csv(tmp_path / "plain.csv", index=False)
    return read(tmp_path, "plain.csv")


@pytest.mark.parametrize("suffix", ["csv", "tsv", "txt"])
@pytest.mark.parametrize("marks", [",.", ";.", ";,", "\t.", "\t,", "|,"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_separator_decimal_and_encoding_are_recognised(
    tmp_path, table, suffix, marks, encoding
):
    path, (mark, decimal) = tmp_path / f"d.{suffix}", marks
    ROWS.to_csv(path, index=False, sep=mark, decimal=decimal, encoding=encoding)

    found = read(tmp_path, path.name)

    assert_same(found, table)
    noted = [note for note in found.notes if note.startswith("Recognised in the file")]
    unusual = (marks, encoding) not in {(",.", "utf-8"), (",.", "utf-8-sig")}
    assert len(noted) == unusual
    assert not unusual or ("decimal ','" in noted[0]) == (decimal == ",")


def test_stated_keys_are_used_whatever_would_be_recognised(tmp_path):
    (tmp_path / "d.csv").write_bytes("y;n|a\n1;2|é\n3;4|b\n".encode("latin-1"))

    frame = read_source(
        "d.csv", base=tmp_path, reading=Reading(separator="|", encoding="latin-1")
    )

    assert list(frame) == ["y;n", "a"]
    assert frame["a"].tolist() == ["é", "b"]


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("age, years;y\n1;2\n", ["age, years", "y"]),
        ("age, years\ty\n15\t2\n", ["age, years", "y"]),
        ('"a";"b, c"\n1;2,5\n', ["a", "b, c"]),
        ('"a";"b, c" \n1;2\n', ["a", "b, c "]),
        ('"a;b",y\n"1;2",2\n', ["a;b", "y"]),
        ("a|b,y\n12,2\n", ["a|b", "y"]),
        ("a;a,y;b\n1;2\n", None),
    ],
)
def test_one_separator_that_fits_every_row_is_taken(tmp_path, content, names):
    (tmp_path / "d.csv").write_text(content)

    if names is None:
        with pytest.raises(DataError, match=r"set data\.separator: ',' or data\.sep"):
            read_source("d.csv", base=tmp_path)
    else:
        assert list(read_source("d.csv", base=tmp_path)) == names


def test_tab_wins_in_a_tsv_file_and_nowhere_else(tmp_path):
    for suffix in ("tsv", "csv"):
        (tmp_path / f"d.{suffix}").write_text("a,b\tc,d\n1,5\t2,5\n")

    assert list(read_source("d.tsv", base=tmp_path)) == ["a,b", "c,d"]
    with pytest.raises(DataError, match=r"can be split at ',', '\\t'"):
        read_source("d.csv", base=tmp_path)


def test_column_named_in_types_decides_between_separators(tmp_path):
    (tmp_path / "d.csv").write_text("a,b;c\n1,5;2\n")

    frame = read_source("d.csv", base=tmp_path, reading=Reading(types={"c": "number"}))

    assert list(frame) == ["a,b", "c"]


@pytest.mark.parametrize("task", ["regression", "multiclass"])
def test_none_is_a_label_among_text_and_missing_among_numbers(tmp_path, task):
    frame = pd.DataFrame(
        {
            "label": ["None", "NA", "Gable"] * 20,
            "number": ["None", "0.5", "1.5"] * 20,
            "flag": ["None", "TRUE", "FALSE"] * 20,
            "blank": ["None", "", "NA"] * 20,
            "y": [1, 2, 3] * 20 if task == "regression" else ["None", "b", "c"] * 20,
        }
    )
    frame.to_csv(tmp_path / "d.csv", index=False)

    table = prepare_table(read_source("d.csv", base=tmp_path), target="y", task=task)

    assert table.columns[0].categories == ("Gable", "None")
    assert [column.categories for column in table.columns[1:]] == [None] * 3
    np.testing.assert_array_equal(
        table.X[:3],
        [[1, np.nan, np.nan, np.nan], [np.nan, 0.5, 1, np.nan], [0, 1.5, 0, np.nan]],
    )
    assert table.classes == (() if task == "regression" else ("None", "b", "c"))


def cells(tmp_path, *lines, **keys):
    """Return the table of lines of cells ``a;b;y``."""
    text = "\n".join(["a;b;y", *lines])
    (tmp_path / "d.csv").write_text(text)
    return read(tmp_path, "d.csv", **keys)


@pytest.mark.parametrize(
    "unlike", ["1;x", "987;1.2.3", "1;2024-01-31 10:00", "?;1", "1.234;2", "0,5;NA"]
)
def test_decimal_comma_is_recognised_beside_other_cells(tmp_path, unlike):
    lines = [f"{unlike};{k},{k}5" for k in range(9)] + ["7;x;1,5"] * 9
    (tmp_path / "d.csv").write_text("\n".join(["a;b;y", *lines]))

    frame = read_source("d.csv", base=tmp_path)

    assert frame["y"].tolist()[:2] == [0.05, 1.15]


def test_decimal_comma_in_the_last_row_alone_is_recognised(tmp_path):
    lines = [f"{k};{k % 7};{k % 5}" for k in range(3000)]

    table = cells(tmp_path, *lines, "0,5;1;2")

    assert table.X[-1, 0] == 0.5


def test_both_decimal_marks_in_one_file_are_rejected_with_the_key(tmp_path):
    with pytest.raises(DataError, match=r"'a' .*set data\.decimal: ','"):
        cells(tmp_path, *(f"{k},5;{k}.5;{k % 3}" for k in range(30)))


@pytest.mark.parametrize(("key", "value"), [("decimal", 1.234), ("thousands", 1234)])
def test_point_of_three_digits_alone_is_asked_for(tmp_path, key, value):
    lines = [f"1.{k};x;{k % 3}" for k in range(234, 264)]

    with pytest.raises(DataError) as caught:
        cells(tmp_path, *lines)

    for text in ("d.csv: column 'a' has", "data.thousands: '.'", "data.decimal: '.'"):
        assert text in str(caught.value)
    assert cells(tmp_path, *lines, **{key: "."}).X[0, 0] == value


def test_comma_of_three_digits_alone_is_asked_for(tmp_path):
    lines = [f"1,{k};x;{k % 3}" for k in range(234, 264)]

    with pytest.raises(DataError, match=r"means 1234, set data\.thousands: ','; if it"):
        cells(tmp_path, *lines)

    assert cells(tmp_path, *lines, decimal=",").X[0, 0] == 1.234
    assert cells(tmp_path, *lines, thousands=",").X[0, 0] == 1234


def test_commas_in_a_file_of_commas_are_never_taken_for_decimals(tmp_path):
    answers = ["1,2", "2,3", "1", "3", "1,3"] * 8
    pd.DataFrame({"a": answers, "y": range(40)}).to_csv(tmp_path / "d.csv", index=False)

    with pytest.raises(DataError, match=r"'a' .*set data\.decimal: ','"):
        read(tmp_path, "d.csv")


def gzipped(path, content):
    path.write_bytes(gzip.compress(content))


def zipped(path, content):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("folder/d.csv", content)
        archive.writestr("__MACOSX/folder/._d.csv", b"x")


def zstandard(path, content):
    with pa.output_stream(str(path), compression="zstd") as stream:
        stream.write(content)


COMPRESS = {
    "gz": gzipped,
    "bz2": lambda path, content: path.write_bytes(bz2.compress(content)),
    "xz": lambda path, content: path.write_bytes(lzma.compress(content)),
    "zip": zipped,
    "zst": zstandard,
}


@pytest.mark.parametrize("suffix", COMPRESS)
def test_compressed_file_is_read_as_the_file_inside(tmp_path, table, suffix):
    text = ROWS.to_csv(index=False, sep=";", decimal=",").encode("utf-16")
    COMPRESS[suffix](tmp_path / f"d.csv.{suffix}", text)

    assert_same(read(tmp_path, f"d.csv.{suffix}"), table)


@pytest.mark.parametrize("suffix", COMPRESS)
def test_damaged_compressed_file_is_rejected_by_its_name(tmp_path, suffix):
    path = tmp_path / f"d.csv.{suffix}"
    COMPRESS[suffix](path, ROWS.to_csv(index=False).encode())
    content = path.read_bytes()

    for damaged in (content[: len(content) // 2], b"a,y\n1,2\n"):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=rf"{path.name}: .*readable .{suffix} "):
            read_source(path.name, base=tmp_path)


def test_zip_file_of_several_tables_names_them(tmp_path):
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        for name in ("a.csv", "b.tsv", "readme.md"):
            archive.writestr(name, "x,y\n1,2\n")

    with pytest.raises(DataError, match=r"d\.zip holds 3 files: 'a\.csv', 'b\.tsv'; a"):
        read_source("d.zip", base=tmp_path)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("inner.sas7bdat", "Save its table as .csv"),
        ("inner.csv.gz", "must end in .csv"),
    ],
)
def test_zip_file_of_another_format_names_it(tmp_path, name, words):
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        archive.writestr(name, "x")

    with pytest.raises(DataError, match=f"d.zip holds '{name}'; .*{words}"):
        read_source("d.zip", base=tmp_path)


def test_zstandard_without_a_library_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "d.csv.zst").write_bytes(b"\x28\xb5\x2f\xfd")

    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr("importlib.import_module", absent)

    with pytest.raises(
        MissingExtraError, match=r"Python 3\.14 or PyArrow: pip install"
    ):
        read_source("d.csv.zst", base=tmp_path)


def test_decimals_in_one_column_say_what_the_points_of_another_mean(tmp_path):
    rows = "".join(f"{n},{n}.5,1.25{n}\n" for n in range(10))
    (tmp_path / "d.csv").write_text(f"y,a,b\n1,2,7\n{rows}")

    found = prepare_table(read_source("d.csv", base=tmp_path), target="y")

    assert [column.categories for column in found.columns] == [None, None]
    assert found.X[1].tolist() == [0.5, 1.25]


@pytest.mark.parametrize(
    ("bare", "are_labels"), [("2.5", True), ("NA", True), ('"2.5"', False)]
)
def test_whole_numbers_in_quotes_are_labels_if_other_cells_have_none(
    tmp_path, bare, are_labels
):
    rows = "".join(f'"{n}","{n % 3}",{bare if n else "NA"}\n' for n in range(1, 13))
    (tmp_path / "d.csv").write_text(f'"id","state","y"\n{rows}')

    frame = read_source("d.csv", base=tmp_path)

    kinds = {name: kind_of(values, name) for name, values in frame.items()}
    assert kinds["state"] == ("label" if are_labels else "number")
    assert kinds["id"] == "number"  # no number recurs
    stated = Reading(types={"state": "number"})
    assert read_source("d.csv", base=tmp_path, reading=stated)["state"].dtype == int
