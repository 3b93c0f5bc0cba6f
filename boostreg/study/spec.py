"""The schema of a study file: the classes mirror the YAML key by key.

All defaults of a study are here. A spec is checked when it is made, and is frozen.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
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
from boostreg.changes import TOLERANCE
from boostreg.data import Reading, Task
from boostreg.engines import ENGINES
from boostreg.errors import Fault, PenaltyError, StudyError
from boostreg.losses import OBJECTIVES, Objective
from boostreg.penalty import PENALTIES, Penalty, Scale, Space, parse_space
from boostreg.penalty.priors import is_prior, prior_value, with_prior_values
from boostreg.penalty.space import default_scale
from boostreg.study.claim_spec import ClaimSpec, distinct_ids
from boostreg.study.faults import (
    contradiction,
    kind_by_key,
    raise_faults,
    rule,
    show,
    tag,
)
from boostreg.study.presets import PRESETS, PresetName, with_preset
from boostreg.study.strict import Strict, Text, is_number, one_of
from boostreg.tuning import Sampler
from boostreg.tuning.mirror import check_storage, masked

__all__ = [
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

_FIXED: Mapping[str, float] = MappingProxyType({"learning_rate": 0.1})
"""Default of ``search.fixed``."""

_DEFAULT = PRESETS["default"]
_N_CLASSES = {"regression": 0, "binary": 2, "multiclass": 3}
_BYTES = {"": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "kib": 2**10, "mib": 2**20}
_BYTES |= {"gib": 2**30}
_MEMORY = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmg]i?b)?\s*", re.IGNORECASE)
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(s|min|h)\s*")
_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0}
_PERCENTAGE = re.compile(r"\d+(?:\.\d+)?%")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")

Share = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]


Name = Annotated[str, Field(max_length=1000)]
"""Name of a column, which may be empty."""


def _all_of(names: Sequence[str]) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    """Return a check that a list has only ``names``, each at most once."""

    def check(values: tuple[str, ...]) -> tuple[str, ...]:
        expected = f"one of: {', '.join(names)}"
        raise_faults(
            Fault((place,), expected, value, tuple(names))
            for place, value in enumerate(values)
            if value not in names
        )
        return _distinct(values)

    return check


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    """Check that no entry of a list is repeated."""
    raise_faults(
        Fault((place,), "each entry only once", value)
        for place, value in enumerate(values)
        if value in values[:place]
    )
    return values


def _check_fixed(values: Any) -> dict[str, float | int | None]:
    """Return penalties with the value that each is fixed at, priors as values."""
    if not isinstance(values, Mapping):
        raise rule("penalties with values, such as {learning_rate: 0.1}")
    faults: list[Fault] = []
    for name, value in values.items():
        if name not in PENALTIES:
            faults.append(Fault((name,), "penalty", value, PENALTIES, "unknown"))
            continue
        try:
            number = prior_value(name, value) if is_prior(value) else value
            field: dict[str, Any] = {name: number}
            Penalty(**field)
        except PenaltyError as error:
            faults += error.faults
    raise_faults(faults)
    return with_prior_values(values)


def _check_space(value: Any) -> Space:
    """Return the space, given its name or its ranges."""
    if isinstance(value, Space):
        return value
    if not isinstance(value, (str, Mapping)):
        raise rule("the name of a space, or ranges by penalty")
    try:
        return parse_space(value, engines=tuple(ENGINES))
    except PenaltyError as error:
        # Their keys begin with ``space``, the name of the argument.
        raise_faults(replace(fault, loc=fault.loc[1:]) for fault in error.faults)
        raise


def _settle_fixed(search: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``search`` with its space parsed, and the space's values in ``fixed``.

    The default of ``fixed`` yields to what the space searches or fixes. A penalty in
    both places is left there, for the check that reports the contradiction.
    """
    value, given = search.get("space", "default"), search.get("fixed", _FIXED)
    try:
        space = parse_space(value, engines=tuple(ENGINES))
    except PenaltyError:
        return search  # its own check reports what is wrong with it
    if not isinstance(given, Mapping):
        return {**search, "space": space}
    if "fixed" not in search:
        named = {name for engine in ENGINES for name in space.for_engine(engine)}
        given = {n: v for n, v in given.items() if n not in named | set(space.fixed)}
    moved = {name: v for name, v in space.fixed.items() if name not in given}
    kept = {name: v for name, v in space.fixed.items() if name in given}
    fixed = {**given, **moved}
    return {**search, "space": replace(space, fixed=kept), "fixed": fixed}


def _check_tolerance(value: Any) -> float:
    """Return a change of loss as a share, from a number or text such as ``1%``."""
    number = math.nan
    if isinstance(value, str) and _PERCENTAGE.fullmatch(value):
        number = float(value.removesuffix("%")) / 100
    elif is_number(value):
        number = float(value)
    if not 0 < number < 1:
        raise rule("a share of the loss above 0 and below 1, such as 1% or 0.01")
    return number


def _check_memory(value: Any) -> int | None:
    """Return bytes, from a whole number or text such as ``2 GB`` or ``512 MiB``."""
    if value is None:
        return None
    match = _MEMORY.fullmatch(str(value))
    if isinstance(value, (int, str)) and not isinstance(value, bool) and match:
        n_bytes = int(float(match[1]) * _BYTES[(match[2] or "").lower()])
        if n_bytes > 0:
            return n_bytes
    raise rule("bytes as a whole number, or text such as 2 GB or 512 MiB")


def _check_budget(value: Any) -> float | None:
    """Return seconds, from a number or text such as ``90 s``, ``10 min`` or ``2 h``."""
    if value is None:
        return None
    seconds = float(value) if is_number(value) else math.nan
    if isinstance(value, str) and (match := _DURATION.fullmatch(value)):
        seconds = float(match[1]) * _SECONDS[match[2]]
    if 0 < seconds < math.inf:
        return seconds
    raise rule("seconds above 0, or text such as 90 s, 10 min or 2 h")


_ONE_TARGET = "models predict one target: write one study for each"


def _check_rows(value: Any) -> int | str | None:
    """Return a number of rows, or ``all``."""
    if value is None or value == "all":
        return None if value is None else "all"
    if type(value) is int and value >= _FEWEST_ROWS:
        return value
    raise rule(f"a number of rows from {_FEWEST_ROWS} on, or all")


_FEWEST_ROWS = 100


class Data(Strict):
    """Where the rows come from, and what their columns are for.

    ``rows``: random rows that the study uses, or ``all``; None: see
    ``boostreg.study.resampling.default_used``.
    """

    source: Text
    target: Name
    task: Task | None = None
    objective: Any = None
    drop: Annotated[tuple[Name, ...], AfterValidator(_distinct)] = ()
    keep: (
        Annotated[tuple[Name, ...], Field(min_length=1), AfterValidator(_distinct)]
        | None
    ) = None
    rows: Annotated[int | str | None, BeforeValidator(_check_rows)] = None
    groups: Name | None = None
    time: Name | None = None
    weights: Name | None = None
    offset: Name | None = None
    class_weights: Any = None
    monotone: Any = Field(default_factory=dict)
    missing: Any = None
    decimal: Text | None = None
    thousands: Text | None = None
    separator: Text | None = None
    encoding: Text | None = None
    sheet: Text | None = None
    types: Any = Field(default_factory=dict)

    @property
    def reading(self) -> Reading:
        """How the cells of a file are read."""
        return replace(Reading.from_dict(dict(self)), types=self.types)

    @field_validator("class_weights", mode="after")
    @classmethod
    def _class_weights_are_positive(cls, value: Any) -> Any:
        if value is None or value == "balanced":
            return value
        if isinstance(value, Mapping) and all(
            is_number(factor) and factor > 0 for factor in value.values()
        ):
            return {str(label): float(factor) for label, factor in value.items()}
        raise rule("balanced, or classes with positive numbers, such as {yes: 2}")

    @field_validator("monotone", mode="after")
    @classmethod
    def _signs_are_known(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and all(
            is_number(sign) and abs(sign) == 1 for sign in value.values()
        ):
            return {str(name): int(sign) for name, sign in value.items()}
        raise rule("columns with 1 (increasing) or -1 (decreasing), such as {age: 1}")

    @field_validator("missing", mode="after")
    @classmethod
    def _missing_are_words(cls, value: Any) -> Any:
        if value is None:
            return None
        if isinstance(value, (tuple, list)) and all(
            isinstance(word, str) or is_number(word) for word in value
        ):
            return tuple(map(str, value))
        raise rule(
            "a list of words and numbers, such as ['?', NA, -999]; put null, true and "
            "false in quotes"
        )

    @field_validator("types", mode="after")
    @classmethod
    def _types_are_known(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            types = {str(name): kind for name, kind in value.items()}
            if Reading.expected("types", types=types) is None:
                return types
        raise rule("columns with number or category, such as {zip: category}")

    @field_validator("decimal", "thousands", "separator", "encoding", mode="after")
    @classmethod
    def _cells_can_be_read(cls, value: Any, info: ValidationInfo) -> Any:
        key, given = str(info.field_name), {str(info.field_name): value}
        if "decimal" in info.data:
            given["decimal"] = info.data["decimal"]
        if (expected := Reading.expected(key, **given)) is not None:
            raise rule(expected)
        return value

    @field_validator("objective", mode="after")
    @classmethod
    def _objective_suits_the_task(cls, value: Any, info: ValidationInfo) -> Any:
        task = info.data.get("task")
        if value is None:
            return None
        name = value
        if isinstance(value, Mapping) and len(value) == 1:
            ((name, number),) = value.items()
            name = name if is_number(number) else None
        if not isinstance(name, str):
            raise rule("a name, or a name with its number, such as {tweedie: 1.5}")
        if name not in OBJECTIVES:
            raise rule(f"one of: {', '.join(OBJECTIVES)}", known=OBJECTIVES)
        try:
            if task is None:
                Objective(name, value[name] if isinstance(value, Mapping) else None)
            else:
                Objective.for_task(task, _N_CLASSES[task], value)
        except StudyError as error:
            raise contradiction(str(error), at=("data", "objective")) from None
        return value

    @field_validator("target", mode="before")
    @classmethod
    def _is_one_column(cls, value: Any) -> Any:
        if isinstance(value, list | tuple):
            raise rule(f"one column; {_ONE_TARGET}")
        return value

    @field_validator("drop", "groups", "time", "weights", "offset", mode="after")
    @classmethod
    def _target_has_no_other_use(cls, value: Any, info: ValidationInfo) -> Any:
        target = info.data.get("target")
        used = value if isinstance(value, tuple) else (value,)
        if target is not None and target in used:
            raise rule("a column other than the target")
        return value


class Rounds(Strict):
    """Maximum number of rounds, and the rounds without improvement before a stop."""

    max: Count = 500
    patience: Count = 30


def _check_storage(value: Any) -> str | None:
    """Check the URL of a storage; messages never show its password."""
    if value is None:
        return None
    if not isinstance(value, str):
        # The value is not shown, because it may contain a password.
        text = "expected the URL of a storage as text."
        raise contradiction(text, at=("search", "storage"))
    try:
        check_storage(value)
    except StudyError as error:
        raise_faults(replace(fault, loc=()) for fault in error.faults)
    return value


_TUNED_BY = (
    "trials are chosen by the loss that trees are grown with: it alone is defined on "
    "every fold and after every round. List other measures in metrics, which shows "
    "them next to the loss."
)


class Search(Strict):
    """What is searched, and how.

    ``rows``: rows that each search sees, drawn from its training rows, or ``all``;
    None: see ``boostreg.study.resampling.default_searched``.
    """

    trials: Count = _DEFAULT.trials
    rows: Annotated[int | str | None, BeforeValidator(_check_rows)] = None
    timeout: Annotated[float, Field(gt=0)] | None = None
    sampler: Sampler = "tpe"
    in_flight: Annotated[int, Field(ge=1, le=1000)] = 4
    racing: bool = True
    storage: Annotated[str | None, BeforeValidator(_check_storage)] = None
    scale: Scale = "raw"
    fixed: Annotated[
        Mapping[str, float | int | None], BeforeValidator(_check_fixed)
    ] = Field(default_factory=lambda: dict(_FIXED))
    space: Annotated[Space, PlainValidator(_check_space)] = Field(
        default="default", validate_default=True
    )

    def as_dict(self) -> dict[str, Any]:
        """Return plain data, with the credentials of a storage masked."""
        shown = None if self.storage is None else masked(self.storage)
        return super().as_dict() | {"storage": shown, "space": self.space.as_dict()}

    @model_validator(mode="before")
    @classmethod
    def _the_loss_alone_chooses(cls, content: Any) -> Any:
        if isinstance(content, Mapping) and "metric" in content:
            raise contradiction(_TUNED_BY, at=("search", "metric"))
        return content

    @model_validator(mode="before")
    @classmethod
    def _fixed_entries_are_fixed(cls, content: Any) -> Any:
        if not isinstance(content, Mapping):
            return content
        space, fixed = content.get("space", "default"), content.get("fixed", {})
        scale = content.get("scale") or default_scale(space, fixed)
        content = {"scale": scale, **content}
        for part in ("fixed", "space"):
            entries = content.get(part)
            for name, entry in entries.items() if isinstance(entries, Mapping) else ():
                if scale != "raw" and is_prior(entry):
                    raise contradiction(
                        f"a prior is in raw units, but search.scale is {show(scale)}; "
                        "give a number of rows instead, or set scale: raw.",
                        at=("search", part, str(name)),
                    )
        return _settle_fixed(content)

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
    """The outer folds, which judge, and the inner folds, which choose.

    ``outer`` None: those of the preset, repeated if there are few rows, see ``Plan``.
    """

    outer: (
        Annotated[
            Annotated[Folds, Tag(tag("Folds"))]
            | Annotated[Holdout, Tag(tag("Holdout"))],
            kind_by_key("holdout", "Holdout", "Folds"),
        ]
        | None
    ) = None
    inner: Folds = Folds(folds=_DEFAULT.inner_folds)


def _check_path_points(points: int) -> int:
    """Check that a path has both ends, or that there is none."""
    if points == 1:
        raise rule("a number of at least 2, or 0 for no paths")
    return points


class Paths(Strict):
    """Paths along one penalty, the others fixed; None: see ``path_grids``.

    ``points`` 0 leaves out all paths.
    """

    penalties: Annotated[tuple[str, ...], AfterValidator(_all_of(PENALTIES))] | None = (
        None
    )
    points: Annotated[int, Field(ge=0, le=1000), AfterValidator(_check_path_points)] = (
        _DEFAULT.path_points
    )


class Effects(Strict):
    """A space-filling design, for the importance of penalties."""

    design: Annotated[str, AfterValidator(one_of(("sobol",)))] = "sobol"
    points: Annotated[int, Field(ge=0, le=100_000)] = _DEFAULT.design_points


class Select(Strict):
    """Limits on the best candidate; ``max_microseconds`` is per row."""

    max_leaves: Annotated[float, Field(gt=0)] | None = None
    max_bytes: Annotated[PositiveInt | None, BeforeValidator(_check_memory)] = None
    max_microseconds: Annotated[float, Field(gt=0)] | None = None


class Dask(Strict):
    """A Dask cluster, by the address of its scheduler."""

    dask: Text
    allow_insecure: bool = False


class Compute(Strict):
    """Where fits run.

    ``threads`` and ``machines``, which are per fit, and ``device`` can change a result.
    """

    threads: Annotated[int, Field(ge=1, le=1024)] = 1
    machines: Annotated[int, Field(ge=1, le=1024)] = 1
    executor: Annotated[
        Annotated[str, AfterValidator(one_of(("local",))), Tag(tag("local"))]
        | Annotated[Dask, Tag(tag("Dask"))],
        Discriminator(
            lambda value: tag("Dask" if isinstance(value, Mapping | Dask) else "local")
        ),
    ] = "local"
    device: Annotated[str, AfterValidator(one_of(("cpu", "cuda")))] = "cpu"


class Limits(Strict):
    """When a fit is stopped; memory in bytes."""

    seconds_per_fit: Annotated[float, Field(gt=0)] | None = None
    memory: Annotated[PositiveInt | None, BeforeValidator(_check_memory)] = None


class StudySpec(Strict):
    """A study; only ``name``, ``data.source`` and ``data.target`` are required.

    ``metrics`` None: those that suit the objective, see ``boostreg.metrics``.
    ``budget`` is in seconds, see ``Allotment``. The keys
    that ``preset`` decides are filled in, so that it is not needed to repeat a run.

    Examples
    --------
    >>> data = {"source": "sklearn:diabetes", "target": "target"}
    >>> StudySpec(name="small", data=data).validation.inner
    Folds(folds=5, repeats=1)
    """

    name: str
    title: Text = Field(default_factory=lambda known: known.get("name", ""))
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    preset: PresetName = "default"
    budget: Annotated[float | None, BeforeValidator(_check_budget)] = None
    data: Data
    engines: Annotated[
        tuple[str, ...], Field(min_length=1), AfterValidator(_all_of(tuple(ENGINES)))
    ] = ("xgboost", "lightgbm")
    rounds: Rounds = Rounds()
    search: Search = Field(default_factory=Search)
    validation: Validation = Validation()
    paths: Paths = Paths()
    baselines: Annotated[tuple[str, ...], AfterValidator(_all_of(BASELINES))] = (
        DEFAULT_BASELINES
    )
    effects: Effects = Effects()
    select: Select = Select()
    claims: Annotated[tuple[ClaimSpec, ...], AfterValidator(distinct_ids)] = ()
    tolerance: Annotated[float, BeforeValidator(_check_tolerance)] = TOLERANCE
    metrics: Annotated[tuple[str, ...], AfterValidator(_distinct)] | None = None
    compute: Compute = Compute()
    limits: Limits = Limits()

    def as_dict(self) -> dict[str, Any]:
        """Return plain data without the preset, whose values are in their own keys."""
        content = super().as_dict()
        del content["preset"]
        return content

    @model_validator(mode="before")
    @classmethod
    def _preset_fills_what_is_not_set(cls, content: Any) -> Any:
        return with_preset(content) if isinstance(content, Mapping) else content

    @field_validator("name", mode="after")
    @classmethod
    def _name_stays_in_its_folder(cls, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise rule(
                "1 to 64 characters from a-z, 0-9, _ and -, beginning with a letter or "
                "digit"
            )
        return name
