"""Workers start light, and have the libraries' wrappers when a reference asks."""

import platform
import subprocess
import sys

import pytest

from boostreg.fits import imports

SCRIPT = """
import sys
from boostreg.fits.imports import complete_imports, import_lightly

import_lightly()
assert "sklearn" not in sys.modules, "scikit-learn was loaded"

import lightgbm
import numpy as np
import xgboost

X = np.arange(40.0).reshape(20, 2)
y = X[:, 0] % 7
rows = xgboost.DMatrix(X, y)
light = xgboost.train({"seed": 0}, rows, 3).predict(rows)
complete_imports()
few = {"n_estimators": 3}
for wrapper in (xgboost.XGBRegressor(**few), lightgbm.LGBMRegressor(verbose=-1)):
    assert wrapper.fit(X, y).predict(X).shape == (20,)
assert (xgboost.XGBRegressor(**few).fit(X, y).predict(X) == light).all()
complete_imports()
print("done")
"""


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64",
    reason="elsewhere scikit-learn's OpenMP must be loaded first",
)
def test_fits_need_no_scikit_learn_and_wrappers_come_on_request():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={"PYTHONPATH": ":".join(filter(None, sys.path)), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == "done\n", done.stderr


def test_libraries_that_are_loaded_in_full_stay_as_they_are():
    import xgboost

    before = xgboost.XGBRegressor
    imports.import_lightly()
    imports.complete_imports()

    assert xgboost.XGBRegressor is before
