"""
One partition that stands for all
=================================

A point estimate is the partition nearest to all draws. `dpmix.plot.gallery` shows its clusters with typical and odd
members, `dpmix.plot.similarity` how often each pair of images is in one cluster.
"""

import dpmix

digits = dpmix.datasets.load_digits(classes=[0, 1, 2])
posterior = dpmix.sample(digits, chains=2, sweeps=60, seed=1, jobs=1, progress=False)
estimate = dpmix.partitions.point_estimate(posterior, draws=30)
print(*estimate.notes, sep="\n")
dpmix.plot.gallery(posterior, estimate, most=8)

# %%
# Images stand in the order of the clusters of the estimate: a dark block is a cluster of which the draws are sure.

dpmix.plot.similarity(posterior, estimate)
