"""The house has floors, and few doors: what a module may import, print and assert."""

import ast
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import boostreg

PACKAGE = Path(boostreg.__file__).parent
FLOORS = [
    {"errors"},
    {"figures"},
    {"penalty", "statistics", "trees", "data"},
    {"losses"},  # they say what a row is worth, in the units that penalties know
    {"engines", "baselines"},
    {"saved"},  # models on disk, which estimators write and reports point to
    {"estimators", "fits"},
    {"tuning"},
    {"insight"},
    {"report"},
    {"study"},
    {"cli"},
]
HEIGHT = {name: floor for floor, names in enumerate(FLOORS) for name in names}
MODULES = {
    path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text("utf-8"))
    for path in sorted(PACKAGE.rglob("*.py"))
}
ROOMS = {
    path: tree
    for path, tree in MODULES.items()
    if path not in {"__init__.py", "__main__.py"}
}
HEAVY = {"xgboost", "lightgbm", "sklearn", "optuna", "pandas", "scipy", "numpy"}
HOME = {"xgboost": {"engines/xgb.py"}, "lightgbm": {"engines/lgb.py"}}


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


@pytest.mark.parametrize("path", ROOMS)
def test_imports_point_downwards(path):
    own = path.split("/")[0].removesuffix(".py")
    below = {name for name, height in HEIGHT.items() if height < HEIGHT[own]}

    assert own_parts(ROOMS[path]) <= below | {own}


@pytest.mark.parametrize("path", MODULES)
def test_each_library_has_one_translator(path):
    tops = {name.split(".")[0] for name in imported(MODULES[path])}

    for library, homes in HOME.items():
        assert library not in tops or path in homes


@pytest.mark.parametrize("path", MODULES)
def test_only_the_command_line_prints(path):
    tops = {name.split(".")[0] for name in imported(MODULES[path])}

    assert calls(MODULES[path], "print") == []
    assert path.startswith("cli/") or not tops & {"typer", "rich"}


@pytest.mark.parametrize("path", MODULES)
def test_package_never_asserts(path):
    found = [n.lineno for n in ast.walk(MODULES[path]) if isinstance(n, ast.Assert)]

    assert found == []


@pytest.mark.parametrize("path", MODULES)
def test_no_error_is_caught_without_a_name(path):
    handlers = [n for n in ast.walk(MODULES[path]) if isinstance(n, ast.ExceptHandler)]

    assert [handler.lineno for handler in handlers if handler.type is None] == []


@pytest.mark.parametrize(
    "path", [path for path in MODULES if path != "cli/__init__.py"]
)
def test_own_modules_are_imported_at_the_top(path):
    functions = [
        node
        for node in ast.walk(MODULES[path])
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]

    assert set().union(*map(own_parts, functions)) == set()


@pytest.mark.parametrize("path", MODULES)
def test_files_stay_short_enough_to_read(path):
    lines = (PACKAGE / path).read_text("utf-8").splitlines()

    assert len(lines) <= 600


@pytest.mark.parametrize("path", MODULES)
def test_modules_say_what_they_believe_and_offer(path):
    tree = MODULES[path]
    assigned = {
        target.id
        for node in tree.body
        if isinstance(node, (ast.Assign, ast.AnnAssign))
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    only_a_docstring = len(tree.body) <= 1

    assert ast.get_docstring(tree)
    assert "__all__" in assigned or only_a_docstring


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
    heavy = loaded_by("import boostreg.study.door")

    assert not heavy & {"xgboost", "lightgbm", "sklearn", "optuna", "pandas"}


@pytest.mark.parametrize("name", boostreg.__all__)
def test_public_names_are_those_of_their_homes(name):
    home = import_module(boostreg._HOMES[name])  # noqa: SLF001 - the one list of them

    assert getattr(boostreg, name) is getattr(home, name)
    assert name in home.__all__
    assert name in dir(boostreg)


def test_public_names_are_sorted():
    assert sorted(boostreg.__all__) == boostreg.__all__


def test_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'boostreg' has no attribute 'Tune'"):
        boostreg.Tune  # noqa: B018 - asking is the test
