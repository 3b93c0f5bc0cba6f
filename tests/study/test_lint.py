"""What the linter finds reaches who validates, who runs, and who reads the results."""

import io
import json
import re
import sys
from copy import deepcopy

import numpy as np
import pytest
from rich.console import Console

from boostreg import cli
from boostreg.errors import UnsupportedPenaltyError
from boostreg.penalty import SCALED
from boostreg.progress import Event
from boostreg.study.load import load_study
from boostreg.study.plan import Plan
from boostreg.study.runner import run_study

STUDY = """
name: small
data: {source: sklearn:diabetes, target: target, task: regression}
engines: [xgboost]
rounds: {max: 40, patience: 5}
search:
  trials: 4
  sampler: random
  scale: rows
  space:
    reg_alpha: {low: 0.1, high: 5, log: true, zero: 0.2}
    reg_lambda: {low: 1.0e-6, high: 0.001, log: true}
validation: {outer: {holdout: 0.3}, inner: {folds: 2}}
paths: {penalties: [reg_lambda], points: 2}
baselines: [mean]
effects: {points: 0}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a new folder that holds the study file."""
    path = tmp_path_factory.mktemp("lint")
    (path / "small.yaml").write_text(STUDY, "utf-8")
    return path


@pytest.fixture(scope="module")
def finished(folder):
    """Return the results of a run and the events of its progress."""
    events = []
    left = run_study(
        folder / "small.yaml", out=folder, workers=1, progress=events.append
    )
    return json.loads((left / "results.json").read_text("utf-8")), events


def test_validate_prints_code_place_and_advice(folder, monkeypatch, capsys):
    monkeypatch.setattr(
        sys, "argv", ["boostreg", "validate", str(folder / "small.yaml")]
    )
    monkeypatch.chdir(folder)

    with pytest.raises(SystemExit) as ended:
        cli.main()

    lines = capsys.readouterr().out.splitlines()
    (line,) = (x for x in lines if "warning" in x)
    (told,) = (x for x in lines if x.startswith("time: "))
    assert not ended.value.code
    assert re.fullmatch(
        r"time: about \d+ (s|min) on \d+ cores?, by fits timed now", told
    )
    assert line.startswith("warning: P111 search.space.reg_lambda: Every value is too ")
    assert (
        "Write reg_lambda: {low: 0.1, high: 100, log: true}: 1 corresponds to" in line
    )


def test_run_warns_and_keeps_the_findings(finished):
    results, events = finished
    warnings = [event.text for event in events if event.stage == "warning"]

    (found,) = results["lint"]
    assert list(found) == ["code", "where", "text", "advice"]
    assert warnings == ["{code} {where}: {text} {advice}".format(**found)]


def test_one_count_of_all_work_ends_at_its_total(finished):
    _, events = finished
    work = [event for event in events if event.total]

    assert [one.done for one in work] == list(range(1, len(work) + 1))
    assert (work[-1].done, work[-1].share) == (work[-1].total, 1)
    assert [one.share for one in work] == sorted(one.share for one in work)
    assert {"baselines", "searches", "paths", "refits"} <= {e.stage for e in work}
    assert all(one.seconds_left > 0 for one in work)


def test_what_the_study_does_not_write_is_not_warned_of(folder):
    minimal = STUDY[: STUDY.index("search:")].replace("engines: [xgboost]\n", "")
    own = "search: {space: {min_split_gain: {low: 1, high: 2}}}\n"
    found = {}
    for name, more in {"minimal": "", "own": own, "slow": "rounds: {max: 3}\n"}.items():
        text = minimal.replace("rounds: {max: 40, patience: 5}\n", "") + more
        (folder / f"{name}.yaml").write_text(text, "utf-8")
        found[name] = {
            one.code for one in Plan(load_study(folder / f"{name}.yaml")).lint()
        }

    assert found["minimal"] == set()
    assert "P202" in found["own"]
    assert found["slow"] == {"P301"}


def test_second_run_warns_of_the_edge_and_leaves_the_same_results(folder, finished):
    results, best = deepcopy(finished[0]), 2.0
    for pick in ("best", "one_se"):
        results["engines"]["xgboost"][pick]["penalty"]["reg_alpha"] = best
    (folder / "former").mkdir()
    (folder / "former" / "results.json").write_text(json.dumps(results), "utf-8")
    text = STUDY.replace("low: 0.1, high: 5,", f"low: {best / 9}, high: {best},")
    (folder / "narrow.yaml").write_text(text, "utf-8")

    found = Plan(load_study(folder / "narrow.yaml")).edge_findings(folder / "former")

    assert [f.code for f in found if f.where.endswith("reg_alpha")] == ["P401"]
    assert Plan(load_study(folder / "narrow.yaml")).edge_findings(folder) == ()


def test_former_run_on_other_data_is_no_guide(folder, finished):
    assert finished
    text = STUDY.replace("sklearn:diabetes, target: target", "rows.csv, target: y")
    rows = "x,z,y\n" + "".join(f"{i},{i % 3},{i * 0.5 + i % 2}\n" for i in range(40))
    (folder / "rows.csv").write_text(rows, "utf-8")
    (folder / "other.yaml").write_text(text, "utf-8")

    assert Plan(load_study(folder / "other.yaml")).edge_findings(folder / "small") == ()


@pytest.mark.parametrize("pick", ["best", "one_se"])
def test_pick_is_given_in_three_scales_and_as_a_prior(finished, pick):
    chosen = finished[0]["engines"]["xgboost"][pick]
    scales, prior = chosen["scales"], chosen["prior"]

    for name in SCALED:
        assert scales["rows"][name] == pytest.approx(chosen["penalty"][name])
        assert scales["raw"][name] == pytest.approx(chosen["raw"][name])
        assert scales["share"][name] == pytest.approx(scales["rows"][name] / 442)
    assert prior["rows"] == pytest.approx(scales["rows"]["reg_lambda"])
    assert prior["alpha_rows"] == pytest.approx(scales["rows"]["reg_alpha"])
    assert prior["std"] == pytest.approx(
        np.sqrt(chosen["outer"]["loss"] / chosen["raw"]["reg_lambda"])
        if chosen["raw"]["reg_lambda"] else None
    )  # fmt: skip
    assert prior["sentence"].startswith("In the first tree, reg_lambda is ")


def test_lack_of_one_engine_is_refused_with_what_to_write(folder):
    text = STUDY.replace("[xgboost]", "[xgboost, lightgbm]")
    text = text.replace("space:\n", "space:\n    path_smooth: {low: 1, high: 9}\n")
    (folder / "lack.yaml").write_text(text, "utf-8")

    with pytest.raises(UnsupportedPenaltyError) as caught:
        Plan(load_study(folder / "lack.yaml"))

    assert "lack.yaml:11:18: search.space.path_smooth: P201 " in str(caught.value)
    assert str(caught.value).endswith(
        "write lightgbm: {path_smooth: {low: 1, high: 9}} instead."
    )


def test_advice_on_a_lack_is_a_study_that_can_run(folder):
    text = STUDY.replace("[xgboost]", "[xgboost, lightgbm]")
    own = "    lightgbm: {path_smooth: {low: 1, high: 9}}\n"
    text = text.replace("space:\n", "space:\n" + own)
    (folder / "own.yaml").write_text(text, "utf-8")

    plan = Plan(load_study(folder / "own.yaml"))

    assert set(plan.ranges("lightgbm")) - set(plan.ranges("xgboost")) == {"path_smooth"}
    assert {finding.where for finding in plan.lint()} == {"search.space.reg_lambda"}


def test_warning_is_a_line_of_the_log(capsys):
    text = "P111 search.space.reg_lambda: [text]."

    cli.Lines(clock=lambda: 0.0)(Event("warning", text=text))

    assert capsys.readouterr().err == f"warning: {text}\n"


def test_warning_stays_above_the_bar(monkeypatch):
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=120)
    monkeypatch.setattr("rich.console.Console", lambda **_: console)

    with cli.bar() as show:
        show(Event("warning", text="P111 search.space.reg_lambda: [text]."))

    assert "warning: P111 search.space.reg_lambda: [text]." in screen.getvalue()


def test_one_outer_split_judges_the_models_that_were_fitted(finished):
    results, _ = finished
    text = results["text"]

    (first, *_) = results["comparisons"]
    assert first["method"] == "t over test rows, on log ratios"
    assert first["n"] == 133
    assert "intervals: t over test rows, on log ratios." in text["caveats"][0]
    assert "they judge the models that were fitted" in text["caveats"][1]
    assert "outer folds" not in " ".join(text["answer"])
