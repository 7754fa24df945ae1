"""`DPMixture`: the Dirichlet process mixture as a scikit-learn estimator."""

from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.validation import check_is_fitted, validate_data

from dpmix.base.annotations import Loss, RandomState, Real, Table, Whole
from dpmix.base.arrays import check_binary, check_mask
from dpmix.base.checks import check_bool, check_choice, check_count, check_seed
from dpmix.base.errors import InputError
from dpmix.base.memory import check_memory
from dpmix.base.sklearn_manners import check_n_jobs, input_errors, refuses_weights, seed_sequence
from dpmix.base.warn import warn_caller
from dpmix.datasets.binarization import check_threshold
from dpmix.datasets.grey import GreyImages
from dpmix.datasets.images import Images
from dpmix.model.prior import Gamma, Prior
from dpmix.partitions import point_estimate
from dpmix.partitions.losses import LOSSES
from dpmix.posterior.given import given_partition
from dpmix.queries.query import log_predictive, predict_proba, responsibilities, sample_predictive
from dpmix.sampling.drawn import Drawn, kept
from dpmix.sampling.run import sample
from dpmix.tables.frames import is_frame, named_columns, read_frame, read_names
from dpmix.tables.sparse import is_sparse

__all__ = ["DPMixture"]


class DPMixture(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, BaseEstimator):
    """Dirichlet process mixture of beta-Bernoulli pixels; the number of clusters is not given but found.

    `fit` draws from the posterior with `dpmix.sample` and takes one partition as a point estimate: the
    clusters that `predict` and `transform` are about. What needs no single partition, `score_samples`,
    `sample` and `complete`, averages over all draws. Entries that are NaN are not observed: they are
    summed over exactly, and nothing needs to be imputed.

    Parameters
    ----------
    alpha : float, dpmix.Gamma or None, default None
        Concentration of the Dirichlet process; None learns it, as ``dpmix.Prior()`` does.
    a, b : float, dpmix.Gamma, (d,) array of float, or None, default None
        Pseudo-counts of each pixel's probability to be on; None learns them.
    binarize : float, "auto" or None, default "auto"
        Values above the number are on. None takes 0 and 1 as they are and refuses other values. "auto" takes
        0 and 1 as they are, and of other values those above 0 as on, with a `DataConversionWarning`: for grey
        values that is rarely meant, while half of a fully lit pixel often is.
    loss : {"vi", "binder"}, default "vi"
        What the point estimate minimises the expectation of: see `dpmix.partitions.point_estimate`.
    chains : int, default 3
    sweeps : int, default 100
        Fewer and longer chains than `dpmix.sample` has by default: a point estimate wants long ones. What
        averages over draws gains more from ``chains=20, sweeps=20``.
    burn_in, thin, init
        As in `dpmix.sample`.
    n_jobs : int or None, default None
        Worker processes. 1, and None outside of a `joblib.parallel_config` context, runs all chains in
        this process; -1 uses all cores. It makes no difference to the draws.
    verbose : bool, default False
        Show progress on stderr.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        Same number, same result; a number is what `dpmix.sample` calls `seed`.

    Attributes
    ----------
    posterior_ : dpmix.Posterior
        All draws, for every function of dpmix.
    estimate_ : dpmix.partitions.PointEstimate
    labels_ : (n,) int32
        Cluster of each training image in the point estimate, numbered from 0 by decreasing size.
    n_clusters_ : int
        Number of its clusters.
    cluster_centers_ : (``n_clusters_``, d) float64
        Probability of each pixel to be on in each cluster.
    weights_ : (``n_clusters_``,) float64
        Share of the training images in each cluster.
    n_features_in_ : int

    Notes
    -----
    `transform` is exact for the point estimate: given its partition, and alpha, a and b at the geometric
    means of their draws, a new image x belongs to cluster k with probability proportional to
    n_k p(x | members of k) (Neal 2000, equation 3.6), normalised over the clusters that there are. A training
    image is treated as one more image like it. `predict` takes the most probable cluster, which for a
    training image on the border of two need not be the one in `labels_`.

    Examples
    --------
    >>> x = np.repeat([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], 20, axis=0)
    >>> mixture = DPMixture(chains=1, sweeps=20, init="random:2", random_state=0).fit(x)
    >>> mixture.n_clusters_
    2
    >>> mixture.predict([[1, 1, np.nan, 0, np.nan, 0]]) == mixture.labels_[0]
    array([ True])
    >>> mixture.complete([[1, 1, np.nan, 0, np.nan, 0]]).round(1)
    array([[1., 1., 1., 0., 0., 0.]])
    """

    def __init__(
        self,
        alpha: Gamma | Real | None = None,
        a: Gamma | ArrayLike | None = None,
        b: Gamma | ArrayLike | None = None,
        *,
        binarize: Real | Literal["auto"] | None = "auto",
        loss: Loss = "vi",
        chains: Whole = 3,
        sweeps: Whole = 100,
        burn_in: Whole | None = None,
        thin: Whole | None = None,
        init: str | ArrayLike | None = None,
        n_jobs: Whole | None = None,
        verbose: bool = False,
        random_state: RandomState = None,
    ) -> None:
        self.alpha = alpha
        self.a = a
        self.b = b
        self.binarize = binarize
        self.loss = loss
        self.chains = chains
        self.sweeps = sweeps
        self.burn_in = burn_in
        self.thin = thin
        self.init = init
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.random_state = random_state

    @refuses_weights
    def fit(self, X: Table, y: object = None) -> Self:
        """Draw from the posterior of the clusters of images.

        Parameters
        ----------
        X : array_like (n, d), dpmix.Images or GreyImages, a frame or a sparse matrix
            Numbers, of which NaN and masked entries are not observed; see `binarize`. A frame may have columns of
            two values each, too, which keep their meaning. It is not changed.
        y : object
            Not used; here for pipelines.

        Returns
        -------
        DPMixture
            Itself.

        Raises
        ------
        InputError
            A parameter or `X` is not allowed.
        """
        settings = self._check_settings()
        on, observed = self._check_images(X, reset=True)
        images = on
        if isinstance(X, (Images, GreyImages)):
            named = {name: getattr(X, name, None) for name in ("names", "columns")}
            images = Images(on, shape=X.image_shape, **named)
        elif self._columns is not None:
            images = Images(on, names=read_names(X), columns=self._columns)
        observed = None if observed is None or observed.all() else observed
        self.posterior_ = sample(images, observed=observed, **settings)
        with kept(Drawn.all_of(self.posterior_)):  # Ctrl-C during the search loses no draw
            self.estimate_ = point_estimate(self.posterior_, self.loss)
        self.labels_ = self.estimate_.labels.copy()  # writable, as scikit-learn's users expect
        self.n_clusters_ = self.estimate_.n_clusters
        self._given_estimate = given_partition(self.posterior_, self.estimate_.labels)
        draw = self._given_estimate.draw()
        self.cluster_centers_ = draw.on_proba()
        self.weights_ = draw.sizes / draw.sizes.sum()
        return self

    @refuses_weights
    def fit_predict(self, X: Table, y: object = None) -> NDArray[np.int32]:
        """Fit, and return `labels_`.

        Parameters
        ----------
        X, y
            As in `fit`.

        Returns
        -------
        labels_ : (n,) int32
            Cluster of each image in the point estimate.

        Raises
        ------
        InputError, InputTypeError, RunError, WorkerError, Interrupted
            As in `fit`.
        """
        return self.fit(X).labels_

    def predict(self, X: Table) -> NDArray[np.int32]:
        """Most probable cluster of the point estimate of each image.

        Parameters
        ----------
        X : array_like (m, d) or dpmix.Images
            As in `fit`; NaN and masked entries are not observed.

        Returns
        -------
        labels : (m,) int32

        Raises
        ------
        InputError, InputTypeError
            `X` is not images of 0 and 1 after `binarize`, or not of as many pixels as those of `fit`.
        """
        return self._shares(X).argmax(axis=1).astype(np.int32)

    def transform(self, X: Table) -> NDArray[np.float64]:
        """Probability of each cluster of the point estimate to be that of each image.

        Parameters
        ----------
        X : array_like (m, d) or dpmix.Images
            As in `fit`.

        Returns
        -------
        proba : (m, ``n_clusters_``) float64
            Rows sum to 1.

        Raises
        ------
        InputError, InputTypeError
            `X` is not images of 0 and 1 after `binarize`, or not of as many pixels as those of `fit`.
        """
        return self._shares(X)

    def _shares(self, X):
        """What `transform` gives, as an array whatever ``set_output`` says."""
        on, observed = self._check_images(X)
        found = responsibilities(self._given_estimate, on, observed=observed)
        proba = found[:, :-1]  # the last one is a new cluster
        total = proba.sum(axis=1, keepdims=True)
        # Where a new cluster has all the weight, as far as double precision can tell, none stands out.
        return np.divide(proba, total, out=np.tile(self.weights_, (len(proba), 1)), where=total > 0)

    def predict_proba(self, X: Table) -> NDArray[np.float64]:
        """The same as `transform`, under the name that mixtures of scikit-learn have for it.

        Parameters
        ----------
        X : array_like (m, d) or dpmix.Images
            As in `fit`; NaN and masked entries are not observed.

        Returns
        -------
        proba : (m, ``n_clusters_``) float64
            Rows sum to 1.

        Raises
        ------
        InputError, InputTypeError
            `X` is not images of 0 and 1 after `binarize`, or not of as many pixels as those of `fit`.
        """
        return self.transform(X)

    def score_samples(self, X: Table) -> NDArray[np.float64]:
        """Log probability of what is observed of each image, the mean over all draws.

        Parameters
        ----------
        X : array_like (m, d) or dpmix.Images
            As in `fit`; NaN and masked entries are not observed.

        Returns
        -------
        log_predictive : (m,) float64
            Nats; see `dpmix.log_predictive`.

        Raises
        ------
        InputError, InputTypeError
            `X` is not images of 0 and 1 after `binarize`, or not of as many pixels as those of `fit`.
        """
        on, observed = self._check_images(X)
        return log_predictive(self.posterior_, on, observed)

    @refuses_weights
    def score(self, X: Table, y: object = None) -> float:
        """Mean of `score_samples`: larger is better.

        Parameters
        ----------
        X : array_like (m, d) or dpmix.Images
            As in `fit`; NaN and masked entries are not observed.
        y : object
            Not used; here for pipelines.

        Returns
        -------
        float
            Nats per image.

        Raises
        ------
        InputError, InputTypeError
            `X` is not images of 0 and 1 after `binarize`, or not of as many pixels as those of `fit`.
        """
        return float(self.score_samples(X).mean())

    def sample(self, n_samples: Whole = 1, random_state: RandomState = None) -> NDArray[np.uint8]:
        """Draw new images from the posterior predictive.

        Parameters
        ----------
        n_samples : int
        random_state : int, numpy.random.Generator, numpy.random.RandomState or None

        Returns
        -------
        images : (n_samples, d) uint8

        Raises
        ------
        InputError, InputTypeError
            An `n_samples` below 1, or a bad `random_state`.
        """
        check_is_fitted(self)
        n_samples, seed = check_count("n_samples", n_samples), _seed(random_state)
        d = self.n_features_in_
        check_memory(n_samples * d, "n_samples", n_samples)
        return sample_predictive(self.posterior_, np.zeros(d), np.zeros(d, bool), n_samples, seed)

    def complete(self, X: Table, observed: ArrayLike | None = None) -> NDArray[np.float64]:
        """Probability that each pixel is on, given the observed pixels of its image.

        Parameters
        ----------
        X : array_like (m, d) or dpmix.Images
            As in `fit`; NaN and masked entries are not observed.
        observed : (d,) or (m, d) array of bool, optional
            True where a pixel is observed, for all images or for each.

        Returns
        -------
        proba : (m, d) float64
            Observed pixels come back as 0 or 1; see `dpmix.predict_proba`.

        Raises
        ------
        InputError, InputTypeError
            Bad images, or an `observed` that does not fit them.
        """
        on, observed = self._check_images(X, observed=observed)
        return predict_proba(self.posterior_, on, observed)

    @property
    def _n_features_out(self):
        return self.n_clusters_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        return tags

    def _check_settings(self):
        """Check every parameter that `dpmix.sample` does not; return what it is to be called with."""
        given = {name: value for name in ("alpha", "a", "b") if (value := getattr(self, name)) is not None}
        check_choice("loss", self.loss, LOSSES)
        if self.binarize != "auto":
            check_threshold(self.binarize, "binarize", optional=True)
        names = ("chains", "sweeps", "burn_in", "thin", "init")
        return {
            "prior": Prior(**given),
            "jobs": check_n_jobs(self.n_jobs),
            "seed": _seed(self.random_state),
            "progress": check_bool("verbose", self.verbose),
            **{name: getattr(self, name) for name in names},
        }

    def _check_frame(self, X, reset, observed):
        """As `_check_images`, of a frame with other columns than numbers, whose meaning `fit` settles."""
        with input_errors():
            validate_data(self, X, reset=reset, skip_check_array=True)
        frame = read_frame(X, "X", None if reset else self._columns)
        if reset:
            self._columns = frame.columns
        entries = ~np.ma.getmaskarray(frame.x)
        return np.ma.getdata(frame.x), check_mask("observed", observed, entries)

    def _check_images(self, X, reset=False, observed=None):
        """Pixels that are on (m, d) uint8, 0 where not observed, and which are observed, (m, d) bool."""
        if not reset:
            check_is_fitted(self)
        else:
            self._columns = None
        if is_frame(X):
            if _numbers_of(X) is None:
                return self._check_frame(X, reset, observed)
            if reset:
                self._columns = named_columns(X)
        values = X.x if isinstance(X, (Images, GreyImages)) else X
        if isinstance(values, np.ma.MaskedArray):
            values = values.astype(np.float64).filled(np.nan)
        with input_errors():
            values = validate_data(
                self, values, reset=reset, dtype="numeric", ensure_all_finite="allow-nan", accept_sparse="csr"
            )
        if is_sparse(values):
            return _sparse_on(values, self.binarize), observed
        if values.dtype.kind not in "buif":
            raise InputError(f"X must hold numbers; got dtype {values.dtype}")
        entries = ~np.isnan(values) if values.dtype.kind == "f" else np.ones(values.shape, bool)
        observed = check_mask("observed", observed, entries)
        return _pixels_on(values, observed, self.binarize), observed


def _sparse_on(values, binarize):
    """The sparse matrix of what is on in `values` by the parameter `binarize`; NaN stays NaN."""
    if binarize is None:
        return values
    if binarize == "auto":
        _tell_conversion(values.data[None], ~np.isnan(values.data[None]))
        binarize = 0.0
    if binarize < 0:
        raise InputError(f"binarize must be at least 0 for sparse X, whose zeros are off; got {binarize:g}")
    on = values.astype(np.float64)
    on.data = np.where(np.isnan(on.data), np.nan, on.data > binarize)
    return on


def _numbers_of(frame):
    """The values of a frame of numbers and booleans as an array, NaN where one is missing; None of other frames."""
    try:
        values = np.asarray(frame)
    except (TypeError, ValueError):
        return None
    return values if values.dtype.kind in "buif" else None


def _pixels_on(values, observed, binarize):
    """Which entries of `values` are on by the parameter `binarize`, (m, d) uint8; 0 where not observed."""
    if binarize is None:
        return check_binary(values, "X", observed, "pass binarize=... or call dpmix.datasets.binarize first")
    if binarize == "auto":
        _tell_conversion(values, observed)
        binarize = 0.0
    with np.errstate(invalid="ignore"):
        return ((values > binarize) & observed).astype(np.uint8)


def _tell_conversion(values, observed):
    """Warn where 0 as threshold decides about values other than 0 and 1."""
    other = (values != 0) & (values != 1) & observed
    if not other.any():
        return
    row, column = np.argwhere(other)[0]
    warn_caller(
        f"X must hold 0 and 1; found {values[row, column]:g} at row {row}, column {column}, and values above 0 "
        "were taken as on; say which are by binarize=..., such as 0.5 for grey values from 0 to 1",
        DataConversionWarning,
    )


def _seed(random_state):
    """The seed that scikit-learn's `random_state` stands for."""
    if random_state is None:
        return None
    if isinstance(random_state, (int, np.integer)) and not isinstance(random_state, bool):
        return check_seed(int(random_state), "random_state")
    return int(seed_sequence(random_state).generate_state(1)[0])
