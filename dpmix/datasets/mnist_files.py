"""The four files of MNIST on this machine: finding, checking and downloading them.

They are looked for in `data_home`, then in the folder named by the environment variable ``DPMIX_DATA``,
then in the user's cache, and downloaded when none of these has them.  Wherever a file comes from, its
unpacked bytes must have the sha256 written here.
"""

import gzip
import hashlib
import os
import uuid
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dpmix.base.annotations import PathLike
from dpmix.base.checks import check_path
from dpmix.base.errors import InputError
from dpmix.base.reading import opened
from dpmix.base.stream import fill

__all__ = ["FILES", "MIRRORS", "fetch_mnist", "read_file"]

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://raw.githubusercontent.com/fgnt/mnist/master/",
)


class MnistFile(NamedTuple):
    """One of the four IDX files: its name, and the size in bytes and sha256 of its unpacked content."""

    name: str
    size: int
    sha256: str


FILES = {
    ("train", "images"): MnistFile(
        "train-images-idx3-ubyte",
        47_040_016,
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    ("train", "labels"): MnistFile(
        "train-labels-idx1-ubyte", 60_008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
    ),
    ("test", "images"): MnistFile(
        "t10k-images-idx3-ubyte",
        7_840_016,
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    ("test", "labels"): MnistFile(
        "t10k-labels-idx1-ubyte", 10_008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
    ),
}

_TIMEOUT = 20  # seconds without an answer before the next mirror is tried
_SPARE = 4096  # bytes that packing may add to a small file
_GZIP_MAGIC = b"\x1f\x8b"


def fetch_mnist(data_home: PathLike | None = None) -> Path:
    """Make sure that the four files of MNIST are on this machine, and return their folder.

    Parameters
    ----------
    data_home : str or path-like, optional
        As in `load_mnist`. A folder that holds all four files is taken as it is; otherwise the files
        that the first folder lacks are downloaded to it.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    InputError
        If a file found is not MNIST's, or a missing one cannot be downloaded.
    """
    places = _places(data_home)
    for folder in places:
        if all(_find(file, [folder]) is not None for file in FILES.values()):
            return folder
    for file in FILES.values():
        if _find(file, places[:1]) is None:
            _download(file, places)
    return places[0]


def read_file(file, data_home=None):
    """Return the unpacked bytes of the `MnistFile` `file`, found or downloaded, as a writable uint8 array."""
    places = _places(data_home)
    found = _find(file, places)
    return _download(file, places) if found is None else found


def _places(data_home):
    """Return the folders to look in; the first one is where downloads go."""
    given = [] if data_home is None else [check_path("data_home", data_home)]
    environment = os.environ.get("DPMIX_DATA")
    cache = _cache()
    return given + ([Path(environment)] if environment else []) + ([] if cache is None else [cache])


def _cache():
    """Where downloads of this user are, or None without pooch, which makes them."""
    pooch = _pooch()
    return None if pooch is None else Path(pooch.os_cache("dpmix")) / "mnist"


def _pooch():
    """The extra ``fetch``, or None: it imports a web client, which is not needed to read an array file."""
    try:
        import pooch
    except ModuleNotFoundError:
        return None
    return pooch


def _find(file, places):
    """Return the bytes of `file` from the first of `places` that has it, or None."""
    for folder in places:
        for path in (folder / file.name, folder / f"{file.name}.gz"):
            if not os.path.isfile(path):
                continue
            content, fault = _unpack(path, file)
            if content is not None:
                return content
            if folder != _cache():
                # It may be another data set under the same names: it is never overwritten.
                raise InputError(
                    f"{path}: is not MNIST's {file.name}: {fault}; remove it to have it downloaded, or read "
                    "another data set with load_array"
                )
    return None


def _unpack(path, file):
    """Return the unpacked bytes of `path` and None, or None and what is wrong with them."""
    content = np.empty(file.size, np.uint8)
    try:
        with opened(path) as found, gzip.open(found) if _is_packed(path) else found as unpacked:
            size = fill(unpacked, memoryview(content))
            longer = bool(unpacked.read(1))
    except (OSError, EOFError, InputError, zlib.error) as error:
        return None, f"it cannot be read ({error})"
    if size < file.size or longer:
        return None, f"it has {'more' if longer else f'{size:,}'} bytes where {file.size:,} are expected"
    digest = hashlib.sha256(content).hexdigest()
    if digest != file.sha256:
        return None, f"its sha256 is {digest} where {file.sha256} is expected"
    return content, None


def _download(file, places):
    """Download `file` to the first of `places`, from the first mirror that has it; return its bytes."""
    if _pooch() is None:
        looked = f"not in {', '.join(map(str, places))}" if places else "in no folder that was named"
        raise InputError(
            f"MNIST's {file.name} is {looked}, and downloading it needs pooch, which is not installed",
            "pip install 'dpmix-toolkit[fetch]', or set DPMIX_DATA to a folder with its four files",
        )
    folder, failures = places[0], []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for mirror in MIRRORS:
            content, fault = _download_from(f"{mirror}{file.name}.gz", file, folder)
            if content is not None:
                return content
            failures.append(f"{mirror}{file.name}.gz: {fault}")
    except OSError as error:
        failures.append(f"{folder}: {error}")
    raise InputError(
        f"MNIST's {file.name} is not in {', '.join(map(str, places))} and could not be downloaded "
        f"({'; '.join(failures)}). By hand: download {file.name}.gz from any mirror (sha256 of the unpacked "
        f"file: {file.sha256}) and put it, gzipped or not, in {folder}"
    )


def _download_from(url, file, folder):
    """Download `url` to `folder`; return its unpacked bytes and None, or None and what went wrong."""
    pooch = _pooch()
    temporary = folder / f".{file.name}.{uuid.uuid4().hex}.part"
    try:
        with open(temporary, "xb") as stream:
            downloader = pooch.HTTPDownloader(chunk_size=1 << 16, timeout=_TIMEOUT)
            try:
                downloader(url, _Bounded(stream, file.size + _SPARE), pooch=None)
            except (OSError, ValueError) as error:  # the web client's own errors are among the OSErrors
                return None, str(error)
        content, fault = _unpack(temporary, file)
        if content is not None:
            # A web client may have unpacked it already, where the server declares gzip as its encoding.
            os.replace(temporary, folder / (f"{file.name}.gz" if _is_packed(temporary) else file.name))
        return content, fault
    finally:
        temporary.unlink(missing_ok=True)


def _is_packed(path):
    with opened(path) as stream:
        return stream.read(2) == _GZIP_MAGIC


class _Bounded:
    """A file to write to that refuses more than `size` bytes: a mirror could send anything."""

    def __init__(self, stream, size):
        self.stream, self.left = stream, size

    def write(self, chunk):
        self.left -= len(chunk)
        if self.left < 0:
            raise ValueError("sends more than the whole file holds")
        self.stream.write(chunk)

    def flush(self):
        self.stream.flush()
