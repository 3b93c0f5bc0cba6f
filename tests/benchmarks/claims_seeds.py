"""Verdicts of the shipped claims when a study is run with other seeds.

``python tests/benchmarks/claims_seeds.py --work FOLDER [NAME ...]`` runs the studies of
``studies/claims`` (all, or those named) with seeds 0, 1 and 2 in ``FOLDER`` and writes
the table of all that are finished there to ``claims_seeds.md`` beside this file. A run
that was stopped resumes; one that is finished is not run again unless its study file
changed. With ``--table`` nothing is run.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from boostreg.study.runner import run_study

STUDIES = Path(__file__).parents[2] / "studies" / "claims"
SEEDS = range(3)
MARKS = {"supported": "+", "refuted": "-", "not settled": "?"}
PAGE = """# Verdicts of the claims under three seeds

`python tests/benchmarks/claims_seeds.py --work FOLDER`

The seed draws folds, resamples and every fit's random numbers. + supported, - refuted,
? not settled, by seed {seeds}; estimates are the smallest and the largest of the seeds.
{agree} of {total} verdicts are the same under all seeds, and {turned} are supported
under one seed and refuted under another. A study that is not listed was not run, and a
short list of verdicts is that of the seeds that were.

| study | claim | engine | verdicts | estimates |
|---|---|---|---|---|
{lines}
"""

Key = tuple[str, str, str]


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
    return work / str(seed) / name / "out" / f"claims-{name}" / "results.json"


def findings(name: str, seed: int, work: Path) -> Iterator[tuple[Key, str, float]]:
    """Yield the verdict and the estimate of each claim and engine of a finished run."""
    path = _results(name, seed, work)
    if not path.exists():
        return
    for claim in json.loads(path.read_text("utf-8"))["claims"]:
        for one in claim["findings"]:
            key = (name, claim["id"], one["engine"] or "")
            yield key, one["verdict"], one["estimate"]


def page(work: Path) -> str:
    """Return the table of all finished runs."""
    found: dict[Key, list[tuple[str, float]]] = {}
    for path in sorted(STUDIES.glob("*.yaml")):
        for seed in SEEDS:
            for key, verdict, estimate in findings(path.stem, seed, work):
                found.setdefault(key, []).append((verdict, estimate))
    lines, agree, turned = [], 0, 0
    for key, ones in found.items():
        verdicts = [verdict for verdict, _ in ones]
        estimates = [estimate for _, estimate in ones if estimate is not None]
        agree += len(set(verdicts)) == 1
        turned += {"supported", "refuted"} <= set(verdicts)
        ends = sorted({f"{end:.3g}" for end in (min(estimates), max(estimates))}
                      if estimates else (), key=float)  # fmt: skip
        marks = " ".join(MARKS[verdict] for verdict in verdicts)
        lines.append(f"| {' | '.join(key)} | {marks} | {' to '.join(ends)} |")
    return PAGE.format(
        seeds=", ".join(map(str, SEEDS)),
        agree=agree,
        total=len(found),
        turned=turned,
        lines="\n".join(lines),
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
        for seed in SEEDS:
            run(name, seed, given.work)
            sys.stderr.write(f"{name}, seed {seed}: done\n")
    text = page(given.work)
    Path(__file__).with_suffix(".md").write_text(text, "utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
