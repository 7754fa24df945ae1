"""Every kernel of chains, with shards and without, made ready before it is needed."""

import numpy as np

from dpmix.chain import segment
from dpmix.chain.plan import Plan
from dpmix.chain.starts import start
from dpmix.model.prior import Prior
from dpmix.model.table import BinaryTable
from dpmix.sharding.rounds import play

__all__ = ["warm_up"]


def warm_up():
    """Make every kernel that a segment or a round calls ready, from the cache or by compiling it."""
    table = BinaryTable.from_input(np.eye(4, dtype=np.uint8))
    plan = Plan.checked(Prior(), 1, 5, 0, 1, "seeds:2", 0, shards=2)
    play(table, plan, 0, start(table, plan, None, 0), 0)
    segment.warm_up()  # the last, since it notes that every kernel is there
