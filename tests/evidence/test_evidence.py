"""Evidence over many tables: planted effects are found, and the page says them."""

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from planted import QUICKSTART, change, planted, write
from scipy.stats import t

from boostreg.errors import DataError
from boostreg.evidence import (
    gather,
    read_tables,
    render_evidence,
    search_evidence,
    table_evidence,
)
from boostreg.evidence.meta import AFTER
from boostreg.penalty.space import shipped_space
from boostreg.study.index import write_evidence


def evidence_of(runs):
    """Return the evidence of results."""
    found = [table_evidence(r["study"]["name"], r, AFTER) for r in runs]
    searches = [search_evidence(r["study"]["name"], r) for r in runs]
    return gather(found, searches=searches).content


@pytest.fixture(scope="module")
def runs():
    """Twenty tables: max_leaves gains 5 +- 2 %, reg_lambda nothing, reg_alpha harms."""
    rng = np.random.default_rng(0)
    return [
        planted(
            k,
            gains={
                "max_leaves": -0.05 + 0.02 * rng.standard_normal(),
                "reg_lambda": 0.0,
                "reg_alpha": 0.03,
            },
            error=float(rng.uniform(0.004, 0.02)),
            rows=int(10 ** rng.uniform(2.3, 4.3)),
        )
        for k in range(20)
    ]


@pytest.fixture(scope="module")
def content(runs):
    return evidence_of(runs)


def test_planted_mean_and_spread_over_tables_are_recovered(content):
    gain = content["penalties"]["max_leaves"]["together"]["gain"]

    # 0.02 / sqrt(20) is the standard error of the mean that was planted.
    assert math.log1p(gain["change"]) == pytest.approx(-0.05, abs=0.01)
    assert gain["between"] == pytest.approx(0.02, abs=0.008)
    assert (gain["word"], gain["tables"]) == ("better", 20)
    assert gain["predicted"][0] < gain["low"] < gain["high"] < gain["predicted"][1]


def test_pooled_change_equals_a_recomputation_from_the_files(runs, content):
    """Weights, mean and interval from the changes alone, at the variance found."""
    found = [r["penalties"]["max_leaves"]["against_off"] for r in runs]
    rows = [r["data"]["rows"] for r in runs]
    y = np.array([math.log1p(one["change"]) for one in found])
    width = np.array([math.log((1 + o["high"]) / (1 + o["low"])) for o in found])
    v = np.maximum((width / 2 / t.ppf(0.975, np.array(rows) - 1)) ** 2, 0.0025**2)
    gain = content["penalties"]["max_leaves"]["together"]["gain"]

    w = 1 / (v + gain["between"] ** 2)
    mean = np.average(y, weights=w)
    q = max(w @ (y - mean) ** 2 / 19, 1.0)
    reach = t.ppf(0.975, 19) * math.sqrt(q / w.sum())
    ends = np.expm1([mean, mean - reach, mean + reach])
    assert w @ (y - mean) ** 2 == pytest.approx(19, rel=1e-3)
    assert [gain["change"], gain["low"], gain["high"]] == pytest.approx(ends, rel=1e-4)


def test_what_to_tune_first_follows_the_words(content):
    few, _, most = content["first"]

    assert few["tune"] == ["max_leaves"]
    assert set(few["leave"]) == {"reg_alpha", "reg_lambda", "min_split_gain"}
    # Shown to harm, or to change less than the tolerance: never.
    assert most["tune"] == ["max_leaves"]
    words = {
        p: one["together"]["gain"]["word"] for p, one in content["penalties"].items()
    }
    assert (words["reg_alpha"], words["reg_lambda"]) == ("worse", "same")


def test_penalty_that_gains_most_alone_is_tuned_first_even_if_others_replace_it():
    """Penalties that replace each other gain nothing on top; one of them is needed."""
    runs = [planted(k, gains={}) for k in range(8)]
    for one in runs:
        for engine in one["effects"].values():
            for name, effect in engine.items():
                gain = -0.2 if name == "reg_alpha" else -0.1
                effect["alone"]["against_off"] = change(gain, 0.02, 442)

    few, some, _ = evidence_of(runs)["first"]

    assert few["tune"] == some["tune"] == ["reg_alpha"]


def test_counts_are_those_of_tables_beyond_the_tolerance(runs, content):
    changes = [r["penalties"]["max_leaves"]["against_off"]["change"] for r in runs]
    counted = content["penalties"]["max_leaves"]["together"]

    assert counted["helps"] == sum(one < -0.01 for one in changes)
    assert counted["harms"] == 0
    assert content["penalties"]["reg_alpha"]["together"]["harms"] == 20


@pytest.mark.parametrize("power", [0, 1])
def test_good_values_in_rows_or_as_a_share_are_told_apart(power):
    """Values of one number of rows have the factor 1, of one share the factor 10."""
    sizes = np.geomspace(200, 20_000, 12).astype(int)
    noise = np.random.default_rng(1).normal(0, 0.1, 12)
    values = [
        float(3.0 * (n / 200) ** power * math.exp(e))
        for n, e in zip(sizes, noise, strict=True)
    ]
    runs = [
        planted(k, gains={}, rows=int(n), value=v)
        for k, (n, v) in enumerate(zip(sizes, values, strict=True))
    ]

    found = evidence_of(runs)["penalties"]["reg_lambda"]["xgboost"]["values"]

    along = found["along_rows"]
    assert along["low"] < 10**power < along["high"]
    assert along["high"] / along["low"] < 2
    assert found["rows"][1] == pytest.approx(float(np.median(values)), rel=1e-5)
    training = sizes / (1 + runs[0]["outer_ratio"])
    shares = np.array(values) / training
    assert found["share"][1] == pytest.approx(float(np.median(shares)), rel=1e-5)


def test_effect_that_grows_with_the_rows_is_a_moderator():
    sizes = np.geomspace(200, 20_000, 12).astype(int)
    rng = np.random.default_rng(2)
    runs = [
        planted(
            k,
            gains={"reg_lambda": -0.05 * math.log10(n) + 0.005 * rng.standard_normal()},
            error=0.005,
            rows=int(n),
        )
        for k, n in enumerate(sizes)
    ]

    found = evidence_of(runs)["moderators"]

    shown = {(o["penalty"], o["moderator"]): o for o in found if o["high"] < 0}
    assert list(shown) == [("reg_lambda", "rows")]
    slope = shown["reg_lambda", "rows"]
    assert slope["low"] < math.expm1(-0.05) < slope["high"]


def test_table_on_which_no_fold_chose_the_penalty_does_not_decide_the_mean():
    """Its change is exactly 0, which is no infinite precision."""
    runs = [planted(k, gains={"reg_lambda": -0.1}, error=0.01) for k in range(5)]
    none = planted(5, gains={})
    none["penalties"]["reg_lambda"]["against_off"] = change(0.0, 0.0, 442)

    found = evidence_of([*runs, none])["penalties"]["reg_lambda"]["together"]["gain"]

    assert math.log1p(found["change"]) < -0.06


def test_of_several_runs_on_one_table_one_counts():
    first, second = planted(0, gains={}), planted(0, gains={})
    second["study"]["name"] = "again"
    found = [table_evidence(r["study"]["name"], r) for r in (first, second)]

    evidence = gather(found)

    assert [one.name for one in evidence.tables] == ["again"]
    assert evidence.left_out == (("run-0", "has the same table as again."),)


def test_runs_with_another_seed_are_compared_on_their_tables_alone():
    again = [planted(k, gains={"max_leaves": 0.05}) for k in range(4)]
    for number, run in enumerate(again):
        run["study"] |= {"name": f"again-{number}", "seed": 1}
    firsts = [planted(k, gains={"max_leaves": -0.05}) for k in range(9)]

    content = evidence_of([*again, *firsts])

    seeds, gains = content["seeds"], content["penalties"]["max_leaves"]["together"]
    assert seeds["tables"] == ["run-0", "run-1", "run-2", "run-3"]
    both = seeds["penalties"]["max_leaves"]
    found = {k: one["together"]["gain"] for k, one in both.items()}
    assert {k: (one["word"], one["tables"]) for k, one in found.items()} == {
        "first": ("better", 4), "again": ("worse", 4)
    }  # fmt: skip
    assert (gains["tables"], gains["gain"]["word"]) == (9, "better")
    page = render_evidence(gather(read_tables(content["runs"])))
    assert "Two seeds agree on 3 of 4 penalties, over 4 tables" in page


def in_space(run, name, *, loss, leaves):
    """Return results of the same table in another space, without paths."""
    other = json.loads(json.dumps(run))
    other["study"]["name"] += f"-{name}"
    ranges = replace(shipped_space(name), fixed={})
    other["study"]["search"]["space"] = ranges.as_dict()
    other["effects"] = {engine: {} for engine in other["effects"]}
    for engine in other["engines"].values():
        engine["best"]["outer_size"]["leaves"] *= leaves
        for fold in engine["best"]["by_outer_fold"]:
            fold["loss"] *= loss
    return other


def test_planted_loss_of_another_space_is_found_and_its_runs_are_used(tmp_path):
    firsts = [planted(k, gains={}) for k in range(4)]
    losses = (1.05, 1.1, 1.15, 1.1)
    others = [
        in_space(run, "probst2019", loss=loss, leaves=3)
        for run, loss in zip(firsts, losses, strict=True)
    ]
    more = in_space(firsts[0], "standard", loss=0.5, leaves=1)
    more["study"]["search"]["trials"] += 1  # not at equal trials
    for run in (*firsts, *others, more):
        write(tmp_path, run)

    written = write_evidence(tmp_path)

    content = json.loads((tmp_path / "evidence.json").read_text("utf-8"))
    found = content["spaces"]["probst2019"]
    mean = math.exp(np.mean(np.log(losses)))
    assert list(content["spaces"]) == ["probst2019"]
    assert found["loss"]["together"]["change"] == pytest.approx(mean - 1, abs=2e-3)
    assert found["loss"]["xgboost"]["word"] == "worse"
    assert found["leaves"]["change"] == pytest.approx(2)
    assert [name for name, _ in written.left_out] == ["run-0-standard"]
    page = written.page.read_text("utf-8")
    assert "trials in other spaces, the loss is probst2019 +" in page


def test_first_number_of_trials_that_are_enough_is_named():
    runs = [planted(k, gains={}) for k in range(4)]
    for run in runs:
        for engine in run["engines"].values():
            engine["overtuning"] = [
                {"trial": k, "inner": 1.0, "outer": 1.0,
                 "later": change(-0.1 if k < 3 else 0.0, 0.001, 442)}
                for k in range(run["study"]["search"]["trials"])
            ]  # fmt: skip

    content = evidence_of(runs)

    changes = {one["trials"]: one["change"]["word"] for one in content["later"]}
    assert changes == {k: "same" if k > 2 else "better" for k in AFTER[:5]}
    page = render_evidence(gather(read_tables(content["runs"])))
    assert "After 4 trials, later ones change the loss by less than 1%: 0%" in page


@pytest.mark.parametrize(("seen", "rows"), [(200, 200), ("all", 800), (None, 800)])
def test_shares_are_of_the_rows_that_a_search_sees(seen, rows):
    run = planted(0, gains={}, rows=1000)
    run["outer_ratio"] = 0.25
    run["study"]["search"]["rows"] = seen

    assert table_evidence("few", run).training_rows == rows


def test_run_without_paths_is_named_and_left_out(tmp_path, runs):
    for one in runs[:3]:
        write(tmp_path, one)
    bare = planted(90, gains={})
    bare["effects"] = {engine: {} for engine in bare["effects"]}
    write(tmp_path, bare)

    written = write_evidence(tmp_path)

    ((name, why),) = written.left_out
    assert name == "run-90"
    assert why.startswith("no penalty was tuned and judged on outer rows; set paths.")
    assert f"run-90: {why[:30]}" in written.page.read_text("utf-8")


def test_command_prints_the_page_and_names_what_is_left_out(main, tmp_path, runs):
    for one in runs[:2]:
        write(tmp_path / "many", one)
    (tmp_path / "many" / "broken").mkdir()
    (tmp_path / "many" / "broken" / "results.json").write_text("{")

    status, out, err = main("evidence", "many", "--out", "new/page.html")

    page = tmp_path / "new" / "page.html"
    assert (status, out.strip()) == (0, str(page.relative_to(tmp_path)))
    assert err.startswith("boostreg: broken is left out: broken/results.json is not")
    assert "2 tables cannot say what penalties do in general" in page.read_text("utf-8")
    numbers = json.loads((tmp_path / "new" / "evidence.json").read_text("utf-8"))
    assert [table["name"] for table in numbers["tables"]] == ["run-0", "run-1"]


def test_folder_without_evidence_is_refused(tmp_path):
    bare = planted(0, gains={})
    bare["effects"] = {}
    write(tmp_path, bare)

    with pytest.raises(DataError, match=r"contains no evidence: run-0: no penalty"):
        write_evidence(tmp_path)


def test_page_that_is_not_ours_is_kept(tmp_path, runs):
    write(tmp_path, runs[0])
    (tmp_path / "report.html").write_text("mine")

    with pytest.raises(DataError, match="was not written by boostreg"):
        write_evidence(tmp_path)
    assert (tmp_path / "report.html").read_text() == "mine"


def test_same_results_give_the_same_bytes(tmp_path, runs):
    for one in runs[:3]:
        write(tmp_path, one)
    pages = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        written = write_evidence(tmp_path, tmp_path / name / "page.html")
        numbers = (tmp_path / name / "evidence.json").read_bytes()
        pages.append((written.page.read_bytes(), numbers))

    assert pages[0] == pages[1]


def test_kept_numbers_give_the_page_again_without_the_runs(tmp_path, runs):
    for one in runs[:9]:
        write(tmp_path / "runs", one)
    first = write_evidence(tmp_path / "runs", tmp_path / "kept" / "report.html")
    kept = {p.name: p.read_bytes() for p in first.page.parent.iterdir()}

    again = write_evidence(tmp_path / "kept")

    assert {p.name: p.read_bytes() for p in again.page.parent.iterdir()} == kept
    assert sorted(kept) == ["evidence.json", "report.html"]


def test_runs_that_are_added_to_kept_numbers_give_the_page_of_all_runs(
    main, tmp_path, runs
):
    early = [*runs[:5], in_space(runs[0], "probst2019", loss=1.2, leaves=2)]
    late = [*runs[5:9], in_space(runs[1], "probst2019", loss=1.1, leaves=2)]
    late += [in_space(runs[2], "probst2019", loss=1.1, leaves=3), runs[0]]
    every = [*early, *late[:-1]]  # the last one is among the kept
    for folder, ones in (("early", early), ("late", late), ("all", every)):
        for one in ones:
            write(tmp_path / folder, one)
    for name, folder in (("kept", "early"), ("page", "all")):
        write_evidence(tmp_path / folder, tmp_path / name / "report.html")
    kept = {p.name: p.read_bytes() for p in (tmp_path / "kept").iterdir()}

    added = ("evidence", "kept", "--add", "late", "--out", "both/report.html")
    status, _, err = main(*added)

    assert (status, err) == (0, "")
    both, page = (
        {p.name: p.read_bytes() for p in (tmp_path / name).iterdir()}
        for name in ("both", "page")
    )
    assert both == page
    assert json.loads(both["evidence.json"])["spaces"]["probst2019"]["tables"] == 3
    assert {p.name: p.read_bytes() for p in (tmp_path / "kept").iterdir()} == kept


@pytest.mark.parametrize("changed", ["table", "results"])
def test_two_runs_of_one_name_that_differ_are_refused(tmp_path, runs, changed):
    write(tmp_path / "a", runs[0])
    other = json.loads(json.dumps(runs[1 if changed == "table" else 0]))
    other["study"] |= {"name": runs[0]["study"]["name"], "seed": 7}
    write(tmp_path / "b", other)

    with pytest.raises(DataError, match=r"b: there is another run 'run-0' in an ear"):
        write_evidence(tmp_path / "a", tmp_path / "page.html", [tmp_path / "b"])


def test_a_page_of_several_folders_needs_a_name(main, tmp_path, runs):
    write(tmp_path / "a", runs[0])

    status, _, err = main("evidence", "a", "--add", "b")

    assert status == 2
    assert "name the page of all folders with --out; a/report.html is" in err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{}", "was not written by boostreg: it has no runs"),
        (
            '{"runs": [{"name": 5}], "searches": [], "left_out": []}',
            r"runs\.0\.name",
        ),
        (
            '{"runs": 5, "searches": [], "left_out": []}',
            "runs: Input should be a valid list",
        ),
        (
            '{"runs": [], "searches": [{"ratio": "?"}], "left_out": []}',
            r"searches\.0\.name",
        ),
        ("[", "is not JSON"),
    ],
)
def test_numbers_that_are_not_ours_are_refused(tmp_path, content, words):
    (tmp_path / "evidence.json").write_text(content)

    with pytest.raises(DataError, match=words):
        write_evidence(tmp_path)


def test_page_says_the_numbers_of_its_json(content, runs):
    page = render_evidence(
        gather([table_evidence(f"t{k}", r) for k, r in enumerate(runs)])
    )

    gain = content["penalties"]["max_leaves"]["together"]["gain"]
    share = f"{-100 * gain['change']:.1f}%"
    assert f"Tune max_leaves first: \N{MINUS SIGN}{share} (95% CI" in page
    assert "raises the mean loss: reg_alpha" in page
    assert "no difference" not in page


def test_names_cannot_become_markup(runs):
    evil = "<script>alert(1)</script>"
    found = [table_evidence(evil + str(k), r) for k, r in enumerate(runs[:4])]

    page = render_evidence(gather(found, [(evil, evil)]))

    assert evil not in page
    assert page.count("<script>") == 2  # its own


@pytest.mark.parametrize("reading", ["stopped", "equal"])
def test_statements_are_the_path_ends_of_the_file(reading):
    """Leaves per tree and leaf weights from the means over folds in paths.csv."""
    results = json.loads(QUICKSTART.read_text("utf-8"))
    paths = pd.read_csv(QUICKSTART.with_name("paths.csv"))
    of = paths[(paths.anchor == "fixed") & (paths.reading == reading)]

    found = table_evidence("quickstart", results)

    for (engine, penalty), path in of.groupby(["engine", "penalty"]):
        mean = path.groupby("point")[["trees", "leaves", "l1_norm"]].mean()
        each = pd.DataFrame(
            {
                "leaves_per_tree": mean.leaves / mean.trees,
                "leaves": mean.leaves,
                "leaf_weight": mean.l1_norm / mean.leaves,
            }
        )
        ratio = each.iloc[-1] / each.iloc[0]
        ends = np.log(ratio[ratio > 0])  # of trees without leaves there is no weight
        known = found.penalties[penalty][engine].strongest[reading]
        assert known == pytest.approx(ends.to_dict(), abs=1e-9)


def test_statements_count_the_tables_on_which_a_size_falls():
    """The leaves at the strongest reg_lambda: three fall, one barely, two rise."""
    runs = []
    for k, factor in enumerate((0.2, 0.5, 0.8, 0.95, 1.2, 3.0)):
        run = planted(k, gains={})
        for engine in run["effects"].values():
            effect = engine["reg_lambda"]
            for path in (effect, *effect["others"]):
                first, last = path["points"][0], path["points"][-1]
                last["leaves"] = factor * first["leaves"]
        runs.append(run)

    content = evidence_of(runs)

    (one,) = (
        s for s in content["statements"]
        if (s["penalty"], s["size"]) == ("reg_lambda", "leaves")
    )  # fmt: skip
    counts = one["stopped"]["xgboost"]
    assert (counts["tables"], counts["falls"], counts["rises"]) == (6, 3, 2)
    assert counts["factor"][1] == pytest.approx(
        np.median([0.2, 0.5, 0.8, 0.95, 1.2, 3])
    )
    page = render_evidence(
        gather([table_evidence(str(k), r) for k, r in enumerate(runs)])
    )
    assert "L2 penalizes the number of leaves (LightGBM 3 of 6, XGBoost 3 of 6)" in page


def test_shipped_run_is_evidence():
    results = json.loads(QUICKSTART.read_text("utf-8"))

    found = table_evidence("quickstart", results, AFTER)

    change = results["effects"]["xgboost"]["max_leaves"]["tuned"]["against_off"][
        "change"
    ]
    gain = found.penalties["max_leaves"]["xgboost"].gain
    assert math.expm1(gain.value) == pytest.approx(change)
    assert list(found.later) == [1, 2, 4, 6, 10]
