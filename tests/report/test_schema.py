"""The schema of results.json: what matches it, and how faults are reported."""

import copy
import json
import math
import re
from pathlib import Path

import pytest

import boostreg.report
from boostreg.errors import DataError
from boostreg.report.results import faults_of, json_schema
from boostreg.study.output import rebuild_report
from boostreg.study.run import read_results

SCHEMA = Path(boostreg.report.__file__).with_name("results.schema.json")
REPORTS = Path(__file__).parents[2] / "reports"
SHIPPED = sorted(path.parent for path in REPORTS.glob("*/results.json"))


@pytest.fixture(scope="module")
def results(run):
    return json.loads(json.dumps(run[0]))


@pytest.fixture
def stored(tmp_path):
    """Return a function that writes results into a folder and returns it."""

    def write(content):
        (tmp_path / "results.json").write_text(json.dumps(content), "utf-8")
        return tmp_path

    return write


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_shipped_results_have_the_form(folder):
    assert read_results(folder)["versions"]


@pytest.mark.parametrize("name", ["quickstart", "families", "claims-tables"])
def test_shipped_results_match_the_schema(name):
    jsonschema = pytest.importorskip("jsonschema", reason="no jsonschema")
    schema = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))

    content = read_results(SHIPPED[0].parent / name)

    schema.validate(content)


def test_made_up_results_have_the_form(run):
    assert faults_of(run[0]) == []


def test_shipped_schema_is_made_from_the_types():
    assert json.loads(SCHEMA.read_text("utf-8")) == json_schema()


def test_schema_refuses_what_the_types_refuse(results):
    jsonschema = pytest.importorskip("jsonschema", reason="no jsonschema")
    changed = copy.deepcopy(results)
    changed["engines"]["xgboost"]["best"]["outer"]["loss"] = "low"

    faults = list(
        jsonschema.Draft202012Validator(
            json.loads(SCHEMA.read_text("utf-8"))
        ).iter_errors(changed)
    )

    assert [".".join(map(str, fault.absolute_path)) for fault in faults] == [
        "engines.xgboost.best.outer.loss"
    ]
    assert faults_of(changed)[0].startswith("engines.xgboost.best.outer.loss: ")


def test_null_stands_for_a_number_that_is_none(results):
    changed = copy.deepcopy(results)
    changed["engines"]["xgboost"]["best"]["outer"]["low"] = None

    assert faults_of(changed) == []


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_number_that_json_lacks_is_a_fault(results, number):
    changed = copy.deepcopy(results)
    changed["engines"]["xgboost"]["best"]["outer"]["low"] = number

    (fault,) = faults_of(changed)

    where = "engines.xgboost.best.outer.low"
    assert fault == f"{where}: expected a finite number, found {number!r}"


@pytest.mark.parametrize(
    ("writer", "words"),
    [
        ("0.0.9", "by boostreg 0.0.9"),
        (boostreg.__version__, f"before a change to boostreg {boostreg.__version__}"),
    ],
)
def test_older_results_are_refused_with_what_does_not_match(
    results, stored, writer, words
):
    older = copy.deepcopy(results)
    older["versions"]["boostreg"] = writer
    older["study"]["tolerance"] = "1%"
    del older["engines"]["xgboost"]["one_se"]

    with pytest.raises(
        DataError,
        match=rf"results\.json was written {re.escape(words)} and does not match what "
        r"this version reads: study\.tolerance: expected a valid number, found '1%', "
        r"and 1 more\. Run the study again to rewrite it\.$",
    ):
        rebuild_report(stored(older))


@pytest.mark.parametrize("foreign", [[1], {"results": []}, "text", None])
def test_foreign_results_are_refused(foreign, stored):
    with pytest.raises(DataError, match=r"results\.json was not written by boostreg"):
        rebuild_report(stored(foreign))


def test_key_that_is_not_known_is_named(results):
    assert faults_of({**results, "extra": 1}) == ["extra is not known"]


@pytest.mark.parametrize("key", ["losses", "loss"])
def test_number_that_is_text_is_a_fault(results, key):
    changed = copy.deepcopy(results)
    changed["engines"]["xgboost"]["best"]["outer"][key] = "1.0"

    assert len(faults_of(changed)) == 1
