"""From a table to a study on the command line: init, run, --set and --preset."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from boostreg.data import open_source
from boostreg.study.draft import draft_study, open_study
from boostreg.study.load import load_study, read_table
from boostreg.study.presets import PRESETS
from boostreg.study.spec import StudySpec

ROWS = [(i, i % 3, "ab"[i % 2], round((i * 7) % 11 + i % 3, 1)) for i in range(40)]
TABLE = "row id,x,kind,y\n" + "".join(f"{a},{b},{c},{d}\n" for a, b, c, d in ROWS)


@pytest.fixture
def table(tmp_path):
    """Write a table into the folder of ``main``, and return its name."""
    (tmp_path / "My Rows.csv").write_text(TABLE, "utf-8")
    return "My Rows.csv"


def test_init_writes_a_study_and_says_what_it_found(main, table, tmp_path):
    status, out, err = main("init", table, "--target", "y")

    assert (status, err) == (0, "")
    first, task, *notes, last, told = out.splitlines()
    assert first == "My Rows.csv: 40 rows, 3 features (2 numeric, 1 categorical)"
    assert task.startswith("The task was inferred from target 'y' as regression")
    assert any("set data.drop: ['row id']" in note for note in notes)
    assert last.startswith("my-rows.yaml was written. Next: boostreg run my-rows.yaml;")
    assert re.fullmatch(r"A run takes about \d+ (s|min) on \d+ cores?\.", told)
    text = (tmp_path / "my-rows.yaml").read_text("utf-8")
    assert "  # A different whole number in every row" in text
    assert "\n#   outer: {folds: 5, repeats: 3}" in text


def test_written_study_is_valid_and_says_what_was_inferred(main, table, tmp_path):
    main("init", table, "--target", "y", "--out", "mine.yml")

    spec = load_study(tmp_path / "mine.yml").spec
    assert (spec.data.task, spec.data.source) == ("regression", "My Rows.csv")
    assert (spec.search.scale, spec.search.trials) == ("rows", 40)
    assert main("validate", "mine.yml")[0] == 0


def test_comments_of_a_written_study_are_what_its_preset_sets(main, table, tmp_path):
    main("init", table, "--target", "y", "--preset", "quick")
    path = tmp_path / "my-rows.yaml"
    lines = path.read_text("utf-8").splitlines()
    start = lines.index("# validation:")
    shown = [*lines[:start], *(line.removeprefix("# ") for line in lines[start:])]

    before = load_study(path).spec
    path.write_text("\n".join(shown).replace("  # trials", "  trials"), "utf-8")
    after = load_study(path).spec

    assert f"\n  trials: {PRESETS['quick'].trials}" in path.read_text("utf-8")
    assert after.validation.outer.as_dict() == {"folds": 3, "repeats": 1}
    assert after.model_copy(update={"validation": before.validation}) == before
    assert after.validation.inner == before.validation.inner


def test_source_of_a_written_study_is_relative_to_it(main, table, tmp_path):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    main("init", table, "--target", "y", "--out", "deep/er/a.yaml")

    assert load_study(tmp_path / "deep/er/a.yaml").spec.data.source == f"../../{table}"
    assert main("validate", "deep/er/a.yaml")[0] == 0


def test_init_changes_no_file(main, table, tmp_path):
    path = tmp_path / "my-rows.yaml"
    path.write_text("mine", "utf-8")

    status, out, err = main("init", table, "--target", "y")

    assert (status, out) == (2, "")
    assert "my-rows.yaml exists and was not changed" in err
    assert path.read_text("utf-8") == "mine"


@pytest.mark.parametrize("command", ["init", "run", "validate"])
def test_table_without_target_is_reported_with_its_columns(main, table, command):
    status, out, err = main(command, table)

    assert (status, out) == (2, "")
    assert err == (
        "boostreg: My Rows.csv is a table, which needs its column to predict: --target "
        "COLUMN; its columns are 'row id', 'x', 'kind', 'y'.\n"
    )


WRONG = {
    "column": (["--target", "Y"], "--target: target 'Y' is not a column of the data"),
    "type": (["--target", "y", "--set", "search.trials=many"],
             "--set search.trials: found 'many'; expected a whole number."),
    "key": (["--target", "y", "--set", "trials=3"], "did you mean 'search.trials'?"),
    "no value": (["--target", "y", "--set", "search.trials"],
                 "--set needs KEY=VALUE, such as --set search.trials=10, got "),
    "parent": (["--target", "y", "--set", "name.first=3"],
               "--set name.first: name is 'my-rows', which has no keys; set all of"),
    "YAML": (["--target", "y", "--set", "engines=[a"],
             "--set engines:1:3: invalid YAML"),
    "twice": (["--target", "y", "--set", "search={trials: 1, trials: 2}"],
              "--set search: search.trials: repeated, first set in line 1; keep one."),
    "data": (["--target", "y", "--set", "data.groups=kin"],
             "--set data.groups: groups column 'kin' is not a column of the data"),
    "plan": (["--target", "y", "--set", "data.monotone={z: 1}"],
             "--set data.monotone: there is no feature 'z'"),
    "preset": (["--target", "y", "--preset", "slow"],
               "'slow' is not one of quick, default, thorough."),
}  # fmt: skip


@pytest.mark.parametrize(("options", "message"), WRONG.values(), ids=WRONG)
def test_wrong_option_is_reported_by_its_name(main, table, tmp_path, options, message):
    before = sorted(tmp_path.rglob("*"))
    status, out, err = main("validate", table, *options)

    assert (status, out) == (2, "")
    assert message in err
    assert sorted(tmp_path.rglob("*")) == before


def test_cell_of_a_table_is_set_to_missing_as_the_error_says(main, tmp_path):
    (tmp_path / "a.csv").write_text(TABLE.replace("7,1,", "7,?,"), "utf-8")

    _, _, err = main("init", "a.csv", "--target", "y")
    assert "set data.missing: ['?']" in err
    assert err.endswith(" Keys are set by --set KEY=VALUE.\n")

    missing = ("--set", "data.missing=['?']")
    status, out, _ = main("init", "a.csv", "--target", "y", *missing)

    assert status == 0
    assert "Missing: 2 of 120 cells, in 1 of 3 features." in out
    assert load_study(tmp_path / "a.yaml").spec.data.missing == ("?",)


def test_set_changes_a_study_file_and_names_its_other_faults_by_line(main, table):
    main("init", table, "--target", "y")
    changed = ["search.trials=3", "engines=[lightgbm]", "data.drop=[row id]"]

    spec = load_study("my-rows.yaml", changed).spec
    _, _, err = main("validate", "my-rows.yaml", "--set", "data.target=x,y")

    assert (spec.search.trials, spec.search.scale) == (3, "rows")
    assert (spec.engines, spec.data.drop) == (("lightgbm",), ("row id",))
    assert err.startswith("boostreg: --set data.target: target 'x,y' is not a column")


def test_target_option_is_for_tables(main, table):
    main("init", table, "--target", "y")

    status, _, err = main("run", "my-rows.yaml", "--target", "x")

    assert status == 2
    assert "is a study, whose target is data.target; remove --target" in err


@pytest.mark.usefixtures("main")
@pytest.mark.parametrize(
    ("changes", "budget"),
    [
        ([], 600),
        (["search.trials=3"], 600),
        (["preset=default"], None),
        (["preset=quick"], None),
        (["budget=90 s"], 90),
        (["budget=null"], None),
    ],
)
def test_study_of_a_table_ends_in_ten_minutes_unless_the_user_says_how_much(
    changes, budget
):
    assert open_study("sklearn:wine", "target", changes).spec.budget == budget


def test_source_that_is_no_file_is_a_table():
    draft = draft_study("sklearn:wine", "target", Path("wine.yaml"), has_budget=True)

    assert draft.study.spec.data.source == "sklearn:wine"
    assert draft.study.spec == open_study("sklearn:wine", "target").spec


@pytest.mark.parametrize("command", ["init", "validate"])
def test_table_is_read_once(main, table, monkeypatch, command):
    seen = []

    def read(source, **options):
        seen.append(source)
        return open_source(source, **options)

    monkeypatch.setattr("boostreg.study.load.open_source", read)

    assert main(command, table, "--target", "y")[0] == 0
    assert seen == [table]


@pytest.mark.usefixtures("main")
@pytest.mark.parametrize("target", ["y", "kind", "x"])
def test_rows_of_a_draft_are_those_that_its_study_reads(table, target):
    study = draft_study(table, target, Path("mine.yaml")).study

    kept, decimal = study.rows
    again, mark = read_table(replace(study, rows=None))

    assert kept.fingerprint == again.fingerprint
    assert (kept.labels, kept.notes) == (again.labels, again.notes)
    assert (kept.task_inferred, decimal) == (again.task_inferred, mark)


def test_keys_of_a_study_win_over_its_preset():
    data = {"source": "sklearn:wine", "target": "target"}
    given = {"name": "a", "data": data, "preset": "quick", "paths": {"points": 7}}

    spec = StudySpec.model_validate(given | {"search": {"trials": 2}})

    assert (spec.search.trials, spec.paths.points) == (2, 7)
    assert (spec.effects.points, spec.validation.inner.folds) == (
        PRESETS["quick"].design_points,
        PRESETS["quick"].inner_folds,
    )


def test_quick_study_plans_no_path(main, table):
    _, out, _ = main("validate", table, "--target", "y", "--preset", "quick")

    assert "folds: 3 outer; 3 inner within each, and on all rows" in out
    assert "paths" not in out
    assert "importance" not in out


def test_preset_names_the_keys_that_the_study_sets_itself(main, table):
    options = ("--target", "y", "--preset", "quick", "--set", "search.trials=9")

    _, out, _ = main("validate", table, *options)

    note = "note: The preset quick does not change search.trials, which the study sets."
    assert note in out.splitlines()


def test_path_needs_two_points_or_none(main, table):
    status, _, err = main("validate", table, "--target", "y", "--set", "paths.points=1")

    assert status == 2
    assert "--set paths.points: found 1; expected a number of at least 2, or 0" in err


def test_claim_on_a_path_needs_paths(main, table):
    claim = "{id: A, says: b, measure: leaves, along: reg_lambda, expect: decreasing, "
    claims = f"claims=[{claim} at_least: 20%}}]"

    status, _, err = main("validate", table, "--target", "y", "--preset", "quick",
                          "--set", claims)  # fmt: skip

    assert status == 2
    assert "expected a penalty with a path in this study: none." in err


def test_preset_is_written_out_in_its_keys():
    data = {"source": "sklearn:wine", "target": "target"}
    spec = StudySpec.model_validate({"name": "a", "data": data, "preset": "thorough"})

    content = spec.as_dict()

    assert "preset" not in content
    assert content["search"]["trials"] == PRESETS["thorough"].trials


def test_guide_has_the_figures_of_the_presets():
    guide = (Path(__file__).parents[1] / "docs/study.md").read_text("utf-8")
    rows = {
        "`search.trials`": [p.trials for p in PRESETS.values()],
        "the same from 2,000 rows": [
            f"{p.outer_folds} x {p.repeats(2000)}" for p in PRESETS.values()
        ],
        "`paths.points`": [p.path_points or "none" for p in PRESETS.values()],
        "`effects.points`": [p.design_points or "none" for p in PRESETS.values()],
    }

    for head, cells in rows.items():
        assert f"| {' | '.join(map(str, (head, *cells)))} |" in guide


@pytest.mark.parametrize("n_rows", [100, 10_000])
def test_presets_are_ordered_by_work(n_rows):
    amounts = [
        [preset.trials, preset.outer_folds * preset.repeats(n_rows), preset.inner_folds,
         preset.path_points, preset.design_points]
        for preset in PRESETS.values()
    ]  # fmt: skip

    assert all(list(one) == sorted(one) for one in zip(*amounts, strict=True))


def test_run_of_a_table_is_the_run_of_its_study(main, table, tmp_path):
    changes = ["engines=[lightgbm]", "search.trials=2", "baselines=[mean]"]
    options = [part for change in changes for part in ("--set", change)]
    options += ["--target", "y", "--preset", "quick"]
    main("init", table, *options)

    status, out, _ = main("run", table, *options, "--json", "--workers", "2")

    assert status == 0
    done = json.loads(out)
    assert (tmp_path / done["report"]).is_file()
    (answer,) = done["answer"]
    assert answer.startswith("No answer: nothing was searched, because search.trials ")
    ran = load_study(tmp_path / done["folder"] / "study.yaml").spec.as_dict()
    written = load_study(tmp_path / "my-rows.yaml").spec.as_dict()
    assert ran.pop("data").pop("source") == f"../../{written.pop('data').pop('source')}"
    for content in (ran, written):
        for part in ("paths", "validation", "metrics"):  # what the table adds
            content.pop(part)
    assert ran == written


def test_whole_numbers_are_labels_by_the_name_of_their_column(main, tmp_path):
    rows = "".join(f"{i % 4},{i % 7},{i % 6},{i % 5}\n" for i in range(60))
    (tmp_path / "a.csv").write_text(f"homeState,pages,race,Type\n{rows}", "utf-8")

    main("init", "a.csv", "--target", "Type", "--set", "data.types={race: number}")

    text = (tmp_path / "a.yaml").read_text("utf-8")
    assert "  # Whole numbers that are labels by the name of their column:" in text
    data = load_study(tmp_path / "a.yaml").spec.data
    assert data.types == {"race": "number", "homeState": "category", "Type": "category"}
    assert data.task == "multiclass"
