"""What benchmarks share: tables, and the versions that a figure rests on.

Tables are scikit-learn's own, and Parquet files in a folder.

The files are not a part of the project: give their folder with ``--data FOLDER``. It
holds ``NAME.parquet``; each has its target under the name below.
"""

import os
import platform
from argparse import ArgumentParser
from pathlib import Path

import lightgbm
import optuna
import xgboost

from boostreg.data import Table, prepare_table, read_source

TARGETS = {
    "adult": "salary",
    "concrete": "compressive_strength",
    "german_credit": "Class",
    "spam": "type",
}


CORES = len(os.sched_getaffinity(0))


def versions() -> str:
    """Return what a figure rests on: versions, and the cores of this machine."""
    return (
        f"Python {platform.python_version()}, XGBoost {xgboost.__version__}, LightGBM "
        f"{lightgbm.__version__}, Optuna {optuna.__version__}, {CORES} cores"
    )


def parse_folder(description: str | None) -> Path | None:
    """Return the folder that the command line names, or None."""
    parser = ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, help="folder of NAME.parquet files")
    folder: Path | None = parser.parse_args().data
    return folder


def load(name: str, folder: Path | None) -> Table | None:
    """Return a table, None where the folder does not have it."""
    if name not in TARGETS:
        return prepare_table(
            read_source(f"sklearn:{name}", base=Path()), target="target"
        )
    if folder is None or not (folder / f"{name}.parquet").exists():
        return None
    frame = read_source(str((folder / f"{name}.parquet").resolve()), base=Path())
    return prepare_table(frame, target=TARGETS[name])
