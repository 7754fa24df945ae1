"""Where chains start: around random images, one cluster, random groups, a draw from the prior, or given labels.

A start is a partition and hyperparameters. Those that take time to work out, of ``init="near"``, are worked out
in the chain's first segment (`begun`), so that the chains of a run do it side by side.
"""

import numpy as np

from dpmix.base.checks import check_count
from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.text import read_integer, shown
from dpmix.chain.near import settled
from dpmix.chain.state import Chain, State, generator_state

__all__ = ["begun", "check_init", "check_shards", "default_init", "is_near", "nearest_seeds", "start"]

_IMAGES_PER_SEED = 200
_IMAGES_PER_NEAR_SEED = 20  # about as many as a cluster of digits has after long chains that learn pixels
_MOST_NEAR = 3000  # seeds; beyond, an image in 200 is one, as for "seeds"
_IMAGES_PER_SEED_OF_FEW = 400  # of either, where no pixels are learned: fewer clusters than chains will have
_BLOCK = 1 << 21  # elements of a block of images, or of distances


def default_init(shards):
    """The start of chains where none is asked for."""
    return "near" if shards == 1 else "seeds"


def is_near(init):
    """Whether `init` is "near" or "near:K"."""
    return isinstance(init, str) and init.partition(":")[0] == "near"


def check_shards(init, shards):
    """Refuse a start that a chain over shards cannot have.

    Raises
    ------
    InputError
    """
    if shards > 1 and is_near(init):
        raise InputError(
            f"init {init!r} is for chains that sweep all their images in one process; got shards={shards}",
            "start them from init='seeds' or 'seeds:K'",
        )


def check_init(init, n, learns_pixels=True):
    """Check `init` for `n` images: ("near:K" | "seeds:K" | "one" | "random:K" | "crp" | "labels",
    labels or None).

    `learns_pixels` is that of the prior. It decides about the K of plain "near" and "seeds": clusters under
    pseudo-counts that are given are few and large, and sweeps hardly ever close a large one.

    Raises
    ------
    InputError, InputTypeError
        An unknown name, a bad K, or labels that are not one integer per image.
    """
    if isinstance(init, str):
        name, _, groups = init.partition(":")
        if init in ("one", "crp"):
            return init, None
        if init in ("near", "seeds"):
            return f"{init}:{_n_seeds(init, n, learns_pixels)}", None
        if name in ("random", "seeds", "near") and read_integer(groups) is not None:
            return f"{name}:{check_count(f'K of init {name}:K', read_integer(groups), 1, n)}", None
        raise InputError(
            "init must be 'near', 'seeds', 'one', 'crp', 'near:K', 'seeds:K' or 'random:K' such as 'random:100', "
            f"or one label per image; got {shown(init)}"
        )
    labels = np.asarray(init)
    if labels.dtype.kind not in "iu":
        raise InputTypeError(f"init must be a name or an array of integer labels; got dtype {labels.dtype}")
    if labels.shape != (n,):
        raise InputError(f"init must hold one label for each of the {n} images; got shape {labels.shape}")
    return "labels", np.unique(labels, return_inverse=True)[1].astype(np.int32)


def _n_seeds(init, n, learns_pixels):
    if not learns_pixels:
        return -(-n // _IMAGES_PER_SEED_OF_FEW)
    usual = -(-n // _IMAGES_PER_SEED)
    return max(min(-(-n // _IMAGES_PER_NEAR_SEED), _MOST_NEAR), usual) if is_near(init) else usual


def begun(table, plan, state):
    """The `Chain` that stands at `state`, which is what `start` gave, ready for its first sweep."""
    if not is_near(plan.init):
        return Chain(table, state, plan.prior.c)
    return settled(table, plan, state, int(plan.init.partition(":")[2]))


def start(table, plan, labels, chain_ix):
    """State of chain `chain_ix` before its first sweep, from which `begun` makes the chain.

    The chain's generator is spawned from the plan's seed by the chain's index alone, so chain 3 is
    the same chain however many others run beside it.
    """
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(plan.seed, spawn_key=(chain_ix,))))
    alpha = plan.prior.start_alpha()
    a, b = plan.prior.pseudo_counts(table.d)
    if is_near(plan.init):
        z = _seeds_and_rest(table.n, int(plan.init.partition(":")[2]), generator)
    else:
        z = _as_slots(
            labels if plan.init == "labels" else _draw_partition(plan.init, table, alpha, generator)
        )
    return State(z, alpha, a, b, generator_state(generator))


def _seeds_and_rest(n, k, generator):
    """Slots 0 to `k` - 1 for random images, a cluster each, and slot `k` for the others."""
    z = np.full(n, k, np.int32)
    z[generator.choice(n, k, replace=False)] = np.arange(k, dtype=np.int32)
    return z


def _draw_partition(init, table, alpha, generator):
    if init == "one":
        return np.zeros(table.n, np.int32)
    if init == "crp":
        return _draw_crp(table.n, alpha, generator)
    name, _, groups = init.partition(":")
    if name == "random":
        return generator.integers(int(groups), size=table.n)
    return nearest_seeds(table, generator.choice(table.n, int(groups), replace=False))


def nearest_seeds(table, seeds):
    """For each image the index into `seeds`, some of the images, of the nearest in Hamming distance.

    Ties go to the first. With x and s rows of zeros and ones, the distance is |x| + |s| - 2 x s.
    """
    chosen = table.dense(np.sort(seeds)).astype(np.float32)
    half = 0.5 * chosen.sum(1)
    nearest = np.empty(table.n, np.int32)
    step = max(1, _BLOCK // max(table.d, len(seeds)))
    for first in range(0, table.n, step):
        x = table.dense(slice(first, first + step)).astype(np.float32)
        nearest[first : first + step] = np.argmax(x @ chosen.T - half, axis=1)
    return nearest


def _draw_crp(n, alpha, generator):
    """A partition from the Chinese restaurant process (Aldous 1985).

    Image i sits down beside a random earlier one, or alone with probability alpha / (alpha + i).
    """
    z = np.empty(n, np.int32)
    earlier = generator.random(n)
    alone = generator.random(n) * (alpha + np.arange(n)) < alpha
    n_clusters = 0
    for i in range(n):
        z[i] = n_clusters if alone[i] else z[int(earlier[i] * i)]
        n_clusters += alone[i]
    return z


def _as_slots(z):
    """Clusters renumbered 0 to k - 1 in order of appearance."""
    _, first, inverse = np.unique(z, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int32)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]
