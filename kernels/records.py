"""The arrays that kernels share, as records that pass straight into compiled code.

Numbers that kernels hand each other (images, clusters, sizes) are int64, so that each kernel is
compiled once; large arrays that are only added up are int32.
"""

from typing import NamedTuple

import numpy as np

__all__ = [
    "LANES",
    "BirthDeathWork",
    "Cluster",
    "Components",
    "Hyper",
    "Partition",
    "PassTables",
    "Runs",
    "SplitMergeWork",
    "Tables",
    "empty_partition",
    "empty_proposals",
    "empty_tables",
    "table_rows",
]

LANES = 32  # rough scores are summed in whole groups of this many, 64 bytes


class Runs(NamedTuple):
    """The images, as runs of neighbouring pixels.

    Image ``i`` is on in ``starts[r] <= pixel < stops[r]`` for ``offsets[i] <= r < on_ends[i]``.
    A handwritten digit of 784 pixels has 166 pixels on in 24 runs. Unobserved pixels, if any, are on
    in no run and stand as runs in the three arrays of gaps; `labels` holds the class of each image,
    or -1 where it is not observed. So that scoring an image needs to know nothing of gaps and labels,
    they stand once more among its runs, for ``on_ends[i] <= r < offsets[i + 1]``, as runs over the
    further rows of the score tables (see `table_rows`).
    """

    offsets: np.ndarray  # (n + 1,) int64
    on_ends: np.ndarray  # (n,) int64
    starts: np.ndarray  # (r,) int32
    stops: np.ndarray  # (r,) int32
    gap_offsets: np.ndarray  # (n + 1,) int64
    gap_starts: np.ndarray  # (g,) int32
    gap_stops: np.ndarray  # (g,) int32
    labels: np.ndarray  # (n,) int64


class Hyper(NamedTuple):
    """Hyperparameters: concentration of the Dirichlet process, pseudo-counts of the pixels."""

    alpha: float
    a: np.ndarray  # (d,) float64
    b: np.ndarray  # (d,) float64
    c: float  # pseudo-count of each class of the label column


class Cluster(NamedTuple):
    """The counts of one cluster. Without unobserved pixels `gaps` is empty, without labels `classes`."""

    size: int
    ones: np.ndarray  # (d,) int32, members with the pixel on
    gaps: np.ndarray  # (d,) or (0,) int32, members with the pixel unobserved
    classes: np.ndarray  # (n_classes,) int64, members with the label


class Partition(NamedTuple):
    """Who is in which cluster, and the counts that follow from it. Slots beyond the live ones are 0."""

    z: np.ndarray  # (n,) int64
    sizes: np.ndarray  # (capacity,) int64
    ones: np.ndarray  # (capacity, d) int32
    gaps: np.ndarray  # (capacity, d) int32, or (capacity, 0) where every pixel is observed
    classes: np.ndarray  # (capacity, n_classes) int64


class Tables(NamedTuple):
    """Log-predictive scores of every cluster in fixed point: 1 / `scale` nat is one unit.

    With p the posterior predictive probability of a pixel given the cluster, an image scores
    ``base[k] + sum over its runs of table[k, stop] - table[k, start]``: `table` holds running sums
    over pixels of log p - log(1 - p), `base` the rest and the logarithm of the cluster's weight.
    `own_table` and `own_base` are the same for a member, itself left out. Where pixels are unobserved,
    places d + 1 to 2 d + 1 hold running sums of -log(1 - p), which `base` has in excess; where there are
    labels, the last places hold 0 and then the log probability of each class. Sums are taken modulo
    2**32, which is exact as long as the result fits, and `scale` is chosen so that it does.

    `rough_table` and `rough_base` are `table` and `base` rounded to units of 2**`shift`, the base less
    `offset`, modulo 2**16. An image is scored against all clusters in these, and then in `table` against
    those clusters that may win (`dpmix.kernels.scores`).
    """

    table: np.ndarray  # (capacity, places) int32, cluster-major: all pixels of one cluster side by side
    base: np.ndarray  # (capacity,) int32
    own_table: np.ndarray  # (capacity, places) int32
    own_base: np.ndarray  # (capacity,) int32
    rough_table: np.ndarray  # (places, capacity) int16, pixel-major: all clusters of one pixel side by side
    rough_base: np.ndarray  # (capacity,) int16
    log_totals: np.ndarray  # (n + 1,) float64, sum over pixels of log(a + b + size); nan = not yet needed
    scale: float  # units per nat, a power of two
    shift: int  # 2**shift units are one rough unit
    offset: int  # rough units
    most_runs: int  # of an image whose rough scores can be trusted
    work: np.ndarray  # (18 d,) float64
    rough_scores: np.ndarray  # (capacity,) int16
    tops: np.ndarray  # (capacity / LANES,) int16, largest of each group of rough scores
    contenders: np.ndarray  # (capacity,) int64, slots, the first m of them taken part
    scores: np.ndarray  # (capacity,) int32, scores of the contenders
    log_scores: np.ndarray  # (capacity,) float64, scores of the contenders in nats


class Components(NamedTuple):
    """Weights and probabilities of every cluster, as drawn for a pass in which all images move at once.

    An image scores ``log_weights[k]``, and ``log_odds[k, j]`` more for each pixel j that is on, ``log_off[k, j]``
    less for each that is unobserved, and ``log_classes[k, label]`` for its label: log of w_k p(x | theta_k), nats.
    """

    log_weights: np.ndarray  # (k,) float64, log w plus the sum over pixels of log(1 - theta)
    log_odds: np.ndarray  # (k, d) float32, log theta - log(1 - theta)
    log_off: np.ndarray  # (k, d) float32, log(1 - theta), or (k, 0) where every pixel is observed
    log_classes: np.ndarray  # (k, n_classes) float64
    bounds: np.ndarray  # (k,) float64, which no score of any image exceeds in size, nats


class PassTables(NamedTuple):
    """Scores of every cluster in fixed point for such a pass: those fields of `Tables` that scoring reads."""

    table: np.ndarray  # (capacity, places) int32; the capacity is a multiple of LANES
    base: np.ndarray  # (capacity,) int32
    rough_table: np.ndarray  # (places, capacity) int16, pixel-major
    rough_base: np.ndarray  # (capacity,) int16
    scale: float  # units per nat, a power of two
    shift: int  # 2**shift units are one rough unit
    offset: int  # rough units
    most_runs: int  # of an image whose rough scores can be trusted
    rough_scores: np.ndarray  # (capacity,) int16
    tops: np.ndarray  # (capacity / LANES,) int16
    contenders: np.ndarray  # (capacity,) int64
    scores: np.ndarray  # (capacity,) int32, scores of the contenders
    log_scores: np.ndarray  # (capacity,) float64


class SplitMergeWork(NamedTuple):
    """Working arrays of a split or a merge: sides A (0) and B (1), between which members are divided."""

    members: np.ndarray  # (n,) int64, the first m of them taken part, in order
    sides: np.ndarray  # (n,) int64, side of each member
    target: np.ndarray  # (n,) int64, sides that a scan is made to take
    sizes: np.ndarray  # (2,) int64
    ones: np.ndarray  # (2, d) int32
    gaps: np.ndarray  # (2, d) or (2, 0) int32
    classes: np.ndarray  # (2, n_classes) int64
    sums: np.ndarray  # (2, rows) float64, log odds of A over B in the form of the score tables
    ward: np.ndarray  # (capacity,) float64, distances to the other clusters


class BirthDeathWork(NamedTuple):
    """Working arrays of a birth or a death: candidates, in the new cluster (side 1) or at home (side 0)."""

    members: np.ndarray  # (n,) int64, the first m of them candidates, in order
    homes: np.ndarray  # (n,) int64, cluster of each candidate before the birth
    sides: np.ndarray  # (n,) int64, side of each candidate
    own: np.ndarray  # (n,) int32, score of each candidate at home
    distances: np.ndarray  # (n,) int64, pixels in which each candidate differs from the anchor
    flags: np.ndarray  # (n,) int64 by image, 1 for members of a dying cluster; all 0 between proposals
    leaving: np.ndarray  # (n,) int64, members of the new or dying cluster, in order
    back: np.ndarray  # (n,) int64, the clusters they go to without it
    counts: np.ndarray  # (d + 1,) int64, candidates by distance
    ones: np.ndarray  # (d,) int32, pixels of the anchor
    gaps: np.ndarray  # (d,) or (0,) int32, pixels unobserved in it
    turns: np.ndarray  # (places,) int32, distances from it in the form of the score tables
    edges: np.ndarray  # (places,) int32, runs of the new cluster's members that start less those that stop
    touched: np.ndarray  # (capacity + 1,) bool, clusters whose tables are to be rebuilt


def table_rows(d, has_gaps, n_classes):
    """First place of the gaps, first place of the classes and number of places of the score tables."""
    first_class = (2 if has_gaps else 1) * (d + 1)
    return d + 1, first_class, first_class + (n_classes + 1 if n_classes else 0)


def empty_partition(z, d, capacity, has_gaps, n_classes):
    """`Partition` of the images by `z` (n,) int64 in `capacity` slots, still to be counted."""
    return Partition(
        z=z,
        sizes=np.zeros(capacity, np.int64),
        ones=np.zeros((capacity, d), np.int32),
        gaps=np.zeros((capacity, d if has_gaps else 0), np.int32),
        classes=np.zeros((capacity, n_classes), np.int64),
    )


def empty_tables(partition):
    """`Tables` for a partition, still to be filled."""
    capacity, d = partition.ones.shape
    places = table_rows(d, partition.gaps.shape[1] > 0, partition.classes.shape[1])[2]
    return Tables(
        table=np.zeros((capacity, places), np.int32),
        base=np.zeros(capacity, np.int32),
        own_table=np.zeros((capacity, places), np.int32),
        own_base=np.zeros(capacity, np.int32),
        rough_table=np.zeros((places, capacity), np.int16),
        rough_base=np.zeros(capacity, np.int16),
        log_totals=np.full(partition.z.size + 1, np.nan),
        scale=1.0,
        shift=0,
        offset=0,
        most_runs=0,
        work=np.empty(18 * d),
        rough_scores=np.empty(capacity, np.int16),
        tops=np.empty(-(-capacity // LANES), np.int16),
        contenders=np.empty(capacity, np.int64),
        scores=np.empty(capacity, np.int32),
        log_scores=np.empty(capacity),
    )


def empty_proposals(partition):
    """`SplitMergeWork` and `BirthDeathWork`, which share memory: no two proposals are made at once."""
    n, (capacity, d) = partition.z.size, partition.ones.shape
    n_gaps, n_classes = partition.gaps.shape[1], partition.classes.shape[1]
    members, homes, distances, leaving, back, sides, target, flags = np.zeros((8, n), np.int64)
    own = np.empty(n, np.int32)
    sums = np.zeros((2, table_rows(d, n_gaps > 0, n_classes)[2]))
    split_merge = SplitMergeWork(
        members,
        sides,
        target,
        np.zeros(2, np.int64),
        np.zeros((2, d), np.int32),
        np.zeros((2, n_gaps), np.int32),
        np.zeros((2, n_classes), np.int64),
        sums,
        np.empty(capacity),
    )
    touched = np.zeros(capacity + 1, np.bool_)
    counts, ones, gaps = np.zeros(d + 1, np.int64), np.zeros(d, np.int32), np.zeros(n_gaps, np.int32)
    turns, edges = np.zeros((2, sums.shape[1]), np.int32)
    birth_death = BirthDeathWork(
        members,
        homes,
        sides,
        own,
        distances,
        flags,
        leaving,
        back,
        counts,
        ones,
        gaps,
        turns,
        edges,
        touched,
    )
    return split_merge, birth_death
