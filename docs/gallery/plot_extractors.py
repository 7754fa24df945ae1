"""
What a feature extractor has learnt
===================================

A deep belief net of two layers, trained on digits with grey values.
"""

import dpmix
from dpmix.features import BernoulliRBM, DeepBeliefNet

grey = dpmix.datasets.load_grey("digits")
layer = BernoulliRBM(n_iter=30, batch_size=20, learning_rate=0.05)
net = DeepBeliefNet((64, 32), rbm=layer, random_state=1).fit(grey)

# %%
# What it makes of images, through one layer and through both, and back down.

dpmix.plot.reconstructions(net, grey[:10])

# %%
# The weights of hidden units of the first layer, and what single units of the top layer change in an image.

dpmix.plot.weights(net, layer=1, units=24)

# %%

dpmix.plot.unit_effects(net)

# %%
# The image that comes of the biases alone, beside the mean image; and images that the net makes up.

dpmix.plot.bias_images(net, grey.x)

# %%

dpmix.plot.fantasies(net, 12, 200, seed=0)

# %%
# How the training of the first layer went.

dpmix.plot.training_curves(net.rbms_[0].history_)
