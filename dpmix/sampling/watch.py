"""Nothing waits for ever: what is watched and keeps silent for too long is ended.

One thread of the program counts the seconds. It counts its own turns, not the clock: a program that is stopped
(Ctrl-Z) or a machine that sleeps has not waited, and finds its workers as it left them.
"""

import contextlib
import os
import threading
import time

__all__ = ["TICK", "watched"]

TICK = 0.25  # seconds between looks

_watches = set()
_state = {"lock": threading.Lock(), "looking": False}


class Watch:
    """Something that is to be heard of every so many seconds."""

    def __init__(self, seconds, end):
        self.seconds, self.end, self.silent = seconds, end, 0.0

    def heard(self):
        """It gave a sign of life."""
        self.silent = 0.0


@contextlib.contextmanager
def watched(seconds, end):
    """Within the block, call `end()` once, from another thread, if nothing is heard for so many `seconds`.

    Yields
    ------
    Watch
        Its ``heard()`` begins the seconds anew.
    """
    watch = Watch(seconds, end)
    with _state["lock"]:
        _watches.add(watch)
        if not _state["looking"]:
            threading.Thread(target=_look, name="dpmix-watch", daemon=True).start()
            _state["looking"] = True
    try:
        yield watch
    finally:
        with _state["lock"]:
            _watches.discard(watch)


def _look():
    while True:
        time.sleep(TICK)
        with _state["lock"]:
            if not _watches:
                _state["looking"] = False
                return
            for watch in list(_watches):
                watch.silent += TICK
                if watch.silent >= watch.seconds:
                    _watches.discard(watch)
                    watch.end()


def _forget():
    """In a fork of the program, which has neither the thread nor what it watches."""
    _watches.clear()
    _state.update(lock=threading.Lock(), looking=False)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
