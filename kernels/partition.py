"""Who is in which cluster: changes to a partition that keep counts and tables true.

Live clusters fill slots 0 to n_clusters - 1; the slot behind them is the cluster not opened yet.
When a cluster dies, the last live one takes its slot.
"""

from dpmix.kernels.beta_bernoulli import refresh
from dpmix.kernels.compile import kernel, outlined

__all__ = [
    "add_counts",
    "add_gaps",
    "add_image",
    "add_into",
    "add_pixels",
    "clear",
    "count_images",
    "empty_slot",
    "fill_slot",
    "fill_tables",
    "list_members",
    "merge_clusters",
    "move_image",
    "remove_counts",
    "remove_gaps",
    "remove_image",
    "remove_pixels",
    "split_cluster",
]


@kernel
def fill_tables(first, last, hyper, partition, tables):
    """Build the scores of slots `first` to `last` - 1 from their counts."""
    for k in range(first, last):
        refresh(k, hyper, partition, tables)


@kernel
def clear(array):
    """Set every element of a row to 0. (Array assignment would take Numba seconds to compile.)"""
    for j in range(array.size):
        array[j] = 0


@kernel
def copy_into(source, target):
    """Copy one row into another."""
    for j in range(source.size):
        target[j] = source[j]


@kernel
def add_into(source, target):
    """Add one row to another."""
    for j in range(source.size):
        target[j] += source[j]


@kernel
def add_pixels(i, runs, ones):
    """Add the pixels that are on in image `i` to the counts `ones`."""
    for r in range(runs.offsets[i], runs.on_ends[i]):
        for j in range(runs.starts[r], runs.stops[r]):
            ones[j] += 1


@kernel
def remove_pixels(i, runs, ones):
    """Take the pixels that are on in image `i` from the counts `ones`."""
    for r in range(runs.offsets[i], runs.on_ends[i]):
        for j in range(runs.starts[r], runs.stops[r]):
            ones[j] -= 1


@kernel
def add_gaps(i, runs, gaps):
    """Add the pixels that are unobserved in image `i` to the counts `gaps`."""
    for g in range(runs.gap_offsets[i], runs.gap_offsets[i + 1]):
        for j in range(runs.gap_starts[g], runs.gap_stops[g]):
            gaps[j] += 1


@kernel
def remove_gaps(i, runs, gaps):
    """Take the pixels that are unobserved in image `i` from the counts `gaps`."""
    for g in range(runs.gap_offsets[i], runs.gap_offsets[i + 1]):
        for j in range(runs.gap_starts[g], runs.gap_stops[g]):
            gaps[j] -= 1


@kernel
def add_counts(i, runs, ones, gaps, classes):
    """Add image `i` to all counts of a cluster but its size."""
    add_pixels(i, runs, ones)
    add_gaps(i, runs, gaps)
    if classes.size > 0 and runs.labels[i] >= 0:
        classes[runs.labels[i]] += 1


@kernel
def remove_counts(i, runs, ones, gaps, classes):
    """Take image `i` from all counts of a cluster but its size."""
    remove_pixels(i, runs, ones)
    remove_gaps(i, runs, gaps)
    if classes.size > 0 and runs.labels[i] >= 0:
        classes[runs.labels[i]] -= 1


@outlined
def add_image(i, k, runs, partition):
    """Put image `i`, which is nowhere, into cluster `k`; tables are left as they are."""
    partition.sizes[k] += 1
    add_counts(i, runs, partition.ones[k], partition.gaps[k], partition.classes[k])
    partition.z[i] = k


@outlined
def remove_image(i, runs, partition):
    """Take image `i` out of its cluster's counts; ``z`` and tables are left as they are."""
    k = partition.z[i]
    partition.sizes[k] -= 1
    remove_counts(i, runs, partition.ones[k], partition.gaps[k], partition.classes[k])


@kernel
def empty_slot(k, partition):
    """Set all counts of slot `k` to 0."""
    partition.sizes[k] = 0
    clear(partition.ones[k])
    clear(partition.gaps[k])
    clear(partition.classes[k])


@kernel
def _copy_slot(source, target, partition):
    partition.sizes[target] = partition.sizes[source]
    copy_into(partition.ones[source], partition.ones[target])
    copy_into(partition.gaps[source], partition.gaps[target])
    copy_into(partition.classes[source], partition.classes[target])


@kernel
def count_images(first, last, runs, partition):
    """Add images `first` to `last` - 1 to the counts of the clusters that `partition.z` gives them."""
    for i in range(first, last):
        add_image(i, partition.z[i], runs, partition)


@outlined
def list_members(first, second, z, out):
    """Images of clusters `first` and `second`, which may be the same, in order: fills ``out[:m]`` and returns m."""
    m = 0
    for i in range(z.size):
        if z[i] == first or z[i] == second:
            out[m] = i
            m += 1
    return m


@outlined
def fill_slot(empty, last, partition):
    """Move the cluster of slot `last` into the slot `empty`."""
    if empty == last:
        return
    z = partition.z
    for i in range(z.size):
        if z[i] == last:
            z[i] = empty
    _copy_slot(last, empty, partition)
    empty_slot(last, partition)


@outlined
def move_image(i, k, n_clusters, runs, hyper, partition, tables):
    """Move image `i` to slot `k` (the one behind the live ones opens a cluster).

    Returns the number of live clusters. Counts, assignments and tables are changed in place.
    """
    own = partition.z[i]
    remove_image(i, runs, partition)
    add_image(i, k, runs, partition)
    before = n_clusters
    if k == n_clusters:
        n_clusters += 1
    if partition.sizes[own] == 0:
        n_clusters -= 1
        fill_slot(own, n_clusters, partition)
        if k == n_clusters:
            k = own
    refresh(k, hyper, partition, tables)
    if own != k and own < n_clusters:
        refresh(own, hyper, partition, tables)
    if n_clusters != before:
        refresh(n_clusters, hyper, partition, tables)
    return n_clusters


@outlined
def split_cluster(k, m, n_clusters, hyper, partition, tables, work):
    """Move the members on side B of `work`, a `SplitMergeWork`, from cluster `k` to a new one.

    Returns the number of clusters.
    """
    for t in range(m):
        if work.sides[t] == 1:
            partition.z[work.members[t]] = n_clusters
    for side in range(2):
        slot = k if side == 0 else n_clusters
        partition.sizes[slot] = work.sizes[side]
        copy_into(work.ones[side], partition.ones[slot])
        copy_into(work.gaps[side], partition.gaps[slot])
        copy_into(work.classes[side], partition.classes[slot])
    refresh(k, hyper, partition, tables)
    refresh(n_clusters, hyper, partition, tables)
    refresh(n_clusters + 1, hyper, partition, tables)
    return n_clusters + 1


@outlined
def merge_clusters(k, other, n_clusters, hyper, partition, tables):
    """Move the members of cluster `other` to `k`; returns the number of clusters."""
    z = partition.z
    for i in range(z.size):
        if z[i] == other:
            z[i] = k
    partition.sizes[k] += partition.sizes[other]
    add_into(partition.ones[other], partition.ones[k])
    add_into(partition.gaps[other], partition.gaps[k])
    add_into(partition.classes[other], partition.classes[k])
    empty_slot(other, partition)
    n_clusters -= 1
    fill_slot(other, n_clusters, partition)
    refresh(k, hyper, partition, tables)
    refresh(other, hyper, partition, tables)
    refresh(n_clusters, hyper, partition, tables)
    return n_clusters
