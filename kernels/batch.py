"""Batch reassignment: every image to the cluster that predicts it best, all against the same counts.

It is no move of a chain, only a quick way to where one may start: nothing is drawn, and scores are rough.
"""

import numpy as np

from dpmix.kernels.compile import kernel
from dpmix.kernels.scores import own_score, rough_score, score_roughly

__all__ = ["find_best"]

_LEAST = np.int16(-32768)  # the rough score of a slot that is ruled out


@kernel
def find_best(first, last, n_slots, may_stay, z, runs, tables, out):
    """Fill ``out[i]`` for images `first` to `last` - 1 with the best of slots 0 to `n_slots` - 1, ties to the first.

    Parameters
    ----------
    may_stay : bool
        Whether the image's own cluster ``z[i]`` may be the best, scored with the image left out and winning
        ties; otherwise it is ruled out. A lone member stays where no other cluster does better than a new one.
    z : (n,) int64
        Slots below the capacity.
    runs, tables : records of `dpmix.kernels.records`
        The tables are true to the counts; their working arrays are overwritten.
    out : (n,) int64
    """
    for i in range(first, last):
        own = z[i]
        best = score_roughly(i, own, n_slots, runs, tables)
        stays = may_stay and rough_score(own_score(i, own, runs, tables), tables) >= best
        if stays or best == _LEAST:  # of one slot alone, which is its own
            out[i] = own
            continue
        k = np.int64(0)
        while tables.rough_scores[k] != best:
            k += 1
        out[i] = k
