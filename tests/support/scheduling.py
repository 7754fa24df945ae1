"""Which tests run beside each other in the processes of pytest-xdist."""

from xdist.scheduler import LoadFileScheduling

# They kill or interrupt processes and wait for what happens: two beside each other would wait too long.
KILLS = (
    "tests/cli/test_interruptions.py",
    "tests/sampling/test_silence.py",
    "tests/sampling/test_workers.py",
)


class ByFile(LoadFileScheduling):
    """Each process takes one file after another; the files of `KILLS` count as one."""

    def _split_scope(self, nodeid):
        return "kills" if nodeid.startswith(KILLS) else super()._split_scope(nodeid)
