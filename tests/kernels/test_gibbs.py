"""The sweep where no draw is decided by the tables: every one is made from scores in double precision."""

import numpy as np
import pytest

from dpmix.kernels.gibbs import sweep_images
from support import naive, partitions
from support.partitions import case


@pytest.mark.parametrize("tolerance", [1e-3, 0.3, 50.0])
def test_draws_that_are_left_open_follow_the_reference(tolerance):
    """The larger the tolerance said to be, the more draws are doubtful; where they land does not change."""
    problem = case(np.random.default_rng(70).integers(0, 2, (20, 7)), 2, 0.5, 0.5)
    chain = partitions.make_chain(problem, "random:4")
    z = chain.partition.z.tolist()
    for round_ in range(3):
        while len(chain.partition.sizes) < chain.n + 2:
            chain.make_room()
        uniforms = naive.generator(71, round_).random(chain.n)
        records = chain.runs, chain.hyper, chain.partition, chain.tables
        reached, chain.n_clusters, n_moved = sweep_images(
            0, chain.n, chain.n_clusters, uniforms, tolerance, *records
        )
        z = naive.sweep(z, uniforms, *problem)
        assert chain.partition.z.tolist() == z
        assert (reached, chain.n_clusters) == (chain.n, max(z) + 1) and 0 < n_moved <= chain.n
