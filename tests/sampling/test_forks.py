"""`sample` where a program has forked, and where it may have no children: the same draws, or as good a word."""

import os

import pytest

from support.processes import run

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

PROGRAM = """
    import multiprocessing, os, threading, traceback, warnings
    from concurrent.futures import ProcessPoolExecutor
    warnings.filterwarnings("ignore", ".*multi-threaded, use of fork", DeprecationWarning)
    import numpy as np
    import dpmix

    x = np.random.default_rng(1).integers(2, size=(40, 16))

    def draws(sweeps=6, jobs=2):
        return dpmix.sample(
            x, chains=2, sweeps=sweeps, burn_in=2, init="random:3", seed=3, jobs=jobs, progress=False
        ).labels[:, :2]

    def same(jobs=2):
        return bool((draws(jobs=jobs) == expected).all()), multiprocessing.current_process().daemon

    def forked(check):
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                status = 0 if check() == (True, False) else 2
            except BaseException:
                traceback.print_exc()
            os._exit(status)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    expected = draws()
    context = multiprocessing.get_context("fork")
    """

CASES = {
    "fork": ("print(forked(same), same())", "0 (True, False)"),
    "fork of a fork": ("print(forked(lambda: (forked(same) == 0, False)), same())", "0 (True, False)"),
    "Pool": (
        "with context.Pool(2) as pool: print(*pool.map(same, [None, 2]))",
        "(True, True) (True, True)",
    ),
    "ProcessPoolExecutor": (
        "with ProcessPoolExecutor(1, context) as pool: print(pool.submit(same).result())",
        "(True, False)",
    ),
    "in the middle of a run": (
        "timer = threading.Timer(0.3, lambda: print(forked(same))); timer.start(); draws(400); timer.join()",
        "0",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_sample_in_a_child_of_a_program_that_sampled(case, tmp_path):
    code, said = CASES[case]
    assert run(PROGRAM + code + "\n", tmp_path, 60).strip() == said
