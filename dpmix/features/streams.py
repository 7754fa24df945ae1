"""Random numbers of the extractors: independent streams, and Bernoulli draws in place."""

import numpy as np

from dpmix.kernels.uniform import LANES, fill_uniform
from dpmix.kernels.units import BLOCK, sample_probabilities, sample_units

__all__ = ["UniformStream"]


class UniformStream:
    """A stream of uniform float32 numbers in (0, 1) and of Bernoulli draws.

    Parameters
    ----------
    seed : numpy.random.SeedSequence

    Attributes
    ----------
    state : numpy.ndarray (4, 256) of uint32
        All that decides the numbers to come.
    """

    def __init__(self, seed):
        self.state = seed.generate_state(4 * LANES, np.uint32).reshape(4, LANES)
        self._work = np.empty((3, BLOCK), np.float32)

    @classmethod
    def from_state(cls, state):
        """The stream that goes on where another's `state` was taken."""
        stream = cls(np.random.SeedSequence(0))
        stream.state = np.array(state, np.uint32)
        return stream

    def fill(self, out):
        """Fill the contiguous float32 array `out` with uniform numbers."""
        fill_uniform(self.state, out.reshape(-1))

    def draw_units(self, z, out):
        """Set each element of `out` (may be `z`) to 1 with probability sigmoid(z), else to 0."""
        sample_units(z.reshape(-1), self.state, out.reshape(-1), self._work)

    def draw(self, p, out):
        """Set each element of `out` (may be `p`) to 1 with probability p, else to 0."""
        sample_probabilities(p.reshape(-1), self.state, out.reshape(-1), self._work)
