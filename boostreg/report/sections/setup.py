"""What was given and held fixed: data card, study, versions, how to run again."""

import copy
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, TypeGuard

from boostreg.report.results import CardData, LintData, Results, StudyData
from boostreg.report.sections.parameters import to_yaml
from boostreg.report.sections.words import TextTable, plain, table_of

__all__ = ["public", "setup_section", "without_folders"]

_MOST_COLUMNS = 60

# At least two folders deep and not behind a word or a colon, as in a web address.
_PATH = re.compile(r"(?<![\w:/.])(?:/[\w.+-]+){2,}|\b[A-Za-z]:(?:\\[\w.+ -]+)+")


def setup_section(results: Results) -> dict[str, Any]:
    """Return data card, fixed settings, environment and the way to run again."""
    study, card = _public_study(results["study"]), results["data"]
    return {
        "id": "setup",
        "nav": "Fixed, data, setup",
        "heading": results["text"]["headings"]["setup"],
        "data": _card(card),
        "tables": _card_tables(card),
        "notes": [public(note) for note in card["notes"]],
        "fixed": _fixed(study),
        "versions": [(name, plain(v)) for name, v in results["versions"].items()],
        "run": [(_words(k), plain(v)) for k, v in results["run"].items()],
        "yaml": to_yaml(study),
        "lint": [_finding(finding) for finding in results["lint"]],
        "commands": _commands(study, results["versions"]["boostreg"]),
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


def _public_study(study: StudyData) -> StudyData:
    """Return the study without what names a machine or lets one in."""
    shown = copy.deepcopy(study)
    if shown["search"]["storage"] is not None:
        shown["search"]["storage"] = "(left out)"
    if isinstance(shown["compute"]["executor"], Mapping):
        shown["compute"]["executor"] = {"dask": "(left out)"}
    shown["data"]["source"] = without_folders(shown["data"]["source"])
    return shown


def _card(data: CardData) -> list[tuple[str, str]]:
    return [
        (_words(key), without_folders(plain(value)))
        for key, value in data.items()
        if key != "notes" and value not in (None, "", []) and not _is_records(value)
    ]


def _card_tables(data: CardData) -> list[TextTable]:
    return [
        table_of(_caption(key, value), value[:_MOST_COLUMNS])
        for key, value in data.items()
        if _is_records(value)
    ]


def _caption(key: str, records: Sequence[object]) -> str:
    if len(records) <= _MOST_COLUMNS:
        return _words(key).capitalize()
    return f"{_words(key).capitalize()}: the first {_MOST_COLUMNS} of {len(records)}"


def _is_records(value: object) -> TypeGuard[list[dict[str, Any]]]:
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(item, dict) for item in value)


def _fixed(study: StudyData) -> list[tuple[str, str]]:
    wanted = {
        "seed": study["seed"],
        "penalties held": study["search"]["fixed"],
        "scale of penalties": study["search"]["scale"],
        "rounds": study["rounds"],
        "outer folds": study["validation"]["outer"],
        "inner folds": study["validation"]["inner"],
        "trials": study["search"]["trials"],
        "sampler": study["search"]["sampler"],
        "threads a fit": study["compute"]["threads"],
    }
    return [(name, plain(value)) for name, value in wanted.items()]


def _commands(study: StudyData, version: str) -> str:
    again = f"again/{study['name']}/"
    return (
        f"# boostreg {version}, in the folder of this page; writes {again}\n"
        "boostreg run study.yaml --out again\n"
    )


def _finding(finding: LintData) -> str:
    return " ".join((
        finding["code"], finding["where"], finding["text"], finding["advice"],
    ))  # fmt: skip


def _words(key: str) -> str:
    return str(key).replace("_", " ")
