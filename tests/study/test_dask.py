"""A Dask cluster gives the same bytes as this machine, and may lose a worker."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from runs import (
    SMALL,
    assert_same_run,
    crash,
    preload_nothing,
    results_of,
    table_of,
)

from boostreg.errors import RunError, StudyError
from boostreg.fits.dask import DaskExecutor, check_address
from boostreg.fits.devices import Card
from boostreg.study.load import load_study
from boostreg.study.runner import run_study

distributed = pytest.importorskip("distributed", reason="needs boostreg[dask]")


SHARED = """
name: shared
data: {source: "sklearn:diabetes", target: target}
engines: [xgboost]
rounds: {max: 2}
search:
  trials: 2
  fixed: {learning_rate: 0.3, max_leaves: 4}
  space: {reg_lambda: {low: 1, high: 9}}
validation: {outer: {holdout: 0.25}, inner: {folds: 3}}
paths: {penalties: [reg_lambda], points: 2}
baselines: [mean]
effects: {points: 0}
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    path = tmp_path_factory.mktemp("study") / "small.yaml"
    path.write_text(SMALL)
    return path


@pytest.fixture(scope="module")
def started():
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
    ) as made:
        yield made


@pytest.fixture
def cluster(started):
    """Return the cluster with both workers: one that a test lost starts anew."""
    with distributed.Client(started.scheduler_address) as client:
        client.wait_for_workers(2, timeout=60)
    return started


def test_a_native_crash_fails_alone(cluster, tmp_path):
    (tmp_path / "empty").write_text("")
    with distributed.Client(cluster) as client:
        client.run(preload_nothing)  # each crash starts another child
    with DaskExecutor(cluster.scheduler_address) as executor:
        data = executor.share(tmp_path)
        # Functions of the form fn(folder, ...), importable by any child.
        bad = executor.submit(crash, data)
        good = [executor.submit(os.path.join, data, name) for name in "abc"]

        assert [Path(one.result(60)).name for one in good] == ["a", "b", "c"]
        assert "crashed twice (signal" in str(bad.exception(60))


def test_the_same_study_gives_the_same_bytes_though_a_worker_is_lost(
    study, small_run, cluster, tmp_path
):
    """Only the fits of that worker are repeated."""
    journal = tmp_path / "small" / "journal.db-wal"

    def kill_one():
        while not journal.exists() or journal.stat().st_size < 100_000:
            time.sleep(0.02)
        os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
        killed.append(True)

    killed = []
    thread = threading.Thread(target=kill_one, daemon=True)
    thread.start()
    folder = run_study(study, out=tmp_path, dask=cluster.scheduler_address)

    assert killed
    assert_same_run(folder, small_run)


def test_each_worker_has_a_device_of_its_own(cluster, monkeypatch):
    def cards():
        return (Card("Model", str(os.getpid())), Card("Model", "unused"))

    monkeypatch.setattr("boostreg.fits.dask.cards_here", cards)
    with DaskExecutor(cluster.scheduler_address, device="cuda") as executor:
        assert len({card.uuid for card in executor.cards}) == 2
        assert "unused" not in {card.uuid for card in executor.cards}


@pytest.mark.parametrize(
    ("cards", "message"),
    [
        (lambda: (Card("Model", "a"),), "has the CUDA device of another worker"),
        (lambda: (Card(str(os.getpid()), str(os.getpid())),), "different models"),
    ],
    ids=["shared", "different"],
)
def test_workers_without_their_own_device_are_refused(
    cluster, monkeypatch, cards, message
):
    monkeypatch.setattr("boostreg.fits.dask.cards_here", cards)

    with pytest.raises(RunError, match=message):
        DaskExecutor(cluster.scheduler_address, device="cuda")


def test_a_worker_without_a_device_is_named(cluster, monkeypatch):
    def no_cards():
        raise RunError("No CUDA device was found.")

    monkeypatch.setattr("boostreg.fits.dask.cards_here", no_cards)

    with pytest.raises(RunError, match=r"Dask worker tcp://.*: No CUDA device"):
        DaskExecutor(cluster.scheduler_address, device="cuda")


def test_a_worker_of_several_threads_is_refused_a_device():
    with (
        distributed.LocalCluster(
            n_workers=1,
            threads_per_worker=2,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
        ) as cluster,
        pytest.raises(RunError, match="has 2 threads; start it with one"),
    ):
        DaskExecutor(cluster.scheduler_address, device="cuda")


def test_no_cluster_is_a_clear_error(monkeypatch):
    monkeypatch.setattr("boostreg.fits.dask._PATIENCE", 1.0)
    with pytest.raises(
        RunError, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:1"
    ):
        DaskExecutor("tcp://127.0.0.1:1")


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("tcp://10.0.0.5:8786", "open to other machines without TLS"),
        ("10.0.0.5:8786", "must be tcp://HOST:PORT or tls://HOST:PORT"),
        ("tcp://localhost:many", "must be tcp://HOST:PORT"),
        ("tcp://[::1:8786", "must be tcp://HOST:PORT"),
        ("", "must be tcp://HOST:PORT or tls://HOST:PORT, got ''"),
    ],
)
def test_addresses_that_strangers_reach_are_refused(address, message):
    with pytest.raises(StudyError, match=message):
        check_address(address, allow_insecure=False)


@pytest.mark.parametrize("address", ["", "nowhere", "tcp://h:1" + "0" * 2000])
def test_an_address_given_beside_the_study_is_checked_alike(write, tmp_path, address):
    path = write("name: x\ndata: {source: sklearn:diabetes, target: target}\n")

    with pytest.raises(StudyError, match=r"A Dask address must be"):
        run_study(path, out=tmp_path, dask=address)


def test_networks_that_one_trusts_are_taken():
    check_address("tcp://10.0.0.5:8786", allow_insecure=True)
    check_address("tls://10.0.0.5:8786", allow_insecure=False)
    check_address("tcp://127.0.0.1:8786", allow_insecure=False)


def test_a_study_whose_fits_two_workers_share_has_the_results_of_one(cluster, tmp_path):
    """To a percent: only bins of columns with more than 256 values may differ."""
    path = tmp_path / "shared.yaml"
    path.write_text(SHARED)
    alone = run_study(path, out=tmp_path / "alone", workers=1)
    together = load_study(path, ["compute.machines=2"])

    folder = run_study(together, out=tmp_path, dask=cluster.scheduler_address)

    rows, others = (table_of(one / "trials.csv") for one in (folder, alone))
    losses = [[float(row["loss"]) for row in table] for table in (rows, others)]
    assert losses[0] == pytest.approx(losses[1], rel=0.01)
    results = results_of(folder)
    assert results["study"]["compute"]["machines"] == 2
    assert "trained on 2 machines" in (folder / "report.html").read_text("utf-8")
