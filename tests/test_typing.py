"""What type checkers and editors see of the package, on a user's small script."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import boostreg

ROOT = Path(boostreg.__file__).parents[1]
SCRIPT = """\
from typing import Any

from typing_extensions import assert_type

import boostreg
from boostreg import BoostedRegressor, Penalty, Tuned, TreeSize, tree_size, tune

X: Any = [[0.0], [1.0]]
y: Any = [0.0, 1.0]

tuned = tune(X, y, engine="lightgbm", trials=4)
assert_type(tuned, Tuned)
assert_type(tune(X, y, engine=["sklearn", "xgboost"]).best.engine, str)
assert_type(tuned.best.penalty, Penalty)
assert_type(boostreg.tune(X, y).one_se.n_leaves, float)
assert_type(tuned.select(max_leaves=100).n_rounds, int)
assert_type(tree_size(X), TreeSize)
assert_type(BoostedRegressor(reg_lambda=1.0).fit(X, y), BoostedRegressor)
boostreg.suggest(X, "default", engine="xgboost").to_raw(boostreg.Units(0.5, 0.25, 100))
boostreg.penalty_path(X, y, "reg_lambda", grid=[0, 10])

Penalty(reg_lamda=1)  # wrong
Penalty(reg_lambda="1")  # wrong
Penalty(scale="row")  # wrong
tune(X, y, enginee="xgb")  # wrong
tuned.best_params  # wrong
tuned.select(max_leafs=100)  # wrong
BoostedRegressor(n_rounds=10)  # wrong
boostreg.tunes  # wrong
"""
MYPY = """\
[mypy]
ignore_missing_imports = true
follow_imports = skip
[mypy-boostreg.*]
follow_imports = silent
[mypy-numpy.*,pandas.*]
follow_imports_for_stubs = true
"""
# Following the imports of other packages takes most of the time and changes nothing.
WRONG = [n for n, line in enumerate(SCRIPT.splitlines(), 1) if "# wrong" in line]


def search_path():
    """Return what mypy needs to find a package that is not installed."""
    return {} if ROOT.name == "site-packages" else {"MYPYPATH": str(ROOT)}


def run(*command, cwd):
    """Return what a checker prints about the script in ``cwd``."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=cwd,
        env=os.environ | search_path(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def lines_of_mypy(folder):
    """Return the lines that mypy rejects, of the script alone."""
    said = run("mypy", "--strict", "--cache-dir", os.devnull, "user.py", cwd=folder)
    parts = [line.split(":") for line in said.splitlines() if ": error:" in line]
    return [int(number) for name, number, *_ in parts if name == "user.py"]


def lines_of_pyright(folder):
    """Return the lines that pyright rejects."""
    found = json.loads(run("basedpyright", "--outputjson", "user.py", cwd=folder))
    listed = found["generalDiagnostics"]
    errors = [one for one in listed if one["severity"] == "error"]
    return [one["range"]["start"]["line"] + 1 for one in errors]


@pytest.mark.parametrize("checker", [lines_of_mypy, lines_of_pyright])
def test_checkers_reject_what_is_wrong_in_a_script_and_nothing_else(checker, tmp_path):
    config = {
        "typeCheckingMode": "standard",
        "pythonPath": sys.executable,
        "extraPaths": [str(ROOT)],
        "reportUnusedExpression": False,
    }
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(config))
    (tmp_path / "mypy.ini").write_text(MYPY)
    (tmp_path / "user.py").write_text(SCRIPT)

    assert checker(tmp_path) == WRONG
