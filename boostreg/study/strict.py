"""What all parts of the schema use: the base class, and simple checks."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, TypeGuard

from pydantic import BaseModel, ConfigDict, Field

from boostreg.study.faults import rule

__all__ = ["Strict", "Text", "is_number", "one_of"]

Text = Annotated[str, Field(min_length=1, max_length=1000)]


class Strict(BaseModel):
    """Unknown keys are errors, text is not a number, and instances are frozen."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False
    )

    def as_dict(self) -> dict[str, Any]:
        """Return plain dict, list and scalars in order, including all defaults."""
        return {name: _plain(value) for name, value in self}


def _plain(value: Any) -> Any:
    if isinstance(value, Strict):
        return value.as_dict()
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    return value


def is_number(value: object) -> TypeGuard[int | float]:
    """Return whether a value is a number, and not a bool."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def one_of(names: Sequence[str]) -> Callable[[str], str]:
    """Return a check that text is one of ``names``."""

    def check(value: str) -> str:
        if value not in names:
            raise rule(f"one of: {', '.join(names)}", known=names)
        return value

    return check
