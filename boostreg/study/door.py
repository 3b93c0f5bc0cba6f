"""The door: a path goes in, a checked study comes out; and the way back."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError
from ruamel.yaml import YAML

from boostreg.errors import BoostregError, StudyError
from boostreg.study.faults import AT_KEY, Fault, as_error, explain, show
from boostreg.study.files import write_text
from boostreg.study.reading import Document, read_yaml
from boostreg.study.spec import StudySpec
from boostreg.study.support import unsupported
from boostreg.tuning.storage import moved

__all__ = ["Study", "load_study", "write_study"]

_NAMED = ("sklearn", "openml", "synthetic")
"""What stands before the colon of a source that is no path."""


@dataclass(frozen=True, slots=True)
class Study:
    """A spec, and the file that it came from.

    Attributes
    ----------
    spec : StudySpec
    path : Path
    document : Document or None
        The file's content with the place of each key, where it was read from a file.
    """

    spec: StudySpec
    path: Path
    document: Document | None = field(default=None, repr=False, compare=False)

    @property
    def base(self) -> Path:
        """The folder that a relative ``data.source`` starts from."""
        return self.path.resolve().parent

    @contextmanager
    def at(self, *keys: str) -> Iterator[None]:
        """Tell an error that is raised within at a key of the file: line and column.

        Raises
        ------
        BoostregError
            The error, of its own kind, its message beginning with the place.
        """
        try:
            yield
        except BoostregError as error:
            if self.document is None:
                raise
            inner = error.key.split(".") if error.key else ()
            loc = (*keys, *(int(k) if k.isdecimal() else k for k in inner))
            key, text = ".".join(map(str, loc)), str(error).replace("\n", "\n  ")
            text = text.removeprefix(f"{loc[-1]}: ")
            # Some say themselves where they stand.
            named = text.startswith((f"{keys[0]}.", f"{keys[0]}:"))
            fault = Fault(self.document.value_place(loc), "" if named else key, text)
            raise type(error)(fault.line(self.document.file)) from error


def load_study(path: str | Path) -> Study:
    """Read and check a study file.

    Parameters
    ----------
    path : str or Path
        A YAML file as described by ``StudySpec``.

    Raises
    ------
    StudyError
        If the file cannot be read, is not YAML, breaks the schema, or asks for what
        this version cannot do. All faults are told at once, one line each: file, line,
        column, key, what was found and what is allowed.
    """
    document = read_yaml(Path(path))
    if not isinstance(document.content, dict):
        found = "nothing" if document.content is None else show(document.content)
        raise StudyError(
            f"{path}: found {found}; expected a mapping with at least name and data."
        )
    faults = document.faults
    try:
        spec = StudySpec.model_validate(document.content)
    except ValidationError as error:
        faults += _schema_faults(document, error)
    else:
        faults += [
            Fault(document.key_place(keys), ".".join(map(str, keys)), text)
            for keys, text in unsupported(spec)
        ]
    if faults:
        raise as_error(document.file, faults)
    return Study(spec, Path(path), document)


def _schema_faults(document: Document, error: ValidationError) -> list[Fault]:
    told = {(fault.key, fault.place) for fault in document.faults}
    faults = []
    for one in error.errors(include_url=False):
        if one["type"] == "default_factory_not_called":  # follows from another
            continue
        loc, text = explain(one, StudySpec)
        at_key = one["type"] in AT_KEY
        place = document.key_place(loc) if at_key else document.value_place(loc)
        fault = Fault(place, ".".join(map(str, loc)), text)
        if (fault.key, place) not in told:
            faults.append(fault)
    return faults


def write_study(study: Study, path: Path) -> None:
    """Write a study with every default, to give the same results from its new place.

    Parameters
    ----------
    study : Study
    path : Path
        The new file. A relative source, and a relative path of a storage in SQLite,
        are rewritten to start from its folder.

    Raises
    ------
    RunError
        If the file cannot be written.
    """
    content = study.spec.as_dict()
    content["data"]["source"] = _moved(study, path)
    storage = study.spec.search.storage
    if storage is not None:
        content["search"]["storage"] = moved(storage, study.base, path.parent)
    write_text(path, to_yaml(content))


def _moved(study: Study, path: Path) -> str:
    source = study.spec.data.source
    named = source.partition(":")[0] in _NAMED
    if named or Path(source).is_absolute():
        return source
    moved = os.path.relpath(study.base / source, path.resolve().parent)
    return Path(moved).as_posix()


def to_yaml(content: dict[str, object]) -> str:
    """Return plain data as YAML, keys in their order."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = None
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment] # untyped
    yaml.width = 88
    stream = io.StringIO()
    yaml.dump(content, stream)
    return stream.getvalue()
