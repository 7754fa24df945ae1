"""The clusters of a few draws as the page takes them: whole counts, deflated, in base64.

Probabilities of a cluster follow from how many of its images have each pixel on and from the hyperparameters. Counts
are small whole numbers that deflate to a quarter of a byte each on digits, where rounded probabilities of two bytes do
not; so nothing is rounded, and the page computes in double precision what Python computes. What is too large for a
page is cut: to fewer draws first, then to the largest clusters of one, and what these leave out is told.
"""

import base64
import json
import zlib
from typing import NamedTuple

import numpy as np

from dpmix.base.pieces import evenly
from dpmix.posterior.counts import count_clusters
from dpmix.posterior.draw import Draw

__all__ = ["MOST_BYTES", "MOST_COLUMNS", "Chosen", "choose", "columns_of", "deflated", "is_list"]

MOST_BYTES = 2_500_000  # of the tables, as they stand in the page
MOST_ENTRIES = (
    8_000_000  # counts that a browser goes through, when an image is loaded, in a tenth of a second or so
)
MOST_COLUMNS = 2_000  # of a list
_MOST_CLASSES = 50  # whose probabilities are shown
_LEVEL = 6  # of deflating: 9 gains 3 to 10 % and takes 7 to 20 times as long
_MOST_OBLONG = 20  # times as wide as high, or the other way round, that a picture may be
_LEAST_WIDTH = 64  # columns that a cluster costs as much as, however few it has


class Chosen(NamedTuple):
    """What of a posterior is in the page."""

    draws: list  # of dict: chain, draw, alpha, sizes, a, b, ones, gaps, labels
    clusters: int  # in these draws, as they are in the page
    of_clusters: int  # as the draws have them
    share: float  # of the weight of the draws that these clusters have

    @property
    def whole(self):
        """Whether no cluster is left out."""
        return self.clusters == self.of_clusters


def choose(posterior, most_draws, columns, most_bytes=MOST_BYTES, most_entries=MOST_ENTRIES):
    """As many draws as fit, evenly spread as ``posterior.draws(m)`` has them, or the largest clusters of one.

    Parameters
    ----------
    posterior : dpmix.Posterior
    most_draws : int
    columns : (c,) intp
        The columns of the table that the page knows.
    most_bytes, most_entries : int
        Bounds of what is packed, and of clusters times columns.

    Returns
    -------
    Chosen or None
        None where not even one cluster of one draw fits.
    """
    room = max(1, most_entries // max(_LEAST_WIDTH, len(columns)))  # clusters
    one = _packed(posterior, 1, columns, room)
    while _size(one) > most_bytes:
        if one.clusters == 1:
            return None
        room = max(1, min(one.clusters - 1, int(one.clusters * most_bytes / _size(one))))
        one = _packed(posterior, 1, columns, room)
    m = min(most_draws, posterior.alpha.size, room // (int(posterior.n_clusters.max()) + 1))
    m = min(m, int(most_bytes / _size(one)))  # draws are about equally large
    while m > 1:
        some = _packed(posterior, m, columns, room)
        if _size(some) <= most_bytes:
            return some
        m -= 1
    return one


def is_list(posterior):
    """Whether pixels are listed: where they are named columns, or a picture of them is too narrow to be drawn on."""
    low, high = sorted(posterior.image_shape)
    return posterior.columns is not None or low == 1 or high > _MOST_OBLONG * low


def columns_of(posterior, most=MOST_COLUMNS):
    """The pixels that a page knows, (c,) intp: all of a picture, of a list those that vary most, in their order."""
    table = posterior.table
    if not is_list(posterior) or table.d <= most:
        return np.arange(table.d)
    ones, gaps, _ = table.totals
    share = ones / np.maximum(table.n - gaps if len(gaps) else table.n, 1)
    return np.sort(np.argsort(-share * (1 - share), kind="stable")[:most])


def deflated(array):
    """The bytes of an array, deflated, in base64, as text."""
    return base64.b64encode(zlib.compress(np.ascontiguousarray(array).tobytes(), _LEVEL)).decode()


def _size(chosen):
    return len(json.dumps(chosen.draws))


def _packed(posterior, m, columns, room):
    """`m` draws, of each the `room` largest clusters."""
    n_draws = posterior.alpha.shape[1]
    places = [divmod(ix, n_draws) for ix in evenly(posterior.alpha.size, m).tolist()]
    draws, weight = [], 0.0
    for chain, ix in places:
        draw = _largest(posterior, chain, ix, room)
        draws.append({"chain": chain, "draw": ix, **_packed_draw(draw, columns)})
        weight += (draw.sizes.sum() + draw.alpha) / (posterior.table.n + draw.alpha)
    clusters = sum(len(draw["sizes"]) - 1 for draw in draws)
    return Chosen(draws, clusters, int(sum(posterior.n_clusters[place] for place in places)), weight / m)


def _largest(posterior, chain, ix, most):
    """One draw with its `most` largest clusters; others are never counted."""
    if posterior.n_clusters[chain, ix] <= most or not posterior.has_labels:
        draw = posterior.draw(chain, ix)
        return draw._replace(
            sizes=draw.sizes[:most], ones=draw.ones[:most], gaps=draw.gaps[:most], classes=draw.classes[:most]
        )
    labels, table = posterior.labels[chain, ix], posterior.table
    rows = np.flatnonzero(labels < most)
    counts = count_clusters(table.with_rows(table.packed[rows]), labels[rows])
    hyper = (float(posterior.alpha[chain, ix]), posterior.a[chain, ix], posterior.b[chain, ix])
    return Draw(*counts, *hyper, posterior.plan.prior.c)


def _packed_draw(draw, columns):
    """A draw for JSON; the cluster not opened yet comes last, as one without images."""
    shown = 0 < draw.classes.shape[1] <= _MOST_CLASSES
    return {
        "alpha": float(draw.alpha),
        "sizes": [*draw.sizes.tolist(), 0],
        "a": deflated(draw.a[columns].astype("<f8")),
        "b": deflated(draw.b[columns].astype("<f8")),
        "ones": _planes(_with_new(draw.ones[:, columns])),
        "gaps": _planes(_with_new(draw.gaps[:, columns])) if draw.gaps.shape[1] else [],
        "labels": _with_new(draw.classes).tolist() if shown else None,
    }


def _with_new(counts):
    return np.concatenate([counts, np.zeros_like(counts, shape=(1, counts.shape[1]))])


def _planes(counts):
    """Whole numbers as planes of one byte each, the lowest first; higher ones, mostly zeros, take next to nothing."""
    n_planes = max(1, -(-int(counts.max(initial=0)).bit_length() // 8))
    return [deflated((counts >> 8 * plane & 255).astype(np.uint8)) for plane in range(n_planes)]
