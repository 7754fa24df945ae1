"""Questions to a posterior about new images: predictive probabilities, samples, labels, denoising."""
