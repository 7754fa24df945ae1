"""
Clusters of one draw
====================

`dpmix.plot.clusters` shows the clusters of one draw as mean images, largest first, with the number of members under
each. The brighter a pixel, the more probable it is on in a new member of the cluster; a cluster of one image is grey,
since one image says little about the next.
"""

import dpmix

digits = dpmix.datasets.load_digits()[:600]
posterior = dpmix.sample(digits, chains=2, sweeps=30, seed=1, jobs=1, progress=False)
dpmix.plot.clusters(posterior)

# %%
# ``chain`` and ``draw`` choose another draw, ``most`` the largest clusters, and with ``shrink=True`` the area of a tile
# shows how many members its cluster has.

dpmix.plot.clusters(posterior, chain=1, draw=-1, most=24, shrink=True)
