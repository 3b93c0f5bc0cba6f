"""Opening the record of 10,000 trials: our journal beside Optuna's SQLite storage.

``python tests/benchmarks/opening.py`` prints a table and writes it to ``opening.md``
beside this file. Each record is made once, then opened in new processes, in turn. A
trial is five fits of up to 200 rounds on scikit-learn's ``diabetes``: ours holds the
curves and sizes of every fit, Optuna's the values of nine parameters, the loss, and the
five folds' losses as intermediate values. *opened* says that a first trial can be read,
*all read* that every trial is in hand: the loss and the leaves of each of its fits at
its best round, or Optuna's ``study.trials``. Memory is the growth of the process's peak
(Linux, ``VmHWM``) since its imports.
"""

import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
from sources import load, versions

from boostreg.data import make_splits
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import Fit
from boostreg.fits.journal import Journal
from boostreg.fits.work import FitWork
from boostreg.losses import Objective
from boostreg.penalty import Penalty

N_TRIALS, N_FOLDS, N_PARAMS, REPEATS = 10_000, 5, 9, 3

PEAK = """
import json, sys, time
from pathlib import Path
def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    line = next(line for line in lines if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
"""
OURS = """
import numpy as np
from boostreg.fits.fit import FitResult
from boostreg.fits.journal import Journal
before, start = peak(), time.perf_counter()
with Journal(Path(sys.argv[1])) as journal:
    journal.get("0-0")
    opened = time.perf_counter() - start
    found = []
    for trial in range({n_trials}):
        for fold in range({n_folds}):
            fit = FitResult.from_bytes(journal.get(f"{{trial}}-{{fold}}"))
            best = int(np.argmin(fit.valid_loss))
            found.append((fit.valid_loss[best], fit.sizes.n_leaves[best]))
"""
OPTUNA = """
import optuna
optuna.logging.set_verbosity(optuna.logging.ERROR)
before, start = peak(), time.perf_counter()
study = optuna.load_study(study_name=None, storage=sys.argv[1])
opened = time.perf_counter() - start
found = study.trials
"""
END = """
assert len(found) >= {n_trials}
print(json.dumps([opened, time.perf_counter() - start, peak() - before]))
"""
PAGE = """# Opening a record of 10,000 trials

`python tests/benchmarks/opening.py`

{versions}; medians of {repeats} new processes, in turn.

| record | on disk | opened | all read | memory |
|---|---|---|---|---|
{lines}
"""


def make_ours(path: Path) -> None:
    """Write the fits of all trials; their keys are the trial and the fold."""
    table = load("diabetes", None)
    assert table is not None
    splits = make_splits(
        table, outer={"holdout": 0.2}, inner={"folds": N_FOLDS, "repeats": 1}, seed=0
    )
    dataset = Dataset(table, splits, Objective.for_task(table.task, 0, None))
    fits = [
        FitWork(
            Fit(
                outer=None,
                inner=fold,
                engine="xgboost",
                penalty=Penalty(),
                n_rounds=200,
                patience=None,
                seed=0,
            )
        ).run(dataset)
        for fold in range(N_FOLDS)
    ]
    with Journal(path) as journal:
        for trial in range(N_TRIALS):
            for n, fit in enumerate(fits):
                journal.put(f"{trial}-{n}", fit)


def make_optuna(url: str) -> None:
    """Write as many trials as finished ones."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    ranges = {
        f"x{k}": optuna.distributions.FloatDistribution(0, 1) for k in range(N_PARAMS)
    }
    draw = np.random.default_rng(0)
    study = optuna.create_study(study_name="long", storage=url)
    study.add_trials(
        optuna.create_trial(
            value=draw.random(),
            params={name: draw.random() for name in ranges},
            distributions=ranges,
            intermediate_values={fold: draw.random() for fold in range(N_FOLDS)},
        )
        for _ in range(N_TRIALS)
    )


def opened(script: str, record: str) -> list[float]:
    """Return seconds until opened, until all is read, and MB, of a new process."""
    code = (PEAK + script + END).format(n_trials=N_TRIALS, n_folds=N_FOLDS)
    command = [sys.executable, "-c", code, record]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [float(part) for part in done.stdout.strip("[]\n").split(",")]


def main() -> None:
    """Make both records, open them in turn, and write the page."""
    with TemporaryDirectory() as folder:
        ours, theirs = Path(folder) / "journal.db", Path(folder) / "optuna.db"
        make_ours(ours)
        make_optuna(f"sqlite:///{theirs}")
        sides = {
            "our journal": (OURS, str(ours), ours),
            "Optuna's SQLite storage": (OPTUNA, f"sqlite:///{theirs}", theirs),
        }
        runs: dict[str, list[list[float]]] = {name: [] for name in sides}
        for _ in range(REPEATS):
            for name, (script, record, _) in sides.items():
                runs[name].append(opened(script, record))
        lines = []
        for name, (_, _, path) in sides.items():
            first, whole, memory = (
                median(each) for each in zip(*runs[name], strict=True)
            )
            lines.append(
                f"| {name} | {path.stat().st_size / 2**20:.0f} MB | {first:.2f} s "
                f"| {whole:.1f} s | {memory:.0f} MB |"
            )
    page = PAGE.format(versions=versions(), repeats=REPEATS, lines="\n".join(lines))
    print(page)  # noqa: T201  # a script talks
    Path(__file__).with_suffix(".md").write_text(page, "utf-8")


if __name__ == "__main__":
    main()
