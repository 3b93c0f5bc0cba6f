"""The page in headless Chromium: silent, reachable by all, and alive."""

import runpy
from pathlib import Path

import pytest

from boostreg.report import render

STRESS = runpy.run_path(str(Path(__file__).with_name("test_page.py")))["STRESS"]
MODES = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "narrow": {"width": 360, "height": 740},
    "forced": {"forced_colors": "active"},
}


def violations(page):
    from axe_playwright_python.sync_playwright import Axe

    return [
        (rule["id"], [node["html"][:120] for node in rule["nodes"]][:3])
        for rule in Axe().run(page).response["violations"]
    ]


@pytest.fixture(scope="module")
def short_page(sample_run, tmp_path_factory):
    """Return a page with everything but length, for axe looks at every cell."""
    file = tmp_path_factory.mktemp("short") / "report.html"
    text = render(*sample_run(n_trials=6))
    file.write_text(text, "utf-8", newline="\n")
    return file


@pytest.mark.parametrize("mode", MODES)
def test_page_is_silent_and_accessible(mode, visit, short_page):
    there = visit(short_page, **MODES[mode])
    if mode == "light":
        there.page.evaluate(
            "document.querySelectorAll('details').forEach((d, k) => d.open = k < 5)"
        )

    assert there.faults() == []
    assert there.overflow() <= 0
    assert violations(there.page) == []


@pytest.mark.parametrize("case", STRESS, ids=lambda case: case.__name__)
def test_stress_pages_are_silent_and_narrow(case, visit, write_page, sample_run):
    there = visit(write_page(render(*case(sample_run))), width=360, height=740)

    assert there.faults() == []
    assert there.overflow() <= 0


def test_page_is_alive_within_a_second(visit, write_page, sample_run):
    there = visit(write_page(render(*sample_run(n_trials=500))))

    ready = there.page.evaluate(
        "performance.getEntriesByName('boostreg:ready')[0].startTime"
    )

    assert ready < 3000  # 1 s on an idle machine; the tests share theirs


def test_injected_script_cannot_run(visit, page_file):
    there = visit(page_file)

    there.page.evaluate(
        "() => { const s = document.createElement('script');"
        " try { s.textContent = 'window.hacked = 1'; document.body.append(s); }"
        " catch { /* Trusted Types */ } }"
    )
    refused = there.page.evaluate(
        "() => { try { document.body.innerHTML = '<b>x</b>'; return false; }"
        " catch { return true; } }"
    )

    assert there.page.evaluate("window.hacked") is None
    assert refused


def test_table_sorts_by_click_and_by_keyboard(visit, page_file):
    page = visit(page_file).page
    head = page.locator('#table th[data-name="leaves"]')

    head.locator("button").click()
    first = page.locator("#table tbody tr").first.text_content()
    page.keyboard.press("Enter")

    assert head.get_attribute("aria-sort") == "descending"
    assert page.locator("#table tbody tr").first.text_content() != first


def test_missing_values_sort_last_both_ways(visit, write_page, sample_run):
    case = next(case for case in STRESS if case.__name__ == "failed_but_one")
    page = visit(write_page(render(*case(sample_run)))).page
    head = page.locator("#table th", has_text="train loss").locator("button")

    for _ in range(2):
        head.click()

        assert page.locator("#table tbody th").first.text_content() == "xgboost-0"


def test_filters_act_on_table_and_chart(visit, page_file):
    page = visit(page_file).page

    page.locator(".engine").first.uncheck()
    page.locator("#which").select_option("raced")

    rows = page.locator("#table tbody tr")
    assert rows.count() > 0
    assert all(
        name.startswith("lightgbm")
        for name in page.locator("#table tbody th").all_text_contents()
    )
    assert page.locator("#scatter path.pt.x.faint").is_hidden()


def test_pages_of_the_table_turn(visit, page_file):
    page = visit(page_file).page

    page.locator("#next").click()

    assert page.locator("#count").text_content() == "26–50 of 80"  # noqa: RUF001
    assert page.locator("#table tbody tr").count() == 25


def test_hover_names_a_trial_and_click_keeps_it(visit, page_file):
    page = visit(page_file).page
    chart = page.locator("#scatter svg").first
    chart.scroll_into_view_if_needed()
    x, y = page.evaluate(
        "() => { const p = document.querySelector('#scatter path.pt.l.faint');"
        " const m = /M([\\d.]+) ([\\d.]+)/.exec(p.getAttribute('d'));"
        " const q = new DOMPoint(+m[1], +m[2]).matrixTransform("
        "p.ownerSVGElement.getScreenCTM()); return [q.x, q.y]; }"
    )

    page.mouse.move(x, y)
    named = page.locator("#tip b").text_content()
    page.mouse.click(x, y)

    assert "-" in named
    assert named in page.locator("#pin").text_content()
    assert page.url.endswith(f"#trial={named}")


def test_trial_is_kept_by_keyboard_and_by_deep_link(visit, page_file):
    there = visit(page_file)
    page = there.page

    page.locator("#table tbody a").nth(3).focus()
    page.keyboard.press("Enter")
    by_key = page.locator("#pin b").text_content()
    page.goto(f"{there.url}#trial=lightgbm-7")
    page.reload()

    assert by_key == "xgboost-3"
    assert page.locator("#pin b").text_content() == "lightgbm-7"
    assert page.locator("tr.pin").count() == 1
    assert there.faults() == []


def test_slider_reads_the_curves_by_keyboard(visit, page_file):
    page = visit(page_file).page
    slider = page.locator(".probe input").first

    slider.focus()
    page.keyboard.press("Home")

    assert page.locator(".probe label").first.text_content().endswith("= 0")
    assert "XGBoost: " in page.locator(".probe output").first.text_content()
    assert " = 0. XGBoost: " in slider.get_attribute("aria-valuetext")


def test_walk_goes_through_the_trials(visit, page_file):
    page = visit(page_file).page

    page.locator("#walk").focus()
    page.keyboard.press("ArrowRight")

    assert "leaves" in page.locator("#pin").text_content()


def test_code_is_copied_and_the_button_says_so(visit, page_file):
    page = visit(page_file).page
    button = page.locator("[data-copy]").first

    button.click()

    page.wait_for_function(
        "document.querySelector('[data-copy]').textContent !== 'Copy'"
    )
    assert button.text_content() in ("Copied", "Press Ctrl+C")


def test_csv_holds_what_the_filter_shows(visit, page_file):
    page = visit(page_file).page
    page.locator("#which").select_option("p")

    with page.expect_download() as download:
        page.locator("#csv").click()
    lines = Path(download.value.path()).read_text("utf-8").splitlines()

    assert lines[0].startswith("engine,trial,state,rounds,loss")
    assert len(lines) == 1 + page.locator("#table tbody tr").count()


def test_theme_is_chosen_by_hand(visit, page_file):
    page = visit(page_file).page

    page.locator("#theme").select_option("dark")

    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(20, 23, 27)"


def test_page_reads_without_javascript(visit, page_file):
    page = visit(page_file, java_script_enabled=False).page

    assert page.locator(".answer").is_visible()
    assert page.locator("#scatter svg").first.is_visible()
    assert page.locator("#table tbody tr").last.is_visible()
    assert page.locator("#csv").is_hidden()


def test_print_shows_the_page_without_its_controls(visit, page_file):
    page = visit(page_file).page

    page.emulate_media(media="print")

    assert page.locator("nav").is_hidden()
    assert page.locator(".fx svg").first.is_visible()
    assert page.locator(".printnote").is_visible()
