"""`DeepBeliefNet`: restricted Boltzmann machines stacked, each learning from the codes of the one below."""

import itertools
from dataclasses import KW_ONLY, dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone

from dpmix.base.annotations import Arrays, Layers, Table, Whole
from dpmix.base.checks import check_count
from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.memory import check_memory
from dpmix.base.sklearn_manners import refuses_weights, seed_sequence
from dpmix.features.boltzmann.contrastive import check_machine_size
from dpmix.features.boltzmann.rbm import BernoulliRBM, check_code_form
from dpmix.features.checks import check_sizes, check_visible
from dpmix.features.interruption import Interruption
from dpmix.features.storage import Extractor, plain_parameters, take
from dpmix.features.streams import UniformStream
from dpmix.features.threads import on_n_jobs

__all__ = ["DeepBeliefNet"]


@dataclass(eq=False, repr=False)
class DeepBeliefNet(Extractor, BaseEstimator):
    """A stack of restricted Boltzmann machines, trained greedily from the bottom.

    Layer 1 learns from the images, each further layer from the hidden probabilities of the one below
    (Hinton, Osindero and Teh 2006). *Up* goes from images to codes, *down* from codes to images.

    Parameters
    ----------
    n_components : int or sequence of int, default (256, 64)
        Hidden units of each layer, from the bottom.
    rbm : BernoulliRBM or sequence of BernoulliRBM, optional
        What each layer is a copy of, apart from `n_components` and `random_state`: one for all layers,
        or one for each.
    codes : {"probabilities", "binary"}, default "probabilities"
        What `transform` returns: float32, or 1 where the probability is above 1/2, as uint8.
    n_jobs : int or None, default None
        Threads of the training. 1, and None outside of a `joblib.parallel_config` context, is the fastest
        where images are small or others compute, too, and gives the same bits on any machine; -1 uses all
        cores.
    verbose : bool or int, default False
        Show progress on stderr.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        Same number, same result.

    Attributes
    ----------
    rbms_ : list of BernoulliRBM
        The trained layers, from the bottom.
    n_features_in_ : int

    Examples
    --------
    >>> import numpy as np
    >>> x = np.repeat([[1, 1, 0, 0], [0, 0, 1, 1]], 50, axis=0)
    >>> layer = BernoulliRBM(n_iter=100, batch_size=10)
    >>> net = DeepBeliefNet((4, 2), rbm=layer, random_state=0).fit(x)
    >>> net.transform(x).shape, net.transform(x, layer=1).shape
    ((100, 2), (100, 4))
    """

    _learnt = "rbms_"

    n_components: int | tuple = (256, 64)
    _: KW_ONLY
    rbm: object = None
    codes: str = "probabilities"
    n_jobs: int | None = None
    verbose: bool | int = False
    random_state: object = None

    @refuses_weights
    @on_n_jobs
    def fit(self, X: Table, y: object = None, *, validation: Table | None = None) -> Self:
        """Train layer after layer on images.

        Parameters
        ----------
        X : array_like (n, d), dpmix.Images or GreyImages
            Values in [0, 1]; it is not changed.
        y : object
            Not used; here for pipelines.
        validation : array_like (m, d) or dpmix.Images, optional
            Images to watch the training with; each layer gets their codes.

        Returns
        -------
        DeepBeliefNet
            Itself.

        Raises
        ------
        InputError
            A parameter or `X` is not allowed, or a learning rate is so high that training diverged.

        Warns
        -----
        TrainingInterrupted
            Ctrl-C ended the training: the layers below stay, that in work as after its last epoch that was done,
            and those above are missing from `rbms_`. Before the first epoch is done it is a KeyboardInterrupt,
            and so is a second one.
        """
        layers = self._check_layers()
        x = check_visible(self, X, reset=True)
        held = None if validation is None else check_visible(self, validation, False, "validation")
        *seeds, stream_seed = seed_sequence(self.random_state).spawn(len(layers) + 1)
        for layer, seed in zip(layers, seeds, strict=True):
            layer.set_params(random_state=int(seed.generate_state(1)[0]))
        for below, layer in itertools.pairwise(
            [self.n_features_in_, *(layer.n_components for layer in layers)]
        ):
            check_machine_size(below, layer)
        interruption = Interruption()
        self.rbms_ = _train_stack(layers, x, held, interruption)
        self._stream = UniformStream(stream_seed)
        top = self.rbms_[-1]
        text = f"{top.n_iter_} of {top.n_iter} epochs of layer {len(self.rbms_)} of {len(layers)}"
        interruption.tell(self, text)
        return self

    def transform(self, X: Table, layer: Whole | None = None) -> Arrays:
        """Codes of images.

        Parameters
        ----------
        X : array_like (n, d)
            Images; values in [0, 1].
        layer : int, optional
            1 the lowest; by default the top.

        Returns
        -------
        codes : (n, units) float32, or uint8 where `codes` is "binary"

        Raises
        ------
        InputError, InputTypeError
            `X` is not images like those of `fit`; no such layer.
        """
        p = self.up(X, layer)
        return (p > 0.5).astype(np.uint8) if check_code_form("codes", self.codes) == "binary" else p

    def up(self, X: Table, layer: Whole | None = None) -> NDArray[np.float32]:
        """Hidden probabilities of images.

        Parameters
        ----------
        X : array_like (n, d)
            Images; values in [0, 1].
        layer : int, optional
            1 the lowest; by default the top.

        Returns
        -------
        proba : (n, units) float32

        Raises
        ------
        InputError, InputTypeError
            `X` is not images like those of `fit`; no such layer.
        """
        p = check_visible(self._fitted(), X, reset=False)
        for rbm in self.rbms_[: self._check_layer("layer", layer)]:
            p = rbm._hidden_means(p)
        return p

    def down(self, codes: ArrayLike, layer: Whole | None = None) -> NDArray[np.float32]:
        """Image probabilities from codes.

        Parameters
        ----------
        codes : array_like (n, units)
        layer : int, optional
            That of the codes, 1 the lowest; by default the top.

        Returns
        -------
        proba : (n, d) float32

        Raises
        ------
        InputError, InputTypeError
            No such layer, or codes of another width.
        """
        self._fitted()
        for rbm in reversed(self.rbms_[: self._check_layer("layer", layer)]):
            codes = rbm.inverse_transform(codes)
        return codes

    def inverse_transform(self, X: ArrayLike) -> NDArray[np.float32]:
        """`down` from the top.

        Parameters
        ----------
        X : array_like (n, units)
            Codes as `transform` gives them, or means of these.

        Returns
        -------
        proba : (n, d) float32

        Raises
        ------
        InputError, InputTypeError
            Codes of another width, or that are not finite.
        """
        return self.down(X)

    def reconstruct(self, X: Table, depth: Whole | None = None) -> NDArray[np.float32]:
        """Images after going up some layers and down again.

        Parameters
        ----------
        X : array_like (n, d)
            Images; values in [0, 1].
        depth : int, optional
            Number of layers; by default all.

        Returns
        -------
        proba : (n, d) float32

        Raises
        ------
        InputError, InputTypeError
            `X` is not images like those of `fit`; no such layer.
        """
        self._fitted()
        depth = self._check_layer("depth", depth)
        return self.down(self.up(X, depth), depth)

    def sample(self, n_samples: Whole = 1, n_steps: Whole = 1000) -> NDArray[np.float32]:
        """Fantasies: images of the model.

        The top machine takes `n_steps` of Gibbs sampling from random codes; one pass goes down, states
        of the layers between drawn on the way. Each call draws anew.

        Parameters
        ----------
        n_samples : int, default 1
        n_steps : int, default 1000

        Returns
        -------
        proba : (n_samples, d) float32

        Raises
        ------
        InputError, InputTypeError
            A number below 1.
        """
        self._fitted()
        n_samples, n_steps = check_count("n_samples", n_samples), check_count("n_steps", n_steps)
        check_memory(4 * n_samples * max(rbm.n_features_in_ for rbm in self.rbms_), "n_samples", n_samples)
        top = self.rbms_[-1]
        p = np.full((n_samples, top.n_features_in_), 0.5, np.float32)
        self._stream.draw(p, p)
        states = top.gibbs(p, n_steps).astype(np.float32)
        if len(self.rbms_) == 1:
            return top.reconstruct(states)
        for rbm in reversed(self.rbms_[1:-1]):
            states = rbm.inverse_transform(states)
            self._stream.draw(states, states)
        return self.rbms_[0].inverse_transform(states)

    def encoder_layers(self) -> Layers:
        """The way up as network layers.

        Returns
        -------
        list of (weights (n_in, n_out), bias (n_out,), "sigmoid")
        """
        self._fitted()
        return [layer for rbm in self.rbms_ for layer in rbm.encoder_layers()]

    def _stages(self):
        return self.rbms_

    @property
    def _n_features_out(self):
        return self.rbms_[-1]._n_features_out

    def _check_layer(self, name, layer):
        return check_count(name, len(self.rbms_) if layer is None else layer, high=len(self.rbms_))

    def _check_layers(self):
        """Check every parameter; return the untrained machines."""
        sizes = check_sizes("n_components", self.n_components)
        check_code_form("codes", self.codes)
        if not sizes:
            raise InputError("n_components must name at least one layer; got none")
        given = (
            [self.rbm] * len(sizes) if self.rbm is None or isinstance(self.rbm, BernoulliRBM) else self.rbm
        )
        if not isinstance(given, (list, tuple)) or any(
            not isinstance(rbm, (BernoulliRBM, type(None))) for rbm in given
        ):
            raise InputTypeError(f"rbm must be a BernoulliRBM or a list of them; got {self.rbm!r}")
        if len(given) != len(sizes):
            raise InputError(
                f"rbm must be one per layer, {len(sizes)}; got {len(given)}; pass one for all layers"
            )
        layers = [BernoulliRBM() if rbm is None else clone(rbm) for rbm in given]
        for rbm, size in zip(layers, sizes, strict=True):
            rbm.set_params(n_components=size, verbose=rbm.verbose or self.verbose)
            rbm._check_settings()
        return layers

    def _to_parts(self):
        parts = [rbm._to_parts() for rbm in self.rbms_]
        arrays = {f"{ix}.{name}": array for ix, (_, own) in enumerate(parts) for name, array in own.items()}
        values = {
            "parameters": plain_parameters(self, leave_out=("rbm",)),
            "layers": [own for own, _ in parts],
        }
        return values, arrays | {"stream": self._stream.state}

    @classmethod
    def _from_parts(cls, values, arrays):
        net = cls(**values["parameters"])
        check_code_form("codes", net.codes)
        net.rbms_ = []
        for ix, own in enumerate(values["layers"]):
            part = [name for name in arrays if name.startswith(f"{ix}.")]
            part = {name.partition(".")[2]: arrays[name] for name in part}
            net.rbms_.append(BernoulliRBM._from_parts(own, part))
        for below, above in zip(net.rbms_, net.rbms_[1:], strict=False):
            if len(below.components_) != above.n_features_in_:
                raise ValueError(
                    f"a layer of {above.n_features_in_} visible units stands on {len(below.components_)}"
                )
        missing = len(check_sizes("n_components", net.n_components)) - len(net.rbms_)  # of a stack cut short
        net.set_params(rbm=[clone(rbm) for rbm in net.rbms_] + [None] * missing)
        net.n_features_in_ = net.rbms_[0].n_features_in_
        net._stream = UniformStream.from_state(take(arrays, "stream", np.uint32, (4, 256)))
        return net


def _train_stack(layers, x, held, interruption):
    """Train each of `layers` on the codes of the one below; return those that were reached."""
    for ix, layer in enumerate(layers):
        layer._fit(x, held, interruption)
        if interruption.happened:
            return layers[: ix + 1] if layer.n_iter_ else layers[:ix]
        with interruption.held():
            x = layer._hidden_means(x)
            held = None if held is None else layer._hidden_means(held)
        if interruption.happened:
            return layers[: ix + 1]
    return layers
