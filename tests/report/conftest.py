"""A made-up run, its page, and a headless Chromium to open it in."""

import runpy
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

from boostreg.report.page import render

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def sample_run():
    """Return the function that makes results, trials and paths by formulas."""
    return runpy.run_path(str(Path(__file__).with_name("sample.py")))["sample_run"]


@pytest.fixture(scope="session")
def sample_losses():
    """Return the function that makes the losses of a sample's outer rows."""
    return runpy.run_path(str(Path(__file__).with_name("sample.py")))["sample_losses"]


@pytest.fixture(scope="session")
def run(sample_run):
    return sample_run(n_trials=40)


@pytest.fixture(scope="session")
def page_text(run):
    return render(*run)


@pytest.fixture(scope="session")
def page_file(page_text, tmp_path_factory):
    return write(tmp_path_factory.mktemp("page"), page_text)


def write(folder, text):
    """Write a page as its hashes demand: UTF-8, lines ended by a line feed."""
    target = folder / "report.html"
    with target.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
    return target


@pytest.fixture(scope="session")
def chromium():
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium on the PATH: install the system's package")
    sync_api = pytest.importorskip("playwright.sync_api", reason="no playwright")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


class Visit:
    """An open page and all that it complained about or asked for."""

    def __init__(self, browser, file, width=1280, height=900, **options):
        options = {"color_scheme": "light", "reduced_motion": "reduce"} | options
        size = {"width": width, "height": height}
        self.context = browser.new_context(viewport=size, **options)
        self.page = self.context.new_page()
        self.console, self.requests = [], []
        self.page.on("console", lambda message: self.console.append(message.text))
        self.page.on("pageerror", lambda error: self.console.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.add_init_script(
            "window.violations = [];"
            "addEventListener('securitypolicyviolation', event =>"
            " window.violations.push(event.violatedDirective));"
        )
        self.url = file.as_uri()
        self.page.goto(self.url)

    def faults(self):
        """Return console messages, foreign requests and policy violations."""
        foreign = [
            url
            for url in self.requests
            if url.split("#")[0] != self.url and not url.startswith("data:")
        ]
        return self.console + foreign + self.page.evaluate("window.violations")

    def overflow(self):
        """Return by how many pixels the page scrolls sideways."""
        root = "document.documentElement"
        return self.page.evaluate(f"{root}.scrollWidth - {root}.clientWidth")


@contextmanager
def visits(browser):
    """Give a function that opens pages, and close them all at the end."""
    opened = []

    def open_page(file, **options):
        opened.append(Visit(browser, file, **options))
        return opened[-1]

    yield open_page
    for one in opened:
        one.context.close()


@pytest.fixture(scope="module")
def open_visit(chromium):
    """Return a function that opens a page for several tests."""
    with visits(chromium) as open_page:
        yield open_page


@pytest.fixture
def visit(chromium):
    """Return a function that opens a page for one test."""
    with visits(chromium) as open_page:
        yield open_page


@pytest.fixture
def write_page(tmp_path):
    return lambda text: write(tmp_path, text)
