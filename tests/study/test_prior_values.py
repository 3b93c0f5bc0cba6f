"""A prior in a study is the penalty that it is, when a run is run again too."""

import json

import pytest

from boostreg import tune
from boostreg.errors import PenaltyError
from boostreg.penalty import Space, parse_space
from boostreg.penalty.priors import prior_value
from boostreg.study.load import load_study
from boostreg.study.runner import run_study

NORMAL = "{prior: normal, std: 0.5}"
STUDY = """
name: small
data: {source: sklearn:diabetes, target: target, task: regression}
engines: [lightgbm]
rounds: {max: 10, patience: 5}
search:
  trials: 2
  racing: false
  fixed: {reg_lambda: {prior: normal, std: 0.5}}
  space:
    reg_alpha: {prior: laplace, scale: 0.25}
    max_leaves: {low: 4, high: 8}
validation: {outer: {holdout: 0.3}, inner: {folds: 2}}
paths: {penalties: [], points: 2}
effects: {points: 1}
baselines: [mean]
"""


def test_prior_is_held_as_the_penalty_that_it_is(load):
    spec = load("""
        search:
          fixed: {reg_lambda: {prior: normal, std: 0.5, noise_variance: 2}}
          space: {reg_alpha: {prior: laplace, scale: 0.25}}
        """)

    assert spec.search.fixed == {"reg_lambda": 8.0, "reg_alpha": 4.0}
    assert spec.search.space == Space({})


@pytest.mark.parametrize("name", ["reg_alpha", "reg_lambda"])
def test_uniform_prior_is_no_penalty(load, name):
    spec = load(f"search: {{space: {{{name}: {{prior: uniform}}}}}}\n")

    assert spec.search.fixed[name] == 0.0


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("reg_lambda: {prior: norml}", ".prior: found 'norml'; expected one of: no"),
        ("reg_lambda: {prior: norml}", "reg_alpha); did you mean 'normal'?"),
        ("reg_lambda: {prior: [normal]}", ".prior: found ['normal']; expected one of"),
        ("reg_lambda: {prior: laplace, scale: 1}", ("(a Laplace prior is set by "
        "reg_alpha)")),
        ("reg_alpha: {prior: normal, std: 1}", "a normal prior is set by reg_lambda"),
        ("max_leaves: {prior: uniform}", "penalties on leaf weights"),
        ("reg_lambda: {prior: normal}",
         ".std: missing; write a normal prior as {prior: normal, std: 0.3}."),
        ("reg_lambda: {prior: normal, std: 0}", ".std: found 0; expected a number > 0"),
        ("reg_lambda: {prior: normal, std: 1e-200}",
         ".std: found 1e-200; expected a number large enough for a finite penalty"),
        ("reg_alpha: {prior: laplace, scale: 1e-200, noise_variance: 1e200}",
         ".scale: found 1e-200; expected a number large enough for a finite penalty"),
        ("reg_lambda: {prior: normal, std: true}",
         ".std: found true; expected a number > 0"),
        ("reg_alpha: {prior: laplace, scale: 1, noise_variance: -1}",
         ".noise_variance: found -1; expected a number > 0"),
        ("reg_alpha: {prior: laplace, scale: 1, noise_variance: .inf}",
         ".noise_variance: found inf; expected a finite number"),
        ("reg_alpha: {prior: laplace, std: 1}",
         ".std: unknown key; expected one of: prior, scale, noise_variance"),
        ("reg_lambda: {prior: normal, std: 1, low: 2}", ".low: unknown key"),
        ("reg_lambda: {prior: uniform, std: 1}",
         ".std: unknown key; expected one of: prior"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("part", ["fixed", "space"])
def test_bad_prior_is_reported_where_it_stands(fault, part, entry, message):
    error = fault(f"search: {{{part}: {{{entry}}}}}\n")

    name = entry.partition(":")[0]
    assert f"search.{part}.{name}" in error
    assert message in error


@pytest.mark.parametrize("part", ["fixed", "space"])
def test_prior_is_refused_where_penalties_are_counted_in_rows(fault, part):
    error = fault(f"search: {{scale: rows, {part}: {{reg_lambda: {NORMAL}}}}}\n")

    assert f"search.{part}.reg_lambda: a prior is in raw units" in error


def test_run_with_priors_is_reproduced_by_the_study_that_it_leaves(write, tmp_path):
    first = run_study(write(STUDY), out=tmp_path / "a", workers=1)

    again = run_study(first / "study.yaml", out=tmp_path / "b", workers=1)

    one, two = (
        json.loads((folder / "results.json").read_text()) for folder in (first, again)
    )
    assert one | {"run": {}} == two | {"run": {}}
    held = load_study(again / "study.yaml").spec.search.fixed
    assert held == {"reg_lambda": 4.0, "reg_alpha": 4.0}


def test_space_in_python_takes_priors_too():
    space = parse_space({"reg_lambda": {"prior": "normal", "std": 0.5}})

    assert space.fixed == {"reg_lambda": 4.0}
    with pytest.raises(PenaltyError, match=r"space\.reg_alpha\.prior: must be one of"):
        parse_space({"reg_alpha": {"prior": "normal", "std": 0.5}})


def test_tune_refuses_a_prior_in_another_scale():
    with pytest.raises(PenaltyError, match="reg_lambda: a prior is in raw units"):
        tune([[0.0]], [0.0], fixed={"reg_lambda": {"prior": "uniform"}}, scale="rows")


def test_infinitely_wide_prior_is_uniform():
    assert prior_value("reg_lambda", {"prior": "normal", "std": float("inf")}) == 0.0
