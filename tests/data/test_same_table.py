"""One table is the same from every file it can be written to."""

import gzip
import json
import lzma
import os
import re
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boostreg.data import Reading, prepare_table, read_source
from boostreg.errors import DataError

pytest.importorskip("openpyxl")


def by_r(frame, path, mark=",", decimal=".", encoding="utf-8"):
    """Write a file as R's ``write.csv``, or ``write.csv2`` with ``;`` and a comma.

    Text is in quotes, missing values are NA, numbers have 15 digits, truths are in
    capitals, and the first column, without a name, has the names of the rows.
    """

    def quoted(text):
        doubled = str(text).replace('"', '""')
        return f'"{doubled}"'

    def cell(value):
        if pd.isna(value):
            return "NA"
        match value:
            case bool() | np.bool_():
                return str(value).upper()
            case int() | np.integer():
                return str(value)
            case float() | np.floating():
                return f"{value:.15g}".replace(".", decimal)
        return quoted(value)

    lines = [mark.join(['""', *map(quoted, frame.columns)])]
    columns = [frame[name].astype(object).tolist() for name in frame.columns]
    for place, row in enumerate(zip(*columns, strict=True), start=1):
        lines.append(mark.join([quoted(place), *map(cell, row)]))
    path.write_text("\n".join([*lines, ""]), encoding)


def by_pandas(frame, path, **keys):
    frame.to_csv(path, **keys)


def compressed(write):
    """Return a writer of a compressed file, by what another writer writes."""

    def pack(frame, path):
        inner = path.with_name("inner.csv")
        by_r(frame, inner, ";", ",")
        write(path, inner.read_bytes())

    return pack


def as_zip(path, content):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("any/name.csv", content)


WRITERS = {
    "pandas.csv": by_pandas,
    "plain.csv": lambda frame, path: by_pandas(frame, path, index=False),
    "lines.csv": lambda frame, path: by_pandas(frame, path, lineterminator="\r\n"),
    "tab.tsv": lambda frame, path: by_pandas(frame, path, sep="\t"),
    "pipe.txt": lambda frame, path: by_pandas(frame, path, sep="|"),
    "europe.csv": lambda frame, path: by_pandas(frame, path, sep=";", decimal=","),
    "bom.csv": lambda frame, path: by_pandas(frame, path, encoding="utf-8-sig"),
    "wide.csv": lambda frame, path: by_pandas(frame, path, encoding="utf-16"),
    "r.csv": by_r,
    "r2.csv": lambda frame, path: by_r(frame, path, ";", ","),
    "r.csv.gz": compressed(lambda p, content: p.write_bytes(gzip.compress(content))),
    "r.csv.xz": compressed(lambda p, content: p.write_bytes(lzma.compress(content))),
    "r.csv.zip": compressed(as_zip),
    "d.parquet": lambda frame, path: frame.to_parquet(path),
    "d.feather": lambda frame, path: frame.to_feather(path),
    "d.xlsx": lambda frame, path: frame.to_excel(path),
}
MIXED = pd.DataFrame(
    {
        "real": [1.5, np.nan, -2e-7, 1234567.25, 0.0, 1e20] * 8,
        "whole, with comma": range(48),
        "gaps": [1.0, None, 3.0] * 16,
        'say "so"; or|not': ["plain", None, 'a "b"', "x,y", "u;v", "t\tt"] * 8,
        "größe": ["café", "naïve\nline", "Ελλάδα", "日本", "ø", " padded "] * 8,
        "flag": [True, False, False] * 16,
        "code": ["1", "2", "XL"] * 16,
        "y": np.linspace(-1, 1, 48).round(2),
    }
)


def read(path, target="y", task=None, **keys):
    reading = Reading(**keys)
    frame = read_source(str(path), base=path.parent, reading=reading)
    return prepare_table(frame, target=target, task=task, reading=reading)


def assert_same(table, other, tolerance=0.0):
    """Fail unless two tables have the same columns, kinds, labels and values."""
    assert table.columns == other.columns
    assert (table.task, table.classes) == (other.task, other.classes)
    np.testing.assert_allclose(table.X, other.X, rtol=tolerance)
    np.testing.assert_allclose(table.y, other.y, rtol=tolerance)


@pytest.mark.parametrize("name", WRITERS)
def test_mixed_table_is_the_same_from_every_file(tmp_path, name):
    WRITERS[name](MIXED, tmp_path / name)

    table = read(tmp_path / name)

    assert [c.name for c in table.columns] == list(MIXED.columns[:-1])
    for column, values, series in zip(
        table.columns, table.X.T, (MIXED[c.name] for c in table.columns), strict=True
    ):
        labels = np.array([*(column.categories or ()), None], dtype=object)
        if column.categories is None:
            np.testing.assert_array_equal(values, series.to_numpy(dtype=float))
        else:
            codes = np.nan_to_num(values, nan=-1).astype(int)
            found = pd.Series(labels[codes], dtype=object)
            assert found.isna().tolist() == series.isna().tolist()
            assert found.dropna().tolist() == series.dropna().tolist()
    assert [c.name for c in table.columns if c.categories] == [
        *('say "so"; or|not', "größe", "code"),
    ]
    np.testing.assert_array_equal(table.y, MIXED["y"])


TEXT = st.text(st.sampled_from("ab,;|\t\"'é\n.#-"), min_size=1, max_size=6).filter(
    lambda text: any(map(str.isalpha, text)) and text.strip() == text
)


NAME = st.text('ab"é\n.#- ', max_size=6)  # a separator in a name may be ambiguous


@st.composite
def tables(draw):
    """Return a table of numbers, truths and text that cannot be taken for numbers."""
    n = draw(st.integers(4, 30))
    frame = pd.DataFrame({"y": np.arange(n) % 3 + 0.5})
    for place in range(draw(st.integers(1, 3))):
        values = draw(
            st.sampled_from(
                [
                    st.lists(st.integers(-999, 999), min_size=n, max_size=n),
                    st.lists(st.booleans(), min_size=n, max_size=n),
                    st.lists(TEXT | st.none(), min_size=n, max_size=n),
                ]
            ).flatmap(lambda strategy: strategy)
        )
        numbers = (
            [v + 0.25 for v in values]
            if place % 2 == 0
            and all(isinstance(v, int) and not isinstance(v, bool) for v in values)
            else values
        )
        frame.insert(0, f"{draw(NAME)}{place}", numbers)
    return frame


@settings(max_examples=25, deadline=None)
@given(tables())
def test_any_table_is_the_same_from_text_and_parquet(tmp_path_factory, frame):
    folder = tmp_path_factory.getbasetemp()
    WRITERS["d.parquet"](frame, folder / "any.parquet")
    expected = read(folder / "any.parquet")

    for name in ("pandas.csv", "tab.tsv", "europe.csv", "r2.csv", "wide.csv"):
        WRITERS[name](frame, folder / name)
        assert_same(read(folder / name), expected)


def read_as_advised(path, target, task):
    """Read a file with the types that its errors name."""
    types = {}
    while True:
        try:
            return read(path, target, task=task, types=types)
        except DataError as error:
            doubtful = re.findall(r"column '(.+?)' has numbers below 1000", str(error))
            if not doubtful:
                raise
            types |= dict.fromkeys(doubtful, "number")


FOLDER = Path(os.environ.get("BOOSTREG_TABLES", "no such folder"))
INDEX = FOLDER / "index.json"
PUBLIC = json.loads(INDEX.read_text("utf-8")) if INDEX.is_file() else []


@pytest.mark.skipif(not PUBLIC, reason="BOOSTREG_TABLES names no folder of tables")
@pytest.mark.parametrize("entry", PUBLIC, ids=lambda entry: entry["name"])
def test_public_table_is_the_same_from_text_and_parquet(tmp_path, entry):
    frame = pd.read_parquet(FOLDER / entry["file"])
    frame = frame.sample(min(len(frame), 400), random_state=0, ignore_index=True)
    target, task = entry["target"], entry["task"]
    labelled = set(frame.select_dtypes("category")) - {target}
    codes = [
        name
        for name in labelled
        if pd.to_numeric(frame[name].astype(str), errors="coerce").notna().any()
    ]
    frame = frame.drop(columns=codes)  # a text file cannot say that they are labels
    if len(frame.columns) == 1:
        pytest.skip("all its features are labels that are numbers")
    frame.to_parquet(tmp_path / "d.parquet")
    expected = read(tmp_path / "d.parquet", target, task=task)

    for name in ("pandas.csv", "europe.csv", "r.csv", "r2.csv"):
        WRITERS[name](frame, tmp_path / name)
        found = read_as_advised(tmp_path / name, target, task=task)
        assert_same(found, expected, 1e-14)
