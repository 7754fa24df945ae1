"""Which moves a test of exactness runs: for each of `MOVES` by itself, and for all together.

A move that joins `MOVES` is tested from then on. It is run after a sweep of assignments, with which any
move reaches all partitions, unless it is named in `REACH_ALL`; the partitions are counted right after it.

Moves of hyperparameters are named in `MOVED` with what they move. They are tested with a Gamma prior on
just that, everything else fixed, and change the frequencies of partitions: the exact posterior is then the
sum over the prior that `support.quadrature` makes. Where all moves run together, all of it is learned.
"""

from dpmix.chain.moves import MOVES
from dpmix.chain.plan import Plan
from dpmix.chain.schedule import Schedule
from dpmix.model.prior import Gamma, Prior

REACH_ALL = {"assignments", "split_merge"}
MOVED = {"alpha": ("alpha",), "pixels": ("a", "b")}
LEARNED = {"alpha": Gamma(2, 2), "a": Gamma(2, 3), "b": Gamma(3, 2)}
NAMES = [*MOVES, "all"]


def moves_for(name):
    """The moves with which the move `name`, or "all", is tested, in order."""
    if name == "all":
        return list(MOVES.values())
    return [MOVES[name]] if name in REACH_ALL else [MOVES["assignments"], MOVES[name]]


def prior_for(name, alpha, a, b, c=1.0):
    """The prior with which it is tested: these numbers, but for what the moves move."""
    moved = LEARNED if name == "all" else MOVED.get(name, ())
    return Prior(**{"alpha": alpha, "a": a, "b": b} | {each: LEARNED[each] for each in moved}, c=c)


def plan_for(prior, **schedule):
    """A plan that asks for this much of each move."""
    return Plan.checked(prior, 1, 1, 0, 1, "one", 0, Schedule(**schedule))
