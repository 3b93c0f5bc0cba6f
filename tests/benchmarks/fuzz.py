"""Random damage to studies, tables, results and models: nothing but our own errors.

``python tests/benchmarks/fuzz.py --studies 20000 --files 4000`` is the long form of
``tests/test_foreign_files.py``. It hands in that many damaged studies, and that many
damaged files: a half of them models, a quarter results and a quarter tables of a run.
Of ``--native`` more models, those that are taken are opened in their library as well.
It prints what it found, each finding with the number that makes its case again
(``--first``), and ends with 1 if that is anything.
"""

import argparse
import logging
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzzing import Models, Results, Studies, Tables, generator, outcome, small_run

ROOT = Path(__file__).parents[2]
MEMORY = 4 * 2**30
"""Bytes that all of it may take, or a case ends in a MemoryError."""
LONGEST, LONGEST_NATIVE = 5.0, 60.0
"""Seconds after which a case is a finding; libraries open in a process of their own."""


def attack(name, one, first, count, longest):
    """Run the cases of one attack; return the number of findings."""
    answers, started = Counter(), time.perf_counter()
    findings, slowest = {}, (0.0, 0)
    for case in range(first, first + count):
        begun = time.perf_counter()
        try:
            answer = outcome(one, generator(case))
            answers["refused" if answer else "taken"] += 1
        except Exception as error:  # noqa: BLE001 - whatever comes is what is looked for
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{type(error).__name__} {place.filename}:{place.lineno}"
            findings.setdefault(where, (case, str(error)[:200]))
        seconds = time.perf_counter() - begun
        slowest = max(slowest, (seconds, case))
        if seconds > longest:
            findings[f"{seconds:.1f} s in case {case}"] = (case, "slow")
    print(  # noqa: T201 - a script
        f"{name}: {count:,} in {time.perf_counter() - started:,.0f} s, "
        f"{answers['refused']:,} refused, {answers['taken']:,} taken, slowest "
        f"{slowest[0]:.2f} s (case {slowest[1]}), {len(findings)} findings",
        flush=True,
    )
    for where, (case, text) in findings.items():
        print(f"  case {case}: {where}: {text}", flush=True)  # noqa: T201
    return len(findings)


def main():
    """Run all attacks that are asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--studies", type=int, default=20_000)
    parser.add_argument("--files", type=int, default=4_000)
    parser.add_argument("--native", type=int, default=0)
    parser.add_argument("--first", type=int, default=0)
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with tempfile.TemporaryDirectory() as name:
        run = small_run(_made(Path(name) / "run"))
        studies = sorted((ROOT / "studies").rglob("*.yaml"))
        counts = {
            "models": (Models, (), asked.files // 2),
            "results": (Results, ([run],), asked.files // 4),
            "tables": (Tables, (run,), asked.files // 4),
            "studies": (Studies, (studies,), asked.studies),
            "native": (lambda folder: Models(folder, native=True), (), asked.native),
        }
        found = sum(
            attack(
                name_,
                make(_made(Path(name) / name_), *more),
                asked.first,
                count,
                LONGEST_NATIVE if name_ == "native" else LONGEST,
            )
            for name_, (make, more, count) in counts.items()
            if count
        )
    sys.exit(found > 0)


def _made(folder):
    folder.mkdir()
    return folder


if __name__ == "__main__":
    main()
