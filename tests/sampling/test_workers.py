"""Worker processes: what they return, how they die, and that they never stay behind.

Calls run `exec`, `eval` and functions of the standard library, which every worker can import.
"""

import math
import os
import pickle
import signal
import subprocess
import sys
import time
import traceback
from concurrent.futures import CancelledError, wait
from pathlib import Path

import pytest

from dpmix.base.errors import InputError, WorkerError
from dpmix.sampling import worker_process
from dpmix.sampling.workers import ProcessWorkers, WorkerDied, available_cores
from support.processes import busy_pid, gone, run, script, start, wait_until

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")


@pytest.fixture
def pair():
    with ProcessWorkers(2) as executor:
        yield executor
        executor.kill()  # a failing test leaves calls in progress


def test_results_come_back_in_order_from_other_processes(pair):
    assert list(pair.map(math.factorial, range(50))) == [math.factorial(i) for i in range(50)]
    assert pair.submit(dict, a=1).result() == {"a": 1}
    assert pair.submit(os.getpid).result() != os.getpid()


def test_a_worker_is_kept_for_further_calls():
    with ProcessWorkers(3) as executor:
        assert len({executor.submit(os.getpid).result() for _ in range(10)}) <= 2
        assert len({future.result() for future in [executor.submit(os.getpid) for _ in range(60)]}) <= 3
    with ProcessWorkers(1) as executor:
        assert len({future.result() for future in [executor.submit(os.getpid) for _ in range(20)]}) == 1


def test_exception_carries_the_traceback_of_the_worker(pair):
    with pytest.raises(ValueError, match="factorial") as caught:
        pair.submit(eval, "__import__('math').factorial(-1)").result()
    shown = "".join(traceback.format_exception(caught.value))
    assert "In the worker process" in shown
    assert 'File "<string>", line 1' in shown


@pytest.mark.parametrize(
    ("function", "argument", "error", "text"),
    [
        (eval, "lambda: 0", (pickle.PicklingError, AttributeError), "lambda"),
        (lambda: 0, None, (pickle.PicklingError, AttributeError), "lambda"),
        (exec, "class Odd(Exception): pass\nraise Odd('the reason')", RuntimeError, "Odd: the reason"),
        (
            exec,
            "from dpmix.sampling.workers import WorkerDied\nWorkerDied.__reduce__ = 1\nraise WorkerDied(3)",
            RuntimeError,
            "3",
        ),
        (exec, "raise SystemExit(3)", SystemExit, "3"),
        (exec, "raise KeyboardInterrupt('x')", KeyboardInterrupt, "x"),
    ],
    ids=["result", "function", "local exception", "exception", "SystemExit", "KeyboardInterrupt"],
)
def test_what_cannot_be_pickled_or_ends_a_process_fails_one_call(function, argument, error, text):
    with ProcessWorkers(1) as executor:
        pid = executor.submit(os.getpid).result()
        with pytest.raises(error, match=text):
            executor.submit(function, argument).result(timeout=10)
        assert executor.submit(os.getpid).result() == pid


@posix_only
def test_a_killed_worker_costs_its_own_call_only(pair, tmp_path):
    doomed, pid = busy_pid(pair, tmp_path / "pid")
    other = pair.submit(eval, "(__import__('time').sleep(0.5), __import__('os').getpid())[1]")
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(WorkerDied, match="SIGKILL") as caught:
        doomed.result(timeout=3)
    assert (caught.value.exitcode, caught.value.signal) == (-9, "SIGKILL")
    assert gone(pid)
    assert not other.done()
    assert other.result() != pid
    assert len(list(pair.map(math.sqrt, range(10)))) == 10


@posix_only
def test_workers_ignore_ctrl_c():
    with ProcessWorkers(1) as executor:
        pid = executor.submit(os.getpid).result()
        assert executor.submit(os.kill, pid, signal.SIGINT).result() is None
        assert executor.submit(os.getpid).result() == pid


def test_a_worker_that_ends_by_itself_tells_its_exit_status(pair):
    with pytest.raises(WorkerDied, match="exit status 3") as caught:
        pair.submit(os._exit, 3).result()
    assert (caught.value.exitcode, caught.value.signal) == (3, None)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.exitcode) == (str(caught.value), 3)


@posix_only
def test_a_worker_killed_while_idle_costs_nothing():
    with ProcessWorkers(1) as executor:
        pid = executor.submit(os.getpid).result()
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: gone(pid))
        time.sleep(0.1)  # until the server of the workers has noticed
        assert executor.submit(os.getpid).result() != pid


def test_shutdown_waits_or_cancels_like_the_standard_one():
    executor = ProcessWorkers(1)
    futures = [executor.submit(time.sleep, 0.05) for _ in range(4)]
    executor.shutdown()
    assert all(future.done() and future.exception() is None for future in futures)
    with pytest.raises(RuntimeError, match="shut down"):
        executor.submit(time.sleep, 0)
    executor = ProcessWorkers(1)
    futures = [executor.submit(time.sleep, 0.3) for _ in range(4)]
    wait_until(futures[0].running)
    executor.shutdown(wait=False, cancel_futures=True)
    assert len(wait(futures, timeout=5).done) == 4
    assert [future.cancelled() for future in futures] == [False, True, True, True]
    executor.shutdown()


@posix_only
def test_kill_ends_calls_in_progress_and_cancels_the_others(tmp_path):
    executor = ProcessWorkers(1)
    running, pid = busy_pid(executor, tmp_path / "pid")
    pending = executor.submit(time.sleep, 0)
    begun = time.monotonic()
    executor.kill()
    assert time.monotonic() - begun < 2
    assert gone(pid)
    with pytest.raises(WorkerDied):
        running.result(timeout=0)
    with pytest.raises(CancelledError):
        pending.result(timeout=0)
    with pytest.raises(RuntimeError, match="shut down"):
        executor.submit(time.sleep, 0)


@posix_only
def test_leaving_by_an_exception_kills(tmp_path):
    begun = time.monotonic()
    with pytest.raises(ZeroDivisionError), ProcessWorkers(1) as executor:
        future, pid = busy_pid(executor, tmp_path / "pid")
        1 / 0  # noqa: B018
    assert time.monotonic() - begun < 5
    assert gone(pid)
    assert isinstance(future.exception(timeout=0), WorkerDied)


BLAS_THREADS = """[
    __import__("numpy").zeros(1),
    *(library["num_threads"] for library in __import__("threadpoolctl").threadpool_info()),
][1:]"""


@pytest.mark.parametrize(("jobs", "asked"), [(1, None), (2, None), (1, "1"), (1, "1000000")])
def test_workers_share_the_cores(monkeypatch, jobs, asked):
    for name in worker_process.THREAD_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    if asked:
        monkeypatch.setenv("OMP_NUM_THREADS", asked)
    share = 1 if asked == "1" else max(1, available_cores() // jobs)
    with ProcessWorkers(jobs) as executor:
        found = executor.submit(eval, BLAS_THREADS).result()
        assert found
        assert max(found) == min(share, 64)  # the most that NumPy's OpenBLAS is built for
        assert executor.submit(os.getenv, "OMP_NUM_THREADS").result() == str(share)


def test_workers_have_the_environment_and_import_path_of_the_program(monkeypatch):
    monkeypatch.setenv("DPMIX_TEST", "set after the server started")
    with ProcessWorkers(1) as executor:
        assert executor.submit(os.getenv, "DPMIX_TEST").result() == "set after the server started"
        assert executor.submit(os.getenv, "PYTHONSAFEPATH").result() == os.environ.get("PYTHONSAFEPATH")
        assert executor.submit(eval, "__import__('sys').path").result() == sys.path


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_no_file_descriptor_is_left_open():
    def use():
        with ProcessWorkers(2) as executor:
            list(executor.map(math.sqrt, range(6)))
            executor.submit(os._exit, 1).exception()
        with ProcessWorkers(1) as executor:
            executor.submit(math.sqrt, 2).result()
            executor.kill()

    use()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        use()
    assert len(os.listdir("/proc/self/fd")) == before


def test_workers_that_cannot_start_are_an_error_not_a_loop(monkeypatch):
    monkeypatch.setattr(worker_process, "serve", os._exit)  # takes no such arguments
    with (
        ProcessWorkers(1) as executor,
        pytest.raises(WorkerError, match="exit status 1, after 3 attempts") as caught,
    ):
        executor.submit(math.sqrt, 2).result(timeout=10)
    assert not isinstance(caught.value, WorkerDied)


def test_workers_from_another_installation_are_refused(monkeypatch):
    monkeypatch.setattr(worker_process, "__file__", "/elsewhere/dpmix/worker_process.py")
    with ProcessWorkers(1) as executor, pytest.raises(WorkerError, match="this program at .*elsewhere"):
        executor.submit(math.sqrt, 2).result(timeout=10)


@pytest.mark.parametrize("jobs", [0, -1, 1.5, True, None])
def test_jobs_is_checked(jobs):
    with pytest.raises(InputError, match="jobs"):
        ProcessWorkers(jobs)


LIGHT = "preload=['dpmix.sampling.workers']"  # spares each script the import of the compiler

UNGUARDED = """
    import math, multiprocessing, os
    from dpmix.sampling.workers import ProcessWorkers
    print("the script runs")
    with ProcessWorkers(2, {options}) as executor:
        print(list(executor.map(math.factorial, range(4))))
        print(executor.submit(eval, "__import__('sys').modules['__main__'].__dict__.get('UNSEEN')").result())
    UNSEEN = 1
    print(multiprocessing.get_start_method(allow_none=True), multiprocessing.active_children())
    """
UNGUARDED_SAYS = "the script runs\n[1, 1, 2, 6]\nNone\nNone []\n"


@pytest.mark.parametrize("options", ["", LIGHT, "start_method='spawn'"])
def test_script_without_guard(tmp_path, options):
    assert run(UNGUARDED.format(options=options), tmp_path) == UNGUARDED_SAYS


def test_command_and_standard_input(tmp_path):
    text = script(UNGUARDED.format(options=LIGHT))
    command = start(["-c", text], tmp_path)
    typed = start([], tmp_path, stdin=subprocess.PIPE)
    assert typed.communicate(text, timeout=20) == (UNGUARDED_SAYS, "")
    assert command.communicate(timeout=20) == (UNGUARDED_SAYS, "")


def test_modules_come_from_where_the_program_has_them(tmp_path):
    (tmp_path / "dpmix").mkdir()
    (tmp_path / "dpmix" / "__init__.py").write_text("raise SystemExit('the wrong dpmix')\n")
    (tmp_path / "scripts").mkdir()
    path = tmp_path / "scripts" / "script.py"
    path.write_text(script(UNGUARDED.format(options=LIGHT)))
    process = start([str(path)], tmp_path)
    assert process.communicate(timeout=20) == (UNGUARDED_SAYS, "")


def test_preloading_is_done_once_and_its_failures_are_survived(tmp_path):
    (tmp_path / "once.py").write_text("import os\nPID = os.getpid()\n")
    (tmp_path / "bad.py").write_text("import os\nos._exit(1)\n")
    for name, expected in [("no_such_module", ""), ("bad", ""), ("once", "preloaded")]:
        text = f"""
            import os
            from dpmix.sampling.workers import ProcessWorkers
            with ProcessWorkers(1, preload=["{name}"]) as executor:
                pid = executor.submit(os.getpid).result()
                loaded = executor.submit(eval, "'{name}' in __import__('sys').modules").result()
                if loaded and executor.submit(eval, "__import__('{name}').PID").result() != pid:
                    print("preloaded")
            """
        assert run(text, tmp_path).strip() == expected


def test_a_program_that_forgets_shutdown_ends(tmp_path):
    text = """
        import time
        from dpmix.sampling.workers import ProcessWorkers
        executor = ProcessWorkers(2, preload=["dpmix.sampling.workers"])
        for _ in range(5):
            executor.submit(time.sleep, 99)
        executor.submit(time.sleep, 0)
        time.sleep(0.3)
        """
    assert run(text, tmp_path, timeout=10) == ""


BUSY = f"""
    import os, time
    from dpmix.sampling.workers import ProcessWorkers
    slow_pid = "(__import__('time').sleep(0.2), __import__('os').getpid())[1]"
    with ProcessWorkers(3, {LIGHT}) as executor:
        pids = [executor.submit(eval, slow_pid) for _ in range(3)]
        print(*(future.result() for future in pids), flush=True)
        future = executor.submit(time.sleep, 99)
        executor.submit(exec, "while True: pass")
        future.result()
    """


@posix_only
def test_nothing_outlives_a_killed_program(tmp_path):
    process = start(["-c", script(BUSY)], tmp_path)
    pids = [int(pid) for pid in process.stdout.readline().split()]
    assert len(pids) == 3
    time.sleep(0.2)
    assert not any(map(gone, pids))
    process.kill()
    # The end of its output means that nobody holds it open: neither workers nor the processes behind them.
    assert process.communicate(timeout=3) == ("", "")
    assert all(map(gone, pids))


@posix_only
def test_ctrl_c_comes_through_at_once_and_ends_the_workers(tmp_path):
    process = start(["-c", script(BUSY)], tmp_path)
    process.stdout.readline()
    time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all processes
    err = process.communicate(timeout=3)[1]
    assert process.returncode == -signal.SIGINT
    assert err.count("Traceback") == err.count("KeyboardInterrupt") == 1


@posix_only
def test_ctrl_c_while_workers_start_is_as_quiet(tmp_path):
    (tmp_path / "slow.py").write_text("import time\nprint('loading', flush=True)\ntime.sleep(1)\n")
    text = """
        import time
        from dpmix.sampling.workers import ProcessWorkers
        with ProcessWorkers(2, preload=["slow"]) as executor:
            executor.submit(time.sleep, 99).result()
        """
    process = start(["-c", script(text)], tmp_path)
    process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    err = process.communicate(timeout=6)[1]
    assert process.returncode == -signal.SIGINT
    assert err.count("Traceback") == err.count("KeyboardInterrupt") == 1
