"""What was given and held fixed: data card, study, versions, how to run again."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from boostreg.report.sections.parameters import to_yaml
from boostreg.report.sections.words import Table, dig, plain, table_of

__all__ = ["public", "setup_section", "without_folders"]

_MOST_COLUMNS = 60

# At least two folders deep and not behind a word or a colon, as in a web address.
_PATH = re.compile(r"(?<![\w:/.])(?:/[\w.+-]+){2,}|\b[A-Za-z]:(?:\\[\w.+ -]+)+")


def setup_section(results: Mapping[str, Any]) -> dict[str, Any]:
    """Return data card, fixed settings, environment and the way to run again."""
    study = _public_study(results.get("study") or {})
    versions = results.get("versions") or {}
    return {
        "id": "setup",
        "nav": "Fixed, data, setup",
        "heading": dig(results, "text", "headings", "setup"),
        "data": _card(results.get("data") or {}),
        "tables": _card_tables(results.get("data") or {}),
        "notes": [public(note) for note in dig(results, "data", "notes") or ()],
        "fixed": _fixed(study),
        "versions": [(name, plain(v)) for name, v in versions.items()],
        "run": [(_words(k), plain(v)) for k, v in (results.get("run") or {}).items()],
        "yaml": to_yaml(study) if study else "",
        "lint": [_finding(finding) for finding in results.get("lint") or ()],
        "commands": _commands(study, versions),
    }


def without_folders(source: str) -> str:
    """Return a path without its folders if it is absolute: they name a machine.

    >>> without_folders("/home/someone/data.csv"), without_folders("../data.csv")
    ('data.csv', '../data.csv')
    """
    for kind in (PurePosixPath, PureWindowsPath):
        if kind(source).is_absolute():
            return kind(source).name
    return source


def public(said: str) -> str:
    r"""Return a text whose absolute paths are file names: folders name a machine.

    >>> public(r"no file /home/someone/data.csv, nor C:\Users\me\x.csv")
    'no file data.csv, nor x.csv'
    """
    return _PATH.sub(lambda found: re.split(r"[/\\]", found[0])[-1], said)


def _public_study(study: Mapping[str, Any]) -> dict[str, Any]:
    """Return the study without what names a machine or lets one in."""
    shown = dict(study)
    if dig(study, "search", "storage") is not None:
        shown["search"] = {**study["search"], "storage": "(left out)"}
    if isinstance(dig(study, "compute", "executor"), Mapping):
        shown["compute"] = {**study["compute"], "executor": {"dask": "(left out)"}}
    if isinstance(source := dig(study, "data", "source"), str):
        shown["data"] = {**study["data"], "source": without_folders(source)}
    return shown


def _card(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (_words(key), without_folders(plain(value)))
        for key, value in data.items()
        if key != "notes" and value not in (None, "", []) and not _is_records(value)
    ]


def _card_tables(data: Mapping[str, Any]) -> list[Table]:
    return [
        table_of(_caption(key, value), value[:_MOST_COLUMNS])
        for key, value in data.items()
        if _is_records(value)
    ]


def _caption(key: str, records: list[Any]) -> str:
    if len(records) <= _MOST_COLUMNS:
        return _words(key).capitalize()
    return f"{_words(key).capitalize()}: the first {_MOST_COLUMNS} of {len(records)}"


def _is_records(value: Any) -> bool:
    listed = isinstance(value, list | tuple) and bool(value)
    return listed and all(isinstance(item, Mapping) for item in value)


def _fixed(study: Mapping[str, Any]) -> list[tuple[str, str]]:
    wanted = {
        "seed": study.get("seed"),
        "penalties held": dig(study, "search", "fixed"),
        "scale of penalties": dig(study, "search", "scale"),
        "rounds": study.get("rounds"),
        "outer folds": dig(study, "validation", "outer"),
        "inner folds": dig(study, "validation", "inner"),
        "trials": dig(study, "search", "trials"),
        "sampler": dig(study, "search", "sampler"),
        "threads a fit": dig(study, "compute", "threads"),
    }
    return [(name, plain(value)) for name, value in wanted.items() if value is not None]


def _commands(study: Mapping[str, Any], versions: Mapping[str, Any]) -> str:
    named = study.get("name") or "study"
    version = versions.get("boostreg") or "of any version"
    return (
        f"# boostreg {version}, in the folder of this page; writes again/{named}/\n"
        "boostreg run study.yaml --out again\n"
    )


def _finding(finding: Mapping[str, Any]) -> str:
    return " ".join(
        plain(finding[part]) for part in ("code", "where", "text", "advice")
    )


def _words(key: str) -> str:
    return str(key).replace("_", " ")
