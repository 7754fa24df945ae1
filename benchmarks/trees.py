"""Running a program with the package in another checkout, such as that of the commit before."""

import contextlib
import os
import tempfile
from pathlib import Path

__all__ = ["HERE", "working_folder"]

HERE = Path(__file__).parents[1]


@contextlib.contextmanager
def working_folder(tree):
    """A folder that lasts as long as the block, and the environment in which a program has the dpmix of `tree`.

    The program is to run in that folder. Its kernels are compiled into an empty cache there.
    """
    with tempfile.TemporaryDirectory() as work:
        package = Path(work) / "dpmix"
        package.mkdir()
        for path in [*(tree / "dpmix").iterdir(), tree / "kernels"]:
            (package / path.name).symlink_to(path.absolute())
        yield work, {**os.environ, "NUMBA_CACHE_DIR": str(Path(work) / "cache"), "PYTHONPATH": work}
