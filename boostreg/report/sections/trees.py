"""A few real trees, drawn small, as a penalty rises."""

from collections.abc import Mapping
from typing import Any

from boostreg.figures import Figure, SmallTree, small_trees
from boostreg.figures.numerals import significant
from boostreg.report.sections.words import dig

__all__ = ["trees_section"]


def trees_section(results: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a strip of trees for each engine and penalty that has some, if any."""
    effects = results.get("effects") or {}
    names = dict.fromkeys(name for found in effects.values() for name in found)
    strips = [
        {
            "penalty": name,
            "engine": engine,
            "chart": _strip(results, name, found[name]["trees"]),
        }
        for name in names
        for engine, found in effects.items()
        if dig(found, name, "trees")
    ]
    if not strips:
        return None
    return {
        "id": "trees",
        "nav": "Real trees",
        "heading": dig(results, "text", "headings", "trees"),
        "strips": strips,
    }


def _strip(results: Mapping[str, Any], name: str, trees: Any) -> Figure:
    listed = dig(results, "data", "columns") or ()
    return small_trees(
        [
            SmallTree(
                f"{name} {significant(tree['value'])}", tree["leaves"], tree["tree"]
            )
            for tree in trees
        ],
        columns=[str(column.get("name")) for column in listed],
        title=f"First trees as {name} rises",
    )
