"""The key ``metrics`` of a study: names of scorers, and what is said of others."""

import pytest
from ruamel.yaml import YAML

from boostreg.errors import StudyError
from boostreg.study.load import load_study, write_study
from boostreg.study.plan import Plan

HEAD = """name: metrics
data: {source: "sklearn:SOURCE", target: target}
"""


@pytest.fixture
def study(tmp_path):
    """Return a function that writes a study and reads it."""

    def write(tail="", source="diabetes"):
        path = tmp_path / "metrics.yaml"
        path.write_text(HEAD.replace("SOURCE", source) + tail)
        return load_study(path)

    return write


def test_default_metrics_are_written_out(study, tmp_path):
    found = study(source="breast_cancer")
    plan = Plan(found)

    write_study(type(found)(plan.spec, found.path), tmp_path / "study.yaml")

    content = YAML(typ="safe").load(tmp_path / "study.yaml")
    assert content["metrics"] == ["roc_auc", "accuracy", "neg_brier_score"]


def test_named_metrics_are_kept_in_their_order(study):
    assert Plan(study("metrics: [r2, neg_mean_absolute_error]\n")).metrics == (
        "r2",
        "neg_mean_absolute_error",
    )


def test_study_may_have_no_metrics(study):
    assert Plan(study("metrics: []\n")).metrics == ()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rmse", "a scorer of scikit-learn: d2_"),
        ("accuracy", "a scorer of scikit-learn for a regression that takes row "),
        ("r_2", "did you mean 'r2'?"),
    ],
)
def test_other_names_are_reported_at_their_line_with_what_is_allowed(
    study, name, expected
):
    with pytest.raises(StudyError) as caught:
        Plan(study(f"metrics:\n  - r2\n  - {name}\n"))

    message = str(caught.value)
    assert ":5:5: metrics.1: found " in message
    assert expected in message
    assert "neg_mean_absolute_error" in message


def test_metric_is_listed_only_once(study):
    with pytest.raises(StudyError, match=r"metrics\.1: found 'r2'; expected each entr"):
        study("metrics: [r2, r2]\n")


def test_search_by_a_metric_is_refused_with_the_reason(study):
    with pytest.raises(StudyError, match=r":4:3: search\.metric: trials are chosen by"):
        study("search:\n  metric: r2\n")
