"""`Autoencoder`: a network that learns to reproduce images through a layer of codes, noise taken away."""

from dataclasses import KW_ONLY, asdict, dataclass, is_dataclass
from functools import partial
from typing import Self

import numpy as np
from sklearn.base import BaseEstimator

from dpmix.base.annotations import Table
from dpmix.base.checks import check_bool, check_count
from dpmix.base.errors import InputError
from dpmix.base.sklearn_manners import refuses_weights, seed_sequence
from dpmix.datasets import noise as noises
from dpmix.datasets.noise import apply_noise, check_noise
from dpmix.features.checks import (
    check_not_negative,
    check_parameters,
    check_share,
    check_table,
    check_visible,
    one_of,
    optional,
)
from dpmix.features.codes import bit_levels, check_thresholds
from dpmix.features.epochs import EarlyStopping, Plateau, check_plateau, split_rows
from dpmix.features.interruption import Interruption, NeverHeld
from dpmix.features.networks.coding import FittedAutoencoder
from dpmix.features.networks.estimator import NETWORK
from dpmix.features.networks.network import Network
from dpmix.features.networks.training import train
from dpmix.features.networks.unrolling import pretrain, starting_form
from dpmix.features.rates import settle_rate
from dpmix.features.storage import take
from dpmix.features.streams import UniformStream
from dpmix.features.threads import on_n_jobs

__all__ = ["Autoencoder"]

_CHECKS = NETWORK | {
    "n_iter": partial(check_count, low=0),
    "pretrain": partial(check_count, low=0),
    "output_activation": one_of("sigmoid", "linear"),
    "loss": one_of("squared_error", "cross_entropy"),
    "tied": check_bool,
    "corruption": optional(check_noise),
    "sparsity_target": optional(check_share),
    "sparsity_cost": check_not_negative,
    "codes": one_of("activations", "binary"),
    "thresholds": check_thresholds,
    "plateau": optional(check_plateau),
}
_NOISES = ("GaussianNoise", "MaskingNoise", "OccludingBlocks", "SaltAndPepper")  # that a file can tell


@dataclass(eq=False, repr=False)
class Autoencoder(FittedAutoencoder, BaseEstimator):
    """A network of dense layers whose output is to be its input, with a layer of codes inside.

    With `corruption` it is a denoising autoencoder (Vincent et al. 2010): inputs are noisy, afresh in
    every epoch, and the output is to be the clean image. Its encoder can initialise a `NetworkClassifier`.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default (200,)
        Units of all layers between input and output: (256, 128, 256), or (500, 100, 2, 100, 500) with a
        bottleneck of two.
    code_layer : int, optional
        Which of them is the code, 1 the lowest. By default the middle one where the sizes are the same
        from both ends, else the smallest, and the first of these.
    init : object or list of tuple, optional
        Where the encoder comes from, instead of `hidden_layer_sizes`, `activation` and `code_layer`: a
        `DeepBeliefNet` or `BernoulliRBM`, unrolled with its weights and biases of the way down (Hinton and
        Salakhutdinov 2006), anything else with ``encoder_layers()``, or a list of (weights, bias,
        activation). One that is not fitted is copied and fitted first; wrap a fitted one in
        `sklearn.frozen.FrozenEstimator` where the autoencoder is to be cloned.
    activation : {"relu", "sigmoid", "tanh", "linear"} or sequence of these, default "relu"
        Of all hidden layers, or of each.
    output_activation : {"sigmoid", "linear"}, default "sigmoid"
        Sigmoid outputs need images in [0, 1].
    loss : {"squared_error", "cross_entropy"}, default "squared_error"
        Of an image: half the sum over pixels of squared differences, or the cross-entropy, nats.
    tied : bool, default False
        The decoder uses the encoder's weights transposed, with biases of its own.
    corruption : callable, optional
        Noise on the inputs of training: an object of `dpmix.datasets` such as ``MaskingNoise(0.4, 0.05)``,
        or a function of inputs (b, d), read-only, and a `numpy.random.Generator`.
    pretrain : int, default 0
        Epochs for each layer by itself before all are trained.
    solver : {"adam", "sgd"}, default "adam"
    learning_rate : float or "auto", default "auto"
        Step per mini-batch, whose gradient is averaged over images; "auto" finds one by a few short tries
        (`learning_rate_`).
    momentum : float, default 0.9
        Of "sgd": share of the last step kept in the next.
    n_iter : int, default 20
        Passes over the training images (epochs) at most; with `init`, 0 leaves it as it was unrolled.
    batch_size : int, default 100
    schedule : {"constant", "linear", "cosine", "inverse"} or callable, default "constant"
        What the learning rate is multiplied by: a function of (epoch, n_iter) or the name of one.
    weight_decay : float, default 0
        Fraction of each weight taken away per unit of learning rate.
    sparsity_target : float, optional
        Mean activity in (0, 1) that sigmoid code units are pulled to.
    sparsity_cost : float, default 0.1
        How strongly: what the divergence of target and activity of a unit, nats, counts in the loss.
    codes : {"activations", "binary"}, default "activations"
        What `transform` returns: float32, or uint8 bits that are 1 where the activation is above
        `code_thresholds_`: 0.5 for sigmoid units, 0 for tanh, and for ReLU and linear ones, which have no
        natural middle, the median of the training images, so that no bit is the same in most images
        unless the unit is off in most.
    thresholds : tuple of two floats, default (0.25, 0.75)
        Below the first an output is 0, above the second 1, where `ternary` ones are asked for.
    early_stopping : bool, default False
        Stop when the loss on images set aside has not fallen by `tol` for `n_iter_no_change` epochs, and
        keep the best epoch's parameters.
    validation_fraction : float, default 0.1
    n_iter_no_change : int, default 10
    tol : float, default 0
    plateau : tuple (share, epochs), optional
        (0.01, 5) stops when the mean squared error of training has changed by less than 1 % over the last
        5 epochs.
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
    coefs_, intercepts_ : list of numpy.ndarray
        Weights (n_in, n_out) and biases (n_out,) of each layer, float32.
    activations_ : list of str
        Activation of each layer.
    code_layer_ : int
        Number of layers of the encoder.
    code_thresholds_ : numpy.ndarray (k,) of float32
    code_levels_ : numpy.ndarray (2, k) of float32
        Mean activation of each code unit in training images where its bit is 0, and where it is 1.
    history_ : dict of str to list of float
        Per epoch ``learning_rate``, ``seconds``, ``loss`` (per image), ``mean_squared_error`` (per pixel), and
        the last two of validation images as ``validation_loss`` and ``validation_mean_squared_error``. With
        `corruption` they are errors of denoising; validation images get noise once.
    n_iter_ : int
        Epochs done in which all layers were trained.
    learning_rate_ : float
        `learning_rate`, or what was found.
    n_features_in_ : int

    Examples
    --------
    >>> import numpy as np
    >>> x = np.repeat([[1, 1, 0, 0], [0, 0, 1, 1]], 50, axis=0)
    >>> net = Autoencoder(2, activation="tanh", learning_rate=0.1, batch_size=10, random_state=0).fit(x)
    >>> net.reconstruct([[1, 1, 0, 0]], ternary=True)
    array([[1, 1, 0, 0]], dtype=int8)
    >>> net.encode(x).shape
    (100, 2)
    """

    hidden_layer_sizes: int | tuple = (200,)
    _: KW_ONLY
    code_layer: int | None = None
    init: object = None
    activation: str | tuple = "relu"
    output_activation: str = "sigmoid"
    loss: str = "squared_error"
    tied: bool = False
    corruption: object = None
    pretrain: int = 0
    solver: str = "adam"
    learning_rate: float | str = "auto"
    momentum: float = 0.9
    n_iter: int = 20
    batch_size: int = 100
    schedule: object = "constant"
    weight_decay: float = 0.0
    sparsity_target: float | None = None
    sparsity_cost: float = 0.1
    codes: str = "activations"
    thresholds: tuple = (0.25, 0.75)
    early_stopping: bool = False
    validation_fraction: float = 0.1
    n_iter_no_change: int = 10
    tol: float = 0.0
    plateau: tuple | None = None
    n_jobs: int | None = None
    verbose: bool | int = False
    random_state: object = None

    @refuses_weights
    @on_n_jobs
    def fit(self, X: Table, y: object = None, *, validation: Table | None = None) -> Self:
        """Learn from images, forgetting whatever was learnt before.

        Parameters
        ----------
        X : array_like (n, d), dpmix.Images or GreyImages
            Finite numbers, in [0, 1] where outputs are sigmoid; it is not changed.
        y : object
            Not used; here for pipelines.
        validation : array_like (m, d) or dpmix.Images, optional
            Clean images to watch the training, and to stop early, with.

        Returns
        -------
        Autoencoder
            Itself.

        Raises
        ------
        InputError
            A parameter or `X` is not allowed, or training diverged.

        Warns
        -----
        TrainingInterrupted
            Ctrl-C ended the training; the epochs before stay, those of `init` and `pretrain`, too, after which
            nothing more is trained. Before the first epoch is done it is a KeyboardInterrupt, and so is a
            second one.
        """
        self._check_settings()
        interruption = Interruption()
        x = self._check_targets(X, True)
        held = None if validation is None else self._check_targets(validation, False, "validation")
        seeds = seed_sequence(self.random_state).spawn(5)
        rng, noise_rng = np.random.default_rng(seeds[0]), np.random.default_rng(seeds[1])
        stream = UniformStream(seeds[2])
        form, start = starting_form(self, x, np.random.default_rng(seeds[3]), interruption)
        if self.early_stopping and held is None:
            kept, aside = split_rows(len(x), self.validation_fraction, rng)
            x, held = x[kept], x[aside]
        self._settle_rate(form, start, x, seeds[4], interruption)
        network, self.history_ = self._trained(form, start, x, held, (rng, noise_rng, stream), interruption)
        self.n_iter_ = len(self.history_.get("loss", []))
        self._network, self.code_layer_ = network, form.code
        self.code_thresholds_, self.code_levels_ = bit_levels(self._code(x), self.activations_[form.code - 1])
        interruption.tell(self, f"{self.n_iter_} of {self.n_iter} epochs of all layers")
        return self

    def _settle_rate(self, form, start, x, seed, interruption):
        def train(trial, kept, aside, seed):
            seeds = seed.spawn(3)
            chance = (*map(np.random.default_rng, seeds[:2]), UniformStream(seeds[2]))
            return trial._trained(form, start, x[kept], x[aside], chance, NeverHeld())[1]

        settle_rate(self, train, len(x), seed, interruption)

    def _trained(self, form, start, x, held, chance, interruption):
        """A network of this `form` that is trained at the rate that is settled, and the history of that.

        `chance` is a generator for weights and order, one for noise on `held`, and a stream for dropout.
        """
        rng, noise_rng, stream = chance
        network = Network(form.specs, self.loss)
        network.initialize(rng)
        start(network)
        plan = self._plan("autoencoder")._replace(corrupt=self.corruption)
        if self.pretrain:
            first = plan._replace(n_epochs=self.pretrain, schedule="constant")
            pretrain(network, form, x, first, self._optimizer, rng, stream, interruption)
        if self.sparsity_target is not None:
            plan = plan._replace(sparsity=(form.code - 1, self.sparsity_target, self.sparsity_cost))
        history = train(
            network,
            self._optimizer(network),
            x,
            x,
            plan._replace(errors=True),
            rng,
            stream,
            self._validation(held, noise_rng),
            EarlyStopping.of(self),
            None if self.plateau is None else Plateau(*self.plateau),
            interruption,
        )
        return network, history

    def _check_targets(self, x, reset, name="X"):
        """Images that outputs are to equal."""
        if self.output_activation == "sigmoid":
            return check_visible(self, x, reset, name)
        return check_table(self, x, reset)

    def _check_settings(self):
        """Check every parameter that does not depend on the data or on another extractor."""
        check_parameters(self, _CHECKS)
        if self.init is None:
            check_count("n_iter", self.n_iter)
        if self.loss == "cross_entropy" and self.output_activation != "sigmoid":
            raise InputError(
                'loss="cross_entropy" needs output_activation="sigmoid", whose outputs are probabilities; '
                f"got {self.output_activation!r}"
            )

    def _validation(self, held, rng):
        """Inputs and targets of validation."""
        if held is None or self.corruption is None:
            return None if held is None else (held, held)
        return apply_noise("corruption", self.corruption, held.astype(np.float32), rng), held

    def _to_parts(self):
        noise = self.corruption
        is_ours = is_dataclass(noise) and type(noise).__name__ in _NOISES
        values = self._course(leave_out=("init", "corruption") if is_ours else ("init",)) | {
            "noise": [type(noise).__name__, asdict(noise)] if is_ours else None,
            "loss": self._network.loss,
            "layers": [list(spec) for spec in self._network.specs],
            "code_layer": self.code_layer_,
        }
        arrays = {"code_thresholds": self.code_thresholds_, "code_levels": self.code_levels_}
        return values, {"parameters": self._network.parameters} | arrays

    @classmethod
    def _from_parts(cls, values, arrays):
        parameters = values["parameters"]  # JSON has lists only, where the constructor's defaults are tuples
        tuples = {name: tuple(value) for name, value in parameters.items() if isinstance(value, list)}
        found = cls._with_network(values | {"parameters": parameters | tuples}, arrays, values["loss"])
        if values["noise"] is not None:
            name, settings = values["noise"]
            if name not in _NOISES:
                raise ValueError(f"{name} is no noise of this version")
            found.corruption = getattr(noises, name)(**settings)
        check_parameters(found, _CHECKS)
        found.code_layer_ = check_count("code_layer", values["code_layer"], 1, len(found._network.specs))
        k = found._network.specs[found.code_layer_ - 1].n_out
        found.code_thresholds_ = take(arrays, "code_thresholds", np.float32, (k,))
        found.code_levels_ = take(arrays, "code_levels", np.float32, (2, k))
        return found
