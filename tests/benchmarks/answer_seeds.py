"""The answer of a study when it is run with other seeds, and on other versions.

``python tests/benchmarks/answer_seeds.py --work FOLDER`` runs quickstart with seeds 0
to 9 in ``FOLDER/XGBoost version`` and writes what all finished runs there answered to
``answer_seeds.md`` beside this file. A run that was stopped resumes; one that is
finished is not run again. With ``--table`` nothing is run; ``--seeds 0 1`` runs these
alone.
"""

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import xgboost

from boostreg.report.results import Results
from boostreg.study.runner import run_study

STUDY = Path(__file__).parents[2] / "studies" / "quickstart.yaml"
GAINS = ("better", "as good")
PAGE = """# What quickstart answers under other seeds

`python tests/benchmarks/answer_seeds.py --work FOLDER`

The seed draws folds, searches and every fit's random numbers. Words are read off the
drawn 95 % intervals. Of the same question, {flips} words are `better` under one seed
and `worse` under another, among {words} rows below.

| XGBoost | question | comparison | words, of seeds | change of loss, over seeds |
|---|---|---|---|---|
{lines}
"""

Key = tuple[str, str, str]


def run(seed: int, folder: Path, workers: int) -> None:
    """Run quickstart with one seed, unless its results are there."""
    folder = folder / str(seed)
    if (folder / "quickstart" / "results.json").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "quickstart.yaml"
    text = re.sub(
        r"^seed: .*$", f"seed: {seed}", STUDY.read_text("utf-8"), flags=re.MULTILINE
    )
    path.write_text(text, "utf-8")
    run_study(path, out=folder, workers=workers)


def words(results: Results) -> Iterator[tuple[str, str, str, float | None]]:
    """Yield question, comparison, word and change of all that the answer says."""
    answer = results["answer"]
    yield "answer", "kind", answer["kind"], None
    yield "answer", "model to use", answer["use"], None
    for question in answer["questions"]:
        yield question["question"], "", question["word"], None
        for change in question["changes"]:
            name = f"{change['a']} against {change['b']}"
            yield question["question"], name, change["word"], change["change"]
    for name, penalty in results["penalties"].items():
        change = penalty["against_off"]
        yield (
            "penalty, others tuned",
            name,
            penalty["word"],
            change and change["change"],
        )


def page(work: Path) -> str:
    """Return the table of all finished runs."""
    found: dict[Key, list[tuple[str, float | None]]] = {}
    for path in sorted(work.glob("*/*/quickstart/results.json")):
        results = json.loads(path.read_text("utf-8"))
        version = results["versions"]["xgboost"]
        for question, name, word, change in words(results):
            found.setdefault((version, question, name), []).append((word, change))
    lines, flips = [], 0
    for (version, question, name), ones in sorted(found.items(), key=_order):
        counts = Counter(word for word, _ in ones)
        flips += {"better", "worse"} <= set(counts)
        changes = [change for _, change in ones if change is not None]
        ends = f"{min(changes):+.1%} to {max(changes):+.1%}" if changes else ""
        counted = ", ".join(f"{word} {count}" for word, count in counts.most_common())
        lines.append(f"| {version} | {question} | {name} | {counted} | {ends} |")
    return PAGE.format(lines="\n".join(lines), flips=flips, words=len(found))


def _order(item: tuple[Key, list[tuple[str, float | None]]]) -> str:
    return item[0][0]


def main() -> None:
    """Run what is asked for and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="*", default=list(range(10)))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    for seed in [] if options.table else options.seeds:
        run(seed, options.work / xgboost.__version__, options.workers)
        Path(__file__).with_suffix(".md").write_text(page(options.work), "utf-8")
    Path(__file__).with_suffix(".md").write_text(page(options.work), "utf-8")


if __name__ == "__main__":
    main()
