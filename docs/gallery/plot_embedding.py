"""
Clusters in a plane
===================

`dpmix.plot.embedding` colours points of a plane by cluster. The points come from t-SNE, UMAP or anything else; the
clusters were found among all pixels, not in the plane.
"""

import matplotlib.pyplot as plt
from sklearn.manifold import TSNE

import dpmix

digits = dpmix.datasets.load_digits()[:500]
posterior = dpmix.sample(
    digits, dpmix.Prior.coarse(digits), chains=2, sweeps=30, seed=1, jobs=1, progress=False
)
estimate = dpmix.partitions.point_estimate(posterior, draws=20)
points = TSNE(max_iter=300, random_state=0).fit_transform(digits.x.astype(float))
dpmix.plot.embedding(points, estimate)

# %%
# `dpmix.plot.house_style` gives axes of your own the same look.

with dpmix.plot.house_style():
    figure, ax = plt.subplots()
    ax.plot(posterior.trace["n_clusters"].T)
    ax.set(title="clusters of two chains", xlabel="sweep")
