"""Workers that crash, hang, grow, are killed or suspended cost only their own call."""

import ctypes
import operator
import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from boostreg.errors import FitError
from boostreg.fits.executor import LocalExecutor
from boostreg.fits.process import CallLimits

COORDINATOR = """
import os, sys, time
from boostreg.fits.executor import LocalExecutor
executor = LocalExecutor(workers=2)
print(*{
    executor.submit(os.getpid).result() for _ in range(50)
}, flush=True)
for seconds in map(float, sys.argv[1:]):
    executor.submit(time.sleep, seconds)
time.sleep(60)
"""

SUSPENDED = """
from boostreg.fits.executor import LocalExecutor
from boostreg.fits.process import CallLimits
WORK = "sum(__import__('time').sleep(0.02) or 1 for _ in range(20))"
with LocalExecutor(workers=1, limits=CallLimits(seconds=0.8)) as executor:
    executor.submit(abs, -1).result()
    future = executor.submit(eval, WORK)
    print("begun", flush=True)
    print(future.result(), flush=True)
"""

SIGNALLED = """
import signal, time
from boostreg.fits.executor import LocalExecutor
caught = []
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, _: caught.append(number))
executor = LocalExecutor(workers=2)
executor.start()
print("begun", flush=True)
future = executor.submit(eval, "__import__('time').sleep(0.4) or 7")
while len(caught) < 2:
    time.sleep(0.01)
executor.shutdown(wait=True, cancel_futures=False)
print("finished", future.result(), flush=True)
"""

INTERRUPTED = """
import signal, time
from boostreg.errors import FitError
from boostreg.fits.executor import LocalExecutor
executor = LocalExecutor(workers=2)
signal.signal(signal.SIGINT, lambda *_: executor.kill_now())
futures = [executor.submit(time.sleep, 60) for _ in range(2)]
while not futures[0].running():
    time.sleep(0.01)
print("begun", flush=True)
try:
    futures[0].result()
except FitError as error:
    print(error, flush=True)
"""


@pytest.fixture
def executor():
    with LocalExecutor(workers=2) as executor:
        yield executor


def wait_until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("call", "cause"),
    [
        ((ctypes.string_at, 0), "signal 11, SIGSEGV"),
        ((os.abort,), "signal 6, SIGABRT"),
        ((os._exit, 3), "exit code 3"),
        (
            (exec, "import os; os.kill(os.getpid(), 9)"),
            "signal 9, SIGKILL: out of memory",
        ),
    ],
    ids=["segfault", "abort", "exit", "kill"],
)
def test_a_crash_among_four_fails_alone(executor, call, cause):
    others = [executor.submit(time.sleep, 0.05) for _ in range(2)]
    crash = executor.submit(*call)
    others.append(executor.submit(operator.add, 1, 2))

    with pytest.raises(FitError, match=rf"worker process crashed twice \({cause}"):
        crash.result(timeout=20)
    assert [other.result(timeout=20) for other in others] == [None, None, 3]


def test_a_call_whose_worker_is_killed_once_succeeds(executor, tmp_path):
    mark = tmp_path / "pid"
    code = (
        f"import os, time, pathlib; path = pathlib.Path({str(mark)!r})\n"
        "if not path.exists():\n"
        "    path.write_text(str(os.getpid())); time.sleep(60)"
    )
    future = executor.submit(exec, code)
    wait_until(lambda: mark.exists() and mark.read_text())

    os.kill(int(mark.read_text()), signal.SIGKILL)

    assert future.result(timeout=20) is None


def test_an_idle_worker_that_is_killed_costs_nothing(executor):
    for _ in range(5):
        os.kill(executor.submit(os.getpid).result(timeout=20), signal.SIGKILL)

    assert executor.submit(operator.add, 1, 2).result(timeout=20) == 3


def test_crashes_leave_no_file_descriptor_and_no_process():
    """Of ours: a browser of other tests may be another child."""
    me = psutil.Process()
    others = me.children()
    executor = LocalExecutor(workers=2)
    executor.submit(abs, -1).result(timeout=20)
    wait_until(lambda: len(me.children()) == len(others) + 2)
    before = me.num_fds()

    for _ in range(3):
        executor.submit(os.abort).exception(timeout=20)

    executor.shutdown()
    assert me.num_fds() <= before
    assert me.children() == others


@pytest.mark.parametrize(
    "call",
    [(time.sleep, 60), (exec, "import ctypes; ctypes.PyDLL(None).sleep(60)")],
    ids=["python", "native, holding the interpreter"],
)
def test_a_call_past_its_time_fails_alone(call):
    with LocalExecutor(workers=2, limits=CallLimits(seconds=0.5)) as executor:
        begin = time.monotonic()
        slow = executor.submit(*call)
        others = [executor.submit(time.sleep, 0.1) for _ in range(6)]

        with pytest.raises(FitError, match=r"exceeded its limit of 0\.5 seconds\.$"):
            slow.result(timeout=20)
        assert time.monotonic() - begin < 5
        assert [other.result(timeout=20) for other in others] == [None] * 6


def test_each_call_has_its_own_time():
    with LocalExecutor(workers=1, limits=CallLimits(seconds=0.6)) as executor:
        futures = [executor.submit(time.sleep, 0.25) for _ in range(4)]

        assert [future.exception(timeout=20) for future in futures] == [None] * 4


def test_a_call_past_its_memory_fails_alone():
    grow = "import time; x = bytearray(b'x') * 200_000_000; time.sleep(60)"
    with LocalExecutor(workers=1, limits=CallLimits(memory=120_000_000)) as executor:
        future = executor.submit(exec, grow)

        with pytest.raises(FitError, match="exceeded its limit of 120 MB"):
            future.result(timeout=20)
        assert executor.submit(operator.add, 1, 2).result(timeout=20) == 3


@pytest.mark.parametrize("limits", [{"seconds": 0}, {"memory": -1}, {"seconds": 1e999}])
def test_impossible_limits_are_refused(limits):
    with pytest.raises(FitError, match=f"{next(iter(limits))} must be finite and > 0"):
        CallLimits(**limits)


@pytest.mark.parametrize("limits", [CallLimits(), CallLimits(seconds=0.6)])
def test_a_suspended_worker_goes_on(limits):
    with LocalExecutor(workers=1, limits=limits) as executor:
        pid = executor.submit(os.getpid).result(timeout=20)
        future = executor.submit(eval, "__import__('time').sleep(0.2) or 7")
        time.sleep(0.05)
        os.kill(pid, signal.SIGSTOP)
        time.sleep(1.2)
        os.kill(pid, signal.SIGCONT)

        assert future.result(timeout=20) == 7


def test_a_suspended_run_goes_on_though_twice_its_time_has_passed(run_script):
    script = run_script(SUSPENDED, start_new_session=True)
    assert script.stdout.readline() == "begun\n"
    time.sleep(0.1)

    os.killpg(script.pid, signal.SIGSTOP)
    time.sleep(1.7)
    os.killpg(script.pid, signal.SIGCONT)

    assert script.stdout.readline() == "20\n"


@pytest.mark.parametrize("busy", [[], [60, 60]], ids=["idle", "busy"])
def test_workers_leave_when_their_coordinator_is_killed(run_script, busy):
    script = run_script(COORDINATOR, *busy)
    pids = [int(pid) for pid in script.stdout.readline().split()]
    assert pids
    time.sleep(0.1)

    script.kill()
    script.wait()

    wait_until(lambda: not any(alive(pid) for pid in pids))


def alive(pid):
    state = Path(f"/proc/{pid}/stat")
    try:
        return state.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("delay", [0, 0.02, 0.15])
def test_signals_to_the_whole_group_leave_work_in_flight(run_script, delay):
    """At every moment of a worker's start too."""
    script = run_script(SIGNALLED, start_new_session=True)
    assert script.stdout.readline() == "begun\n"
    time.sleep(delay)

    os.killpg(script.pid, signal.SIGINT)
    os.killpg(script.pid, signal.SIGTERM)

    assert script.stdout.readline() == "finished 7\n"
    assert script.wait(10) == 0


def test_a_signal_handler_may_kill_and_be_hurried(run_script):
    script = run_script(INTERRUPTED)
    assert script.stdout.readline() == "begun\n"

    for _ in range(3):
        script.send_signal(signal.SIGINT)

    assert script.stdout.readline() == "The fit was stopped with its run.\n"
    assert script.wait(10) == 0
