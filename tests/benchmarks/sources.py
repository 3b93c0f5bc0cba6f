"""The tables that benchmarks use: scikit-learn's own, and Parquet files in a folder.

The files are not a part of the project: give their folder with ``--data FOLDER``. It
holds ``NAME.parquet``; each has its target under the name below.
"""

from argparse import ArgumentParser
from pathlib import Path

from boostreg.data import Table, prepare_table, read_source

TARGETS = {
    "adult": "salary",
    "concrete": "compressive_strength",
    "german_credit": "Class",
    "spam": "type",
}


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
