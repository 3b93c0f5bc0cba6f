"""The schema of claims: about a path of the study, or about an experiment.

Both kinds name what is measured, what is expected, and the minimum effect that counts.
A claim with the key ``experiment`` is of the second kind.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, Tag, ValidationInfo, field_validator

from boostreg.claims.experiments import EXPERIMENTS
from boostreg.claims.experiments.base import Option, Procedure
from boostreg.claims.paths import PATH_MEASURES
from boostreg.claims.verdict import EXPECTATIONS, Expectation
from boostreg.errors import Fault
from boostreg.study.faults import kind_by_key, raise_faults, rule, tag
from boostreg.study.strict import Strict, Text, is_number, one_of

__all__ = ["ClaimSpec", "ExperimentClaim", "PathClaim", "distinct_ids"]

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
_SHARE = re.compile(r"\d+(?:\.\d+)?%")
_CHANGES, _LEVELS = ("increasing", "decreasing"), ("above", "below")
_ON_PATHS = tuple(name for name in EXPECTATIONS if name != "identical")
_LIMITED = ("equal", "at_most", "identical")


def _check_id(value: str) -> str:
    if not _ID.fullmatch(value):
        raise rule(
            "1 to 32 letters, digits, dots, underscores and hyphens, beginning with a "
            "letter or digit"
        )
    return value


def _check_limit(value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, str) and _SHARE.fullmatch(value):
        number = float(value.removesuffix("%"))
    elif is_number(value):
        number = float(value)
    else:
        number = -1.0
    if not 0 < number < float("inf"):
        raise rule("a number above 0, or a share such as 20%")
    return value


Limit = Annotated[Any, AfterValidator(_check_limit)]


_LIMITS = {
    "at_least": "the minimum effect that counts",
    "at_most": "the maximum difference that does not count",
}


class _Claim(Strict):
    """What both kinds have in common."""

    id: Annotated[str, AfterValidator(_check_id)]
    says: Text

    @field_validator("at_least", "at_most", mode="after", check_fields=False)
    @classmethod
    def _limit_suits_the_expectation(cls, value: Any, info: ValidationInfo) -> Any:
        expect, name = info.data.get("expect"), str(info.field_name)
        if expect is None:
            return value
        needed = "at_most" if expect in _LIMITED else "at_least"
        if name == needed and value is None:
            reason = f"`expect: {expect}` needs {_LIMITS[name]}"
            raise rule(reason, kind="missing")
        if name != needed and value is not None:
            raise rule(f"`expect: {expect}` takes {needed} instead", kind="excess")
        return value

    @property
    def limit(self) -> Any:
        """The value of ``at_least`` or ``at_most``, whichever the claim has."""
        fields: dict[str, Any] = dict(self)
        return fields["at_most"] if fields["at_least"] is None else fields["at_least"]

    @property
    def expectation(self) -> Expectation:
        """The value of ``expect``."""
        fields: dict[str, Any] = dict(self)
        expect: Expectation = fields["expect"]
        return expect

    def as_dict(self) -> dict[str, Any]:
        """Return plain data without the limit that this claim cannot have."""
        content = super().as_dict()
        lacking = "at_most" if content["at_most"] is None else "at_least"
        return {key: value for key, value in content.items() if key != lacking}


class PathClaim(_Claim):
    """A claim on a path that the study measures."""

    measure: Annotated[str, AfterValidator(one_of(PATH_MEASURES))]
    along: Text
    against: Text | None = None
    at: Any = "end"
    engine: Text | None = None
    anchor: Annotated[str, AfterValidator(one_of(("fixed", "tuned")))] = "fixed"
    reading: Annotated[str, AfterValidator(one_of(("stopped", "equal")))] = "stopped"
    expect: Annotated[str, AfterValidator(one_of(_ON_PATHS))]
    at_least: Limit = Field(default=None, validate_default=True)
    at_most: Limit = Field(default=None, validate_default=True)

    @field_validator("at", mode="after")
    @classmethod
    def _place_is_on_the_path(cls, value: Any) -> Any:
        named = ("end", "lowest")
        if value not in named and not (is_number(value) and value > 0):
            raise rule("end, lowest, or a value of the penalty above 0", known=named)
        return value

    @field_validator("expect", mode="after")
    @classmethod
    def _expectation_suits_the_comparison(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("against") is None and value in _LEVELS:
            raise rule(
                "increasing, decreasing, equal or at_most; above and below need "
                "`against`"
            )
        if info.data.get("against") is not None and value in _CHANGES:
            raise rule("above, below, equal or at_most, because `against` is set")
        return value


class ExperimentClaim(_Claim):
    """A claim on a measure of an experiment, repeated on several resamples."""

    experiment: Annotated[str, AfterValidator(one_of(tuple(EXPERIMENTS)))]
    measure: str
    options: Annotated[Mapping[str, Any], Field(validate_default=True)] = Field(
        default_factory=dict
    )
    engine: Text | None = None
    replicates: Annotated[int, Field(ge=2, le=10_000)] | None = None
    expect: Annotated[str, AfterValidator(one_of((*_LEVELS, *_LIMITED)))]
    than: float = 0.0
    at_least: Limit = Field(default=None, validate_default=True)
    at_most: Limit = Field(default=None, validate_default=True)

    @property
    def procedure(self) -> Procedure:
        """The experiment that measures the claim."""
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
        if procedure is None:
            return value
        known = {
            name: option
            for name, option in procedure.options.items()
            if not (procedure.by_engine and name == "engine")
        }
        faults = []
        for name, given in value.items():
            if name not in known:
                faults.append(Fault((name,), "key", given, tuple(known), "unknown"))
            elif (allowed := _allowed_instead(known[name], given)) is not None:
                faults.append(Fault((name,), allowed, given))
        raise_faults(faults)
        defaults = {name: option.default for name, option in known.items()}
        return defaults | {
            name: tuple(given) if isinstance(given, list | tuple) else given
            for name, given in value.items()
        }

    @field_validator("engine", mode="after")
    @classmethod
    def _engine_has_a_use(cls, value: str | None, info: ValidationInfo) -> str | None:
        procedure = EXPERIMENTS.get(info.data.get("experiment", ""))
        if value is not None and procedure is not None and not procedure.by_engine:
            raise rule("this experiment grows no trees", kind="excess")
        return value

    @field_validator("at_least", "at_most", mode="after")
    @classmethod
    def _percentage_has_a_reference(cls, value: Any, info: ValidationInfo) -> Any:
        procedure = EXPERIMENTS.get(info.data.get("experiment", ""))
        changes = frozenset[str]() if procedure is None else procedure.changes
        if isinstance(value, str) and info.data.get("measure") not in changes:
            raise rule("a number above 0; a percentage is only for a path or a ratio")
        return value


ClaimSpec = Annotated[
    Annotated[PathClaim, Tag(tag("PathClaim"))]
    | Annotated[ExperimentClaim, Tag(tag("ExperimentClaim"))],
    kind_by_key("experiment", "ExperimentClaim", "PathClaim"),
]


def distinct_ids(
    claims: tuple[PathClaim | ExperimentClaim, ...],
) -> tuple[PathClaim | ExperimentClaim, ...]:
    """Check that no two claims have the same id."""
    ids = [claim.id for claim in claims]
    raise_faults(
        Fault((place, "id"), "an id that no earlier claim has", name)
        for place, name in enumerate(ids)
        if name in ids[:place]
    )
    return claims


def _allowed_instead(option: Option, value: Any) -> str | None:
    """Return what an option allows, or None if ``value`` is allowed."""
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
    if (
        isinstance(entries, list | tuple)
        and entries
        and all(
            isinstance(entry, kind)
            and not isinstance(entry, bool)
            and option.low <= entry <= option.high
            for entry in entries
        )
    ):
        return None
    what = "whole number" if whole else "number"
    ends = f" from {option.low:g} to {option.high:g}"
    return (f"a list of {what}s, each" if many else f"a {what}") + ends
