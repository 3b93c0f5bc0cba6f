"""The command line as a user meets it: in a process of its own."""

import importlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
import pytest
from rich.console import Console

import boostreg
from boostreg import cli, errors
from boostreg.progress import Event

ROOT = Path(boostreg.__file__).parents[1]
STUDIES = Path(__file__).parents[1] / "studies"
SHIPPED = Path(__file__).parents[1] / "reports"
TABLE = "x,z,y\n" + "".join(f"{i},{i % 3},{i * 0.5 + i % 2}\n" for i in range(40))


@pytest.fixture
def command(tmp_path):
    """Return a function that runs boostreg in an empty folder."""

    def run(*arguments):
        environment = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"}
        done = subprocess.run(
            [sys.executable, "-m", "boostreg", *map(str, arguments)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return done.returncode, done.stdout, done.stderr

    return run


def study(folder, text="", *, table=TABLE, target="y", data=""):
    """Write a table and a study of it; return the study's path."""
    if table is not None:
        (folder / "rows.csv").write_text(table, "utf-8")
    path = folder / "mine.yaml"
    head = f"name: mine\ndata: {{source: rows.csv, target: {target}{data}}}\n"
    path.write_text(head + text, "utf-8")
    return path


def test_help_lists_the_commands(command):
    status, out, err = command("--help")

    assert (status, err) == (0, "")
    assert re.findall(r"^  (init|run|report|validate|size) ", out, re.MULTILINE) == [
        "init",
        "run",
        "report",
        "validate",
        "size",
    ]


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("explain reg_", ["reg_alpha", "reg_lambda"]),
        ("run mine.yaml --preset ", ["quick", "default", "thorough"]),
        ("spaces probst", ["probst2019"]),
        ("validate ", ["mine.yaml", "rows.csv", "studies/a.yaml"]),
        ("validate studies/", ["studies/a.yaml"]),
        ("report ", ["reports/mine"]),
        ("report reports/", ["reports/mine"]),
        ("report nowhere/", []),
        ("expl", ["explain"]),
    ],
)
def test_shell_completes_names(monkeypatch, capsys, tmp_path, typed, completed):
    study(tmp_path)
    (tmp_path / "notes.md").touch()
    (tmp_path / "reports/mine").mkdir(parents=True)
    (tmp_path / "reports/mine/results.json").touch()
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies/a.yaml").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("_BOOSTREG_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", f"boostreg {typed}")
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split(" "))))

    with pytest.raises(SystemExit):
        cli.app(prog_name="boostreg")

    assert capsys.readouterr().out.split() == completed


def test_spaces_are_listed_and_printed_with_their_source(main):
    status, out, err = main("spaces")
    assert (status, err) == (0, "")
    assert "probst2019" in out

    status, out, err = main("spaces", "probst2019")
    assert (status, err) == (0, "")
    assert "github.com/ja-thomas/OMLbots" in out
    assert "reg_alpha: {low: 0.0009765625, high: 1024, log: true}" in out


def test_an_unknown_space_is_reported_with_the_nearest(main):
    status, out, err = main("spaces", "probst")

    assert (status, out) == (2, "")
    assert "got 'probst'; did you mean 'probst2019'?" in err


def test_version_is_printed(main):
    assert main("--version") == (0, f"boostreg {boostreg.__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run"], "Missing argument 'study'"),
        (["nonsense"], "No such command 'nonsense'"),
        (["run", "x.yaml", "--worker", "2"], "No such option: --worker"),
        (["run", "x.yaml", "--workers", "0"], "Invalid value for '--workers'"),
        (["run", "x.yaml", "--workers", "two"], "Invalid value for '--workers'"),
    ],
)
def test_wrong_usage_has_exit_code_2(main, arguments, message):
    status, out, err = main(*arguments)

    assert (status, out) == (2, "")
    assert message in err


INPUTS = {
    "missing study": (None, "does not exist; name a study file"),
    "unknown key": ({"text": "trails: 3\n"}, "trails: unknown key"),
    "missing table": ({"table": None}, "rows.csv"),
    "missing target": ({"target": "price"}, "'price'"),
    "target with a gap": ({"table": TABLE + "1,1,\n"}, "row"),
    "text for regression": (
        {"table": "x,y\n1,a\n2,b\n3,c\n", "data": ", task: regression"},
        "regression",
    ),
    "one class": ({"table": "x,y\n1,a\n2,a\n3,a\n", "data": ", task: binary"}, "class"),
    "constant target": ({"table": "x,y\n1,2\n2,2\n3,2\n"}, "y"),
    "more folds than rows": ({"table": "x,y\n1,1.5\n2,2.5\n3,3.5\n"}, "fold"),
    "infinite feature": ({"table": TABLE + "inf,1,3\n"}, "'x'"),
    "duplicate column": ({"table": "x,x,y\n1,2,3\n4,5,7\n"}, "'x'"),
    "no feature": ({"table": "y\n1.5\n2.5\n"}, "no feature"),
    "no row": ({"table": "x,y\n"}, "no row"),
    "empty table": ({"table": ""}, "rows.csv"),
    "fixed and searched": ({"text": "search: {fixed: {reg_alpha: 1}}\n"}, "keep one"),
    "XGBoost's lack": (
        {"text": "search: {fixed: {path_smooth: 1}}\n"},
        "XGBoost has no counterpart of path_smooth",
    ),
    "bomb": ({"text": "title: &a x\nengines: [*a]\n"}, "3:8: found an anchor"),
}


@pytest.mark.parametrize("command_name", ["run", "validate"])
@pytest.mark.parametrize(("given", "message"), INPUTS.values(), ids=INPUTS)
def test_wrong_input_is_one_message_and_nothing_written(
    main, tmp_path, command_name, given, message
):
    path = tmp_path / "none.yaml" if given is None else study(tmp_path, **given)
    before = sorted(tmp_path.rglob("*"))

    status, out, err = main(command_name, path.name)

    assert (status, out) == (2, "")
    assert err.startswith("boostreg: ")
    assert message in err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("command_name", ["run", "validate"])
def test_name_that_leaves_the_folder_is_refused(main, tmp_path, command_name):
    path = study(tmp_path)
    path.write_text(path.read_text("utf-8").replace("mine", "../mine"), "utf-8")
    before = sorted(tmp_path.parent.rglob("*"))

    status, out, err = main(command_name, path)

    assert (status, out) == (2, "")
    assert err.startswith(f"boostreg: {path}:1:7: name: found '../mine'; expected")
    assert sorted(tmp_path.parent.rglob("*")) == before


def test_a_users_mistake_is_no_traceback_in_a_real_process(command, tmp_path):
    path = study(tmp_path, "trails: 3\nrounds: {max: many}\n")

    status, out, err = command("run", path.name)

    first, *faults = err.splitlines()
    assert (status, out) == (2, "")
    assert first == "boostreg: mine.yaml has 2 errors:"
    assert [line.split(": ")[0] for line in faults] == [
        "  mine.yaml:3:1",
        "  mine.yaml:4:15",
    ]


def test_validate_says_what_a_run_would_do(main, tmp_path):
    text = "search: {trials: 4}\npaths: {points: 3}\nvalidation: {inner: {folds: 3}}\n"

    status, out, err = main("validate", study(tmp_path, text))

    assert (status, err) == (0, "")
    assert "40 rows, 2 features, regression of 'y' by squared_error" in out
    assert "folds: 15 outer; 3 inner within each, and on all rows" in out
    assert "trials: 128, 4 per search" in out
    assert "importance 640, " in out  # points of the design x engines x outer folds
    (told,) = (line for line in out.splitlines() if line.startswith("time: "))
    assert re.fullmatch(r"time: about .* on \d+ cores?, by fits timed now", told)


@pytest.mark.parametrize("name", ["quickstart", "breast_cancer", "wine"])
def test_shipped_studies_are_valid(main, name):
    status, out, err = main("validate", STUDIES / f"{name}.yaml")

    assert (status, err) == (0, "")
    assert out.startswith(f"{name}: ")


ENDINGS = {
    "run": (errors.RunError("The disk is full."), 1, "boostreg: The disk is full.\n"),
    "fit": (errors.FitError("It crashed."), 1, "boostreg: It crashed.\n"),
    "data": (errors.DataError("No row."), 2, "boostreg: No row.\n"),
    "penalty": (errors.PenaltyError("Too low."), 2, "boostreg: Too low.\n"),
    "extra": (errors.MissingExtraError("Get it."), 2, "boostreg: Get it.\n"),
    "interrupted": (
        errors.InterruptedRunError("Stopped."),
        130,
        "boostreg: Stopped. Run the same command to resume.\n",
    ),
    "Ctrl-C": (
        KeyboardInterrupt(),
        130,
        "boostreg: The command was stopped. Run the same command to resume.\n",
    ),
    "disk": (
        PermissionError(13, "Permission denied", "reports"),
        1,
        "boostreg: reports: Permission denied.\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("error", "status", "message"), ENDINGS.values(), ids=ENDINGS)
def test_each_kind_of_error_has_its_exit_code(
    main, monkeypatch, error, status, message
):
    def fail(*_arguments, **_options):
        raise error

    runner = importlib.import_module("boostreg.study.runner")
    monkeypatch.setattr(runner, "run_study", fail)

    assert main("run", STUDIES / "wine.yaml") == (status, "", message)


@pytest.fixture
def ran(monkeypatch):
    """Let ``run`` end at once with an answer; return what it was given."""
    given = {}

    def run_study(study, *, out, workers, dask, progress):
        given.update(spec=study.spec, out=out, workers=workers, dask=dask)
        if progress is not None:
            progress(Event("searches", 1, 2))
        return out / "mine"

    runner = importlib.import_module("boostreg.study.runner")
    monkeypatch.setattr(runner, "run_study", run_study)
    runs = importlib.import_module("boostreg.study.run")
    stored = {"text": {"answer": ["Use lasso."]}}
    monkeypatch.setattr(runs, "read_results", lambda _: stored)
    return given


def test_run_passes_its_options_on_and_prints_answer_and_page(main, ran, tmp_path):
    options = ("--out", "here", "--workers", "3", "--dask", "tcp://127.0.0.1:8786")
    status, out, err = main("run", study(tmp_path).name, *options)

    assert ran.pop("spec").name == "mine"
    assert ran == {"out": Path("here"), "workers": 3, "dask": "tcp://127.0.0.1:8786"}
    printed = f"Use lasso.\n{Path('here/mine/report.html')}\n"
    assert (status, out, err) == (0, printed, "searches: 1 of 2 fits\n")


@pytest.mark.parametrize("quiet", [(), ("--quiet",)])
def test_json_is_all_that_standard_output_has(main, ran, tmp_path, quiet):
    status, out, err = main("run", study(tmp_path), "--out", "o", "--json", *quiet)

    assert ran["workers"] is None
    progress = "" if quiet else "searches: 1 of 2 fits\n"
    assert (status, out.count("\n"), err) == (0, 1, progress)
    folder = Path("o/mine")
    assert json.loads(out) == {
        "answer": ["Use lasso."],
        "folder": str(folder),
        "report": str(folder / "report.html"),
        "results": str(folder / "results.json"),
    }


@pytest.mark.usefixtures("ran")
def test_quiet_run_prints_nothing_and_open_shows_its_page(main, monkeypatch, tmp_path):
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)

    assert main("run", study(tmp_path), "--out", "o", "--quiet", "--open") == (
        0,
        "",
        "",
    )

    assert opened == [(tmp_path / "o/mine/report.html").as_uri()]


@pytest.mark.parametrize("command_name", ["report", "size"])
def test_a_missing_file_is_reported(main, tmp_path, command_name):
    status, out, err = main(command_name, tmp_path / "none")

    assert (status, out) == (2, "")
    assert err.startswith("boostreg: ")
    assert "none" in err


def test_size_knows_the_norms_of_a_saved_model(main, tmp_path):
    X = np.arange(20.0)[:, None]
    fitted = boostreg.BoostedRegressor(n_estimators=2).fit(X, X[:, 0])

    status, out, _ = main("size", fitted.save_model(tmp_path / "model"))

    assert status == 0
    assert f"{fitted.size_.l1_norm:.10g}" in out


def test_size_prints_every_size_of_a_model_file(main, tmp_path):
    rng = np.random.default_rng(0)
    data = lightgbm.Dataset(rng.normal(size=(60, 2)), rng.normal(size=60))
    model = lightgbm.train(
        {"num_leaves": 4, "verbosity": -1, "num_threads": 1}, data, 3
    )
    model.save_model(tmp_path / "model.txt")

    status, out, err = main("size", tmp_path / "model.txt")

    sizes = dict(line.split() for line in out.splitlines())
    assert (status, err) == (0, "")
    assert list(sizes)[:4] == ["trees", "leaves", "splits", "depth"]
    assert sizes["trees"] == "3"


def test_lines_come_at_most_every_five_seconds_with_the_time_left(capsys):
    now = [0.0]
    show = cli.Lines(clock=lambda: now[0])
    standing = "xgboost, fold 2: best loss 0.5, 30 leaves"

    show(Event("defaults", 1, 400))
    show(Event("searches", 2, 400, standing, share=0.1, seconds_left=371))
    now[0] = 6.0
    show(Event("searches", 90, 400, standing, share=0.3, seconds_left=371))
    show(Event("searches", 91, 400, standing, share=0.3, seconds_left=370))
    show(Event("writing the report"))

    assert capsys.readouterr().err.splitlines() == [
        "defaults: 1 of 400 fits",
        f"about 6 min left; searches: 90 of 400 fits; {standing}",
        "writing the report",
    ]


@pytest.mark.parametrize("command", ["init", "validate"])
@pytest.mark.parametrize(("patience", "terminal"), [(0, True), (60, True), (0, False)])
def test_slow_reading_is_reported_only_on_a_terminal(
    main, monkeypatch, command, patience, terminal
):
    pd.DataFrame({"a": range(40), "y": range(40)}).to_csv("t.csv")
    monkeypatch.setattr(cli, "_PATIENCE", patience)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)

    status, _, err = main(command, "t.csv", "--target", "y")

    assert status == 0
    assert ("reading t.csv" in err) == (patience == 0 and terminal)


def test_bar_shows_what_is_done_and_the_time_left(monkeypatch):
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=120)
    monkeypatch.setattr("rich.console.Console", lambda **_: console)

    with cli.bar() as show:
        show(Event("trials", 7, 40, "xgboost: best loss 0.5, 1,234 leaves"))
    with cli.bar() as show:
        show(Event("refits [and] models", 3, 90, share=0.5, seconds_left=42))

    assert re.search(r"7/40.* trials .*1,234 leaves", screen.getvalue())
    assert re.search(r"40 s left 3/90 fits refits \[and\] models", screen.getvalue())


def test_installed_command_is_the_module(command):
    script = shutil.which("boostreg", path=str(Path(sys.executable).parent))
    status, out, _ = command("--version")

    assert (status, out) == (0, f"boostreg {boostreg.__version__}\n")
    if script:
        by_script = subprocess.run(
            [script, "--version"], capture_output=True, check=True
        )
        assert by_script.stdout.decode() == out


def test_two_runs_are_compared_and_their_page_is_named(main, tmp_path):
    for name in ("a", "b"):
        shutil.copytree(SHIPPED / "quickstart", tmp_path / name)

    status, out, err = main("compare", "a", "b")

    assert (status, err) == (0, "")
    assert "b and a have the same loss within 1%: " in out
    assert out.splitlines()[-1] == str(tmp_path / "compare-a-b.html")


def test_index_names_what_it_leaves_out(main, tmp_path):
    for name, text in (("a", "{"), ("b", "{}")):
        (tmp_path / "reports" / name).mkdir(parents=True)
        (tmp_path / "reports" / name / "results.json").write_text(text)

    status, out, err = main("index")

    assert (status, out) == (0, "reports/index.html\n")
    assert "a is skipped: a/results.json is not JSON" in err
    assert "b is skipped: b/results.json" in err


@pytest.mark.parametrize(
    "arguments", [("compare", "x", "y"), ("index", "x"), ("report", "x")]
)
def test_folder_that_is_not_there_exits_with_2(main, arguments):
    status, out, err = main(*arguments)

    assert (status, out) == (2, "")
    assert "boostreg: x" in err


@pytest.fixture
def wrong(tmp_path):
    """Make what a user may name in place of a run, by its name."""
    for name, content in (("text", b"{"), ("list", b"[]"), ("bytes", b"\xff\xfe")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "results.json").write_bytes(content)
    for name in ("open", "empty", "above/run", "folder/results.json"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "open" / "journal.db").touch()
    (tmp_path / "above" / "run" / "results.json").write_text("{}")
    (tmp_path / "file").touch()
    shutil.copytree(SHIPPED / "wine", tmp_path / "half", ignore=lambda *_: ["models"])
    (tmp_path / "half" / "trials.csv").unlink()


WRONG = {
    "absent": "absent does not exist; available: ",
    "text": "text/results.json is not JSON: ",
    "list": "list/results.json was not written by boostreg",
    "bytes": "bytes/results.json could not be read: 'utf-8'",
    "open": "open contains an unfinished run; run its study again",
    "empty": "empty has no results.json, so no run has finished there",
    "above": "above is not a run, but contains the runs 'run'; name one of them.",
    "above/rum": "does not exist; did you mean 'run'?",
    "folder": "folder/results.json could not be read: ",
    "file": "file is a file; name the folder of a run.",
}


@pytest.mark.usefixtures("wrong")
@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("command_name", ["report", "compare", "predict"])
def test_what_is_no_run_is_reported_with_what_to_name(main, command_name, name):
    more = [] if command_name == "report" else ["half"]

    status, out, err = main(command_name, name, *more)

    assert (status, out) == (2, "")
    assert err.startswith(f"boostreg: {name}")
    assert WRONG[name] in err
    assert "Errno" not in err


@pytest.mark.usefixtures("wrong")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("report half", "half/trials.csv is missing; run the study again"),
        (
            "predict half rows.csv",
            "half/models holds no model 'lightgbm-best'; run the",
        ),
        ("size half", "half must be a model file: it is a folder."),
        ("size absent", "absent must be a model file: it does not exist."),
        ("index absent", "absent does not exist; name a folder that contains"),
        (
            "index file",
            "file is a file; name a folder that contains the folders of runs.",
        ),
        ("index half", "It is itself a run: name its parent folder."),
        ("claims half", "It is itself a run: name its parent folder."),
        ("claims empty", "empty contains no run: no folder in it has results.json."),
    ],
)
def test_what_a_command_cannot_read_is_reported(main, arguments, message):
    status, out, err = main(*arguments.split())

    assert (status, out) == (2, "")
    assert message in err
    assert "Errno" not in err


STUDY = "name: small\ndata: {source: rows.csv, target: y}\n"
LONG = "a" * 300
BAD_PATHS = {
    "name too long for a file": (["run", LONG], "File name too long"),
    "folder with too long a name": (["report", LONG], "File name too long"),
    "out below a file": (["run", "s.yaml", "--out", "rows.csv/x"], "Not a directory"),
    "folder in the place of the index": (["index", "runs"], "index.html was not writt"),
    "model that is no file": (["size", "pipe.csv"], "it is not a regular file"),
    "study that is no file": (["validate", "pipe.csv"], "is not a regular file"),
    "rows that are no file": (["validate", "pipe.yaml"], "is not a regular file"),
    "character that no path has": (["run", "a\0b"], "arguments must not contain a NUL"),
}


@pytest.fixture
def bad_paths(tmp_path):
    """Fill the folder of ``main`` with what is in the way."""
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "rows.csv").write_text(TABLE)
    (tmp_path / "s.yaml").write_text(STUDY)
    (tmp_path / "pipe.yaml").write_text(STUDY.replace("rows", "pipe"))
    shutil.copytree(SHIPPED / "wine", tmp_path / "runs" / "wine")
    (tmp_path / "runs" / "index.html").mkdir()


@pytest.mark.usefixtures("bad_paths")
@pytest.mark.parametrize(("arguments", "words"), BAD_PATHS.values(), ids=BAD_PATHS)
def test_path_that_cannot_be_is_wrong_input(main, arguments, words):
    status, _, err = main(*arguments)

    last = err.splitlines()[-1]
    assert (status, last[:10], words in last) == (2, "boostreg: ", True)


def test_full_disk_is_no_wrong_input(main, monkeypatch, tmp_path):
    def full(_folder):
        raise OSError(28, "No space left on device", "x")

    monkeypatch.setattr("boostreg.study.run.read_results", full)
    monkeypatch.setattr("boostreg.study.output.read_results", full)

    assert main("report", tmp_path)[0] == 1


def test_terminal_takes_no_orders_from_an_argument(main):
    status, _, err = main("spaces", "\x1b[31mred\u202e")

    assert status == 2
    assert ("\x1b" in err, "\u202e" in err, "red" in err) == (False, False, True)


def test_label_outside_the_encoding_of_the_terminal_is_shown_by_its_number(
    command, monkeypatch, tmp_path
):
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")
    (tmp_path / "s.yaml").write_text("name: a\ntitle: \u0142\n" + STUDY[12:], "utf-8")
    (tmp_path / "rows.csv").write_text(TABLE)

    status, out, _ = command("validate", "s.yaml")

    assert (status, out.splitlines()[0]) == (0, r"a: \u0142")
