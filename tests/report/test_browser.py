"""The page in headless Chromium: silent, reachable by all, and alive."""

import json
import math
import random
import re
import runpy
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from boostreg.figures import Scale
from boostreg.report.page import render
from boostreg.report.shell import template

sample_fits = runpy.run_path(str(Path(__file__).with_name("sample.py")))["sample_fits"]
STRESS = runpy.run_path(str(Path(__file__).with_name("test_page.py")))["STRESS"]

RESTORE = """() => {
  for (const box of document.querySelectorAll('.engine')) if (!box.checked) box.click();
  const which = document.querySelector('#which');
  which.value = '';
  which.dispatchEvent(new Event('change'));
  document.querySelector('#reset').click();
  for (const one of document.querySelectorAll('#trials, #judged')) one.open = false;
  document.querySelector('[name=reading]').click();
  for (const one of document.querySelectorAll('.probe input')) {
    one.value = one.defaultValue;
    one.dispatchEvent(new Event('input'));
  }
  history.replaceState(null, '', '#trial=');
  dispatchEvent(new HashChangeEvent('hashchange'));
}"""


@pytest.fixture(scope="module")
def shared(page_file, open_visit):
    """Return the one visit of all tests that a page can be restored after."""
    return open_visit(page_file)


@pytest.fixture
def page(shared):
    """Return the shared page on a wide screen, nothing chosen, zoomed or open."""
    page = shared.page
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(media="screen")
    page.mouse.move(0, 0)
    page.evaluate(RESTORE)
    return page


@pytest.fixture(scope="module")
def plain(page_file, open_visit):
    """Return the page where scripts do not run."""
    return open_visit(page_file, java_script_enabled=False).page


@pytest.fixture(scope="module")
def large_file(sample_run, tmp_path_factory):
    """Return the page of 500 trials with the losses of their folds."""
    run = sample_run(n_trials=500)
    file = tmp_path_factory.mktemp("large") / "report.html"
    file.write_text(render(*run, sample_fits(run[1])), "utf-8", newline="\n")
    return file


def test_page_is_alive_within_a_second(visit, large_file):
    there = visit(large_file)

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


def unfold(page, *names):
    """Open folded parts of the evidence, as a click on their line does."""
    for name in names:
        page.locator(f"#{name} > summary").click()


def test_table_sorts_by_click_and_by_keyboard(page):
    unfold(page, "trials")
    head = page.locator('#table th[data-name="leaves"]')

    head.locator("button").click()
    first = page.locator("#table tbody tr").first.text_content()
    page.keyboard.press("Enter")

    assert head.get_attribute("aria-sort") == "descending"
    assert page.locator("#table tbody tr").first.text_content() != first


def test_missing_values_sort_last_both_ways(visit, write_page, sample_run):
    case = next(case for case in STRESS if case.__name__ == "failed_but_one")
    page = visit(write_page(render(*case(sample_run)))).page
    unfold(page, "trials")
    head = page.locator("#table th", has_text="train loss").locator("button")

    for _ in range(2):
        head.click()

        assert page.locator("#table tbody th").first.text_content() == "xgboost-0"


def test_filters_act_on_table_and_chart(page):
    unfold(page, "trials")

    page.locator("#size .engine").first.uncheck()
    page.locator("#which").select_option("raced")

    rows = page.locator("#table tbody tr")
    assert rows.count() > 0
    assert all(
        name.startswith("lightgbm")
        for name in page.locator("#table tbody th").all_text_contents()
    )
    assert page.locator("#scatter path.pt.x.faint").first.is_hidden()
    assert not page.locator("#trials .engine").first.is_checked()


def edges(page):
    """Return the ticks of both drawings of the zoomable chart."""
    return page.locator("#scatter [data-axis] text:not(.axlabel)").all_text_contents()


def test_chart_zooms_by_button_and_back(page):
    before, shape = edges(page), page.locator("#scatter path.faint").first
    drawn = shape.get_attribute("d")

    page.locator("#near").click()
    near = edges(page)
    page.locator("#reset").click()

    assert near != before
    assert edges(page) == before
    assert shape.get_attribute("d") == drawn


def test_every_axis_keeps_two_ticks_or_more_however_near_it_is(page):
    axes = "#scatter [data-axis]"
    count = f"[...document.querySelectorAll('{axes}')].map(axis =>"
    count += " axis.querySelectorAll('text:not(.axlabel)').length)"

    page.locator("#near").click()
    seen = [page.evaluate(count)]
    for _ in range(4):
        page.locator("#in").click()
        seen.append(page.evaluate(count))

    assert len(seen[0]) == 4
    assert min(min(ticks) for ticks in seen) >= 2


def test_both_drawings_zoom_to_the_same_share(page):
    places = (
        "() => [...document.querySelectorAll('#scatter .drawn > svg')].map(svg => {"
        " const { plot } = svg.querySelector('[data-plot]').dataset;"
        " const [l, t, r, b] = plot.split(' ');"
        " const d = svg.querySelector('path.pt.x.faint').getAttribute('d');"
        " return [...d.matchAll(/M(-?[\\d.]+) (-?[\\d.]+)/g)].map(m =>"
        " [(m[1] - l) / (r - l), (m[2] - t) / (b - t)]); })"
    )
    page.locator("#in").click()

    wide, narrow = page.evaluate(places)

    # The narrow axes have other margins, a few pixels of 276.
    for a, b in zip(wide, narrow, strict=True):
        assert a == pytest.approx(b, abs=0.1)


def limits_of(run):
    """Return the limits on leaves of a page and what it says of each engine."""
    text = re.search(r'<script type="application/json".*?>(.*?)</script>', run)[1]
    return json.loads(text)["budget"]


def test_limit_on_leaves_names_the_best_candidate_of_each_engine(page, page_text, run):
    slider, limits = page.locator("#budget"), limits_of(page_text)["limits"]

    slider.focus()
    page.keyboard.press("Home")
    first = page.locator("#offer").text_content()
    for _ in range(5):
        page.keyboard.press("ArrowRight")

    shown = page.locator("#offer").text_content().splitlines()
    assert page.locator("#limit-python").text_content() == (
        f"tuned.select(max_leaves={limits[5]})"
    )
    assert f"max_leaves: {limits[5]}" in page.locator("#limit-yaml").text_content()
    assert slider.get_attribute("aria-valuetext").startswith(f"{limits[5]} leaves.")
    assert "\n".join(shown) != first
    for line, engine in zip(shown, run[0]["engines"].values(), strict=True):
        fitting = [p for p in engine["front"] if p["leaves"] <= limits[5]]
        if not fitting:
            assert line.endswith("nothing this small")
            continue
        best = min(fitting, key=lambda p: p["loss"])
        lowest = min(p["loss"] for p in engine["front"])
        assert f"{best['leaves']:,.0f} leaves, loss {best['loss']:,.0f}," in line
        assert f"{100 * (best['loss'] / lowest - 1):+.1f}% against" in line
        assert f"trial {best['trial']} at {best['rounds']} round" in line


def test_line_of_the_limit_lies_where_the_axis_puts_so_many_leaves(page):
    page.locator("#budget").focus()
    page.keyboard.press("ArrowLeft")

    leaves = int(page.locator("#limit").text_content().replace(",", ""))
    place, low, high, start, end = page.evaluate(
        "() => { const svg = document.querySelector('#scatter .drawn > svg');"
        " const x = svg.querySelector('[data-axis=x]').dataset.scale.split(' ');"
        " const d = svg.querySelector('.limit').getAttribute('d');"
        " return [+/M([\\d.]+)/.exec(d)[1], ...x.slice(0, 4).map(Number)]; }"
    )

    share = math.log(leaves / low) / math.log(high / low)
    assert place == pytest.approx(start + share * (end - start), abs=0.2)


def test_address_keeps_trial_zoom_and_limit(shared, page):
    page.goto(f"{shared.url}#trial=lightgbm-7")
    page.reload()
    page.locator("#near").click()
    page.locator("#budget").focus()
    page.keyboard.press("Home")
    before, address = edges(page), page.url
    limit = page.locator("#limit").text_content()

    page.goto("about:blank")
    page.goto(address)

    assert re.search(r"#trial=lightgbm-7&zoom=[\d.,]+&leaves=\d+$", address)
    assert edges(page) == before
    assert page.locator("#limit").text_content() == limit
    assert page.locator("#pin b").text_content() == "lightgbm-7"
    assert shared.faults() == []


def test_chart_zooms_by_drag_and_double_click(page):
    chart = page.locator("#scatter svg").first
    chart.scroll_into_view_if_needed()
    before, box = edges(page), chart.bounding_box()

    page.mouse.move(box["x"] + 300, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 600, box["y"] + 300, steps=3)
    page.mouse.up()
    dragged = edges(page)
    page.mouse.dblclick(box["x"] + 400, box["y"] + 30)

    assert dragged != before
    assert edges(page) == before


def test_chart_zooms_and_moves_by_keyboard(page):
    before = edges(page)
    page.locator("#scatter .drawn").first.focus()

    seen = []
    for key in ("+", "ArrowLeft", "-", "0"):
        page.keyboard.press(key)
        seen.append(edges(page))

    assert seen[0] != before
    assert seen[1] != seen[0]
    assert seen[3] == before


def test_hover_finds_the_point_where_zoom_has_moved_it(page):
    page.locator("#in").click()
    page.locator("#scatter svg").first.scroll_into_view_if_needed()
    x, y, name = page.evaluate(
        "() => { const p = document.querySelector('#scatter path.pt.x.faint');"
        " const all = [...p.getAttribute('d').matchAll(/M(-?[\\d.]+) (-?[\\d.]+)/g)];"
        " const k = all.findIndex(m => +m[1] > 150 && +m[1] < 900 && +m[2] > 60"
        " && +m[2] < 290); const q = new DOMPoint(+all[k][1], +all[k][2])"
        ".matrixTransform(p.ownerSVGElement.getScreenCTM());"
        " const t = JSON.parse(document.querySelector('#data').textContent).trials;"
        " const row = +p.dataset.at.split(' ')[k];"
        " const v = t.values[t.index.indexOf(row)];"
        " return [q.x, q.y, `${t.words[v[0]]}-${v[1]}`]; }"
    )

    page.mouse.move(x, y)

    assert page.locator("#tip b").text_content() == name


def test_python_and_javascript_set_the_same_ticks(chromium):
    rng = random.Random(3)  # noqa: S311 - ranges, not secrets
    ranges = [
        Scale(low, low * 10 ** rng.uniform(0.1, 7), 0, 1, log=log)
        for log in (False, True)
        for low in (10 ** rng.uniform(-5, 5) for _ in range(30))
    ]
    page = chromium.new_page()
    code = template("scale.js")

    drawn = page.evaluate(
        f"ranges => {{ {code} return ranges.map(([log, low, high, n]) =>"
        " (log ? logTicks : linearTicks)(low, high, n).map(t => t[1])); }",
        [[s.log, s.low, s.high, 6] for s in ranges],
    )
    page.close()

    assert drawn == [[tick.label for tick in s.ticks(6)] for s in ranges]


def test_pinned_trial_is_marked_on_every_panel_of_the_cards(page):
    unfold(page, "trials")

    page.locator("#table tbody a").nth(5).click()

    marked = page.evaluate(
        "[...document.querySelectorAll('.panels .dot')]"
        ".filter(p => p.getAttribute('d')).length"
    )
    assert marked == page.locator(".panels .dot").count()
    assert marked > 0


def test_pages_of_the_table_turn(page):
    unfold(page, "trials")

    page.locator("#next").click()

    assert page.locator("#count").text_content() == "26–50 of 80"  # noqa: RUF001
    assert page.locator("#table tbody tr").count() == 25


def test_hover_names_a_trial_and_click_keeps_it(page):
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


def test_kept_trial_shows_its_folds_around_its_mean_also_when_zoomed(visit, large_file):
    there = visit(large_file)
    page = there.page
    read = (
        "() => { const f = document.querySelector('#scatter path.folds');"
        " return [...f.getAttribute('d').matchAll(/M[\\d.]+ ([\\d.]+)/g)]"
        ".map(m => +m[1]); }"
    )

    page.goto(f"{there.url}#trial=xgboost-3")
    page.reload()
    whole, ring = page.evaluate(read), page.locator("#scatter .mark").nth(1)
    middle = float(ring.get_attribute("cy"))
    page.locator("#in").click()
    near = page.evaluate(read)

    assert len(whole) == 5
    assert sum(whole) / 5 == pytest.approx(middle, abs=0.3)
    assert near != whole
    assert there.faults() == []


def test_trial_is_kept_by_keyboard_and_by_deep_link(shared, page):
    unfold(page, "trials")
    fourth = page.locator("#table tbody a").nth(3)

    fourth.focus()
    page.keyboard.press("Enter")
    by_key = page.locator("#pin b").text_content()
    name = fourth.text_content()
    page.goto(f"{shared.url}#trial=lightgbm-7")
    page.reload()

    assert by_key == name
    assert page.locator("#table").is_visible()
    assert page.locator("#pin b").text_content() == "lightgbm-7"
    assert page.locator("tr.pin").count() == 1
    assert shared.faults() == []


def test_slider_reads_the_curves_by_keyboard(page):
    slider = page.locator(".probe input").first

    slider.focus()
    page.keyboard.press("Home")

    assert page.locator(".probe label").first.text_content().endswith("= 0")
    assert "XGBoost: " in page.locator(".probe output").first.text_content()
    assert " = 0. XGBoost: " in slider.get_attribute("aria-valuetext")


def test_switch_changes_all_cards_by_keyboard_with_what_the_slider_reads(page):
    output = page.locator(".probe output").first
    shown = page.locator(".card p[data-reading]:visible")
    before = output.text_content()

    page.locator("[name=reading]:checked").focus()
    page.keyboard.press("ArrowRight")

    cards = page.locator(".card").count()
    keys = [one.get_attribute("data-reading") for one in shown.all()]
    assert keys == ["alone"] * cards
    assert output.text_content() != before
    curves = page.locator(".card").first.locator("g[data-reading]:visible")
    assert {one.get_attribute("data-reading") for one in curves.all()} == {"alone"}


def test_without_script_each_card_shows_the_chosen_model(plain):
    shown = [
        one.get_attribute("data-reading")
        for one in plain.locator(".card p[data-reading]:visible").all()
    ]

    assert shown == ["tuned"] * plain.locator(".card").count()
    assert plain.locator("[name=reading]").first.is_hidden()
    assert plain.locator(".card details").first.is_visible()


def test_picture_of_a_card_has_all_its_drawings_side_by_side(page):
    card = page.locator(".card").first

    with page.expect_download() as download:
        card.locator("[data-picture=svg]").click()
    text = Path(download.value.path()).read_text("utf-8")

    drawn = card.locator(".drawn > svg:visible").count()
    places = re.findall(r'<svg [^>]*\bx="([\d.]+)" y="([\d.]+)"', text)
    assert drawn >= 3
    assert text.count('role="img"') == drawn
    assert len({x for x, _ in places}) >= 3
    assert "LightGBM" in text
    assert "chosen" in text


def test_walk_goes_through_the_trials(page):
    page.locator("#walk").focus()
    page.keyboard.press("ArrowRight")

    assert "leaves" in page.locator("#pin").text_content()


def test_code_is_copied_and_the_button_says_so(page):
    button = page.locator("[data-copy]").first

    button.click()

    page.wait_for_function(
        "document.querySelector('[data-copy]').textContent !== 'Copy'"
    )
    assert button.text_content() in ("Copied", "Press Ctrl+C")


def test_csv_holds_what_the_filter_shows(page):
    unfold(page, "trials")
    page.locator("#which").select_option("p")

    with page.expect_download() as download:
        page.locator("#csv").click()
    lines = Path(download.value.path()).read_text("utf-8").splitlines()

    assert lines[0].startswith("engine,trial,loss,loss_se")
    assert len(lines) == 1 + page.locator("#table tbody tr").count()


def test_tabs_choose_model_and_form_of_the_code_by_keyboard(page):
    models = page.locator("#use .model:visible")
    first = models.get_attribute("id")

    page.locator("#use .tabs input[name=model]").first.focus()
    page.keyboard.press("ArrowRight")
    second = models.get_attribute("id")
    page.locator(f"#{second} .tabs input").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")

    assert second != first
    assert page.locator("#use pre:visible code").all_text_contents()[0].startswith("# ")
    assert "engines:" in page.locator("#use pre:visible code").text_content()


def test_address_of_a_hidden_model_or_a_term_shows_it(shared, page):
    hidden = page.locator("#use .model:not(:visible)").last.get_attribute("id")

    page.goto(f"{shared.url}#{hidden}")
    page.locator(f"#{hidden}").wait_for()
    page.goto(f"{shared.url}#term-as-good")
    page.locator("#term-as-good").wait_for()

    assert page.locator(f"#{hidden}").is_visible()


READ_CLIPBOARD = """async () => {
    const [item] = await navigator.clipboard.read();
    const image = await createImageBitmap(await item.getType('image/png'));
    const canvas = document.createElement('canvas');
    canvas.width = image.width;
    canvas.height = image.height;
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    return [image.width, image.height, ...context.getImageData(2, 2, 1, 1).data];
}"""


def test_picture_is_copied_in_light_colours_by_keyboard(visit, page_file):
    there = visit(
        page_file,
        color_scheme="dark",
        permissions=["clipboard-read", "clipboard-write"],
    )
    page = there.page
    page.goto(f"{there.url}#promise-chart")
    box = page.locator("#promise-chart svg").first.get_attribute("viewBox").split()

    page.locator("#promise-chart [data-picture=png]").focus()
    page.keyboard.press("Enter")
    page.locator("#live", has_text="Copied").wait_for(state="attached")
    width, height, *corner = page.evaluate(READ_CLIPBOARD)

    assert width == 2 * (float(box[2]) + 32)
    assert height > 2 * float(box[3])
    assert corner == [252, 251, 248, 255]
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(20, 23, 27)"
    )
    assert there.faults() == []


def test_picture_is_saved_where_the_clipboard_is_not_allowed(visit, page_file):
    there = visit(page_file, permissions=[])
    page = there.page
    page.evaluate("() => { navigator.clipboard.write = () => Promise.reject(); }")
    page.goto(f"{there.url}#promise-chart")

    with page.expect_download() as download:
        page.locator("#promise-chart [data-picture=png]").click()

    assert download.value.suggested_filename == "promise-chart.png"
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")


def test_saved_drawing_stands_alone_with_title_and_source(shared, page, run):
    page.goto(f"{shared.url}#promise-chart")
    title = page.locator("#promise-chart h3").text_content()

    with page.expect_download() as download:
        page.locator("#promise-chart [data-picture=svg]").click()
    text = Path(download.value.path()).read_text("utf-8")
    drawing = ET.fromstring(text)  # noqa: S314 - our own markup

    written = " ".join("".join(node.itertext()) for node in drawing).strip()
    finished = run[0]["run"]["finished"][:10]
    assert written.startswith(title)
    assert written.endswith(f"sample · boostreg · {finished} · #promise-chart")
    assert "class=" not in text
    assert "var(" not in text


def test_headings_have_a_link_to_themselves(page):
    links = page.locator("main h2 > .at, main h3 > .at")

    assert links.count() >= 5
    for link in links.all():
        name = link.get_attribute("href").removeprefix("#")
        assert page.locator(f"[id='{name}']").count() == 1


def test_theme_is_chosen_by_hand(visit, page_file):
    page = visit(page_file).page

    page.locator("#theme").select_option("dark")

    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(20, 23, 27)"


@pytest.mark.parametrize(("width", "shown"), [(1280, 0), (360, 1)])
def test_pictures_of_the_first_screen_have_a_drawing_of_their_own_on_phones(
    page, width, shown
):
    page.set_viewport_size({"width": width, "height": 900})

    for name in ("sizes", "forest"):
        drawings = page.locator(f"#{name} svg.boostreg")
        assert [drawings.nth(k).is_visible() for k in range(2)] == [
            shown == 0, shown == 1,
        ]  # fmt: skip
        box = drawings.nth(shown).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width


def test_how_it_was_judged_is_folded_and_opens_by_keyboard(page):
    facts = page.locator("#judged li")
    assert facts.first.is_hidden()

    page.locator("#judged summary").focus()
    page.keyboard.press("Enter")

    assert facts.first.is_visible()


def test_page_reads_without_javascript(plain):
    assert plain.locator(".verdict").is_visible()
    assert plain.locator("#scatter svg").first.is_visible()
    assert plain.locator("#limits table").is_visible()
    assert plain.locator("#budget").is_hidden()
    assert plain.locator("#table tbody tr").count() > 25
    assert plain.locator("#csv").is_hidden()
    assert plain.locator("#use .model").last.is_visible()


def test_print_shows_the_page_without_its_controls(visit, page_file):
    page = visit(page_file).page

    page.emulate_media(media="print")

    assert page.locator("nav").is_hidden()
    assert page.locator(".card svg").first.is_visible()
    assert page.locator("#use pre").first.is_visible()
    assert page.locator("main button:visible").count() == 0


def test_printed_page_has_about_ten_pages_with_evidence_folded(page):
    printed = page.pdf(prefer_css_page_size=True)

    assert len(re.findall(rb"/Type\s*/Page\b", printed)) <= 12
    assert page.locator("details[data-print]").count() >= 2
    assert page.locator("#trials").get_attribute("open") is None
