"""The JSON Schema of study files: what it accepts, and that it is complete."""

import json
from pathlib import Path

import pytest

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
