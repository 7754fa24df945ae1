"""One draw: sizes and counts of its clusters, and its hyperparameters."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dpmix.base.arrays import image_shape
from dpmix.base.notebook import MOST_TILES, as_html, tiles
from dpmix.base.text import count

__all__ = ["SHOWN", "Draw", "cluster_tiles"]

SHOWN = 12  # chains, or clusters, in a notebook


class Draw(NamedTuple):
    """One draw from the posterior with the counts that queries and plots need."""

    sizes: np.ndarray  # (k,) int64, images per cluster, largest first
    ones: np.ndarray  # (k, d) int32, images per cluster with the pixel on
    gaps: np.ndarray  # (k, d) int32, images per cluster with the pixel unobserved; (k, 0) where none ever is
    classes: np.ndarray  # (k, n_classes) int64, images per cluster with the label
    alpha: float
    a: np.ndarray  # (d,) float64
    b: np.ndarray  # (d,) float64
    c: float  # pseudo-count of each class of the labels

    @property
    def observed(self) -> NDArray[np.int64]:
        """Images per cluster with the pixel observed, (k, d) int64, or (k, 1) where all always are."""
        sizes = self.sizes[:, None]
        return sizes - self.gaps if self.gaps.shape[1] else sizes

    def on_proba(self) -> NDArray[np.float64]:
        """How probable it is that a further member of each cluster has each pixel on, (k, d) float64.

        That is ``(a + ones) / (a + b + observed)``, the mean of the pixel's Beta posterior.
        """
        return (self.a + self.ones) / (self.a + self.b + self.observed)

    def _repr_html_(self) -> str:
        """What a notebook shows: sizes of the largest clusters, and their means where images are squares."""
        k, d = self.ones.shape
        rows = [
            ("cluster", "images"),
            *((str(ix), f"{size:,}") for ix, size in enumerate(self.sizes[:SHOWN])),
        ]
        if k > SHOWN:
            rows.append((f"{k - SHOWN:,} more", f"{self.sizes[SHOWN:].sum():,}"))
        heading = (
            f"<dpmix.Draw: {count(k, 'cluster')} of {self.sizes.sum():,} images, alpha {self.alpha:.3g}>"
        )
        return as_html(heading, rows, picture=cluster_tiles(self, image_shape(d)))


def cluster_tiles(draw, shape, of_what=""):
    """A picture of how probable it is in the largest clusters that a pixel is on."""
    k = len(draw.sizes)
    which = count(k, "cluster") if k <= MOST_TILES else f"{MOST_TILES} largest of {k:,} clusters"
    caption = f"The {which}{of_what}: how probable it is that a pixel is on"
    return tiles(draw.on_proba()[:MOST_TILES], shape, caption)
