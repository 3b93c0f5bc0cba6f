"""Verdicts of the shipped claims when a study is run with other seeds.

``python tests/benchmarks/claims_seeds.py --work FOLDER [NAME ...]`` runs the studies of
``studies/claims`` (all, or those named) with seeds 1 and 2 in ``FOLDER``. Seed 0 is
that of the shipped reports. The table of ``claims_seeds.md`` is written again: studies
that are not in ``FOLDER`` keep their rows. A run that was stopped resumes; one that is
finished is not run again unless its study file changed. ``--table`` runs nothing.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from boostreg.study.runner import run_study

ROOT = Path(__file__).parents[2]
STUDIES, REPORTS = ROOT / "studies" / "claims", ROOT / "reports"
TABLE = Path(__file__).with_suffix(".md")
SEEDS = (0, 1, 2)
MARKS = {"supported": "+", "refuted": "-", "not settled": "?"}
PAGE = """# Verdicts of the claims under three seeds

`python tests/benchmarks/claims_seeds.py --work FOLDER`

The seed draws folds, resamples and every fit's random numbers. + supported, - refuted,
? not settled, by seed {seeds}; estimates are the smallest and the largest of the seeds.
{agree} of {total} verdicts are the same under all seeds, and {turned} are supported
under one seed and refuted under another. Seed 0 is that of the shipped reports. A study
that is not listed was not run with the others, and a short list of verdicts is that of
the seeds that were.

| study | claim | engine | verdicts | estimates |
|---|---|---|---|---|
{lines}
"""

Key = tuple[str, str, str]
Row = tuple[str, str]


def run(name: str, seed: int, work: Path) -> None:
    """Run one study with one seed, unless its results are there."""
    text = (STUDIES / f"{name}.yaml").read_text("utf-8")
    folder = work / str(seed) / name
    path = folder / f"{name}.yaml"
    written = f"{text}seed: {seed}\n"
    if _results(name, seed, work).exists() and path.read_text("utf-8") == written:
        return
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(written, "utf-8")
    run_study(path, out=folder / "out", workers=1)


def _results(name: str, seed: int, work: Path) -> Path:
    runs = REPORTS if seed == 0 else work / str(seed) / name / "out"
    return runs / f"claims-{name}" / "results.json"


def findings(name: str, seed: int, work: Path) -> Iterator[tuple[Key, str, float]]:
    """Yield the verdict and the estimate of each claim and engine of a finished run."""
    path = _results(name, seed, work)
    if not path.exists():
        return
    for claim in json.loads(path.read_text("utf-8"))["claims"]:
        for one in claim["findings"]:
            key = (name, claim["id"], one["engine"] or "")
            yield key, one["verdict"], one["estimate"]


def rows(name: str, work: Path) -> dict[Key, Row]:
    """Return the verdicts and estimates of a study, by claim and engine."""
    found: dict[Key, list[tuple[str, float]]] = {}
    for seed in SEEDS:
        for key, verdict, estimate in findings(name, seed, work):
            found.setdefault(key, []).append((verdict, estimate))
    return {key: _row(ones) for key, ones in found.items()}


def _row(ones: list[tuple[str, float]]) -> Row:
    estimates = [estimate for _, estimate in ones if estimate is not None]
    ends = sorted({f"{end:.3g}" for end in (min(estimates), max(estimates))}
                  if estimates else (), key=float)  # fmt: skip
    return " ".join(MARKS[verdict] for verdict, _ in ones), " to ".join(ends)


def kept() -> dict[Key, Row]:
    """Return the rows of the table as it is."""
    if not TABLE.exists():
        return {}
    lines = TABLE.read_text("utf-8").partition("|---|---|---|---|---|\n")[2]
    cells = [line.strip("| \n").split(" | ") for line in lines.splitlines()]
    return {(c[0], c[1], c[2].strip()): (c[3], c[4]) for c in cells}


def page(work: Path) -> str:
    """Return the table of all studies that are in ``work`` or were in the table."""
    old, table = kept(), dict[Key, Row]()
    for path in sorted(STUDIES.glob("*.yaml")):
        new = rows(path.stem, work)
        if any(_results(path.stem, seed, work).exists() for seed in SEEDS[1:]):
            table |= new
        else:
            table |= {key: old[key] for key in new if key in old}
    verdicts = [set(marks.split()) for marks, _ in table.values()]
    return PAGE.format(
        seeds=", ".join(map(str, SEEDS)),
        agree=sum(len(marks) == 1 for marks in verdicts),
        total=len(table),
        turned=sum({"+", "-"} <= marks for marks in verdicts),
        lines="\n".join(f"| {' | '.join(key + row)} |" for key, row in table.items()),
    )


def main() -> None:
    """Run what is missing, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--table", action="store_true", help="run nothing")
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    names = given.names or [path.stem for path in sorted(STUDIES.glob("*.yaml"))]
    if given.table:
        names = []
    for name in names:
        for seed in SEEDS[1:]:
            run(name, seed, given.work)
            sys.stderr.write(f"{name}, seed {seed}: done\n")
    text = page(given.work)
    TABLE.write_text(text, "utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
