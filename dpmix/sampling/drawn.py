"""What a run has drawn, kept however the run ends.

A run ends early by Ctrl-C, by a worker that keeps dying, by a disk that is full or memory that is, or by
whatever else a program can meet. `kept` is around all of it: the error that leaves it has what was drawn as
its ``posterior``, and `last_run` has it too, for a notebook in which nobody caught the error.
"""

import contextlib
import functools

from dpmix.base.errors import Interrupted, RunError, WorkerError
from dpmix.base.files import FolderLost
from dpmix.base.version import __version__
from dpmix.base.wording import Wording
from dpmix.posterior.posterior import Posterior
from dpmix.sampling.shortage import memory_remedy

__all__ = ["Drawn", "kept", "last_run"]

_ended = {}  # "run": the Drawn of the run that ended early last, or that goes on


class Drawn:
    """What a run has drawn so far.

    Attributes
    ----------
    table : dpmix.model.table.BinaryTable
    plan : dpmix.chain.plan.Plan
    records : list of dpmix.chain.record.ChainRecord
        Replaced in place, segment by segment; empty before the run begins.
    path : pathlib.Path or None
        The run folder, where there is one.
    """

    def __init__(self, table, plan):
        self.table, self.plan, self.records, self.path = table, plan, [], None

    def begin(self, records, folder):
        """The chains stand at `records`, which the run replaces in place, and `folder`, if any, takes them."""
        self.records, self.path = records, folder.path if folder else None

    @classmethod
    def all_of(cls, posterior):
        """What the run of `posterior`, which came to its end, has drawn: all that it was to draw."""
        drawn = cls(posterior.table, posterior.plan)
        drawn.records = list(posterior.records)
        return drawn

    def posterior(self):
        """The draws so far, or where chains stand in their burn-in; None where no sweep was done."""
        if not self.has_sweeps():
            return None
        return Posterior(self.table, self.plan, self.records, __version__, burn_in=True)

    def has_sweeps(self):
        """Whether any chain has done a sweep."""
        return any(record.sweeps for record in self.records)

    def remember(self):
        """Be what `last_run` gives, if there is anything to give."""
        if self.has_sweeps():
            _ended["run"] = self

    def told(self):
        """How far the run was, in words."""
        done = min((record.sweeps for record in self.records), default=0)
        return f"{done} of {self.plan.sweeps} sweeps"

    def remedy(self, first=None):
        """What to do about a run that ended early: `first`, where the draws are, and how to go on."""
        has_sweeps = self.has_sweeps()
        if has_sweeps and not all(record.draws.n_kept for record in self.records):
            first = _joined([first, "the chains were still in their burn-in"])
        if self.path is None:
            return _joined([first, Wording("{so_far}; to go on, {resume_saved}") if has_sweeps else None])
        run = str(self.path)
        so_far = Wording("{so_far}", run=run) if has_sweeps else None
        is_told = first and str(Wording("{resume}", run=run)) in first
        return _joined([first, so_far, None if is_told else Wording("go on with {resume}", run=run)])


def last_run() -> Posterior | None:
    """Return what the last run of this program that ended early has drawn.

    After Ctrl-C in a notebook, and after any error in the middle of `sample`, `resume` or `DPMixture.fit`,
    the draws of all finished segments are here, whether or not anyone caught the error that carries them.

    Returns
    -------
    Posterior or None
        None where no run has ended early, or a later one has come to its end, or no sweep was done. Of
        chains without a draw it shows where they stand: see `Posterior.in_burn_in`. It is as good as the
        one it comes from: ``dpmix.last_run().save(path)``, then ``dpmix.resume(path)``, gives what an
        undisturbed run would have given.

    Examples
    --------
    >>> import dpmix
    >>> digits = dpmix.datasets.load_digits(classes=[0, 1])
    >>> posterior = dpmix.sample(digits, chains=1, sweeps=4, seed=1, jobs=1, progress=False)
    >>> dpmix.last_run() is None  # it came to its end
    True
    """
    run = _ended.get("run")
    return run.posterior() if run else None


@contextlib.contextmanager
def kept(drawn):
    """Within the block a run goes on; an error that leaves it has what was drawn, of which nothing is lost.

    Parameters
    ----------
    drawn : Drawn

    Raises
    ------
    Interrupted
        For KeyboardInterrupt.
    WorkerError
        For MemoryError.
    """
    try:
        yield
    except BaseException as error:
        drawn.remember()  # first of all: a second Ctrl-C may follow
        _hand_back(error, drawn)
        raise
    _ended.clear()


def _hand_back(error, drawn):
    """Put what was drawn into `error`, or raise the error of dpmix that stands for it."""
    posterior, first = None, None
    if isinstance(error, MemoryError):
        first = memory_remedy(drawn.table, drawn.records)
    try:
        posterior = drawn.posterior()
    except MemoryError:
        first = _joined([first, "dpmix.last_run() puts the draws together once there is room for them"])
    if isinstance(error, FolderLost):  # who would go on at its path might go on with another run
        error.extend(Wording("{lost_folder}") if drawn.has_sweeps() else None, posterior)
        return
    if isinstance(error, KeyboardInterrupt):
        raise Interrupted(f"interrupted after {drawn.told()}", posterior, drawn.remedy(first)) from error
    if isinstance(error, MemoryError):
        text = f"memory ran out after {drawn.told()}{f' ({error})' if str(error) else ''}"
        raise WorkerError(text, drawn.remedy(first), posterior) from error
    if isinstance(error, (RunError, WorkerError)):
        if drawn.records:
            error.extend(drawn.remedy(_joined([error.remedy, first])), posterior)
    elif posterior is not None:
        with contextlib.suppress(AttributeError, TypeError):  # of classes that take neither
            error.posterior = posterior
            error.add_note(f"dpmix: the run ended after {drawn.told()}; {drawn.remedy(first)}")


def _joined(parts):
    """`parts`, of which some may be None, as one sentence in whatever words; None for none."""
    parts = [part for part in parts if part]
    return (
        functools.reduce(lambda one, two: Wording("{one}; {two}", one=one, two=two), parts) if parts else None
    )
