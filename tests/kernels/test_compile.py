"""How kernels are compiled and cached: never an old result, never a crash, once per kernel."""

import json
import os
import textwrap

import numba
import numpy as np
import pytest

from dpmix.kernels import compile as compiling
from support import overlay

pytestmark = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="NUMBA_DISABLE_JIT=1 compiles nothing")

SCORE = """
    import numpy as np
    from dpmix.kernels.beta_bernoulli import exact_score
    from dpmix.kernels.compile import cache_folder, on_compile
    from dpmix.kernels.records import Hyper, Runs, empty_partition, empty_tables
    heard = []
    on_compile(lambda: heard.append(1))
    none = np.zeros(2, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int32)
    one_run = np.zeros(1, np.int32), np.ones(1, np.int32)
    runs = Runs(np.array([0, 1]), np.ones(1, np.int64), *one_run, *none, np.full(1, -1))
    hyper = Hyper(1.0, np.full(2, 0.5), np.full(2, 1.5), 1.0)
    partition = empty_partition(np.zeros(3, np.int64), 2, 1, False, 0)
    partition.sizes[0], partition.ones[0] = 3, [1, 2]
    tables = empty_tables(partition)
    score = exact_score(0, 0, False, runs, hyper, partition, tables)
    print(f"{score:.12f} heard {len(heard)} cached {cache_folder() is not None}")
"""
SCORE_FOUND = f"{np.log(3) + np.log(1.5 / 5) + np.log(2.5 / 5):.12f}"


def run_script(folder, text, **variables):
    run = overlay.run_python(folder, "-c", textwrap.dedent(text), **variables)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout.strip()


@pytest.mark.slow
def test_second_process_loads_and_a_changed_callee_in_another_file_is_compiled(tmp_path):
    folder, cache = overlay.copy_package(tmp_path), {"NUMBA_CACHE_DIR": tmp_path / "cache"}
    assert run_script(folder, SCORE, **cache) == f"{SCORE_FOUND} heard 1 cached True"
    assert run_script(folder, SCORE, **cache) == f"{SCORE_FOUND} heard 0 cached True"
    special = folder / "dpmix/kernels/special.py"
    overlay.edit(special, "_LN2 = math.log(2.0)", "_LN2 = math.log(4.0)")
    changed = run_script(folder, SCORE, **cache)
    assert not changed.startswith(SCORE_FOUND)
    assert changed.endswith("heard 1 cached True")
    overlay.edit(special, "_LN2 = math.log(4.0)", "_LN2 = math.log(2.0)")
    assert run_script(folder, SCORE, **cache) == f"{SCORE_FOUND} heard 0 cached True"


@pytest.mark.slow
@pytest.mark.parametrize(
    "temporary",
    [
        pytest.param("tempfile.tempdir = {nowhere!r}", id="not there"),
        pytest.param("tempfile._candidate_tempdir_list = lambda: [{nowhere!r}]", id="none usable"),
    ],
)
def test_works_where_nothing_is_writable(tmp_path, temporary):
    (tmp_path / "file").touch()
    nowhere = str(tmp_path / "file" / "below")  # a folder that not even root can make
    places = dict.fromkeys(("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA", "NUMBA_CACHE_DIR", "TMPDIR"), nowhere)
    text = f"import tempfile\n{temporary.format(nowhere=nowhere)}\n" + textwrap.dedent(SCORE)
    found = run_script(overlay.copy_package(tmp_path / "copy"), text, **places)
    assert found == f"{SCORE_FOUND} heard 1 cached False"


@pytest.fixture
def cached(tmp_path, monkeypatch):
    """A function that compiles the same tiny kernel anew, from the cache in `tmp_path` if it can."""
    monkeypatch.setattr(compiling, "cache_folder", lambda: tmp_path)

    def triple(x):
        return 3 * x

    def fresh():
        dispatcher = compiling.kernel(triple)
        assert dispatcher(14) == 42
        return sum(dispatcher.stats.cache_hits.values())

    assert [fresh(), fresh()] == [0, 1]
    return fresh


def damaged(content, rng):
    """Versions of a file that was cut short, overwritten, or had one bit flipped."""
    size = len(content)
    yield from (content[:cut] for cut in (0, 1, 31, 32, 33, size // 2, size - 1))
    yield from (bytes(size), content + b"more", content[::-1], b"\x80\x05N.", b"not a cache file")
    for place in rng.integers(size, size=25):
        yield content[:place] + bytes([content[place] ^ 1 << int(rng.integers(8))]) + content[place + 1 :]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
@pytest.mark.slow
def test_damaged_cache_files_count_as_missing(cached, tmp_path, suffix):
    (path,) = tmp_path.glob(f"*.{suffix}")
    content = path.read_bytes()
    for damage in damaged(content, np.random.default_rng(0)):
        path.write_bytes(damage)
        cached()
        assert cached() == 1, "what was damaged is not replaced"
        path.write_bytes(content)


def test_removed_cache_files_count_as_missing(cached, tmp_path):
    for suffix in ("nbi", "nbc"):
        for path in tmp_path.glob(f"*.{suffix}"):
            path.unlink()
        assert [cached(), cached()] == [0, 1]


def test_full_disk_costs_the_cache_only(tmp_path, monkeypatch, cached):
    for path in tmp_path.iterdir():
        path.unlink()

    def no_space(self, name, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(compiling._CheckedFiles, "_save_data", no_space)
    assert [cached(), cached()] == [0, 0]


RUN = """
    import json, sys
    import numpy as np
    from numba.core.dispatcher import Dispatcher
    from dpmix.chain.state import Chain
    from dpmix.model.table import BinaryTable
    from dpmix.chain.plan import Plan
    from dpmix.model.prior import Prior
    from dpmix.chain.segment import run_segment
    from dpmix.chain.starts import start

    def run(d, init, labels=None, **prior):
        table = BinaryTable.from_input(np.random.default_rng(0).integers(0, 2, (40, d)))
        plan = Plan.checked(Prior(**prior), 1, 4, None, None, init, 0)
        state, draws = run_segment(table, plan, start(table, plan, labels, 0), 0, 2)
        _, more = run_segment(table, plan, state, 2, 2)
        return draws.followed_by(more).trace["log_joint"].tolist()

    half = np.full(8, 0.5)
    found = [run(8, "one"), run(8, "crp", alpha=1000), run(8, "labels", np.arange(40, dtype=np.int32) % 3),
             run(1, "random:5"), run(8, "one", a=half), run(8, "one", a=half, b=half)]
    called = {
        name: len(value.signatures)
        for place, module in list(sys.modules.items())
        if place.startswith("dpmix.") and not place.startswith("dpmix.kernels")
        for name, value in vars(module).items() if isinstance(value, Dispatcher)
    }
    print(json.dumps([found, called]))
"""


def test_each_kernel_that_a_run_calls_has_one_signature(tmp_path):
    variables = {name: os.environ[name] for name in ["NUMBA_CACHE_DIR"] if name in os.environ}
    _, called = json.loads(run_script(overlay.copy_package(tmp_path), RUN, **variables))
    used = {name: count for name, count in called.items() if count}
    assert {"sweep_images", "count_images", "fill_tables", "log_likelihood"} <= used.keys()
    assert set(used.values()) == {1}, used


@pytest.mark.slow
def test_run_is_the_same_after_every_cache_file_was_damaged(tmp_path):
    folder, cache = overlay.copy_package(tmp_path), {"NUMBA_CACHE_DIR": tmp_path / "cache"}
    wanted, _ = json.loads(run_script(folder, RUN, **cache))
    files = sorted((tmp_path / "cache").rglob("*.nb?"))
    assert len(files) >= 8
    for ix, path in enumerate(files):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 16
        path.write_bytes(content[: len(content) // 3] if ix % 2 else content)
    found, _ = json.loads(run_script(folder, RUN, **cache))
    assert found == wanted


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Where kernels might be kept: the folder that the environment names, the user's own, a temporary one."""
    named, own, temporary = (tmp_path / name for name in ("named", "own", "temporary"))
    temporary.mkdir()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(named))
    monkeypatch.setenv("XDG_CACHE_HOME", str(own))
    monkeypatch.setattr(compiling.tempfile, "tempdir", str(temporary))
    return named, own, temporary


posix = pytest.mark.skipif(os.name != "posix", reason="needs the rights of POSIX")


def look():
    return compiling.cache_folder.__wrapped__()


@posix
def test_a_complete_cache_on_a_read_only_disk_is_read(places, monkeypatch):
    folder = look()
    (folder / "complete").touch()

    def read_only(*arguments, **options):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(compiling.tempfile, "TemporaryFile", read_only)
    monkeypatch.setattr(compiling.Path, "mkdir", read_only)
    assert look() == folder
    (folder / "complete").unlink()
    assert look() is None


@posix
def test_the_folder_that_the_environment_names_is_used_though_another_is_complete(places, monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    own = look()
    (own / "complete").touch()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(places[0]))
    assert look() == places[0] / "dpmix" / own.name


@posix
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o1777, 0o702])
def test_a_cache_that_others_can_write_to_is_not_used(places, mode):
    named, own, _ = places
    folder = look()
    assert named in folder.parents
    (folder / "complete").touch()
    folder.chmod(mode)
    assert own in look().parents
    folder.chmod(0o755)
    assert look() == folder
    named.chmod(0o777)  # anybody may put another folder in its place
    assert own in look().parents
    named.chmod(0o1777)
    assert look() == folder


@posix
def test_a_cache_of_somebody_else_and_a_link_are_not_used(places, monkeypatch, tmp_path):
    named, own, _ = places
    folder = look()
    (folder / "complete").touch()
    if os.getuid() == 0:
        os.chown(folder, 12345, -1)
    else:
        monkeypatch.setattr(compiling.os, "getuid", lambda: 12345)
    assert not compiling._is_trusted(folder)
    assert look() != folder
    monkeypatch.undo()
    os.chown(folder, os.getuid(), -1)
    assert compiling._is_trusted(folder)
    folder.rename(tmp_path / "planted")
    folder.symlink_to(tmp_path / "planted")
    assert not compiling._is_trusted(folder)


@posix
def test_without_a_home_nothing_is_made_where_one_stands(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(compiling.os.path, "expanduser", lambda path: path)
    monkeypatch.setattr(compiling.tempfile, "tempdir", str(tmp_path))
    assert look().parent.parent == tmp_path
    assert os.listdir() == []
