"""Files that outlive kills, full disks and second writers.

A file is written under a temporary name beside its place, flushed to the disk and renamed, so that
its place holds the old content or the new one, never a part. A `WriterLock` keeps a second process
from writing in the same folder; it goes away with the process that holds it.
"""

import os
import re
import secrets
import struct
import sys
import weakref
from contextlib import contextmanager, suppress
from pathlib import Path

from dpmix.base.errors import RunError

try:
    import fcntl
except ImportError:
    fcntl = None

__all__ = ["LOCK_NAME", "FolderLost", "WriterLock", "is_held", "is_leftover", "is_writing", "replace_files"]

LOCK_NAME = ".lock"
_BY_DESCRIPTOR = {os.open, os.rename, os.unlink} <= os.supports_dir_fd  # not on Windows
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
    _replace(_Place(folder), writers)


class _Place:
    """A folder, by its path or, where `descriptor` is given, by what it is wherever it may be moved."""

    def __init__(self, path, descriptor=None):
        self.path, self.descriptor = path, descriptor

    def open_new(self, name):
        """A new file, open for writing and reading."""
        return open(self._at(name), "x+b", opener=self._open)

    def rename(self, name, new):
        """Put file `name` in the place of `new`."""
        os.replace(self._at(name), self._at(new), src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)

    def remove(self, name):
        """Remove file `name`, there or not."""
        with suppress(FileNotFoundError):
            os.unlink(self._at(name), dir_fd=self.descriptor)

    def _at(self, name):
        return self.path / name if self.descriptor is None else name

    def _open(self, name, flags):
        return os.open(name, flags, 0o666, dir_fd=self.descriptor)


def _replace(place, writers, check=lambda: None):
    """`replace_files` in a `_Place`; `check` is called when all is written and nothing in place yet."""
    staged = {}
    _STAGED.append(staged)
    try:
        for name, write in writers.items():
            staged[name] = f".{name}.{secrets.token_hex(4)}.part"
            with _named(place.path / name), place.open_new(staged[name]) as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
        check()
        for name in writers:
            place.rename(staged[name], name)
            del staged[name]
    finally:
        for part in staged.values():
            place.remove(part)
        _STAGED.remove(staged)
    _sync_folder(place)


@contextmanager
def _named(path):
    """Within the block, errors of the operating system name `path`, as writing to an open file does not."""
    try:
        yield
    except OSError as error:
        error.filename = str(path)
        raise


_STAGED = []  # temporary files of all that is being written


def is_writing():
    """Whether this process holds a folder or is about to replace files, and would leave something behind."""
    return bool(_STAGED or _HELD)


def is_leftover(name):
    """Whether `name` is that of a temporary file, left by a process that was killed while writing."""
    return _LEFTOVER.fullmatch(name) is not None


class FolderLost(RunError):
    """The folder that a process writes is no longer at its path."""


class WriterLock:
    """The right to write in `folder`, held until `release` or the end of the process.

    What is held is the folder itself, not its path: where that is moved, removed or replaced by another
    folder, writing is an error, and nothing is ever written into the other one. Where the file system knows
    no locks, a second writer is not noticed.

    Raises
    ------
    RunError
        It is held already, by another process or by this one.
    """

    def __init__(self, folder):
        self._folder = Path(os.path.abspath(folder))
        lock = os.open(self._folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o666)
        place = None
        try:
            if not _try_lock(lock):
                raise RunError(
                    f"{folder} is in use: it is being written by another sampling or resume; "
                    "wait for that to end, or stop it"
                )
            place = os.open(self._folder, os.O_RDONLY) if _BY_DESCRIPTOR else None
        except BaseException:
            os.close(lock)
            raise
        _mark_held(lock)
        self._lock, self._place = lock, _Place(self._folder, place)
        self._close = weakref.finalize(self, _close, lock, place)
        _HELD.add(self)

    def replace_files(self, writers):
        """`replace_files` in the folder that is held.

        Raises
        ------
        FolderLost
            The folder is no longer at its path; the files there, if any, are as they were.
        OSError
            As for the function.
        """
        self.check()
        _replace(self._place, writers, self.check)

    def check(self):
        """Raise FolderLost unless the folder that is held is still at its path, with its lock."""
        held = [(self._folder / LOCK_NAME, self._lock), (self._folder, self._place.descriptor)]
        for path, descriptor in held:
            try:
                if descriptor is None or os.path.samestat(os.stat(path), os.fstat(descriptor)):
                    continue
            except FileNotFoundError:
                pass
            raise FolderLost(
                f"{self._folder} is no longer the folder that this run began to write: it was moved, removed or "
                "replaced meanwhile, and nothing was written to what is there now"
            )

    def release(self):
        """Let others write."""
        _HELD.discard(self)
        self._close()


def _close(*descriptors):
    for descriptor in descriptors:
        if descriptor is not None:
            os.close(descriptor)


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


def is_held(folder):
    """Whether a process has the right to write in `folder` at this moment, as far as can be seen.

    Looking takes nothing: a writer that begins meanwhile is never refused for it. Where the operating system
    does not tell, the answer is False.
    """
    try:
        lock = os.open(Path(folder) / LOCK_NAME, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return False
    try:
        return (
            _TELLS and _flock_of(fcntl.fcntl(lock, fcntl.F_OFD_GETLK, _flock(fcntl.F_WRLCK))) != fcntl.F_UNLCK
        )
    except OSError:
        return False
    finally:
        os.close(lock)


# A second lock on the same file, of the kind that can be looked at without being taken. It keeps nobody out.
_TELLS = hasattr(fcntl, "F_OFD_GETLK")
_LINUX_FLOCK, _BSD_FLOCK = (
    "hhqqi",
    "qqihh",
)  # struct flock of fcntl.h: type, whence, start, length, process, or reversed


def _mark_held(lock):
    if _TELLS:
        with suppress(OSError):  # some network file systems make one lock of both, which then excludes itself
            fcntl.fcntl(lock, fcntl.F_OFD_SETLK, _flock(fcntl.F_WRLCK))


def _flock(kind):
    """The lock of a whole file, of `kind`, as ``fcntl`` takes it."""
    if sys.platform == "linux":
        return struct.pack(_LINUX_FLOCK, kind, os.SEEK_SET, 0, 0, 0)
    return struct.pack(_BSD_FLOCK, 0, 0, 0, kind, os.SEEK_SET)


def _flock_of(packed):
    """The kind of the lock that stands in the way, or F_UNLCK for none."""
    if sys.platform == "linux":
        return struct.unpack(_LINUX_FLOCK, packed)[0]
    return struct.unpack(_BSD_FLOCK, packed)[3]


def _drop_inherited():
    """Close a forked child's copies of the locks, which would outlive a killed parent in it."""
    for lock in list(_HELD):
        lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_drop_inherited)


def _sync_folder(place):
    """Flush the renames to the disk, where folders can be flushed."""
    if os.name != "posix":
        return
    descriptor = os.open(place.path, os.O_RDONLY) if place.descriptor is None else place.descriptor
    try:
        os.fsync(descriptor)
    except OSError:
        pass  # some network file systems refuse; the files themselves are safe
    finally:
        if place.descriptor is None:
            os.close(descriptor)
