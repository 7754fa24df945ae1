"""Small files of every format that dpmix reads, how each is read and used, and ways to spoil them.

A *subject* is one of these files: where it lies, and a function that reads it, uses what it holds as a caller
would, and returns what was found. Spoiling is done by a random generator: bits flipped, the bytes rearranged, or
what the file says changed and the checksum made right again.
"""

import gzip
import hashlib
import io
import json
import struct
import zipfile
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

import dpmix
from dpmix.datasets import load_array, load_images, load_observed
from dpmix.datasets.masks import mask
from dpmix.store import chain_file
from dpmix.store.description import facts_writer
from dpmix.store.run_folder import RunFolder

__all__ = ["Subject", "flip", "make_subjects", "mutate"]

PICTURES = ("png", "gif", "bmp", "jpg", "tif", "pgm")
ODD_VALUES = [
    None,
    True,
    -1,
    0,
    1,
    2,
    10**6,
    10**18,
    10**400,
    -0.5,
    1e-300,
    1e300,
    float("nan"),
    float("inf"),
]
ODD_VALUES += [
    "",
    "x",
    "labels",
    "seeds:1",
    "\x1b[31m$x$\n=1+1\udcff",
    "9" * 5000,
    [],
    {},
    [[]],
    [1, 2],
    {"gamma": [1, 1]},
]
ODD_VALUES += [{"gamma": [1, 1]}, {"gamma": [1e308, 1e-308]}, [1.0] * 64, list(range(1000))]


class Subject(NamedTuple):
    """A file, and how it is used."""

    name: str
    path: Path
    content: bytes
    use: object  # () -> what was found, of a kind that compares equal where the same was found
    guarded: bool  # whether a checksum of its own tells every flipped bit
    forge: object = None  # (generator) -> content that says something else under a right checksum


def make_subjects(folder):
    """Write the files into `folder`; a list of `Subject`."""
    folder = Path(folder)
    digits = dpmix.datasets.load_digits(classes=[0, 1])[:40]
    return [
        *_of_runs(folder, digits),
        *_of_machines(folder, digits),
        *_of_data(folder, digits.x),
        *_of_pictures(folder),
    ]


def _of_runs(folder, digits):
    seen = np.random.default_rng(0).random(digits.x.shape) < 0.9
    options = {"chains": 2, "sweeps": 6, "seed": 1, "jobs": 1, "progress": False, "init": "random:4"}
    dpmix.sample(digits, **options).save(folder / "plain")
    dpmix.sample(digits, observed=seen, labels=digits.y, **options).save(folder / "gaps")
    found = []
    for kind in ("plain", "gaps"):
        run = folder / kind
        for name, forge in (
            ("run.json", _forged_facts),
            ("chain-001.npz", _forged_chain),
            ("data.npy", None),
        ):
            path = run / name
            content = path.read_bytes()
            change = (
                None
                if forge is None
                else lambda generator, forge=forge, content=content: forge(content, generator)
            )
            found.append(
                Subject(f"{kind} {name}", path, content, lambda run=run: _use_run(run), True, change)
            )
    named = folder / "named"
    columns = [f"column {j}" for j in range(digits.x.shape[1])]
    dpmix.sample(
        dpmix.Images(digits.x, columns=columns, names=[f"row {k}" for k in range(40)]), **options
    ).save(named)
    path = named / "names.json"
    return [*found, Subject("names.json", path, path.read_bytes(), lambda: _use_names(named), True)]


def _use_names(run):
    posterior = dpmix.load(run)
    return posterior.columns, posterior.names


def _use_run(run):
    """All numbers of a run; one question, a summary and the next sweep are asked of it, too."""
    posterior = dpmix.load(run)
    x = posterior.table.dense(slice(0, 2)).astype(float)
    x[:, 32:] = np.nan
    dpmix.predict_proba(posterior, x, draws=2)
    parts = [
        posterior.labels,
        posterior.alpha,
        posterior.n_clusters,
        posterior.log_joint,
        posterior.table.packed,
    ]
    parts += [value for record in posterior.records for value in record.state]
    return _digest(parts), posterior.plan.to_json(), RunFolder.open(run).version


def _of_machines(folder, digits):
    from dpmix.features import Autoencoder, BernoulliRBM, DeepBeliefNet, NetworkClassifier

    made = {
        "rbm": BernoulliRBM(6, n_iter=1, random_state=0),
        "dbn": DeepBeliefNet((6, 4), rbm=BernoulliRBM(n_iter=1), random_state=0),
        "autoencoder": Autoencoder((6, 3, 6), n_iter=1, random_state=0),
        "classifier": NetworkClassifier((6,), n_iter=1, random_state=0),
    }
    found = []
    for name, machine in made.items():
        path = folder / f"{name}.npz"
        machine.fit(digits.x, np.where(digits.y == 1, "one", "=0")).save(path)
        content = path.read_bytes()
        found.append(
            Subject(
                f"machine {name}",
                path,
                content,
                lambda path=path: _use_machine(path, digits.x[:3]),
                True,
                partial(_forged_machine, content),
            )
        )
    return found


def _use_machine(path, x):
    machine = dpmix.features.load(path)
    if machine.n_features_in_ != x.shape[1]:
        return "of another size"
    answers = (
        [machine.predict_proba(x), machine.classes_]
        if hasattr(machine, "classes_")
        else [machine.transform(x)]
    )
    return _digest(answers), json.dumps(
        machine.history_ if hasattr(machine, "history_") else None, sort_keys=True
    )


def _of_data(folder, x):
    contents = {"table.npy": _npy(x), "floats.npy": _npy(x.astype(float)), "table.idx": _idx(x)}
    contents["table.idx.gz"] = gzip.compress(_idx(x), mtime=0)
    contents["table.npz"] = _npz(np.savez, x=x, y=np.arange(len(x)))
    contents["packed.npz"] = _npz(np.savez_compressed, x=x, y=np.arange(len(x)))
    found = []
    for name, content in contents.items():
        path = folder / name
        guarded = name.endswith(("gz", "npz"))
        found.append(Subject(name, path, content, lambda path=path: _use_data(path), guarded))
    for name, content in _tables(x[:, :8]).items():
        path = folder / name
        found.append(Subject(name, path, content, lambda path=path: _use_table(path), False))
    sources = {"mask.npy": _npy(x[0] == 0), "mask.npz": _npz(np.savez, x=x == 0)}
    np.save(folder / "masked.npy", x)
    for name, content in sources.items():
        path = folder / name
        use = lambda path=path: _use_mask(folder / "masked.npy", path)  # noqa: E731
        found.append(Subject(name, path, content, use, name.endswith("npz")))
    for subject in found:
        subject.path.write_bytes(subject.content)
    return found


def _tables(x):
    """A table of zeros and ones, of words and of gaps, as CSV and as Parquet."""
    words = np.where(x[:, :1] == 1, "yes", "no")
    cells = np.column_stack([words, x[:, 1:].astype(str)])
    cells[::7, 3] = ""
    names = [f"c{j}" for j in range(8)]
    contents = {"table.csv": "\n".join(map(",".join, [names, *cells.tolist()])).encode()}
    try:
        import pyarrow
        import pyarrow.parquet as parquet
    except ModuleNotFoundError:
        return contents
    file = io.BytesIO()
    columns = {name: [cell or None for cell in cells[:, j].tolist()] for j, name in enumerate(names)}
    parquet.write_table(pyarrow.table(columns), file)
    return {**contents, "table.parquet": file.getvalue()}


def _use_table(path):
    images, observed = load_observed(path)
    return _digest([images.x, *([] if observed is None else [observed])]), images.columns


def _use_data(path):
    images = load_array(path)
    return _digest([images.x, *([] if images.y is None else [images.y])]), images.x.shape


def _use_mask(source, path):
    images, observed = load_observed(source, observed=path)
    return _digest([images.x, *([] if observed is None else [observed])])


def _of_pictures(folder):
    grey = np.random.default_rng(1).integers(0, 256, (12, 12), np.uint8)
    found = []
    for suffix in PICTURES:
        place = folder / f"pictures-{suffix}"
        place.mkdir()
        for name in ("a", "b"):
            Image.fromarray(grey if name == "a" else grey.T).save(place / f"{name}.{suffix}")
        path = place / f"b.{suffix}"
        found.append(
            Subject(
                f"picture {suffix}", path, path.read_bytes(), lambda place=place: _use_pictures(place), False
            )
        )
    path = folder / "hide.png"
    Image.fromarray(grey).save(path)
    found.append(Subject("hide.png", path, path.read_bytes(), lambda: _digest([mask((12, 12), path)]), False))
    return found


def _use_pictures(place):
    images = load_images(place)
    return _digest([images.x])


def _digest(arrays):
    sha = hashlib.sha256()
    for array in map(np.asarray, arrays):
        sha.update(repr((array.dtype.str, array.shape)).encode() + array.tobytes())
    return sha.hexdigest()


def _npy(values):
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def _npz(save, **arrays):
    file = io.BytesIO()
    save(file, **arrays)
    return file.getvalue()


def _idx(x):
    return b"\0\0\x08\x02" + struct.pack(">2I", *x.shape) + x.tobytes()


def flip(content, generator):
    """`content` with one bit flipped; in half of the cases among the first 400 bytes or the last."""
    changed = bytearray(content)
    reach = len(content) if generator.random() < 0.5 else min(400, len(content))
    at = int(generator.integers(reach))
    at = at if generator.random() < 0.5 else len(content) - 1 - at
    changed[at] ^= 1 << int(generator.integers(8))
    return bytes(changed)


def mutate(subject, generator):
    """The content of `subject`, spoiled in one of many ways; where it can be forged, mostly that."""
    if subject.forge is not None and generator.random() < 0.7:
        return subject.forge(generator)
    changes = (_cut, _insert, _delete, _repeat, _swap, _blank, _number, _grow)
    content = subject.content
    for _ in range(int(generator.integers(1, 3))):
        content = changes[generator.integers(len(changes))](content, generator)
    return content


def _span(content, generator, most=64):
    first = int(generator.integers(len(content) + 1))
    return first, min(len(content), first + int(generator.integers(1, most)))


def _cut(content, generator):
    return content[: int(generator.integers(len(content) + 1))]


def _insert(content, generator):
    first, last = _span(content, generator)
    return content[:first] + generator.bytes(last - first) + content[first:]


def _delete(content, generator):
    first, last = _span(content, generator)
    return content[:first] + content[last:]


def _repeat(content, generator):
    first, last = _span(content, generator, 1000)
    return content[:last] + content[first:last] * int(generator.integers(1, 4)) + content[last:]


def _swap(content, generator):
    cuts = sorted(int(at) for at in generator.integers(len(content) + 1, size=4))
    parts = [content[first:last] for first, last in zip([0, *cuts], [*cuts, len(content)], strict=True)]
    return b"".join([parts[0], parts[3], parts[2], parts[1], parts[4]])


def _blank(content, generator):
    first, last = _span(content, generator)
    return content[:first] + bytes([int(generator.choice([0, 32, 255]))]) * (last - first) + content[last:]


def _number(content, generator):
    """One number of 2, 4 or 8 bytes, or of figures, replaced by one that is far off."""
    figures = [at for at in range(min(len(content), 600)) if content[at : at + 1].isdigit()]
    if figures and generator.random() < 0.5:
        at = int(generator.choice(figures))
        return content[:at] + str(generator.choice([0, 7, 99, 10**9, 10**18])).encode() + content[at + 1 :]
    size = int(generator.choice([2, 4, 8]))
    value = int(generator.choice([0, 1, 255, 2 ** (8 * size - 1) - 1, 2 ** (4 * size)]))
    at = int(generator.integers(max(1, min(len(content), 400) - size)))
    order = "little" if generator.random() < 0.5 else "big"
    return content[:at] + value.to_bytes(size, order) + content[at + size :]


def _grow(content, generator):
    return content + generator.bytes(int(generator.integers(1, 200)))


def _forged_facts(content, generator):
    facts = json.loads(content)
    facts.pop("sha256")
    for _ in range(int(generator.integers(1, 3))):
        _spoil_json(facts, generator)
    file = io.BytesIO()
    facts_writer(facts)(file)
    return file.getvalue()


def _spoil_json(values, generator):
    """Replace, remove, add or exchange one value somewhere in a dictionary or list."""
    while True:
        keys = list(values) if isinstance(values, dict) else list(range(len(values)))
        if not keys:
            return
        key = keys[generator.integers(len(keys))]
        if isinstance(values[key], (dict, list)) and values[key] and generator.random() < 0.7:
            values = values[key]
            continue
        break
    kind = generator.integers(5)
    if kind == 0 and isinstance(values, dict):
        del values[key]
    elif kind == 1 and isinstance(values, dict):
        values[f"{key}2"] = values[key]
    elif kind == 2:
        other = keys[generator.integers(len(keys))]
        values[key], values[other] = values[other], values[key]
    elif kind == 3 and type(values[key]) in (int, float):
        values[key] = values[key] + int(generator.choice([-1, 1, 2, 10**6]))
    else:
        values[key] = ODD_VALUES[generator.integers(len(ODD_VALUES))]


def _forged_chain(content, generator):
    arrays = _spoiled_arrays(content, generator)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.comment = b"dpmix sha256 " + b"0" * 64
        _write_arrays(archive, arrays)
    digest = chain_file._digest(file)
    file.seek(-64, io.SEEK_END)
    file.write(digest)
    return file.getvalue()


def _forged_machine(content, generator):
    if generator.random() < 0.5:
        arrays = _arrays(content)
        values = json.loads(arrays["json"].tobytes())
        _spoil_json(values, generator)
        arrays["json"] = np.frombuffer(json.dumps(values).encode(), np.uint8)
    else:
        arrays = _spoiled_arrays(content, generator)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        _write_arrays(archive, arrays)
    return file.getvalue()


def _arrays(content):
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return dict(archive)


def _write_arrays(archive, arrays):
    for name, values in arrays.items():
        with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
            np.lib.format.write_array(member, np.asarray(values), allow_pickle=True)


def _spoiled_arrays(content, generator):
    """The arrays of an .npz with one or two of them spoiled, exchanged, taken out or added."""
    arrays = _arrays(content)
    for _ in range(int(generator.integers(1, 3))):
        names = sorted(arrays)
        name, other = (names[ix] for ix in generator.integers(len(names), size=2))
        kind = generator.integers(10)
        if kind == 0:
            del arrays[name]
        elif kind == 1:
            arrays[f"{name}2"] = arrays[name]
        elif kind == 2:
            arrays[name], arrays[other] = arrays[other], arrays[name]
        else:
            arrays[name] = _spoiled_array(arrays[name], generator)
    return arrays


def _spoiled_array(values, generator):
    kind = generator.integers(8)
    if kind == 0 and values.dtype.kind in "iuf":
        return values.astype(generator.choice(["i8", "f4", "u1", "i4", "f8", "U3", "O"]))
    if kind == 1:
        return values.reshape(-1)[: max(0, values.size - 1)]
    if kind == 2:
        return values[None]
    if kind == 3:
        return np.concatenate([np.atleast_1d(values)] * 2)
    if values.dtype.kind not in "iuf" or not values.size:
        return values[..., None]
    changed = values.copy()
    flat = changed.reshape(-1)
    if kind == 4:
        flat[:] = generator.permutation(flat)
        return changed
    odd = [0, 1, -1, 2**31 - 1, 2**63 - 1, 1e300, np.nan, np.inf, 0.5, 7]
    with np.errstate(all="ignore"):
        flat[generator.integers(flat.size)] = np.array(odd[generator.integers(len(odd))]).astype(values.dtype)
    return changed
