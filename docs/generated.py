"""Parts of the documentation that are made from the code, as Markdown.

A page has a line ``<!-- generated: NAME -->`` where the part NAME of ``PARTS`` goes.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

import boostreg
from boostreg import errors, open_run
from boostreg.engines import ENGINES
from boostreg.penalty import PENALTIES
from boostreg.report.glossary import TERMS
from boostreg.study.explanation import explain_penalty
from boostreg.study.schema import study_schema

__all__ = ["PARTS", "filled"]

_ROOT = Path(__file__).parents[1]
_NOTEBOOKS = _ROOT / "docs/notebooks"
_HERE = re.compile(r"^<!-- generated: (\w+) -->$", re.MULTILINE)
_OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./[^)]+\)")
_REFERENCE = "#/$defs/"

_RETURNED = (
    "boostreg.study.run.Run",
    "boostreg.tuning.tuned.Pick",
    "boostreg.effects.path.PenaltyPath",
    "boostreg.saved.LoadedModel",
    "boostreg.saved.LinearModel",
    "boostreg.progress.Event",
)
"""Classes that no user makes, whose objects the public functions return or pass."""


def filled(page: str) -> str:
    """Return a page as the site shows it.

    Generated parts are filled in; KeyError if there is no such part. The site has no
    files from outside ``docs``, so links to them become their names.
    """
    page = _OUTSIDE.sub(r"`\1`", page)
    return _HERE.sub(lambda found: PARTS[found[1]](), page)


def keys() -> str:
    """Return a table of keys for each part of a study."""
    schema = study_schema()
    return "\n\n".join(_tables(schema, schema["$defs"], "", "The study"))


def _tables(
    part: Mapping[str, Any], parts: Mapping[str, Any], prefix: str, title: str
) -> Iterator[str]:
    """Yield the table of a part, then those of the parts that its keys refer to."""
    required, below = part.get("required", ()), []
    rows = []
    for key, schema in part["properties"].items():
        path = f"{prefix}{key}"
        default = "required" if key in required else _default(schema)
        rows.append((f"`{path}`", schema["description"], _values(schema), default))
        inside = f"{path}[]." if schema.get("type") == "array" else f"{path}."
        below += [(name, inside) for name in _referred(schema)]
    yield f"## {title}\n\n{_table(('key', 'meaning', 'values', 'default'), rows)}"
    for name, inside in below:
        one = parts[name]
        others = [n for n, i in below if i == inside and n != name]
        shared = {key for other in others for key in parts[other]["properties"]}
        own = next((key for key in one["properties"] if key not in shared), "")
        only = f" with `{own}`" if others else ""
        heading = f"`{inside.rstrip('.').removesuffix('[]')}`{only}"
        yield from _tables(one, parts, inside, heading)


def _referred(schema: Any) -> list[str]:
    """Return the names of the parts that a schema refers to, anywhere in it."""
    if isinstance(schema, Mapping):
        own = schema.get("$ref", "").removeprefix(_REFERENCE)
        inner = [name for value in schema.values() for name in _referred(value)]
        return list(dict.fromkeys([own, *inner] if own else inner))
    if isinstance(schema, list):
        return list(dict.fromkeys(name for one in schema for name in _referred(one)))
    return []


def _default(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return "as below"
    return f"`{_yaml(schema['default'])}`" if "default" in schema else ""


def _yaml(value: Any) -> str:
    """Return a value as YAML in one line."""
    match value:
        case None | True | False:
            return str(value).lower().replace("none", "null")
        case Mapping():
            return f"{{{', '.join(f'{k}: {_yaml(v)}' for k, v in value.items())}}}"
        case list() | tuple():
            return f"[{', '.join(map(_yaml, value))}]"
    return str(value)


def _values(schema: Mapping[str, Any]) -> str:  # noqa: PLR0911  a form per line
    """Return the values that a schema allows, in words."""
    for several in ("anyOf", "oneOf"):
        if several in schema:
            words = [_values(one) for one in schema[several]]
            return " or ".join(dict.fromkeys(word for word in words if word))
    if "$ref" in schema:
        return "keys below"
    if "enum" in schema or "const" in schema:
        found = schema.get("enum", [schema.get("const")])
        return ", ".join(f"`{_yaml(value)}`" for value in found)
    kind = schema.get("type")
    if kind == "null":
        return "`null`"
    if kind == "array":
        inner = _values(schema.get("items", {}))
        return f"list of {inner}" if inner else "list"
    if kind == "object":
        return _mapping(schema)
    if kind == "boolean":
        return "`true`, `false`"
    if kind == "string" and "%" in schema.get("pattern", ""):
        return "percentage"
    words = {"integer": "whole number", "number": "number", "string": "text"}
    return " ".join((words.get(kind or "", ""), *_limits(schema))).strip()


def _limits(schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield the limits of a number; a name's pattern is in its description."""
    words = {
        "minimum": "from",
        "exclusiveMinimum": "above",
        "maximum": "to",
        "exclusiveMaximum": "and below",
    }
    for key, word in words.items():
        if key in schema:
            yield f"{word} {schema[key]:,}"


def _mapping(schema: Mapping[str, Any]) -> str:
    """Return what a mapping maps to what."""
    properties = schema.get("properties", {})
    if "low" in properties:
        return f"range {{{', '.join(properties)}}}"
    if "prior" in schema.get("required", ()):
        return "prior"
    if set(PENALTIES) <= set(properties):
        named = _values(properties[PENALTIES[0]])
        engines = ", or an engine to such a mapping" if "xgboost" in properties else ""
        return f"mapping of penalties to {named}{engines}"
    more = schema.get("additionalProperties")
    inner = _values(more) if isinstance(more, Mapping) else ""
    return f"mapping to {inner}" if inner else "mapping"


def names() -> str:
    """Return a table of all penalties with their names in each library."""
    rows = []
    for name in PENALTIES:
        found, libraries = _facts(name), []
        for engine in ENGINES.values():
            own, _, _ = found[engine.facts.label].partition(",")
            has = not own.startswith("has no")
            libraries.append(f"`{own.split()[0]}`" if has else "none")
        rows.append((f"`{name}`", *libraries))
    labels = [engine.facts.label for engine in ENGINES.values()]
    return _table(("boostreg", *labels), rows)


def _facts(name: str) -> dict[str, str]:
    """Return the lines of ``boostreg explain`` by their head, without the traps."""
    found: dict[str, str] = {}
    head = ""
    for line in explain_penalty(name):
        if line.startswith("Traps"):
            break
        if line.startswith("  "):
            head = line[2:24].strip() or head
            found[head] = f"{found.get(head, '')} {line[24:]}".strip()
    return found


def penalties() -> str:
    """Return what ``boostreg explain`` prints of each penalty."""
    return "\n\n".join(
        "\n".join((f"### {name}", "", "```text", *explain_penalty(name), "```"))
        for name in PENALTIES
    )


def reference() -> str:
    """Return directives for public names, for errors, and for what is returned."""
    public = (
        f"## {name}\n\n{_documented(f'boostreg.{name}')}" for name in boostreg.__all__
    )
    raised = (
        _documented(f"boostreg.errors.{name}")
        for name in errors.__all__
        if name.endswith("Error") and name not in boostreg.__all__
    )
    returned = map(_documented, _RETURNED)
    parts = (*public, "## What functions return", *returned, "## Errors", *raised)
    return "\n\n".join(parts)


def _documented(path: str) -> str:
    """Return the directive that documents a class with our members, or a function."""
    module, _, name = path.rpartition(".")
    found = getattr(import_module(module), name)
    if not isinstance(found, type):
        lines = [f".. autofunction:: {path}"]
    else:
        lines = [f".. autoclass:: {path}"]
        if issubclass(found, Exception):
            lines.append("   :show-inheritance:")
        if members := list(_members(found)):
            lines.append(f"   :members: {', '.join(members)}")
    return "\n".join(("```{eval-rst}", *lines, "```"))


def _members(documented: type) -> Iterator[str]:
    """Yield public methods and properties that are ours, not those of a library."""
    seen = set[str]()
    for base in documented.__mro__:
        if not base.__module__.startswith("boostreg"):
            continue
        for name, value in vars(base).items():
            code = getattr(value, "fget", None) or getattr(value, "func", None) or value
            code = getattr(code, "__func__", code)
            ours = str(getattr(code, "__module__", "")).startswith("boostreg")
            if ours and callable(code) and not name.startswith("_"):
                if name not in seen:
                    yield name
                seen.add(name)


def glossary() -> str:
    """Return the terms of a report as a list."""
    return "\n\n".join(f"**{term.name}**\n: {term.meaning}" for term in TERMS)


def coverage() -> str:
    """Return how often boostreg's intervals hold the truth, by design and folds."""
    text = (_ROOT / "tests/benchmarks/coverage.md").read_text("utf-8")
    text, _, _ = text.partition("\n## ")
    lines = [line for line in text.splitlines() if line.startswith("|")]
    head, _, *body = ([cell.strip() for cell in one.split("|")[1:-1]] for one in lines)
    shown = ("design", "rows", "folds", "boostreg covers")
    places = [head.index(name) for name in shown]
    rows = []
    for row in body:
        *facts, covers = (row[place] for place in places)
        mean, _, least = covers.partition(" (min ")
        rows.append((*facts, mean, least.rstrip(")")))
    return _table(("design", "rows", "folds", "holds the truth", "the worst"), rows)


def tasks() -> str:
    """Return the tasks of a first hour with the lines that each tool needs."""
    page = _ROOT / "tests/benchmarks/rivals/first_tasks.md"
    _, _, body = page.read_text("utf-8").split("\n\n", 2)
    return body.strip()


def notebooks() -> str:
    """Return the notebooks with their outputs."""
    return "\n\n".join(map(_notebook, sorted(_NOTEBOOKS.glob("*.ipynb"))))


def _notebook(path: Path) -> str:
    parts = []
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        source = "".join(cell["source"])
        below = f"#{source}" if source.startswith("#") else source
        is_code = cell["cell_type"] == "code"
        parts.append(f"```python\n{source}\n```" if is_code else below)
        parts += map(_output, cell.get("outputs", ()))
    return "\n\n".join(parts)


def _output(output: Mapping[str, Any]) -> str:
    """Return an output of a cell; a picture as an image, which keeps its styles."""
    data = output.get("data", {})
    if page := "".join(data.get("text/html", ())):
        shown = _image("", page) if page.startswith("<svg") else page
        return f"```{{raw}} html\n{shown}\n```"
    text = "".join(output.get("text", data.get("text/plain", ())))
    return f"```text\n{text.rstrip()}\n```"


def _image(title: str, svg: str) -> str:
    address = base64.b64encode(svg.encode()).decode()
    return f'<img alt="{escape(title)}" src="data:image/svg+xml;base64,{address}">'


def gallery() -> str:
    """Return the shipped reports: title, answer and first picture of each."""
    return "\n\n".join(_shown(folder.parent) for folder in _finished())


def _finished() -> list[Path]:
    found = sorted((_ROOT / "reports").glob("*/results.json"))
    return sorted(found, key=lambda path: path.parent.name.startswith("claims"))


def _shown(folder: Path) -> str:
    run = open_run(folder)
    name, picture = next(iter(run.figures.items()))
    answer = " ".join(run.results["text"]["answer"][:1])
    return (
        f"## {run.results['study']['title']}\n\n{answer} The report is "
        f"`reports/{folder.name}/report.html`.\n\n"
        f"```{{raw}} html\n{_image(name, picture.standalone())}\n```"
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    cells = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


PARTS: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        part.__name__: part
        for part in (
            keys,
            names,
            penalties,
            reference,
            glossary,
            coverage,
            tasks,
            notebooks,
            gallery,
        )
    }
)
"""The generated parts by name."""
