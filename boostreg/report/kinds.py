"""The kinds of value in ``results.json``, and what may stand beside what is named."""

from typing import Annotated

from pydantic import ConfigDict, Field, with_config

__all__ = ["Count", "Number", "Text", "closed", "opened"]

closed = with_config(ConfigDict(extra="forbid", strict=True))
opened = with_config(ConfigDict(extra="allow", strict=True))

Number = float | None
Count = Annotated[int, Field(ge=0)]
Text = str
