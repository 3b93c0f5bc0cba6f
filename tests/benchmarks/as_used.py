"""``tune`` as people use it beside the plain way as people write it.

``python tests/benchmarks/as_used.py --data FOLDER`` prints a table and writes it to
``as_used.md`` beside this file. Ours: ``tune`` with its defaults (racing, early
stopping), its workers' start-up included. The plain way: an Optuna study, whose
objective draws the same penalties with ``suggest`` and the number of rounds from 50 to
500, and calls ``cross_val_score`` on the library's wrapper with ``n_jobs`` = cores.
Both have the same folds. *loss* is the incumbent's inner loss over that of the plain
way. The last columns are the same while another process keeps one core busy.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from statistics import median
from typing import Any

import optuna
from plain import Chore
from plain_way import Bench
from sklearn.model_selection import cross_val_score
from sources import CORES, load, parse_folder, versions

from boostreg import suggest, tune
from boostreg.engines import get_engine
from boostreg.penalty import Penalty

TABLES = ("concrete", "german_credit")
ENGINES = ("xgboost", "lightgbm")
TRIALS, REPEATS = 60, 3

PAGE = """# As people use it

`python tests/benchmarks/as_used.py --data FOLDER`

{versions}; {trials} trials x 5 folds; seconds, medians of {repeats} runs, in turn.

| table | engine | plain | ours | trials per second | loss | plain, one core busy \
| ours, one core busy | trials per second |
|---|---|---|---|---|---|---|---|---|
{lines}
"""


def plain(bench: Bench, chore: Chore, seed: int) -> tuple[float, float]:
    """Return seconds and least loss of the plain way."""
    problem = bench.dataset.problem(None, 0)
    engine = get_engine(bench.engine)

    def objective(trial: optuna.Trial) -> float:
        drawn = suggest(trial)
        given: dict[str, Any] = engine.params(_with_rate(drawn), problem)
        given |= {"n_estimators": trial.suggest_int("rounds", 50, 500)}
        if bench.engine == "xgboost":
            given["enable_categorical"] = True
        scores = cross_val_score(
            chore.model(given), chore.X, chore.y, cv=chore.folds, scoring=chore.scoring
        )
        return -float(scores.mean())

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    started = time.perf_counter()
    study.optimize(objective, n_trials=TRIALS)
    return time.perf_counter() - started, study.best_value


def _with_rate(drawn: Penalty) -> Penalty:
    return Penalty(
        reg_alpha=drawn.reg_alpha,
        reg_lambda=drawn.reg_lambda,
        min_split_gain=drawn.min_split_gain,
        max_leaves=drawn.max_leaves,
        learning_rate=0.1,
    )


def ours(bench: Bench, chore: Chore, seed: int) -> tuple[float, float]:
    """Return seconds and least loss of ``tune``."""
    y = chore.y
    task = bench.table.task
    started = time.perf_counter()
    tuned = tune(
        chore.X,
        y,
        engine=bench.engine,
        trials=TRIALS,
        cv=chore.folds,
        task=task,
        seed=seed,
    )
    return time.perf_counter() - started, tuned.best.loss


@contextmanager
def one_core_busy() -> Iterator[None]:
    """Keep another process counting."""
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        busy.kill()
        busy.wait()


def measure(bench: Bench, chore: Chore, *, busy: bool) -> tuple[float, float, float]:
    """Return median seconds of the plain way and of ours, and our loss over theirs."""
    runs = []
    for seed in range(REPEATS):
        with one_core_busy() if busy else nullcontext():
            runs.append((*plain(bench, chore, seed), *ours(bench, chore, seed)))
    theirs, their_loss, mine, my_loss = (
        median(column) for column in zip(*runs, strict=True)
    )
    return theirs, mine, my_loss / their_loss


def main() -> None:
    """Measure, print, and write the page."""
    folder = parse_folder(__doc__)
    lines = []
    for name in TABLES:
        table = load(name, folder)
        if table is None:
            continue
        for engine in ENGINES:
            bench = Bench(name, table, engine)
            chore = Chore(
                engine, table.task, bench.frame(), table.y, bench.folds, CORES
            )
            idle = measure(bench, chore, busy=False)
            busy = measure(bench, chore, busy=True)
            lines.append(
                f"| {name} | {engine} | {idle[0]:.1f} | {idle[1]:.1f} "
                f"| {idle[0] / idle[1]:.1f} x | {idle[2]:.4f} | {busy[0]:.1f} "
                f"| {busy[1]:.1f} | {busy[0] / busy[1]:.1f} x |"
            )
            print(lines[-1], flush=True)  # noqa: T201  # a script talks
    page = PAGE.format(
        versions=versions(), trials=TRIALS, repeats=REPEATS, lines="\n".join(lines)
    )
    Path(__file__).with_suffix(".md").write_text(page, "utf-8")


if __name__ == "__main__":
    main()
