"""Requests that would need more memory than the machine has: refused before anything is allocated or begun.

What is asked for here is whether a request can ever be met, not whether it fits in what is free right now: other
programs come and go. Needs are Python's integers, of any size.
"""

import functools
import os
import pathlib

from dpmix.base.errors import InputError
from dpmix.base.text import shown

__all__ = ["check_memory", "in_bytes", "machine_memory"]

_UNKNOWN = 1 << 40  # where the system does not tell
_CONTROL_GROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")


def check_memory(need, name, value, way_out="ask for less"):
    """Refuse the request that the argument `name` makes by its `value` if it needs more than the machine has.

    Parameters
    ----------
    need : int
        Bytes that could not be done without, at the least.
    name : str
    value : object
    way_out : str

    Raises
    ------
    InputError
    """
    if need > machine_memory():
        has = in_bytes(machine_memory())
        raise InputError(
            f"{name} must fit in the memory of this machine, {has}; got {shown(value)}, for {in_bytes(need)} at least",
            way_out,
        )


@functools.cache
def machine_memory():
    """Bytes of memory that this process can ever have: the machine's, or less where a container or a limit says so."""
    return min([_UNKNOWN, *filter(None, (_physical(), _address_space(), *map(_of_group, _CONTROL_GROUPS)))])


def _physical():
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # no such call on Windows
        return None


def _address_space():
    try:
        import resource
    except ImportError:  # only on Unix
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if soft == resource.RLIM_INFINITY else soft


def _of_group(path):
    try:
        return int(pathlib.Path(path).read_text())
    except (OSError, ValueError):  # not there, or "max"
        return None


def in_bytes(number):
    """A number of bytes in words.

    Examples
    --------
    >>> in_bytes(1500), in_bytes(2 * 10**12), in_bytes(10**30)
    ('1.5 kB', '2 TB', 'more than 1,000 EB')
    """
    for exponent, unit in enumerate(_UNITS):
        if number < 1000 ** (exponent + 1):
            return f"{number / 1000**exponent:.3g} {unit}"
    return f"more than 1,000 {_UNITS[-1]}"
