"""What sampling gives back: draws of partitions and hyperparameters, by chain and draw."""

import math
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dpmix.base.annotations import Arrays, PathLike, Table, Whole
from dpmix.base.checks import check_count
from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.notebook import as_html
from dpmix.base.pieces import evenly
from dpmix.base.text import count
from dpmix.base.wording import Wording
from dpmix.chain.kept import COUNTS
from dpmix.chain.moves import MOVES
from dpmix.chain.plan import Plan
from dpmix.chain.record import PROPOSALS
from dpmix.model.table import BinaryTable
from dpmix.posterior.arviz import to_arviz
from dpmix.posterior.attached import from_above
from dpmix.posterior.counts import count_clusters
from dpmix.posterior.draw import SHOWN, Draw, cluster_tiles
from dpmix.posterior.pictures import Pictures
from dpmix.posterior.standing import standing
from dpmix.posterior.summary import Summary, summarize
from dpmix.store.run_folder import RunFolder
from dpmix.tables.columns import Columns

__all__ = ["Posterior", "check_posterior"]


class Posterior:
    """Draws from the posterior of a Dirichlet process mixture. Arrays are read-only.

    Where chains have run for different lengths (a run that was interrupted), the draws and sweeps
    that all chains have are shown. A run that was stopped before some chain had a draw shows where each
    chain stands, as one draw marked by `in_burn_in`; chains without a sweep are left out. It is good for
    a look at what is coming, and for nothing that is to be a posterior.

    Attributes
    ----------
    table : dpmix.model.table.BinaryTable
        The images that were clustered.
    plan : dpmix.chain.plan.Plan
        Prior, seed, numbers of chains and sweeps.
    version : str
        The dpmix that drew it.
    in_burn_in : bool
        Whether what is shown is where chains stand in their burn-in, and no draws from the posterior.
    labels : (chain, draw, n) uint16 or int32
        Cluster of each image, numbered from 0 by decreasing size within each draw; an InputError where draws are
        kept as counts.
    has_labels : bool
        Whether draws are kept as labels.
    log_joint : (chain, draw) float
        Log of p(x, z), nats.
    n_clusters : (chain, draw) int
    alpha : (chain, draw) float
    a, b : (chain, draw, d) float
    trace : dict of str to (chain, sweep) array
        Every sweep, burn-in included: log_joint, n_clusters, alpha, n_moved (images that changed
        cluster; with shards the last sweep of a round counts those of the anchored pass, too), seconds, and
        for each move its seconds, proposals and acceptances; `moves` sums up.
    draw_sweeps : (draw,) int
        Which sweep gave each draw, as an index into the columns of `trace`; in burn-in, where chains stand
        each at its own last sweep, the last that all have.
    """

    table: BinaryTable
    plan: Plan
    version: str
    in_burn_in: bool
    has_labels: bool
    log_joint: NDArray[np.float64]
    n_clusters: NDArray[np.int64]
    alpha: NDArray[np.float64]
    a: NDArray[np.float64]
    b: NDArray[np.float64]
    trace: dict[str, Arrays]
    draw_sweeps: NDArray[np.int64]

    def __init__(
        self, table: BinaryTable, plan: Plan, records: Sequence[Any], version: str, burn_in: bool = False
    ) -> None:
        self.table, self.plan, self.version = table, plan, version
        self.records = tuple(records)
        for record in self.records:
            for array in (*record.draws.trace.values(), *record.draws.kept.values()):
                _read_only(array)
        n_draws = min(record.draws.n_kept for record in records)
        self.in_burn_in = bool(burn_in) and not n_draws and any(record.sweeps for record in records)
        if self.in_burn_in:
            records = [standing(record) for record in records if record.sweeps]
            n_draws = 1
        n_sweeps = min(record.sweeps for record in records)
        self._shown = tuple(record.draws.kept for record in records)
        self.has_labels = "labels" in self._shown[0]
        kept = {
            name: _read_only(np.stack([draws[name][:n_draws] for draws in self._shown]))
            for name in ("alpha", "a", "b") + ("labels",) * self.has_labels
        }
        self._labels, self.alpha, self.a, self.b = kept.get("labels"), kept["alpha"], kept["a"], kept["b"]
        trace = {name: [record.draws.trace[name] for record in records] for name in records[0].draws.trace}
        self.trace = {
            name: _read_only(np.stack([column[:n_sweeps] for column in columns]))
            for name, columns in trace.items()
        }
        sweeps = plan.kept_sweeps(n_draws)
        self.draw_sweeps = _read_only(np.array([n_sweeps - 1]) if self.in_burn_in else sweeps)
        at = [-1] if self.in_burn_in else sweeps  # chains stand each at its own last sweep
        self.log_joint, self.n_clusters = (
            _read_only(np.stack([column[at] for column in trace[name]]))
            for name in ("log_joint", "n_clusters")
        )

    def __reduce__(self):  # how copies are made: each has what it derives, read-only, anew
        return type(self), (self.table, self.plan, self.records, self.version, self.in_burn_in)

    def __repr__(self):
        (chains, draws), n = self.alpha.shape, self.table.n
        counts = f"{self.n_clusters.min()} to {self.n_clusters.max()} clusters, " if draws else ""
        which = f"{chains} chains of {draws} draws"
        if self.in_burn_in:
            which = f"{count(chains, 'chain')} in burn-in, after {self.draw_sweeps[0] + 1} of {self.plan.sweeps} sweeps"
        what = "images", "pixels"
        if self.columns is not None:
            what = "rows", "columns"
        return f"<dpmix.Posterior: {n} {what[0]} of {self.table.d} {what[1]}, {counts}{which}>"

    @property
    def columns(self) -> Columns | None:
        """What the columns of the table are called, and what 0 and 1 stand for in each; None without names."""
        return self.table.columns

    @property
    def names(self) -> tuple[str | int, ...] | None:
        """What the images, the rows of the table, are called; None where they are only numbered."""
        return self.table.names

    @property
    def label_names(self) -> tuple[str, ...] | None:
        """What the labels are called, label k ``label_names[k]``; None where they came as numbers."""
        return self.table.label_names

    @property
    def plot(self) -> Pictures:
        """Pictures of this posterior, such as ``posterior.plot.clusters()``."""
        return Pictures(self)

    def _repr_html_(self) -> str:
        """What a notebook shows: where each chain ended, and the clusters of the best last draw."""
        chains, draws = self.alpha.shape
        if not draws:
            return as_html(repr(self))
        last = [
            (str(chain), f"{clusters:,}", f"{log_joint:,.1f}", f"{alpha:.3g}")
            for chain, (clusters, log_joint, alpha) in enumerate(
                zip(self.n_clusters[:, -1], self.log_joint[:, -1], self.alpha[:, -1], strict=True)
            )
        ]
        rows = [("chain", "clusters", "log joint (nats)", "alpha"), *last[:SHOWN]]
        if chains > SHOWN:
            rows.append((f"{chains - SHOWN:,} more", "", "", ""))
        best = int(self.log_joint[:, -1].argmax())
        picture = cluster_tiles(self.draw(best), self.image_shape, f" of the last draw of chain {best}")
        return as_html(repr(self), rows, picture=picture)

    @property
    def labels(self) -> Arrays:
        if not self.has_labels:
            raise InputError(
                "the run keeps its draws as counts, which do not say the cluster of each image",
                Wording("{keep_labels} keeps labels"),
            )
        return self._labels

    def sizes(self, chain: Whole = 0, draw: Whole = -1) -> Arrays:
        """Images of each cluster of one draw, largest first.

        Parameters
        ----------
        chain, draw : int
            Indices as into `alpha`, counted from the end where negative.

        Returns
        -------
        (k,) int64
        """
        if self.has_labels:
            return np.bincount(self._labels[chain, draw])
        return self._counts(chain, draw)[0]

    def _counts(self, chain, draw):
        """Counts of one draw as they were kept."""
        kept = self._shown[chain]
        k, draw = kept["n_clusters"], range(self.alpha.shape[1])[draw]
        first = int(k[:draw].sum())
        return tuple(kept[name][first : first + int(k[draw])] for name in COUNTS)

    @property
    def moves(self) -> dict[str, dict[str, Any]]:
        """What the moves of all chains did, burn-in included.

        Returns
        -------
        dict
            ``proposals`` and ``accepted``: counts of splits, merges, births and deaths, and of images
            visited and moved; ``seconds``: time taken by each kind of move.
        """
        totals = {name: column.sum().item() for name, column in self.trace.items()}
        proposals = {kind: totals[f"{kind}_proposals"] for kind in PROPOSALS}
        accepted = {kind: totals[f"{kind}_accepted"] for kind in PROPOSALS}
        passes = self.trace["n_moved"].size
        if self.plan.shards > 1:  # an anchored pass a round
            passes += passes // self.plan.schedule.round_sweeps
        proposals["assignment"], accepted["assignment"] = self.table.n * passes, totals["n_moved"]
        return {
            "proposals": proposals,
            "accepted": accepted,
            "seconds": {move: totals[f"{move}_seconds"] for move in MOVES},
        }

    @property
    def image_shape(self) -> tuple[int, int]:
        """Height and width of an image."""
        return self.table.shape

    @property
    def shape(self) -> tuple[int, int]:
        """The former name of `image_shape`."""
        warnings.warn("Posterior.shape is now Posterior.image_shape", DeprecationWarning, stacklevel=2)
        return self.image_shape

    def draw(self, chain: Whole = 0, draw: Whole = -1) -> Draw:
        """Counts and hyperparameters of one draw.

        Parameters
        ----------
        chain, draw : int
            Indices as into `alpha`, counted from the end where negative.

        Returns
        -------
        Draw

        Raises
        ------
        InputError, InputTypeError
            No such chain or draw.
        """
        n_chains, n_draws = self.alpha.shape
        for name, ix, total in (("chain", chain, n_chains), ("draw", draw, n_draws)):
            if not -total <= check_count(name, ix, low=-math.inf) < total:
                raise InputError(f"{name} must be an index into {total} {name}s; got {ix}")
        if self.has_labels:
            counts = count_clusters(self.table, self._labels[chain, draw])
        else:
            counts = self._counts(chain, draw)
        alpha = float(self.alpha[chain, draw])
        return Draw(*counts, alpha, self.a[chain, draw], self.b[chain, draw], self.plan.prior.c)

    def draws(self, most: Whole | None = None) -> Iterator[Draw]:
        """Every draw of every chain in turn, or some of them, evenly spread.

        Parameters
        ----------
        most : int, optional
            Of how many draws at most; by default of all.

        Returns
        -------
        generator of Draw

        Raises
        ------
        InputError, InputTypeError
            A `most` below 1.
        """
        n_chains, n_draws = self.alpha.shape
        total = n_chains * n_draws
        picked = evenly(total, total if most is None else check_count("most", most))
        return (self.draw(*divmod(ix, n_draws)) for ix in picked.tolist())

    def summary(self, x: Table | None = None, observed: ArrayLike | None = None) -> Summary:
        """Say whether the chains agree, and what is known about the numbers that describe a draw.

        For the log joint, the number of clusters, alpha and the entropy of the cluster sizes: mean,
        standard deviation, Monte Carlo standard error, rank-normalised split R-hat, bulk and tail
        effective sample size. For the partitions: the mean variation of information of two draws of
        the same chain and of different chains. Chains agree where R-hat is at most 1.01 and the
        partitions are no further apart between chains than within; above 1.1, or with partitions
        more than 1.5 times as far apart, they do not. Chains that never moved say nothing.

        Of four chains or more it says, too, what twice as many would gain in predictions: chains are left out,
        and what that costs is carried on. That is best measured on images that were put aside.

        Parameters
        ----------
        x : Images, or (m, d) array of 0/1 or bool, optional
            Images to predict, that were not clustered. By default up to 500 of those that were, each left out
            of its cluster, which makes the gain come out somewhat too small.
        observed : (d,) or (m, d) array of bool, optional
            True where a pixel of `x` is observed.

        Returns
        -------
        dpmix.posterior.summary.Summary
            Prints as a table with what it means; ``to_dict()`` gives it to JSON.

        Raises
        ------
        InputError, InputTypeError
            Images that do not fit the posterior.

        Examples
        --------
        >>> import dpmix
        >>> images = dpmix.datasets.load_digits(classes=[0, 1])
        >>> posterior = dpmix.sample(images, chains=2, sweeps=40, seed=0, jobs=1, progress=False)
        >>> summary = posterior.summary()
        >>> print(summary)  # doctest: +ELLIPSIS
        2 chains of 20 draws ... mean ... R-hat  ESS bulk  ESS tail
        ...
        >>> summary.verdict in ("agree", "nearly", "disagree", "unknown")
        True
        >>> summary.quantities["n_clusters"].mean >= 1
        True
        """
        return summarize(self, x, observed)

    def to_arviz(
        self, labels: bool = False, log_likelihood: bool = False, posterior_predictive: bool = False
    ) -> Any:
        """Return the draws as the xarray.DataTree that ArviZ works with.

        Group `posterior` holds n_clusters, alpha, entropy (of the cluster sizes, nats), and a and b
        with dimension pixel; group `sample_stats` holds lp (the log joint, nats) and what else the
        trace says of the sweeps that gave the draws. Where a or b is the same in all draws, it is in
        `constant_data` instead. The coordinates of pixel and image are the names of columns and rows, where
        the table has any.

        Parameters
        ----------
        labels : bool
            Add the cluster of each image to `posterior`, with dimension image. Clusters are numbered
            anew in each draw: no mean or R-hat of these numbers says anything.
        log_likelihood : bool
            Add the group `log_likelihood`: of each image, ``log p(x_i | x_-i, z_-i)`` in nats, its probability given
            all other images where the draw puts them, with dimension image. ``arviz_stats.loo`` makes of it the
            expected log predictive density by leave-one-out cross-validation.
        posterior_predictive : bool
            Add the group `posterior_predictive`: a table of new images for every draw, each from the cluster that
            an image is in, with dimensions image and pixel; for small tables.

        Returns
        -------
        xarray.DataTree

        Raises
        ------
        ModuleNotFoundError
            The extra is not installed: ``pip install 'dpmix-toolkit[arviz]'``.
        InputError
            A posterior without a draw, or in burn-in, or more than fits in the memory of the machine.

        Notes
        -----
        With either of the last two the images are in the group `observed_data`, NaN where unobserved.

        Examples
        --------
        >>> import dpmix
        >>> images = dpmix.datasets.load_digits(classes=[0, 1])
        >>> posterior = dpmix.sample(images, chains=2, sweeps=40, seed=0, jobs=1, progress=False)
        >>> tree = posterior.to_arviz()
        >>> tree["posterior"]["n_clusters"].shape
        (2, 20)
        >>> tree["sample_stats"]["lp"].dims
        ('chain', 'draw')
        """
        return to_arviz(check_posterior(self), labels, log_likelihood, posterior_predictive)

    def report(
        self,
        path: PathLike,
        x: Table | None = None,
        observed: ArrayLike | None = None,
        *,
        labels: ArrayLike | None = None,
        partition: ArrayLike | Any = None,
        title: str | None = None,
        source: str | None = None,
        clusters: Whole = 60,
        play: bool = True,
        overwrite: bool = False,
    ) -> None:
        """Write a report: one HTML file, whole in itself, to send to somebody.

        Parameters
        ----------
        path, x, observed, labels, partition, title, source, clusters, play, overwrite
            As for `dpmix.report.write`: the file, images that were not clustered, known labels of those that were,
            the partition to show, and what else the page is to say.

        Raises
        ------
        InputError, InputTypeError
            The file exists already, or an argument does not fit.
        """
        write, asked = from_above("dpmix.report", "write"), (check_posterior(self, with_draws=False), path, x)
        words = {
            "labels": labels,
            "partition": partition,
            "title": title,
            "source": source,
            "clusters": clusters,
        }
        write(*asked, observed, **words, play=play, overwrite=overwrite)

    def save(self, path: PathLike, overwrite: bool = False) -> None:
        """Write a run folder, from which `dpmix.load` and `dpmix.resume` go on.

        The folder holds every chain as it stands, one in its burn-in as well, so that `dpmix.resume` gives
        the draws that an undisturbed run would have given.

        Parameters
        ----------
        path : str or path-like
            Where; made if it does not exist.
        overwrite : bool, default False
            Whether a run that is there may be replaced.

        Raises
        ------
        InputError, InputTypeError
            `path` is not a path.
        RunError
            A run is there already, or something that is no run.
        """
        RunFolder.write(path, self.table, self.plan, self.records, self.version, overwrite)


def check_posterior(posterior, with_draws=True):
    """Return `posterior`, which must be one, with at least one draw unless `with_draws` is False.

    Raises
    ------
    InputError, InputTypeError
    """
    if not isinstance(posterior, Posterior):
        raise InputTypeError(
            f"posterior must be a dpmix.Posterior; got {type(posterior).__name__}; "
            "dpmix.load reads one from a run folder"
        )
    if with_draws and not posterior.alpha.shape[1]:
        raise InputError(
            "posterior must hold at least one draw; its chains have not gone beyond the burn-in",
            Wording("run more sweeps with {resuming}"),
        )
    return posterior


def _read_only(array):
    array.flags.writeable = False
    return array
