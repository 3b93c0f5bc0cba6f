"""Pages of claims: every claim is on one card, and its sentence is what was found."""

import html
import re
from pathlib import Path

import pytest
from modes import crowded, faults

from boostreg.report.found import finding_sentence
from boostreg.report.page import PARTS, render
from boostreg.study.files import read_csv, read_json

REPORTS = Path(__file__).parents[2] / "reports"
NAMES = sorted(path.name for path in REPORTS.glob("claims-*"))
MOST_WORDS = 1800


def page_of(name):
    """Return a shipped run's page, written anew, and its results."""
    results = read_json(REPORTS / name / "results.json")
    tables = (read_csv(REPORTS / name / f"{n}.csv") for n in ("trials", "paths"))
    return render(results, *tables), results


def claim(name, identity):
    """Return one claim of a shipped run."""
    found = read_json(REPORTS / name / "results.json")["claims"]
    return next(one for one in found if one["id"] == identity)


@pytest.mark.parametrize("name", NAMES)
def test_every_claim_is_on_one_card_with_one_picture_and_its_figures(name):
    page, results = page_of(name)
    cards = re.findall(r"<figure.*?</figure>", page, re.DOTALL)

    for one in results["claims"]:
        (card,) = (c for c in cards if f'id="claim-{one["id"]}"' in c)
        assert card.count('role="img"') <= 1
        rows = re.findall(r"<tr>.*?</tr>", card, re.DOTALL)
        mine = [row for row in rows if f">{one['id']}</th>" in row]
        assert len(mine) == len(one["findings"])
        assert html.escape(one["expected"]) in "".join(mine)
    assert sum(card.count("verdict-line") for card in cards) >= len(cards)


def test_page_of_claims_has_no_part_on_tuning():
    page, _ = page_of("claims-svm")

    there = {part for part in PARTS if f'<section id="{part}"' in page}

    assert there == {"answer", "claims", "evidence"}


def test_finding_of_a_refuted_claim_is_what_was_measured_not_its_negation():
    found = claim("claims-ensembles", "B6.stopped")
    times = {f"{1 + one['estimate']:.0f}" for one in found["findings"]}

    assert finding_sentence(found) == (
        "With early stopping, L2 (reg_lambda 300) multiplies the leaves by "
        + " to ".join(sorted(times))
    )


@pytest.mark.parametrize(("sign", "verb"), [(-1, "cuts"), (1, "raises")])
def test_direction_is_stated_only_where_the_interval_excludes_no_change(sign, verb):
    found = claim("claims-ensembles", "B6")
    (one, *_) = found["findings"] = found["findings"][:1]
    low, high = sorted((0.2 * sign, 0.6 * sign))
    one.update(estimate=0.4 * sign, low=low, high=high)
    certain = finding_sentence(found)
    one.update(low=-0.6, high=0.6)

    assert f"{verb} the leaves by 40%" in certain
    assert "changes the leaves by" in finding_sentence(found)


def test_not_settled_claim_says_how_far_its_interval_goes():
    found = claim("claims-svm", "B2.new")
    (one,) = found["findings"]

    words = finding_sentence(found).replace("\N{MINUS SIGN}", "-")

    ends = f"{100 * one['low']:+.0f}% to {100 * one['high']:+.0f}%"
    assert words.endswith(f"{100 * one['estimate']:+.0f}% against the largest (L2)"
                          f" (interval {ends})")  # fmt: skip


def test_both_readings_of_a_penalty_are_in_one_picture():
    page, _ = page_of("claims-ensembles")
    cards = re.findall(r"<figure.*?</figure>", page, re.DOTALL)

    (card,) = (one for one in cards if 'id="claim-B6.stopped"' in one)

    assert 'id="claim-B6"' in card
    assert ">stopped</text>" in card
    assert ">equal rounds</text>" in card


def test_claim_over_tables_has_a_row_for_each_table_and_the_prediction():
    page, results = page_of("claims-tables")
    cards = re.findall(r"<figure.*?</figure>", page, re.DOTALL)
    tables = {one["name"] for one in results["claims"][0]["findings"][0]["tables"]}

    for one in results["claims"]:
        (card,) = (c for c in cards if f'id="claim-{one["id"]}"' in c)
        shown = set(map(html.unescape, re.findall(r"<text[^>]*>([^<]*)</text>", card)))
        assert {"mean", "another table"} <= shown
        assert len(tables & shown) >= len(tables) - 2  # long names are cut


@pytest.mark.parametrize(
    ("name", "mode"), [("claims-ensembles", "light"), ("claims-tables", "narrow")]
)
def test_wall_is_read_on_wide_and_narrow_screens(name, mode, visit, write_page):
    text, _ = page_of(name)
    there = visit(write_page(text))
    page = there.page
    first = page.locator("main svg.boostreg:not(.sw)").first

    assert len(page.locator("body").inner_text().split()) <= MOST_WORDS
    assert first.bounding_box()["y"] < 400
    assert crowded(page) == []
    page.set_viewport_size({"width": 360, "height": 740})
    assert first.bounding_box()["y"] < 600
    assert faults(there, mode) == []
