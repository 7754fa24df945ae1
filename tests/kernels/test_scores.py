"""Rough scores rule nobody out who can win, and what they settle is what the scores in full say."""

import math

import numpy as np
import pytest

from dpmix.chain.moves import sweep_assignments
from dpmix.kernels.categorical import draw, score_floor
from dpmix.kernels.partition import fill_tables
from dpmix.kernels.scores import (
    NEVER,
    cluster_score,
    find_contenders,
    is_settled,
    own_score,
    rough_score,
    score_roughly,
)
from dpmix.model.prior import Prior
from support import moves, naive, partitions
from support.partitions import case


def digits_chain(d=60, n_groups=40, n=400, **roughness):
    """A chain over noisy groups, most of them far apart, with more or less room in 16 bits."""
    rng = naive.generator(80, d)
    p_on = rng.choice([0.1, 0.5, 0.9], (n_groups, d))[rng.integers(n_groups, size=n)]
    chain = partitions.make_chain(case((rng.random((n, d)) < p_on).astype(int), 1, 0.3, 0.3), "random:90")
    for sweep in range(3):
        sweep_assignments(chain, moves.plan_for(Prior(1, 0.3, 0.3)), sweep)
    if roughness:
        chain.tables = chain.tables._replace(**roughness)
        fill_tables(0, chain.n_clusters + 1, chain.hyper, chain.partition, chain.tables)
    return chain


def scored(chain, i):
    """All scores of image `i` in full, with NEVER for its own cluster if it is alone, and that of its own."""
    own = int(chain.partition.z[i])
    alone = chain.partition.sizes[own] == 1
    own_units = NEVER if alone else own_score(i, own, chain.runs, chain.tables)
    scores = np.array([cluster_score(i, k, chain.runs, chain.tables) for k in range(chain.n_clusters + 1)])
    scores[own] = own_units
    return scores, own, own_units


def coarse(chain, units):
    """Changes that leave `units` times as many units in a rough one."""
    shift = chain.tables.shift + int(math.log2(units))
    least = 2**15 - 2 - chain.tables.most_runs
    highest = (chain.tables.offset + least) << chain.tables.shift
    return {"shift": shift, "offset": (highest >> shift) - least}


# Finer units make scores that lie far below the best come round; without trust, all are taken in full.
ROUGH = {"as chosen": None, "coarse": 16, "round and round": 1 / 32, "too fine": 1 / 128, "no trust": 0}


@pytest.fixture(params=ROUGH)
def chain(request):
    chain, units = digits_chain(), ROUGH[request.param]
    if units is None:
        return chain
    changes = {"most_runs": 0} if units == 0 else coarse(chain, units)
    return digits_chain(**changes)


def test_rough_scores_are_within_half_a_unit_for_each_number_summed(chain):
    for i in range(0, chain.n, 7):
        best = score_roughly(i, chain.partition.z[i], chain.n_clusters + 1, chain.runs, chain.tables)
        scores, own, _ = scored(chain, i)
        found = chain.tables.rough_scores[: chain.n_clusters + 1].astype(np.int64)
        assert best == found.max() == chain.tables.tops[: -(-(chain.n_clusters + 1) // 32)].max()
        exact = np.array(scores, np.float64) / 2.0**chain.tables.shift - chain.tables.offset
        error = (found - exact + 2**15) % 2**16 - 2**15
        n_runs = chain.runs.offsets[i + 1] - chain.runs.offsets[i]
        assert np.abs(np.delete(error, own)).max() <= n_runs + 0.5 and found[own] == -(2**15)


def test_contenders_are_all_those_above_the_floor(chain):
    n_several = 0
    for i in range(chain.n):
        scores, own, own_units = scored(chain, i)
        best = score_roughly(i, own, chain.n_clusters + 1, chain.runs, chain.tables)
        m = find_contenders(i, own, own_units, chain.n_clusters + 1, best, 0.01, chain.runs, chain.tables)
        wanted = np.flatnonzero(scores > score_floor(scores.max(), chain.tables.scale, 0.01))
        np.testing.assert_array_equal(chain.tables.contenders[:m], wanted)
        np.testing.assert_array_equal(chain.tables.scores[:m], scores[wanted])
        n_several += m > 1
    assert n_several > 20


def test_settled_images_stay_in_their_cluster(chain, request):
    n_settled, n_moved = 0, 0
    for i in range(chain.n):
        scores, own, own_units = scored(chain, i)
        if own_units == NEVER:
            continue
        best = score_roughly(i, own, chain.n_clusters + 1, chain.runs, chain.tables)
        shares = np.cumsum(np.exp((scores - scores.max()) / chain.tables.scale))
        shares /= shares[-1]
        edges = [shares[own], shares[own - 1] if own else 0.0]
        for u in [*naive.generator(81, i).random(3), 0.0, 1 - 2.0**-53, *edges]:
            drawn = draw(min(u, 1 - 2.0**-53), scores / chain.tables.scale, chain.n_clusters + 1)
            records = chain.runs, chain.tables
            n_moved += drawn != own
            if is_settled(i, u, own, own_units, chain.n_clusters + 1, best, 1e-9, *records):
                n_settled += 1
                assert drawn == own
    assert n_moved > 100
    if request.node.callspec.params["chain"] in ("as chosen", "coarse"):
        assert n_settled > 100


def test_rough_score_rounds_down():
    tables = digits_chain().tables
    scores = np.array([5, -5, 3 << tables.shift, -1], np.int64)
    assert [rough_score(s, tables) + tables.offset for s in scores] == [0, -1, 3, -1]
