"""The base class of all parts of a study file."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Strict", "Text"]

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
