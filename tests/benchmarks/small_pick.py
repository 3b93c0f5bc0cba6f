"""Which small model to pick: one standard error, or a tolerance on repeated folds.

``python tests/benchmarks/small_pick.py --data FOLDER --kept FOLDER`` resumes from the
searches that ``kept`` has, one line each, and writes ``small_pick.md`` next to this
file. A search takes about ten seconds of one core.

Each search sees some rows of a table and measures its trials on 5 inner folds, repeated
3 times. Every rule picks from the same trials. The picks are refitted on all rows of
the search and judged on the rows that it did not see.
"""

import json
import math
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t
from sources import versions

from boostreg.data import Table, prepare_table, read_source
from boostreg.data.folds import Fold, Splits, make_folds
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import Fit, derive_seed, run_fit
from boostreg.losses import Objective
from boostreg.penalty import parse_space
from boostreg.tuning import Candidate, FitSettings, Proposer, TrialCurves, Tuning
from boostreg.tuning.selection import select

TABLES = {
    "attrition": "Attrition",
    "breast_cancer": "target",
    "concrete": "compressive_strength",
    "crime": "ViolentCrimesPerPop",
    "diabetes": "target",
    "german_credit": "Class",
    "hitters": "Salary",
    "ionosphere": "Class",
    "ozone": "ozone",
    "pima2": "diabetes",
}
ENGINE = "lightgbm"
SEEDS = range(4)
ROWS, SHARE = 400, 0.6
FOLDS, REPEATS = 5, 3
TRIALS, ROUNDS, PATIENCE, RATE = 10, 100, 10, 0.2
TOLERANCE, LEVEL = 0.01, 0.95

PAGE = f"""# The small pick: one standard error against a tolerance

`python tests/benchmarks/small_pick.py --data FOLDER --kept FOLDER`

{{versions}}.
{{searches}} searches over {{tables}} tables ({{names}}), with up to {ROWS} rows each:
{ENGINE}, {TRIALS} Sobol trials of space `default`, up to {ROUNDS} rounds at
learning_rate {RATE}, {FOLDS} inner folds repeated {REPEATS} times.

*Leaves* and *outer loss* are geometric means, over tables, of the pick relative to the
best by {FOLDS} folds; outer losses on rows that the search did not see, with a 95 %
interval over tables. *Worse* is the share of searches whose pick has an outer loss more
than {TOLERANCE:.0%} above. *Within* admits a mean loss up to {TOLERANCE:.0%} above that
of the best; *shown within* asks the upper end of the corrected one-sided {LEVEL:.0%}
interval to be below it.

| rule | inner folds | leaves | outer loss | worse |
|---|---|---|---|---|
{{lines}}
"""

Rule = Callable[[Sequence[TrialCurves]], Candidate]


def smallest(
    trials: Sequence[TrialCurves], admits: Callable[[np.ndarray, float], np.ndarray]
) -> Candidate:
    """Return the smallest candidate whose losses above the best's are admitted."""
    best = select(trials).best
    reference = next(c for c in trials if c.number == best.trial).valid_loss
    found = [best]
    for curves in trials:
        above = curves.valid_loss - reference[:, [best.n_rounds]]
        (rounds,) = np.nonzero(admits(above, best.loss))
        found += [curves.candidate(int(k)) for k in rounds]
    return min(found, key=lambda c: (c.n_leaves, c.loss, c.n_rounds, c.trial))


def within(above: np.ndarray, loss: float) -> np.ndarray:
    """Return which prefixes have a mean loss within the tolerance."""
    return above.mean(axis=0) <= TOLERANCE * loss


def shown_within(above: np.ndarray, loss: float) -> np.ndarray:
    """Return which prefixes have an interval that ends within the tolerance."""
    n = len(above)
    error = above.std(axis=0, ddof=1) * math.sqrt(1 / n + 1 / (FOLDS - 1))
    return above.mean(axis=0) + t.ppf(LEVEL, n - 1) * error <= TOLERANCE * loss


RULES: dict[str, Rule] = {
    "best": lambda trials: select(trials).best,
    "one_se": lambda trials: select(trials).one_se,
    "within": lambda trials: smallest(trials, within),
    "shown within": lambda trials: smallest(trials, shown_within),
}


def parted(name: str, folder: Path, seed: int) -> tuple[Table, Splits] | None:
    """Return a table, its rows of the search and the others, None without its file."""
    file = folder / f"{name}.parquet"
    if not file.exists():
        return None
    frame = read_source(str(file.resolve()), base=Path())
    table = prepare_table(frame, target=TABLES[name])
    order = np.random.default_rng(derive_seed(seed, name)).permutation(table.n_samples)
    n_seen = min(ROWS, int(SHARE * table.n_samples))
    seen, unseen = np.sort(order[:n_seen]), np.sort(order[n_seen:])
    inner = make_folds(table, seen, folds=FOLDS, repeats=REPEATS, seed=seed)
    return table, Splits(table.n_samples, (Fold(seen, unseen),), {0: inner})


def searched(table: Table, splits: Splits, seed: int) -> dict[str, Any]:
    """Return leaves and outer loss of each rule's pick, by its number of folds."""
    objective = Objective.for_task(table.task, len(table.classes), None)
    dataset = Dataset(table, splits, objective)
    proposer = Proposer(
        space=parse_space("default").for_engine(ENGINE),
        fixed={"learning_rate": RATE},
        sampler="sobol",
        seed=derive_seed(seed, "search"),
        n_trials=TRIALS,
    )
    limits = FitSettings(
        n_inner=FOLDS * REPEATS, n_rounds=ROUNDS, patience=PATIENCE, seed=seed
    )
    tuning = Tuning(outer=0, proposers={ENGINE: proposer}, limits=limits)
    while not tuning.done:
        for fit in tuning.ready():
            tuning.receive(fit, run_fit(dataset, fit))
    every = [trial.curves for trial in tuning.trials if trial.curves is not None]
    once = [replace(one, valid_loss=one.valid_loss[:FOLDS]) for one in every]
    picks = {
        (rule, folds): pick(curves)
        for folds, curves in ((FOLDS, once), (FOLDS * REPEATS, every))
        for rule, pick in RULES.items()
    }
    losses: dict[tuple[int, int], float] = {}
    for one in picks.values():
        if (one.trial, one.n_rounds) not in losses:
            penalty = tuning.trials[one.trial].penalty
            refit = Fit(
                outer=0,
                inner=None,
                engine=ENGINE,
                penalty=penalty,
                n_rounds=one.n_rounds,
                patience=None,
                seed=seed,
            )
            loss = float(run_fit(dataset, refit).valid_loss[-1])
            losses[one.trial, one.n_rounds] = loss
    return {
        f"{rule}, {folds}": [one.n_leaves, losses[one.trial, one.n_rounds]]
        for (rule, folds), one in picks.items()
    }


def measure(data: Path, kept: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the searches of each table, measuring those that ``kept`` lacks."""
    kept.mkdir(parents=True, exist_ok=True)
    found: dict[str, list[dict[str, Any]]] = {}
    for seed in SEEDS:
        for name in TABLES:
            file = kept / f"{name}.jsonl"
            lines = file.read_text("utf-8").splitlines() if file.exists() else []
            if seed >= len(lines) and (parts := parted(name, data, seed)):
                lines.append(json.dumps(searched(*parts, seed)))
                file.write_text("".join(f"{line}\n" for line in lines), "utf-8")
            found[name] = [json.loads(line) for line in lines]
    return {name: searches for name, searches in found.items() if searches}


def page_lines(found: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    """Yield a row of the table for each rule and number of folds."""
    reference = f"best, {FOLDS}"
    for key in next(iter(found.values()))[0]:
        # A pick without a tree counts as one leaf.
        sizes = [
            np.log(
                [max(one[key][0], 1) / max(one[reference][0], 1) for one in searches]
            )
            for searches in found.values()
        ]
        changes = {
            name: np.log([one[key][1] / one[reference][1] for one in searches])
            for name, searches in found.items()
        }
        means = np.array([change.mean() for change in changes.values()])
        n = len(means)
        half = t.ppf(0.975, n - 1) * means.std(ddof=1) / math.sqrt(n)
        ends = np.expm1([means.mean(), means.mean() - half, means.mean() + half])
        worse = np.mean(np.concatenate(list(changes.values())) > np.log1p(TOLERANCE))
        leaves = math.expm1(np.mean([log.mean() for log in sizes]))
        rule, folds = key.split(", ")
        yield (
            f"| {rule} | {folds} | {leaves:+.0%} | "
            f"{ends[0]:+.1%} ({ends[1]:+.1%} to {ends[2]:+.1%}) | {worse:.0%} |"
        )


def main() -> None:
    """Measure what is missing, print, and write the page."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of tables")
    parser.add_argument("--kept", type=Path, required=True, help="folder of searches")
    given = parser.parse_args()
    found = measure(given.data, given.kept)
    page = PAGE.format(
        versions=versions(),
        searches=sum(map(len, found.values())),
        tables=len(found),
        names=", ".join(found),
        lines="\n".join(page_lines(found)),
    )
    Path(__file__).with_suffix(".md").write_text(page, "utf-8")
    print(page)  # noqa: T201  # a script talks


if __name__ == "__main__":
    main()
