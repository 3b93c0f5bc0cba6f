"""Calls run in other processes, in order, and their futures behave."""

import importlib
import operator
import os
import pickle
import re
import statistics
import threading
import time

import numpy as np
import pytest

from boostreg.errors import FitError, PenaltyError, RunError
from boostreg.fits.executor import LocalExecutor
from boostreg.fits.process import count_cores
from boostreg.penalty import Penalty


@pytest.fixture
def executor():
    with LocalExecutor(workers=2) as executor:
        yield executor


def evaluate(executor, expression):
    """Submit an expression over the modules that it names."""
    modules = {"os", "sys", "time", "threading", "signal", "ctypes", "random"}
    prefix = "".join(
        f"({m} := __import__('{m}')), " for m in modules if m in expression
    )
    return executor.submit(
        eval, f"({prefix}({expression}))[-1]" if prefix else expression
    )


def test_results_come_back(executor):
    futures = [executor.submit(operator.mul, n, n) for n in range(100)]

    assert [future.result(timeout=20) for future in futures] == [
        n * n for n in range(100)
    ]
    assert list(executor.map(operator.neg, range(5))) == [0, -1, -2, -3, -4]
    assert executor.submit(int, "ff", base=16).result(timeout=20) == 255


def test_calls_run_in_other_processes_in_the_order_of_submit():
    with LocalExecutor(workers=1) as executor:
        stamps = [executor.submit(time.monotonic_ns) for _ in range(20)]
        pids = {executor.submit(os.getpid).result(timeout=20) for _ in range(3)}

    assert [s.result() for s in stamps] == sorted(s.result() for s in stamps)
    assert len(pids) == 1
    assert os.getpid() not in pids


def test_large_arrays_travel_both_ways(executor):
    large = np.arange(3_000_000.0)

    back = executor.submit(np.negative, large).result(timeout=20)

    np.testing.assert_array_equal(back, -large)


def test_our_own_errors_keep_their_kind_and_words(executor):
    future = executor.submit(Penalty, reg_alpha=-1.0)

    with pytest.raises(PenaltyError, match="reg_alpha must be a finite number >= 0"):
        future.result(timeout=20)
    assert "value.py" in future.exception().__notes__[0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ((operator.truediv, 1, 0), "ZeroDivisionError: division by zero$"),
        ((exec, "raise SystemExit(3)"), "SystemExit: 3$"),
        ((exec, "raise KeyboardInterrupt"), "KeyboardInterrupt$"),
        ((threading.Lock,), "TypeError: cannot pickle"),
        ((operator.not_, threading.Lock()), "TypeError: cannot pickle"),
        ((input,), "EOFError"),
    ],
)
def test_any_other_error_is_a_fit_error_and_the_worker_lives(executor, call, message):
    error = executor.submit(*call).exception(timeout=20)

    assert type(error) is FitError
    assert re.match(message, str(error))
    assert executor.submit(operator.add, 1, 2).result(timeout=20) == 3


def test_an_argument_that_workers_cannot_import_fails_alone(executor, tmp_path):
    (tmp_path / "fleeting.py").write_text("class Value: pass")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(tmp_path)
        executor.submit(operator.not_, 0).result(timeout=20)
        late = importlib.import_module("fleeting").Value()
        (tmp_path / "fleeting.py").unlink()
        error = executor.submit(operator.not_, late).exception(timeout=20)

    assert isinstance(error, FitError)


def test_workers_find_what_the_caller_finds(tmp_path):
    (tmp_path / "neighbour.py").write_text("def three(): return 3")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(tmp_path)
        three = importlib.import_module("neighbour").three
        with LocalExecutor(workers=1) as executor:
            assert executor.submit(three).result(timeout=20) == 3


def test_a_file_in_the_working_folder_shadows_nothing(tmp_path, monkeypatch):
    (tmp_path / "pickle.py").write_text("raise RuntimeError")
    monkeypatch.chdir(tmp_path)

    with LocalExecutor(workers=1) as executor:
        assert executor.submit(abs, -1).result(timeout=20) == 1


def test_a_function_of_main_is_refused(executor, monkeypatch):
    def mine():
        """Stand for a function of a script."""

    monkeypatch.setattr(mine, "__module__", "__main__")

    with pytest.raises(FitError, match="fn must be importable by name, got"):
        executor.submit(mine)


def test_a_worker_never_writes_to_standard_output(executor, capfd):
    executor.submit(os.write, 1, b"native noise\n").result(timeout=20)
    executor.submit(print, "python noise", flush=True).result(timeout=20)

    out, err = capfd.readouterr()
    assert out == ""
    assert ("native noise" in err, "python noise" in err) == (True, True)


def test_threads_are_limited_before_libraries_load():
    with LocalExecutor(workers=1, threads=3) as executor:
        seen = executor.submit(os.environ.get, "OMP_NUM_THREADS")
        value = executor.submit(os.getenv, "OPENBLAS_NUM_THREADS").result(timeout=20)

    assert value == "3"
    assert seen.done()


def test_modules_are_imported_ahead_of_work():
    with LocalExecutor(workers=1, preload=["colorsys"]) as executor:
        loaded = evaluate(executor, "'colorsys' in sys.modules")

        assert loaded.result(timeout=20)


def test_workers_that_cannot_start_fail_their_calls():
    with LocalExecutor(workers=1, preload=["no_such_module"]) as executor:
        future = executor.submit(abs, -1)

        with pytest.raises(FitError, match=r"could not start \(exit code 1\)\.$"):
            future.result(timeout=20)


def test_a_waiting_call_can_be_cancelled():
    with LocalExecutor(workers=1) as executor:
        executor.submit(time.sleep, 0.2)
        waiting = executor.submit(abs, -1)

        assert waiting.cancel()
    assert waiting.cancelled()


def test_shutdown_finishes_what_is_in_flight_and_drops_the_rest():
    executor = LocalExecutor(workers=1)
    first = evaluate(executor, "time.sleep(0.3) or 7")
    rest = [executor.submit(abs, -1) for _ in range(5)]
    while not first.running():
        time.sleep(0.01)

    executor.shutdown(wait=False, cancel_futures=True)

    assert all(future.cancelled() for future in rest)
    assert first.result(timeout=20) == 7
    executor.shutdown()


def test_leaving_a_block_waits_for_all():
    with LocalExecutor(workers=2) as executor:
        futures = [executor.submit(time.sleep, 0.05) for _ in range(6)]

    assert all(future.done() for future in futures)


def test_kill_now_fails_what_is_in_flight():
    executor = LocalExecutor(workers=2)
    flying = [executor.submit(time.sleep, 60) for _ in range(2)]
    waiting = executor.submit(abs, -1)
    while not all(future.running() for future in flying):
        time.sleep(0.01)
    time.sleep(0.2)

    executor.kill_now()

    for future in (*flying, waiting):
        with pytest.raises(FitError, match=r"^The fit was stopped with its run\.$"):
            future.result(timeout=2)
    executor.shutdown()


def test_kill_now_works_while_workers_start_and_before():
    LocalExecutor(workers=2).kill_now()
    executor = LocalExecutor(workers=2)
    future = executor.submit(time.sleep, 60)
    executor.kill_now()

    assert isinstance(future.exception(timeout=2), FitError)
    executor.shutdown()


def test_leaving_a_block_by_an_error_stops_all():
    futures = []

    def leave():
        with LocalExecutor(workers=1) as executor:
            futures.append(executor.submit(time.sleep, 60))
            raise KeyError

    with pytest.raises(KeyError):
        leave()

    assert futures[0].done()


def test_callbacks_may_submit():
    done = threading.Event()

    def follow(_):
        executor.submit(abs, -1).add_done_callback(lambda _: done.set())

    executor = LocalExecutor(workers=1)
    executor.submit(time.sleep, 0.1).add_done_callback(follow)

    assert done.wait(60)
    executor.shutdown()


@pytest.mark.parametrize("name", ["workers", "threads"])
def test_no_workers_or_threads_are_refused(name):
    with pytest.raises(RunError, match=f"{name} must be >= 1, got 0"):
        LocalExecutor(**{"workers": 1, name: 0})


def test_a_trivial_call_takes_well_below_ten_milliseconds(executor):
    """Typical is 0.15 ms; the bound leaves room for a busy machine."""
    times = []
    for _ in range(200):
        begin = time.perf_counter()
        executor.submit(abs, -1).result(timeout=20)
        times.append(time.perf_counter() - begin)

    assert statistics.median(times) < 0.01


@pytest.mark.parametrize(
    ("quota", "expected"), [("150000 100000", 2), ("50000 100000", 1), ("?", None)]
)
def test_cores_respect_a_container(tmp_path, quota, expected, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    (tmp_path / "cpu.max").write_text(quota)

    assert count_cores(tmp_path / "cpu.max") == (expected or 8)


def test_an_error_with_its_notes_survives_a_pickle():
    error = FitError("crashed")
    error.add_note("traceback")

    assert pickle.loads(pickle.dumps(error)).__notes__ == ["traceback"]  # noqa: S301
