"""How far around a point estimate the posterior reaches: credible balls (Wade and Ghahramani 2018)."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from dpmix.base.annotations import Loss, Real
from dpmix.base.checks import check_positive
from dpmix.base.errors import InputError
from dpmix.partitions.draws import as_labels
from dpmix.partitions.losses import distances, loss_of
from dpmix.partitions.point import PointEstimate
from dpmix.posterior.posterior import Posterior, check_posterior

__all__ = ["Bound", "CredibleBall", "credible_ball"]


@dataclass(frozen=True, eq=False)
class Bound:
    """A draw at the edge of a credible ball.

    Attributes
    ----------
    labels : (n,) int32
        Clusters numbered from 0 by decreasing size.
    distance : float
        From the centre, in the unit of the loss.
    chain, draw : int
        Which draw it is, the first where several are equally far.
    """

    labels: np.ndarray = field(repr=False)
    distance: float
    chain: int
    draw: int

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return int(self.labels.max()) + 1


@dataclass(frozen=True, eq=False)
class CredibleBall:
    """The smallest ball around a partition that holds a given posterior probability.

    Attributes
    ----------
    radius : float
        Nats for the variation of information, a share of pairs of images for Binder's loss.
    level : float
        The probability asked for.
    coverage : float
        The share of draws within the radius; at least `level`.
    loss : str
        "vi" or "binder".
    upper, lower : Bound
        Vertical bounds: among the draws in the ball with the fewest clusters (upper, near one cluster for
        all) and with the most (lower, near one cluster each) those furthest from the centre.
    horizontal : Bound
        The draw in the ball that is furthest from the centre.
    distances : (chain, draw) float64
        Distance of every draw from the centre. Read-only.
    """

    radius: float
    level: float
    coverage: float
    loss: str
    upper: Bound
    lower: Bound
    horizontal: Bound
    distances: np.ndarray = field(repr=False)


def credible_ball(
    posterior: Posterior, estimate: PointEstimate | ArrayLike, level: Real = 0.95, loss: Loss | None = None
) -> CredibleBall:
    """Credible ball around a partition, and how the draws at its edge differ from it.

    Parameters
    ----------
    posterior : dpmix.Posterior
    estimate : PointEstimate or (n,) array of int
        The centre.
    level : float
        Posterior probability that the ball is to hold, above 0 and at most 1.
    loss : {"vi", "binder"}, optional
        The distance; by default the loss of the estimate, or "vi" for bare labels.

    Returns
    -------
    CredibleBall

    Raises
    ------
    InputError, InputTypeError
        A posterior without draws, an estimate that does not fit it, or another argument out of its range.

    References
    ----------
    Wade and Ghahramani (2018), Bayesian cluster analysis: point estimation and credible balls,
    Bayesian Analysis 13, section 4.

    Examples
    --------
    >>> import dpmix
    >>> x = np.repeat([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], 20, axis=0)
    >>> posterior = dpmix.sample(x, chains=1, sweeps=20, init="random:2", seed=0, progress=False)
    >>> ball = dpmix.partitions.credible_ball(posterior, dpmix.partitions.point_estimate(posterior))
    >>> ball.coverage >= 0.95
    True
    """
    check_posterior(posterior)
    n_chains, n_draws, n = posterior.labels.shape
    labels = as_labels(estimate, n)
    loss = loss_of(getattr(estimate, "loss", "vi") if loss is None else loss, n)
    if check_positive("level", level) > 1:
        raise InputError(f"level must be a probability above 0 and at most 1, such as 0.95; got {level}")
    found = distances(labels, posterior.labels.reshape(-1, n), loss)
    # Rounding must not ask for one draw more than, say, 95 of 100.
    needed = max(int(np.ceil(level * len(found) - 1e-9)), 1)
    edge = np.sort(found)[needed - 1]
    inside = found <= edge + loss.rounding(
        edge
    )  # draws that are equally far in theory are in or out together
    radius = float(found[inside].max())
    k = posterior.labels.max(axis=2).ravel()

    def furthest(among):
        most = found[among].max()
        chain, draw = divmod(int(np.argmax(among & (found >= most - loss.rounding(most)))), n_draws)
        labels = posterior.labels[chain, draw].astype(np.int32)
        return Bound(labels, float(found[chain * n_draws + draw]), chain, draw)

    by_draw = found.reshape(n_chains, n_draws)
    by_draw.flags.writeable = False
    upper, lower = furthest(inside & (k == k[inside].min())), furthest(inside & (k == k[inside].max()))
    coverage, horizontal = float(inside.mean()), furthest(inside)
    return CredibleBall(radius, float(level), coverage, loss.name, upper, lower, horizontal, by_draw)
