"""What a study asks for and cannot have: said, never passed over."""

import io
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML

from boostreg.baselines import available_baselines, missing_extra, why_lacking
from boostreg.engines import Problem, get_engine
from boostreg.errors import BoostregError, Loc, StudyError, UnsupportedPenaltyError
from boostreg.fits.dask import check_address
from boostreg.losses import Objective
from boostreg.penalty import Space
from boostreg.penalty.linter import lacking
from boostreg.penalty.space import corners
from boostreg.study.claim_checks import unsupported_claims
from boostreg.study.faults import AT_KEY, PlacedFault, as_error, explain, show
from boostreg.study.files import write_text
from boostreg.study.spec import Dask, StudySpec
from boostreg.study.yaml_reader import Document, read_yaml
from boostreg.tuning.engine_space import EngineSpace
from boostreg.tuning.mirror import moved
from boostreg.tuning.proposals import without_gp

__all__ = [
    "Study",
    "check_baselines",
    "check_engines",
    "load_study",
    "unsupported",
    "without_effect",
    "write_study",
]


def unsupported(spec: StudySpec) -> Iterator[tuple[Loc, str]]:
    """Yield the keys that lead to what cannot be done, and the reason."""
    yield from unsupported_claims(spec)
    for name in spec.baselines:
        if missing := missing_extra(name):
            yield ("baselines",), missing
    search = spec.search
    if search.sampler == "gp" and (reason := without_gp(search.trials)):
        yield ("search", "sampler"), f"gp {reason}"
    executor = spec.compute.executor
    if isinstance(executor, Dask):
        try:
            check_address(executor.dask, allow_insecure=executor.allow_insecure)
        except StudyError as error:
            yield ("compute", "executor"), str(error)


def without_effect(spec: StudySpec) -> tuple[str, ...]:
    """Return a sentence for each setting that is accepted and does nothing.

    It is a default of the schema, so refusing it would refuse every such study.
    """
    if spec.search.racing and spec.search.sampler == "nsga2":
        return ("Sampler nsga2 weighs leaves against loss, so no trial was raced.",)
    return ()


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
        """Report an error that is raised within at a key: with line and column.

        Raises
        ------
        BoostregError
            The error, of its own kind, its message beginning with the place; with the
            key alone where the study was made from no file.
        """
        try:
            yield
        except BoostregError as error:
            loc = (*keys, *error.loc)
            key, text = ".".join(map(str, loc)), error.text.replace("\n", "\n  ")
            if self.document is None:
                raise type(error)(f"{key}: {text}") from error
            fault = PlacedFault(self.document.value_place(loc), key, text)
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
            PlacedFault(document.key_place(keys), ".".join(map(str, keys)), text)
            for keys, text in unsupported(spec)
        ]
    if faults:
        raise as_error(document.file, faults)
    return Study(spec, Path(path), document)


def _schema_faults(document: Document, error: ValidationError) -> list[PlacedFault]:
    told = {(fault.key, fault.place) for fault in document.faults}
    faults = []
    for one in error.errors(include_url=False):
        if one["type"] == "default_factory_not_called":  # follows from another
            continue
        loc, text = explain(one, StudySpec)
        at_key = one["type"] in AT_KEY
        place = document.key_place(loc) if at_key else document.value_place(loc)
        fault = PlacedFault(place, ".".join(map(str, loc)), text)
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


def check_engines(
    space: Space, spaces: Mapping[str, EngineSpace], problem: Problem
) -> None:
    """Check both ends of every range with its engine.

    ``space`` is the study's, ``spaces`` what each engine searches of it.

    Raises
    ------
    UnsupportedPenaltyError
        If an engine refuses one of them. Where another engine of the study takes the
        penalty, the message says how to search it with that one only.
    """
    for engine, own in spaces.items():
        for penalty in corners(own.ranges, own.fixed):
            try:
                get_engine(engine).check(penalty, problem)
            except UnsupportedPenaltyError as error:
                findings = _lacking(space, engine, tuple(spaces), problem)
                lines = "\n".join(str(finding) for finding in findings)
                refused = UnsupportedPenaltyError(lines or str(error))
                refused.loc = _refused_key(space, own.fixed, engine, problem)
                raise refused from None


def check_baselines(names: Sequence[str], objective: Objective) -> None:
    """Check that each baseline knows the objective.

    Raises
    ------
    StudyError
        If one does not; the message lists those that do.
    """
    known = available_baselines(objective)
    if lacking := [name for name in names if name not in known]:
        raise StudyError(
            f"{', '.join(lacking)} cannot minimise {objective.name} "
            f"({why_lacking(lacking[0], objective)}); available: {', '.join(known)}."
        )


def _lacking(
    space: Space, engine: str, engines: Sequence[str], problem: Problem
) -> Iterator[Any]:
    """Yield a finding for each penalty of the common space that others take."""
    for name, entry in space.entries.items():
        reasons = {e: get_engine(e).refusal(name, entry.high, problem) for e in engines}
        others = [e for e, reason in reasons.items() if reason is None]
        reason = reasons[engine]
        if reason and others:
            yield lacking(name, entry, engine=engine, others=others, reason=reason)


def _refused_key(
    space: Space, fixed: Mapping[str, Any], engine: str, problem: Problem
) -> Loc:
    """Return the keys below ``search`` that an engine refuses by itself, if any."""
    own = space.engine_entries.get(engine, {})
    values: dict[Loc, Any] = {("space", n): r.high for n, r in space.entries.items()}
    values |= {("space", engine, name): entry.high for name, entry in own.items()}
    values |= {("fixed", name): value for name, value in fixed.items()}
    for loc, value in values.items():
        if get_engine(engine).refusal(str(loc[-1]), value, problem):
            return loc
    return ()
