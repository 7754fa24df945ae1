"""The split-merge move on a chain (kernel: `dpmix.kernels.split_merge`)."""

import numpy as np

from dpmix.kernels.split_merge import split_merge
from dpmix.timing import in_pieces

__all__ = ["split_and_merge"]


def split_and_merge(chain, n_proposals):
    """Propose `n_proposals` times to split a cluster of `chain` or to merge two.

    Parameters
    ----------
    chain : dpmix.chain.Chain
        Changed in place.
    n_proposals : int

    Returns
    -------
    tally : (2, 2) int64 array
        Proposals and acceptances of splits (row 0) and merges (row 1).
    """
    tally = np.zeros((2, 2), np.int64)

    def propose(first, last):
        reached, chain.n_clusters = split_merge(
            first, last, chain.n_clusters, chain.generator,
            chain.runs, chain.hyper, chain.partition, chain.tables, chain.pair, tally,
        )
        if reached < last:
            chain.make_room()
        return reached

    in_pieces(propose, n_proposals, guess=1)
    return tally
