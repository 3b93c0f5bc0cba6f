"""Reads, checks and writes study files."""

import io
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from ruamel.yaml import YAML

from boostreg.baselines import available_baselines, missing_extra, why_lacking
from boostreg.data import (
    FileColumns,
    Splits,
    Table,
    expanded,
    file_facts,
    is_named,
    open_source,
    prepare_table,
)
from boostreg.engines import Problem, get_engine
from boostreg.errors import BoostregError, Loc, StudyError, UnsupportedPenaltyError
from boostreg.fits.dask import check_address
from boostreg.losses import Objective
from boostreg.penalty import Space
from boostreg.penalty.linter import lacking
from boostreg.penalty.space import corners
from boostreg.study.claim_checks import unsupported_claims
from boostreg.study.faults import Place, as_error, describe, explain, show
from boostreg.study.files import SCHEMA, schema_line, write_text
from boostreg.study.presets import own_keys
from boostreg.study.spec import Dask, StudySpec
from boostreg.study.yaml_reader import Document, parse_yaml, read_yaml
from boostreg.tuning.engine_space import EngineSpace
from boostreg.tuning.mirror import moved
from boostreg.tuning.proposals import without_gp

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Study",
    "as_content",
    "check_baselines",
    "check_engines",
    "check_machines",
    "checked_study",
    "checked_table",
    "load_study",
    "read_frame",
    "read_table",
    "study_of",
    "unsupported",
    "without_effect",
    "write_study",
]


def unsupported(spec: StudySpec) -> Iterator[tuple[Loc, str]]:
    """Yield what this installation or study cannot do: the keys, and the reason."""
    for fault in unsupported_claims(spec):
        yield fault.loc, describe(fault)
    for name in spec.baselines:
        if missing := missing_extra(name):
            yield ("baselines",), missing
    search = spec.search
    if search.sampler == "gp" and (reason := without_gp(search.trials)):
        yield ("search", "sampler"), f"gp {reason}"
    for name in spec.engines:
        try:
            get_engine(name).check_device(spec.compute.device)
        except StudyError as error:
            yield ("compute", "device"), str(error)
    executor = spec.compute.executor
    if isinstance(executor, Dask):
        try:
            check_address(executor.dask, allow_insecure=executor.allow_insecure)
        except StudyError as error:
            yield ("compute", "executor"), str(error)


def without_effect(spec: StudySpec) -> tuple[str, ...]:
    """Return a sentence for each default or preset without effect in this study."""
    notes = []
    if spec.search.racing and spec.search.sampler == "nsga2":
        notes.append("The sampler nsga2 trades leaves against loss, so racing is off.")
    own = own_keys(spec.preset, spec.as_dict())
    if own and spec.preset != "default":
        notes.append(
            f"The preset {spec.preset} does not change {', '.join(own)}, which the "
            "study sets."
        )
    return tuple(notes)


@dataclass(frozen=True, slots=True)
class Study:
    """A spec, and the file that it came from.

    ``document`` has the position of each key; it is None without a file. ``rows`` is
    what ``read_table`` returns, if it was read already.
    """

    spec: StudySpec
    path: Path
    document: Document | None = field(default=None, repr=False, compare=False)
    rows: tuple[Table, str | None] | None = field(
        default=None, repr=False, compare=False
    )

    @property
    def base(self) -> Path:
        """The folder to which ``data.source`` is relative."""
        return self.path.resolve().parent

    @contextmanager
    def at(self, *keys: str) -> Iterator[None]:
        """Add the line, column and key to errors that are raised in the block.

        Their type does not change. Without a file, only the key is added.
        """
        try:
            yield
        except BoostregError as error:
            loc = (*keys, *error.loc)
            key, text = ".".join(map(str, loc)), error.text.replace("\n", "\n  ")
            if self.document is None:
                raise type(error)(f"{key}: {text}") from error
            fault = self.document.fault(loc, text)
            raise type(error)(fault.line(self.document.file)) from error


def load_study(path: str | Path, changes: Sequence[str] = ()) -> Study:
    """Read and check a study file, as described by ``StudySpec``.

    Each of ``changes`` is ``KEY=VALUE`` and sets a key of the study by its path, such
    as ``search.trials=10``; the value is YAML.

    Raises
    ------
    StudyError
        If the file cannot be read, is not YAML, breaks the schema, or requests what
        this version cannot do. All errors are reported at once, one per line: file,
        line, column, key, what was found and what is allowed.
    """
    document = read_yaml(Path(path))
    if not isinstance(document.content, dict):
        empty = document.content is None
        found = "the file is empty" if empty else f"found {show(document.content)}"
        raise StudyError(
            f"{path}: {found}; expected a mapping with at least the keys name and data."
        )
    return checked_study(document, Path(path), changes)


def study_of(content: Mapping[str, Any]) -> Study:
    """Return the study of a mapping with the keys of a study file.

    Paths in it are relative to the working directory. Raises StudyError as
    ``load_study``.
    """
    document = Document("the study", top=Place(1, 1, "the study"))
    document.content = as_content(content)
    return checked_study(document, Path("from-python.yaml"))


def as_content(value: Any) -> Any:
    """Return values from Python as those of a study file: mappings and tuples."""
    if isinstance(value, Mapping):
        return {key: as_content(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return tuple(map(as_content, value))
    return value


def checked_study(document: Document, path: Path, changes: Sequence[str] = ()) -> Study:
    """Return the study of a document with a mapping, see ``load_study``."""
    for change in changes:
        _set(document, change)
    faults = document.faults
    known = {(fault.key, fault.place) for fault in faults}
    try:
        spec = StudySpec.model_validate(document.content)
    except ValidationError as error:
        for one in error.errors(include_url=False):
            if one["type"] == "default_factory_not_called":  # follows from another
                continue
            loc, text, at_key = explain(one, StudySpec)
            fault = document.fault(loc, text, of_key=at_key)
            if (fault.key, fault.place) not in known:
                faults.append(fault)
    else:
        faults += [
            document.fault(keys, text, of_key=True) for keys, text in unsupported(spec)
        ]
    if faults:
        raise as_error(document.file, faults)
    return Study(spec, path, document)


def _set(document: Document, change: str) -> None:
    """Set a key of a document, given as ``KEY=VALUE``."""
    key, equals, text = change.partition("=")
    loc, origin = tuple(key.split(".")), f"--set {key}"
    if not equals or "" in loc:
        raise StudyError(
            f"--set needs KEY=VALUE, such as --set search.trials=10, got {change!r}."
        )
    value = parse_yaml(text, origin)
    for fault in value.faults:
        place = replace(fault.place, origin=origin)
        path = ".".join(filter(None, (key, fault.key)))
        document.faults.append(replace(fault, place=place, key=path))
    document.change(loc, value.content, origin)


def read_table(study: Study) -> tuple[Table, str | None]:
    """Return the rows of a study, and the decimal mark if they are of a text file.

    Raises DataError if they cannot be read or used.
    """
    if study.rows is not None:
        return study.rows
    frame = read_frame(study)
    return checked_table(study, frame), file_facts(frame).decimal


def read_frame(study: Study) -> "pd.DataFrame | FileColumns":
    """Return the rows of a study as its source has them."""
    data = study.spec.data
    with study.at("data"):
        return open_source(data.source, base=study.base, reading=data.reading)


def checked_table(study: Study, frame: "pd.DataFrame | FileColumns") -> Table:
    """Return the rows of a study as its keys say they are used."""
    data = study.spec.data
    with study.at("data"):
        return prepare_table(
            frame,
            target=data.target,
            task=data.task,
            drop=data.drop,
            keep=data.keep,
            groups=data.groups,
            time=data.time,
            weights=data.weights,
            offset=data.offset,
            reading=data.reading,
        )


def write_study(study: Study, path: Path) -> None:
    """Write a study with every default; it gives the same results from its new place.

    The paths of the source and of an SQLite storage stay relative if they were. The
    first line names the schema in the parent folder, which ``write_run`` writes.
    """
    content, source = study.spec.as_dict(), study.spec.data.source
    if not is_named(source) and not Path(expanded(source)).is_absolute():
        relative = os.path.relpath(study.base / source, path.resolve().parent)
        content["data"]["source"] = Path(relative).as_posix()
    storage = study.spec.search.storage
    if storage is not None:
        content["search"]["storage"] = moved(storage, study.base, path.parent)
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = None
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment] # untyped
    yaml.width = 88
    stream = io.StringIO()
    stream.write(f"{schema_line(f'../{SCHEMA.name}')}\n")
    yaml.dump(content, stream)
    write_text(path, stream.getvalue())


_ROWS_PER_MACHINE = 100
"""Minimum number of training rows per machine of a fit."""


def check_machines(spec: StudySpec, objective: Objective, splits: Splits) -> None:
    """Raise StudyError if several machines cannot share each fit of a study."""
    machines = spec.compute.machines
    if machines == 1:
        return
    if spec.compute.device != "cpu":
        raise StudyError("several machines share a fit on their CPUs; set device: cpu.")
    if spec.budget is not None:
        raise StudyError(
            "a budget times fits on one machine; remove it, or set machines: 1."
        )
    for engine in spec.engines:
        get_engine(engine).check_machines(objective)
    folds = [*splits.outer]
    if not splits.searched:  # otherwise a fit of a search runs on one machine
        folds += chain.from_iterable(splits.inner.values())
    n_train, n_test = (
        min(map(len, parts))
        for parts in zip(*((fold.train, fold.test) for fold in folds), strict=True)
    )
    needed = machines * _ROWS_PER_MACHINE
    if n_train < needed or n_test < machines:
        raise StudyError(
            f"{machines} machines need {needed:,} training rows and {machines} test "
            f"rows in every fold, but one has {n_train:,} and one {n_test:,}; use "
            "fewer machines."
        )


def check_engines(
    space: Space, spaces: Mapping[str, EngineSpace], problem: Problem
) -> None:
    """Check both ends of every range with its engine.

    ``space`` is the study's, ``spaces`` the part that each engine searches. Raises
    UnsupportedPenaltyError; if another engine of the study supports the penalty, the
    message says how to search it with that engine only.
    """
    for engine, own in spaces.items():
        for penalty in corners(own.ranges, own.fixed):
            try:
                get_engine(engine).check(penalty, problem)
            except UnsupportedPenaltyError as error:
                findings = []
                for name, entry in space.entries.items():
                    reasons = {
                        e: get_engine(e).refusal(name, entry.high, problem)
                        for e in spaces
                    }
                    others = [e for e, reason in reasons.items() if reason is None]
                    if others and (reason := reasons[engine]):
                        finding = lacking(
                            name, entry, engine=engine, others=others, reason=reason
                        )
                        findings.append(str(finding))
                refused = UnsupportedPenaltyError("\n".join(findings) or str(error))
                refused.loc = _refused_key(space, own.fixed, engine, problem)
                raise refused from None


def check_baselines(names: Sequence[str], objective: Objective) -> None:
    """Raise StudyError unless each baseline supports the objective."""
    known = available_baselines(objective)
    if others := [name for name in names if name not in known]:
        raise StudyError(
            f"{', '.join(others)} cannot minimise {objective.name} "
            f"({why_lacking(others[0], objective)}); available: {', '.join(known)}."
        )


def _refused_key(
    space: Space, fixed: Mapping[str, Any], engine: str, problem: Problem
) -> Loc:
    """Return the keys in ``search`` of the first value that an engine rejects alone."""
    own = space.engine_entries.get(engine, {})
    values: dict[Loc, Any] = {("space", n): r.high for n, r in space.entries.items()}
    values |= {("space", engine, name): entry.high for name, entry in own.items()}
    values |= {("fixed", name): value for name, value in fixed.items()}
    for loc, value in values.items():
        if get_engine(engine).refusal(str(loc[-1]), value, problem):
            return loc
    return ()
