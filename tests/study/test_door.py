"""What a study may say, what it need not, and what the rest is then."""

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy.engine import make_url

from boostreg.errors import DataError, StudyError
from boostreg.penalty import Range, parse_space, space_names
from boostreg.penalty.space import shipped_space
from boostreg.study.load import Study, load_study, unsupported, write_study
from boostreg.study.plan import Plan
from boostreg.study.spec import Folds, Holdout, Search, StudySpec
from boostreg.tuning.mirror import located

STUDIES = sorted(Path(__file__).parents[2].glob("studies/*.yaml"))


def test_study_needs_name_source_and_target_only(load):
    spec = load()

    assert spec.title == "small"
    assert spec.engines == ("xgboost", "lightgbm")
    assert (spec.rounds.max, spec.rounds.patience, spec.search.trials) == (500, 30, 40)
    assert spec.search.fixed == {"learning_rate": 0.1}
    assert spec.search.space.as_dict()["max_leaves"] == {
        "low": 4, "high": 64, "log": True, "zero": 0.0,
    }  # fmt: skip


def test_defaults_are_those_of_the_design(load):
    content = load().as_dict()

    assert list(content) == [
        "name", "title", "seed", "budget", "data", "engines", "rounds", "search",
        "validation", "paths", "baselines", "effects", "select", "claims", "tolerance",
        "metrics", "compute", "limits",
    ]  # fmt: skip
    assert list(content["search"]) == [
        "trials", "rows", "timeout", "sampler", "in_flight", "racing", "storage",
        "scale", "fixed", "space",
    ]  # fmt: skip
    assert content["validation"]["outer"] is None
    assert content["tolerance"] == 0.01
    assert content["effects"] == {"design": "sobol", "points": 64}
    assert content["limits"] == {"seconds_per_fit": None, "memory": None}


def test_searching_the_learning_rate_lifts_its_default(load):
    spec = load("search: {space: {learning_rate: {low: 0.01, high: 0.3}}}\n")

    assert spec.search.fixed == {}


@pytest.mark.parametrize("name", space_names())
def test_every_shipped_space_can_be_asked_for_by_its_name_alone(load, name):
    spec = load(f"search: {{space: {name}}}\n")

    searched = {n for e in spec.engines for n in parse_space(name).for_engine(e)}
    assert not searched & set(spec.search.fixed)
    assert spec.search.fixed.items() >= parse_space(name).fixed.items()


def test_a_fixed_entry_of_a_space_is_fixed(load):
    spec = load("search: {space: {max_leaves: null, reg_lambda: {low: 1, high: 2}}}\n")

    assert spec.search.fixed == {"learning_rate": 0.1, "max_leaves": None}
    assert list(spec.search.space.entries) == ["reg_lambda"]


def test_a_condition_is_written_out_and_read_again(load):
    entry = "{low: 1, high: 2, when: {max_leaves: {above: 8}}}"
    spec = load(
        f"search: {{space: {{max_leaves: {{low: 2, high: 9}}, reg_lambda: {entry}}}}}\n"
    )

    assert spec.search.space.as_dict()["reg_lambda"]["when"] == {
        "max_leaves": {"above": 8.0}
    }
    assert Search(**spec.search.as_dict()) == spec.search


def test_space_may_hold_ranges_of_one_engine(load):
    spec = load("search: {space: {lightgbm: {path_smooth: {low: 1, high: 9}}}}\n")

    assert spec.search.space.as_dict() == {
        "lightgbm": {"path_smooth": {"low": 1.0, "high": 9.0, "log": False, "zero": 0}}
    }


def test_outer_folds_may_be_one_holdout(load):
    spec = load("validation: {outer: {holdout: 0.25}}\n")

    assert spec.validation.outer == Holdout(holdout=0.25)
    assert spec.validation.inner == Folds()


@pytest.mark.parametrize(
    ("text", "n_bytes"), [("1024", 1024), ("2 GB", 2 * 10**9), ("1.5MiB", 1572864)]
)
def test_memory_may_carry_its_unit(text, n_bytes):
    data = {"source": "a.csv", "target": "y"}

    spec = StudySpec(name="x", data=data, limits={"memory": text})

    assert spec.limits.memory == n_bytes


@pytest.mark.parametrize(
    ("value", "seconds"), [("90 s", 90), ("10 min", 600), ("1.5h", 5400), (30, 30)]
)
def test_budget_may_carry_its_unit(value, seconds):
    data = {"source": "a.csv", "target": "y"}

    assert StudySpec(name="x", data=data, budget=value).budget == seconds


@pytest.mark.parametrize("value", ["0", "-1", "true", "10 minutes", ".inf", "[1]"])
def test_budget_of_no_known_time_is_refused(load, value):
    with pytest.raises(StudyError, match="text such as 90 s, 10 min or 2 h"):
        load(f"budget: {value}\n")


def test_loaded_study_never_changes(write):
    study = load_study(write("name: x\ndata: {source: a.csv, target: y}\n"))

    with pytest.raises(FrozenInstanceError, match="path"):
        study.path = Path("other")
    with pytest.raises(ValidationError, match="frozen"):
        study.spec.seed = 1


def test_spec_made_in_python_is_checked_for_what_cannot_be_done():
    claim = {"id": "B6", "says": "?", "measure": "leaves", "along": "max_depth"}
    claim |= {"expect": "decreasing", "at_least": "20%"}
    data = {"source": "a.csv", "target": "y"}
    spec = StudySpec(name="x", data=data, claims=(claim,))

    ((keys, text),) = unsupported(spec)

    assert keys == ("claims", 0, "along")
    assert text.startswith("found 'max_depth'")


def test_relative_source_starts_from_the_folder_of_the_study(write, monkeypatch):
    path = write("name: x\ndata: {source: a.csv, target: y}\n")
    monkeypatch.chdir(path.parent)

    assert load_study("study.yaml").base == path.parent.resolve()


@pytest.mark.parametrize("url", ["sqlite:///live.db", "sqlite:////abs/x.db"])
def test_a_kept_study_mirrors_to_the_same_file(write, tmp_path, url):
    search = f"search: {{storage: '{url}'}}\n"
    study = load_study(write(f"name: x\ndata: {{source: a.csv, target: y}}\n{search}"))
    kept = tmp_path / "reports" / "x" / "study.yaml"
    kept.parent.mkdir(parents=True)

    write_study(study, kept)

    again = load_study(kept)
    paths = [make_url(located(s.spec.search.storage, s.base)) for s in (study, again)]
    assert {Path(p.database).resolve() for p in paths} == {
        (tmp_path / "live.db").resolve() if "live" in url else Path("/abs/x.db")
    }


def test_a_kept_study_loads_without_its_password(write, tmp_path):
    search = "search: {storage: 'postgresql://ann:c/a#n?a[ry@h/db?password=canary'}\n"
    study = load_study(write(f"name: x\ndata: {{source: a.csv, target: y}}\n{search}"))

    write_study(study, tmp_path / "kept.yaml")

    found = load_study(tmp_path / "kept.yaml").spec.search.storage
    assert found == study.spec.search.as_dict()["storage"] == "postgresql://***@h/db"


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_shipped_studies_say_what_is_expected_and_bear_their_name(path):
    assert load_study(path).spec.name == path.stem
    assert path.read_text("utf-8").splitlines()[1].startswith("# Expected")


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_written_study_loads_as_the_same_study(path, tmp_path):
    study = load_study(path)

    write_study(study, tmp_path / "study.yaml")

    assert load_study(tmp_path / "study.yaml").spec == study.spec


TWO_CLAIMS = """\
name: small
data: {source: sklearn:diabetes, target: target}
search: {space: {reg_lambda: {low: 0.1, high: 10}, max_leaves: {low: 4, high: 8}}}
claims:
- {id: A, says: x, measure: leaves, along: reg_lambda, expect: equal, at_most: 20%}
- {id: B, says: x, measure: leaves, along: max_leaves, expect: equal, at_most: 20%}
"""


def test_each_range_of_a_study_is_made_once(write, monkeypatch):
    """Spaces that ship are parsed once more each, in the life of a process."""
    list(map(shipped_space, space_names()))
    made, check = [], Range.__post_init__
    monkeypatch.setattr(Range, "__post_init__", lambda r: made.append(r) or check(r))

    plan = Plan(load_study(write(TWO_CLAIMS)))

    assert made == list(plan.space.entries.values())


def test_an_error_of_a_study_from_no_file_names_the_key(load):
    study = Study(load(), Path("small.yaml"))

    message = r"^data\.drop\.2: there is no column 'a'\.$"
    with pytest.raises(DataError, match=message), study.at("data"):
        raise DataError.at("drop", 2, text="there is no column 'a'.")


@pytest.mark.parametrize(("written", "share"), [("2%", 0.02), (0.005, 0.005)])
def test_the_tolerance_is_a_share_of_the_loss(load, written, share):
    assert load(f"tolerance: {written}\n").tolerance == pytest.approx(share)


@pytest.mark.parametrize("written", ["0%", "100%", "-1", "much"])
def test_a_tolerance_that_is_no_share_is_refused(fault, written):
    assert "expected a share of the loss above 0" in fault(f"tolerance: {written}\n")
