"""Files of strangers and of former runs: one message, and nothing written elsewhere.

``tests/benchmarks/fuzz.py`` does the random damage for as long as one likes.
"""

import json
import os
import shutil
import sqlite3
import time
import zlib
from datetime import datetime

import pytest
from fuzzing import (
    Models,
    Results,
    Studies,
    Tables,
    generator,
    outcome,
    repository,
    small_run,
)

from boostreg.errors import DataError, RunError, StudyError
from boostreg.fits.journal import _checksum as checksum
from boostreg.fits.timing import Timing
from boostreg.study import runner
from boostreg.study.article import claims_page
from boostreg.study.files import read_csv, write_csv, write_text
from boostreg.study.forecast import outline
from boostreg.study.load import load_study
from boostreg.study.output import rebuild_report
from boostreg.study.run import open_run
from boostreg.study.runner import run_study


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return the folder of a small run."""
    return small_run(tmp_path_factory.mktemp("run"))


def answers(attack, count):
    """Return how often an attack was refused in our words, and how often taken."""
    found = [outcome(attack, generator(case)) for case in range(count)]
    return sum(said is not None for said in found), found.count(None)


@pytest.fixture(autouse=True)
def untimed(monkeypatch):
    """Time no fits: what is read matters here."""

    def seconds(plan):
        return dict.fromkeys(plan.spec.engines, Timing(0.1, 0.1))

    monkeypatch.setattr("boostreg.study.forecast.time_engines", seconds)


def test_damaged_studies_and_rows_are_refused_in_plain_words(tmp_path):
    studies = sorted((repository() / "studies").rglob("*.yaml"))

    refused, taken = answers(Studies(tmp_path, studies), 40)

    assert refused > taken > 0


def test_damaged_models_with_a_fitting_card_crash_nothing(tmp_path):
    refused, taken = answers(Models(tmp_path), 300)

    assert refused > taken > 0


def test_damaged_results_are_one_message(tmp_path, run):
    refused, taken = answers(Results(tmp_path, [run]), 15)

    assert min(refused, taken) > 0


def test_damaged_tables_are_one_message(tmp_path, run):
    refused, taken = answers(Tables(tmp_path, run), 12)

    assert min(refused, taken) > 0


@pytest.fixture
def copied(tmp_path, run):
    """Return a study, its rows and its finished run, to be changed."""
    shutil.copytree(run.parents[1], tmp_path / "run")
    return tmp_path / "run" / "small.yaml", tmp_path / "run" / "small" / "small"


DAMAGE = ["[]", "null", '{"data": null}', "{", "[" * 5000, ""]


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda text: text[:9] or "empty")
def test_damaged_results_of_a_former_run_block_nothing(copied, damage):
    study, folder = copied
    (folder / "results.json").write_text(damage)

    said = outline(load_study(study), folder.parent)

    assert "the results of an earlier run are ignored" in said[-1]
    with pytest.raises(DataError, match=r"results\.json"):
        rebuild_report(folder)


def test_cut_table_is_told_with_its_line(copied):
    table = copied[1] / "trials.csv"
    table.write_bytes(table.read_bytes()[:-200])

    with pytest.raises(DataError, match=r"trials\.csv is not a table .*: line \d+ has"):
        rebuild_report(copied[1])
    with pytest.raises(DataError, match=r"trials\.csv is not a table"):
        open_run(copied[1]).trials  # noqa: B018 - reading is the test


@pytest.mark.parametrize("name", ["report.html", "results.json", "models/new.txt"])
def test_nothing_is_written_through_a_link(tmp_path, name):
    (tmp_path / "models").mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    for link in (tmp_path / name, tmp_path / f"{name}.part"):
        link.symlink_to(elsewhere)

    write_text(tmp_path / name, "ours")

    assert elsewhere.read_text() == "mine"
    assert (tmp_path / name).read_text() == "ours"
    assert not (tmp_path / name).is_symlink()


@pytest.mark.parametrize("name", ["models", "journal.db", "journal.db-wal"])
def test_links_in_the_place_of_a_run_s_own_are_refused_by_name(copied, tmp_path, name):
    study, folder = copied
    shutil.rmtree(folder / name, ignore_errors=True)
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(tmp_path / "elsewhere")

    with pytest.raises(RunError, match=rf"small/{name} is a symbolic link"):
        run_study(study, out=folder.parent, workers=1)
    assert not (tmp_path / "elsewhere").exists()


def test_link_in_the_place_of_a_run_is_refused(copied, tmp_path):
    study, _ = copied
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "small").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(StudyError, match="out/small is a symbolic link"):
        run_study(study, out=tmp_path / "out")


def test_what_a_killed_writer_left_goes(tmp_path):
    left, new = tmp_path / ".0.boostreg-part", tmp_path / ".1.boostreg-part"
    for path in (left, new):
        path.write_text("half")
    os.utime(left, (0, 0))

    write_text(tmp_path / "page.html", "whole")

    assert {path.name for path in tmp_path.iterdir()} == {"page.html", new.name}


def test_folder_in_the_place_of_a_file_is_told(tmp_path):
    (tmp_path / "report.html").mkdir()

    with pytest.raises(DataError, match=r"report\.html is a folder"):
        write_text(tmp_path / "report.html", "page")


def test_cells_are_never_formulas_and_numbers_stay_numbers(tmp_path):
    cells = ["=1+1", "+a", "-a", "@a", "\ta", "\ra", "-1", "+1.5e3", -1.5, "a=b"]

    write_csv(tmp_path / "t.csv", [{"=x": cell} for cell in cells], ["=x"])

    rows = read_csv(tmp_path / "t.csv")
    assert [str(row["'=x"]) for row in rows] == [
        *("'=1+1", "'+a", "'-a", "'@a", "'\ta", "'\ra", "-1", "1500.0", "-1.5", "a=b")
    ]


def test_claims_cannot_mark_up_their_page(copied):
    path = copied[1] / "results.json"
    says = "<img src=x onerror=f()> [a](javascript:f) | *b*\n| c"
    path.write_text(path.read_text().replace('"fewer | leaves"', json.dumps(says)))
    shutil.move(copied[1], copied[1].with_name("a|b (c) [d]"))

    lines = claims_page(copied[1].parent).splitlines()

    row = next(line for line in lines if "onerror" in line)
    assert r"&lt;img src=x onerror=f()&gt; \[a\](javascript:f) \| \*b\* \| c" in row
    assert "(a%7Cb%20%28c%29%20%5Bd%5D/report.html#claim-A)" in row
    assert row.replace(r"\|", "").count("|") == 10


def test_run_writes_anew_what_was_damaged_and_no_negative_time_if_the_clock_is_set_back(
    copied, monkeypatch
):
    before = json.loads((copied[1] / "results.json").read_text())["engines"]
    (copied[1] / "results.json").write_text("[]")

    class Clock(datetime):
        times = iter((datetime(2030, 1, 1), datetime(2020, 1, 1)))  # noqa: DTZ001

        @classmethod
        def now(cls, tz=None):
            return next(cls.times).replace(tzinfo=tz)

    monkeypatch.setattr(runner, "datetime", Clock)

    folder = run_study(copied[0], out=copied[1].parent, workers=1)

    results = json.loads((folder / "results.json").read_text())
    facts = results["run"]
    assert results["engines"] == before
    assert facts["seconds"] >= 0
    assert facts["finished"] >= facts["started"] >= "2030"


@pytest.mark.parametrize("packed", [True, False], ids=["packed", "not even packed"])
def test_journal_of_another_s_making_is_told(copied, packed):
    study, folder = copied
    content = zlib.compress(b"{}") if packed else b"{}"
    with sqlite3.connect(folder / "journal.db") as journal:
        for kind, key in journal.execute("SELECT kind, key FROM entry").fetchall():
            values = (content, checksum(kind, key, content), key)
            journal.execute(
                "UPDATE entry SET content=?, checksum=? WHERE key=?", values
            )
    journal.close()

    with pytest.raises(
        RunError, match="an entry that this version of boostreg did not write"
    ):
        run_study(study, out=folder.parent, workers=1)


def test_folds_are_counted_before_they_are_made(copied):
    study, folder = copied
    many = "{folds: 100, repeats: 1000}, inner: {folds: 50, repeats: 1000}}"
    text = study.read_text().replace("{folds: 2}, inner: {folds: 2}}", many)
    study.write_text(text)
    started = time.monotonic()

    with pytest.raises(StudyError, match=r"are 5,000,150,000 folds; the maximum for"):
        outline(load_study(study), folder.parent)
    assert time.monotonic() - started < 2
