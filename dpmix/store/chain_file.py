"""The file of one chain: an .npz of plain arrays that carries its own SHA-256.

The archive's comment, an official field at the very end of a zip file, ends with the digest of all
bytes before it. A reader compares that before it parses anything, so damage is noticed at whatever
byte it is, and any tool that reads .npz still reads the arrays. A checksum that is right tells nothing about
who made it: every array has its due form before it is read, and then `check_values` looks at all values.
"""

import contextlib
import hashlib
import os
import zipfile

import numpy as np

from dpmix.base.errors import InputError, RunError
from dpmix.base.npz import read_stored
from dpmix.base.reading import opened
from dpmix.chain.kept import empty_kept
from dpmix.chain.record import TRACE_NAMES, ChainRecord, Draws
from dpmix.chain.state import State
from dpmix.store.chain_values import arrays_of, check_values, due_forms, misfit, wrong_length

__all__ = ["read_chain", "write_chain"]

_MARK = b"dpmix sha256 "
_HEX = 64
_BLOCK_BYTES = 1 << 20


def write_chain(file, run, chain_ix, record):
    """Write `record`, of chain `chain_ix` of the run named `run`, to a binary `file` open for both ways."""
    arrays = {"run": run, "chain": chain_ix, "sweeps": record.sweeps} | arrays_of(record.state, record.draws)
    with zipfile.ZipFile(file, "w") as archive:
        archive.comment = _MARK + b"0" * _HEX
        for name, values in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asarray(values), allow_pickle=False)
    digest = _digest(file)
    file.seek(-_HEX, os.SEEK_END)
    file.write(digest)


def read_chain(path, run, chain_ix, table, plan):
    """The `dpmix.chain.record.ChainRecord` of chain `chain_ix` of the run named `run` in the file at `path`.

    Raises
    ------
    RunError
        The file is damaged, is another chain's or another run's, or holds what no chain of `plan` over `table`
        can come to.
    OSError
        It cannot be read.
    """
    with _opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size < _HEX or _digest(file) != file.read(_HEX):
            raise RunError(
                f"{path} is damaged: its checksum does not match what it holds; "
                "restore it from a copy, or delete it and resume the run, which draws this chain again"
            )
        arrays = _parse(path, file, size, _forms(table, plan))
    for name, found, wanted in (("run", arrays["run"], run), ("chain", arrays["chain"], chain_ix)):
        if found.item() != wanted:
            raise RunError(f"{path} belongs to another {name}: to {found}, not to {wanted}")
    _check_lengths(path, arrays, table, plan)
    try:
        check_values(arrays, table, plan)
    except InputError as error:
        raise RunError(f"{path} does not fit its run: {error}") from error
    state = State(**{name: arrays[f"state.{name}"] for name in State._fields})
    state = state._replace(alpha=state.alpha.item())
    trace = {name: arrays[f"trace.{name}"] for name in TRACE_NAMES}
    kept = {name: arrays[f"kept.{name}"] for name in empty_kept(table, plan.keep)}
    return ChainRecord(state, Draws(trace, kept))


@contextlib.contextmanager
def _opened(path):
    try:
        with opened(path) as file:
            yield file
    except RunError:
        raise
    except InputError as error:
        raise RunError(str(error)) from error


def _digest(file):
    """SHA-256, in hexadecimal, of all of `file` but its last 64 bytes, where the file then stands."""
    left = file.seek(0, os.SEEK_END) - _HEX
    file.seek(0)
    sha = hashlib.sha256()
    while left:
        block = file.read(min(left, _BLOCK_BYTES))
        if not block:
            break  # cut short while it is read: the digest will not match
        sha.update(block)
        left -= len(block)
    return sha.hexdigest().encode()


def _forms(table, plan):
    """Dtype and shape of every array of a chain of `plan` over `table`; -1 is any length."""
    return {"run": (None, ()), "chain": ("i8", ()), "sweeps": ("i8", ())} | due_forms(table, plan)


def _parse(path, file, size, forms):
    """The arrays of `file`, all of which `forms` names, each of its form."""

    def check(name, dtype, shape):
        if name not in forms:
            raise InputError("is not one of the arrays of a chain")
        if wrong := misfit(name, forms[name], dtype, shape):
            raise InputError(wrong)

    file.seek(0)
    try:
        arrays = read_stored(file, size, check)
    except InputError as error:
        raise RunError(f"{path} is not a chain of this run: {error}") from error
    if missing := sorted(forms.keys() - arrays.keys()):
        raise RunError(f"{path} is not a chain of this version of dpmix: it lacks {', '.join(missing)}")
    return arrays


def _check_lengths(path, arrays, table, plan):
    """Check that all arrays are about the same sweeps and draws."""
    sweeps = len(arrays["trace.log_joint"])
    if sweeps > plan.sweeps:
        raise RunError(
            f"{path} does not fit its run: it has {sweeps} sweeps where {plan.sweeps} were planned"
        )
    if wrong := wrong_length(arrays, table, plan):
        raise RunError(f"{path} does not fit its run: {' '.join(wrong)}")
    if arrays["sweeps"] != sweeps:
        raise RunError(
            f"{path} does not fit its run: it counts {arrays['sweeps']} sweeps, its trace has {sweeps}"
        )
