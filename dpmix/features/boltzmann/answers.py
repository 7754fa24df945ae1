"""What a restricted Boltzmann machine says of images: codes, reconstructions, scores and samples."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dpmix.base.annotations import Arrays, Layers, Table, Whole
from dpmix.base.checks import check_count
from dpmix.features.boltzmann.energy import (
    free_energy,
    hidden_means,
    pseudo_log_likelihood,
    visible_means,
)
from dpmix.features.checks import check_visible
from dpmix.features.codes import check_codes
from dpmix.features.storage import Extractor

__all__ = ["FittedMachine"]


class FittedMachine(Extractor):
    """What can be asked of an estimator that has the parameters of a machine, under scikit-learn's names."""

    def transform(self, X: Table) -> Arrays:
        """Codes of images.

        Parameters
        ----------
        X : array_like (n, d)
            Images; values in [0, 1].

        Returns
        -------
        codes : (n, n_components) float32, or uint8 where `codes` is "binary"

        Raises
        ------
        InputError
            `X` is not images like those of `fit`.
        """
        p = self._hidden_means(X)
        return (p > 0.5).astype(np.uint8) if self.codes == "binary" else p

    def inverse_transform(self, X: ArrayLike) -> NDArray[np.float32]:
        """P(v = 1 | h) of codes.

        Parameters
        ----------
        X : array_like (n, n_components)
            Codes in [0, 1].

        Returns
        -------
        proba : (n, d) float32

        Raises
        ------
        InputError
            Codes of another width, or that are not finite.
        """
        codes = check_codes(X, self._fitted()._n_features_out)
        return visible_means(self._weights(), self.intercept_visible_, codes)

    def reconstruct(self, X: Table, n_steps: Whole = 1) -> NDArray[np.float32]:
        """Images after mean-field passes up and down.

        Parameters
        ----------
        X : array_like (n, d)
            Images; values in [0, 1].
        n_steps : int, default 1
            Number of passes.

        Returns
        -------
        proba : (n, d) float32

        Raises
        ------
        InputError, InputTypeError
            `X` is not images like those of `fit`; an `n_steps` below 1.
        """
        p = check_visible(self._fitted(), X, reset=False)
        weights = self._weights()
        for _ in range(check_count("n_steps", n_steps)):
            h = hidden_means(weights, self.intercept_hidden_, p)
            p = visible_means(weights, self.intercept_visible_, h)
        return p

    def free_energy(self, X: Table) -> NDArray[np.float64]:
        """F(x) of each image, where P(x) = exp(-F(x)) / Z.

        Parameters
        ----------
        X : array_like (n, d)
            Images; values in [0, 1].

        Returns
        -------
        free_energy : (n,) float64
            Nats.

        Raises
        ------
        InputError
            `X` is not images like those of `fit`.
        """
        x = check_visible(self._fitted(), X, reset=False)
        return free_energy(self._weights(), self.intercept_visible_, self.intercept_hidden_, x)

    def score_samples(self, X: Table) -> NDArray[np.float64]:
        """Pseudo-likelihood: the sum over pixels of log P(pixel | all others).

        scikit-learn estimates this from one random pixel; here every pixel is taken, so that the result
        is exact. A pixel between 0 and 1 counts as both in these shares.

        Parameters
        ----------
        X : array_like (n, d)
            Images; values in [0, 1].

        Returns
        -------
        pseudo_likelihood : (n,) float64
            Nats.

        Raises
        ------
        InputError
            `X` is not images like those of `fit`.
        """
        x = check_visible(self._fitted(), X, reset=False)
        return pseudo_log_likelihood(self._weights(), self.intercept_visible_, self.intercept_hidden_, x)

    def score(self, X: Table, y: object = None) -> float:
        """Mean of `score_samples`: larger is better.

        Parameters
        ----------
        X : array_like (n, d)
            Images; values in [0, 1].
        y : object
            Not used; here for pipelines.

        Returns
        -------
        float
            Nats per image.

        Raises
        ------
        InputError
            `X` is not images like those of `fit`.
        """
        return float(self.score_samples(X).mean())

    def gibbs(self, v: Table, n_steps: Whole = 1) -> NDArray[np.uint8]:
        """Images after Gibbs sampling from others; each call draws anew.

        Parameters
        ----------
        v : array_like (n, d)
            Images to start from.
        n_steps : int, default 1

        Returns
        -------
        images : (n, d) uint8

        Raises
        ------
        InputError, InputTypeError
            `v` is not images like those of `fit`; an `n_steps` below 1.
        """
        v = check_visible(self._fitted(), v, reset=False, name="v").astype(np.float32)
        weights = self._weights()
        for _ in range(check_count("n_steps", n_steps)):
            h = v @ weights + self.intercept_hidden_
            self._stream.draw_units(h, h)
            v = h @ weights.T + self.intercept_visible_
            self._stream.draw_units(v, v)
        return v.astype(np.uint8)

    def encoder_layers(self) -> Layers:
        """The way from image to code as a network layer.

        Returns
        -------
        [(weights (d, h), bias (h,), "sigmoid")]
        """
        self._fitted()
        return [(self._weights(), self.intercept_hidden_, "sigmoid")]

    @property
    def _n_features_out(self):
        return len(self.components_)

    def _weights(self):
        """The weights (d, h), contiguous; no copy unless `components_` was replaced."""
        return np.ascontiguousarray(self.components_.T, np.float32)

    def _hidden_means(self, X):
        x = check_visible(self._fitted(), X, reset=False)
        return hidden_means(self._weights(), self.intercept_hidden_, x)
