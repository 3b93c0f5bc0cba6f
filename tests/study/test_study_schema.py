"""The JSON Schema of study files: what it accepts, and that it is complete."""

import json
import re
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from urllib.request import url2pathname

import pytest

from boostreg.study.draft import draft_study, write_draft
from boostreg.study.schema import DESCRIPTIONS, study_schema
from boostreg.study.yaml_reader import read_yaml

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "studies").rglob("*.yaml"))
SMALLEST = {"name": "a", "data": {"source": "a.csv", "target": "y"}}


@pytest.fixture(scope="module")
def validator():
    jsonschema = pytest.importorskip("jsonschema", reason="no jsonschema")
    schema = study_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


WRITTEN = sorted((ROOT / "reports").glob("*/study.yaml"))
FIRST_LINE = "# yaml-language-server: $schema="


def schema_named_in(path):
    """Return the schema that an editor finds for a study file."""
    first = path.read_text("utf-8").splitlines()[0]
    assert first.startswith(FIRST_LINE)
    address = first.removeprefix(FIRST_LINE)
    assert not re.search(r"\s", address)  # would end the address
    found = urljoin(path.resolve().as_uri(), address)
    return json.loads(Path(url2pathname(urlsplit(found).path)).read_text("utf-8"))


def test_first_line_of_a_shipped_study_leads_to_the_schema():
    schema = study_schema()

    others = [p for p in (*SHIPPED, *WRITTEN) if schema_named_in(p) != schema]

    assert others == []


def test_first_line_of_a_written_study_leads_to_the_schema(tmp_path):
    path = tmp_path / "a b" / "mine.yaml"
    path.parent.mkdir()

    write_draft(draft_study("synthetic:mixed", "target", path))

    assert schema_named_in(path) == study_schema()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_study_matches(validator, path):
    validator.validate(json.loads(json.dumps(read_yaml(path).content)))


def test_study_of_a_run_matches(validator):
    content = read_yaml(ROOT / "reports/quickstart/study.yaml").content

    validator.validate(json.loads(json.dumps(content)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"trails": 3},
        {"search": {"trails": 3}},
        {"search": {"trials": "many"}},
        {"search": {"space": {"reg_lamda": 1}}},
        {"search": {"fixed": {"reg_lamda": 1}}},
        {"engines": ["xgb"]},
        {"preset": "slow"},
        {"validation": {"outer": {"fold": 3}}},
        {"tolerance": "1 percent"},
        {"claims": [{"id": "a", "says": "b", "measure": "leaves"}]},
    ],
    ids=str,
)
def test_wrong_study_does_not_match(validator, wrong):
    assert validator.is_valid(SMALLEST)
    assert not validator.is_valid(SMALLEST | wrong)


def test_every_key_has_a_description_and_no_other():
    schema = study_schema()
    keys = dict(schema["properties"])
    for name, part in schema["$defs"].items():
        keys |= {f"{name}.{key}": one for key, one in part["properties"].items()}

    assert {key: one["description"] for key, one in keys.items()} == DESCRIPTIONS
