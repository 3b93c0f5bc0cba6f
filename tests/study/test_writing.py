"""A study that was kept means what it meant, from its new place too."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boostreg.study.load import Study, load_study, write_study
from boostreg.study.spec import StudySpec
from boostreg.study.yaml_reader import read_yaml

# What a YAML file can hold without escapes that the door refuses.
printable = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Co", "Cn")), min_size=1
).filter(lambda text: len(text) < 60)
LOOKALIKES = ["no", "1e-3", "010", "null", "~", "2024-01-01", "12:30", "#x", "- a",
              "a: b", "'", '"', " a ", "<<", "*a", "&a", "!t", "%", "@x", "[", "{", "?",
              "0x1f", "1_000", ".inf", "true", "=", "|", ">"]  # fmt: skip


def rewritten(spec, folder):
    """Return the spec after a way through a file."""
    path = folder / "study.yaml"
    write_study(Study(spec, path), path)
    return load_study(path).spec


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return one folder for all examples: each overwrites the last."""
    return tmp_path_factory.mktemp("written")


@settings(deadline=None, max_examples=40)
@given(title=printable | st.sampled_from(LOOKALIKES), target=printable)
def test_any_text_survives(folder, title, target):
    data = {"source": "sklearn:diabetes", "target": target}
    spec = StudySpec(name="x", title=title, data=data)

    assert rewritten(spec, folder) == spec


@settings(deadline=None, max_examples=40)
@given(
    low=st.floats(1e-300, 1.0),
    times=st.floats(1.5, 1e300),
    zero=st.floats(0, 1, exclude_max=True),
)
def test_any_number_survives_to_the_last_bit(folder, low, times, zero):
    entry = {"low": low, "high": low * times, "log": True, "zero": zero}
    search = {"space": {"reg_lambda": entry}, "fixed": {"max_depth": None}}
    data = {"source": "sklearn:diabetes", "target": "y"}
    spec = StudySpec(name="x", data=data, search=search)

    assert rewritten(spec, folder) == spec


def test_every_key_survives_away_from_its_default(load, tmp_path):
    spec = load(
        """\
        title: All of it
        seed: 7
        engines: [lightgbm]
        rounds: {max: 9, patience: 3}
        search: {trials: 5, sampler: sobol, in_flight: 2, racing: false, scale: rows,
                 fixed: {max_depth: null, reg_alpha: 0},
                 space: {max_leaves: {low: 2, high: 4}}}
        validation: {outer: {holdout: 0.3}, inner: {folds: 3, repeats: 2}}
        paths: {penalties: [reg_lambda], points: 4}
        baselines: []
        effects: {points: 8}
        compute: {threads: 2}
        """
    )

    assert rewritten(spec, tmp_path) == spec


def test_written_study_holds_every_key(load, tmp_path):
    spec = load()

    rewritten(spec, tmp_path)

    content = read_yaml(tmp_path / "study.yaml").content
    assert content["search"]["space"]["reg_alpha"]["zero"] == 0.2
    assert content["compute"] == {
        "threads": 1,
        "machines": 1,
        "executor": "local",
        "device": "cpu",
    }
    assert list(content) == list(spec.as_dict())


@pytest.mark.parametrize("new", ["reports/x/study.yaml", "study.yaml", "a/study.yaml"])
def test_relative_source_is_still_the_same_file(write, tmp_path, new):
    (tmp_path / "a").mkdir()
    path = write("name: x\ndata: {source: a/rows.csv, target: y}\n", "a/mine.yaml")
    (tmp_path / new).parent.mkdir(parents=True, exist_ok=True)
    study = load_study(path)

    write_study(study, tmp_path / new)

    moved = load_study(tmp_path / new)
    rows = (tmp_path / "a/a/rows.csv").resolve()
    assert (moved.base / moved.spec.data.source).resolve() == rows


@pytest.mark.parametrize(
    "source", ["sklearn:wine", "openml:31", "synthetic:steps", "/somewhere/rows.csv"]
)
def test_other_sources_stay_as_they_are(write, tmp_path, source):
    study = load_study(write(f"name: x\ndata: {{source: {source}, target: y}}\n"))
    (tmp_path / "new").mkdir()

    write_study(study, tmp_path / "new" / "study.yaml")

    assert load_study(tmp_path / "new" / "study.yaml").spec == study.spec
