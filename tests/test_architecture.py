"""The package has layers: what a module may import, print and assert."""

import ast
import json
import re
import subprocess
import sys
from collections import Counter
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

import boostreg

PACKAGE = Path(boostreg.__file__).parent
LAYERS = [
    {"errors", "arrays", "engine_facts", "record", "progress"},
    {"figures", "spelling"},
    {"penalty", "statistics", "pooling", "changes", "trees", "data"},
    {"losses"},  # they define the units of penalties
    {"engines", "baselines", "metrics"},
    {"saved"},  # models on disk, which estimators write and reports point to
    {"estimators", "fits"},
    {"tuning"},
    {"effects"},
    {"claims"},
    {"report"},
    {"evidence"},
    {"study"},
    {"cli"},
]
ROOT = Path(__file__).parent.parent
GUIDE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
HEIGHT = {name: layer for layer, names in enumerate(LAYERS) for name in names}
MODULES = {
    path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text("utf-8"))
    for path in sorted(PACKAGE.rglob("*.py"))
}
ROOMS = {
    path: tree
    for path, tree in MODULES.items()
    if path not in {"__init__.py", "__main__.py"}
}
NAMED = {
    f"boostreg.{path.removesuffix('.py').replace('/', '.')}".removesuffix(
        ".__init__"
    ): tree
    for path, tree in ROOMS.items()
}
HEAVY = {"xgboost", "lightgbm", "sklearn", "optuna", "pandas", "scipy", "numpy"}
HEAVY |= {"narwhals", "polars", "pyarrow"}
HOME = {
    "xgboost": {"engines/xgb.py", "engines/collective.py"},
    "lightgbm": {"engines/lgb.py"},
}


def imported(tree):
    """Yield the full names of the modules that a module imports, anywhere in it."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module="boostreg", names=names):
                yield from (f"boostreg.{alias.name}" for alias in names)
            case ast.ImportFrom(module=str(module)):
                yield module


def own_parts(tree):
    """Return the parts of boostreg that a module imports; its version is no part."""
    names = [name.split(".") for name in imported(tree)]
    parts = {name[1] for name in names if name[0] == "boostreg" and len(name) > 1}
    return parts - {"__version__"}


def calls(tree, name):
    """Return the lines in which a function is called by its plain name."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == name
    ]


def imports_above(path, tree):
    """Yield the parts that a module imports and may not: those not below its own."""
    own = path.split("/")[0].removesuffix(".py")
    below = {name for name, height in HEIGHT.items() if height < HEIGHT[own]}
    yield from own_parts(tree) - below - {own}


def foreign_libraries(path, tree):
    """Yield libraries that only their translator may import."""
    tops = {name.split(".")[0] for name in imported(tree)}
    yield from (n for n, homes in HOME.items() if n in tops and path not in homes)


def printing(path, tree):
    """Yield what only the command line and the bar may do."""
    tops = {name.split(".")[0] for name in imported(tree)}
    yield from calls(tree, "print")
    if not path.startswith("cli/") and path != "progress.py":
        yield from tops & {"typer", "rich"}


def asserts(_, tree):
    """Yield the lines of assert statements."""
    yield from (n.lineno for n in ast.walk(tree) if isinstance(n, ast.Assert))


def nameless_handlers(_, tree):
    """Yield the lines of bare excepts."""
    handlers = (n for n in ast.walk(tree) if isinstance(n, ast.ExceptHandler))
    yield from (handler.lineno for handler in handlers if handler.type is None)


def late_imports(path, tree):
    """Yield own parts that a function imports; libraries may load on first use."""
    if path == "cli/__init__.py":
        return
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from own_parts(node)


def length(path, _):
    """Yield the number of lines where it is over 600."""
    n_lines = len((PACKAGE / path).read_text("utf-8").splitlines())
    yield from [n_lines] if n_lines > 600 else []


def unsaid(_, tree):
    """Yield what a module lacks: a docstring, and a list of what it offers."""
    assigned = {
        target.id
        for node in tree.body
        if isinstance(node, (ast.Assign, ast.AnnAssign))
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    if not ast.get_docstring(tree):
        yield "docstring"
    if "__all__" not in assigned and len(tree.body) > 1:
        yield "__all__"


@pytest.mark.parametrize(
    "faults",
    [
        foreign_libraries,
        printing,
        asserts,
        nameless_handlers,
        late_imports,
        length,
        unsaid,
    ],
)
def test_no_module_breaks_a_rule(faults):
    found = {path: list(faults(path, tree)) for path, tree in MODULES.items()}

    assert {path: faulty for path, faulty in found.items() if faulty} == {}


def test_imports_point_downwards():
    found = {path: set(imports_above(path, tree)) for path, tree in ROOMS.items()}

    assert {path: above for path, above in found.items() if above} == {}


def test_no_modules_import_each_other_in_a_circle():
    graph = {name: set(imported_modules(tree)) - {name} for name, tree in NAMED.items()}

    assert circle_of(graph) == ()


def test_no_class_name_has_two_meanings():
    homes = {}
    for path, tree in MODULES.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, []).append(path)

    assert {name: paths for name, paths in homes.items() if len(paths) > 1} == {}


def code_lines(path, tree):
    """Return how many lines are neither blank, nor comments, nor docstrings."""
    documented = {
        line
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and ast.get_docstring(node, clean=False) is not None
        for line in range(node.body[0].lineno, node.body[0].end_lineno + 1)
    }
    lines = enumerate((PACKAGE / path).read_text("utf-8").splitlines(), 1)
    return sum(
        bool(line.strip()) and not line.strip().startswith("#")
        for number, line in lines
        if number not in documented
    )


def test_a_small_module_has_more_than_one_user():
    users = {}
    for name, tree in NAMED.items():
        for used in set(imported_modules(tree)) - {name}:
            users.setdefault(used, set()).add(name)
    small = [
        path
        for path, name in zip(ROOMS, NAMED, strict=True)
        if not path.endswith("__init__.py")
        and code_lines(path, ROOMS[path]) < 60
        and len(users.get(name, ())) < 2
    ]

    assert small == []


def test_few_functions_are_private_and_used_once():
    n_functions = n_once = 0
    for tree in MODULES.values():
        nodes = list(ast.walk(tree))
        used = Counter(n.id for n in nodes if isinstance(n, ast.Name))
        used.update(n.attr for n in nodes if isinstance(n, ast.Attribute))
        names = [n.name for n in nodes if isinstance(n, ast.FunctionDef)]
        private = [n for n in names if n.startswith("_") and not n.startswith("__")]
        n_functions += len(names)
        n_once += sum(used[name] == 1 for name in private)

    assert n_once <= 0.2 * n_functions


def imported_modules(tree):
    """Yield the modules of boostreg that a module imports from."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("boostreg"):
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in NAMED else node.module


def circle_of(graph):
    """Return modules that form a circle."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return ()


def test_the_guide_shows_the_layers_from_the_top_down():
    (picture,) = re.findall(r"^```text\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    names = [set(line.split("  ")[0].split()) for line in picture.splitlines()]

    assert names == LAYERS[::-1]


def test_the_guide_names_only_files_that_exist():
    named = re.findall(r"`((?:boostreg|tests)/[\w./]+)`", GUIDE)

    assert len(named) > 40
    assert [path for path in named if not (ROOT / path).exists()] == []


def loaded_by(code):
    """Return the heavy libraries that are loaded after ``code``, in a new process."""
    report = "import json, sys; print(json.dumps(sorted(sys.modules)))"
    program = (
        f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r})\n{code}\n{report}"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program],
        capture_output=True,
        text=True,
        check=True,
    )
    return HEAVY & set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_the_package_loads_no_library():
    assert loaded_by("import boostreg; dir(boostreg)") == set()


@pytest.mark.parametrize("option", ["--help", "--version", "run --help", "nonsense"])
def test_the_command_line_answers_without_any_library(option):
    code = f"""
from boostreg.cli import main
sys.argv = ["boostreg", *{option.split()!r}]
try:
    main()
except SystemExit:
    pass
"""
    assert loaded_by(code) == set()


def test_public_penalty_needs_no_library():
    assert loaded_by("import boostreg; boostreg.Penalty()") == set()


def test_checking_a_study_loads_no_engine():
    heavy = loaded_by("import boostreg.study.draft, boostreg.study.forecast")

    assert not heavy & {"xgboost", "lightgbm", "sklearn", "optuna", "pandas"}


@pytest.mark.parametrize("name", boostreg.__all__)
def test_public_names_are_those_of_their_homes(name):
    home = import_module(boostreg._HOMES[name])  # noqa: SLF001 - the one list of them

    assert getattr(boostreg, name) is getattr(home, name)
    assert name in home.__all__
    assert name in dir(boostreg)


def test_public_names_are_imported_for_type_checkers_from_where_they_are_loaded():
    (block,) = (node for node in MODULES["__init__.py"].body if is_typed_block(node))
    seen = {alias.name: node.module for node in block.body for alias in node.names}

    assert seen == boostreg._HOMES  # noqa: SLF001 - the one list of them


def is_typed_block(node):
    """Return whether a statement is ``if TYPE_CHECKING:``, of imports."""
    if not isinstance(node, ast.If) or not isinstance(node.test, ast.Name):
        return False
    return node.test.id == "TYPE_CHECKING"


def test_public_names_are_sorted():
    assert sorted(boostreg._HOMES) == boostreg.__all__  # noqa: SLF001 - as above


def test_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'boostreg' has no attribute 'Tune'"):
        boostreg.Tune  # noqa: B018 - asking is the test
