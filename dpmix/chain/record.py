"""What a chain has done so far: its trace, the draws kept, and where it stands."""

from dataclasses import dataclass, field

import numpy as np

from dpmix.chain.schedule import FIGURES
from dpmix.chain.state import State

__all__ = ["DRAW_NAMES", "TRACE_NAMES", "ChainRecord", "Draws"]

TRACE_NAMES = tuple(FIGURES)
DRAW_NAMES = ("labels", "alpha", "a", "b")


@dataclass
class Draws:
    """What some consecutive sweeps of one chain produced.

    Attributes
    ----------
    trace : dict of str to (sweeps,) array
        One value a sweep for each of TRACE_NAMES; log joint in nats, seconds of computation.
    kept : dict of str to array
        One row a kept draw for each of DRAW_NAMES: labels (draws, n) uint16 or int32, clusters
        numbered by decreasing size; alpha (draws,); a, b (draws, d).
    """

    trace: dict
    kept: dict

    @classmethod
    def empty(cls, n, d):
        """No sweeps of a chain over `n` images of `d` pixels."""
        trace = {name: np.empty(0, dtype) for name, dtype in FIGURES.items()}
        pixels = np.empty((0, d))
        return cls(
            trace, {"labels": np.empty((0, n), np.uint16), "alpha": np.empty(0), "a": pixels, "b": pixels}
        )

    @property
    def n_kept(self):
        """Number of draws kept."""
        return len(self.kept["alpha"])

    def followed_by(self, later):
        """These draws and then those."""

        def joined(one, other):
            return {name: np.concatenate([one[name], other[name]]) for name in one}

        return Draws(joined(self.trace, later.trace), joined(self.kept, later.kept))


@dataclass
class ChainRecord:
    """One chain so far: where it stands and what it has given."""

    state: State
    draws: Draws = field(repr=False)

    @property
    def sweeps(self):
        """Sweeps done."""
        return len(self.draws.trace["log_joint"])
