"""
What a new cluster expects
==========================

`dpmix.plot.hyperparameters` shows the learned pseudo-counts of every pixel: the mean that a cluster without members
expects, a / (a + b), and how firmly it does, the strength a + b. A small strength means that clusters differ in this
pixel, and that each is nearly always on or nearly always off in it.
"""

import dpmix

digits = dpmix.datasets.load_digits()[:600]
posterior = dpmix.sample(digits, chains=2, sweeps=30, seed=1, jobs=1, progress=False)
dpmix.plot.hyperparameters(posterior)
