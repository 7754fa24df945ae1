"""The command ``resume``: go on with a run."""

from dpmix.cli.options import add_command, add_run, add_running, given
from dpmix.cli.streams import show
from dpmix.cli.told import chain_table

__all__ = ["add_to"]

_RESUME = """\
Without --sweeps it finishes a run that was stopped, and does nothing to a finished one."""

_RESUME_EXAMPLES = ("dpmix resume run", "dpmix resume run --sweeps 1000")


def add_to(commands):
    """Add the command ``resume``."""
    resume = add_command(
        commands, "resume", _resume, "go on with a run", _RESUME, "RUN [options]", _RESUME_EXAMPLES
    )
    add_run(resume)
    resume.add_argument(
        "--sweeps", type=int, metavar="TOTAL", help="new length of each chain in all (default: as planned)"
    )
    add_running(resume)


def _resume(arguments):
    import dpmix

    options = given(arguments, "sweeps", "jobs")
    posterior = dpmix.resume(arguments.folder, **options, progress=not arguments.quiet)
    show(chain_table(posterior.records))
