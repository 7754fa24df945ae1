"""What a fitted autoencoder says of images: codes and back, reconstructions, clean images and errors."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dpmix.base.annotations import Arrays, Layers, Table, Whole
from dpmix.base.checks import check_count
from dpmix.base.errors import InputError
from dpmix.features.checks import check_table
from dpmix.features.codes import check_codes, ternary
from dpmix.features.networks.estimator import NetworkEstimator
from dpmix.features.storage import Extractor

__all__ = ["FittedAutoencoder"]


class FittedAutoencoder(NetworkEstimator, Extractor):
    """What can be asked of an estimator whose network leads through a layer of codes and back."""

    def transform(self, X: Table) -> Arrays:
        """Codes of images.

        Parameters
        ----------
        X : array_like (n, d)
            Images; values in [0, 1].

        Returns
        -------
        codes : (n, k) float32, or uint8 where `codes` is "binary"

        Raises
        ------
        InputError
            `X` is not images like those of `fit`.
        """
        code = self.encode(X)
        return (code > self.code_thresholds_).astype(np.uint8) if self.codes == "binary" else code

    def encode(self, X: Table) -> NDArray[np.float32]:
        """Activations of the code layer.

        Parameters
        ----------
        X : array_like (n, d)
            Images; values in [0, 1].

        Returns
        -------
        activations : (n, k) float32

        Raises
        ------
        InputError
            `X` is not images like those of `fit`.
        """
        self._fitted()
        return self._code(check_table(self, X, reset=False))

    def decode(self, codes: ArrayLike) -> NDArray[np.float32]:
        """Images from activations of the code layer.

        Parameters
        ----------
        codes : array_like (n, k)
            As `encode` gives them.

        Returns
        -------
        outputs : (n, d) float32

        Raises
        ------
        InputError
            Codes of another width, or that are not finite.
        """
        self._fitted()
        return self._network.predict(check_codes(codes, self._n_features_out), start=self.code_layer_)

    def inverse_transform(self, X: ArrayLike) -> NDArray[np.float32]:
        """Images from codes.

        Binary codes, or probabilities of their bits, become the mean activations that training images with
        such bits have (`code_levels_`).

        Parameters
        ----------
        X : array_like (n, k)
            Codes as `transform` gives them, or means of these.

        Returns
        -------
        outputs : (n, d) float32

        Raises
        ------
        InputError
            Codes of another width, or that are not finite.
        """
        self._fitted()
        codes = check_codes(X, self._n_features_out)
        if self.codes == "binary":
            off, on = self.code_levels_
            codes = (off + (on - off) * codes).astype(np.float32)
        return self.decode(codes)

    def reconstruct(self, X: Table, *, ternary: bool = False) -> Arrays:
        """What comes out for images.

        Parameters
        ----------
        X : array_like (n, d)
            Images; values in [0, 1].
        ternary : bool, default False
            Decide: 1 above and 0 below `thresholds`, and -1, undecided, between.

        Returns
        -------
        outputs : (n, d) float32, or int8 with `ternary`

        Raises
        ------
        InputError, InputTypeError
            `X` is not images like those of `fit`, or `thresholds` are bad.
        """
        self._fitted()
        return self._decided(self._network.predict(check_table(self, X, reset=False)), ternary)

    def denoise(self, X: Table, *, n_steps: Whole = 1, ternary: bool = False) -> Arrays:
        """Clean images from noisy ones.

        This is `reconstruct`; an autoencoder trained with `corruption` does it well.

        Parameters
        ----------
        X : array_like (n, d)
            Noisy images.
        n_steps : int, default 1
            More than 1 puts the result in again.
        ternary : bool, default False
            As in `reconstruct`.

        Returns
        -------
        outputs : (n, d) float32, or int8 with `ternary`

        Raises
        ------
        InputError, InputTypeError
            `X` is not images like those of `fit`; `n_steps` below 1; bad `thresholds`.
        """
        self._fitted()
        p = check_table(self, X, reset=False)
        for _ in range(check_count("n_steps", n_steps)):
            p = self._network.predict(p)
        return self._decided(p, ternary)

    def reconstruction_errors(self, X: Table, target: Table | None = None) -> NDArray[np.float64]:
        """Mean squared difference per pixel between outputs and what they should be.

        Parameters
        ----------
        X : array_like (n, d)
            Images; values in [0, 1].
        target : array_like (n, d), optional
            What they should be; by default `X`.

        Returns
        -------
        errors : (n,) float64

        Raises
        ------
        InputError, InputTypeError
            `X` is not images like those of `fit`, or `target` is not as many.
        """
        p = self.reconstruct(X)
        wanted = check_table(self, X if target is None else target, reset=False)
        if wanted.shape != p.shape:
            raise InputError(f"target must have one image for each of X, {len(p)}; got {len(wanted)}")
        p -= wanted
        return np.square(p, out=p).mean(axis=1, dtype=np.float64)

    def score(self, X: Table, y: object = None) -> float:
        """Minus the mean squared error per pixel of reconstructed images: larger is better.

        Parameters
        ----------
        X : array_like (n, d)
            Images; values in [0, 1].
        y : object
            Not used; here for pipelines.

        Returns
        -------
        float

        Raises
        ------
        InputError, InputTypeError
            `X` is not images like those of `fit`.
        """
        return -float(self.reconstruction_errors(X).mean())

    def encoder_layers(self) -> Layers:
        """The way from image to code.

        Returns
        -------
        list of (weights (n_in, n_out), bias (n_out,), activation)
        """
        return self._layers()[: self.code_layer_]

    def decoder_layers(self) -> Layers:
        """The way from code to output.

        Returns
        -------
        list of (weights (n_in, n_out), bias (n_out,), activation)
        """
        return self._layers()[self.code_layer_ :]

    @property
    def _n_features_out(self):
        return len(self.intercepts_[self.code_layer_ - 1])

    def _code(self, x):
        return self._network.predict(x, stop=self.code_layer_)

    def _decided(self, p, wanted):
        return ternary(p, *self.thresholds) if wanted else p
