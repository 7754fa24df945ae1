"""Ctrl-C in the middle of a sweep is an exception, at whatever moment it comes, and never the end of the process."""

import signal
import subprocess
import sys

import numba
import pytest

from dpmix.base.interrupts import handlers_put_off
from support.shell import environment

# Interrupted every 0.7 ms; what is drawn after an interrupt in the middle of a sweep does not matter here.
OFTEN = """
import signal, sys, time
import numpy as np
from dpmix.chain.moves import MOVES
from dpmix.chain.plan import Plan
from dpmix.chain.starts import start
from dpmix.chain.state import Chain
from dpmix.model.prior import Prior
from dpmix.model.table import BinaryTable

table = BinaryTable.from_input(np.random.default_rng(0).integers(0, 2, (40, 12)))
plan = Plan.checked(Prior(), 1, 4, None, None, "random:5", 0)
state = start(table, plan, None, 0)
chain, interrupted, armed = Chain(table, state), 0, False

def interrupt(number, frame):
    global armed
    if armed:
        armed = False
        raise KeyboardInterrupt

def move_all():
    for move in MOVES.values():
        move(chain, plan, 1)

move_all()
ended = time.monotonic() + 1.2
signal.signal(signal.SIGALRM, interrupt)
signal.setitimer(signal.ITIMER_REAL, 0.0007, 0.0007)
while time.monotonic() < ended:
    try:
        armed = True
        move_all()
        armed = False
    except KeyboardInterrupt:
        interrupted += 1
        chain = Chain(table, state)
signal.setitimer(signal.ITIMER_REAL, 0)
print(interrupted)
"""

posix = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs interval timers")


@posix
@pytest.mark.slow
@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="what must not be interrupted is compiled code")
def test_moves_that_are_interrupted_all_the_time_raise_and_never_crash():
    done = subprocess.run(
        [sys.executable, "-c", OFTEN], capture_output=True, text=True, env=environment(), timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 50


@posix
def test_signals_are_handled_at_the_end_of_the_block():
    happened, before = [], signal.getsignal(signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, lambda number, frame: happened.append("handled"))
    try:
        with handlers_put_off():
            signal.raise_signal(signal.SIGUSR1)
            happened.append("block")
        assert happened == ["block", "handled"]
        with pytest.raises(KeyboardInterrupt), handlers_put_off():
            signal.raise_signal(signal.SIGINT)
            happened.append("went on")
        assert happened[-1] == "went on"
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGUSR1, before)


@posix
def test_a_handler_that_raises_at_the_end_leaves_the_others_in_force(monkeypatch):
    """As where Ctrl-C comes when its own handler is back already and those of other signals are not."""
    happened, before = [], signal.getsignal(signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, lambda number, frame: happened.append("handled"))
    real = signal.signal

    def put_back(number, handler):
        real(number, handler)
        if handler is signal.default_int_handler:
            raise KeyboardInterrupt

    try:
        with pytest.raises(KeyboardInterrupt), handlers_put_off():
            monkeypatch.setattr(signal, "signal", put_back)
        monkeypatch.undo()
        signal.raise_signal(signal.SIGUSR1)
        assert happened == ["handled"]
    finally:
        monkeypatch.undo()
        signal.signal(signal.SIGUSR1, before)
