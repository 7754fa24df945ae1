"""Workers that hang: while they start, in the middle of a call, and after the program is gone.

What hangs is real: processes that are stopped, and calls into C that hold the interpreter, so that no thread of
the worker gets a turn.
"""

import os
import signal
import sys
import time

import pytest

from dpmix.base.errors import WorkerError
from dpmix.sampling import watch
from dpmix.sampling.workers import ProcessWorkers, WorkerDied
from support.processes import busy_pid, gone, run, script, start, wait_until

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for processes in /proc")

LIGHT = ["dpmix.sampling.workers"]  # spares the import of the compiler
HOLD = "__import__('ctypes').PyDLL(None).sleep({seconds})"  # in C, with the lock of the interpreter held
HANGS_IN_PREPARE = """
import os, pathlib, time
from dpmix.sampling import worker_process
def hang(*settings):
    pathlib.Path("pid").write_text(str(os.getpid()))
    time.sleep(99)
worker_process._prepare = hang
"""
HANGS_IN_IMPORT = "import time\nprint('importing', flush=True)\ntime.sleep(99)\n"


@pytest.mark.slow
def test_a_worker_that_never_gets_ready_is_ended_and_reported(tmp_path):
    (tmp_path / "hanging.py").write_text(HANGS_IN_PREPARE)
    text = """
        import os, time
        from dpmix.base.errors import WorkerError
        from dpmix.sampling.workers import ProcessWorkers
        begun = time.monotonic()
        try:
            with ProcessWorkers(1, preload=["hanging"], seconds_to_start=3) as workers:
                workers.submit(os.getpid).result()
        except WorkerError as error:
            print(error)
        print(time.monotonic() - begun < 12)
        """
    said, in_time = run(text, tmp_path).splitlines()
    assert said.startswith("a worker process was not ready 3 s after its start") and "jobs=1" in said
    assert in_time == "True"
    assert gone(int((tmp_path / "pid").read_text()))


@pytest.mark.slow
def test_a_server_that_hangs_in_an_import_is_replaced_by_one_without_it(tmp_path):
    (tmp_path / "hanging.py").write_text(HANGS_IN_IMPORT)
    text = """
        import math
        from dpmix.sampling.workers import ProcessWorkers
        with ProcessWorkers(1, preload=["hanging"], seconds_to_start=2) as workers:
            print(workers.submit(math.factorial, 3).result())
        """
    assert run(text, tmp_path).splitlines() == ["importing", "6"]


@pytest.mark.slow
def test_a_worker_without_a_sign_of_life_fails_its_call_and_no_other():
    with ProcessWorkers(1, seconds_silent=2) as workers:
        begun = time.monotonic()
        with pytest.raises(WorkerDied, match="no sign of life for 2 s and was ended") as caught:
            workers.submit(eval, HOLD.format(seconds=60)).result(timeout=20)
        assert time.monotonic() - begun > 1.5
        assert (caught.value.silence, caught.value.signal) == (2, "SIGKILL")
        assert workers.submit(eval, "1 + 1").result(timeout=20) == 2


@pytest.mark.slow
def test_a_worker_that_is_stopped_is_found_out_even_while_its_call_is_sent():
    with ProcessWorkers(1, seconds_silent=2) as workers:
        pid = workers.submit(os.getpid).result()
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(WorkerDied, match="no sign of life"):
            workers.submit(len, b"0" * (1 << 24)).result(timeout=20)  # more than a pipe takes
        assert gone(pid)


@pytest.mark.slow
@pytest.mark.parametrize("work", ["sleep(2.4)", "next(now for now in iter(monotonic, None) if now > {end})"])
def test_a_call_may_last_longer_than_silence(work):
    with ProcessWorkers(1, seconds_silent=1.6) as workers:
        begun = time.monotonic()
        names = {"sleep": time.sleep, "monotonic": time.monotonic}
        workers.submit(eval, work.format(end=begun + 2.4), names).result(timeout=60)
        assert time.monotonic() - begun > 1.6


@pytest.mark.slow
def test_seconds_do_not_pass_while_the_program_is_stopped(tmp_path):
    text = """
        import os, time
        from dpmix.sampling.workers import ProcessWorkers
        with ProcessWorkers(1, preload=["dpmix.sampling.workers"], seconds_silent=2) as workers:
            workers.submit(os.getpid).result()
            print("ready", flush=True)
            print(workers.submit(eval, "[__import__('time').sleep(0.01) for _ in range(200)][-1]").result())
        """
    process = start(["-c", script(text)], tmp_path)
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.3)
    os.killpg(process.pid, signal.SIGSTOP)  # Ctrl-Z: the workers too
    time.sleep(4)
    os.killpg(process.pid, signal.SIGCONT)
    assert process.communicate(timeout=20) == ("None\n", "")


def test_what_is_watched_is_ended_once_and_only_where_nothing_is_heard(monkeypatch):
    monkeypatch.setattr(watch, "TICK", 0.02)
    ended = []
    with watch.watched(0.1, lambda: ended.append("silent")):
        with watch.watched(0.3, lambda: ended.append("heard")) as heard:
            for _ in range(30):
                time.sleep(0.02)
                heard.heard()
        time.sleep(0.1)
    assert ended == ["silent"]
    wait_until(lambda: not watch._state["looking"])


def test_the_limit_holds_for_the_other_start_method(monkeypatch, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import time\ntime.sleep(20)")  # a start that takes long
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(watch, "TICK", 0.01)
    with (
        ProcessWorkers(1, start_method="spawn", seconds_to_start=0.5) as workers,
        pytest.raises(WorkerError, match="not ready 0.5 s after its start"),
    ):
        workers.submit(os.getpid).result(timeout=20)


# After the program


@pytest.mark.parametrize("what", ["call", pytest.param("import", marks=pytest.mark.slow)])
def test_nothing_outlives_a_killed_program_even_where_no_watching_thread_gets_a_turn(tmp_path, what):
    (tmp_path / "hanging.py").write_text(
        f"import os\nprint(os.getpid(), flush=True)\n{HOLD.format(seconds=30)}\n"
    )
    preload = "hanging" if what == "import" else LIGHT[0]
    text = f"""
        from dpmix.sampling.workers import ProcessWorkers
        with ProcessWorkers(1, preload=["{preload}"]) as workers:
            workers.submit(exec, "import sys; sys.path.insert(0, '.'); import hanging").result()
        """
    process = start(["-c", script(text)], tmp_path)
    pid = int(process.stdout.readline())
    time.sleep(0.3)
    assert not gone(pid)
    process.kill()
    wait_until(lambda: gone(pid), seconds=2)  # it would have slept for half a minute
    assert process.communicate(timeout=3) == ("", "")


@pytest.mark.slow
def test_a_fork_of_the_program_does_not_keep_its_server_alive(tmp_path):
    text = """
        import os, time, warnings
        warnings.simplefilter("ignore")
        from dpmix.sampling.workers import ProcessWorkers
        from multiprocessing import forkserver
        with ProcessWorkers(1, preload=["dpmix.sampling.workers"]) as workers:
            workers.submit(os.getpid).result()
        if os.fork() == 0:
            os.close(1), os.close(2)
            time.sleep(5)
            os._exit(0)
        print(forkserver._forkserver._forkserver_pid, flush=True)
        time.sleep(60)
        """
    process = start(["-W", "ignore", "-c", script(text)], tmp_path)
    server = int(process.stdout.readline())
    process.kill()
    wait_until(lambda: gone(server), seconds=4)
    process.communicate(timeout=15)  # the tracker of resources is shared, and waits for the fork


def test_ctrl_c_ends_workers_that_hang(tmp_path):
    future_pid = tmp_path / "pid"
    workers = ProcessWorkers(1)
    future, pid = busy_pid(workers, future_pid)
    os.kill(pid, signal.SIGSTOP)
    begun = time.monotonic()
    workers.kill()
    assert time.monotonic() - begun < 3 and gone(pid) and future.done()
