"""``posterior.plot``: the pictures of `dpmix.plot` that are about a posterior, as methods.

Matplotlib loads when the first one is drawn. Errors are those of the functions.
"""

from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from dpmix.base.annotations import Arrays, By, Size, Table, Whole
from dpmix.posterior.attached import from_above

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

__all__ = ["Pictures"]


class Pictures:
    """Pictures of one posterior, each as the function of this name in `dpmix.plot` draws it.

    Where a picture is of one partition, and none is given, it is the `dpmix.partitions.point_estimate`, which is
    searched for then; give one that you have.

    Parameters
    ----------
    posterior : Posterior

    Examples
    --------
    >>> posterior.plot.clusters(most=36).figure.savefig("clusters.png")  # doctest: +SKIP
    """

    def __init__(self, posterior: Any) -> None:
        self._posterior = posterior

    def __repr__(self) -> str:
        names = ", ".join(name for name in vars(Pictures) if not name.startswith("_"))
        return f"<pictures of {self._posterior!r}: {names}>"

    def clusters(
        self,
        chain: Whole = 0,
        draw: Whole = -1,
        *,
        shrink: bool = False,
        most: Whole | None = None,
        per_row: Whole = 12,
        decoder: Any = None,
        shape: Size = None,
        ax: "Axes | None" = None,
    ) -> "Axes":
        """Show the clusters of one draw, largest first, with the number of members under each.

        Parameters
        ----------
        chain, draw, shrink, most, per_row, decoder, shape, ax
            See `dpmix.plot.clusters`.

        Returns
        -------
        matplotlib.axes.Axes
        """
        options = {"shrink": shrink, "most": most, "per_row": per_row, "decoder": decoder, "shape": shape}
        return _draw("clusters", self._posterior, chain, draw, **options, ax=ax)

    def completions(
        self,
        x: Table,
        observed: ArrayLike | None = None,
        *,
        proba: ArrayLike | None = None,
        mode: ArrayLike | None = None,
        samples: ArrayLike | None = None,
        draws: Whole | None = None,
        ax: "Axes | None" = None,
    ) -> "Axes":
        """Show images, the part of them that was shown, and what comes back for the hidden pixels.

        Parameters
        ----------
        x, observed, proba, mode, samples, draws, ax
            See `dpmix.plot.completions`.

        Returns
        -------
        matplotlib.axes.Axes
        """
        options = {"proba": proba, "mode": mode, "samples": samples, "draws": draws}
        return _draw("completions", self._posterior, x, observed, **options, ax=ax)

    def gallery(
        self,
        estimate: Any = None,
        *,
        typical: Whole = 6,
        odd: Whole = 3,
        most: Whole | None = None,
        by: By = "confidence",
        ax: "Axes | None" = None,
    ) -> "Axes":
        """Show the clusters of a partition, largest first: mean image, most typical and most odd members.

        Parameters
        ----------
        estimate : PointEstimate or (n,) array of int, optional
            By default the point estimate.
        typical, odd, most, by, ax
            See `dpmix.plot.gallery`.

        Returns
        -------
        matplotlib.axes.Axes
        """
        options = {"typical": typical, "odd": odd, "most": most, "by": by, "ax": ax}
        return _draw("gallery", self._posterior, self._partition(estimate), **options)

    def hyperparameters(self, chain: Whole | None = None, *, ax: "Axes | None" = None) -> "Axes":
        """Show what a cluster expects of each pixel before it has members, averaged over draws.

        Parameters
        ----------
        chain, ax
            See `dpmix.plot.hyperparameters`.

        Returns
        -------
        matplotlib.axes.Axes
        """
        return _draw("hyperparameters", self._posterior, chain, ax=ax)

    def profiles(
        self, estimate: Any = None, *, most: Whole = 200, clusters: Whole = 40, ax: "Axes | None" = None
    ) -> "Axes":
        """Show what sets the clusters of a partition of a table apart, column by column.

        Parameters
        ----------
        estimate : PointEstimate or (n,) array of int, optional
            By default the point estimate; `dpmix.partitions.profile` makes the profile of it.
        most, clusters, ax
            See `dpmix.plot.profiles`.

        Returns
        -------
        matplotlib.axes.Axes
        """
        found = from_above("dpmix.partitions", "profile")(self._posterior, self._partition(estimate))
        return _draw("profiles", found, most=most, clusters=clusters, ax=ax)

    def similarity(self, estimate: Any = None, *, ax: "Axes | None" = None) -> "Axes":
        """Show the probability of each pair of images to be in one cluster, as a matrix in block order.

        Parameters
        ----------
        estimate : PointEstimate or (n,) array of int, optional
            A partition whose clusters are marked; without one, none are.
        ax
            See `dpmix.plot.similarity`.

        Returns
        -------
        matplotlib.axes.Axes
        """
        return _draw("similarity", self._posterior, estimate, ax=ax)

    def trace(self, ax: "Axes | Sequence[Axes] | None" = None) -> Arrays:
        """Show the log joint and the number of clusters of every sweep, by chain.

        Parameters
        ----------
        ax
            See `dpmix.plot.trace`.

        Returns
        -------
        (2,) array of matplotlib.axes.Axes
        """
        return _draw("trace", self._posterior, ax=ax)

    def _partition(self, estimate):
        if estimate is not None:
            return estimate
        return from_above("dpmix.partitions", "point_estimate")(self._posterior, progress=False)


def _draw(name: str, *arguments: Any, **options: Any) -> Any:
    return from_above("dpmix.plot", name)(*arguments, **options)
