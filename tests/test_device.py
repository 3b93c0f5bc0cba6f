"""Fits on CUDA devices: what is refused without one, and what holds with one.

Tests that take ``device`` need a device and are skipped without one; no test uses it in
the test's own process.
"""

import ctypes
import os
from types import SimpleNamespace

import pytest
import xgboost
from problems import make_objective, make_table
from runs import SMALL, assert_same_run, results_of

from boostreg.data import make_splits
from boostreg.engines import ENGINES, Growth, Problem
from boostreg.errors import FitError, RunError, StudyError
from boostreg.fits import devices
from boostreg.fits.dataset import Dataset
from boostreg.fits.devices import Card, cards_here, each_alone, model_of
from boostreg.fits.executor import LocalExecutor
from boostreg.fits.fit import Fit
from boostreg.fits.process import CallLimits, WorkerProcess
from boostreg.fits.work import PRELOAD, FitWork, ReferenceWork, run_work
from boostreg.penalty import Penalty
from boostreg.study import placement
from boostreg.study.forecast import outline
from boostreg.study.load import load_study
from boostreg.study.placement import count_workers, placed, versions_of
from boostreg.study.plan import Plan
from boostreg.study.runner import run_study

TWO = (Card("Model", "a"), Card("Model", "b"))
ON_DEVICE = ("engines=[xgboost]", "compute.device=cuda")
OBJECTIVES = ("squared_error", "logistic", "softmax", "poisson", "absolute_error")


@pytest.fixture
def study(tmp_path):
    """Return a function that returns the small study with changes."""
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return lambda *changes: load_study(path, changes)


@pytest.fixture
def no_device(monkeypatch):
    """Hide all devices from the processes that a test starts."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    cards_here.cache_clear()
    yield
    cards_here.cache_clear()


@pytest.fixture
def problem():
    table = make_table()
    return Problem.of(table, None, make_objective("squared_error"))


@pytest.fixture
def reference():
    """Return the default of XGBoost, and a dataset to fit it on."""
    table = make_table()
    splits = make_splits(table, outer={"holdout": 0.2}, inner={"folds": 2}, seed=0)
    dataset = Dataset(table, splits, make_objective("squared_error"))
    return lambda **device: ReferenceWork(0, "xgboost", 1, **device).key(dataset)


def driver_of(names, status):
    """Return the functions of the CUDA driver that are used, with some devices."""

    def write(pointer, value):
        pointer.contents.value = value
        return 0

    def name(text, _length, device):
        text.value = names[device.value].encode()
        return 0

    def uuid(pointer, device):
        pointer.contents[15] = device.value
        return 0

    return SimpleNamespace(
        cuInit=lambda _flags: status,
        cuDeviceGetCount=lambda count: write(count, len(names)),
        cuDeviceGet=write,
        cuDeviceGetName=name,
        cuDeviceGetUuid_v2=uuid,
    )


@pytest.fixture
def driver(monkeypatch):
    """Return a function that puts a driver with some devices in place."""

    def install(*names, status=0):
        made = driver_of(names, status)
        monkeypatch.setattr(ctypes, "CDLL", lambda _name: made)

    return install


def fit_of(**changes):
    base = {"outer": 0, "inner": 1, "engine": "xgboost", "penalty": Penalty()}
    base |= {"n_rounds": 9, "patience": None, "seed": 3}
    return Fit(**base | changes)


# Without a device


@pytest.mark.usefixtures("no_device")
def test_a_run_without_a_device_is_refused_before_anything_is_written(study, tmp_path):
    with pytest.raises(RunError, match=r"compute\.device: No CUDA device was found"):
        run_study(study(*ON_DEVICE), out=tmp_path / "out")

    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("no_device")
def test_validation_without_a_device_is_refused(study):
    with pytest.raises(RunError, match=r"compute\.device: No CUDA device was found"):
        outline(study(*ON_DEVICE))


@pytest.mark.parametrize(
    ("engine", "reason"),
    [
        ("lightgbm", "LightGBM cannot run on a CUDA device: its wheels have no CUDA"),
        ("sklearn", "cannot run on a CUDA device: scikit-learn has no CUDA code"),
    ],
)
def test_engines_without_cuda_are_refused_by_name(study, engine, reason):
    with pytest.raises(StudyError, match=rf"compute\.device: .*{reason}"):
        study(f"engines=[xgboost, {engine}]", "compute.device=cuda")


def test_an_unknown_device_is_refused(study):
    with pytest.raises(StudyError, match=r"compute\.device.*one of: cpu, cuda"):
        study("compute.device=gpu")


@pytest.mark.parametrize("name", ["lightgbm", "sklearn"])
def test_an_engine_without_cuda_never_fits_on_the_cpu_instead(name, problem):
    engine = ENGINES[name]
    bins = engine.bin(problem)

    with pytest.raises(StudyError, match="cannot run on a CUDA device"):
        engine.fit(bins, Penalty(), Growth(n_rounds=2, device="cuda"))
    with pytest.raises(StudyError, match="cannot run on a CUDA device"):
        engine.fit_default(problem, 0, 1, "cuda")


@pytest.mark.filterwarnings("ignore")  # what XGBoost itself does about it
@pytest.mark.usefixtures("no_device")
def test_a_fallback_of_xgboost_to_the_cpu_is_an_error(problem):
    engine = ENGINES["xgboost"]
    bins = engine.bin(problem)

    with pytest.raises(FitError, match="device cpu instead of cuda"):
        engine.fit(bins, Penalty(), Growth(n_rounds=2, device="cuda"))
    with pytest.raises(FitError, match="device cpu instead of cuda"):
        engine.fit_default(problem, 0, 1, "cuda")


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_xgboost_is_asked_for_the_device(monkeypatch, problem, device):
    def booster(params, _sets):
        raise LookupError(params["device"])

    bins = ENGINES["xgboost"].bin(problem)
    monkeypatch.setattr(xgboost, "Booster", booster)

    with pytest.raises(LookupError, match=device):
        ENGINES["xgboost"].fit(bins, Penalty(), Growth(n_rounds=2, device=device))


@pytest.mark.usefixtures("no_device")
def test_a_run_whose_devices_vanish_fails_instead_of_using_the_cpu(
    study, monkeypatch, tmp_path
):
    monkeypatch.setattr(placement, "cards_here", lambda: TWO[:1])

    with pytest.raises(FitError, match="device cpu instead of cuda"):
        run_study(study(*ON_DEVICE), out=tmp_path)


def test_the_key_of_a_fit_on_the_cpu_is_that_of_older_journals():
    """The digest is of a version that knew no device."""
    fit = fit_of(penalty=Penalty(reg_alpha=0.5))

    assert fit.key("rows", {"numpy": "1"}) == (
        "5c8887471b6cde4494f22b06fe4142921c834a822fdb86c2a31f81b5e7860b83"
    )


def test_the_device_is_part_of_the_key_of_a_fit(reference):
    devices = ("cpu", "cuda", "Model", "Other")

    assert len({fit_of(device=one).key("rows", {}) for one in devices}) == 4
    assert len({reference(device=one) for one in devices}) == 4
    assert reference() == reference(device="cpu")


def test_all_work_of_a_plan_is_on_the_model_of_its_devices(study):
    plan = Plan(study(*ON_DEVICE)).on(TWO)

    assert plan.limits.device == "Model"
    assert plan.refit("xgboost", None, Penalty(), 3).device == "Model"
    assert {work.device for work in plan.references()} == {"Model"}
    assert versions_of(plan)["CUDA device"] == "Model"
    assert "CUDA device" not in versions_of(Plan(study()))


def test_a_plan_has_one_worker_per_device(study, monkeypatch):
    monkeypatch.setattr(placement, "cards_here", lambda: TWO)
    plan = placed(study(*ON_DEVICE))

    assert count_workers(plan) == 2


@pytest.mark.parametrize("dask", [None, "tcp://127.0.0.1:8786"])
def test_a_budget_is_refused_if_only_a_cluster_has_the_devices(study, dask):
    changes = [*ON_DEVICE, "budget=90"]
    if dask is None:
        changes.append("compute.executor={dask: 'tcp://127.0.0.1:8786'}")

    with pytest.raises(StudyError, match=r"budget: fits are timed here"):
        placed(study(*changes), dask)


def test_each_worker_sees_one_device(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert each_alone(TWO) == (
        {"CUDA_VISIBLE_DEVICES": "0"},
        {"CUDA_VISIBLE_DEVICES": "1"},
    )

    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,GPU-7")
    last = WorkerProcess((), 1, CallLimits(), each_alone(TWO)[1])
    try:
        assert last.call(os.getenv, ("CUDA_VISIBLE_DEVICES",), {}) == "GPU-7"
    finally:
        last.close()


def test_workers_are_at_most_the_devices():
    assert LocalExecutor(cards=TWO).workers == 2
    assert LocalExecutor(1, cards=TWO).workers == 1
    with pytest.raises(RunError, match=r"at most the number of CUDA devices, 2.*got 3"):
        LocalExecutor(3, cards=TWO)


def test_devices_of_different_models_are_refused():
    assert model_of(TWO) == "Model"
    with pytest.raises(RunError, match=r"different models.*Model, Other"):
        model_of((*TWO, Card("Other", "c")))


def test_the_driver_lists_devices_by_name_and_uuid(driver):
    driver("H100", "A100")

    assert devices.listed_cards() == (
        Card("H100", "00000000-0000-0000-0000-000000000000"),
        Card("A100", "00000000-0000-0000-0000-000000000001"),
    )


def test_a_driver_without_a_device_is_reported_with_what_was_hidden(
    driver, monkeypatch
):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    driver(status=100)

    with pytest.raises(RunError, match=r"status 100, and CUDA_VISIBLE_DEVICES is '-1'"):
        devices.listed_cards()


@pytest.mark.usefixtures("no_device")
def test_a_device_that_xgboost_does_not_use_is_reported(driver):
    driver("H100")

    with pytest.raises(RunError, match=r"device cpu instead of cuda\. .* lists: H100"):
        devices.find_cards()


def test_xgboost_without_cuda_is_reported(driver, monkeypatch):
    driver("H100")
    monkeypatch.setattr(xgboost, "build_info", lambda: {"USE_CUDA": False})

    with pytest.raises(RunError, match=r"XGBoost \d.* was built without CUDA\."):
        devices.find_cards()


# With a device


@pytest.fixture(scope="module")
def device():
    """Return the devices of this machine."""
    try:
        return cards_here()
    except RunError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def device_run(device, tmp_path_factory):
    """Return the folder of a run of the small study on a device."""
    folder = tmp_path_factory.mktemp(f"on-{len(device)}")
    (folder / "small.yaml").write_text(SMALL)
    study = load_study(folder / "small.yaml", ON_DEVICE)
    return run_study(study, out=folder, workers=1)


def test_a_run_on_a_device_gives_the_same_bytes_twice(device_run, study, tmp_path):
    again = run_study(study(*ON_DEVICE), out=tmp_path, workers=1)

    assert_same_run(device_run, again)


def test_a_page_names_the_device(device_run, device):
    page = (device_run / "report.html").read_text("utf-8")

    assert "device of XGBoost" in page
    assert device[0].name in page


def test_a_run_on_a_device_has_nearly_the_losses_of_the_cpu(
    device_run, study, tmp_path
):
    here = run_study(study(ON_DEVICE[0]), out=tmp_path, workers=1)

    found, expected = (
        results_of(run)["engines"]["xgboost"] for run in (device_run, here)
    )
    for name in ("default", "unpenalised", "best"):
        loss = expected[name]["outer"]["loss"]
        assert found[name]["outer"]["loss"] == pytest.approx(loss, rel=0.01)


@pytest.fixture(scope="module")
def on_device(device):
    """Return an executor whose worker has a device."""
    with LocalExecutor(1, preload=PRELOAD, cards=device) as executor:
        yield executor


@pytest.mark.parametrize("kind", OBJECTIVES)
@pytest.mark.parametrize("max_leaves", [16, None])
def test_a_fit_on_a_device_has_nearly_the_losses_of_the_cpu(
    on_device, kind, max_leaves, tmp_path
):
    table = make_table(kind, 4000, weighted=True, missing=True)
    splits = make_splits(table, outer={"holdout": 0.2}, inner={"folds": 2}, seed=0)
    dataset = Dataset(table, splits, make_objective(kind))
    dataset.save(tmp_path)
    penalty = Penalty(
        reg_lambda=0.0 if kind == "absolute_error" else 1.0,
        max_leaves=max_leaves,
        min_split_gain=0.1,
        min_child_weight=5.0,
    )
    here, there = (
        FitWork(fit_of(penalty=penalty, n_rounds=20, device=one))
        for one in ("cpu", "cuda")
    )

    found = there.decode(on_device.submit(run_work, str(tmp_path), there).result())

    expected = here.decode(here.run(dataset))
    assert found.valid_loss == pytest.approx(expected.valid_loss, rel=0.01)
    assert found.train_loss == pytest.approx(expected.train_loss, rel=0.01)
