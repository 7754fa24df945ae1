"""How kernels are compiled and cached: the only module that knows.

Numba's own cache has three faults that matter here: a caller is not compiled anew when a function
that it calls from another file has changed; a damaged cache file raises; and where neither the
package nor the user's cache can be written, importing raises. `kernel` therefore keeps compiled
code in one folder per fingerprint of *all* kernel sources, checks each file's digest before it is
used, treats whatever it cannot read as missing, uses no folder that others can write to, and goes
without a cache where nothing is writable.
"""

import contextlib
import hashlib
import os
import stat
import tempfile
import time
import warnings
from functools import cache
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: each process compiles for itself
    fcntl = None
try:
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "error", "Environment variable", RuntimeWarning
        )  # Numba's, with a traceback in it
        import numba
    from numba.core import caching
    from numba.misc.appdirs import AppDirs

    from dpmix.kernels.linkage import Kernel, Linked, Outlined, fill_slots, slots_used
except (ImportError, ValueError, RuntimeWarning) as error:  # of a setting that it cannot work with
    _reason = str(error).partition("\n")[0]
    _settings = ", ".join(
        f"{name}={value}" for name, value in os.environ.items() if name.startswith("NUMBA_")
    )
    raise ImportError(
        f"Numba cannot be loaded: {_reason} (its environment variables: {_settings or 'none'})"
    ) from error

__all__ = [
    "cache_folder",
    "can_share",
    "inlined",
    "is_complete",
    "kernel",
    "mark_complete",
    "n_cached",
    "on_compile",
    "outlined",
    "prepare",
]

_COMPLETE = "complete"  # name of the file that says that every kernel of chains is there
_DIGEST_SIZE = hashlib.sha256().digest_size
_PATIENCE = 60.0  # seconds for which another process is left to compile a kernel that this one needs
_listeners, _outlined = [], {}


def kernel(function):
    """Compile `function` on first use: no Python objects, no GIL, IEEE arithmetic, cached on disk.

    Division by zero gives inf or nan as in NumPy rather than an exception. With ``NUMBA_DISABLE_JIT=1`` the
    plain Python function comes back. Called by other kernels, it is copied into them and returns numbers only.
    """
    return _kernel(function, Linked)


def outlined(function):
    """A `kernel` that is compiled once and not copied into kernels that call it (`dpmix.kernels.linkage`).

    For what takes longer to compile than a tenth of a second, and to run than a tenth of a microsecond.
    """
    return _kernel(function, Outlined)


def inlined(function):
    """A `kernel` whose few lines become lines of those that call it; these may be handed arrays."""
    return function if numba.config.DISABLE_JIT else _dispatcher(Kernel, function, inline="always")


def _kernel(function, form):
    if numba.config.DISABLE_JIT:
        return function
    found = _dispatcher(Kernel, function)
    found.for_kernels = _dispatcher(form, function, no_cpython_wrapper=True, _nrt=False)
    if form is Outlined:
        _outlined[f"{function.__module__}.{function.__qualname__}"] = found.for_kernels
    return found


def _dispatcher(form, function, **options):
    options = {"nopython": True, "nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True, **options}
    found = form(py_func=function, targetoptions=options)
    found._cache = _NoCache() if cache_folder() is None else _KernelCache(function, form.__name__)
    return found


def on_compile(listener):
    """Call `listener()` once, right before this process compiles a kernel not found in the cache."""
    _listeners.append(listener)


@cache
def cache_folder():
    """Folder of the compiled kernels of exactly these sources, or None where there can be none.

    The first that holds all of them already, on a read-only disk too, or that can be written. One that
    somebody else could have written to is passed over: what it holds would be executed.
    """
    folders = (parent / f"{_fingerprint()}-numba{numba.__version__}" for parent in _cache_parents())
    return next((folder for folder in folders if _is_full(folder) or _is_writable(folder)), None)


def is_complete(part=""):
    """Whether some process has put every kernel of chains into the cache, or those of another `part`."""
    return cache_folder() is not None and (cache_folder() / f"{_COMPLETE}{part}").exists()


def mark_complete(part=""):
    """Note in the cache that every kernel of chains is there, or those of another `part`."""
    if cache_folder() is not None:
        with contextlib.suppress(OSError):  # a full disk: the next process will look again
            (cache_folder() / f"{_COMPLETE}{part}").touch()


def can_share():
    """Whether processes that need the same kernels can each compile some of them."""
    return cache_folder() is not None and fcntl is not None


def n_cached():
    """How many compiled kernels are in the cache."""
    return 0 if cache_folder() is None else sum(1 for _ in cache_folder().glob("*.nbi"))


def prepare(function, *arguments):
    """Make a kernel ready for arguments of such types, from the cache or by compiling it; nothing is called."""
    if not numba.config.DISABLE_JIT:
        function.compile(tuple(numba.typeof(each) for each in arguments))


def _cache_parents():
    if os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(os.environ["NUMBA_CACHE_DIR"]).absolute() / "dpmix"
    own = Path(AppDirs(appname="dpmix", appauthor=False).user_cache_dir)
    if own.is_absolute():  # without a home it is not, and nobody wants a folder named ~ where they stand
        yield own / "kernels"
    if hasattr(os, "getuid"):
        with contextlib.suppress(OSError):  # there may be no temporary folder, or none that is writable
            yield Path(tempfile.gettempdir()) / f"dpmix-kernels-{os.getuid()}"


def _is_full(folder):
    """Whether `folder` is to be trusted and holds every kernel, so that nothing need be written."""
    return _is_trusted(folder) and (folder / _COMPLETE).is_file()


def _is_writable(folder):
    """Whether `folder`, made if need be, is to be trusted and takes files."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return _is_trusted(folder)


def _is_trusted(folder):
    """Whether nobody but this user and the administrator can have put anything into `folder`.

    Folders above it may belong to a group: whoever puts another folder in its place does not own that as
    this user does. Only where everybody may rename everything is no look at it worth anything.
    """
    if not hasattr(os, "getuid"):
        return folder.is_dir()
    try:
        found = folder.lstat()
        above = [parent.stat().st_mode for parent in folder.parents]
    except OSError:
        return False
    is_own = found.st_uid in (0, os.getuid()) and not found.st_mode & 0o022
    return stat.S_ISDIR(found.st_mode) and is_own and all(not m & 0o002 or m & stat.S_ISVTX for m in above)


@cache
def _fingerprint():
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _announce():
    while _listeners:
        _listeners.pop()()


class _Locator(caching._CacheLocator):
    """Tells Numba where the files of one kernel are and what they depend on."""

    def __init__(self, function):
        self._name = f"{function.__module__}.{function.__qualname__}"

    def get_cache_path(self):
        return str(cache_folder())

    def get_source_stamp(self):
        return _fingerprint()

    def get_disambiguator(self):
        return hashlib.sha256(self._name.encode()).hexdigest()[:8]

    @classmethod
    def from_function(cls, py_func, py_file):
        return cls(py_func)


class _Impl(caching.CompileResultCacheImpl):
    """What is kept of a compiled kernel: first which outlined ones it calls."""

    _locator_classes = [_Locator]

    def reduce(self, cres):
        return slots_used(cres), super().reduce(cres)

    def rebuild(self, target_context, payload):
        fill_slots(_outlined, payload[0])
        return super().rebuild(target_context, payload[1])


class _CheckedFiles(caching.IndexDataCacheFile):
    """Cache files that begin with the digest of the rest; a damaged one counts as missing."""

    def _load_index(self):
        try:
            return super()._load_index()
        except Exception:  # unpickling a damaged index can raise anything; the way out is the same
            return {}

    def _save_data(self, name, data):
        content = self._dump(data)
        with self._open_for_write(self._data_path(name)) as file:
            file.write(hashlib.sha256(content).digest() + content)

    def _load_data(self, name):
        content = Path(self._data_path(name)).read_bytes()
        if hashlib.sha256(content[_DIGEST_SIZE:]).digest() != content[:_DIGEST_SIZE]:
            raise OSError(f"damaged cache file {name}")  # Numba reads an OSError as "not there"
        return caching.pickle.loads(content[_DIGEST_SIZE:])


class _NoCache(caching.NullCache):
    def load_overload(self, sig, target_context):
        _announce()

    def let_go(self):
        pass


class _KernelCache(caching.FunctionCache):
    """The cache of one kernel. Who finds it empty fills it, and others who look meanwhile wait for that."""

    _impl_class = _Impl
    _claim = None  # the file that is locked meanwhile

    def __init__(self, function, form):
        super().__init__(function)
        plain, self._stem = self._cache_file, f"{self._impl.filename_base}.{form}"
        self._cache_file = _CheckedFiles(plain._cache_path, self._stem, plain._source_stamp)

    def load_overload(self, sig, target_context):
        found = super().load_overload(sig, target_context)
        if found is None and self._has_waited():
            found = super().load_overload(sig, target_context)
        if found is None:
            _announce()
        return found

    def save_overload(self, sig, data):
        try:
            super().save_overload(sig, data)
        except OSError:
            self.disable()  # a full disk costs the cache, not the computation

    def let_go(self):
        """Let others go on that wait for this kernel."""
        claim, self._claim = self._claim, None
        if claim is not None:
            claim.close()

    def _has_waited(self):
        """Claim the kernel for this process; whether another one had, which may have compiled it by now."""
        if fcntl is None or self._claim is not None:
            return False
        waited, until = False, time.monotonic() + _PATIENCE
        with contextlib.suppress(OSError):  # a disk that is full, or knows no locks
            self._claim = open(cache_folder() / f"{self._stem}.lock", "ab")
            while not _is_locked(self._claim) and time.monotonic() < until:
                waited = True
                time.sleep(0.02)
        return waited


def _is_locked(file):
    """Whether the file is now locked for this process; the lock ends with it, or with the process."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
