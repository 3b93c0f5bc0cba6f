"""What a proposal costs late in a long search, beside the trial that it is for.

``python tests/benchmarks/proposal_cost.py --data FOLDER`` prints a table and writes it
to ``proposal_cost.md`` beside this file. The search minimises a made-up bowl, so that
only proposing takes time; the trial is five fits of 200 rounds on ``adult``, our
defaults, one after another in one process.
"""

import math
import time
from pathlib import Path
from statistics import median

from sources import load, parse_folder, versions

from boostreg.data import make_splits
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import Fit, grow
from boostreg.losses import Objective
from boostreg.penalty import Penalty, parse_space
from boostreg.tuning import Proposer

ENGINES = ("xgboost", "lightgbm")
NUMBERS = (40, 200, 1000, 5000)
LAST, REPEATS = 20, 3

PAGE = """# The cost of a proposal

`python tests/benchmarks/proposal_cost.py --data FOLDER`

{versions}. Sampler tpe, space `default`; median of the last {last} proposals before
that many trials, of {repeats} searches. The trial: five fits of 200 rounds on `adult`.

| trials | a proposal | of an XGBoost trial, {xgboost:.1f} s | of a LightGBM trial, \
{lightgbm:.1f} s |
|---|---|---|---|
{lines}
"""


def proposal_seconds() -> dict[int, float]:
    """Return the median cost of the proposals before each of ``NUMBERS``."""
    proposer = Proposer(
        space=parse_space("default").for_engine("xgboost"),
        fixed={"learning_rate": 0.1},
        seed=0,
        n_trials=NUMBERS[-1],
    )
    seconds: list[float] = []
    for number in range(NUMBERS[-1]):
        started = time.perf_counter()
        penalty = proposer.ask()
        seconds.append(time.perf_counter() - started)
        proposer.tell(number, _bowl(penalty), 1.0)
    return {count: median(seconds[count - LAST : count]) for count in NUMBERS}


def _bowl(penalty: Penalty) -> float:
    return (math.log10(penalty.reg_lambda + 1e-3) - 1) ** 2 + penalty.reg_alpha / 10


def trial_seconds(dataset: Dataset, engine: str) -> float:
    """Return how long five fits of 200 rounds take, bins made before."""
    fits = [
        Fit(
            outer=None,
            inner=inner,
            engine=engine,
            penalty=Penalty(),
            n_rounds=200,
            patience=None,
            seed=0,
        )
        for inner in range(5)
    ]
    for fit in fits:
        dataset.bins(engine, fit.outer, fit.inner, fit.threads)
    started = time.perf_counter()
    for fit in fits:
        grow(dataset, fit)
    return time.perf_counter() - started


def main() -> None:
    """Measure, print, and write the page."""
    table = load("adult", parse_folder(__doc__))
    if table is None:
        raise SystemExit("Give the folder that has adult.parquet: --data FOLDER")
    folds = {"folds": 5, "repeats": 1}
    splits = make_splits(table, outer=folds, inner=folds, seed=0)
    objective = Objective.for_task(table.task, len(table.classes), None)
    dataset = Dataset(table, splits, objective)
    trials = {engine: trial_seconds(dataset, engine) for engine in ENGINES}
    runs = [proposal_seconds() for _ in range(REPEATS)]
    lines = []
    for count in NUMBERS:
        cost = median(run[count] for run in runs)
        shares = " | ".join(f"{cost / seconds:.2%}" for seconds in trials.values())
        lines.append(f"| {count:,} | {cost * 1e3:.0f} ms | {shares} |")
        print(lines[-1])  # noqa: T201  # a script talks
    page = PAGE.format(
        versions=versions(),
        last=LAST,
        repeats=REPEATS,
        lines="\n".join(lines),
        **trials,
    )
    Path(__file__).with_suffix(".md").write_text(page, "utf-8")


if __name__ == "__main__":
    main()
