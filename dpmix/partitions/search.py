"""Greedy search for the partition with the least expected distance from draws.

As in SALSO (Dahl, Johnson and Mueller 2022), with the exact expectation over the draws given.
"""

import heapq

import numpy as np

from dpmix.base.pieces import in_pieces
from dpmix.kernels.partition_search import Search, place, reallocate, take_out
from dpmix.partitions.draws import codes_of

__all__ = ["PartitionSearch"]

# A share of the largest rise: smaller differences are rounding, and moving for them could go on for ever.
_NEGLIGIBLE = 1e-9
_GUESS = 16  # images in the first piece


class PartitionSearch:
    """A partition that is improved step by step; starts without any image in a cluster.

    Parameters
    ----------
    draws : (m, n) int32
        Clusters of each draw numbered from 0.
    loss : dpmix.partitions.losses.Loss
    most : int
        Largest number of clusters; may be set anew, which closes none that are open (`shrink` does).
    """

    def __init__(self, draws, loss, most):
        self.most, self.n_clusters = most, 0
        self._codes, self._n_codes = codes_of(draws)
        self._rise = loss.rise
        self._tolerance = _NEGLIGIBLE * len(draws) * self._rise[-1]
        self._search = None
        self.clear()

    @property
    def labels(self):
        """Cluster of each image, (n,) int32."""
        return self._search.z.copy()

    def clear(self):
        """Take every image out of its cluster."""
        capacity = 16 if self._search is None else self._search.sizes.size
        self._search, self.n_clusters = self._empty(capacity), 0

    def start_from(self, labels):
        """Continue from `labels` (n,), clusters numbered from 0 without gaps."""
        self.n_clusters = int(labels.max()) + 1
        self._search = self._empty(max(self.n_clusters + 1, self._search.sizes.size))
        images, slots = np.arange(len(labels)), labels.astype(np.int32)
        in_pieces(lambda first, last: place(images, slots, first, last, self._search), len(images), _GUESS)

    def allocate(self, order):
        """Put the images `order` one after another where each adds least; return the change of the loss."""
        changes = []

        def call(first, last):
            reached, self.n_clusters, change = reallocate(
                order, first, last, self.n_clusters, self.most, self._tolerance, self._search
            )
            changes.append(change)
            if reached < last:
                self._grow()
            return reached

        in_pieces(call, len(order), _GUESS)
        return sum(changes)

    def descend(self, images, generator):
        """Reallocate `images` in random orders until none moves; return the change of the loss."""
        change, total = -np.inf, 0.0
        while change < 0:
            change = self.allocate(self._by_cluster(images, generator))
            total += change
        return total

    def _by_cluster(self, images, generator):
        """`images` in random order, but by cluster: neighbours look up the same counts, which is fast."""
        images = generator.permutation(images)
        rank = generator.permutation(self.n_clusters)[self._search.z[images]]
        return images[np.argsort(rank, kind="stable")]

    def perturb(self, generator):
        """Dissolve each cluster in turn, and keep to it where that is better (zealous updates).

        Returns whether it was for any.
        """
        improved = False
        representatives = np.unique(self._search.z, return_index=True)[1]  # slots are renumbered on the way
        for image in generator.permutation(representatives):
            improved |= self._dissolve(self._companions(image), generator)
        return improved

    def shrink(self, most, generator):
        """Dissolve clusters until `most` are left, each time one that costs least; no more are opened later.

        What a cluster costs changes little as others go, so it is looked up anew only where it is the least.
        """
        self.most = most
        representatives = np.unique(self._search.z, return_index=True)[1].tolist()
        costs = []
        while self.n_clusters > most:
            image = representatives.pop() if representatives else heapq.heappop(costs)[1]
            members = self._companions(image)
            cost = self._take_out(members) + self.allocate(generator.permutation(members))
            if representatives or (costs and cost > costs[0][0]):
                self._restore(members)
                heapq.heappush(costs, (cost, image))

    def improve(self, generator):
        """Descend and perturb until neither helps."""
        everything = np.arange(len(self._search.z))
        self.descend(everything, generator)
        while self.perturb(generator):
            self.descend(everything, generator)

    def _dissolve(self, members, generator):
        """Reallocate all members of one cluster; undo it and return False where that is no better."""
        change = self._take_out(members) + self.allocate(generator.permutation(members))
        change += self.descend(members, generator)
        if change < -self._tolerance:
            return True
        self._restore(members)
        return False

    def _companions(self, image):
        return np.flatnonzero(self._search.z == self._search.z[image])

    def _restore(self, members):
        """Make `members` one cluster again."""
        self._take_out(members)
        if self.n_clusters == self._search.sizes.size:
            self._grow()
        slots = np.full(len(members), self.n_clusters, np.int32)
        in_pieces(lambda first, last: place(members, slots, first, last, self._search), len(members), _GUESS)
        self.n_clusters += 1

    def _take_out(self, members):
        changes = []

        def call(first, last):
            self.n_clusters, change = take_out(members, first, last, self.n_clusters, self._search)
            changes.append(change)

        in_pieces(call, len(members), _GUESS)
        return sum(changes)

    def _empty(self, capacity):
        n, table = len(self._codes), (self._n_codes, capacity)
        return Search(
            self._codes,
            self._rise,
            np.full(n, -1, np.int32),
            np.zeros(capacity, np.int32),
            np.zeros(table, np.int32),
            np.zeros(table),
            np.zeros(capacity),
        )

    def _grow(self):
        old, held = self._search, self._search.sizes.size
        self._search = self._empty(min(2 * held, max(self.most, held) + 1))
        self._search.z[:] = old.z
        for name in ("sizes", "counts", "rises"):
            getattr(self._search, name)[..., :held] = getattr(old, name)
