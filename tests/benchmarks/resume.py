"""Going on with a study of over 10,000 journalled fits.

``python tests/benchmarks/resume.py`` prints a table and writes it to ``resume.md``
beside this file. The study is run once, then three times again: every fit comes from
its journal, the report is written anew. Interpreter and imports are included.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from sources import versions

STUDY = """
name: long
data: {source: "sklearn:diabetes", target: target}
rounds: {max: 100, patience: 20}
search: {trials: 165, racing: false, sampler: sobol}
paths: {penalties: [reg_lambda], points: 9}
"""
REPEATS = 3

PAGE = """# Going on

`python tests/benchmarks/resume.py`

{versions}; median of {repeats} runs.

| fits in the journal | the run that made them | the same run again |
|---|---|---|
{line}
"""


def run(study: Path) -> tuple[float, int]:
    """Run the study, and return its seconds and its fits."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "boostreg", "run", study.name]
    subprocess.run(command, cwd=study.parent, check=True, capture_output=True)
    seconds = time.perf_counter() - started
    results = study.parent / "reports" / "long" / "results.json"
    return seconds, json.loads(results.read_text())["run"]["fits_from_journal"]


def main() -> None:
    """Measure, print, and write the page."""
    with TemporaryDirectory() as folder:
        study = Path(folder) / "long.yaml"
        study.write_text(STUDY, "utf-8")
        first, _ = run(study)
        again = [run(study) for _ in range(REPEATS)]
    seconds = median(seconds for seconds, _ in again)
    line = f"| {again[0][1]:,} | {first:.0f} s | {seconds:.1f} s |"
    print(line)  # noqa: T201  # a script talks
    page = PAGE.format(versions=versions(), repeats=REPEATS, line=line)
    Path(__file__).with_suffix(".md").write_text(page, "utf-8")


if __name__ == "__main__":
    main()
