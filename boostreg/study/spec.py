"""What a study file may say: the classes mirror the YAML key by key.

Every default that a study has stands here, and nowhere else. A spec is checked when it
is made, and never changes.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    PlainValidator,
    PositiveInt,
    Tag,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from boostreg.baselines import BASELINES, DEFAULT_BASELINES
from boostreg.data import Reading, Task
from boostreg.engines import ENGINES
from boostreg.errors import StudyError
from boostreg.penalty import PENALTIES, Scale, Space
from boostreg.study.checks import (
    FIXED,
    all_of,
    check_class_weights,
    check_fixed,
    check_memory,
    check_missing,
    check_monotone,
    check_objective,
    check_priors,
    check_reading,
    check_space,
    check_types,
    distinct,
    one_of,
    searched,
    settle_fixed,
)
from boostreg.study.claim_spec import ClaimSpec, distinct_ids
from boostreg.study.faults import contradiction, detail, details, rule, tag
from boostreg.study.strict import Strict, Text
from boostreg.tuning import Sampler
from boostreg.tuning.mirror import check_storage, masked

__all__ = [
    "Compute",
    "Dask",
    "Data",
    "Effects",
    "Folds",
    "Holdout",
    "Limits",
    "Paths",
    "Rounds",
    "Search",
    "Select",
    "StudySpec",
    "Validation",
]

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")

Share = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]


Name = Annotated[str, Field(max_length=1000)]
"""Of a column; it may be empty."""


class Data(Strict):
    """Where the rows come from, and what its columns are for."""

    source: Text
    target: Name
    task: Task | None = None
    objective: Any = None
    drop: Annotated[tuple[Name, ...], AfterValidator(distinct)] = ()
    groups: Name | None = None
    time: Name | None = None
    weights: Name | None = None
    class_weights: Annotated[Any, AfterValidator(check_class_weights)] = None
    monotone: Annotated[Any, AfterValidator(check_monotone)] = Field(
        default_factory=dict
    )
    missing: Annotated[Any, AfterValidator(check_missing)] = None
    decimal: Text = Reading().decimal
    thousands: Text | None = Reading().thousands
    separator: Text = Reading().separator
    encoding: Text = Reading().encoding
    types: Annotated[Any, AfterValidator(check_types)] = Field(default_factory=dict)

    @property
    def reading(self) -> Reading:
        """How the cells of a file are read."""
        return Reading(
            missing=self.missing,
            decimal=self.decimal,
            thousands=self.thousands,
            separator=self.separator,
            encoding=self.encoding,
            types=self.types,
        )

    @field_validator("decimal", "thousands", "separator", "encoding", mode="after")
    @classmethod
    def _cells_can_be_read(cls, value: Any, info: ValidationInfo) -> Any:
        before = {"decimal": info.data["decimal"]} if "decimal" in info.data else {}
        return check_reading(str(info.field_name), value, before)

    @field_validator("objective", mode="after")
    @classmethod
    def _objective_suits_the_task(cls, value: Any, info: ValidationInfo) -> Any:
        return check_objective(value, info.data.get("task"))

    @field_validator("drop", "groups", "time", "weights", mode="after")
    @classmethod
    def _target_has_no_other_use(cls, value: Any, info: ValidationInfo) -> Any:
        target = info.data.get("target")
        used = value if isinstance(value, tuple) else (value,)
        if target is not None and target in used:
            raise rule("a column other than the target")
        return value


class Rounds(Strict):
    """How long an ensemble may grow, and when it stops earlier."""

    max: Count = 500
    patience: Count = 30


def _check_storage(value: Any) -> str | None:
    """Check the URL of a storage; what is told of it holds no password."""
    if value is None:
        return None
    if not isinstance(value, str):
        wrong = "found no text; expected the URL of a storage."
        raise contradiction(wrong, at=("search", "storage"))
    try:
        check_storage(value)
    except StudyError as error:
        faults = details(replace(fault, loc=()) for fault in error.faults)
        raise ValidationError.from_exception_data("storage", faults) from None
    return value


class Search(Strict):
    """What is tried, and how."""

    trials: Count = 40
    timeout: Annotated[float, Field(gt=0)] | None = None
    sampler: Sampler = "tpe"
    in_flight: Annotated[int, Field(ge=1, le=1000)] = 4
    racing: bool = True
    storage: Annotated[str | None, BeforeValidator(_check_storage)] = None
    scale: Scale = "raw"
    fixed: Annotated[Mapping[str, float | int | None], BeforeValidator(check_fixed)] = (
        Field(default_factory=lambda: dict(FIXED))
    )
    space: Annotated[Space, PlainValidator(check_space)] = Field(
        default="default", validate_default=True
    )

    def as_dict(self) -> dict[str, Any]:
        """Return plain data; of a storage's URL no more than may be read by all."""
        shown = None if self.storage is None else masked(self.storage)
        return super().as_dict() | {"storage": shown, "space": self.space.as_dict()}

    @model_validator(mode="before")
    @classmethod
    def _fixed_entries_are_fixed(cls, content: Any) -> Any:
        if not isinstance(content, Mapping):
            return content
        check_priors(content)
        return settle_fixed(content)

    @field_validator("space", mode="after")
    @classmethod
    def _searched_is_not_fixed(cls, space: Space, info: ValidationInfo) -> Space:
        fixed = info.data.get("fixed", {})
        faults = [
            detail(_both(keys), keys, space)
            for keys in searched(space)
            if keys[-1] in fixed
        ]
        if faults:
            raise ValidationError.from_exception_data("space", faults)
        return space


def _both(keys: tuple[str, ...]) -> PydanticCustomError:
    path = ".".join(("search.space", *keys))
    return contradiction(
        f"fixed here and searched in {path}; keep one of them.",
        at=("search", "fixed", keys[-1]),
    )


class Folds(Strict):
    """Cross-validation, repeated with other folds."""

    folds: Annotated[int, Field(ge=2, le=10_000)] = 5
    repeats: Annotated[int, Field(ge=1, le=1000)] = 1


class Holdout(Strict):
    """One split, this share of the rows being judged."""

    holdout: Share


def _outer_kind(value: Any) -> str:
    held_out = isinstance(value, Holdout) or (
        isinstance(value, Mapping) and "holdout" in value
    )
    return tag("Holdout") if held_out else tag("Folds")


class Validation(Strict):
    """The folds that judge, and within each the folds that choose."""

    outer: Annotated[
        Annotated[Folds, Tag(tag("Folds"))] | Annotated[Holdout, Tag(tag("Holdout"))],
        Discriminator(_outer_kind),
    ] = Folds()
    inner: Folds = Folds()


class Paths(Strict):
    """Grids of one penalty each, all else fixed; None for all of the space."""

    penalties: Annotated[tuple[str, ...], AfterValidator(all_of(PENALTIES))] | None = (
        None
    )
    points: Annotated[int, Field(ge=2, le=1000)] = 15


class Effects(Strict):
    """A design that fills the space, for shares of variance."""

    design: Annotated[str, AfterValidator(one_of(("sobol",)))] = "sobol"
    points: Annotated[int, Field(ge=0, le=100_000)] = 64


class Select(Strict):
    """Limits under which the best candidate is wanted; bytes, microseconds a row."""

    max_leaves: Annotated[float, Field(gt=0)] | None = None
    max_bytes: Annotated[PositiveInt | None, BeforeValidator(check_memory)] = None
    max_microseconds: Annotated[float, Field(gt=0)] | None = None


class Dask(Strict):
    """A Dask cluster, by the address of its scheduler."""

    dask: Text
    allow_insecure: bool = False


def _executor_kind(value: Any) -> str:
    return tag("Dask") if isinstance(value, (Mapping, Dask)) else tag("local")


class Compute(Strict):
    """Where fits run. It never changes a result, but for the threads of a fit."""

    threads: Annotated[int, Field(ge=1, le=1024)] = 1
    executor: Annotated[
        Annotated[str, AfterValidator(one_of(("local",))), Tag(tag("local"))]
        | Annotated[Dask, Tag(tag("Dask"))],
        Discriminator(_executor_kind),
    ] = "local"


class Limits(Strict):
    """What one fit may use before it is ended; memory in bytes."""

    seconds_per_fit: Annotated[float, Field(gt=0)] | None = None
    memory: Annotated[PositiveInt | None, BeforeValidator(check_memory)] = None


class StudySpec(Strict):
    """What a study does; only ``name``, ``data.source`` and ``data.target`` must be.

    Examples
    --------
    >>> data = {"source": "sklearn:diabetes", "target": "target"}
    >>> StudySpec(name="small", data=data).validation.outer
    Folds(folds=5, repeats=1)
    """

    name: str
    title: Text = Field(default_factory=lambda known: known.get("name", ""))
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    data: Data
    engines: Annotated[
        tuple[str, ...], Field(min_length=1), AfterValidator(all_of(tuple(ENGINES)))
    ] = ("xgboost", "lightgbm")
    rounds: Rounds = Rounds()
    search: Search = Field(default_factory=Search)
    validation: Validation = Validation()
    paths: Paths = Paths()
    baselines: Annotated[tuple[str, ...], AfterValidator(all_of(BASELINES))] = (
        DEFAULT_BASELINES
    )
    effects: Effects = Effects()
    select: Select = Select()
    claims: Annotated[tuple[ClaimSpec, ...], AfterValidator(distinct_ids)] = ()
    compute: Compute = Compute()
    limits: Limits = Limits()

    @field_validator("name", mode="after")
    @classmethod
    def _name_stays_in_its_folder(cls, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise rule(
                "1 to 64 of a-z, 0-9, '_' and '-', beginning with a letter or digit"
            )
        return name
