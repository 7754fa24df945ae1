"""Files that outlive kills, full disks and second writers.

A file is written under a temporary name beside its place, flushed to the disk and renamed, so that
its place holds the old content or the new one, never a part. A `WriterLock` keeps a second process
from writing in the same folder; it goes away with the process that holds it.
"""

import os
import re
import secrets
import sys
import weakref

from dpmix.base.errors import RunError

try:
    import fcntl
except ImportError:
    fcntl = None

__all__ = ["LOCK_NAME", "WriterLock", "is_leftover", "replace_files"]

LOCK_NAME = ".lock"
_LEFTOVER = re.compile(r"\.(run\.json|data\.npy|chain-\d{3,}\.npz)\.[0-9a-f]{8}\.part")


def replace_files(folder, writers):
    """Write files of `folder` so that each is replaced as a whole, and none before all are written.

    Parameters
    ----------
    folder : pathlib.Path
    writers : dict of str to callable
        For each file name a function that writes its content to a binary file open for writing and
        reading. The files are put in place in this order.

    Raises
    ------
    OSError
        As from the operating system, for instance for a full disk; the files are as they were.
    """
    staged = {}
    try:
        for name, write in writers.items():
            staged[name] = folder / f".{name}.{secrets.token_hex(4)}.part"
            with open(staged[name], "x+b") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
        for name in writers:
            os.replace(staged[name], folder / name)
            del staged[name]
    finally:
        for path in staged.values():
            path.unlink(missing_ok=True)
    _sync_folder(folder)


def is_leftover(name):
    """Whether `name` is that of a temporary file, left by a process that was killed while writing."""
    return _LEFTOVER.fullmatch(name) is not None


class WriterLock:
    """The right to write in `folder`, held until `release` or the end of the process.

    Where the file system knows no locks nothing is held.

    Raises
    ------
    RunError
        It is held already, by another process or by this one.
    """

    def __init__(self, folder):
        descriptor = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o666)
        if not _try_lock(descriptor):
            os.close(descriptor)
            raise RunError(
                f"{folder} is in use: it is being written by another sampling or resume; "
                "wait for that to end, or stop it"
            )
        self._close = weakref.finalize(self, os.close, descriptor)
        _HELD.add(self)

    def release(self):
        """Let others write."""
        _HELD.discard(self)
        self._close()


_HELD = weakref.WeakSet()


def _try_lock(descriptor):
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        elif sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True
    return True


def _drop_inherited():
    """Close a forked child's copies of the locks, which would outlive a killed parent in it."""
    for lock in list(_HELD):
        lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_drop_inherited)


def _sync_folder(folder):
    """Flush the renames to the disk, where folders can be flushed."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        pass  # some network file systems refuse; the files themselves are safe
    finally:
        os.close(descriptor)
