"""NumPy's .npz files, zip archives of .npy files: how much they hold is checked before any of it is read."""

import contextlib
import os
import struct
import zipfile
import zlib

from dpmix.base.errors import InputError
from dpmix.base.npy import check_images, read_npy
from dpmix.base.stream import MAX_DEFLATE_RATIO

__all__ = ["DAMAGE", "members_of", "opened_archive", "read_member", "read_stored"]

# What the standard library's gzip and zip readers raise on damaged files.
DAMAGE = (
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
    MemoryError,
)

_END_BYTES, _MANY = (
    22,
    0xFFFF,
)  # the record at the end, comment aside; a number of members that it cannot hold
_MOST_AT_ONCE = 1 << 22  # bytes: a directory of some 50,000 arrays


@contextlib.contextmanager
def opened_archive(file):
    """Within the block, the .npz `file`, open for reading bytes, as a ``zipfile.ZipFile``."""
    with zipfile.ZipFile(_Sips(file)) as archive:
        _check_directory(file, archive)
        yield archive


def _check_directory(file, archive):
    """Compare what stands in an archive twice: the number of its members, and the name of each.

    Nothing else would tell of a flipped bit there, which hides a member.
    """
    file.seek(-_END_BYTES - len(archive.comment), os.SEEK_END)
    end = file.read(_END_BYTES)
    (count,) = struct.unpack("<H", end[10:12])
    if not end.startswith(b"PK\5\6") or count not in (len(archive.infolist()), _MANY):
        raise InputError("is damaged: its directory is not what it ends with")
    for info in archive.infolist():
        if not info.flag_bits & 1:
            with contextlib.suppress(
                NotImplementedError
            ):  # a kind of packing that matters only if it is read
                archive.open(info).close()


def members_of(archive):
    """The arrays of the opened `archive` as a dictionary from name to ZipInfo."""
    return {
        info.filename.removesuffix(".npy"): info
        for info in archive.infolist()
        if info.filename.endswith(".npy")
    }


def read_member(archive, info, file_size, max_bytes, check=check_images):
    """The array `info` of the opened `archive`, a file of `file_size` bytes; see `dpmix.base.npy.read_npy`."""
    if info.flag_bits & 1:
        raise InputError(f"array {info.filename!r} is encrypted")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputError(f"array {info.filename!r} is packed in a way that .npz files are not")
    limit = min(info.file_size, file_size * MAX_DEFLATE_RATIO)
    with archive.open(info) as member:
        return read_npy(member, limit, max_bytes, check)


def read_stored(file, size, check):
    """All arrays of an .npz file in which dpmix stored them, unpacked, as a dictionary by name.

    Parameters
    ----------
    file : binary file
        Of `size` bytes, more than which is never taken.
    check : callable (name, dtype, shape)
        Raises InputError for an array that is not wanted, before it is read.

    Raises
    ------
    InputError
        The file is no such archive, or is damaged.
    """
    try:
        with opened_archive(file) as archive:
            members = members_of(archive)
            if len(members) != len(archive.infolist()):
                raise InputError("holds other things than arrays, or several of one name")
            if sum(info.file_size for info in members.values()) > size:
                raise InputError("claims to hold more than it has bytes")
            return {name: _read_stored(archive, name, info, size, check) for name, info in members.items()}
    except InputError:
        raise
    except (*DAMAGE, NotImplementedError) as error:
        raise InputError(f"is no archive of arrays, or a damaged one: {error}") from error


def _read_stored(archive, name, info, size, check):
    if info.compress_type != zipfile.ZIP_STORED:
        raise InputError(f"array {name!r} is packed, which dpmix never does")
    booleans = []

    def check_this(dtype, shape):
        check(name, dtype, shape)
        booleans.append(dtype.kind == "b")

    try:
        values = read_member(archive, info, size, size, check_this)
        if booleans[0] and values.size and values.max() > 1:
            raise InputError("holds booleans that are neither true nor false")
    except InputError as error:
        raise error.within(f"array {name!r}") from error
    return values.view(bool) if booleans[0] else values


class _Sips:
    """A file of which never much is read at once, whatever lengths it claims."""

    def __init__(self, file):
        self._file = file

    def __getattr__(self, name):
        return getattr(self._file, name)

    def read(self, size=-1):
        content = (
            self._file.read(_MOST_AT_ONCE + 1) if not 0 <= size <= _MOST_AT_ONCE else self._file.read(size)
        )
        if len(content) > _MOST_AT_ONCE:
            raise InputError("has a longer directory of arrays than any file of arrays")
        return content
