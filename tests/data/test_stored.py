"""A large file, read column by column, is the table that a DataFrame gives."""

import csv
import json
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boostreg.data import (
    FileColumns,
    Reading,
    Table,
    arrow,
    data_card,
    open_source,
    prepare_table,
    read_source,
    stored,
    text,
    text_cells,
)
from boostreg.data.files import file_facts
from boostreg.errors import DataError, RunError

N_ROWS = 60


large = pytest.mark.usefixtures("every_table_is_large")


@pytest.fixture
def every_table_is_large(monkeypatch):
    """Treat every table as a large one."""
    for module in (arrow, stored):
        monkeypatch.setattr(module, "LARGE", 1)
    # Blocks of a few rows.
    for name, number in (("MANY_CELLS", 1), ("_CELLS", 40), ("_MIN_ROWS", 1)):
        monkeypatch.setattr(text, name, number)
    monkeypatch.setattr("boostreg.data.table.LARGE", 1)


def make_frame():
    """Return columns of every kind, with what notes are about."""
    rng = np.random.default_rng(0)
    y = rng.normal(size=N_ROWS).round(3)
    text = np.array(["u", "é", "12 mm", "?"], dtype=object)
    frame = pd.DataFrame(
        {
            "Unnamed: 0": np.arange(N_ROWS),
            "float": rng.normal(size=N_ROWS).astype(np.float32),
            "whole": rng.integers(0, 9, N_ROWS),
            "nullable": pd.array([1, None, 3] * (N_ROWS // 3), dtype="Int64"),
            "flag": rng.random(N_ROWS) < 0.5,
            "text": text[rng.integers(0, 4, N_ROWS)],
            "kind": pd.Categorical(rng.choice(["b", "a", "c"], N_ROWS)),
            "spelled": [f"{v:.1f}" for v in rng.normal(size=N_ROWS)],
            "same": np.ones(N_ROWS),
            "id": np.arange(N_ROWS) * 1.0,
            "a.b": rng.normal(size=N_ROWS),
            "a": rng.normal(size=N_ROWS),
            "beyond": rng.integers(2**53, 2**60, N_ROWS),
            "w": rng.uniform(1, 2, N_ROWS),
            "g": rng.integers(10, 19, N_ROWS),
            "t": pd.date_range("2024-01-01", periods=N_ROWS),
        }
    )
    frame["twice"] = -3 * frame["float"].astype(float)
    frame["answer"] = 2 * y + 1
    frame["y"] = y
    return frame


def write(folder, name, frame, rows=N_ROWS):
    path = folder / name
    table = pa.Table.from_pandas(frame, preserve_index=False)
    pq.write_table(table, path, row_group_size=rows)
    return path


KEYS = {"target": "y", "weights": "w", "groups": "g", "time": "t"}


def same(found: Table, expected: Table) -> bool:
    return (
        found.columns == expected.columns
        and found.notes == expected.notes
        and found.fingerprint == expected.fingerprint
    )


@large
@pytest.mark.parametrize("missing", [None, ("?", "3")], ids=["usual", "stated"])
def test_columns_of_a_file_give_the_same_table_and_notes(tmp_path, missing):
    write(tmp_path, "t.parquet", make_frame(), rows=7)
    reading = Reading(missing=missing)
    columns = open_source("t.parquet", base=tmp_path, reading=reading)
    frame = read_source("t.parquet", base=tmp_path, reading=reading)

    found = prepare_table(columns, reading=reading, **KEYS)
    expected = prepare_table(frame, reading=reading, **KEYS)

    assert isinstance(columns, FileColumns)
    assert isinstance(found.X, np.memmap)
    assert len(expected.notes) > 5
    assert same(found, expected)
    assert json.dumps(data_card(found, "s")) == json.dumps(data_card(expected, "s"))


@large
def test_parts_of_a_folder_are_joined_column_by_column(tmp_path):
    frame = make_frame()
    frame["whole"] = frame["whole"].astype(np.int32)
    (tmp_path / "parts").mkdir()
    write(tmp_path / "parts", "2.parquet", frame[20:])
    early = frame[:20].assign(whole=frame["whole"][:20].astype(np.int64))
    write(tmp_path / "parts", "1.parquet", early[frame.columns[::-1]])

    found, expected = (
        prepare_table(read("parts", base=tmp_path), **KEYS)
        for read in (open_source, read_source)
    )

    assert same(found, expected)


@large
def test_parts_with_other_columns_are_refused_before_any_is_read(tmp_path):
    write(tmp_path, "1.parquet", make_frame())
    write(tmp_path, "2.parquet", make_frame().drop(columns="flag"))

    with pytest.raises(DataError, match="only one of them has 'flag'"):
        open_source(".", base=tmp_path)


@large
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("float", [np.inf, *[0.0] * (N_ROWS - 1)]),
        ("float", [[1]] * N_ROWS),
        ("y", [None, *[0.5] * (N_ROWS - 1)]),
        ("w", [-1.0] * N_ROWS),
    ],
    ids=["infinite", "list", "no target", "negative weight"],
)
def test_errors_are_those_of_a_data_frame(tmp_path, name, values):
    write(tmp_path, "t.parquet", make_frame().assign(**{name: values}))

    messages = []
    for read in (open_source, read_source):
        with pytest.raises(DataError) as caught:
            prepare_table(read("t.parquet", base=tmp_path), **KEYS)
        messages.append((str(caught.value), caught.value.loc))

    assert messages[0] == messages[1]


def written_text(folder, frame, **marks):
    path = folder / "t.csv"
    frame.assign(when=frame["t"].astype(str)).to_csv(path, index=False, **marks)
    return path


@large
@pytest.mark.parametrize("missing", [None, ("?", "3")], ids=["usual", "stated"])
@pytest.mark.parametrize("marks", [",.", ";,"])
def test_columns_of_a_text_file_give_the_same_table_and_notes(tmp_path, missing, marks):
    mark, decimal = marks
    frame = make_frame().drop(columns="spelled")  # its decimals are always points
    written_text(tmp_path, frame, sep=mark, decimal=decimal)
    reading = Reading(missing=missing)
    columns = open_source("t.csv", base=tmp_path, reading=reading)
    frame = read_source("t.csv", base=tmp_path, reading=reading)

    keys = KEYS | {"reading": reading, "drop": ["when"]}
    found, expected = (prepare_table(one, **keys) for one in (columns, frame))

    assert isinstance(columns, FileColumns)
    assert isinstance(found.X, np.memmap)
    assert len(expected.notes) > 5
    assert same(found, expected)


CELLS = st.sampled_from(
    [
        *("1", "0", "-2.5", "1.234", "12.345", "1,234", "0,5", "1e3", "007", "7"),
        *("TRUE", "False", "", " ", "NA", "None", "?", "a", "é", "two\nlines", '"q"'),
        "9" * 25,
    ]
)


@large
@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_read_alike_whether_it_is_large_or_not(tmp_path, monkeypatch, data):
    n_rows, n_columns = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 4))
    palettes = [data.draw(st.lists(CELLS, min_size=1)) for _ in range(n_columns)]
    rows = [
        [data.draw(st.sampled_from(own)) for own in palettes] for _ in range(n_rows)
    ]
    mark = data.draw(st.sampled_from([",", ";", "|"]))
    header = [f"c{k}" for k in range(n_columns)]
    with (tmp_path / "t.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=mark).writerows([header, *rows])
    monkeypatch.setattr(text_cells, "_HEAD", data.draw(st.integers(1, 60)))
    missing = data.draw(st.sampled_from([None, ("?",), ("-2.5", "7")]))
    reading = Reading(
        missing=missing, thousands=data.draw(st.sampled_from([None, "."]))
    )

    results = []
    for read in (open_source, read_source):
        try:
            found = read("t.csv", base=tmp_path, reading=reading)
        except DataError as error:
            results.append((str(error), error.loc))
        else:
            frame = pd.DataFrame({name: found[name] for name in found.columns})
            kinds = frame.dtypes.astype(str).tolist()
            results.append((kinds, frame.to_dict("list"), file_facts(found)))

    assert str(results[0]) == str(results[1])


@large
def test_cells_of_a_large_text_file_are_in_memory_by_block_or_by_column(
    tmp_path, monkeypatch
):
    make_frame().to_csv(tmp_path / "t.csv", index=False)
    n_columns, sizes = make_frame().shape[1], []

    class Spied(text_cells.StoredCells):
        def __init__(self, blocks):
            kept = list(blocks)
            sizes.extend(block.size for block in kept)
            super().__init__(kept)

    monkeypatch.setattr(text, "StoredCells", Spied)
    open_source("t.csv", base=tmp_path)

    assert sum(sizes) == N_ROWS * n_columns
    assert max(sizes) == 40 // n_columns * n_columns


def test_small_files_and_other_sources_are_data_frames(tmp_path):
    write(tmp_path, "t.parquet", make_frame())
    written_text(tmp_path, make_frame())

    for source in ("t.parquet", "t.csv", "sklearn:wine"):
        assert isinstance(open_source(source, base=tmp_path), pd.DataFrame)


@large
def test_a_table_in_a_file_is_saved_and_loaded_unchanged(tmp_path):
    table = prepare_table(make_frame(), **KEYS)
    table.save(tmp_path)
    loaded = Table.load(tmp_path)

    assert loaded.X.flags.f_contiguous
    assert loaded.fingerprint == table.fingerprint
    np.testing.assert_array_equal(loaded.rows([3, 1]).X, table.X[[3, 1]])


@large
@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files")
@pytest.mark.parametrize("room", [1000, 5000], ids=["cells", "numbers"])
def test_a_disk_too_small_for_text_is_an_error_that_names_the_folder(tmp_path, room):
    import resource

    # 2,400 bytes as text, 9,600 as numbers.
    digits = np.arange(1200).reshape(60, 20) % 10
    pd.DataFrame(digits).to_csv(tmp_path / "t.csv", index=False)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        with pytest.raises(RunError, match="cannot hold a copy of the data: File too"):
            open_source("t.csv", base=tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@large
def test_a_full_disk_is_an_error_that_names_the_folder(monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stored.tempfile, "TemporaryFile", full)

    with pytest.raises(RunError, match="cannot hold a copy of the data: No space left"):
        prepare_table(make_frame(), **KEYS)
