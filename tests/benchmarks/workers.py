"""What workers are worth: two beside one, and the time spent outside the libraries.

``python tests/benchmarks/workers.py --data FOLDER`` prints a table and writes it to
``workers.md`` beside this file, before what ``workers_simulated.py`` wrote there.
*outside* is the share of cores x wall time in which no
core was in a library's training or prediction call; workers are up before the clock
starts. Nothing is raced and no fit stops early.
"""

from pathlib import Path
from statistics import median

from plain_way import Bench
from sources import CORES, load, parse_folder, versions

TABLES = ("diabetes", "adult")
ENGINES = ("xgboost", "lightgbm")
REPEATS = 5

PAGE = """# Workers

`python tests/benchmarks/workers.py --data FOLDER`

{versions}; medians of {repeats} runs, one and {cores} workers in turn. 30 trials x 5
folds, 200 rounds (adult: 20).

| table | engine | 1 worker | {cores} workers | faster | outside, {cores} workers |
|---|---|---|---|---|---|
{lines}
"""


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
            runs = [(bench.ours(1), bench.ours(CORES)) for _ in range(REPEATS)]
            one = median(single.wall for single, _ in runs)
            all_cores = median(many.wall for _, many in runs)
            outside = median(1 - m.library / (CORES * m.wall) for _, m in runs)
            lines.append(
                f"| {name} | {engine} | {one:.1f} s | {all_cores:.1f} s "
                f"| {one / all_cores:.2f} x | {outside:.1%} |"
            )
            print(lines[-1], flush=True)  # noqa: T201  # a script talks
    page = PAGE.format(
        versions=versions(), repeats=REPEATS, cores=CORES, lines="\n".join(lines)
    )
    path = Path(__file__).with_suffix(".md")
    _, heading, simulated = path.read_text("utf-8").partition("\n## Simulated")
    path.write_text(page + heading + simulated, "utf-8")


if __name__ == "__main__":
    main()
