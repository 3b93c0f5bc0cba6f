"""What a page costs: written by Python, opened by a browser, on disk.

``python tests/benchmarks/report.py`` prints a table and writes it to ``report.md``
beside this file. The pages are those of made-up runs of two engines with four
penalties (``tests/report/sample.py``), and of the runs under ``reports/``.
"""

import gzip
import runpy
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, sync_playwright
from sources import versions

from boostreg.report.page import render
from boostreg.study.files import read_csv, read_json

HERE = Path(__file__).parent
REPEATS = 5
SIZES = (40, 500, 1000, 2500)
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"]

PAGE = """# The cost of a page

`python tests/benchmarks/report.py`

{versions}, Chromium {chromium}. Medians of {repeats}; the browser opens each page cold
over file://, 1280 x 900. First paint and ready (all interaction in place) since the
page was asked for.

| run | trials in the final tuning | KB | KB gzipped | written by Python | first paint \
| ready |
|---|---|---|---|---|---|---|
{lines}
"""

Rows = Sequence[Mapping[str, Any]]
Run = tuple[Mapping[str, Any], Rows, Rows, Rows]


def runs() -> dict[str, Run]:
    """Return results, trials, paths and fits by name."""
    sample = runpy.run_path(str(HERE.parent / "report" / "sample.py"))
    made = {}
    for n in SIZES:
        run = sample["sample_run"](n_trials=n)
        made[f"made up, {n:,} x 2"] = (*run, sample["sample_fits"](run[1]))
    for stored in sorted((HERE.parents[1] / "reports").glob("*/results.json")):
        trials, paths, fits = (
            read_csv(stored.with_name(f"{name}.csv"))
            for name in ("trials", "paths", "fits")
        )
        made[stored.parent.name] = (read_json(stored), trials, paths, fits)
    return made


def writing(run: Run) -> tuple[str, float]:
    """Return a page and the seconds that it takes to write."""
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        text = render(*run)
        seconds.append(time.perf_counter() - started)
    return text, median(seconds)


def opening(browser: Browser, file: Path) -> tuple[float, float]:
    """Return milliseconds to the first paint and until the page is ready."""
    seen = []
    for _ in range(REPEATS):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        page.goto(file.as_uri())
        seen.append(
            page.evaluate(
                "() => new Promise(done => requestAnimationFrame(() => setTimeout(() =>"
                " done([performance.getEntriesByName('first-paint')[0]?.startTime ?? 0,"
                " performance.getEntriesByName('boostreg:ready')[0].startTime]), 50)))"
            )
        )
        context.close()
    return median(s[0] for s in seen), median(s[1] for s in seen)


def line(name: str, run: Run, browser: Browser, folder: Path) -> str:
    """Return a row of the table."""
    text, seconds = writing(run)
    content = text.encode()
    file = folder / "report.html"
    file.write_bytes(content)
    paint, ready = opening(browser, file)
    final = sum(str(row.get("outer_fold")) == "all" for row in run[1])
    packed = len(gzip.compress(content))
    return (
        f"| {name} | {final:,} | {len(content) / 1000:,.0f} | {packed / 1000:,.0f} "
        f"| {1000 * seconds:,.0f} ms | {paint:,.0f} ms | {ready:,.0f} ms |"
    )


def main() -> None:
    """Measure all pages and write the table."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        path = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        lines = [line(n, r, browser, Path(folder)) for n, r in runs().items()]
        page = PAGE.format(
            versions=versions(),
            chromium=browser.version,
            repeats=REPEATS,
            lines="\n".join(lines),
        )
        browser.close()
    HERE.joinpath("report.md").write_text(page)
    print(page)  # noqa: T201  # a script talks


if __name__ == "__main__":
    main()
