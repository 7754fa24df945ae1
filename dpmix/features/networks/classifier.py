"""`NetworkClassifier`: a network with a softmax layer, started at random or from learnt features."""

from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning

from dpmix.base.annotations import Arrays, Layers, Table, Whole
from dpmix.base.checks import check_count
from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.sklearn_manners import refuses_weights, seed_sequence
from dpmix.base.warn import warn_caller
from dpmix.base.wording import Wording
from dpmix.features.checks import (
    check_fraction,
    check_labelled,
    check_parameters,
    check_sizes,
    check_table,
    each,
)
from dpmix.features.epochs import EarlyStopping, split_rows
from dpmix.features.interruption import Interruption
from dpmix.features.networks.estimator import NETWORK, NetworkEstimator
from dpmix.features.networks.network import LayerSpec, Network
from dpmix.features.networks.training import train
from dpmix.features.networks.unrolling import check_activations, encoder_layers
from dpmix.features.rates import settle_rate
from dpmix.features.storage import take
from dpmix.features.streams import UniformStream
from dpmix.features.threads import on_n_jobs

__all__ = ["NetworkClassifier"]

_NOTABLE = 1.0  # nats by which a loss is worse than that of guessing before it is told
_CHECKS = NETWORK | {
    "n_iter_output": partial(check_count, low=0),
    "input_dropout": check_fraction,
    "dropout": each(check_fraction),
}
_PLAIN = "biufSU"  # kinds of labels that a file holds as they are


@dataclass(eq=False, repr=False)
class NetworkClassifier(ClassifierMixin, NetworkEstimator, BaseEstimator):
    """A network of dense layers with a softmax layer on top, trained by backpropagation.

    Started from a deep belief net or an autoencoder, it takes the weights and hidden biases of the way
    up (those of the way down are dropped), trains the new softmax layer alone for `n_iter_output`
    passes, and then everything for `n_iter` passes. From random weights it trains everything at once.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default (256,)
        Hidden units of each layer where weights start at random; not used with `init`.
    init : object or list of tuple, optional
        Where the hidden layers come from: a fitted `DeepBeliefNet`, `BernoulliRBM` or anything else with
        ``encoder_layers()``, or a list of (weights (n_in, n_out), bias (n_out,), activation). An estimator
        that is not fitted is copied and fitted on `X` first, without the labels; wrap a fitted one
        in `sklearn.frozen.FrozenEstimator` where the classifier is to be cloned.
    activation : {"relu", "sigmoid", "tanh", "linear"} or sequence of these, default "relu"
        Of all hidden layers that start at random, or of each.
    solver : {"adam", "sgd"}, default "adam"
    learning_rate : float or "auto", default "auto"
        Step per mini-batch, whose gradient is averaged over images; "auto" finds one by a few short tries
        (`learning_rate_`).
    momentum : float, default 0.9
        Of "sgd": share of the last step kept in the next.
    n_iter_output : int, default 10
        Passes over the training images in which the softmax layer alone is trained, with `init`; may be 0.
    n_iter : int, default 10
        Passes in which all layers are trained.
    batch_size : int, default 100
    schedule : {"constant", "linear", "cosine", "inverse"} or callable, default "constant"
        What the learning rate is multiplied by: a function of (epoch, n_iter) or the name of one.
    weight_decay : float, default 0
        Fraction of each weight taken away per unit of learning rate.
    dropout : float or sequence of float, default 0
        Probability that a hidden unit is left out of a training step: one for all hidden layers, or one
        for each, such as 0 for those from a narrow one on.
    input_dropout : float, default 0
        The same of an input.
    early_stopping : bool, default False
        Stop when the loss on images set aside has not fallen by `tol` for `n_iter_no_change` epochs, and
        keep the best epoch's parameters.
    validation_fraction : float, default 0.1
    n_iter_no_change : int, default 10
    tol : float, default 0
        Nats per image.
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
    classes_ : numpy.ndarray (k,)
    coefs_, intercepts_ : list of numpy.ndarray
        Weights (n_in, n_out) and biases (n_out,) of each layer, float32.
    activations_ : list of str
        Activation of each layer.
    history_ : dict of str to list of float
        Per epoch of both phases: ``learning_rate``, ``seconds``, ``loss``, ``validation_loss`` (nats per
        image).
    n_iter_ : int
        Epochs done in which all layers were trained.
    learning_rate_ : float
        `learning_rate`, or what was found.
    n_features_in_ : int

    Examples
    --------
    >>> import numpy as np
    >>> x = np.repeat([[1, 1, 0, 0], [0, 0, 1, 1]], 50, axis=0)
    >>> y = np.repeat(["left", "right"], 50)
    >>> network = NetworkClassifier(8, learning_rate=0.01, batch_size=10, random_state=0).fit(x, y)
    >>> network.predict([[1, 0, 0, 0], [0, 0, 1, 0]])
    array(['left', 'right'], dtype='<U5')
    """

    hidden_layer_sizes: int | tuple = (256,)
    _: KW_ONLY
    init: object = None
    activation: str | tuple = "relu"
    solver: str = "adam"
    learning_rate: float | str = "auto"
    momentum: float = 0.9
    n_iter_output: int = 10
    n_iter: int = 10
    batch_size: int = 100
    schedule: object = "constant"
    weight_decay: float = 0.0
    dropout: float | tuple = 0.0
    input_dropout: float = 0.0
    early_stopping: bool = False
    validation_fraction: float = 0.1
    n_iter_no_change: int = 10
    tol: float = 0.0
    n_jobs: int | None = None
    verbose: bool | int = False
    random_state: object = None

    @refuses_weights
    @on_n_jobs
    def fit(self, X: Table, y: ArrayLike, *, validation: tuple[Table, ArrayLike] | None = None) -> Self:
        """Train on labelled images, forgetting whatever was learnt before.

        Parameters
        ----------
        X : array_like (n, d), dpmix.Images or GreyImages
            Finite numbers, best in [0, 1] or standardised; it is not changed.
        y : array_like (n,)
            Labels of any kind.
        validation : tuple (X, y), optional
            Images and labels to watch the training, and to stop early, with.

        Returns
        -------
        NetworkClassifier
            Itself.

        Raises
        ------
        InputError
            A parameter or the data are not allowed, or training diverged.

        Warns
        -----
        TrainingInterrupted
            Ctrl-C ended the training; the epochs before stay, and nothing more is trained. Before the first
            epoch is done it is a KeyboardInterrupt, and so are a second one and one during the training of an
            `init` that was not fitted.
        """
        check_parameters(self, _CHECKS)
        x, classes, index = check_labelled(self, X, y)
        interruption = Interruption()
        seeds = seed_sequence(self.random_state).spawn(4)
        rng, stream = np.random.default_rng(seeds[0]), UniformStream(seeds[1])
        layers = self._initial_layers(x, rng)
        network = _with_output(layers, self.n_features_in_, len(classes), rng)
        targets = np.eye(len(classes), dtype=np.float32)
        held = None if validation is None else self._check_validation(validation, classes, targets)
        if self.early_stopping and held is None:
            kept, aside = split_rows(len(x), self.validation_fraction, rng)
            held = x[aside], targets[index[aside]]
            x, index = x[kept], index[kept]
        t = targets[index]
        self._settle_rate(layers, x, t, seeds[3], interruption)
        self.history_ = self._train(network, x, t, rng, stream, held, interruption)
        self.classes_, self._network = classes, network
        if not interruption.happened:
            self._warn_of_poor_fit()
        interruption.tell(self, f"{self.n_iter_} of {self.n_iter} epochs of all layers")
        return self

    def predict_proba(self, X: Table) -> NDArray[np.float32]:
        """P(class | image).

        Parameters
        ----------
        X : array_like (n, d)
            Images; values in [0, 1].

        Returns
        -------
        proba : (n, k) float32
            Columns in the order of `classes_`.

        Raises
        ------
        InputError
            `X` is not images like those of `fit`.
        """
        self._fitted()
        return self._network.predict(check_table(self, X, reset=False))

    def predict(self, X: Table) -> Arrays:
        """The most probable class of each image.

        Parameters
        ----------
        X : array_like (n, d)
            Images; values in [0, 1].

        Returns
        -------
        classes : (n,) array

        Raises
        ------
        InputError
            `X` is not images like those of `fit`.
        """
        p = self.predict_proba(X)
        return self.classes_[p.argmax(axis=1)]

    def hidden(self, X: Table, layer: Whole | None = None) -> NDArray[np.float32]:
        """Activations of a hidden layer.

        So the plane of a bottleneck of two units is read: the third layer of sizes (500, 100, 2, 100).

        Parameters
        ----------
        X : array_like (n, d)
            Images; values in [0, 1].
        layer : int, optional
            1 the lowest; by default the top.

        Returns
        -------
        activations : (n, units) float32

        Raises
        ------
        InputError, InputTypeError
            `X` is not images like those of `fit`; no such layer.
        """
        self._fitted()
        n_hidden = len(self.coefs_) - 1
        if n_hidden == 0:
            raise InputError("the network has no hidden layers; name some by hidden_layer_sizes")
        layer = check_count("layer", n_hidden if layer is None else layer, high=n_hidden)
        return self._network.predict(check_table(self, X, reset=False), stop=layer)

    def encoder_layers(self) -> Layers:
        """The hidden layers.

        Returns
        -------
        list of (weights (n_in, n_out), bias (n_out,), activation)
        """
        return self._layers()[:-1]

    def _settle_rate(self, layers, x, t, seed, interruption):
        def train(trial, kept, aside, seed):
            seeds = seed.spawn(2)
            rng, stream = np.random.default_rng(seeds[0]), UniformStream(seeds[1])
            network = _with_output(layers, x.shape[1], t.shape[1], rng)
            return trial._train(network, x[kept], t[kept], rng, stream, (x[aside], t[aside]))

        settle_rate(self, train, len(x), seed, interruption)

    def _train(self, network, x, t, rng, stream, held, interruption=None):
        """Both phases; return their history in one."""
        optimizer, top = self._optimizer, len(network.layers) - 1
        plan = self._plan("network")._replace(
            dropout=_rates(self.dropout, top), input_dropout=self.input_dropout
        )
        phase, histories = partial(train, network, interruption=interruption), []
        if self.init is not None:
            first = self._plan("output layer")._replace(
                n_epochs=self.n_iter_output, schedule="constant", first=top
            )
            histories.append(phase(optimizer(network), x, t, first, rng, stream, held))
        stopping = EarlyStopping.of(self)
        histories.append(phase(optimizer(network), x, t, plan, rng, stream, held, stopping))
        self.n_iter_ = len(histories[-1].get("loss", []))
        names = {name: None for history in histories for name in history}  # in order
        return {name: sum((history.get(name, []) for history in histories), []) for name in names}

    def _initial_layers(self, x, rng):
        """The hidden layers to start from: a list of (weights or None, bias or None, activation, size)."""
        if self.init is None:
            sizes = check_sizes("hidden_layer_sizes", self.hidden_layer_sizes)
            activations = check_activations(self.activation, len(sizes))
            return [(None, None, name, size) for name, size in zip(activations, sizes, strict=True)]
        unsupervised = Interruption()
        layers, _ = encoder_layers(self.init, x, rng, unsupervised)
        if unsupervised.happened:  # nothing that could classify has been trained
            raise KeyboardInterrupt
        return [(weights, bias, activation, len(bias)) for weights, bias, activation in layers]

    def _check_validation(self, validation, classes, targets):
        try:
            x, y = validation
        except (TypeError, ValueError) as error:
            raise InputTypeError("validation must be a pair (X, y)") from error
        x, y = check_table(self, x, reset=False), np.asarray(y)
        if y.shape != (len(x),):
            raise InputError(
                f"validation must hold one label per image, {len(x)}; got labels of shape {y.shape}"
            )
        new = ~np.isin(y, classes)
        if new.any():
            raise InputError(
                f"validation must hold labels of y and no new ones; found {y[new].tolist()[0]!r}"
            )
        return x, targets[np.searchsorted(classes, y)]

    def _warn_of_poor_fit(self):
        """Warn where the network is worse than guessing."""
        history = self.history_
        loss = min(history["validation_loss"]) if self.early_stopping else history["loss"][-1]
        guessing = float(np.log(len(self.classes_)))
        if loss > guessing + _NOTABLE:
            warn_caller(
                Wording(
                    "training diverged or has hardly begun: the loss, {loss:.3g} nats per image, is above that of "
                    "guessing, {guessing:.3g}; lower {learning_rate} (now {rate:g}), scale X to [0, 1], or train "
                    "longer",
                    loss=loss,
                    guessing=guessing,
                    rate=self.learning_rate_,
                ),
                ConvergenceWarning,
            )

    def _to_parts(self):
        values = self._course(leave_out=("init",))
        values["layers"] = [list(spec[:3]) for spec in self._network.specs]
        values["classes_are_objects"] = self.classes_.dtype.kind not in _PLAIN
        return values, {"parameters": self._network.parameters, "classes": _plain_classes(self.classes_)}

    @classmethod
    def _from_parts(cls, values, arrays):
        found = cls._with_network(values, arrays, "log_loss")
        check_parameters(found, _CHECKS)
        n_classes = found._network.specs[-1].n_out
        found.classes_ = take(arrays, "classes", arrays["classes"].dtype, (n_classes,))
        if values.get("classes_are_objects"):
            found.classes_ = found.classes_.astype(object)
        return found


def _rates(dropout, n_layers):
    """A tuple of the rate of dropout of each of so many hidden layers."""
    rates = tuple(dropout) if isinstance(dropout, (list, tuple)) else (dropout,) * n_layers
    if len(rates) != n_layers:
        raise InputError(
            f"dropout must be one number, or one for each of {n_layers} hidden layers; got {dropout!r}"
        )
    return rates


def _plain_classes(classes):
    """`classes` without Python objects, such as words that come from pandas, which only pickle could keep."""
    if classes.dtype.kind in _PLAIN:
        return classes
    if not all(isinstance(label, str) for label in classes):
        raise InputError(
            f"labels must be numbers or strings to be saved; got {classes.dtype} {classes[0]!r}; "
            "fit with y.astype(str)"
        )
    return classes.astype(str)


def _with_output(layers, n_in, n_classes, rng):
    """A network of hidden `layers` and a softmax layer; what is not given starts at random."""
    specs = []
    for _, _, activation, size in [*layers, (None, None, "softmax", n_classes)]:
        specs.append(LayerSpec(specs[-1].n_out if specs else n_in, size, activation))
    network = Network(specs, "log_loss")
    network.initialize(rng)
    for (weights, bias, _, _), layer in zip(layers, network.layers, strict=False):
        if weights is not None:
            layer.weights[...], layer.bias[...] = weights, bias
    return network
