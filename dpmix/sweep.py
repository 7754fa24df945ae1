"""The assignment sweep as a move on a chain (kernel: `dpmix.kernels.gibbs`)."""

from dpmix.kernels.gibbs import sweep
from dpmix.timing import in_pieces

__all__ = ["sweep_assignments"]


def sweep_assignments(chain):
    """Reassign every image of `chain` once, by Neal's (2000) Algorithm 3.

    Parameters
    ----------
    chain : dpmix.chain.Chain
        Changed in place; one uniform per image is drawn from its generator.

    Returns
    -------
    n_moved : int
        Images that changed cluster.
    """
    uniforms = chain.generator.random(chain.n)
    moved = 0

    def visit(first, last):
        nonlocal moved
        reached, chain.n_clusters, n_moved = sweep(
            first, last, chain.n_clusters, uniforms, chain.tolerance,
            chain.runs, chain.hyper, chain.partition, chain.tables,
        )
        moved += n_moved
        if reached < last:
            chain.make_room()
        return reached

    in_pieces(visit, chain.n, guess=max(1, min(512, 4_000_000 // (chain.d * (chain.n_clusters + 1)))))
    return moved
