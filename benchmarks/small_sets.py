"""Data of the benchmarks that need no MNIST: the embedded digits, and two tables that are made here."""

import numpy as np

from dpmix.datasets import load_digits

__all__ = ["answers", "embedded_digits", "genes"]


def embedded_digits():
    """The 8 x 8 digits in random order: 1,400 to learn from and 397 held out."""
    images = load_digits()
    images = images[np.random.default_rng(0).permutation(len(images))]
    return images[:1400], images[1400:]


def answers(seed=0):
    """4,000 rows of 30 answers by people of five kinds, some rare, and 1,000 such rows held out."""
    shares, generator = [0.4, 0.3, 0.2, 0.08, 0.02], np.random.default_rng(seed)
    return _drawn(shares, generator.beta(0.5, 0.5, (5, 30)), 4000, generator)


def genes(seed=1):
    """3,000 rows of 200 columns, 12 % on, in 40 kinds of Zipf's sizes, and 1,000 such rows held out."""
    generator = np.random.default_rng(seed)
    shares = 1 / np.arange(1, 41)
    return _drawn(shares / shares.sum(), generator.beta(0.3, 2.2, (40, 200)), 3000, generator)


def _drawn(shares, proba, n, generator):
    kinds = generator.choice(len(shares), n + 1000, p=shares)
    x = (generator.random((n + 1000, proba.shape[1])) < proba[kinds]).astype(np.uint8)
    return x[:n], x[n:]
