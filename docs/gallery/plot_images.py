"""
Images as they are
==================

`dpmix.plot.image_grid` shows images in a grid, `dpmix.plot.image_rows` rows of them with a heading before each: here
what noise does to digits, and what the mixture makes of it.
"""

import dpmix

digits = dpmix.datasets.load_digits()
dpmix.plot.image_grid(digits[:24], names=digits.y[:24], title="the first 24")

# %%

noise = dpmix.datasets.MaskingNoise(0.4, 0.05)
clean = digits[1000:1012]
noisy = dpmix.datasets.corrupt(clean, noise, seed=0)
posterior = dpmix.sample(digits[:600], chains=4, sweeps=20, seed=1, jobs=1, progress=False)
proba = dpmix.denoise(posterior, noisy, *noise.flip_rates)
dpmix.plot.image_rows({"clean": clean, "noisy": noisy, "denoised": proba}, shape=(8, 8))
