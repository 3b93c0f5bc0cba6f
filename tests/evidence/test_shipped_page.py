"""The shipped page of evidence: made from its kept numbers, and quoted truly."""

import html
import json
import re
from pathlib import Path

import pytest

from boostreg.evidence import gather, read_searches, read_tables, render_evidence
from boostreg.penalty.linter import GOOD_LEAVES, N_TABLES
from boostreg.study.presets import PRESETS

ROOT = Path(__file__).parents[2]
KEPT = json.loads((ROOT / "reports/evidence/evidence.json").read_text("utf-8"))
PAGE = (ROOT / "reports/evidence/report.html").read_text("utf-8")


def words(text):
    """Return text without tags, marks of a quotation and line ends."""
    text = re.sub("^> ", "", text, flags=re.MULTILINE)
    return re.sub(r"\s+", " ", html.unescape(re.sub("<[^>]+>", " ", text))).strip()


def test_page_is_made_from_the_kept_numbers_to_the_byte():
    left_out = [(name, why) for name, why in KEPT["left_out"]]

    searches = read_searches(KEPT["searches"])
    evidence = gather(read_tables(KEPT["runs"]), left_out, searches)

    assert render_evidence(evidence) == PAGE
    assert json.loads(json.dumps(evidence.content)) == KEPT


def test_there_are_25_tables_and_a_second_seed():
    assert len(KEPT["tables"]) >= 25
    assert len(KEPT["seeds"]["tables"]) >= 3


def test_readme_quotes_the_answer():
    answer = words(re.search(r'<p class="verdict"[^>]*>(.*?)</p>', PAGE, re.DOTALL)[1])

    assert answer in words((ROOT / "README.md").read_text("utf-8"))


def test_readme_says_what_the_numbers_say():
    readme = words((ROOT / "README.md").read_text("utf-8"))
    n = len(KEPT["tables"])
    gains = {p: one["together"]["gain"] for p, one in KEPT["penalties"].items()}
    others = [gains[p]["word"] for p in gains if p != "max_leaves"]
    (one,) = (s for s in KEPT["statements"] if "L2 penalizes" in s["statement"])

    assert others == ["same"] * 4
    assert "Tuning each of the others changes the mean loss by less than 1%" in readme
    assert {c["tables"] for c in one["stopped"].values()} == {n}
    assert {c["rises"] for c in one["stopped"].values()} == {n}
    assert f"the number of leaves rises on all {n} tables" in readme


def test_trials_after_those_of_quick_change_the_loss_by_less_than_1_percent():
    (after,) = (k for k in KEPT["later"] if k["trials"] == PRESETS["quick"].trials)

    assert after["change"]["word"] == "same"
    assert max(abs(after["change"][end]) for end in ("low", "high")) < 0.01


def test_linter_cites_the_kept_numbers():
    both = [KEPT["penalties"]["max_leaves"][e] for e in ("xgboost", "lightgbm")]
    low = min(one["values"]["rows"][0] for one in both)
    high = max(one["values"]["rows"][2] for one in both)

    assert (float(f"{low:.2g}"), float(f"{high:.2g}")) == pytest.approx(GOOD_LEAVES)
    assert len(KEPT["tables"]) == N_TABLES
