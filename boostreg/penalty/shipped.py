"""Named search spaces that ship, each with where it comes from."""

from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any

from boostreg.errors import Fault, PenaltyError

__all__ = ["describe_space", "read_shipped", "space_lines", "space_names"]


def space_names() -> tuple[str, ...]:
    """Return the names of the spaces that ship.

    >>> "default" in space_names()
    True
    """
    folder = resources.files(__package__) / "spaces"
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(n.removesuffix(".yaml") for n in names if n.endswith(".yaml")))


@cache
def read_shipped(name: str) -> dict[str, Any]:
    """Return the file of a built-in space: ``title``, ``source``, ``entries``.

    A published space may also have ``left_out``: what its source searches and boostreg
    does not, with the reason.

    Raises
    ------
    PenaltyError
        If there is none of this name.
    """
    if name not in space_names():
        names = space_names()
        expected = f"one of: {', '.join(names)}"
        raise PenaltyError.of(Fault(("space",), expected, name, names))
    from ruamel.yaml import YAML

    file = resources.files(__package__) / "spaces" / f"{name}.yaml"
    content: dict[str, Any] = YAML(typ="safe").load(file.read_text("utf-8"))
    return content


def space_lines() -> Iterator[str]:
    """Yield a line for each built-in space: its name and its title."""
    width = max(map(len, space_names()))
    for name in space_names():
        yield f"{name:<{width}}  {read_shipped(name)['title']}"


def describe_space(name: str) -> Iterator[str]:
    """Yield the lines of a built-in space, its ranges as YAML to copy from.

    Raises
    ------
    PenaltyError
        If there is none of this name.

    Examples
    --------
    >>> list(describe_space("default"))[4]
    '  reg_alpha: {low: 0.001, high: 10, log: true, zero: 0.2}'
    """
    content = read_shipped(name)
    yield f"{name}: {content['title']}"
    yield f"source: {content['source']}"
    yield ""
    yield "space:"
    yield from _entries(content["entries"], "  ")
    left_out = content.get("left_out", {})
    if left_out:
        yield ""
        yield "differences from the source:"
    for what, why in left_out.items():
        yield f"  {what}: {why}"


def _entries(entries: dict[str, Any], indent: str) -> Iterator[str]:
    for name, entry in entries.items():
        if isinstance(entry, dict) and "low" not in entry:
            yield f"{indent}{name}:"
            yield from _entries(entry, indent + "  ")
        else:
            yield f"{indent}{name}: {_flow(entry)}"


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return str(value)
