"""Whatever somebody may have been sent is opened in one way: at once, bounded, and never unpickled."""

import ast
import gzip
import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import dpmix
from dpmix import InputError
from dpmix.base.npz import opened_archive
from dpmix.base.reading import MOST_JSON, opened, parse_json, read_whole
from dpmix.datasets import load_array, load_grey, load_images, load_observed
from dpmix.datasets.masks import mask
from support.forgery import zip_bomb

ROOT = Path(dpmix.__file__).resolve().parents[1]
posix = pytest.mark.skipif(os.name != "posix", reason="needs pipes with names")


@pytest.fixture
def quick():
    """The test comes to an end, and computes no longer than reading something harmless would."""
    begun = time.process_time()
    yield
    assert time.process_time() - begun < 5


@pytest.fixture
def odd(tmp_path):
    """Paths of what is no regular file, by kind."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    listener = socket.socket(socket.AF_UNIX)
    before = os.getcwd()
    os.chdir(tmp_path)  # the names of sockets are short
    listener.bind("socket")
    os.chdir(before)
    os.symlink(tmp_path / "pipe", tmp_path / "link")
    yield {name: tmp_path / name for name in ("pipe", "folder", "socket", "link")} | {
        "device": Path("/dev/zero")
    }
    listener.close()


@posix
@pytest.mark.parametrize("kind", ["pipe", "folder", "socket", "link", "device"])
def test_only_regular_files_are_opened(odd, kind, quick):
    what = {"link": "a pipe"}.get(kind, f"a {kind}")
    with pytest.raises(InputError, match=f"not a file that can be read, but {what}"):
        read_whole(odd[kind], 10)


READERS = {
    "array": load_array,
    "grey": load_grey,
    "observed": lambda path: load_observed("digits", observed=path),
    "mask": lambda path: mask((2, 2), path),
    "machine": lambda path: dpmix.features.load(path),
}


@posix
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("kind", ["pipe", "folder", "socket", "link", "device"])
def test_every_reader_refuses_at_once(odd, kind, reader, quick):
    if (reader, kind) == ("grey", "folder"):
        pytest.skip("a folder of images is a source")
    with pytest.raises(InputError):
        READERS[reader](odd[kind])


@posix
@pytest.mark.parametrize("name", ["run.json", "data.npy", "chain-000.npz"])
@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
def test_no_file_of_a_run_makes_anybody_wait(small_posterior, odd, tmp_path, name, kind, quick):
    small_posterior.save(tmp_path / "run")
    (tmp_path / "run" / name).unlink()
    os.symlink(odd[kind], tmp_path / "run" / name)
    with pytest.raises(InputError):
        dpmix.load(tmp_path / "run")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b"[" * 10**6,
        b"[" + b"[]," * 10**6 + b"1]",
        b'["' + b'","' * 10**6 + b'"]',
        b"1" * 5000,
        b" " * (MOST_JSON + 1),
    ],
    ids=range(8),
)
def test_json_that_is_damaged_or_a_bomb(content, quick):
    with pytest.raises(InputError, match="JSON"):
        parse_json(content)


def test_json_of_a_large_run_is_read():
    values = {"a": np.random.default_rng(0).random(100_000).tolist()}
    assert parse_json(json.dumps(values).encode()) == values


CHILD = """
import resource, sys
import dpmix
from dpmix.datasets import load_array
from dpmix.features import load
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sys.argv[2:]:
    try:
        {"array": load_array, "machine": load}[sys.argv[1]](path)
        print("read", path)
    except dpmix.InputError as error:
        assert "allow_pickle" not in str(error), error
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.fixture(scope="module")
def bombs(tmp_path_factory):
    """Files of at most 3 MB that unpack to 512 MB."""
    folder = tmp_path_factory.mktemp("bombs")
    (folder / "bomb.npz").write_bytes(zip_bomb(1 << 29))
    (folder / "json.npz").write_bytes(zip_bomb(1 << 29, "json.npy"))
    header = b"\0\0\x08\x02" + (1 << 19).to_bytes(4, "big") + (1 << 10).to_bytes(4, "big")
    with gzip.open(folder / "bomb.gz", "wb", compresslevel=1) as file:
        file.write(header)
        for _ in range(32):
            file.write(bytes(1 << 24))
    paths = [folder / name for name in ("bomb.npz", "json.npz", "bomb.gz")]
    assert all(path.stat().st_size < 3e6 for path in paths)
    return paths


@pytest.mark.skipif(sys.platform != "linux", reason="measures memory as Linux tells it")
@pytest.mark.slow
@pytest.mark.parametrize("reader", ["array", "machine"])
def test_bombs_take_neither_memory_nor_time(bombs, reader):
    words = [sys.executable, "-c", CHILD, reader, *map(str, bombs)]
    done = subprocess.run(
        words, capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) * 1024 < 100e6, "read nothing, and took no memory"


def test_whoever_knows_what_comes_gives_the_budget(tmp_path):
    np.savez_compressed(tmp_path / "zeros.npz", x=np.zeros((1 << 17, 1 << 10), bool))
    with pytest.raises(InputError, match="pass a larger max_bytes"):
        load_array(tmp_path / "zeros.npz")
    assert load_array(tmp_path / "zeros.npz", max_bytes=1 << 28).x.shape == (1 << 17, 1 << 10)


def test_a_directory_of_too_many_arrays_is_not_read(tmp_path, quick):
    end = b"PK\5\6" + bytes(4) + (65535).to_bytes(2, "little") * 2
    size = 1 << 27
    with open(tmp_path / "many.npz", "wb") as file:
        file.write(b"PK\3\4")
        file.truncate(size)
        file.seek(size)
        file.write(end + (size - 4).to_bytes(4, "little") + (4).to_bytes(4, "little") + bytes(2))
    with opened(tmp_path / "many.npz") as file, pytest.raises(InputError, match="longer directory"):
        with opened_archive(file):
            pass


@pytest.mark.slow
def test_pictures_that_unpack_to_gigabytes(tmp_path, quick):
    Image.new("1", (30_000, 30_000)).save(tmp_path / "large.png")
    assert (tmp_path / "large.png").stat().st_size < 1e6
    for read in (lambda: load_images(tmp_path), lambda: mask((8, 8), tmp_path / "large.png")):
        with pytest.raises(InputError, match=r"large\.png"):
            read()


def test_a_flipped_bit_in_the_directory_of_a_zip_hides_no_array(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.eye(4, dtype=np.uint8), y=np.arange(4))
    content = (tmp_path / "a.npz").read_bytes()
    for at in range(content.index(b"PK\1\2"), len(content)):
        for bit in range(8):
            changed = bytearray(content)
            changed[at] ^= 1 << bit
            (tmp_path / "a.npz").write_bytes(changed)
            try:
                images = load_array(tmp_path / "a.npz")
            except InputError:
                continue
            assert images.y is not None, (at, bit)


# What opens files by itself: each is to be found in the one place that may.
OPENERS = {
    "open",
    "np.load",
    "np.fromfile",
    "np.memmap",
    "json.load",
    "json.loads",
    "Image.open",
    "zipfile.ZipFile",
}
OPENERS |= {"gzip.open", "gzip.GzipFile", "os.open", "pickle.load", "pickle.loads"}
MAY = {
    "dpmix/base/reading.py": {"open", "os.open", "json.loads"},  # the one way to open what is read
    "dpmix/base/memory.py": {"read_text"},  # /proc
    "dpmix/sampling/server_guard.py": {"read_text"},  # /proc
    "dpmix/playground/scripts.py": {"read_text"},  # of the package itself
    "dpmix/base/npz.py": {"zipfile.ZipFile"},  # of a file that is open
    "dpmix/base/files.py": {"open", "os.open"},  # what is written, and locks
    "dpmix/store/chain_file.py": {"zipfile.ZipFile"},  # writes
    "dpmix/datasets/arrays.py": {"gzip.GzipFile"},  # of a file that is open
    "dpmix/datasets/pictures.py": {"Image.open"},  # of a file that is open
    "dpmix/datasets/mnist_files.py": {"gzip.open", "open"},  # of a file that is open; writes a download
    "dpmix/datasets/packed_file.py": {"open"},  # writes
    "dpmix/sampling/scratch.py": {"open"},  # writes what workers read
    "dpmix/cli/streams.py": {"os.open"},  # the null device
    "dpmix/__main__.py": {"os.open"},  # the null device
}


def test_nothing_is_opened_in_another_way():
    found = {}
    for path in (ROOT / "dpmix").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        calls |= {name for name in ("read_bytes", "read_text") if re.search(rf"\.{name}\(", path.read_text())}
        if own := calls & (OPENERS | {"read_bytes", "read_text"}):
            found[path.relative_to(ROOT).as_posix()] = own
    assert found == MAY
