"""Every kernel of chains, with shards and without, made ready before it is needed."""

import numpy as np

from dpmix.chain import segment
from dpmix.chain.plan import Plan
from dpmix.chain.starts import start
from dpmix.kernels.compile import is_complete, mark_complete
from dpmix.model.prior import Prior
from dpmix.model.table import BinaryTable
from dpmix.sharding.rounds import play

__all__ = ["are_ready", "warm_up"]

_ROUNDS = "-rounds"  # the part of the cache that rounds need beside the kernels of chains


def are_ready(shards=1):
    """Whether the cache holds every kernel that chains over so many shards call."""
    return is_complete() and (shards == 1 or is_complete(_ROUNDS))


def warm_up(shards=2):
    """Make every kernel that a segment calls ready, and with shards a round, from the cache or by compiling it."""
    segment.warm_up()
    if shards > 1:
        table = BinaryTable.from_input(np.eye(4, dtype=np.uint8))
        plan = Plan.checked(Prior(), 1, 5, 0, 1, "seeds:2", 0, shards=2)
        play(table, plan, 0, start(table, plan, None, 0), 0)
        mark_complete(_ROUNDS)
