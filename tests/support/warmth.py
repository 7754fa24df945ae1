"""Kernels are compiled by one process before several need them."""

import numpy as np

from dpmix import features
from dpmix.base.progress import Progress
from dpmix.kernels import units
from dpmix.partitions import co_clustering, point_estimate
from dpmix.sampling.compiling import compile_first
from support.query_cases import posterior_of


def warm_kernels():
    """Compile whatever is not in the cache yet: kernels of chains, partitions and extractors."""
    compile_first(Progress(1, 1, show=False), shards=2)
    x, ones = np.eye(8, dtype=np.uint8), np.ones(8)
    posterior = posterior_of(x, [(z, 1.0, ones, ones) for z in (np.arange(8) % 2, np.arange(8) // 4)])
    co_clustering(posterior)
    for loss in ("vi", "binder"):
        point_estimate(posterior, loss)
    layer = features.BernoulliRBM(n_iter=2, batch_size=4, monitor_size=2)
    net = features.DeepBeliefNet((4, 3), rbm=layer, random_state=0).fit(x)
    net.rbms_[0].score_samples(x)
    features.Autoencoder((4, 3, 4), n_iter=1, random_state=0).fit(x)
    features.NetworkClassifier((4,), n_iter=1, random_state=0).fit(x, np.arange(8) % 2)
    units.exp_array(*np.ones((3, 16), np.float32))
