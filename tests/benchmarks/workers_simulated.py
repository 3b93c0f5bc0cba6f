"""What up to 16 workers are worth in one search, on a simulated machine.

``python tests/benchmarks/workers_simulated.py`` prints a table and writes it to the end
of ``workers.md``. Scheduler and search are the real ones. Fits take 0.75 to 1.25
seconds of a simulated clock, proposals take none.
"""

import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from simulated import Machine, noisy_fit

from boostreg.fits.fit import derive_seed
from boostreg.penalty import parse_space
from boostreg.tuning import FitSettings, Proposer, Tuning
from boostreg.tuning.search import TuningJob

WORKERS = (1, 2, 4, 8, 16)
SEARCHES = {
    "racing": {},
    "racing, `in_flight=16`": {"in_flight": 16},
    "no racing": {"racing": None},
}

PAGE = """
## Simulated

`python tests/benchmarks/workers_simulated.py`

120 trials x 5 folds, sampler sobol, `in_flight=4` unless stated: at most 20 fits at the
same time. *Work* is the number of busy workers, so the work per second of one worker is
1. It includes folds that a race turned out not to need. *Faster* is how many times
faster than one worker the search ends.

| search | workers | fits run | work | faster |
|---|---|---|---|---|
{lines}
"""


def search(workers, *, racing="moderated", in_flight=4):
    """Return the machine after a search."""
    space = parse_space("default").for_engine("xgboost")
    tuning = Tuning(
        outer=None,
        proposers={
            "xgboost": Proposer(
                space=space, n_trials=120, sampler="sobol", in_flight=in_flight
            )
        },
        limits=FitSettings(n_inner=5, n_rounds=60, patience=8, seed=5),
        racing=racing,
    )
    return Machine(workers, timed).run([TuningJob(tuning)])


def timed(fit):
    """Return a result with the seconds of its fit."""
    return replace(noisy_fit(fit), seconds=0.75 + 0.5 * derive_seed(1, fit) / 2**31)


def main() -> None:
    """Simulate, print, and write the page."""
    lines = []
    for name, settings in SEARCHES.items():
        one = search(1, **settings).now
        for workers in WORKERS:
            machine = search(workers, **settings)
            lines.append(
                f"| {name} | {workers} | {machine.n_run} "
                f"| {machine.busy / machine.now:.1f} x | {one / machine.now:.1f} x |"
            )
            print(lines[-1], flush=True)  # noqa: T201  # a script talks
    path = Path(__file__).with_name("workers.md")
    measured, _, _ = path.read_text("utf-8").partition("\n## Simulated")
    path.write_text(measured + PAGE.format(lines="\n".join(lines)), "utf-8")


if __name__ == "__main__":
    main()
