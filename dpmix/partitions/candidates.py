"""Candidates for a point estimate: the best of the draws, and what searches from several starts find."""

from typing import NamedTuple

import numpy as np

from dpmix.base.ties import levels
from dpmix.partitions.draws import by_size
from dpmix.partitions.losses import between_draws, distances
from dpmix.partitions.search import PartitionSearch

__all__ = ["Candidate", "best_of", "candidates"]

_ROOM = 100  # clusters that a search may always take on its way


class Candidate(NamedTuple):
    """A partition that may be the estimate."""

    found_from: str
    labels: np.ndarray  # (n,) int32, clusters numbered from 0
    expected_loss: float  # over all draws

    @property
    def n_clusters(self):
        """Number of clusters."""
        return int(self.labels.max()) + 1


def candidates(draws, which, everything, loss, most, restarts, generator):
    """The best draw of at most `most` clusters, and what `restarts` searches find, without the bound and within.

    Parameters
    ----------
    draws : (m, n) int32
        Those that are searched.
    which : (m, 2) int64
        Chain and draw of each.
    everything : (all draws, n) array of int
        Those over which the expected loss is the mean.
    loss : Loss
    most, restarts : int
    generator : numpy.random.Generator

    Returns
    -------
    list of Candidate
    """

    def judge(named):
        return [Candidate(*one, float(distances(one[1], everything, loss).mean())) for one in named]

    ranked = _ranked(draws, loss)
    few_enough = [ix for ix in ranked if draws[ix].max() < most]
    found = judge([(_name(which[ix]), draws[ix]) for ix in few_enough[:1]])
    if restarts:
        room = min(draws.shape[1], max(_ROOM, 2 * (int(draws.max()) + 1), most))
        search = PartitionSearch(draws, loss, room)
        free = judge(_free(search, draws, which, ranked, restarts, generator))
        found += free + judge(_within(search, free, most, max(2, restarts // 4), generator))
    return found


def best_of(found, loss, n_draws):
    """The candidate of the least expected loss; of several as good the first of those with fewest clusters."""
    expected = np.array([one.expected_loss for one in found])
    places = levels(expected, loss.rounding_of_mean(expected, n_draws))
    best = [one for one, place in zip(found, places, strict=True) if place == 0]
    return min(best, key=lambda one: one.n_clusters)


def _ranked(draws, loss):
    """Indices of `draws`, the one with the least expected distance from the others first."""
    expected = between_draws(draws, loss).mean(axis=1)
    return np.argsort(levels(expected, loss.rounding_between(draws)), kind="stable").tolist()


def _free(search, draws, which, ranked, restarts, generator):
    """Names and labels of what searches find that take as many clusters as they like; a generator."""
    # Draws of different chains are further apart, so better places to start from, than the next best of one.
    leaders = list({int(which[ix, 0]): ix for ix in reversed(ranked)}.values())
    leaders = sorted(leaders, key=ranked.index)[: (restarts + 1) // 2]
    for leader in leaders + [None] * (restarts - len(leaders)):
        if leader is None:
            search.clear()
            search.allocate(generator.permutation(draws.shape[1]))
        else:
            search.start_from(draws[leader])
        search.improve(generator)
        start = "sequential allocation" if leader is None else _name(which[leader])
        yield f"{start}, improved", by_size(search.labels)


def _within(search, free, most, at_most, generator):
    """Names and labels of partitions of `most` clusters, made of the best that have more; a generator.

    The bound gives better partitions where it is reached from more clusters than where it holds from the
    beginning.
    """
    distinct = {one.labels.tobytes(): one for one in reversed(free) if one.n_clusters > most}
    for one in sorted(distinct.values(), key=lambda one: one.expected_loss)[:at_most]:
        search.start_from(one.labels)
        search.shrink(most, generator)
        search.improve(generator)
        yield one.found_from, by_size(search.labels)


def _name(chain_and_draw):
    chain, draw = chain_and_draw
    return f"draw {draw} of chain {chain}"
