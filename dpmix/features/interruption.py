"""Ctrl-C during a training, which keeps the epochs that are done.

A training has one `Interruption`, which all of its stages share: the layers of a stack, the pre-training of
layers, the output layer before the rest. The first Ctrl-C after an epoch is done ends the stage in which it
strikes; none of the later stages begins, and ``fit`` returns with what there is. Before that there is nothing to
keep, and a second Ctrl-C is meant: both are a KeyboardInterrupt as ever.
"""

import contextlib

from dpmix.base.warn import warn_caller

__all__ = ["Interruption", "NeverHeld", "TrainingInterrupted"]


class TrainingInterrupted(UserWarning):
    """Ctrl-C ended a training, whose estimator has learnt from the epochs before."""


class Interruption:
    """Whether Ctrl-C has ended a training.

    Attributes
    ----------
    n_done : int
        Epochs done, in all stages.
    happened : bool
    """

    def __init__(self):
        self.n_done, self.happened = 0, False

    @contextlib.contextmanager
    def held(self):
        """Within the block the first Ctrl-C after an epoch is done ends the block, and no more."""
        try:
            yield
        except KeyboardInterrupt:
            if self.happened or not self.n_done:
                raise
            self.happened = True

    def follow(self, extractor):
        """Take part in the training of another estimator, which is a stage of this one."""
        self.happened = getattr(extractor, "interrupted_", False)
        self.n_done += 1

    def tell(self, estimator, text):
        """Set ``interrupted_`` of an estimator that is fitted otherwise, and warn if Ctrl-C has ended its training."""
        estimator.interrupted_ = self.happened
        if self.happened:
            name = type(estimator).__name__
            warn_caller(f"Ctrl-C ended the training of {name} after {text}", TrainingInterrupted)


class NeverHeld(Interruption):
    """For a training that any Ctrl-C ends as an exception."""

    def held(self):
        """Do nothing about the block."""
        return contextlib.nullcontext()
