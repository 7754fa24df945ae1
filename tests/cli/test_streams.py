"""Streams that are closed, full or gone, and Ctrl-C while the program starts: quiet, and the right exit status."""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dpmix.base.files import WriterLock, is_held
from support.shell import environment, is_one_error, program

PROGRAM = f"{sys.executable} -m dpmix"
linux = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and locks")

STATUS = {
    # Whatever becomes of stderr changes nothing.
    "info RUN 2>/dev/full": 0,
    "info RUN 2>&-": 0,
    "info NOTHING 2>/dev/full": 2,
    "info NOTHING 2>&-": 2,
    "nonsense 2>/dev/full": 2,
    "fit digits -o FRESH --sweeps 2 --chains 1 --init one 2>/dev/full": 0,
    # Results that cannot be written are an error, except where the caller asked for none.
    "info RUN >/dev/full": 2,
    "--help >/dev/full": 2,
    "info --help >/dev/full": 2,
    "--version >/dev/full 2>/dev/full": 2,
    "info RUN >&-": 0,
    "info RUN >&- 2>&-": 0,
    "info RUN <&- >&- 2>&-": 0,
    "fit digits -o FRESH --sweeps 2 --chains 2 --jobs 2 --init one <&- >&- 2>&-": 0,
    # Setting and surroundings that nothing can be done with.
    "info RUN --json | head -c 1": 0,
}

QUICK = {
    "info NOTHING 2>/dev/full",
    "info RUN >/dev/full",
    "info RUN >&- 2>&-",
    "info RUN --json | head -c 1",
}


def shell(line, **options):
    """Run a line of the shell; its status is that of the program."""
    words = ["bash", "-c", f"{line}; exit ${{PIPESTATUS[0]}}"]
    return subprocess.run(words, capture_output=True, text=True, env=environment(), timeout=120, **options)


@linux
@pytest.mark.parametrize(
    "line", [line if line in QUICK else pytest.param(line, marks=pytest.mark.slow) for line in STATUS]
)
def test_exit_status(line, finished_run, tmp_path):
    places = {"RUN": finished_run, "NOTHING": tmp_path / "nothing", "FRESH": tmp_path / "fresh"}
    words = [str(places.get(word, word)) for word in line.split(" ")]
    done = shell(f"{PROGRAM} {' '.join(words)}")
    assert done.returncode in {STATUS[line], 141 if "head" in line else STATUS[line]}
    assert is_one_error(done.stderr) if done.returncode == 2 and "2>" not in line else done.stderr == ""
    if "FRESH" in line:
        assert program("info", tmp_path / "fresh").returncode == 0


@posix
def test_a_reader_that_has_seen_enough(finished_run):
    reading, writing = os.pipe()
    os.close(reading)
    done = program("info", finished_run, capture_output=False, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


ENVIRONMENTS = {
    "NUMBA_NUM_THREADS=0": "Numba cannot be loaded: Number of threads",
    "NUMBA_NUM_THREADS=many": "Numba cannot be loaded: Environment variable 'NUMBA_NUM_THREADS'",
}


@pytest.mark.slow
@pytest.mark.parametrize("command", ["info RUN", "fit digits -o FRESH"])
@pytest.mark.parametrize("setting", ENVIRONMENTS)
def test_settings_that_numba_refuses(setting, command, finished_run, tmp_path):
    words = [
        str({"RUN": finished_run, "FRESH": tmp_path / "fresh"}.get(word, word)) for word in command.split()
    ]
    name, value = setting.split("=")
    done = program(*words, env=environment() | {name: value})
    assert (done.returncode, done.stdout) == (2, "")
    assert is_one_error(done.stderr) and ENVIRONMENTS[setting] in done.stderr
    assert not (tmp_path / "fresh").exists()


@pytest.mark.slow
def test_a_display_that_matplotlib_does_not_know_is_none_that_commands_need(finished_run, tmp_path):
    picture = tmp_path / "trace.png"
    done = program(
        "plot", finished_run, "trace", "-o", picture, env=environment() | {"MPLBACKEND": "nonsense"}
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert picture.exists()


@pytest.mark.slow
@posix
def test_a_current_folder_that_is_gone(tmp_path):
    place = tmp_path / "gone"
    place.mkdir()
    done = shell(f"rmdir {place}; {PROGRAM} fit digits -o run --classes 2,3", cwd=place)
    assert (done.returncode, done.stdout) == (2, "") and is_one_error(done.stderr)


@pytest.mark.slow
@linux
def test_a_full_temporary_folder_does_not_matter_to_a_run_folder(tmp_path):
    done = program(
        *(
            "fit",
            "digits",
            "-o",
            tmp_path / "run",
            "--sweeps",
            "2",
            "--chains",
            "2",
            "--init",
            "one",
            "--quiet",
        ),
        env=environment() | {"TMPDIR": "/dev/full"},
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
@posix
def test_interrupted_while_it_starts(finished_run):
    """At many moments. In the first hundredths of a second it is Python that starts and looks for the package."""
    moments, quiet = random.Random(1), 0
    for milliseconds in range(0, 300, 15):
        process = subprocess.Popen(
            [sys.executable, "-m", "dpmix", "info", str(finished_run)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        time.sleep((milliseconds + moments.uniform(0, 10)) / 1000)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        if re.search(r"^Fatal Python error|^Traceback", err) and not re.search(
            r"dpmix/(cli|base|__main__)", err
        ):
            continue
        assert (process.returncode, err) in {(130, "dpmix: interrupted\n"), (-2, ""), (0, "")}, (
            milliseconds,
            err,
        )
        quiet += process.returncode == 130
    assert quiet >= 10


@pytest.mark.slow
@posix
def test_looking_takes_no_lock(small_posterior, tmp_path):
    """A writer that begins while others look is never refused, and what they see is right."""
    small_posterior.save(tmp_path / "run")
    looking = f"from dpmix.base.files import is_held\nwhile True: is_held({str(tmp_path / 'run')!r})"
    lookers = [subprocess.Popen([sys.executable, "-c", looking], env=environment()) for _ in range(2)]
    try:
        time.sleep(1)
        for _ in range(500):
            WriterLock(tmp_path / "run").release()
    finally:
        for looker in lookers:
            looker.kill()
            looker.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="where the lock can be looked at")
def test_who_holds_the_lock_is_seen_from_another_process(small_posterior, tmp_path):
    small_posterior.save(tmp_path / "run")
    look = f"from dpmix.base.files import is_held; print(is_held({str(tmp_path / 'run')!r}))"

    def seen():
        return subprocess.run(
            [sys.executable, "-c", look], capture_output=True, text=True, env=environment()
        ).stdout

    assert seen() == "False\n" and not is_held(tmp_path / "nothing")
    lock = WriterLock(tmp_path / "run")
    assert seen() == "True\n"
    lock.release()
    assert seen() == "False\n"


def test_no_verb_that_reads_asks_for_the_lock(finished_run, tmp_path, monkeypatch):
    from dpmix.cli import main
    from dpmix.store import run_folder

    def refuse(folder):
        raise AssertionError("asked for the lock")

    run = tmp_path / "run"
    shutil.copytree(finished_run, run)
    monkeypatch.setattr(run_folder, "WriterLock", refuse)
    digits = ["digits", "--classes", "2,3"]
    for line in (
        ["info", run],
        ["plot", run, "trace", "-o", tmp_path / "p.png"],
        ["partition", run, "--draws", "4"],
        ["complete", run, *digits, "--hide", "bottom", "--rows", "0:2", "-o", tmp_path / "c.png"],
        ["score", run, *digits],
    ):
        assert main([str(word) for word in line]) == 0
    with pytest.raises(AssertionError, match="asked for the lock"):
        main(["resume", str(run), "--sweeps", "30"])
