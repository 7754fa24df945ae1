"""
Completed images
================

`dpmix.plot.completions` shows images of which a part is hidden, what the posterior says of the hidden pixels, and some
samples. The probabilities are exact sums over the clusters of all draws. Pixels of one sample are drawn one by one from
one cluster, so samples look grainy.
"""

import numpy as np

import dpmix

digits = dpmix.datasets.load_digits()
posterior = dpmix.sample(digits[:600], chains=4, sweeps=20, seed=1, jobs=1, progress=False)

unseen = digits[1000:1010]
top = np.arange(64) < 32  # True where a pixel is shown
dpmix.plot.completions(posterior, unseen, top)

# %%
# Any mask will do, a different one for each image if you like.

holes = np.random.default_rng(0).random((10, 64)) < 0.6
dpmix.plot.completions(posterior, unseen, holes)
