"""
Beside known labels
===================

Where labels are known but were not learned from, `dpmix.plot.contingency` shows which clusters hold which labels. Where
they were learned from, `dpmix.plot.confusion` shows what was taken for what.
"""

import dpmix

digits = dpmix.datasets.load_digits()[:800]
posterior = dpmix.sample(
    digits, dpmix.Prior.coarse(digits), chains=2, sweeps=30, seed=1, jobs=1, progress=False
)
estimate = dpmix.partitions.point_estimate(posterior, draws=20)
dpmix.plot.contingency(estimate, digits.y)

# %%
# Labels of the first 400 images are learned with the pixels, those of the others are asked for.

labels = digits.y.copy()
labels[400:] = -1  # not known
labelled = dpmix.sample(digits, labels=labels, chains=4, sweeps=20, seed=1, jobs=1, progress=False)
answers = dpmix.predict_labels(labelled, digits[400:]).argmax(axis=1)
dpmix.plot.confusion(digits.y[400:], answers, title="400 digits without a label")
