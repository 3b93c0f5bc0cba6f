"""A table: its fingerprint, its rows, and its way to disk and back."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from boostreg.data import Column, Table, prepare_table
from boostreg.errors import DataError


@pytest.fixture
def table():
    """Return six rows with a category, a missing value, weights, groups and time."""
    frame = pd.DataFrame(
        {
            "size": [1.0, 2.0, np.nan, 4.0, 5.0, 6.0],
            'na\nme [<"é🌳': ["b", "a", None, "b", "a", "c"],
            "y": ["no", "yes", "no", "yes", "no", "yes"],
            "w": [1.0, 2.0, 1.0, 0.5, 1.0, 1.0],
            "g": [1, 1, 2, 2, 3, 3],
            "t": [1, 2, 3, 4, 5, 6],
        }
    )
    return prepare_table(frame, target="y", weights="w", groups="g", time="t")


def test_fingerprint_is_the_same_on_every_platform_and_version():
    table = Table(
        X=np.array([[1.0, 0.0], [np.nan, 1.0]]),
        y=np.array([0.5, 1.5]),
        columns=(Column("a"), Column("b", ("x", "é"))),
        task="regression",
        target="y",
    )

    assert table.fingerprint == (
        "1bd27cd77989c94cf05eaf8d68e029eed545d3a4eaac7770554555b376a135aa"
    )


def test_fingerprint_knows_one_zero_and_one_nan(table):
    X = table.X.copy()
    X[0, 0], X[1, 0] = -0.0, 0.0
    signed = np.where(np.isnan(X), -np.nan, X)

    plain = prepare_like(table, np.abs(X))

    assert prepare_like(table, signed).fingerprint == plain.fingerprint


def prepare_like(table, X):
    return Table(X=X, y=table.y, columns=table.columns, task="regression", target="y")


@pytest.mark.parametrize(
    "change",
    [
        {"X": np.zeros((6, 2))},
        {"y": np.zeros(6)},
        {"weights": None},
        {"groups": np.arange(6)},
        {"time": None},
        {"target": "z"},
        {"classes": ("no", "oh")},
        {"columns": (Column("size"), Column("colour", ("a", "b", "c")))},
    ],
    ids=lambda change: next(iter(change)),
)
def test_fingerprint_changes_with_everything_a_fit_can_see(table, change):
    parts = {name: getattr(table, name) for name in Table.__dataclass_fields__}

    assert Table(**parts | change).fingerprint != table.fingerprint


def test_fingerprint_ignores_notes(table):
    parts = {name: getattr(table, name) for name in Table.__dataclass_fields__}

    noted = Table(**parts | {"notes": ("Hello.",), "task_inferred": False})

    assert noted.fingerprint == table.fingerprint


def test_rows_takes_every_array_along(table):
    part = table.rows([4, 0])

    np.testing.assert_array_equal(part.X, table.X[[4, 0]])
    np.testing.assert_array_equal(part.y, table.y[[4, 0]])
    assert part.weights.tolist() == [1.0, 1.0]
    assert part.groups.tolist() == [2, 0]
    assert part.time.tolist() == [5.0, 1.0]
    assert (part.classes, part.columns) == (table.classes, table.columns)


def test_saved_table_comes_back_whole_with_its_matrix_mapped_read_only(table, tmp_path):
    table.save(tmp_path / "table")

    loaded = Table.load(tmp_path / "table")

    assert loaded.fingerprint == table.fingerprint
    assert loaded.notes == table.notes
    assert loaded.task_inferred
    assert isinstance(loaded.X, np.memmap)
    assert not loaded.X.flags.writeable


def test_saved_table_is_arrays_and_json_without_pickle(table, tmp_path):
    table.save(tmp_path)

    names = sorted(path.name for path in tmp_path.iterdir())

    assert names == [
        *("X.npy", "groups.npy", "table.json", "time.npy", "weights.npy", "y.npy"),
    ]
    for path in tmp_path.glob("*.npy"):
        np.load(path, allow_pickle=False)


@pytest.mark.parametrize("name", ["X.npy", "y.npy", "table.json"])
@pytest.mark.parametrize("damage", ["absent", "cut"])
def test_damaged_saved_table_is_refused_by_folder(table, tmp_path, name, damage):
    table.save(tmp_path)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).unlink()
    if damage == "cut":
        (tmp_path / name).write_bytes(whole[: len(whole) // 2])

    with pytest.raises(DataError, match="no table can be read here") as caught:
        Table.load(tmp_path)

    assert str(tmp_path) in str(caught.value)


def test_pickled_array_in_a_saved_table_is_not_opened(table, tmp_path):
    table.save(tmp_path)
    np.save(tmp_path / "y.npy", np.array([{}] * 6, dtype=object), allow_pickle=True)

    with pytest.raises(DataError, match="no table can be read here"):
        Table.load(tmp_path)


def test_arrays_that_do_not_fit_together_are_refused():
    with pytest.raises(DataError, match=r"got \(3, 1\) with 2 targets"):
        Table(
            X=np.zeros((3, 1)),
            y=np.zeros(2),
            columns=(Column("a"),),
            task="regression",
            target="y",
        )


def test_weights_of_another_length_are_refused(table):
    with pytest.raises(DataError, match=r"weights must be of shape \(6,\), got \(2,\)"):
        Table(
            X=table.X,
            y=table.y,
            columns=table.columns,
            task="regression",
            target="y",
            weights=np.ones(2),
        )


def test_reading_a_table_back_loads_no_pandas():
    script = "import boostreg.data, sys; sys.exit('pandas' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", script], check=False)

    assert done.returncode == 0


def test_categorical_gives_the_places_of_category_columns(table):
    assert table.categorical == (1,)
    assert (table.n_samples, table.n_features) == (6, 2)
