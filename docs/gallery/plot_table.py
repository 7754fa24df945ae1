"""
A table with named columns
==========================

`dpmix.plot.profiles` shows which columns set the clusters of a table apart. Red: on more often than elsewhere; blue:
less often; pale: not sure.
"""

import numpy as np

import dpmix

rng = np.random.default_rng(0)
columns = ["smokes", "rents", "has a car", "cycles", "has children", "votes"]
habits = np.array(
    [[0.9, 0.8, 0.1, 0.6, 0.1, 0.5], [0.1, 0.2, 0.9, 0.2, 0.9, 0.9], [0.1, 0.9, 0.1, 0.9, 0.1, 0.8]]
)
answers = rng.random((300, 6)) < np.repeat(habits, 100, axis=0)
posterior = dpmix.sample(answers, columns=columns, chains=4, sweeps=50, seed=1, jobs=1, progress=False)
estimate = dpmix.partitions.point_estimate(posterior)
profile = dpmix.partitions.profile(posterior, estimate)
print(profile)
dpmix.plot.profiles(profile)
