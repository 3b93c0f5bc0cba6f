"""Claims over many tables in a study, and the page that is grouped by question."""

import json
import re
from pathlib import Path

import pytest

from boostreg.claims.tables import TABLES
from boostreg.report.questions import QUESTIONS, statement_of
from boostreg.study.article import claims_page, finding_words, is_article
from boostreg.study.load import load_study
from boostreg.study.runner import run_study

STUDIES = Path(__file__).parents[2] / "studies" / "claims"
REPORTS = Path(__file__).parents[2] / "reports"
FEW = TABLES[::3]
STATEMENTS = [name for found in QUESTIONS.values() for name in found]
OVER_TABLES = """
name: over
data: {source: "sklearn:diabetes", target: target}
engines: [lightgbm]
rounds: {max: 5, patience: 5}
search: {trials: 1}
validation: {outer: {holdout: 0.5}, inner: {folds: 2}}
paths: {penalties: []}
baselines: []
effects: {points: 0}
claims:
  - {id: B6, says: 'Splits must gain', experiment: penalised_ensembles,
     measure: gain_leaves_at_10, options: {rounds: 1, leaves: 8},
     expect: below, at_least: 1%}
"""


@pytest.fixture(scope="module")
def over(tmp_path_factory):
    """Return the folder of a run with a claim over all tables, here a few of them."""
    folder = tmp_path_factory.mktemp("over")
    path = folder / "study.yaml"
    path.write_text(OVER_TABLES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("boostreg.study.measurements.TABLES", FEW)
        return run_study(path, out=folder / "out", workers=1)


@pytest.fixture(scope="module")
def claim(over):
    (claim,) = json.loads((over / "results.json").read_text())["claims"]
    return claim


def test_claim_over_tables_has_a_result_for_each_and_a_prediction(claim):
    (finding,) = claim["findings"]

    assert [one["name"] for one in finding["tables"]] == list(FEW)
    assert finding["values"] == [one["estimate"] for one in finding["tables"]]
    assert finding["method"].startswith(f"random-effects mean over {len(FEW)} table")
    low, high = finding["predicted"]
    assert -1 < low < finding["low"] <= finding["estimate"] <= finding["high"] < high
    assert claim["resamples"] == f"{len(FEW)} tables, 5 folds each"
    assert claim["verdict"] == "supported"


def test_page_names_the_tables_and_says_in_how_many_a_claim_holds(over, claim):
    page = (over / "report.html").read_text()

    held = sum(one["verdict"] == "supported" for one in claim["findings"][0]["tables"])
    assert f"supported in {held} of {len(FEW)} tables" in page
    for name in FEW:
        assert f">{name}<" in page
    assert "another table" in page


def test_page_of_other_claims_has_no_questions(over):
    assert "## " not in claims_page(over.parent)


@pytest.mark.parametrize("path", sorted(STUDIES.glob("*.yaml")), ids=lambda p: p.stem)
def test_every_shipped_claim_tests_a_statement_of_the_article(path):
    for one in load_study(path).spec.claims:
        assert statement_of(one.id) in STATEMENTS


def test_page_of_the_article_has_a_line_for_each_statement():
    page = claims_page(REPORTS)

    *grouped, table = page.split("\n## ")
    assert table.startswith("All claims")
    lines = [line for part in grouped for line in part.splitlines() if line[:2] == "- "]
    assert [re.match(r"- \*\*(\w+)\. ", line)[1] for line in lines] == STATEMENTS
    assert all(re.search("supported|refuted|not settled", line) for line in lines)
    heads = [part.splitlines()[0] for part in grouped[1:]]
    assert heads == list(QUESTIONS)


def made(name, verdict, says="It holds", tables=()):
    """Return a claim as far as the page of the article reads it."""
    finding = {"engine": None, "verdict": verdict, "estimate": -0.3, "low": -0.4,
               "high": -0.2}  # fmt: skip
    if tables:
        ends = {"estimate": -0.3, "low": -0.4, "high": -0.2}
        finding["tables"] = [{"name": "x", "verdict": v, **ends} for v in tables]
        finding["predicted"] = [-0.6, 0.1]
    return {"id": name, "says": says, "verdict": verdict, "when": "", "share": True,
            "expected": "below 0 by at least 20%", "findings": [finding]}  # fmt: skip


def test_line_quotes_the_first_claim_that_over_tables_and_refuted_ones():
    claims = [
        made("B4", "supported"),
        made("B4.L2", "refuted", "L2 too"),
        made("B4.depth", "not settled"),
        made("B4.tables", "refuted", tables=["supported", "refuted", "refuted"]),
    ]

    line = finding_words(claims, {one["id"]: f"[{one['id']}]" for one in claims})

    minus = "\N{MINUS SIGN}"
    effect = f"{minus}30%, {minus}40% to {minus}20%"
    assert line == (
        f"**Supported** ([B4]: {effect}). Over many tables **refuted** ([B4.tables]: "
        f"{effect}, supported in 1 of 3 tables, refuted in 2; another table: {minus}60"
        "% to 10% (95% prediction interval)). 2 more claims: 1 refuted, 1 not settled. "
        "Refuted: L2 too ([B4.L2])."
    )


def test_article_is_recognised_only_if_every_statement_is_tested():
    claims = [made(name, "supported") for name in STATEMENTS]

    assert is_article(claims)
    assert not is_article(claims[1:])
    assert not is_article([*claims, made("mine", "supported")])
