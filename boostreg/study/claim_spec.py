"""What a study file may claim: about its own paths, or about an experiment.

Both kinds say what is measured, what is expected, and the least effect that counts.
A claim that names an ``experiment`` is of the second kind.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import InitErrorDetails

from boostreg.claims.experiments import EXPERIMENTS
from boostreg.claims.experiments.base import Option, Procedure
from boostreg.claims.paths import PATH_MEASURES
from boostreg.claims.verdict import EXPECTATIONS, Expectation
from boostreg.study.checks import one_of
from boostreg.study.faults import detail, rule, tag, unknown
from boostreg.study.strict import Strict, Text

__all__ = ["ClaimSpec", "ExperimentClaim", "PathClaim", "distinct_ids"]

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
_SHARE = re.compile(r"\d+(?:\.\d+)?%")
_CHANGES, _LEVELS = ("increasing", "decreasing"), ("above", "below")


def _check_id(value: str) -> str:
    if not _ID.fullmatch(value):
        raise rule(
            "1 to 32 of letters, digits, '.', '_' and '-', beginning with a letter or "
            "digit"
        )
    return value


def _check_least(value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, str) and _SHARE.fullmatch(value):
        number = float(value.removesuffix("%"))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value)
    else:
        number = -1.0
    if not 0 < number < float("inf"):
        raise rule("a number above 0, or a share such as 20%")
    return value


Least = Annotated[Any, AfterValidator(_check_least)]


class _Claim(Strict):
    """What both kinds say, after what is measured."""

    @field_validator("at_least", mode="after", check_fields=False)
    @classmethod
    def _effects_have_a_least(cls, value: Any, info: ValidationInfo) -> Any:
        expect = info.data.get("expect")
        if expect == "equal" and value is not None:
            raise rule("no at_least beside `expect: equal`, which takes at_most")
        if expect not in (None, "equal") and value is None:
            raise rule(f"the least effect that counts, for `expect: {expect}`")
        return value

    @field_validator("at_most", mode="after", check_fields=False)
    @classmethod
    def _equality_has_a_most(cls, value: Any, info: ValidationInfo) -> Any:
        expect = info.data.get("expect")
        if expect == "equal" and value is None:
            raise rule("the most difference that does not count, for `expect: equal`")
        if expect not in (None, "equal") and value is not None:
            raise rule("at_most only beside `expect: equal`")
        return value

    @property
    def least(self) -> Any:
        """The one of ``at_least`` and ``at_most`` that is there."""
        fields: dict[str, Any] = dict(self)
        return fields["at_most"] if fields["at_least"] is None else fields["at_least"]

    @property
    def expectation(self) -> Expectation:
        """What is expected of the quantity."""
        fields: dict[str, Any] = dict(self)
        expect: Expectation = fields["expect"]
        return expect

    def as_dict(self) -> dict[str, Any]:
        """Return plain data without the keys that this claim cannot have."""
        content = super().as_dict()
        lacking = "at_most" if content["at_most"] is None else "at_least"
        return {key: value for key, value in content.items() if key != lacking}


class PathClaim(_Claim):
    """A claim on a path that the study measures."""

    id: Annotated[str, AfterValidator(_check_id)]
    says: Text
    measure: Annotated[str, AfterValidator(one_of(PATH_MEASURES))]
    along: Text
    against: Text | None = None
    at: Any = "end"
    engine: Text | None = None
    anchor: Annotated[str, AfterValidator(one_of(("fixed", "tuned")))] = "fixed"
    reading: Annotated[str, AfterValidator(one_of(("stopped", "equal")))] = "stopped"
    expect: Annotated[str, AfterValidator(one_of(EXPECTATIONS))]
    at_least: Least = Field(default=None, validate_default=True)
    at_most: Least = Field(default=None, validate_default=True)

    @field_validator("at", mode="after")
    @classmethod
    def _place_is_on_the_path(cls, value: Any) -> Any:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if value not in ("end", "lowest") and not (number and value > 0):
            raise rule(
                "end, lowest, or a value of the penalty above 0",
                known=("end", "lowest"),
            )
        return value

    @field_validator("expect", mode="after")
    @classmethod
    def _expectation_suits_the_comparison(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("against") is None and value in _LEVELS:
            raise rule("increasing, decreasing or equal (above/below need `against`)")
        if info.data.get("against") is not None and value in _CHANGES:
            raise rule("above, below or equal against another path")
        return value


class ExperimentClaim(_Claim):
    """A claim on what an experiment measures, on each of several resamples."""

    id: Annotated[str, AfterValidator(_check_id)]
    says: Text
    experiment: Annotated[str, AfterValidator(one_of(tuple(EXPERIMENTS)))]
    measure: str
    options: Annotated[Mapping[str, Any], Field(validate_default=True)] = Field(
        default_factory=dict
    )
    engine: Text | None = None
    replicates: Annotated[int, Field(ge=2, le=10_000)] | None = None
    expect: Annotated[str, AfterValidator(one_of((*_LEVELS, "equal")))]
    than: float = 0.0
    at_least: Least = Field(default=None, validate_default=True)
    at_most: Least = Field(default=None, validate_default=True)

    @property
    def procedure(self) -> Procedure:
        """What measures the claim."""
        return EXPERIMENTS[self.experiment]

    @field_validator("measure", mode="after")
    @classmethod
    def _measure_is_known(cls, value: str, info: ValidationInfo) -> str:
        procedure = EXPERIMENTS.get(info.data.get("experiment", ""))
        return value if procedure is None else one_of(tuple(procedure.measures))(value)

    @field_validator("options", mode="after")
    @classmethod
    def _options_are_known(cls, value: Any, info: ValidationInfo) -> Any:
        procedure = EXPERIMENTS.get(info.data.get("experiment", ""))
        return value if procedure is None else _options(procedure, value)

    @field_validator("engine", mode="after")
    @classmethod
    def _engine_has_a_use(cls, value: str | None, info: ValidationInfo) -> str | None:
        procedure = EXPERIMENTS.get(info.data.get("experiment", ""))
        if value is not None and procedure is not None and not procedure.by_engine:
            raise rule("no engine, for this experiment grows no trees")
        return value

    @field_validator("at_least", "at_most", mode="after")
    @classmethod
    def _measures_have_no_zero(cls, value: Any) -> Any:
        if isinstance(value, str):
            raise rule("a number above 0; an experiment's measure has no per cent")
        return value


ClaimSpec = Annotated[
    Annotated[PathClaim, Tag(tag("PathClaim"))]
    | Annotated[ExperimentClaim, Tag(tag("ExperimentClaim"))],
    Discriminator(
        lambda value: (
            tag("ExperimentClaim")
            if isinstance(value, ExperimentClaim)
            or (isinstance(value, Mapping) and "experiment" in value)
            else tag("PathClaim")
        )
    ),
]


def distinct_ids(
    claims: tuple[PathClaim | ExperimentClaim, ...],
) -> tuple[PathClaim | ExperimentClaim, ...]:
    """Check that each claim has an id of its own."""
    ids = [claim.id for claim in claims]
    _raise(
        [
            detail(rule("an id that no claim before has"), (place, "id"), name)
            for place, name in enumerate(ids)
            if name in ids[:place]
        ]
    )
    return claims


def _options(procedure: Procedure, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return every option of a procedure, the given ones checked."""
    known = {
        name: option
        for name, option in procedure.options.items()
        if not (procedure.by_engine and name == "engine")
    }
    faults, found = [], {name: option.default for name, option in known.items()}
    for name, value in given.items():
        if name not in known:
            faults.append(detail(unknown(tuple(known)), (name,), value))
        elif (allowed := _fault(known[name], value)) is not None:
            faults.append(detail(rule(allowed), (name,), value))
        else:
            found[name] = tuple(value) if isinstance(value, list | tuple) else value
    _raise(faults)
    return found


def _fault(option: Option, value: Any) -> str | None:
    """Return what an option allows, None if ``value`` is that."""
    default = option.default
    if isinstance(default, bool):
        return None if isinstance(value, bool) else "true or false"
    if isinstance(default, str):
        chosen = isinstance(value, str) and value in option.choices
        return None if chosen else f"one of: {', '.join(option.choices)}"
    many = isinstance(default, tuple)
    entries = value if many else (value,)
    whole = all(isinstance(entry, int) for entry in (default if many else (default,)))
    kind = int if whole else int | float
    fits = isinstance(entries, list | tuple) and all(
        isinstance(e, kind)
        and not isinstance(e, bool)
        and option.low <= e <= option.high
        for e in entries
    )
    if fits and len(entries) > 0:
        return None
    what = "whole number" if whole else "number"
    ends = f" from {option.low:g} to {option.high:g}"
    return (f"a list of {what}s, each" if many else f"a {what}") + ends


def _raise(faults: list[InitErrorDetails]) -> None:
    if faults:
        raise ValidationError.from_exception_data("study", faults)
