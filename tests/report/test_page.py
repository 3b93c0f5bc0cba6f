"""The page as text: what it says, what it refuses, and that it is always the same."""

import base64
import copy
import hashlib
import html
import json
import re
import runpy
import xml.etree.ElementTree as ET
from collections import Counter
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boostreg.figures.scale import MINUS
from boostreg.report.glossary import link_terms
from boostreg.report.page import render
from boostreg.report.wording import PENALTY_WORDS, signed_percent

sample_fits = runpy.run_path(str(Path(__file__).with_name("sample.py")))["sample_fits"]
TIMES = "\N{MULTIPLICATION SIGN}"
VOID = {"meta", "link", "input", "br", "wbr"}
INLINE = {"a", "b", "strong", "small", "code", "bdi", "wbr"}


class Reader(HTMLParser):
    """Collects tags, attributes and text, and checks that tags are balanced."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.texts = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Note a tag that opens."""
        self.tags.append(tag)
        self.attributes += attrs
        self.texts += [] if tag in INLINE else [" "]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        """Check that the tag was the last one open."""
        assert self.open.pop() == tag
        self.texts += [] if tag in INLINE else [" "]

    def handle_data(self, data):
        """Note text."""
        self.texts.append(data)


def visible(text):
    return " ".join("".join(Reader(text).texts).split())


def test_equal_results_give_equal_bytes(run, page_text):
    assert render(*copy.deepcopy(run)) == page_text


def test_only_the_run_depends_on_the_clock(run, page_text):
    results, trials, paths = copy.deepcopy(run)
    results["run"]["seconds"] = 999.5

    changed = render(results, trials, paths)

    assert changed.replace("999.5", "192.4") == page_text


def test_all_tags_are_balanced_and_nothing_is_styled_or_wired_inline(page_text):
    reader = Reader(page_text)

    names = {name for name, _ in reader.attributes}
    assert reader.open == []
    assert not {name for name in names if name == "style" or name.startswith("on")}


def test_nothing_is_loaded_from_anywhere(page_text):
    links = [v for k, v in Reader(page_text).attributes if k in ("src", "href")]

    assert all(link.startswith(("#", "data:")) for link in links)
    assert "http://" not in page_text.replace("http://www.w3.org/2000/svg", "")


def test_policy_allows_exactly_the_scripts_and_the_style_of_the_page(page_text):
    found = re.findall(r"<(script|style)>(.*?)</\1>", page_text, re.DOTALL)
    hashes = {
        base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        for _, body in found
    }

    policy = re.search(r'Policy" content="(.*?)"', page_text)[1]
    allowed = set(re.findall(r"sha256-([^&]*)&#39;", policy))
    assert allowed == hashes
    assert len(found) == 3
    assert "unsafe" not in policy


def test_data_island_holds_the_trials_of_the_final_tuning(run, page_text):
    body = re.search(r'<script type="application/json".*?>(.*?)</script>', page_text)[1]

    island = json.loads(body)["trials"]

    final = [row for row in run[1] if row["outer_fold"] == "all"]
    at = island["columns"].index("loss")
    assert [v[at] for v in island["values"]] == pytest.approx(
        [final[k]["loss"] for k in island["index"]], rel=1e-5
    )
    assert sorted(island["index"]) == list(range(len(final)))


def test_trials_are_listed_by_loss_those_on_all_folds_first(run, page_text):
    names = re.findall(r'<tr id="trial=(\S+)"', page_text)
    final = {
        f"{row['engine']}-{row['trial']}": (row["state"], row["loss"])
        for row in run[1]
        if row["outer_fold"] == "all"
    }

    assert [final[name] for name in names] == sorted(final.values())


def test_columns_that_are_constant_are_named_in_a_line_instead(page_text):
    table = re.search(r'<table id="table">.*?</thead>', page_text, re.DOTALL)[0]
    heads = [" ".join(head.split()) for head in re.findall(r"<th.*?>(.*?)</th>", table)]

    assert "max_<wbr>leaves" in heads
    assert "learning_<wbr>rate" not in heads
    named = re.search(r"Equal in all of them: (.*?)\.(?=\s|<)", page_text)[1]
    assert "learning_rate 0.1" in named


def test_first_screen_holds_the_decision_and_the_short_answers(run, page_text):
    text, first = run[0]["text"], visible(answer_of(page_text))

    assert text["answer"][0] in first
    for one in text["answers"]:
        assert f"{one['question']} {one['head']} {one['detail']}" in first
    for fact in (*text["caveats"], *run[0]["answer"]["actions"]):
        assert fact in first


def answer_of(page):
    """Return the first screen of a page."""
    return re.search(r'<section id="answer".*?</section>', page, re.DOTALL)[0]


def test_numbers_of_the_results_are_on_the_page(run, page_text):
    shown = visible(page_text)

    for found in run[0]["engines"].values():
        for name in ("best", "one_se", "default", "unpenalised"):
            assert f"{found[name]['outer']['loss']:,.0f}" in shown
            assert f"{found[name]['size']['leaves']:,}" in shown


def test_first_screen_shows_what_each_penalty_does_in_both_drawings(run, page_text):
    forests = re.findall(
        r'<svg[^>]*aria-label="What each penalty does.*?</svg>', answer_of(page_text)
    )

    assert len(forests) == 2
    for name, found in run[0]["penalties"].items():
        for forest in forests:
            assert f">{name}</text>" in forest
            assert f">{PENALTY_WORDS[name]}</text>" in forest
            assert f">{found['word']}</text>" in forest


def test_headings_come_from_the_results(run, page_text):
    for name, heading in run[0]["text"]["headings"].items():
        assert heading in page_text, name


def test_pick_is_pasted_with_four_digits_and_exact_in_yaml(run, page_text):
    pick = run[0]["engines"]["lightgbm"]["one_se"]

    shown = visible(page_text)

    exact = pick["penalty"]["reg_lambda"]
    assert f"reg_lambda: {exact!r}" in shown
    assert f"'lambda_l2': {float(f'{exact:.4g}')!r}," in shown
    assert f"num_boost_round={pick['rounds']}" in shown


def test_model_of_the_answer_comes_first_and_equal_picks_once(run):
    results, trials, paths = copy.deepcopy(run)
    results["answer"]["settings"].update(engine="lightgbm", model="best")
    results["engines"]["xgboost"]["best"] = results["engines"]["xgboost"]["one_se"]

    text = render(results, trials, paths)

    assert re.findall(r'name="model" value="([\w-]+)"', text) == [
        "lightgbm-best",
        "xgboost-best",
        "lightgbm-one_se",
    ]


def test_parameters_that_act_have_the_library_s_name_unit_and_default(run, page_text):
    pick = run[0]["engines"]["lightgbm"]["one_se"]
    value = f"{pick['raw']['reg_lambda']:.4g}"

    shown = visible(page_text)

    assert f"lambda_l2 {value} 0 L2 on leaf weights, in summed hessians" in shown


def test_model_much_larger_than_those_that_were_judged_is_flagged(run):
    results, trials, paths = copy.deepcopy(run)
    pick = results["engines"]["xgboost"]["one_se"]
    pick["size"] = pick["size"] | {"leaves": 4000}
    pick["outer_size"] = pick["outer_size"] | {"leaves": 700.0}

    shown = visible(render(results, trials, paths))

    assert "4,000 leaves on all rows, 700 were judged" in shown


def test_pick_is_there_in_three_scales_and_as_a_prior(page_text):
    shown = visible(page_text)

    assert "XGBoost one_se in each scale" in shown
    assert "reg_lambda is a prior worth 5 rows." in shown


def test_penalties_without_a_unit_still_make_a_page(run):
    results, trials, paths = copy.deepcopy(run)
    for found in results["engines"].values():
        for pick in ("best", "one_se"):
            found[pick]["scales"] = dict.fromkeys(found[pick]["scales"])

    assert "in each scale" not in visible(render(results, trials, paths))


def test_reached_limits_are_shown_where_the_pick_is(run):
    results, trials, paths = copy.deepcopy(run)
    pick = results["engines"]["xgboost"]["one_se"]
    pick.update(rounds_max_reached=True, at_edge=["reg_alpha"])

    shown = visible(render(results, trials, paths))

    assert "rounds.max stopped it" in shown
    assert re.search(r"reg_alpha is the (lowest|highest) value searched", shown)


def test_page_stays_small(sample_run, page_text):
    assert len(page_text.encode()) < 420_000
    run = sample_run(n_trials=500)
    assert len(render(*run, sample_fits(run[1])).encode()) < 750_000


def test_pages_without_optional_parts_leave_their_sections_out(run):
    results, trials, _ = copy.deepcopy(run)
    results.update(effects={}, baselines={}, comparisons=[])

    text = render(results, trials, [])

    assert 'id="effects"' not in text
    assert 'id="linear"' not in text
    assert 'id="answer"' in text


def test_folders_of_the_machine_stay_out(run):
    results, trials, paths = copy.deepcopy(run)
    for part in (results["data"], results["study"]["data"]):
        part["source"] = "/home/someone/secret/table.csv"

    text = render(results, trials, paths)

    assert "someone" not in text
    assert "table.csv" in text


def one_trial(make):
    return make(n_trials=1, engines=("xgboost",))


def one_engine(make):
    return make(n_trials=12, engines=("lightgbm",))


def third_engine(make):
    return make(n_trials=12, engines=("xgboost", "lightgbm", "sklearn"))


def multiclass(make):
    return make(n_trials=12, task="multiclass", level=0.082)


def failed_but_one(make):
    results, trials, paths = make(n_trials=12)
    for row in trials:
        if (row["engine"], row["trial"]) != ("xgboost", 0):
            lost = dict.fromkeys(("loss", "loss_se", "train_loss", "leaves", "rounds"))
            row.update(lost, state="failed", reason="crashed twice (signal 11)")
    results["engines"]["lightgbm"]["front"] = []
    return results, trials, paths


def without_numbers(make):
    results, trials, paths = make(n_trials=3)
    for found in results["effects"].values():
        for effect in found.values():
            effect["safe"] = None
            points = [p for path in effect["others"] for p in path["points"]]
            for point in (*effect["points"], *points):
                point.update(loss=None, judged=None, gap=None)
                point["against_off"].update(change=None, low=None, high=None)
    for found in results["engines"].values():
        found["default"]["outer"].update(loss=None, low=None, high=None)
        found["best"]["outer"].update(low=None, high=None)
    results["baselines"]["ridge"]["path"][0].update(loss=None, se=None)
    return results, trials, paths


HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"'>&amp;{{ 7*7 }}</style>",
    "\N{PILE OF POO}\N{ZERO WIDTH JOINER}\N{RIGHT-TO-LEFT OVERRIDE}abc",
    "\u0639\u0645\u0631 \u0627\u0644\u0645\u0631\u064a\u0636",
    "=cmd|' /C calc'!A0",
    "n" * 300,
    "\x00\x0b\ud800\u2028",
)


def hostile_names(make):
    results, trials, paths = make(n_trials=12, inputs=HOSTILE)
    bad = " ".join(HOSTILE)
    results["study"]["title"] = results["data"]["target"] = bad
    results["text"]["answer"] = results["text"]["warnings"] = list(HOSTILE)
    results["text"]["answers"] = [
        dict.fromkeys(("question", "head", "detail"), name) for name in HOSTILE
    ]
    results["answer"]["actions"] = list(HOSTILE)
    results["text"]["headings"]["front"] = bad
    results["data"]["classes"] = [{"label": name, "rows": 3} for name in HOSTILE]
    results["effects"]["xgboost"]["reg_alpha"]["sentence"] = bad
    for row in trials[:40]:
        row.update(state="failed", reason=bad)
    return results, trials, paths


STRESS = (
    one_trial, one_engine, third_engine, multiclass, failed_but_one, without_numbers,
    hostile_names,
)  # fmt: skip


@pytest.fixture(scope="module")
def stress_page(sample_run):
    """Return a function that renders the page of a case once."""
    return cache(lambda case: render(*case(sample_run)))


@pytest.mark.parametrize("case", STRESS, ids=lambda case: case.__name__)
def test_stress_pages_are_whole(case, stress_page):
    reader = Reader(stress_page(case))

    assert reader.open == []
    assert "nan" not in " ".join(reader.texts).lower().split()


def test_hostile_names_never_become_markup(stress_page, page_text):
    tame = Reader(page_text)

    wild = Reader(stress_page(hostile_names))

    assert wild.tags.count("script") == tame.tags.count("script")
    assert "img" not in wild.tags
    assert not [k for k, _ in wild.attributes if k == "onerror"]


def poisoned(content, bad):
    """Return content with ``bad`` after every text in it, but for names of things."""
    if isinstance(content, dict):
        return {key: poisoned(value, bad) for key, value in content.items()}
    if isinstance(content, list):
        return [poisoned(value, bad) for value in content]
    return content + bad if isinstance(content, str) else content


def shape(text):
    """Return how often each tag and each attribute's name occurs."""
    reader = Reader(text)
    assert reader.open == []
    return Counter(reader.tags), Counter(name for name, _ in reader.attributes)


@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    bad=st.text(min_size=1, max_size=30).map(lambda tail: f"\"'><b on={tail}</script>")
)
def test_no_text_of_study_or_data_becomes_markup(bad, sample_run):
    tame, trials, paths = sample_run(
        n_trials=2, inputs=("a", "b"), engines=("lightgbm",)
    )
    wild = copy.deepcopy(tame)
    kept = {"engines": wild["study"]["engines"], "search": wild["study"]["search"]}
    for part in ("study", "data", "versions", "run"):
        wild[part] = poisoned(wild[part], bad)
    wild["study"] |= kept
    wild["text"] = {key: poisoned(value, bad) for key, value in wild["text"].items()}

    assert shape(render(wild, trials, paths)) == shape(render(tame, trials, paths))


def test_nothing_that_names_a_machine_or_opens_one_is_shown(run):
    results, trials, paths = copy.deepcopy(run)
    results["study"]["search"]["storage"] = "mysql://me:secret@host/optuna"
    results["study"]["compute"]["executor"] = {"dask": "tcp://10.1.2.3:8786"}
    results["data"]["notes"] = ["Read from /home/someone/private/table.csv."]
    trials[-1].update(state="failed", reason="No file C:\\Users\\someone\\x.csv")

    text = render(results, trials, paths)

    for secret in ("secret", "10.1.2.3", "someone"):
        assert secret not in text


def test_figures_of_the_page_equal_the_results(run, page_text):
    shown = visible(page_text)

    for pair in run[0]["comparisons"]:
        assert f"{100 * pair['change']:+.1f}%".replace("-", MINUS) in page_text
    for found in run[0]["effects"]["xgboost"].values():
        for point in found["points"]:
            change = signed_percent(point["against_off"]["change"])
            assert f"{point['judged']:,.0f} {change} (" in shown


def drawings_of(page_text, figure):
    """Return the texts of the wide and the narrow drawing of a figure."""
    found = re.search(
        f'<figure class="pic" id="{figure}">.*?</figure>', page_text, re.DOTALL
    )
    wide, narrow = found[0].split('<div class="drawn narrowonly">')
    return [
        " ".join(re.findall(r"<text[^>]*>([^<]*)", part)) for part in (wide, narrow)
    ]


def test_planned_differences_are_drawn_with_their_stored_words(run, page_text):
    wide, narrow = drawings_of(page_text, "differences")
    shown = re.findall(r"(\S+%), (better|not settled)", wide)

    planned = [
        pair
        for pair in run[0]["comparisons"]
        if not pair["a"].endswith(" one_se") and not pair["b"].endswith(" one_se")
    ]
    stored = [(signed_percent(pair["change"]), pair["word"]) for pair in planned]
    assert sorted(shown) == sorted(stored)
    assert sorted(re.findall(r"(\S+%), (better|not settled)", narrow)) == sorted(stored)


def test_models_are_drawn_with_loss_size_and_metrics(run, page_text):
    wide, narrow = drawings_of(page_text, "models")

    for engine in run[0]["engines"].values():
        for kind in ("best", "one_se", "default", "unpenalised"):
            size = engine[kind].get("outer_size", engine[kind]["size"])
            loss = f"{engine[kind]['outer']['loss']:,.0f}"
            values = [one["value"] for one in engine[kind]["metrics"].values()]
            row = f"{loss} {size['leaves']:,} leaves {values[0]:.1f} {values[1]:.3f}"
            assert row in wide
            assert f"{loss}, {size['leaves']:,} leaves" in narrow
    assert "ridge" in wide
    assert "elastic net" not in wide
    assert "mean" in narrow


def test_chosen_ensemble_has_a_picture_of_its_columns(run, page_text):
    found = run[0]["engines"]["xgboost"]["features"]["one_se"]["features"]

    picture = re.search(
        r'<figure class="pic" id="columns">.*?</figure>', page_text, re.DOTALL
    )

    for one in found:
        assert f">{one['name']}</text>" in picture[0]
        assert f">{100 * one['gain']:.0f}%</text>" in picture[0]


def test_classes_have_a_picture_of_their_calibration(sample_run, stress_page):
    results, *_ = multiclass(sample_run)
    bins = results["calibration"][0]["bins"]
    agree = 2 * sum(one["low"] <= one["predicted"] <= one["high"] for one in bins)

    text = stress_page(multiclass)

    titles = re.findall(r'id="calibration-\d"><figcaption><h3[^>]*>([^<]*)', text)
    assert titles == [
        f"class {name}: {agree} of 20 groups of rows as predicted" for name in "abc"
    ]
    assert 'id="calibration-' not in stress_page(one_engine)


def test_strongest_penalty_comes_first(run):
    results, trials, paths = copy.deepcopy(run)
    for found in results["effects"].values():
        found["reg_lambda"]["tuned"]["against_off"]["change"] = -0.9

    text = render(results, trials, paths)

    assert re.findall(r'<figure [^>]*data-p="(\w+)"', text)[0] == "reg_lambda"


def cards(text):
    """Return the markup of each penalty's card by the penalty's name."""
    found = re.findall(r'<figure [^>]*data-p="(\w+)".*?</figure>', text, re.DOTALL)
    bodies = re.finditer(r"<figure [^>]*data-p=.*?</figure>", text, re.DOTALL)
    return dict(zip(found, (body[0] for body in bodies), strict=True))


def test_a_card_has_three_panels_of_three_readings_and_trees_in_two_widths(page_text):
    for body in cards(page_text).values():
        panels, trees = body.split('<div class="treelist">')

        assert panels.count('<div class="drawn') == 3
        assert re.findall(r'<g data-reading="(\w+)" class="no"', panels) == [
            "alone", "equal",
        ] * 3  # fmt: skip
        assert trees.count('<div class="drawn') == 2


def test_shrinkage_is_in_the_card_of_l2_alone(page_text):
    found = {
        name for name, body in cards(page_text).items() if "H + reg_lambda" in body
    }

    assert found == {"reg_lambda"}


def test_trees_that_do_not_differ_are_left_out(run):
    results, trials, paths = copy.deepcopy(run)
    for found in results["effects"].values():
        for one in found["reg_alpha"]["trees"]:
            one.update(tree="(2 -1 1)", leaves=2)

    found = cards(render(results, trials, paths))

    assert "treelist" not in found["reg_alpha"]
    assert "treelist" in found["reg_lambda"]


def finding(results, name, reading="tuned"):
    """Return the sentence of a card's reading."""
    part = cards(render(results, [], []))[name]
    said = re.search(rf'<p [^>]*data-reading="{reading}".*?</p>', part, re.DOTALL)[0]
    return html.unescape(re.sub(r"<[^>]*>", "", said))


def test_a_finding_is_the_word_for_all_engines_with_loss_and_size(run):
    results = copy.deepcopy(run[0])
    change = {"change": -0.14, "low": -0.31, "high": 0.081, "method": "t", "word": "x"}
    results["penalties"]["reg_lambda"].update(word="not settled", against_off=change)
    for engine, trees, leaves in (("xgboost", 4.3, 4.3), ("lightgbm", 4.4, 4.0)):
        tuned = results["effects"][engine]["reg_lambda"]["tuned"]
        factors = {"trees": [trees], "leaves_per_tree": [1.01], "leaves": [leaves]}
        tuned.update(
            word="not settled", values=[1.0, 100.0], trees=[28.4, 104.2],
            factors={k: [*v, None, None] for k, v in factors.items()},
        )  # fmt: skip

    assert finding(results, "reg_lambda") == (
        f"Not settled. At 1 to 100 against 0: {MINUS}14% loss ({MINUS}31% to +8.1%); "
        f"{TIMES}4 to {TIMES}4.3 leaves: 28 \N{RIGHTWARDS ARROW} 104 trees, each as "
        "large (XGBoost)."
    )


def test_engines_that_differ_are_named_with_their_own_words(run):
    results = copy.deepcopy(run[0])
    rated = {"change": -0.2, "low": -0.3, "high": -0.1, "method": "t", "word": "better"}
    why = "no interval: rounds.max ended the curves while their loss still fell"
    unrated = dict.fromkeys(("change", "low", "high")) | {"method": why, "word": "x"}
    results["penalties"]["reg_alpha"].update(word="not settled", against_off=unrated)
    first, second = (results["effects"][e]["reg_alpha"] for e in results["engines"])
    first["tuned"].update(word="helps", against_off=rated)
    second["tuned"].update(word="not settled", against_off=unrated)
    first["alone"].update(word="helps", against_off=rated)
    second["alone"].update(word="not settled", against_off=rated | {"high": 0.1})

    tuned, alone = (finding(results, "reg_alpha", r) for r in ("tuned", "alone"))

    assert tuned.startswith("Not rated. At ")
    assert "rounds.max ended the curves; XGBoost helps, " in tuned
    assert f"XGBoost helps, {MINUS}20% loss ({MINUS}30% to {MINUS}10%); Light" in alone
    assert f"LightGBM not settled, {MINUS}20% loss ({MINUS}30% to +10%)" in alone


def test_a_run_without_a_search_shows_its_fixed_values_alone(run):
    results = copy.deepcopy(run[0])
    for found in results["effects"].values():
        for effect in found.values():
            fixed, equal = effect["others"]
            effect["others"] = [
                equal | {"anchor": "fixed"},
                fixed | {"anchor": "tuned"},
            ]
            effect.update(anchor="fixed", tuned=effect["alone"], alone=None)
    for one in results["penalties"].values():
        one["anchor"] = "fixed"

    found = cards(render(results, [], []))

    for body in found.values():
        assert re.findall(r'<p [^>]*data-reading="(\w+)"', body) == ["alone", "equal"]


@pytest.mark.parametrize("section", ["importance", "promise"])
def test_sections_with_data_are_there_and_have_a_chart(section, page_text):
    body = re.search(
        rf'<(?:div|details) class="\w+" id="{section}">.*?</section>',
        page_text,
        re.DOTALL,
    )

    assert '<svg class="boostreg" viewBox' in body[0]


def test_of_five_thousand_trials_the_best_are_listed_and_the_rest_counted(sample_run):
    text = render(*sample_run(n_trials=2500))

    assert len(text.encode()) < 1_000_000
    assert 1000 <= text.count("<tr id=") < 1400
    assert "with higher loss are in" in text


def test_charts_of_the_page_are_well_formed_xml(stress_page):
    text = stress_page(hostile_names)

    charts = re.findall(r'<svg class="boostreg".*?</svg>(?=\s*</(?:div|td)>)', text)

    assert len(charts) > 10
    for chart in charts:
        ET.fromstring(chart)  # noqa: S314 - our own markup


def test_each_term_is_linked_once_where_it_occurs_first(page_text):
    links = re.findall(r'<a class="term" href="#([\w-]+)">', page_text)

    assert len(links) == len(set(links)) >= 5
    assert all(f'id="{link}"' in page_text for link in links)


def test_terms_are_linked_in_no_title_code_or_attribute():
    page = (
        '<h2>As <a href="#x">x</a> good: as good</h2><p title="as good">x</p>'
        '<code>as good</code><ul class="key"><li>as good</li></ul>'
        "<script>if (a < b && b > c) 'as good'</script><p>As good &lt; <b>as good</b>"
    )

    linked = link_terms(page)

    before, after = page.rsplit("As good &lt;", 1)
    link = '<a class="term" href="#term-as-good">As good</a>'
    assert linked == f"{before}{link} &lt;{after}"


def test_time_of_a_replay_is_not_reported_as_that_of_the_run(run):
    results, trials, paths = copy.deepcopy(run)
    results["run"] |= {"seconds": 98765.25, "fits": 300, "fits_from_journal": 300}

    shown = visible(render(results, trials, paths))

    assert "98765" not in shown.replace(",", "")
    assert "fits read from the journal all" in shown
