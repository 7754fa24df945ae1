"""One Markov chain: its state, and the working arrays that are derived from it.

A `State` is all that a checkpoint needs. A `Chain` holds the same in the form that moves change in
place, with the counts and score tables that follow from it; building one from a state and reading
the state back loses nothing, so where a chain is cut into segments makes no difference to its draws.
"""

import math
from typing import NamedTuple

import numpy as np

from dpmix.base.pieces import in_pieces
from dpmix.kernels.beta_bernoulli import log_likelihood
from dpmix.kernels.hyperparameters import MOST
from dpmix.kernels.partition import count_images, fill_tables
from dpmix.kernels.records import LANES, Hyper, empty_partition, empty_proposals, empty_tables
from dpmix.kernels.special import LOG_RATIO_ERROR

__all__ = ["Chain", "State", "generator_from", "generator_state", "odd_groups", "roughness", "slots_for"]

_MAX_SCALE_LOG2 = 20  # finer units than a millionth of a nat buy nothing
_ROOM_KEPT = 2  # times the slots that a new chain would have, beyond which they are given up
_ROUGH_NATS = 8.0  # that images may be worse off in one cluster than in another, per place
_MASK64 = (1 << 64) - 1


class State(NamedTuple):
    """Everything the future of a chain depends on."""

    z: np.ndarray  # (n,) int32, cluster of each image, 0 to k - 1, in the order of the slots
    alpha: float
    a: np.ndarray  # (d,) float64
    b: np.ndarray  # (d,) float64
    generator: np.ndarray  # (6,) uint64, see generator_state


def generator_state(generator):
    """State of a PCG64 `generator` as (6,) uint64, for files without pickle."""
    inner = generator.bit_generator.state
    state, inc = inner["state"]["state"], inner["state"]["inc"]
    words = [state >> 64, state & _MASK64, inc >> 64, inc & _MASK64, inner["has_uint32"], inner["uinteger"]]
    return np.array(words, np.uint64)


def generator_from(words):
    """The generator whose `generator_state` is `words`."""
    words = [int(word) for word in words]
    bit_generator = np.random.PCG64()
    bit_generator.state = {
        "bit_generator": "PCG64",
        "state": {"state": words[0] << 64 | words[1], "inc": words[2] << 64 | words[3]},
        "has_uint32": words[4],
        "uinteger": words[5],
    }
    return np.random.Generator(bit_generator)


class Chain:
    """The working arrays of one chain over one table.

    Attributes
    ----------
    runs : dpmix.kernels.records.Runs
    generator : numpy.random.Generator
    n_clusters : int
    has_gaps : bool
        Whether any pixel of the table is unobserved, in these images or in those that it was cut from.
    n_classes : int
        Of the label column, 0 where there is none; each has pseudo-count `c`.
    hyper, partition, tables, split_merge_work, birth_death_work : records of dpmix.kernels.records
    tolerance : float
        Largest rounding error of a score in `tables`, nats.
    """

    def __init__(self, table, state, c=1.0):
        self.runs, self.n, self.d, self.n_classes = table.runs, table.n, table.d, table.n_classes
        self.has_gaps = table.masked
        self.generator = generator_from(state.generator)
        self.n_clusters = int(state.z.max()) + 1
        self.hyper = Hyper(
            float(state.alpha), np.array(state.a, np.float64), np.array(state.b, np.float64), c
        )
        self._allocate(np.array(state.z, np.int64))

    def state(self):
        """The chain's present `State`, a copy."""
        return State(self.partition.z.astype(np.int32), *self.hyper[:3], generator_state(self.generator))

    def make_room(self):
        """Double the slots, so that more clusters can open."""
        self._allocate(self.partition.z)

    def shed_room(self):
        """Give up slots where clusters have died: rows of the tables are as long as there are slots."""
        if len(self.partition.sizes) > _ROOM_KEPT * slots_for(self.n_clusters, self.n):
            self._allocate(self.partition.z)

    def divide(self, z):
        """Put the images into other clusters: slots `z` (n,), numbered from 0 without gaps."""
        self.n_clusters = int(z.max()) + 1
        self._allocate(np.array(z, np.int64))

    def set_hyper(self, **changes):
        """Give `alpha`, `a` or `b` new values and make the tables true to them."""
        self.hyper = self.hyper._replace(**changes)
        if set(changes) == {"alpha"} and _scale(self.hyper, self.n, self.n_classes) == self.tables.scale:
            fill_tables(self.n_clusters, self.n_clusters + 1, self.hyper, self.partition, self.tables)
        else:
            self._fill()

    def log_joint(self):
        """Log of p(x, z) with the pixels' probabilities integrated out, nats.

        The Chinese restaurant process gives alpha^k Gamma(alpha) / Gamma(alpha + n) times the
        product of Gamma(size) (Antoniak 1974); `log_likelihood` gives p(x | z).
        """
        alpha, k = self.hyper.alpha, self.n_clusters
        out = np.empty(self.partition.sizes.size)
        in_pieces(
            lambda first, last: log_likelihood(
                first, last, self.hyper, self.partition, self.tables.work, out
            ),
            k,
            guess=32,
        )
        crp = k * math.log(alpha) + math.lgamma(alpha) - math.lgamma(alpha + self.n)
        crp += sum(math.lgamma(size) for size in self.partition.sizes[:k].tolist())
        return crp + float(out[:k].sum())

    def _allocate(self, z):
        capacity, d = slots_for(self.n_clusters, self.n), self.d
        self.partition = empty_partition(z, d, capacity, self.has_gaps, self.n_classes)
        in_pieces(
            lambda first, last: count_images(first, last, self.runs, self.partition), self.n, guess=4096
        )
        self.tables = empty_tables(self.partition)
        self.split_merge_work, self.birth_death_work = empty_proposals(self.partition)
        self._fill()

    def _fill(self):
        """Build all tables from counts and hyperparameters."""
        scale = _scale(self.hyper, self.n, self.n_classes)
        entries = 2 * self.d + 2 if self.n_classes or self.has_gaps else self.d + 1
        # Each table entry is off by half a unit at the most, and by the error of its logarithm.
        self.tolerance = 0.5 * entries / scale + entries * LOG_RATIO_ERROR + 1e-9
        self.tables = self.tables._replace(
            scale=scale, **roughness(scale, math.log(self.n + MOST), self.tables.table.shape[1])
        )
        self.tables.log_totals[:] = np.nan
        in_pieces(
            lambda first, last: fill_tables(first, last, self.hyper, self.partition, self.tables),
            self.n_clusters + 1,
            guess=32,
        )


def slots_for(n_clusters, n):
    """Slots to hold for `n_clusters`: room to double, an odd number of vector groups.

    Rows of a power-of-two length would fall on the same few cache lines when a column is written.
    """
    return odd_groups(min(2 * n_clusters + LANES, n + 2))


def odd_groups(wanted):
    """At least so many slots, an odd number of vector groups."""
    groups = -(-wanted // LANES)
    return LANES * (groups + (groups % 2 == 0))


def roughness(scale, highest, places):
    """How scores are rounded to 16 bits: the fields `shift`, `offset` and `most_runs` of the tables.

    The range of 16 bits is at least `_ROUGH_NATS` per place of the tables; no score is above `highest` nats, in a
    sweep the logarithm of the largest weight, n or the largest alpha. Images of more than `most_runs` runs are
    scored in full.
    """
    rough_scale = 2.0 ** math.floor(math.log2(2**16 / (_ROUGH_NATS * places)))
    shift = min(max(int(math.log2(scale / rough_scale)), 0), 16)  # beyond 16 sums modulo 2**32 lose bits
    most_runs = min(places // 2 + 1, 2**14)
    offset = (int(scale * highest) >> shift) + most_runs + 2 - 2**15
    return {"shift": shift, "offset": offset, "most_runs": most_runs}


def _scale(hyper, n, n_classes):
    """Units per nat: the largest power of two for which no score can leave 32 bits."""
    least = np.minimum(hyper.a, hyper.b)
    bound = (
        float(np.log((hyper.a + hyper.b + n) / least).sum())
        + math.log(n + 1)
        + abs(math.log(hyper.alpha))
        + 64
    )
    if n_classes:
        bound += math.log(n_classes + n / hyper.c)
    return 2.0 ** min(_MAX_SCALE_LOG2, math.floor(math.log2((2**31 - 1) / bound)))
