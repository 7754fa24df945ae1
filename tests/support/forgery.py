"""Files that somebody made up, with a checksum that is right."""

import io
import json
import os
import zipfile

import numpy as np

from dpmix.store import chain_file
from dpmix.store.description import facts_writer


def forge_chain(path, **changes):
    """Rewrite the chain file at `path` with other arrays; a change is an array, or a function of the old one."""
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files}
    for name, change in changes.items():
        arrays[name] = change(arrays[name]) if callable(change) else change
    arrays = {name: values for name, values in arrays.items() if values is not None}
    with open(path, "w+b") as file:
        with zipfile.ZipFile(file, "w") as archive:
            archive.comment = b"dpmix sha256 " + b"0" * 64
            for name, values in arrays.items():
                with archive.open(f"{name}.npy", "w") as member:
                    np.lib.format.write_array(member, np.asarray(values), allow_pickle=True)
        digest = chain_file._digest(file)
        file.seek(-64, os.SEEK_END)
        file.write(digest)


def forge_facts(path, change):
    """Rewrite the run.json at `path` after `change` has had its facts."""
    facts = json.loads(path.read_text())
    del facts["sha256"]
    change(facts)
    with open(path, "wb") as file:
        facts_writer(facts)(file)


def zip_bomb(unpacked=1 << 31, name="x.npy"):
    """An .npz of some megabytes at most that unpacks to so many bytes of zeros."""
    header = io.BytesIO()
    shape = (unpacked >> 10, 1 << 10)
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": shape})
    file, block = io.BytesIO(), bytes(1 << 24)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open(name, "w", force_zip64=True) as member:
            member.write(header.getvalue())
            for _ in range(unpacked // len(block)):
                member.write(block)
    return file.getvalue()
