"""The data card, the settings of the study, versions, and how to run it again."""

import copy
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, TypeGuard

from boostreg.figures.scale import count, significant
from boostreg.report.results import Results, RunData
from boostreg.report.sections.parameters import to_yaml
from boostreg.report.wording import plain, spaced, table_of

__all__ = ["public", "run_facts", "setup_section", "without_folders"]

_MAX_COLUMNS = 60

# At least two folders deep and not behind a word or a colon, as in a web address.
_PATH = re.compile(r"(?<![\w:/.])(?:/[\w.+-]+){2,}|\b[A-Za-z]:(?:\\[\w.+ -]+)+")


def setup_section(results: Results) -> dict[str, Any]:
    """Return data card, settings, environment and the way to run again."""
    card, study = results["data"], copy.deepcopy(results["study"])
    # Leave out what names a machine or gives access to one.
    if study["search"]["storage"] is not None:
        study["search"]["storage"] = "(left out)"
    if isinstance(study["compute"]["executor"], Mapping):
        study["compute"]["executor"] = {"dask": "(left out)"}
    study["data"]["source"] = without_folders(study["data"]["source"])
    facts, tables = [], []
    for key, value in card.items():
        if _is_records(value):
            is_long = len(value) > _MAX_COLUMNS
            more = f": the first {_MAX_COLUMNS} of {len(value)}" if is_long else ""
            caption = f"{spaced(key).capitalize()}{more}"
            tables.append(table_of(caption, value[:_MAX_COLUMNS]))
        elif key != "notes" and value not in (None, "", []):
            facts.append((spaced(key), without_folders(plain(value))))
    settings = {
        "seed": study["seed"],
        "penalties held": study["search"]["fixed"],
        "scale of penalties": study["search"]["scale"],
        "rounds": study["rounds"],
        "outer folds": study["validation"]["outer"],
        "inner folds": study["validation"]["inner"],
        "trials": study["search"]["trials"],
        "sampler": study["search"]["sampler"],
        "tolerance": f"{significant(100 * study['tolerance'])}%",
        "threads per fit": study["compute"]["threads"],
    }
    device = study["compute"].get("device", "cpu")
    if device != "cpu":
        settings["device of XGBoost"] = device
    version = results["versions"]["boostreg"]
    return {
        "id": "setup",
        "nav": "Data and settings",
        "heading": results["text"]["headings"]["setup"],
        "summary": f"boostreg {version}, seed {study['seed']}, "
        f"{count(study['search']['trials'])} trials per engine and outer fold",
        "data": facts,
        "tables": tables,
        "notes": [public(note) for note in card["notes"]],
        "settings": [(name, plain(value)) for name, value in settings.items()],
        "versions": [(name, plain(v)) for name, v in results["versions"].items()],
        "run": list(run_facts(results["run"])),
        "yaml": to_yaml(study),
        "lint": [
            f"{one['code']} {one['where']} {one['text']} {one['advice']}"
            for one in results["lint"]
        ],
        "commands": (
            f"# boostreg {version}, in the folder of this page; writes "
            f"again/{study['name']}/\nboostreg run study.yaml --out again\n"
        ),
    }


def run_facts(run: RunData) -> Iterator[tuple[str, str]]:
    """Yield what is known of the run; fits that were read took another run's time."""
    fits, read = run["fits"], run["fits_from_journal"]
    yield "finished", run["finished"]
    if fits > read:
        others = f", without {count(read)} fits of earlier runs" if read else ""
        yield "seconds", f"{plain(run['seconds'])}{others}"
    yield "fits", count(fits)
    if read:
        yield "fits read from the journal", "all" if read == fits else count(read)
    yield "workers", count(run["workers"])
    yield "platform", run["platform"]


def _is_records(value: object) -> TypeGuard[list[dict[str, Any]]]:
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(item, dict) for item in value)


def without_folders(source: str) -> str:
    """Return a path without its folders if it is absolute: they name a machine.

    >>> without_folders("/home/someone/data.csv"), without_folders("../data.csv")
    ('data.csv', '../data.csv')
    """
    for kind in (PurePosixPath, PureWindowsPath):
        if kind(source).is_absolute():
            return kind(source).name
    return source


def public(text: str) -> str:
    r"""Return a text whose absolute paths are file names: folders name a machine.

    >>> public(r"no file /home/someone/data.csv, nor C:\Users\me\x.csv")
    'no file data.csv, nor x.csv'
    """
    return _PATH.sub(lambda found: re.split(r"[/\\]", found[0])[-1], text)
