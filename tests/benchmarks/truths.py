"""Whether the answer of a study is right, on planted truths.

``python tests/benchmarks/truths.py --work FOLDER --minutes M`` adds studies to
``FOLDER/DESIGN``, one file each, until so many minutes have passed or each design has
``RUNS``, and writes ``truths.md`` next to this file. ``--table`` runs nothing. A study
takes about four seconds of one core.

Each run draws a table and does what a study does: searches within the default outer
folds and on all rows, refits, defaults and baselines, and the answer. The models that
it delivers, trained on all rows, are judged on fresh rows, and so are those of further
tables, for which only the searches on all rows are run. The mean log ratio of two
models' losses over all these tables is the truth for what the answer says of them.
"""

import json
import math
import os
import time
from argparse import ArgumentParser
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from designs import DESIGNS, PLANTED, Design
from scipy.stats import binomtest
from scoring import (
    Verdict,
    can_tell,
    score_kind,
    score_use,
    score_word,
)
from sources import versions
from typing_extensions import override

from boostreg.changes import TOLERANCE
from boostreg.data import Fold, Splits
from boostreg.fits.dataset import Dataset
from boostreg.fits.ledger import Ledger
from boostreg.fits.schedule import run_jobs
from boostreg.fits.scratch import scratch_folder
from boostreg.fits.work import BaselineWork, FitWork, ReferenceWork, Work
from boostreg.report.records import RunRecord, TunedEngine
from boostreg.report.results import Results
from boostreg.report.summary import summarize
from boostreg.study.load import load_study
from boostreg.study.plan import Plan
from boostreg.study.runner import _Execution, _Runner
from boostreg.tuning.acting import ActingJob
from boostreg.tuning.search import TuningJob

RUNS, MORE, FRESH = 100, 1, 4_000
TRIALS, ROUNDS, PATIENCE, RATE, INNER, POINTS = 6, 20, 5, 0.3, 2, 3
BASELINES = ("mean", "ridge", "lasso")
SPACE = {
    "reg_lambda": {"low": 0.001, "high": 100, "log": True, "zero": 0.1},
    "max_leaves": {"low": 4, "high": 64, "log": True},
}
WEAK = {"low": 0.001, "high": 0.03, "log": True, "zero": 0.3}
"""A range in which a penalty changes hardly anything."""

ONE_ACTS = dict.fromkeys(("reg_alpha", "reg_lambda", "min_split_gain"), WEAK) | {
    "max_leaves": SPACE["max_leaves"]
}
SPLIT: tuple[Verdict, ...] = ("right", "wrong", "not settled")

TEXT = f"""# The answer on planted truths

`python tests/benchmarks/truths.py --work FOLDER`

{{versions}}.
A study: {TRIALS} trials per search of `reg_lambda` and `max_leaves` by {INNER} inner
folds, up to {ROUNDS} rounds at learning_rate {RATE}, and the default outer folds, which
are 5 folds 3 times; {{seconds:.1f}} s of one core. *One penalty acts* has paths of four
penalties, {POINTS} points each, on 5 folds once; all but `max_leaves` have ranges in
which they can hardly act.
"""

PAGE = f"""{{text}}
*Truth* is the mean log ratio of losses on {FRESH:,} fresh rows of the models that
studies deliver, trained on all rows of their table, over so many *tables*, while the
words judge models trained on 80 % of the rows; for one penalty, of the refits on the
training rows of the outer folds. A word is *wrong* if its statement is false for the
truth: `better` is false from 0, `worse` up to 0, `same` from a change of
{TOLERANCE:.0%}, `as good` from +{TOLERANCE:.0%}. *Clearly wrong*: also if the truth is
off by two of its standard errors. *Mean estimate*: of the studies, by their outer rows.
*Can tell*: an ideal 95 % interval, whose standard error is known from how the estimates
vary over studies, would give a word other than `not settled` in 9 of 10 studies.

## By question

{{questions}}

## By design

*Kind* is right if its statement is: `simple` is as good as every tuned ensemble,
`trees` are as good as the simple model. *Use* is right if no model of the study has a
loss lower by {TOLERANCE:.0%}. *Any wrong*: studies with at least one wrong word.

{{designs}}

## By comparison

{{comparisons}}
"""

Differences = Callable[[str, str], Sequence[float]]


class Here(Executor):
    """Runs work in this process, at once, and each piece only once."""

    def __init__(self) -> None:
        self._records: dict[Work[Any], bytes] = {}

    @override
    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        data, work = args
        if work not in self._records:
            self._records[work] = fn(data, work)
        done: Future[Any] = Future()
        done.set_result(self._records[work])
        return done


def planned(design: Design, seed: int, folder: Path) -> Plan:
    """Return the plan of a study of a table drawn from a design."""
    table = design.table(design.n_samples, np.random.default_rng(seed))
    lines = [",".join([*(column.name for column in table.columns), "y"])]
    for x, y in zip(table.X.tolist(), table.y.tolist(), strict=True):
        target = design.classes[int(y)] if design.classes else y
        lines.append(",".join(map(str, [*x, target])))
    (folder / "table.csv").write_text("\n".join(lines), "utf-8")
    space = ONE_ACTS if design.acting else SPACE
    # Paths are what costs most, so a study with paths has no repeated folds.
    outer = {"outer": {"folds": 5}} if design.acting else {}
    content = {
        "name": "planted",
        "seed": seed,
        "data": {"source": "table.csv", "target": "y", "task": table.task},
        "engines": [design.engine, *design.rivals],
        "rounds": {"max": ROUNDS, "patience": PATIENCE},
        "search": {
            "trials": TRIALS,
            "fixed": {"learning_rate": RATE},
            "space": space,
        },
        "validation": {"inner": {"folds": INNER}, **outer},
        "paths": {"penalties": list(space) if design.acting else [], "points": POINTS},
        "effects": {"points": 0},
        "baselines": list(BASELINES),
    }
    (folder / "planted.yaml").write_text(json.dumps(content), "utf-8")
    return Plan(load_study(folder / "planted.yaml"))


@contextmanager
def executed(plan: Plan) -> Iterator[Ledger]:
    """Provide what runs the work of a plan."""
    with scratch_folder(plan.dataset.save) as data:
        yield Ledger(plan.dataset, str(data), Here())


def record_of(plan: Plan, folder: Path) -> RunRecord:
    """Return what a study measures."""
    with executed(plan) as ledger:
        execution = _Execution(ledger, lambda: False, 1)
        return _Runner(plan, execution, lambda _: None, (), folder).run()


def delivered(plan: Plan) -> dict[str, TunedEngine]:
    """Return the searches on all rows, without the outer folds."""
    searches = {name: TuningJob(plan.tuning(name, None)) for name in plan.spec.engines}
    acting = {name: ActingJob(job) for name, job in searches.items()}
    with executed(plan) as ledger:
        run_jobs([*searches.values(), *acting.values()], ledger, slots=1)
    return {
        name: TunedEngine(
            job.tuning.trials,
            acting[name].selection,
            job.prior,
            job.guesses,
            acting[name].reduced,
        )
        for name, job in searches.items()
    }


def with_fresh_rows(plan: Plan, design: Design, seed: int) -> Dataset:
    """Return the table with fresh rows, which judge.

    Outer fold 0 has all rows of the table as training rows, fold k + 1 those of the
    plan's outer fold k.
    """
    fresh = design.table(FRESH, np.random.default_rng([seed, 1]))
    table, n = plan.table, plan.table.n_samples
    joined = replace(
        table, X=np.vstack([table.X, fresh.X]), y=np.concatenate([table.y, fresh.y])
    )
    new = np.arange(n, n + FRESH)
    trains = [np.arange(n), *(plan.splits.outer[k].train for k in _first(plan))]
    outer = tuple(Fold(train, new) for train in trains)
    inner = dict.fromkeys(range(len(outer)), plan.splits.inner[None])
    return Dataset(joined, Splits(n + FRESH, outer, inner), plan.objective)


def _first(plan: Plan) -> range:
    return plan.first_outer_folds


def fresh_losses(
    plan: Plan, tuned: Mapping[str, TunedEngine], fresh: Dataset
) -> dict[str, float]:
    """Return the mean loss of every delivered model on fresh rows."""
    losses = {}
    for engine, one in tuned.items():
        for pick in ("best", "one_se", "unpenalised"):
            n_rounds = one.candidate(pick).n_rounds
            fit = plan.refit(engine, 0, one.penalty(pick), n_rounds)
            losses[f"{engine} {pick}"] = judged(fresh, FitWork(fit))
        reference = ReferenceWork(0, engine, plan.spec.seed)
        found = reference.decode(reference.run(fresh))
        losses[f"{engine} default"] = found.test_loss
    for name in BASELINES:
        baseline = BaselineWork(0, name, plan.spec.seed)
        losses[name] = baseline.decode(baseline.run(fresh)).test_loss
    return losses


def judged(fresh: Dataset, work: FitWork) -> float:
    """Return the mean loss of a fit on fresh rows."""
    return float(work.decode(work.run(fresh)).row_losses.mean())


def fresh_effects(plan: Plan, record: RunRecord, fresh: Dataset) -> dict[str, float]:
    """Return the log ratio of losses with and without each penalty, on fresh rows.

    As on the paths of the report, the other penalties have the values of the fold's
    best; means over the outer folds of the first repeat.
    """
    rounds = {
        (row.engine, row.penalty, row.value, row.outer_fold): row.rounds
        for row in record.paths
        if (row.anchor, row.reading) == ("tuned", "stopped")
    }
    found: dict[str, float] = {}
    for one in record.main_tuned():
        if one.engine is None:
            continue
        logs = []
        for fold in _first(plan):
            base = record.engines[one.engine].tuned[fold].penalty("best")
            pair = []
            for value in (one.values[fold], one.off):
                number = int(value) if value == int(value) else value
                changed: dict[str, Any] = {one.penalty: number}
                n_rounds = rounds[one.engine, one.penalty, value, fold]
                penalty = replace(base, **changed)
                fit = plan.refit(one.engine, fold + 1, penalty, n_rounds)
                pair.append(judged(fresh, FitWork(fit)))
            logs.append(math.log(pair[0] / pair[1]))
        found[one.penalty] = float(np.mean(logs))
    return found


def study(design: Design, seed: int) -> dict[str, Any]:
    """Return what one study answers, and what its models lose on fresh rows."""
    started = time.process_time()
    with TemporaryDirectory() as name:
        plan = planned(design, seed, Path(name))
        record = record_of(plan, Path(name))
    # Neither the run nor the bytes of its models reach the answer.
    results: Results = summarize(record, {}, defaultdict(int))  # type: ignore[typeddict-item]
    fresh = with_fresh_rows(plan, design, seed)
    tuned = {name: engine.tuned[None] for name, engine in record.engines.items()}
    bests = {f"{engine} best" for engine in record.engines}
    return {
        "answer": results["answer"],
        "engines": [
            one for one in results["comparisons"] if {one["a"], one["b"]} <= bests
        ],
        "penalties": results["penalties"],
        "losses": fresh_losses(plan, tuned, fresh),
        "effects": fresh_effects(plan, record, fresh),
        "seconds": time.process_time() - started,
    }


def more(design: Design, seed: int) -> dict[str, Any]:
    """Return the fresh losses of the models that a study of another table delivers."""
    with TemporaryDirectory() as name:
        plan = planned(design, seed, Path(name))
    tuned = delivered(plan)
    return {"losses": fresh_losses(plan, tuned, with_fresh_rows(plan, design, seed))}


Run = Callable[[Design, int], Mapping[str, Any]]


def add_runs(
    work: Path, study: Run, more: Run, numbers: tuple[int, int], minutes: float
) -> None:
    """Add studies, and further tables, until the time is up.

    ``numbers`` are those of studies, and of further tables for each.
    """
    os.environ["OMP_NUM_THREADS"] = "1"
    ends, (n_runs, n_more) = time.monotonic() + 60 * minutes, numbers
    for seed in range(n_runs):
        for design in (*DESIGNS, *PLANTED):
            place = folder_of(work, design)
            place.mkdir(parents=True, exist_ok=True)
            jobs = [(study, seed, place / f"study-{seed:03d}.json")]
            jobs += [
                (more, n_runs + number, place / f"more-{number:03d}.json")
                for number in range(seed * n_more, (seed + 1) * n_more)
            ]
            for run, number, path in jobs:
                if path.exists():
                    continue
                if time.monotonic() > ends:
                    return
                part = path.with_suffix(".part")
                part.write_text(json.dumps(run(design, number)), "utf-8")
                part.replace(path)


def folder_of(work: Path, design: Design) -> Path:
    """Return the folder of a design's runs."""
    return work / design.name.translate(str.maketrans(" ", "-", ",%"))


@dataclass(frozen=True)
class Known:
    """What is true of a design: log losses of all models on fresh rows, by table."""

    logs: Mapping[str, Sequence[float]]

    def differences(self, a: str, b: str) -> Sequence[float]:
        """Return the log ratio of the losses of two models on each table."""
        return [x - y for x, y in zip(self.logs[a], self.logs[b], strict=True)]

    def truth(self, a: str, b: str) -> float:
        """Return the expected log ratio."""
        return float(np.mean(self.differences(a, b)))


@dataclass(frozen=True)
class ScoredWord:
    """One word of one study, and what is true."""

    question: str
    pair: str
    word: str
    estimate: float
    truth: float
    error: float

    @property
    def verdict(self) -> Verdict:
        """Whether the word is true."""
        return score_word(self.word, self.truth, TOLERANCE)

    @property
    def clearly_wrong(self) -> bool:
        """Whether it is also wrong if the truth is off by two standard errors."""
        ends = (self.truth - 2 * self.error, self.truth, self.truth + 2 * self.error)
        return all(score_word(self.word, end, TOLERANCE) == "wrong" for end in ends)


def words_of(
    found: Mapping[str, Any], differences: Differences
) -> Iterator[ScoredWord]:
    """Yield the words of a study; ``differences`` are true log ratios by table."""
    changes = [
        (question["question"], one["a"], one["b"], one)
        for question in found["answer"]["questions"]
        for one in question["changes"]
    ]
    changes += [("engines", one["a"], one["b"], one) for one in found["engines"]]
    for name, one in found["penalties"].items():
        changes.append(("one penalty", name, "off", one["against_off"] | one))
    for question, a, b, one in changes:
        values = differences(a, b)
        yield ScoredWord(
            question,
            f"{a} / {b}",
            one["word"],
            math.log1p(one["change"]),
            float(np.mean(values)),
            float(np.std(values, ddof=1) / math.sqrt(len(values))),
        )


@dataclass(frozen=True)
class Scores:
    """All words of a design's studies, and the scores of their decisions."""

    design: Design
    studies: Sequence[Mapping[str, Any]]
    tables: int
    words: Sequence[Sequence[ScoredWord]]
    kinds: Sequence[Verdict]
    uses: Sequence[Verdict]

    @property
    def by_pair(self) -> dict[tuple[str, str], list[ScoredWord]]:
        """Words by question and comparison."""
        found: dict[tuple[str, str], list[ScoredWord]] = defaultdict(list)
        for one in (one for study in self.words for one in study):
            found[one.question, one.pair].append(one)
        return found


def scores_of(work: Path, design: Design) -> Scores | None:
    """Return the scores of a design's finished studies, if there are two."""
    place = folder_of(work, design)
    studies, others = (
        [
            json.loads(path.read_text("utf-8"))
            for path in sorted(place.glob(f"{n}-*.json"))
        ]
        for n in ("study", "more")
    )
    if len(studies) < 2:
        return None
    tables = [one["losses"] for one in (*studies, *others)]
    known = Known({m: [math.log(one[m]) for one in tables] for m in tables[0]})
    effects = {
        name: [one["effects"][name] for one in studies]
        for name in studies[0]["effects"]
    }

    def differences(a: str, b: str) -> Sequence[float]:
        return effects[a] if b == "off" else known.differences(a, b)

    answers = [one["answer"] for one in studies]
    return Scores(
        design,
        studies,
        len(tables),
        [list(words_of(one, differences)) for one in studies],
        [score_kind(answer, known.truth) for answer in answers],
        [score_use(answer, known.logs, known.truth) for answer in answers],
    )


def head(*names: str) -> str:
    """Return the head of a table."""
    return f"| {' | '.join(names)} |\n{'|---' * len(names)}|"


def counted(words: Iterable[str]) -> str:
    """Return words with their counts, the most frequent first."""
    return ", ".join(f"{word} {n}" for word, n in Counter(words).most_common())


def split(verdicts: Sequence[Verdict]) -> str:
    """Return the cells of right, wrong and not settled."""
    n = Counter(verdicts)
    return " | ".join(f"{n[one] / len(verdicts):.0%}" for one in SPLIT)


def is_telling(words: Sequence[ScoredWord]) -> bool:
    """Return whether the data can tell, by how estimates vary over studies."""
    if len(words) < 2:
        return False
    error = float(np.std([one.estimate for one in words], ddof=1))
    return can_tell(words[0].truth, error, TOLERANCE)


def by_question(found: Sequence[Scores]) -> Iterator[str]:
    """Yield a row for each question, over all designs."""
    yield head(
        *("question", "words", *SPLIT, "95 % interval of wrong", "clearly wrong"),
        "right where data can tell",
    )
    pairs: dict[str, list[list[ScoredWord]]] = defaultdict(list)
    for scores in found:
        for (question, _), words in scores.by_pair.items():
            pairs[question].append(words)
    for question, groups in pairs.items():
        words = [one for group in groups for one in group]
        clear = [one for group in groups if is_telling(group) for one in group]
        wrong = sum(one.verdict == "wrong" for one in words)
        low, high = binomtest(wrong, len(words)).proportion_ci(method="exact")
        right = sum(one.verdict == "right" for one in clear)
        share = f"{right / len(clear):.0%} of {len(clear)}" if clear else ""
        yield (
            f"| {question} | {len(words)} | {split([one.verdict for one in words])} | "
            f"{low:.1%} to {high:.1%} | "
            f"{sum(one.clearly_wrong for one in words) / len(words):.1%} | {share} |"
        )


def by_design(found: Sequence[Scores]) -> Iterator[str]:
    """Yield a row for each design: its decisions."""
    yield head(
        *("design", "studies", "tables", "kinds", *(f"kind {one}" for one in SPLIT)),
        *(*(f"use {one}" for one in SPLIT), "any wrong"),
    )
    for one in found:
        kinds = counted(study["answer"]["kind"] for study in one.studies)
        wrong = sum(any(w.verdict == "wrong" for w in words) for words in one.words)
        yield (
            f"| {one.design.name} | {len(one.studies)} | {one.tables} | "
            f"{kinds} | {split(one.kinds)} | "
            f"{split(one.uses)} | {wrong / len(one.words):.0%} |"
        )


def by_comparison(found: Sequence[Scores]) -> Iterator[str]:
    """Yield a row for each design and comparison."""
    yield head(
        *("design", "question", "comparison", "truth", "standard error"),
        "mean estimate",
        "words",
        *(*SPLIT, "can tell"),
    )
    for scores in found:
        for (question, pair), words in scores.by_pair.items():
            one = words[0]
            yield (
                f"| {scores.design.name} | {question} | {pair} | "
                f"{math.expm1(one.truth):+.1%} | {one.error:.1%} | "
                f"{math.expm1(np.mean([w.estimate for w in words])):+.1%} | "
                f"{counted(w.word for w in words)} | "
                f"{split([w.verdict for w in words])} | "
                f"{'yes' if is_telling(words) else 'no'} |"
            )


def page_of(work: Path, designs: Iterable[Design], text: str) -> str:
    """Return the tables of all finished studies, below ``text``."""
    scores = [scores_of(work, design) for design in designs]
    found = [one for one in scores if one is not None]
    seconds = np.mean([s["seconds"] for one in found for s in one.studies])
    return PAGE.format(
        text=text.format(versions=versions(), seconds=seconds),
        questions="\n".join(by_question(found)),
        designs="\n".join(by_design(found)),
        comparisons="\n".join(by_comparison(found)),
    )


def run_benchmark(
    page: Path, runs: tuple[Run, Run], numbers: tuple[int, int], text: str, minutes: int
) -> None:
    """Measure what the command line asks for, and write the page with ``text``.

    ``minutes`` are those of a command line that names none.
    """
    parser = ArgumentParser()
    parser.add_argument("--work", type=Path, required=True, help="folder of runs")
    parser.add_argument("--minutes", type=float, default=minutes)
    parser.add_argument("--table", action="store_true", help="measure nothing")
    asked = parser.parse_args()
    if not asked.table:
        add_runs(asked.work, *runs, numbers, asked.minutes)
    tables = page_of(asked.work, (*DESIGNS, *PLANTED), text)
    page.write_text(tables, "utf-8")
    print(tables)  # noqa: T201  # a script talks


if __name__ == "__main__":
    target = Path(__file__).with_suffix(".md")
    run_benchmark(target, (study, more), (RUNS, MORE), TEXT, minutes=110)
