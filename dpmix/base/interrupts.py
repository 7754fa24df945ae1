"""Signals that wait: calls during which no handler of the program may raise.

Numba hands a NumPy Generator to compiled code by way of ``ctypes.cast``, which is Python code: a handler that
raises in there, as that of Ctrl-C does, leaves a null pointer behind that Numba does not look at, and the
process dies of it, a notebook with all that it holds. So such calls are made with the handlers put off.
"""

import contextlib
import signal
import threading

__all__ = ["handlers_put_off"]

# Those that programs use to raise: Ctrl-C, an end that is asked for, a terminal that hangs up, alarms, their own.
_SIGNALS = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
]


@contextlib.contextmanager
def handlers_put_off():
    """Within the block signals are only noted; what the program does about them is done at its end.

    Python calls handlers in the main thread alone, so in others there is nothing to put off.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    noted, before, is_inside = [], {}, True

    def note(number, frame):
        if is_inside:
            noted.append((number, frame))
        else:  # the handler of another signal has raised before this one was put back
            before[number](number, frame)

    try:
        for number in _SIGNALS:
            handler = signal.getsignal(number)
            if callable(handler):
                before[number] = handler
                signal.signal(number, note)
        yield
    finally:
        is_inside = False
        for number, handler in before.items():
            signal.signal(number, handler)
        for number, frame in noted:
            before[number](number, frame)
