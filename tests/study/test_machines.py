"""What several machines per fit need, and what is refused, before any fit."""

import pytest

from boostreg.engines import get_engine
from boostreg.errors import StudyError
from boostreg.fits.dask import check_address
from boostreg.fits.fit import Fit
from boostreg.losses import Objective
from boostreg.penalty import Penalty
from boostreg.study.forecast import outline
from boostreg.study.load import load_study
from boostreg.study.memory import cluster_warning, expected_memory
from boostreg.study.plan import Plan
from boostreg.study.runner import run_study

KEY = "7588d9124a9011ee4a96219c276fde962ca67f539822afa69a92f731e3a47d1b"
"""Of a fit of the first release, when a fit had one machine."""
STUDY = """
name: shared
data: {source: "sklearn:diabetes", target: target}
engines: [xgboost]
rounds: {max: 3}
search: {trials: 2, space: {reg_lambda: {low: 1, high: 9}}}
validation: {outer: {folds: 3}, inner: {folds: 4}}
paths: {points: 0}
baselines: [mean]
effects: {points: 0}
"""


@pytest.fixture
def study(write):
    """Return a function that reads the study with changes, such as machines."""

    def read(*changes):
        return load_study(write(STUDY), changes)

    return read


def test_a_study_without_a_cluster_is_refused_before_any_fit(study, tmp_path):
    message = (
        r"compute\.machines: 2 machines need a Dask cluster; set compute\.executor"
    )
    with pytest.raises(StudyError, match=message):
        run_study(study("compute.machines=2"), out=tmp_path)

    assert not list(tmp_path.rglob("*.db"))


def test_other_engines_stay_on_one_machine(study):
    message = (
        r"compute\.machines: A fit of LightGBM stays on one machine; remove lightgbm "
        r"from engines, or set machines: 1\."
    )
    with pytest.raises(StudyError, match=message):
        Plan(study("compute.machines=2", "engines=[xgboost, lightgbm]"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("compute.device=cuda", "share a fit on their CPUs; set device: cpu"),
        ("budget=10 min", "a budget times fits on one machine; remove it"),
    ],
)
def test_devices_and_budgets_are_for_fits_on_one_machine(study, change, message):
    with pytest.raises(StudyError, match=rf"compute\.machines: .*{message}"):
        Plan(study("compute.machines=2", change))


def test_too_few_rows_per_machine_are_refused(study):
    message = (
        r"compute\.machines: 3 machines need 300 training rows and 3 test rows in "
        r"every fold, but one has 22\d and one 7\d; use fewer machines\."
    )
    with pytest.raises(StudyError, match=message):
        Plan(study("compute.machines=3"))


def test_quantiles_of_leaves_are_refused_where_they_would_be_averaged(monkeypatch):
    """XGBoost 3.4 has smooth losses instead, with equal trees."""
    engine = get_engine("xgboost")
    quantile = Objective("quantile", 0.7)

    monkeypatch.setattr(type(engine), "version", lambda _: "3.4.1")
    engine.check_machines(quantile)
    monkeypatch.setattr(type(engine), "version", lambda _: "3.2.0")
    engine.check_machines(Objective("squared_error"))
    with pytest.raises(StudyError, match=r"quantile, XGBoost 3\.2\.0 replaces every"):
        engine.check_machines(quantile)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("tls://10.0.0.5:8786", "2 machines of a fit send sums of gradients"),
        ("tcp://10.0.0.5:8786", "open to other machines without TLS"),
    ],
)
def test_sums_that_strangers_could_read_are_refused(address, message):
    check_address(address, allow_insecure=True, machines=2)
    check_address("tls://127.0.0.1:8786", allow_insecure=False, machines=2)
    with pytest.raises(StudyError, match=message):
        check_address(address, allow_insecure=False, machines=2)


def test_the_number_of_machines_is_noted(study):
    (note,) = (one for one in Plan(study("compute.machines=2")).notes if "XGB" in one)

    assert note == (
        "Each XGBoost fit is trained on 2 machines: another number gives other trees."
    )
    assert not any("machines" in one for one in Plan(study()).notes)


def test_fits_of_a_search_that_sees_few_rows_stay_on_one_machine(study):
    plan = Plan(study("compute.machines=2", "search.rows=150"))
    penalty = Penalty()

    assert plan.limits.machines == 1
    assert plan.refit("xgboost", 0, penalty, 3, searched=True).machines == 1
    assert plan.refit("xgboost", 0, penalty, 3).machines == 2
    assert plan.rounds_fit("xgboost", None, penalty).machines == 2
    assert {work.machines for work in plan.references()} == {2}
    assert any("Each XGBoost fit on all rows is trained on 2" in n for n in plan.notes)


def test_validate_times_nothing_that_it_cannot_run(study, tmp_path):
    lines = outline(study("compute.machines=2"), tmp_path)

    assert (
        "time: unknown, because only the cluster has the machines of the fits" in lines
    )
    assert any("2 workers of" in line for line in lines)


def test_keys_of_fits_on_one_machine_are_those_of_earlier_journals():
    fit = Fit(
        outer=0,
        inner=1,
        engine="xgboost",
        penalty=Penalty(),
        n_rounds=5,
        patience=None,
        seed=1,
    )
    assert fit.key("rows", {"xgboost": "3.2.0"}) == KEY


def test_a_worker_with_too_little_memory_is_warned_of(study, monkeypatch):
    """The advice is the smallest number of machines that suffices."""
    monkeypatch.setattr(
        "boostreg.study.memory.cache_room", lambda n_values: 8 * n_values
    )
    monkeypatch.setattr("boostreg.study.memory.split_bytes", lambda n, p: 4000 * n * p)
    needs = [
        expected_memory(Plan(study(f"compute.machines={m}")), 1).worker for m in (1, 2)
    ]
    plan = Plan(study())

    assert needs[1] < needs[0]
    assert cluster_warning(plan, None) is None
    assert cluster_warning(plan, needs[0]) is None
    assert "Set compute.machines: 2, which suffices." in cluster_warning(plan, needs[1])
    assert "Set compute.machines: 3" in cluster_warning(plan, needs[1] - 1)
    assert cluster_warning(plan, 1).endswith("Start workers with more memory.")
