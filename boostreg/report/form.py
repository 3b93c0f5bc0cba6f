"""Whether something has the form of ``results.json``, and that form as JSON Schema."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import TypeAdapter, ValidationError

from boostreg.report.schema import Results

__all__ = ["faults_of", "json_schema", "shipped_schema"]


@cache
def _adapter() -> TypeAdapter[Results]:
    return TypeAdapter(Results)


def faults_of(results: object) -> list[str]:
    """Return what keeps ``results`` from being those of this version, place by place.

    >>> faults_of([])
    ['it is no JSON object']
    >>> faults_of({"run": {}})[0]
    'run.started is missing'
    """
    if not isinstance(results, Mapping):
        return ["it is no JSON object"]
    try:
        _adapter().validate_python(results)
    except ValidationError as error:
        return [_fault(one) for one in error.errors(include_url=False)]
    return []


def _fault(error: Mapping[str, Any]) -> str:
    where = ".".join(map(str, error["loc"]))
    match error["type"]:
        case "missing":
            return f"{where} is missing"
        case "extra_forbidden":
            return f"{where} is not known"
    message = str(error["msg"])
    return f"{where}: {message[:1].lower()}{message[1:]}"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``results.json``, made from its types."""
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "results.json of boostreg",
    }
    return head | _adapter().json_schema() | head


def shipped_schema() -> dict[str, Any]:
    """Return the JSON Schema that ships in the package."""
    text = files("boostreg.report").joinpath("results.schema.json").read_text("utf-8")
    content: dict[str, Any] = json.loads(text)
    return content
