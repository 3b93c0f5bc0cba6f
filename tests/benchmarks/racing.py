"""What racing saves, and which picks it loses: our rule, Optuna's, and no racing.

``python tests/benchmarks/racing.py --data FOLDER`` prints a table and writes it to
``racing.md`` beside this file. Every rule sees the same fits, on the same inner folds
of one outer fold. With Sobol points all rules are proposed the same trials, so a pick
is lost exactly where it differs; with TPE the searches part, and what counts is the
loss of what is picked in the end.
"""

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import lightgbm
import optuna
import xgboost
from sources import load, parse_folder

from boostreg.data import Table, make_splits
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import Fit, FitResult, derive_seed, run_fit
from boostreg.losses import Objective
from boostreg.penalty import parse_space
from boostreg.tuning import Candidate, FitSettings, Proposer, Tuning
from boostreg.tuning.purpose import Purpose, best_under

TABLES = ("diabetes", "breast_cancer", "concrete", "german_credit")
ENGINES = ("xgboost", "lightgbm")
RULES: tuple[Any, ...] = (None, "wilcoxon", "moderated")
SAMPLERS: tuple[Any, ...] = ("sobol", "tpe")
SEEDS = range(3)
TRIALS = 40
ROUNDS, PATIENCE, RATE = 300, 20, 0.1
LIMITS = (8, 16, 32, 64, 128)

PAGE = f"""# Racing: fits saved against picks lost

`python tests/benchmarks/racing.py --data FOLDER`

Python {{python}}, XGBoost {{xgboost}}, LightGBM {{lightgbm}}, Optuna {{optuna}}.
Tables: {{tables}}; both engines, {len(SEEDS)} seeds, {TRIALS} trials of space
`default`, 5 inner folds, up to {ROUNDS} rounds, patience {PATIENCE}.
*best lost* and *one_se lost* count searches whose pick is another than without racing;
losses and leaves are mean relative changes of the picks, outer losses on the test rows
of the first outer fold. *Small* is the change of the lowest inner loss with at most
{", ".join(map(str, LIMITS))} leaves, the mean over these limits.

| sampler | rule | searches | fits saved | best lost | one_se lost | inner best \
| outer best | outer one_se | leaves of one_se | small |
|---|---|---|---|---|---|---|---|---|---|---|
{{lines}}
"""


@dataclass(frozen=True)
class Outcome:
    """What one search cost and found."""

    n_fits: int
    n_raced: int
    best: Candidate
    one_se: Candidate
    outer: dict[str, float]
    small: tuple[float, ...]


class Bench:
    """One table and seed; remembers every fit, for all rules."""

    def __init__(self, table: Table, seed: int) -> None:
        folds = {"folds": 5, "repeats": 1}
        splits = make_splits(table, outer=folds, inner=folds, seed=seed)
        objective = Objective.for_task(table.task, len(table.classes), None)
        self._dataset = Dataset(table, splits, objective)
        self._seed = seed
        self._known: dict[Fit, FitResult] = {}

    def run(self, engine: str, sampler: Any, rule: Any) -> Outcome:
        """Search within the first outer fold."""
        proposer = Proposer(
            space=parse_space("default").for_engine(engine),
            fixed={"learning_rate": RATE},
            sampler=sampler,
            seed=derive_seed(self._seed, "search", engine, 0),
            n_trials=TRIALS,
        )
        limits = FitSettings(
            n_inner=5, n_rounds=ROUNDS, patience=PATIENCE, seed=self._seed
        )
        tuning = Tuning(
            outer=0, proposers={engine: proposer}, limits=limits, racing=rule
        )
        n_fits = 0
        while not tuning.done:
            for fit in tuning.ready():
                n_fits += 1
                tuning.receive(fit, self._fit(fit))
        chosen = tuning.selection
        raced = sum(trial.state == "raced" for trial in tuning.trials)
        outer = {
            name: self._outer(engine, tuning, getattr(chosen, name))
            for name in ("best", "one_se")
        }
        curves = [trial.curves for trial in tuning.trials if trial.curves is not None]
        small = tuple(
            best_under(curves, Purpose(max_leaves=limit)).loss for limit in LIMITS
        )
        return Outcome(n_fits, raced, chosen.best, chosen.one_se, outer, small)

    def _fit(self, fit: Fit) -> FitResult:
        if fit not in self._known:
            self._known[fit] = run_fit(self._dataset, fit)
        return self._known[fit]

    def _outer(self, engine: str, tuning: Tuning, pick: Candidate) -> float:
        seed = derive_seed(self._seed, "fit", 0, None)
        penalty = tuning.trials[pick.trial].penalty
        refit = Fit(
            outer=0,
            inner=None,
            engine=engine,
            penalty=penalty,
            n_rounds=pick.n_rounds,
            patience=None,
            seed=seed,
            threads=1,
        )
        return float(self._fit(refit).valid_loss[-1])


def searches(folder: Path | None) -> Iterator[tuple[str, Any, dict[Any, Outcome]]]:
    """Yield every search with what each rule made of it."""
    for name in TABLES:
        table = load(name, folder)
        if table is None:
            continue
        for seed in SEEDS:
            bench = Bench(table, seed)
            for engine in ENGINES:
                for sampler in SAMPLERS:
                    yield (
                        name,
                        sampler,
                        {rule: bench.run(engine, sampler, rule) for rule in RULES},
                    )


def line(sampler: str, rule: str, pairs: list[tuple[Outcome, Outcome]]) -> str:
    """Return a row of the table; each pair is a rule's outcome and the full one."""
    saved = 1 - sum(o.n_fits for o, _ in pairs) / sum(f.n_fits for _, f in pairs)
    lost = {
        name: sum(getattr(o, name) != getattr(f, name) for o, f in pairs)
        for name in ("best", "one_se")
    }
    inner = fmean(o.best.loss / f.best.loss - 1 for o, f in pairs)
    outer = {
        name: fmean(o.outer[name] / f.outer[name] - 1 for o, f in pairs)
        for name in ("best", "one_se")
    }
    leaves = fmean(o.one_se.n_leaves / max(f.one_se.n_leaves, 1) - 1 for o, f in pairs)
    small = fmean(
        a / b - 1 for o, f in pairs for a, b in zip(o.small, f.small, strict=True)
    )
    return (
        f"| {sampler} | {rule} | {len(pairs)} | {saved:.0%} | {lost['best']} | "
        f"{lost['one_se']} | {inner:+.2%} | {outer['best']:+.2%} | "
        f"{outer['one_se']:+.2%} | {leaves:+.0%} | {small:+.1%} |"
    )


def main() -> None:
    """Measure, print, and write the page."""
    found: dict[tuple[str, str], list[tuple[Outcome, Outcome]]] = {}
    names: list[str] = []
    for name, sampler, by_rule in searches(parse_folder(__doc__)):
        names.append(name)
        for rule in RULES[1:]:
            pair = (by_rule[rule], by_rule[None])
            found.setdefault((sampler, rule), []).append(pair)
    lines = [line(sampler, rule, pairs) for (sampler, rule), pairs in found.items()]
    page = PAGE.format(
        python=platform.python_version(),
        xgboost=xgboost.__version__,
        lightgbm=lightgbm.__version__,
        optuna=optuna.__version__,
        tables=", ".join(dict.fromkeys(names)),
        lines="\n".join(lines),
    )
    Path(__file__).with_suffix(".md").write_text(page, "utf-8")
    print(page)  # noqa: T201  # a script talks


if __name__ == "__main__":
    main()
