"""What a reader meets: words, height, first picture, weight, and time to be ready.

``python tests/benchmarks/page.py [REPORT.html ...]`` measures the shipped pages, or
those named, in headless Chromium at 1280 x 900 and 360 x 740, and prints a table.
Without arguments it writes it to ``page.md`` beside this file. Visible words are those
that can be seen without opening anything.
"""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

HERE = Path(__file__).parent
SHIPPED = HERE.parents[1] / "reports"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"]
SIZES = ((1280, 900), (360, 740))
MEASURE = """() => {
    const figures = [...document.querySelectorAll('main svg.boostreg:not(.sw)')]
        .filter(svg => svg.checkVisibility());
    const top = figures.length ? figures[0].getBoundingClientRect().top : -1;
    const first = top + scrollY;
    const ready = performance.getEntriesByName('boostreg:ready')[0];
    return {words: document.body.innerText.split(/\\s+/).filter(Boolean).length,
            height: document.documentElement.scrollHeight, first: Math.round(first),
            over: document.documentElement.scrollWidth - innerWidth,
            ready: Math.round(ready ? ready.startTime : -1)};
}"""
PAGE = """# What a reader meets

`python tests/benchmarks/page.py`

Headless Chromium over file://. Words are those that are visible without opening
anything; heights and the top of the first picture in pixels; ready is the time until
all interaction is in place. The goal of a study's page: at most 1,800 words and 6,000
px at 1280, first picture above 400 (600 at 360), under 450 kB, ready under 400 ms.

| page | words | height 1280 | height 360 | picture 1280 | picture 360 | kB | ready ms |
|---|---|---|---|---|---|---|---|
{lines}
"""


def measured(browser: Browser, path: Path) -> str:
    """Return the row of a page."""
    found = []
    for width, height in SIZES:
        page = browser.new_page(viewport={"width": width, "height": height})
        page.goto(path.resolve().as_uri())
        found.append(page.evaluate(MEASURE))
        page.close()
    wide, narrow = found
    name = path.parent.name if path.name == "report.html" else path.name
    cells = [
        f"{wide['words']:,}", f"{wide['height']:,}", f"{narrow['height']:,}",
        f"{wide['first']:,}", f"{narrow['first']:,}",
        f"{path.stat().st_size / 1000:.0f}", str(wide["ready"]),
    ]  # fmt: skip
    if narrow["over"] > 0:
        cells[2] += f" (scrolls sideways by {narrow['over']})"
    return f"| {name} | {' | '.join(cells)} |"


def rows(paths: list[Path]) -> Iterator[str]:
    """Yield the rows of all pages."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=FLAGS
        )
        for path in paths:
            yield measured(browser, path)
        browser.close()


def main() -> None:
    """Measure and print; write the table of the shipped pages."""
    paths = [Path(argument) for argument in sys.argv[1:]]
    shipped = [*sorted(SHIPPED.glob("*/report.html")), SHIPPED / "index.html"]
    page = PAGE.format(lines="\n".join(rows(paths or shipped)))
    sys.stdout.write(page)
    if not paths:
        (HERE / "page.md").write_text(page, "utf-8")


if __name__ == "__main__":
    main()
