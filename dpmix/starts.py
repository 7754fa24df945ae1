"""Where chains start: one cluster, random groups, a draw from the prior, or given labels."""

import numpy as np

from dpmix.chain import State, generator_state
from dpmix.errors import InputError, InputTypeError
from dpmix.validate import check_count

__all__ = ["check_init", "start"]


def check_init(init, n):
    """Check `init` for `n` images: ("one" | "random:K" | "crp" | "labels", labels or None).

    Raises
    ------
    InputError, InputTypeError
        An unknown name, a bad K, or labels that are not one integer per image.
    """
    if isinstance(init, str):
        name, _, groups = init.partition(":")
        if init in ("one", "crp"):
            return init, None
        if name == "random" and groups.isascii() and groups.isdigit():
            return f"random:{check_count('init random:K', int(groups), 1, n)}", None
        raise InputError(f"init must be 'one', 'crp', 'random:K' such as 'random:100', or one label per image; "
                         f"got {init!r}")
    labels = np.asarray(init)
    if labels.dtype.kind not in "iu":
        raise InputTypeError(f"init must be a name or an array of integer labels; got dtype {labels.dtype}")
    if labels.shape != (n,):
        raise InputError(f"init must hold one label for each of the {n} images; got shape {labels.shape}")
    return "labels", np.unique(labels, return_inverse=True)[1].astype(np.int32)


def start(table, plan, labels, chain_ix):
    """State of chain `chain_ix` before its first sweep.

    The chain's generator is spawned from the plan's seed by the chain's index alone, so chain 3 is
    the same chain however many others run beside it.
    """
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(plan.seed, spawn_key=(chain_ix,))))
    alpha = plan.prior.alpha
    a, b = plan.prior.pseudo_counts(table.d)
    z = labels if plan.init == "labels" else _draw_partition(plan.init, table.n, alpha, generator)
    return State(_as_slots(z), alpha, a, b, generator_state(generator))


def _draw_partition(init, n, alpha, generator):
    if init == "one":
        return np.zeros(n, np.int32)
    if init == "crp":
        return _draw_crp(n, alpha, generator)
    return generator.integers(int(init.partition(":")[2]), size=n)


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
