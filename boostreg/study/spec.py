"""The schema of a study file: the classes mirror the YAML key by key.

All defaults of a study are here. A spec is checked when it is made, and is frozen.
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
    ValidationInfo,
    field_validator,
    model_validator,
)

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
    settle_fixed,
)
from boostreg.study.claim_spec import ClaimSpec, distinct_ids
from boostreg.study.faults import contradiction, kind_by_key, raise_faults, rule, tag
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
"""Name of a column, which may be empty."""


class Data(Strict):
    """Where the rows come from, and what their columns are for."""

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
        return Reading.from_dict(dict(self))

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
    """Check the URL of a storage; messages never show its password."""
    if value is None:
        return None
    if not isinstance(value, str):
        # The value is not shown, because it may contain a password.
        text = "expected the URL of a storage, as text."
        raise contradiction(text, at=("search", "storage"))
    try:
        check_storage(value)
    except StudyError as error:
        raise_faults(replace(fault, loc=()) for fault in error.faults)
    return value


class Search(Strict):
    """What is searched, and how."""

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
        """Return plain data, with the credentials of a storage masked."""
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
        entries = [(name,) for name in (*space.entries, *space.fixed)]
        own = space.engine_entries.items()
        for keys in [*entries, *((e, name) for e, names in own for name in names)]:
            if keys[-1] in info.data.get("fixed", {}):
                path = ".".join(("search.space", *keys))
                raise contradiction(
                    f"fixed here and searched in {path}; keep one of them.",
                    at=("search", "fixed", keys[-1]),
                )
        return space


class Folds(Strict):
    """Cross-validation; each repeat has new folds."""

    folds: Annotated[int, Field(ge=2, le=10_000)] = 5
    repeats: Annotated[int, Field(ge=1, le=1000)] = 1


class Holdout(Strict):
    """One split, with this share of the rows in the test part."""

    holdout: Share


class Validation(Strict):
    """The outer folds, which judge, and the inner folds, which choose."""

    outer: Annotated[
        Annotated[Folds, Tag(tag("Folds"))] | Annotated[Holdout, Tag(tag("Holdout"))],
        kind_by_key("holdout", "Holdout", "Folds"),
    ] = Folds()
    inner: Folds = Folds()


class Paths(Strict):
    """Paths along one penalty, all else fixed; None: see ``path_grids``."""

    penalties: Annotated[tuple[str, ...], AfterValidator(all_of(PENALTIES))] | None = (
        None
    )
    points: Annotated[int, Field(ge=2, le=1000)] = 15


class Effects(Strict):
    """A space-filling design, for the importance of penalties."""

    design: Annotated[str, AfterValidator(one_of(("sobol",)))] = "sobol"
    points: Annotated[int, Field(ge=0, le=100_000)] = 64


class Select(Strict):
    """Limits on the best candidate; ``max_microseconds`` is per row."""

    max_leaves: Annotated[float, Field(gt=0)] | None = None
    max_bytes: Annotated[PositiveInt | None, BeforeValidator(check_memory)] = None
    max_microseconds: Annotated[float, Field(gt=0)] | None = None


class Dask(Strict):
    """A Dask cluster, by the address of its scheduler."""

    dask: Text
    allow_insecure: bool = False


class Compute(Strict):
    """Where fits run. Only ``threads``, which is per fit, can change a result."""

    threads: Annotated[int, Field(ge=1, le=1024)] = 1
    executor: Annotated[
        Annotated[str, AfterValidator(one_of(("local",))), Tag(tag("local"))]
        | Annotated[Dask, Tag(tag("Dask"))],
        Discriminator(
            lambda value: tag("Dask" if isinstance(value, Mapping | Dask) else "local")
        ),
    ] = "local"


class Limits(Strict):
    """When a fit is stopped; memory in bytes."""

    seconds_per_fit: Annotated[float, Field(gt=0)] | None = None
    memory: Annotated[PositiveInt | None, BeforeValidator(check_memory)] = None


class StudySpec(Strict):
    """A study; only ``name``, ``data.source`` and ``data.target`` are required.

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
