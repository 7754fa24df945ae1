"""`BernoulliRBM`: a restricted Boltzmann machine that learns features of images without labels."""

from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Self

import numpy as np
from sklearn.base import BaseEstimator

from dpmix.base.annotations import Table
from dpmix.base.checks import check_bool, check_count
from dpmix.base.errors import InputError
from dpmix.base.sklearn_manners import refuses_weights, seed_sequence
from dpmix.features.boltzmann.answers import FittedMachine
from dpmix.features.boltzmann.contrastive import Machine, Settings
from dpmix.features.boltzmann.energy import ROWS
from dpmix.features.boltzmann.training import Trainer, warn_of_poor_fit
from dpmix.features.checks import (
    TRAINING,
    check_not_negative,
    check_parameters,
    check_share,
    check_visible,
    one_of,
    optional,
)
from dpmix.features.epochs import EarlyStopping, check_per_epoch, one_epoch, run_epochs, split_rows
from dpmix.features.interruption import Interruption, NeverHeld
from dpmix.features.rates import AUTO, settle_rate
from dpmix.features.storage import take
from dpmix.features.streams import UniformStream
from dpmix.features.threads import on_n_jobs

__all__ = ["BernoulliRBM"]

_WATCHED = 200  # images that a try of a learning rate is judged by, and as many of those it learns from
check_code_form = one_of("probabilities", "binary")
_CHECKS = TRAINING | {
    "n_components": check_count,
    "method": one_of("pcd", "cd"),
    "n_gibbs": check_count,
    "momentum": partial(check_per_epoch, below=1),
    "sparsity_target": optional(check_share),
    "sparsity_cost": check_not_negative,
    "centering": one_of(None, "data", "enhanced"),
    "sample_data": check_bool,
    "sample_visible": optional(check_bool),
    "codes": check_code_form,
    "shuffle": check_bool,
    "monitor_size": partial(check_count, low=0),
}


@dataclass(eq=False, repr=False)
class BernoulliRBM(FittedMachine, BaseEstimator):
    """Restricted Boltzmann machine with binary visible and hidden units.

    It gives an image v and hidden units h the probability exp(b'v + c'h + v'Wh) / Z and is trained by
    contrastive divergence. Parameters and attributes named as in scikit-learn mean the same.

    Parameters
    ----------
    n_components : int, default 256
        Number of hidden units.
    learning_rate : float or "auto", default "auto"
        Step per mini-batch, whose gradient is averaged over images; "auto" finds one by a few short tries
        (`learning_rate_`).
    batch_size : int, default 100
        Images per mini-batch, and number of persistent chains.
    n_iter : int, default 10
        Passes over the training images (epochs).
    method : {"cd", "pcd"}, default "cd"
        Where Gibbs chains start: at the data, or persistently where the last mini-batch left them.
    n_gibbs : int, default 1
        Gibbs steps per mini-batch: the k of CD-k.
    momentum : float or sequence of float, default 0
        Share of the last step kept in the next; one number per epoch, of which the last one stays.
    weight_decay : float, default 0
        Fraction of each weight taken away per unit of learning rate.
    schedule : {"constant", "linear", "cosine", "inverse"} or callable, default "constant"
        What the learning rate is multiplied by: a function of (epoch, n_iter) or the name of one.
    sparsity_target : float, optional
        Activity in (0, 1) that hidden units are pulled to, with strength `sparsity_cost`.
    sparsity_cost : float, default 0.1
    centering : {"data", "enhanced"} or None, default "data"
        Centre the gradient: at the mean of the data, or halfway between data and model. It makes
        learning independent of how many pixels are on.
    sample_data : bool, default False
        Draw visible values in [0, 1] anew as 0 or 1 in every mini-batch, instead of taking them as they are.
    sample_visible : bool, optional
        Whether reconstructed visible units are drawn or probabilities; by default drawn in persistent
        chains only, which need it. See the Notes.
    codes : {"probabilities", "binary"}, default "probabilities"
        What `transform` returns: P(h = 1 | v) as float32, or 1 where that is above 1/2 as uint8.
    shuffle : bool, default True
        Take the images in a new order in every epoch.
    early_stopping : bool, default False
        Stop when the pseudo-likelihood of (up to 1000) validation images has not risen by `tol` for
        `n_iter_no_change` epochs, and keep the best epoch's parameters.
    validation_fraction : float, default 0.1
        Share of the images set aside for that where `fit` is not given validation images.
    n_iter_no_change : int, default 5
    tol : float, default 0
        Nats per image.
    monitor_size : int, default 200
        Images that `history_` is computed from after every epoch; 0 for none.
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
    components_ : numpy.ndarray (n_components, d) of float32
    intercept_hidden_ : numpy.ndarray (n_components,) of float32
    intercept_visible_ : numpy.ndarray (d,) of float32
    h_samples_ : numpy.ndarray (n_chains, n_components) of float32
        Hidden states of the persistent chains.
    history_ : dict of str to list of float
        Per epoch: ``learning_rate``, ``seconds``, ``reconstruction_error`` (mean squared, per pixel),
        ``pseudo_likelihood`` (nats per image) and, with validation images, ``validation_error``,
        ``validation_pseudo_likelihood`` and ``free_energy_gap`` (validation less training, nats:
        it grows when the machine overfits).
    n_iter_ : int
        Epochs done.
    learning_rate_ : float
        `learning_rate`, or what was found.
    n_features_in_ : int

    Notes
    -----
    With ``method="cd"`` the default, probabilities for visible units, is less noisy but biased: training does
    not come to rest where the machine has the distribution of the data. Started at a machine of 6 visible and
    3 hidden units from which the data were drawn, it left by 0.16 nats of KL(data || machine), 0.15 with
    ``n_gibbs=5``; with ``sample_visible=True``, and with "pcd", by less than 0.0001. In short trainings the noise
    counts more: with 16 units and 100 epochs, the embedded digits had -18.7 to -18.8 nats each with probabilities,
    and -18.9 to -19.0 with samples (three seeds). Draw them where the machine is to be a density.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.repeat([[1, 1, 0, 0], [0, 0, 1, 1]], 50, axis=0)
    >>> rbm = BernoulliRBM(n_components=2, n_iter=200, batch_size=10, random_state=0).fit(x)
    >>> rbm.reconstruct([[1, 1, 0, 0]]).round().astype(int)
    array([[1, 1, 0, 0]])
    """

    _learnt = "components_"
    _figure, _usual_rate = "validation_error", 0.1  # of tries of learning rates

    n_components: int = 256
    _: KW_ONLY
    learning_rate: float | str = "auto"
    batch_size: int = 100
    n_iter: int = 10
    method: str = "cd"
    n_gibbs: int = 1
    momentum: float | tuple = 0.0
    weight_decay: float = 0.0
    schedule: object = "constant"
    sparsity_target: float | None = None
    sparsity_cost: float = 0.1
    centering: str | None = "data"
    sample_data: bool = False
    sample_visible: bool | None = None
    codes: str = "probabilities"
    shuffle: bool = True
    early_stopping: bool = False
    validation_fraction: float = 0.1
    n_iter_no_change: int = 5
    tol: float = 0.0
    monitor_size: int = 200
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
            Values in [0, 1]; it is not changed.
        y : object
            Not used; here for pipelines.
        validation : array_like (m, d) or dpmix.Images, optional
            Images to watch the training with.

        Returns
        -------
        BernoulliRBM
            Itself.

        Raises
        ------
        InputError
            A parameter or `X` is not allowed, or the learning rate is so high that training diverged.

        Warns
        -----
        TrainingInterrupted
            Ctrl-C ended the training; the epochs before stay, and ``interrupted_`` is True. Before the first
            epoch is done it is a KeyboardInterrupt, and so is a second one.
        """
        interruption = Interruption()
        self._fit(X, validation, interruption)
        interruption.tell(self, f"{self.n_iter_} of {self.n_iter} epochs")
        return self

    def _fit(self, X, validation, interruption):
        """Do what `fit` does, as a stage of a training that Ctrl-C may have ended."""
        settings = self._check_settings()
        x = check_visible(self, X, reset=True)
        held = None if validation is None else check_visible(self, validation, False, "validation")
        *seeds, tries_seed = seed_sequence(self.random_state).spawn(4)
        rng = np.random.default_rng(seeds[0])
        if self.early_stopping and held is None:
            kept, aside = split_rows(len(x), self.validation_fraction, rng)
            x, held = x[kept], x[aside]
        self._settle_rate(x, settings, tries_seed, interruption)
        machine = self._start(x, seeds[1])
        self._stream = UniformStream(seeds[2])
        self.history_ = self._train(machine, settings, x, held, rng, interruption)
        self.n_iter_ = len(self.history_.get("learning_rate", []))
        self._adopt(machine)
        if not interruption.happened:
            warn_of_poor_fit(machine, x[:ROWS], self.learning_rate_)

    def _start(self, x, seed):
        mean = x.mean(axis=0, dtype=np.float64)
        return Machine.start(mean, self.n_components, min(self.batch_size, len(x)), seed)

    def _train(self, machine, settings, x, held, rng, interruption=None):
        """Train `machine` at the rate that is settled; return the history."""
        return run_epochs(
            Trainer(self, settings, machine, x, held, rng),
            self.n_iter,
            self.learning_rate_,
            self.schedule,
            title="RBM" if self.verbose else None,
            stopping=EarlyStopping.of(self),
            interruption=interruption,
        )

    def _settle_rate(self, x, settings, seed, interruption):
        def train(trial, kept, aside, seed):
            order_seed, machine_seed = seed.spawn(2)
            trial.monitor_size = _WATCHED
            machine = trial._start(x[kept], machine_seed)
            return trial._train(machine, settings, x[kept], x[aside], np.random.default_rng(order_seed))

        settle_rate(self, train, len(x), seed, interruption)

    @refuses_weights
    @on_n_jobs
    def partial_fit(self, X: Table, y: object = None) -> Self:
        """Learn more from `X`: one pass over it in mini-batches of up to `batch_size`, in order.

        The learning rate is `learning_rate`, without a schedule, and with "auto" the one that the first call, or
        `fit`, found; momentum, chains and random numbers go on
        from the last call. A machine whose training diverged here is lost.

        Parameters
        ----------
        X, y
            As in `fit`.

        Returns
        -------
        BernoulliRBM
            Itself.

        Raises
        ------
        InputError, InputTypeError
            As in `fit`.
        """
        settings = self._check_settings()
        first = not hasattr(self, "components_")
        x = check_visible(self, X, reset=first)
        if first:
            _, machine_seed, stream_seed, tries_seed = seed_sequence(self.random_state).spawn(4)
            self._settle_rate(x, settings, tries_seed, NeverHeld())
            mean = x.mean(axis=0, dtype=np.float64)
            machine = Machine.start(mean, self.n_components, self.batch_size, machine_seed)
            self._stream = UniformStream(stream_seed)
            self.n_iter_, self.history_ = 0, {}
        else:
            machine = self._machine
            machine.weights = self._weights()
            machine.visible_bias, machine.hidden_bias = self.intercept_visible_, self.intercept_hidden_
        if self.learning_rate != AUTO:
            self.learning_rate_ = float(self.learning_rate)
        one_epoch(Trainer(self, settings, machine, x), self.n_iter_, self.learning_rate_)
        self.n_iter_ += 1
        self._adopt(machine)
        return self

    def _to_parts(self):
        machine = self._machine
        own = {"weights": self._weights(), "visible_bias": self.intercept_visible_}
        own |= {"hidden_bias": self.intercept_hidden_, "machine_stream": machine.stream.state}
        arrays = {name: value for name, value in vars(machine).items() if name != "stream"} | own
        return self._course(), arrays | {"stream": self._stream.state}

    @classmethod
    def _from_parts(cls, values, arrays):
        rbm = cls._with_course(values)
        shapes = Machine.shapes(*arrays["weights"].shape)
        parts = {name: np.array(take(arrays, name, np.float32, shape)) for name, shape in shapes.items()}
        own, rbm._stream = (
            UniformStream.from_state(take(arrays, name, np.uint32, (4, 256)))
            for name in ("machine_stream", "stream")
        )
        rbm._adopt(Machine(**parts, stream=own))
        rbm._check_settings()
        rbm.n_features_in_ = len(rbm.intercept_visible_)
        return rbm

    def _adopt(self, machine):
        """Show what `machine` has learnt under scikit-learn's names."""
        self._machine = machine
        self.components_ = machine.weights.T
        self.intercept_visible_, self.intercept_hidden_ = machine.visible_bias, machine.hidden_bias
        self.h_samples_ = machine.chains

    def _check_settings(self):
        """Check every parameter; return those that an update depends on."""
        check_parameters(self, _CHECKS)
        persistent = self.method == "pcd"
        sampled = persistent if self.sample_visible is None else self.sample_visible
        if persistent and not sampled:
            raise InputError(
                'sample_visible must be True or None with method="pcd", whose chains are samples '
                'of the model; use method="cd" for probabilities'
            )
        return Settings(
            persistent,
            self.n_gibbs,
            self.sample_data,
            sampled,
            self.weight_decay,
            self.sparsity_target,
            self.sparsity_cost,
            self.centering,
        )
