"""The file of one chain: an .npz of plain arrays that carries its own SHA-256.

The archive's comment, an official field at the very end of a zip file, ends with the digest of all
bytes before it. A reader compares that before it parses anything, so damage is noticed at whatever
byte it is, and any tool that reads .npz still reads the arrays.
"""

import hashlib
import os
import zipfile

import numpy as np

from dpmix.base.errors import RunError
from dpmix.chain.record import DRAW_NAMES, TRACE_NAMES, ChainRecord, Draws
from dpmix.chain.state import State

__all__ = ["read_chain", "write_chain"]

_MARK = b"dpmix sha256 "
_HEX = 64
_BLOCK_BYTES = 1 << 20


def write_chain(file, run, chain_ix, record):
    """Write `record`, of chain `chain_ix` of the run named `run`, to a binary `file` open for both ways."""
    arrays = {"run": run, "chain": chain_ix, "sweeps": record.sweeps}
    arrays |= {f"state.{name}": value for name, value in record.state._asdict().items()}
    arrays |= {f"trace.{name}": record.draws.trace[name] for name in TRACE_NAMES}
    arrays |= {f"kept.{name}": record.draws.kept[name] for name in DRAW_NAMES}
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
        The file is damaged, is another chain's or another run's, or does not fit `table` and `plan`.
    OSError
        It cannot be read.
    """
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size < _HEX or _digest(file) != file.read(_HEX):
            raise RunError(
                f"{path} is damaged: its checksum does not match what it holds; "
                "restore it from a copy, or delete it and resume the run, which draws this chain again"
            )
        arrays = _parse(path, file)
    for name, found, wanted in (("run", arrays["run"], run), ("chain", arrays["chain"], chain_ix)):
        if found.shape or found.item() != wanted:
            raise RunError(f"{path} belongs to another {name}: to {found}, not to {wanted}")
    _check_form(path, arrays, table, plan)
    _check_values(path, arrays, table.n)
    state = State(**{name: arrays[f"state.{name}"] for name in State._fields})
    state = state._replace(alpha=state.alpha.item())
    trace = {name: arrays[f"trace.{name}"] for name in TRACE_NAMES}
    return ChainRecord(state, Draws(trace, {name: arrays[f"kept.{name}"] for name in DRAW_NAMES}))


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


def _parse(path, file):
    wanted = {
        "run",
        "chain",
        "sweeps",
        *(f"state.{name}" for name in State._fields),
        *(f"trace.{name}" for name in TRACE_NAMES),
        *(f"kept.{name}" for name in DRAW_NAMES),
    }
    file.seek(0)
    try:
        with np.load(file, allow_pickle=False) as archive:
            if set(archive.files) != wanted:
                raise RunError(
                    f"{path} is not a chain of this version of dpmix: it holds {', '.join(archive.files)}"
                )
            return {name: archive[name] for name in wanted}
    except RunError:
        raise
    except Exception as error:  # a made-up archive can make the parsers raise about anything
        raise RunError(f"{path} is not a chain of dpmix: {error}") from error


def _check_form(path, arrays, table, plan):
    """Check dtypes and shapes against each other and against the run."""
    n, d = table.n, table.d
    sweeps = len(np.atleast_1d(arrays["trace.log_joint"]))
    draws = plan.n_kept(sweeps)
    empty = Draws.empty(n, d)
    forms = {
        "sweeps": ("i8", ()),
        "state.z": ("i4", (n,)),
        "state.alpha": ("f8", ()),
        "state.a": ("f8", (d,)),
        "state.b": ("f8", (d,)),
        "state.generator": ("u8", (6,)),
    }
    forms |= {f"trace.{name}": (values.dtype, (sweeps,)) for name, values in empty.trace.items()}
    forms |= {
        f"kept.{name}": (values.dtype, (draws, *values.shape[1:])) for name, values in empty.kept.items()
    }
    if arrays["kept.labels"].dtype == np.int32:
        forms["kept.labels"] = (np.int32, (draws, n))
    for name, (dtype, shape) in forms.items():
        found = arrays[name]
        if found.dtype != dtype or found.shape != shape:
            raise RunError(
                f"{path} does not fit its run: {name} is {found.dtype} {found.shape}, "
                f"but {n} images of {d} pixels after {sweeps} sweeps need {np.dtype(dtype)} {shape}"
            )
    if arrays["sweeps"] != sweeps:
        raise RunError(
            f"{path} does not fit its run: it counts {arrays['sweeps']} sweeps, its trace has {sweeps}"
        )


def _check_values(path, arrays, n):
    """Check what later computation relies on."""
    z, labels, generator = arrays["state.z"], arrays["kept.labels"], arrays["state.generator"]
    positive = [arrays[f"{part}.{name}"] for part in ("state", "kept") for name in ("alpha", "a", "b")]
    checks = {
        "state.z": z.min() >= 0 and z.max() < n and np.bincount(z).all(),
        "kept.labels": not labels.size or (labels.min() >= 0 and labels.max() < n),
        "state.generator": generator[3] % 2 == 1 and generator[4] <= 1 and generator[5] < 1 << 32,
        "trace.log_joint": np.isfinite(arrays["trace.log_joint"]).all(),
        "alpha, a, b": all((np.isfinite(values) & (values > 0)).all() for values in positive),
    }
    for name, passed in checks.items():
        if not passed:
            raise RunError(f"{path} does not fit its run: {name} holds values that no chain can have")
