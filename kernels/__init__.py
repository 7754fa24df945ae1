"""Compiled arithmetic on arrays: the collapsed mixture of beta-Bernoulli pixels.

Everything here takes and fills NumPy arrays and decides nothing else. Modules import NumPy,
Numba, `math` and each other; checks of arguments, seeds, processes and files live in `dpmix`.

Symbols used throughout: ``n`` images of ``d`` pixels, ``x`` (n, d) in {0, 1}; ``z`` (n,) cluster of
each image; ``k`` live clusters held in the first ``k`` of ``capacity`` slots; ``sizes`` (capacity,)
images per cluster; ``ones`` (capacity, d) images per cluster with the pixel on; ``alpha`` the
Dirichlet process concentration; ``a``, ``b`` (d,) the pseudo-counts of the Beta priors.
"""
