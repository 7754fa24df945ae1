"""What a chain has done so far: its trace, the draws kept, and where it stands."""

from dataclasses import dataclass, field

import numpy as np

from dpmix.chain.kept import empty_kept
from dpmix.chain.moves import MOVES
from dpmix.chain.state import State

__all__ = ["FIGURES", "PROPOSALS", "TRACE_NAMES", "ChainRecord", "Draws", "figures_of"]


def figures_of(moves):
    """What is noted of a sweep of `moves`, and the dtype, by name.

    Parameters
    ----------
    moves : dict of str to function
        As `dpmix.chain.moves.MOVES`.

    Returns
    -------
    dict of str to str
        In the order in which the files of chains hold it: what describes the chain, what the moves
        report (all that count proposals, then all that count acceptances, come last), their seconds.
    """
    reported = {name: dtype for move in moves.values() for name, dtype in move.figures.items()}
    tallies = {
        name: dtype
        for ending in ("_proposals", "_accepted")
        for name, dtype in reported.items()
        if name.endswith(ending)
    }
    others = {name: dtype for name, dtype in reported.items() if name not in tallies}
    described = {"log_joint": "f8", "n_clusters": "i8", "alpha": "f8"}
    return described | others | {"seconds": "f8"} | tallies | {f"{name}_seconds": "f8" for name in moves}


FIGURES = figures_of(MOVES)
PROPOSALS = tuple(name.removesuffix("_proposals") for name in FIGURES if name.endswith("_proposals"))
TRACE_NAMES = tuple(FIGURES)


@dataclass
class Draws:
    """What some consecutive sweeps of one chain produced.

    Attributes
    ----------
    trace : dict of str to (sweeps,) array
        One value a sweep for each of TRACE_NAMES; log joint in nats, seconds of computation.
    kept : dict of str to array
        One row a kept draw: labels (draws, n) uint16 or int32, clusters
        numbered by decreasing size; alpha (draws,); a, b (draws, d). Where draws are kept as counts, not
        labels but n_clusters (draws,) and, one row a cluster of each draw, sizes, ones, gaps and classes
        (`dpmix.chain.kept`).
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

    @classmethod
    def fresh(cls, table, plan):
        """No sweeps of a chain of `plan` over `table`."""
        return cls(cls.empty(0, 0).trace, empty_kept(table, plan.keep))

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
