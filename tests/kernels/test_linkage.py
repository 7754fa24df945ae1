"""Outlined kernels: compiled once, found by their callers in this process and in later ones."""

import textwrap

import numba
import numpy as np
import pytest

from dpmix.kernels import compile as compiling
from support import overlay

pytestmark = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="NUMBA_DISABLE_JIT=1 compiles nothing")

MADE_UP = """
    from dpmix.kernels.compile import inlined, kernel, outlined

    @outlined
    def square(x):
        return x * x

    @inlined
    def both(x):
        return square(x), x

    @kernel
    def _sum(x):
        one, other = both(x)
        return one + other

    @kernel
    def twice(x):
        return 2 * _sum(x)
"""
CALL = """
    from dpmix.kernels.made_up import twice
    print(twice(3), sum(twice.stats.cache_hits.values()))
"""


@pytest.fixture
def made_up(tmp_path):
    """Runs `twice(3)` in a new process of a package with the kernels above, and says what it found."""
    folder, cache = overlay.copy_package(tmp_path), tmp_path / "cache"
    (folder / "dpmix" / "kernels" / "made_up.py").write_text(textwrap.dedent(MADE_UP))

    def call():
        run = overlay.run_python(folder, "-c", textwrap.dedent(CALL), NUMBA_CACHE_DIR=cache)
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout.strip()

    assert call() == "24 0"
    return call, cache


@pytest.mark.slow
def test_callers_read_from_the_cache_find_what_they_call(made_up):
    call, _ = made_up
    assert call() == "24 1"


@pytest.mark.slow
def test_what_is_missing_in_the_cache_is_compiled_for_callers_that_are_there(made_up):
    call, cache = made_up
    removed = [path for path in cache.rglob("*square*.nb?") if not path.unlink()]
    assert len(removed) == 2
    assert call() == "24 1"
    assert len(list(cache.rglob("*square*.nb?"))) == 2


@pytest.mark.slow
def test_callers_have_no_copy_of_an_outlined_kernel(made_up):
    _, cache = made_up
    names = {path.name.split("-")[0] for path in cache.rglob("*.nbi")}
    assert names == {"made_up.square", "made_up._sum", "made_up.twice"}


def test_a_kernel_that_hands_arrays_to_kernels_is_refused():
    @compiling.outlined
    def half(x):
        return x[:1], x[1:]

    @compiling.kernel
    def call(x):
        return half(x)[0][0]

    with pytest.raises(TypeError, match="numbers only"):
        call(np.ones(2))
