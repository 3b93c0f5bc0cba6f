"""The documentation says what is true of the code: links, keys, commands, examples."""

import ast
import doctest
import importlib.util
import inspect
import json
import os
import re
import shlex
import subprocess
from functools import cached_property
from pathlib import Path

import jsonschema
import pytest
import typer
from ruamel.yaml import YAML

import boostreg
from boostreg.cli import app
from boostreg.penalty import PENALTIES
from boostreg.study.schema import study_schema

ROOT = Path(__file__).parents[1]
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [*DOCS, *sorted(ROOT.glob("*.md")), ROOT / "llms.txt"]
TEXTS = {page.relative_to(ROOT).as_posix(): page.read_text("utf-8") for page in PAGES}
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
COMMANDS = typer.main.get_command(app)
WITHOUT_PAGES_OF = {"index", "keys", "reference"}
"""Pages that say little before the site is built, or only link to others."""
RETURNED = {"TreeSize", "Tuned"}
"""Classes that only functions of ours make; the examples of these have them."""


@pytest.fixture(scope="module")
def generated():
    """Return the module that makes parts of pages."""
    spec = importlib.util.spec_from_file_location(
        "generated", ROOT / "docs/generated.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def blocks(language):
    """Return the blocks of code in a language, with the page of each."""
    return [
        (name, found[2])
        for name, text in TEXTS.items()
        for found in BLOCK.finditer(text)
        if found[1] == language
    ]


def slugs(text):
    """Return the addresses of the headings of a page."""
    plain = (re.sub(r"[^\w\- ]", "", head.lower()) for head in HEADING.findall(text))
    return {head.strip().replace(" ", "-") for head in plain}


def test_links_between_pages_lead_somewhere():
    broken = []
    for name, text in TEXTS.items():
        for link in LINK.findall(BLOCK.sub("", text)):
            path, _, heading = link.partition("#")
            if "://" in path:
                continue
            target = ((ROOT / name).parent / path) if path else ROOT / name
            if not target.exists() or (
                heading and heading not in slugs(target.read_text("utf-8"))
            ):
                broken.append((name, link))

    assert broken == []


def test_every_page_is_in_the_contents_of_the_site():
    lists = re.findall(r"```\{toctree\}(.*?)```", TEXTS["docs/index.md"], re.DOTALL)

    assert set(" ".join(lists).split()) >= {page.stem for page in DOCS} - {"index"}


@pytest.mark.parametrize("name", ["README.md", "llms.txt"])
def test_every_guide_is_linked_from_the_front(name):
    linked = set(LINK.findall(TEXTS[name]))
    guides = {page.stem for page in DOCS} - WITHOUT_PAGES_OF

    assert linked >= {f"docs/{guide}.md" for guide in guides}


def test_every_key_of_the_schema_has_a_row(generated):
    page, schema = generated.keys(), study_schema()
    parts = {"": schema, **schema["$defs"]}
    keys = {(part, key) for part, one in parts.items() for key in one["properties"]}

    found = set(re.findall(r"^\| `([\w.\[\]]+)` \| ([^|]+) \|", page, re.MULTILINE))

    described = {(path.rpartition(".")[2], text) for path, text in found}
    assert described == {
        (key, parts[part]["properties"][key]["description"]) for part, key in keys
    }


def test_keys_of_a_finished_run_have_rows(generated):
    page = generated.keys()
    study = YAML(typ="safe").load(ROOT / "reports/quickstart/study.yaml")

    def paths(content, prefix=""):
        for key, value in content.items():
            yield f"{prefix}{key}"
            if isinstance(value, dict) and not set(value) & {*PENALTIES, "entries"}:
                yield from paths(value, f"{prefix}{key}.")

    assert [path for path in paths(study) if f"| `{path}` |" not in page] == []


def test_every_public_name_is_in_the_reference(generated):
    page = generated.reference()

    directive = r"^\.\. auto(?:class|function):: boostreg\.(\w+)$"
    documented = re.findall(directive, page, re.MULTILINE)

    assert documented == list(boostreg.__all__)


def test_every_penalty_has_its_names_in_each_library(generated):
    rows = {
        cells[1].strip(" `"): [cell.strip(" `") for cell in cells[2:5]]
        for line in generated.names().splitlines()[2:]
        if (cells := line.split("|"))
    }

    assert tuple(rows) == PENALTIES
    assert rows["min_split_gain"] == ["gamma", "min_gain_to_split", "none"]
    assert rows["reg_lambda"] == ["reg_lambda", "lambda_l2", "l2_regularization"]


def test_coverage_is_that_of_the_benchmark(generated):
    rows = generated.coverage().splitlines()[2:]
    source = (ROOT / "tests/benchmarks/coverage.md").read_text("utf-8")
    source = source[: source.index("\n## 10 folds")]
    designs = [line for line in source.splitlines() if line.startswith("| ")][1:]

    assert len(rows) == len(designs) > 0
    for row, line in zip(rows, designs, strict=True):
        mean, least = [cell.strip() for cell in row.split("|")][-3:-1]
        assert line.split("|")[-3].strip() == f"{mean} (min {least})"


def test_generated_parts_of_pages_exist(generated):
    pages = "".join(page.read_text("utf-8") for page in DOCS)

    named = re.findall(r"<!-- generated: (.*?) -->", pages)

    assert set(named) == set(generated.PARTS)


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "docs/notebooks").glob("*.ipynb")),
    ids=lambda path: path.stem,
)
def test_notebook_was_run_from_the_top_and_shows_something(generated, path):
    cells = json.loads(path.read_text("utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]

    counts = [cell["execution_count"] for cell in code]

    assert counts == list(range(1, len(code) + 1))
    assert code[-1]["outputs"]
    assert "".join(code[-1]["source"]) in generated.PARTS["notebooks"]()


def shell_commands():
    """Yield the arguments of each boostreg command in a block."""
    for _, code in blocks("sh"):
        for line in code.splitlines():
            for command in line.split("&&"):
                words = shlex.split(command.split(" > ")[0], comments=True)
                if words[:1] == ["boostreg"]:
                    yield words[1:]


@pytest.mark.parametrize("words", list(shell_commands()), ids=" ".join)
def test_commands_in_blocks_are_understood(words):
    name, *arguments = words

    COMMANDS.commands[name].make_context(name, arguments)


def test_commands_in_sentences_and_tables_exist():
    unknown = []
    for name, text in TEXTS.items():
        for line in re.findall(r"`boostreg ([^`]+)`", BLOCK.sub("", text)):
            words = re.sub(r"[\[\]]", " ", line).split()
            command = COMMANDS.commands.get(words[0], COMMANDS)
            known = {option for one in command.params for option in one.opts}
            options = {word for word in words if word.startswith("--")} - {"--help"}
            if (
                command is COMMANDS and not words[0].startswith("-")
            ) or options - known:
                unknown.append((name, line))

    assert unknown == []


@pytest.mark.parametrize(("page", "code"), blocks("python"))
def test_python_compiles_and_imports_public_names(page, code):
    tree = ast.parse(code, page)

    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "boostreg"
        for alias in node.names
    }
    assert imported <= set(boostreg.__all__)


def merged(content, more):
    """Return a mapping with the keys of another one, part by part."""
    both = {**content, **more}
    for key in set(content) & set(more):
        if isinstance(content[key], dict) and isinstance(more[key], dict):
            both[key] = merged(content[key], more[key])
    return both


def test_yaml_is_part_of_a_study():
    schema = jsonschema.Draft202012Validator(study_schema())
    least = {"name": "a", "data": {"source": "a.csv", "target": "b"}}
    contents = [
        (page, YAML(typ="safe").load(code) or {})
        for page, code in blocks("yaml")
        if "repos:" not in code  # the settings of pre-commit
    ]

    faults = [
        (page, error.json_path, error.message)
        for page, content in contents
        for error in schema.iter_errors(merged(least, content))
    ]

    assert faults == []


def test_commit_hook_checks_each_study_and_fails_if_one_is_invalid(tmp_path):
    (hook,) = YAML(typ="safe").load(ROOT / ".pre-commit-hooks.yaml")
    command = tmp_path / "boostreg"
    command.write_text('#!/bin/sh\necho "$@"\n[ "$2" != bad.yaml ]\n')
    command.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"

    def run(*files):
        words = [*shlex.split(hook["entry"]), *files]
        return subprocess.run(
            words, check=False, capture_output=True, text=True, env={"PATH": path}
        )

    good, bad = run("a.yaml", "b c.yaml"), run("a.yaml", "bad.yaml")

    assert good.stdout == "validate a.yaml\nvalidate b c.yaml\n"
    assert (good.returncode, bad.returncode) == (0, 1)


def test_citation_has_the_version_of_the_package():
    citation = YAML(typ="safe").load(ROOT / "CITATION.cff")

    assert citation["version"] == boostreg.__version__


def examples(documented):
    """Return the code of the examples in a docstring."""
    text = inspect.getdoc(documented) or ""
    return "".join(one.source for one in doctest.DocTestParser().get_examples(text))


def own_members(name):
    """Return the public methods and properties of a public class that are ours."""
    found = getattr(boostreg, name)
    bases = found.__mro__ if isinstance(found, type) else ()
    ours = [base for base in bases if base.__module__.startswith("boostreg")]
    return {
        member: value
        for base in ours
        for member, value in vars(base).items()
        if not member.startswith("_") and (callable(value) or is_method(value))
    }


def is_method(value):
    """Return whether an attribute of a class is computed."""
    return isinstance(value, (property, cached_property, classmethod))


def test_every_public_name_and_method_is_in_an_example_that_runs():
    members = {name: own_members(name) for name in boostreg.__all__}
    documented = [getattr(boostreg, name) for name in boostreg.__all__]
    documented += [one for own in members.values() for one in own.values()]
    trees = [ast.parse(examples(one)) for one in documented]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    named = {node.id for node in nodes if isinstance(node, ast.Name)}
    named |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}

    unused = {
        name: lacking
        for name, own in members.items()
        if (lacking := {name, *own} - named - RETURNED)
    }

    assert unused == {}
