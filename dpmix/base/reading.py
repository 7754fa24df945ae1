"""How every file is opened that somebody may have been sent.

Such a file may be anything: a pipe that never answers, a device, a megabyte that unpacks to gigabytes, numbers
that promise more than there is. So only regular files are opened, and at once or not at all; what a file says of
its sizes is believed as far as the file could keep it; what is packed has a budget; JSON has a largest size; and
nothing is ever unpickled. Arrays are read by `dpmix.base.npy`, archives of them by `dpmix.base.npz`.
"""

import contextlib
import json
import os
import stat

from dpmix.base.errors import InputError

__all__ = ["MOST_JSON", "kind_of", "opened", "parse_json", "read_whole", "unpacked_budget"]

MOST_JSON = 1 << 24  # bytes: a prior of 300,000 pixels, with 17 figures each, is shorter
_MOST_NESTS, _MOST_WORDS = (
    10_000,
    100_000,
)  # lists and objects, and texts: what takes far more memory than bytes
_ALWAYS_UNPACKED, _UNPACKED_RATIO = 1 << 26, 100

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@contextlib.contextmanager
def opened(path):
    """Within the block, the regular file at `path`, open for reading bytes.

    Parameters
    ----------
    path : str or path-like

    Raises
    ------
    InputError
        There is something else at `path`, such as a pipe, which is never waited for.
    OSError
        It cannot be opened.
    """
    _check_regular(path, os.stat(path))  # before it is opened: opening a device may do something
    flags = (
        os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
    )
    with open(path, "rb", opener=lambda name, _: os.open(name, flags)) as file:
        _check_regular(path, os.fstat(file.fileno()))
        yield file


def read_whole(path, most):
    """The content of the regular file at `path`, of at most `most` bytes; errors as for `opened`."""
    with opened(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise InputError(f"{path}: has more than the {most:,} bytes that are read of such a file")
    return content


def parse_json(content, most=MOST_JSON, most_words=_MOST_WORDS):
    """What the JSON in the bytes `content`, of at most `most` and with at most `most_words` texts, says.

    Raises
    ------
    InputError
        It is no JSON, or so much of it that it would take far more memory than it has bytes.
    """
    if len(content) > most:
        raise InputError(f"has {len(content):,} bytes of JSON; at most {most:,} are read")
    nests = content.count(b"[") + content.count(b"{")  # in names, too
    if nests > max(_MOST_NESTS, most_words) or content.count(b'"') > 2 * most_words:
        raise InputError(f"has JSON of more than {_MOST_NESTS:,} lists or {most_words:,} texts")
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(f"has damaged JSON: {error}") from error


def unpacked_budget(size):
    """Bytes that a packed file of `size` bytes may unpack to where nobody says how many."""
    return max(_ALWAYS_UNPACKED, _UNPACKED_RATIO * size)


def kind_of(mode):
    """What has the mode `mode` of ``os.stat``, in words."""
    return _KINDS.get(stat.S_IFMT(mode), "no regular file")


def _check_regular(path, found):
    if not stat.S_ISREG(found.st_mode):
        raise InputError(f"{path}: is not a file that can be read, but {kind_of(found.st_mode)}")
