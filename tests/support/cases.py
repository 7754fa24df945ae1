"""Problems small enough for their posterior to be enumerated, and how it is compared with draws."""

import numpy as np

from support.partitions import case

TWO_KINDS = "110000 111000 110100 001011 000111 000011"

CASES = {
    "plain": case(TWO_KINDS, 1.0, 1, 1),
    "sparse-prior": case(TWO_KINDS, 0.3, 0.5, 0.5),
    "per-pixel": case("1100 1000 1101 0011 0110 0011", 2.5, [0.2, 1, 3, 0.5], [2, 0.7, 0.3, 1.5]),
    "all-zeros": case(np.zeros((6, 3), int), 0.7, 0.4, 1.2),
    "one-column": case("1 0 1 1 0 1", 4, 0.3, 0.6),
    "wide": case(np.random.default_rng(5).integers(0, 2, (6, 40)), 1.0, 1, 1),
    "strong-prior": case(TWO_KINDS, 8, 50, 20),
}

P_LEAST = 1e-6


def fixed(problem):
    """Hyperparameters are what the case says."""
    return [(1.0, problem[1:])]
