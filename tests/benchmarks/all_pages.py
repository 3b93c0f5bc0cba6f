"""Every shipped page in every mode, and the stress pages: what is wrong with each.

``python tests/benchmarks/all_pages.py`` opens each report of ``reports``, the index and
the made-up reports in headless Chromium, light, dark, at 360 px and in forced colours,
with all folded parts open. It writes ``all_pages.md`` beside this file: console
messages, requests, policy violations, sideways scrolling and violations of axe
(*faults*), and texts of charts that overlap or leave their chart (*crowded*). The tests
open a page of each kind; this takes minutes.
"""

import runpy
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Browser, sync_playwright

TESTS = Path(__file__).parents[1]
SHIPPED = TESTS.parent / "reports"
PAGE = """# Every page in every mode

`python tests/benchmarks/all_pages.py`

Headless Chromium: light, dark, 360 px wide, forced colours; folded parts open. *Faults*
are console messages, requests, policy violations, sideways scrolling, and violations of
axe; *crowded* are texts of charts that overlap or leave their chart.

| page | faults | crowded |
|---|---|---|
{lines}
"""
OPEN = "for (const e of document.querySelectorAll('details')) e.open = true"


def stress_pages(folder: Path) -> Iterator[Path]:
    """Write the made-up reports that the tests of the page also use."""
    from boostreg.report.page import render

    sample_run = runpy.run_path(str(TESTS / "report" / "sample.py"))["sample_run"]
    cases = runpy.run_path(str(TESTS / "report" / "test_page.py"))["STRESS"]
    for case in cases:
        path = folder / case.__name__ / "report.html"
        path.parent.mkdir()
        path.write_text(render(*case(sample_run)), "utf-8", newline="\n")
        yield path


def looked_at(browser: Browser, visit: Any, path: Path) -> tuple[list[Any], list[Any]]:
    """Return the faults of a page, and the texts of its charts without room."""
    from modes import crowded, faults

    there = visit(browser, path)
    there.page.evaluate(OPEN)
    tight = crowded(there.page)
    found = faults(there)
    there.context.close()
    return found, tight


def main() -> None:
    """Look at all pages and write the table."""
    sys.path.insert(0, str(TESTS))
    shared = runpy.run_path(str(TESTS / "report" / "conftest.py"))
    lines = []
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=shared["FLAGS"]
        )
        paths = [*sorted(SHIPPED.glob("*/report.html")), SHIPPED / "index.html"]
        for path in [*paths, *stress_pages(Path(folder))]:
            found, tight = looked_at(browser, shared["Visit"], path)
            name = path.parent.name if path.name == "report.html" else path.name
            lines.append(f"| {name} | {len(found)} | {len(tight)} |")
            sys.stdout.write(f"{lines[-1]} {found[:3]} {tight[:3]}\n")
            sys.stdout.flush()
        browser.close()
    text = PAGE.format(lines="\n".join(lines))
    Path(__file__).with_suffix(".md").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
