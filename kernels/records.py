"""The arrays that kernels share, as records that pass straight into compiled code."""

from typing import NamedTuple

import numpy as np

__all__ = ["Hyper", "Partition", "Runs", "Tables"]


class Runs(NamedTuple):
    """The pixels that are on in each image, as runs of neighbouring pixels.

    Image ``i`` is on in ``starts[r] <= pixel < stops[r]`` for ``offsets[i] <= r < offsets[i + 1]``.
    A handwritten digit of 784 pixels has 166 pixels on in 24 runs.
    """

    offsets: np.ndarray  # (n + 1,) int64
    starts: np.ndarray  # (r,) int32
    stops: np.ndarray  # (r,) int32


class Hyper(NamedTuple):
    """Hyperparameters: concentration of the Dirichlet process, pseudo-counts of the pixels."""

    alpha: float
    a: np.ndarray  # (d,) float64
    b: np.ndarray  # (d,) float64


class Partition(NamedTuple):
    """Who is in which cluster, and the counts that follow from it. Slots beyond the live ones are 0."""

    z: np.ndarray  # (n,) int32
    sizes: np.ndarray  # (capacity,) int32
    ones: np.ndarray  # (capacity, d) int32


class Tables(NamedTuple):
    """Log-predictive scores of every cluster in fixed point: 1 / `scale` nat is one unit.

    With p the posterior predictive probability of a pixel given the cluster, an image scores
    ``base[k] + sum over its runs of table[stop, k] - table[start, k]``: `table` holds running sums
    over pixels of log p - log(1 - p), `base` the rest and the logarithm of the cluster's weight.
    `own_table` and `own_base` are the same for a member, itself left out. Sums are taken modulo
    2**32, which is exact as long as the result fits, and `scale` is chosen so that it does.
    """

    table: np.ndarray  # (d + 1, capacity) int32, pixel-major: all clusters of one pixel side by side
    base: np.ndarray  # (capacity,) int32
    own_table: np.ndarray  # (capacity, d + 1) int32
    own_base: np.ndarray  # (capacity,) int32
    log_totals: np.ndarray  # (n + 1,) float64, sum over pixels of log(a + b + size); nan = not yet needed
    scale: float  # units per nat, a power of two
    work: np.ndarray  # (12, d) float64
    scores: np.ndarray  # (capacity,) int32
    log_scores: np.ndarray  # (capacity,) float64
