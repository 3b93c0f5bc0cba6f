"""Several workers of a Dask cluster share a fit: the same trees, and no hang."""

import time
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from problems import make_objective, make_table
from together import (
    contents,
    count_and_run,
    crash_alone,
    fail_alone,
    forget,
    sleep,
    sum_of_ranks,
)

from boostreg.data import make_splits
from boostreg.errors import DataError, RunError
from boostreg.fits import dask_worker
from boostreg.fits.dask import DaskExecutor
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import Fit
from boostreg.fits.process import CrashError
from boostreg.fits.work import FitWork, ModelWork, run_work
from boostreg.penalty import Penalty

distributed = pytest.importorskip("distributed", reason="needs boostreg[dask]")

SECONDS = 240


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(
        n_workers=4,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
    ) as made:
        yield made


@pytest.fixture(scope="module")
def two(cluster):
    with DaskExecutor(cluster.scheduler_address, machines=2) as executor:
        yield executor


@pytest.fixture(scope="module")
def four(cluster):
    with DaskExecutor(cluster.scheduler_address, machines=4) as executor:
        yield executor


def make_dataset(kind="squared_error", table=None):
    table = make_table(kind, missing=True) if table is None else table
    inner = {"folds": 4, "repeats": 1}
    splits = make_splits(table, outer={"holdout": 0.2}, inner=inner, seed=0)
    return Dataset(table, splits, make_objective(kind))


def real_table():
    """Return 2,000 rows whose columns have more distinct values than bins."""
    rng = np.random.default_rng(0)
    table = make_table(n_samples=2000)
    X = rng.normal(size=table.X.shape)
    y = 2 * X[:, 0] + np.sin(3 * X[:, 1]) + rng.normal(size=len(X))
    return replace(table, X=X, y=y)


FIT = Fit(
    outer=None,
    inner=0,
    engine="xgboost",
    penalty=Penalty(max_leaves=6),
    n_rounds=6,
    patience=None,
    seed=0,
)


def shared(executor, machines, dataset, folder, work):
    """Return the record of ``work`` on several machines, as bytes."""
    folder.mkdir()
    dataset.save(folder)
    one = replace(work, fit=replace(work.fit, machines=machines))
    return executor.submit_together(run_work, executor.share(folder), one)


def test_trees_of_integer_columns_do_not_depend_on_the_number_of_machines(
    two, four, tmp_path
):
    """At most 256 distinct values, and sums of gradients that float64 holds."""
    dataset, work = make_dataset(), ModelWork(FIT)
    alone = work.decode(work.run(dataset))

    on_two = shared(two, 2, dataset, tmp_path / "2", work)
    on_four = shared(four, 4, dataset, tmp_path / "4", work)

    assert work.decode(on_two.result(SECONDS)).content == alone.content
    assert work.decode(on_four.result(SECONDS)).content == alone.content


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("poisson", {}),
        ("softmax", {}),
        ("squared_error", {"colsample_bytree": 0.5}),
    ],
)
def test_losses_are_those_of_all_rows(two, tmp_path, kind, changes):
    dataset = make_dataset(kind)
    penalty = replace(FIT.penalty, **changes)
    work = FitWork(replace(FIT, penalty=penalty, n_rounds=4))
    alone = work.decode(work.run(dataset))

    found = shared(two, 2, dataset, tmp_path / "2", work).result(SECONDS)

    together = work.decode(found)
    np.testing.assert_allclose(together.train_loss, alone.train_loss, rtol=1e-5)
    np.testing.assert_allclose(together.valid_loss, alone.valid_loss, rtol=1e-5)


def test_bins_of_real_columns_change_a_test_loss_by_less_than_a_percent(four, tmp_path):
    dataset = make_dataset(table=real_table())
    work = FitWork(replace(FIT, n_rounds=10))
    alone = work.decode(work.run(dataset))

    found = work.decode(
        shared(four, 4, dataset, tmp_path / "data", work).result(SECONDS)
    )

    np.testing.assert_allclose(found.valid_loss, alone.valid_loss, rtol=0.01)


def test_drawn_rows_are_the_same_each_time_on_as_many_machines(two, tmp_path):
    penalty = replace(FIT.penalty, subsample=0.5, colsample_bytree=0.6)
    dataset, work = (
        make_dataset(table=real_table()),
        FitWork(replace(FIT, penalty=penalty)),
    )

    one = shared(two, 2, dataset, tmp_path / "data", work).result(SECONDS)
    two_ = shared(two, 2, dataset, tmp_path / "again", work).result(SECONDS)

    first, second = map(work.decode, (one, two_))
    np.testing.assert_array_equal(first.valid_loss, second.valid_loss)
    np.testing.assert_array_equal(first.train_loss, second.train_loss)


def test_a_lost_worker_repeats_only_its_fit(two, tmp_path):
    dataset, marks = make_dataset(), tmp_path / "marks"
    data = tmp_path / "data"
    marks.mkdir()
    data.mkdir()
    dataset.save(data)
    works = [FitWork(replace(FIT, inner=k, machines=2)) for k in range(3)]
    alone = [FitWork(replace(FIT, inner=k)).run(dataset) for k in range(3)]

    handle = two.share(data)
    calls = [
        two.submit_together(count_and_run, handle, work, str(marks), k == 1)
        for k, work in enumerate(works)
    ]
    records = [call.result(SECONDS) for call in calls]

    for work, record, expected in zip(works, records, alone, strict=True):
        curves = [work.decode(one).valid_loss for one in (record, expected)]
        np.testing.assert_array_equal(*curves)
    runs = Counter(mark.name[0] for mark in marks.iterdir() if mark.name != "killed")
    assert runs == {"0": 1, "1": 2, "2": 1}


def test_one_failed_machine_ends_the_call_of_all(two, tmp_path):
    """Its error is reported, not that of the others, and the next call works."""
    (tmp_path / "empty").touch()
    data = two.share(tmp_path)
    failed = two.submit_together(fail_alone, data, 1)

    with pytest.raises(DataError, match="rank 1 alone cannot read its rows"):
        failed.result(SECONDS)
    assert two.submit_together(sum_of_ranks, data).result(SECONDS) == (0, 2, 1.0)


def test_a_machine_that_always_crashes_fails_the_call(two, tmp_path, monkeypatch):
    monkeypatch.setattr("boostreg.fits.dask._RETRIES", 1)
    (tmp_path / "empty").touch()

    call = two.submit_together(crash_alone, two.share(tmp_path), 1)

    with pytest.raises(CrashError, match=r"on 2 machines failed 2 times: .*SIGSEGV"):
        call.result(SECONDS)


def test_a_stopped_run_does_not_wait_for_its_machines(cluster, tmp_path):
    marks, folder = tmp_path / "marks", tmp_path / "data"
    marks.mkdir()
    folder.mkdir()
    (folder / "empty").touch()
    executor = DaskExecutor(cluster.scheduler_address, machines=2)
    data = executor.share(folder)
    # Twice as many as the cluster runs at once.
    calls = [executor.submit_together(sleep, data, str(marks)) for _ in range(4)]
    while len(list(marks.iterdir())) < 2:
        time.sleep(0.05)
    stopped = time.monotonic()

    executor.kill_now()
    executor.shutdown(cancel_futures=True)

    assert time.monotonic() - stopped < SECONDS
    assert all("stopped with its run" in str(one.exception(0)) for one in calls)


def test_too_few_workers_are_counted(cluster):
    message = r"machines is 5, but the Dask cluster at .* has 4 workers; start more"
    with pytest.raises(RunError, match=message):
        DaskExecutor(cluster.scheduler_address, machines=5)


def test_a_worker_without_the_data_receives_it_in_pieces(
    cluster, four, tmp_path, monkeypatch
):
    monkeypatch.setattr(dask_worker, "_PIECE", 3)
    (tmp_path / "a").write_bytes(b"0123456789")
    (tmp_path / "b").write_bytes(b"")
    data = four.share(tmp_path)
    with distributed.Client(cluster) as client:
        client.run(forget, data.files)

    assert list(data.files.pieces(tmp_path))[3:] == [("a", 9, b"9"), ("b", 0, b"")]
    assert four.submit(contents, data).result(SECONDS) == [b"0123456789", b""]
