"""
Course of the chains
====================

`dpmix.plot.trace` shows the log joint and the number of clusters of every sweep. The burn-in is shaded. R-hat is 1
where chains agree; here they do not quite, which is usual.
"""

import dpmix

digits = dpmix.datasets.load_digits(classes=[2, 3])
posterior = dpmix.sample(digits, chains=4, sweeps=60, seed=1, jobs=1, progress=False)
dpmix.plot.trace(posterior)
