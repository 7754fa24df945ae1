"""The data that the benchmarks of the mixture share."""

import numpy as np

from dpmix.datasets import load_mnist

__all__ = ["all_digits", "twos_and_threes", "twos_and_threes_split"]

N_HELD_OUT = 2000


def twos_and_threes():
    """Every 2 and 3 of MNIST, 14,131 images, a pixel on where it is not black."""
    return load_mnist("all", classes=[2, 3], threshold=0)


def twos_and_threes_split():
    """`twos_and_threes` in random order: 12,131 to learn from and 2,000 held out."""
    images = twos_and_threes()
    order = np.random.default_rng(0).permutation(len(images))
    return images[order[N_HELD_OUT:]], images[order[:N_HELD_OUT]]


def all_digits():
    """MNIST's own split, 60,000 and 10,000 images, each pixel drawn once with its grey value as probability."""
    return tuple(load_mnist(split, binarize="stochastic", seed=0) for split in ("train", "test"))
