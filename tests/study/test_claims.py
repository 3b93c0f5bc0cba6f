"""A study makes claims: measured, judged, written, listed; wrong ones are refused."""

import json
import re
import shutil
from pathlib import Path

import pytest

from boostreg.claims.experiments import EXPERIMENTS
from boostreg.errors import DataError, StudyError
from boostreg.study.article import claim_lines, claims_page, write_claims_page
from boostreg.study.load import load_study
from boostreg.study.measurements import Claims
from boostreg.study.plan import Plan
from boostreg.study.runner import run_study

REPORTS = Path(__file__).parents[2] / "reports"
STUDIES = Path(__file__).parents[2] / "studies" / "claims"
STUDY = """
name: small
data: {source: "sklearn:diabetes", target: target}
rounds: {max: 10, patience: 5}
search: {trials: 1, scale: rows}
validation: {outer: {folds: 2}, inner: {folds: 2}}
paths: {penalties: [reg_lambda], points: 2}
baselines: []
effects: {points: 0}
claims:
  - {id: B6, says: 'L2 takes weight', measure: l1_norm, along: reg_lambda,
     reading: equal, expect: decreasing, at_least: 1%}
  - {id: D2, says: 'closed form', experiment: shifted_optimum,
     measure: l2_difference, expect: equal, at_most: 1e-6}
  - {id: D2.lightgbm, says: 'closed form, leaves', experiment: leaf_optimum,
     measure: difference, engine: lightgbm, expect: identical, at_most: 1e-6}
"""
PLANTED = """
name: planted
data: {source: "synthetic:sparse", target: target}
engines: [lightgbm]
rounds: {max: 3, patience: 2}
search: {trials: 1}
validation: {outer: {holdout: 0.5}, inner: {folds: 2}}
paths: {penalties: []}
baselines: []
effects: {points: 0}
claims:
  - {id: D2, says: 'closed form', experiment: shifted_optimum, replicates: 3,
     measure: l1_difference, expect: equal, at_most: 1e-6}
"""


def run(folder, text):
    path = folder / "study.yaml"
    path.write_text(text)
    return run_study(path, out=folder / "out", workers=1)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Return the folder of a run that makes three claims."""
    return run(tmp_path_factory.mktemp("claims"), STUDY)


@pytest.fixture(scope="module")
def claims(finished):
    results = json.loads((finished / "results.json").read_text())
    return {claim["id"]: claim for claim in results["claims"]}


def test_each_claim_has_verdicts_with_their_intervals(claims):
    assert list(claims) == ["B6", "D2", "D2.lightgbm"]
    engines = {i: [f["engine"] for f in c["findings"]] for i, c in claims.items()}
    assert engines["B6"] == ["xgboost", "lightgbm"]
    assert engines["D2"] == [None]
    assert engines["D2.lightgbm"] == ["lightgbm"]
    for claim in claims.values():
        for finding in claim["findings"]:
            assert len(finding["values"]) == finding["n"] == 4
    for finding in (*claims["B6"]["findings"], *claims["D2"]["findings"]):
        assert finding["low"] <= finding["estimate"] <= finding["high"]
    assert {f["method"] for f in claims["B6"]["findings"]} == {
        "corrected resampled t of log ratios"
    }
    assert claims["D2"]["findings"][0]["method"] == "corrected resampled t"


def test_identity_is_judged_by_its_largest_deviation(claims):
    (finding,) = claims["D2.lightgbm"]["findings"]

    assert finding["estimate"] == max(finding["values"], key=abs)
    assert finding["low"] is None
    assert finding["method"] == "largest deviation of 4 resamples"


def test_closed_forms_are_supported(claims):
    assert claims["D2"]["verdict"] == "supported"
    assert claims["D2.lightgbm"]["verdict"] == "supported"


def test_page_shows_every_claim_with_a_picture(finished):
    page = (finished / "report.html").read_text()

    cards = re.findall(r"<figure.*?</figure>", page, re.DOTALL)
    for name in ("B6", "D2", "D2.lightgbm"):
        (card,) = (one for one in cards if f'id="claim-{name}"' in one)
        assert card.count('role="img"') == 1
    assert "of 3 claims" in page


def test_list_of_claims_has_a_row_for_each_engine(finished):
    head, *lines = claim_lines(finished.parent)

    assert head.split()[0] == "claim"
    assert [line.split()[0] for line in lines] == ["B6", "B6", "D2", "D2.lightgbm"]
    assert all(line.endswith("small") for line in lines)


def test_page_of_claims_links_to_each_and_replaces_no_page_of_others(finished):
    page = write_claims_page(finished.parent)
    assert "[D2](small/report.html#claim-D2)" in page.read_text()
    assert page.read_text() == claims_page(finished.parent)

    page.write_text("mine")
    with pytest.raises(DataError, match="was not written by boostreg"):
        write_claims_page(finished.parent)


def test_folder_without_claims_is_reported(tmp_path):
    with pytest.raises(DataError, match="contains no run"):
        claims_page(tmp_path)

    shutil.copytree(REPORTS / "wine", tmp_path / "wine")
    with pytest.raises(DataError, match="contains no claim"):
        claims_page(tmp_path)


def test_kept_table_is_what_the_command_writes():
    """Written by ``boostreg claims --write``, never by hand."""
    kept = REPORTS / "README.md"
    try:
        expected = claims_page(REPORTS)
    except DataError:
        expected = None

    assert (kept.read_text("utf-8") if kept.exists() else None) == expected


def test_replicates_of_planted_data_are_independent(tmp_path):
    folder = run(tmp_path, PLANTED)
    (claim,) = json.loads((folder / "results.json").read_text())["claims"]

    (finding,) = claim["findings"]
    assert finding["method"] == "t over independent replicates"
    assert len(set(finding["values"])) == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("l1_difference", "l1_diference"), "did you mean 'l1_difference'"),
        (("shifted_optimum", "shifted"), "did you mean 'shifted_optimum'"),
        (
            ("replicates: 3", "options: {strenght: 1}"),
            "unknown key; expected one of: strength; did you mean 'strength'",
        ),
        (
            ("replicates: 3", "options: {strength: a lot}"),
            "found 'a lot'; expected a number from 0.0001 to 100",
        ),
        (("replicates: 3", "engine: lightgbm"), "this experiment grows no trees"),
        (
            ("at_most: 1e-6", "at_most: 5%"),
            "a percentage is only for a path or a ratio",
        ),
        (
            ("at_most: 1e-6", "at_least: 1"),
            "`expect: equal` takes at_most instead, so remove",
        ),
        (
            ("expect: equal", "expect: rising"),
            "one of: above, below, equal, at_most, identical",
        ),
        (("synthetic:sparse", "sklearn:diabetes"), "only synthetic data"),
    ],
)
def test_claim_on_an_experiment_is_checked_at_the_door(tmp_path, change, message):
    path = tmp_path / "study.yaml"
    path.write_text(PLANTED.replace(*change))

    with pytest.raises(StudyError, match=message):
        load_study(path)


def test_two_claims_of_one_id_are_refused(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(STUDY.replace("id: D2.lightgbm", "id: D2"))

    with pytest.raises(StudyError, match=re.escape("claims.2.id: found 'D2'")):
        load_study(path)


def test_experiment_that_lacks_the_objective_is_refused(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(STUDY.replace("target: target}", "target: target, "
                                  "objective: absolute_error}"))  # fmt: skip

    with pytest.raises(StudyError, match=re.escape("claims.1.experiment")):
        Plan(load_study(path))


BY_ENGINE = {name: p for name, p in EXPERIMENTS.items() if p.by_engine}
LACKING = """
name: lacking
data: {source: "synthetic:sparse", target: target}
engines: [ENGINES]
rounds: {max: 3, patience: 2}
search: {trials: 1, space: {reg_lambda: {low: 1, high: 2}}}
validation: {outer: {holdout: 0.5}, inner: {folds: 2}}
paths: {penalties: [reg_lambda, reg_alpha], points: 2}
baselines: []
effects: {points: 0}
claims:
"""


def on_experiment(name, engine="null"):
    measure = next(iter(BY_ENGINE[name].measures))
    return (
        f"  - {{id: {name}, says: it, experiment: {name}, measure: {measure}, "
        f"replicates: 2, engine: {engine}, expect: above, at_least: 0.1}}\n"
    )


ON_A_PATH = (
    "  - {id: path, says: it, measure: leaves, along: reg_alpha, engine: ENGINE, "
    "expect: decreasing, at_least: 1%}\n"
)


@pytest.fixture
def lacking(tmp_path):
    """Return a function that writes a study with claims on some engines."""

    def write(engines, claims):
        path = tmp_path / "study.yaml"
        text = LACKING.replace("ENGINES", engines) + claims
        if "smooth_trees" in claims:
            text = text.replace("synthetic:sparse", "synthetic:classes")
        path.write_text(text, "utf-8")
        return path

    return write


@pytest.mark.parametrize("name", BY_ENGINE)
def test_experiment_goes_without_the_engines_that_lack_its_penalties(lacking, name):
    plan = Plan(load_study(lacking("sklearn, lightgbm", on_experiment(name))))

    claims = Claims(plan)

    engines = {dict(work.options)["engine"] for work in claims.job.ready()}
    assert engines == {"lightgbm"}
    assert (
        f"Claim {name} is measured without HistGradientBoosting: its trees grow under "
        "penalties that it does not support."
    ) in plan.notes


@pytest.mark.parametrize("name", BY_ENGINE)
@pytest.mark.parametrize("engine", ["null", "sklearn"])
def test_experiment_that_no_engine_takes_is_refused_at_the_door(lacking, name, engine):
    engines = "sklearn" if engine == "null" else "sklearn, xgboost"
    key = "experiment" if engine == "null" else "engine"
    path = lacking(engines, on_experiment(name, engine))

    with pytest.raises(
        StudyError, match=rf"study\.yaml:12:\d+: claims\.0\.{key}: found .*"
        "xgboost, lightgbm",
    ):  # fmt: skip
        load_study(path)


def test_claim_on_a_path_goes_without_the_engines_that_lack_it(lacking):
    path = lacking("sklearn, lightgbm", ON_A_PATH.replace("ENGINE", "null"))
    plan = Plan(load_study(path))

    (claim,) = Claims(plan).records([])

    assert [finding.engine for finding in claim.findings] == ["lightgbm"]
    note = "ithout HistGradientBoosting: it does not have every path of reg_alpha."
    assert claim.measured["how"] == f"W{note}"
    assert f"Claim path is measured w{note}" in plan.notes


def test_claim_on_a_path_that_no_engine_has_is_refused(lacking):
    path = lacking("sklearn, lightgbm", ON_A_PATH.replace("ENGINE", "sklearn"))

    with pytest.raises(
        StudyError, match=r"study\.yaml:12:\d+: claims\.0\.along: no engine can measure"
    ):
        Plan(load_study(path))


@pytest.mark.parametrize("path", sorted(STUDIES.glob("*.yaml")), ids=lambda p: p.stem)
def test_study_of_claims_that_ships_is_valid_and_named_after_its_file(path):
    study = load_study(path)

    assert study.spec.name == f"claims-{path.stem}"
    assert study.spec.claims


def test_studies_of_claims_settle_every_statement_of_the_textbook():
    made = {
        claim.id.split(".")[0]
        for path in STUDIES.glob("*.yaml")
        for claim in load_study(path).spec.claims
    }

    groups = {"A": 6, "B": 6, "C": 5, "D": 2}
    assert made == {f"{g}{k + 1}" for g, n in groups.items() for k in range(n)}
