"""The report on a posterior."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from dpmix.base.annotations import PathLike, Table, Whole
from dpmix.base.arrays import integers_or_unknown
from dpmix.base.checks import check_bool, check_count, check_place
from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.text import count
from dpmix.base.wording import Wording
from dpmix.features.storage import Persistent
from dpmix.model.table import BinaryTable
from dpmix.partitions import PointEstimate
from dpmix.partitions.draws import as_labels
from dpmix.playground.section import fragment
from dpmix.posterior.posterior import Posterior, check_posterior
from dpmix.report.about_chains import chains_section, prior_section, verdict_section
from dpmix.report.about_clusters import (
    Found,
    clusters_of_draw,
    clusters_section,
    odd_section,
    similarity_section,
)
from dpmix.report.about_images import images_section
from dpmix.report.about_labels import labels_section
from dpmix.report.about_run import run_section
from dpmix.report.document import filled, put
from dpmix.report.downloads import downloads
from dpmix.report.subject import Subject
from dpmix.report.words import GLOSSARY
from dpmix.tables.frames import is_frame, read_frame

__all__ = ["playground_of", "posterior_page", "subject_of", "write"]

_CLUSTERS = 60
_MOST_CLUSTERS = 1000  # of which the page stays one that can be read


def write(
    posterior: Posterior | Any,
    path: PathLike,
    x: Table | None = None,
    observed: ArrayLike | None = None,
    *,
    labels: ArrayLike | None = None,
    partition: PointEstimate | ArrayLike | None = None,
    title: str | None = None,
    source: str | None = None,
    clusters: Whole = _CLUSTERS,
    play: bool = True,
    overwrite: bool = False,
) -> None:
    """Write a report on a posterior: one HTML file, whole in itself.

    It says in words whether the chains agree and what to do about it, then what was run and how to repeat it, and
    shows traces, the clusters of the point estimate with typical and odd members, how sure it is of them, who belongs
    together, the prior that was learned, and the images that fit least. Whatever cannot be told of this posterior is
    left out, and the page says why.

    Parameters
    ----------
    posterior : Posterior, or fitted DPMixture
    path : str or path-like
        Of the file, such as ``"report.html"``.
    x : Images, or (m, d) array of 0/1 or bool, optional
        Images that were not clustered: how probable they are, which are odd, and what becomes of them where half of
        each is hidden.
    observed : (d,) or (m, d) array of bool, optional
        True where a pixel of `x` is observed.
    labels : (n,) array of int or str, optional
        Known labels of the images that were clustered, to compare with; masked, NaN, None, or below 0 where not known.
        By default those that the posterior has learnt, if any.
    partition : PointEstimate or (n,) array of int, optional
        The partition to show, its clusters numbered anew by size; by default the point estimate, searched for as
        long as seconds allow. Chains in burn-in have none.
    title : str, optional
    source : str, optional
        What the images are, as ``dpmix fit`` was told, such as ``"mnist --classes 2,3"``; for the page to tell.
    clusters : int, default 60
        Clusters to show, the largest.
    play : bool, default True
        Whether the page has a part on which images are drawn, hidden and completed (`dpmix.playground`), which takes up
        to 2.5 MB.
    overwrite : bool, default False
        Whether a file that is there may be replaced.

    Raises
    ------
    InputError, InputTypeError
        The file exists already, the posterior holds not even a sweep, or another argument does not fit.
    OSError
        As from the operating system, for instance for a full disk; there is then no file, or the one before.

    Examples
    --------
    >>> import dpmix
    >>> images = dpmix.datasets.load_digits(classes=[0, 1])
    >>> posterior = dpmix.sample(images[:300], chains=2, sweeps=40, seed=0, jobs=1, progress=False)
    >>> dpmix.report.write(posterior, "report.html", images[300:], labels=images.y[:300])  # doctest: +SKIP
    """
    place = check_place(path, overwrite)
    title = "A dpmix report" if title is None else _check_text("title", title)
    source = None if source is None else _check_text("source", source)
    subject = subject_of(posterior, x, observed, labels, partition, source, clusters)
    play = check_bool("play", play)
    put(posterior_page(subject, title, playground_of(subject) if play else None), place)


def subject_of(
    posterior,
    x,
    observed,
    labels,
    partition=None,
    source=None,
    clusters=_CLUSTERS,
    folder=None,
    created=None,
    say=str,
):
    """The `Subject` of arguments, which are checked; the last three are what the command knows besides."""
    posterior = check_posterior(_fitted(posterior), with_draws=False)
    if not posterior.trace["log_joint"].shape[1]:
        raise InputError("posterior must hold at least one sweep of every chain; got none")
    most = check_count("clusters", clusters, high=_MOST_CLUSTERS)
    x, observed = _images(posterior, x, observed)
    if x is not None or partition is not None:
        check_posterior(posterior)
    if partition is not None:
        _check_partition(posterior, partition)
    y = _labels(posterior, labels)
    return Subject(posterior, x, observed, y, partition, source, folder, created, most, say)


def _fitted(posterior):
    """The posterior of a fitted `DPMixture`; anything else as it is."""
    if isinstance(posterior, Persistent):
        raise InputTypeError(
            f"posterior must be a dpmix.Posterior or a fitted DPMixture; got {type(posterior).__name__}, of which "
            "dpmix.report.write_model writes a report"
        )
    if hasattr(posterior, "fit"):
        check_is_fitted(posterior, "posterior_")
    return getattr(posterior, "posterior_", posterior)


def _check_partition(posterior, partition):
    if posterior.in_burn_in:
        raise InputError(
            "partition is compared with draws, and the chains are still in their burn-in",
            Wording("leave it out, or run more sweeps with {resuming}"),
        )
    as_labels(partition, posterior.labels.shape[2], "partition")


def playground_of(subject):
    """The part to play with, or None of a run without draws."""
    posterior = subject.posterior
    return fragment(posterior, subject.x, observed=subject.observed) if posterior.alpha.shape[1] else None


def posterior_page(subject, title, playground=None):
    """The text of the page.

    Parameters
    ----------
    subject : Subject
    title : str
    playground : str, optional
        A section of HTML to put beside the completions, as it is.
    """
    posterior = subject.posterior
    summary = posterior.summary()
    has_draws, whole = bool(posterior.alpha.shape[1]), posterior.has_labels and not posterior.in_burn_in
    found = Found(subject) if has_draws and whole else None
    return filled(
        "posterior.html.j2",
        title=title,
        table=subject.table,
        things="rows" if subject.table else "images",
        lead=_lead(subject),
        verdict=verdict_section(subject, summary),
        run=run_section(subject),
        chains=chains_section(subject, summary),
        clusters=clusters_section(subject, found) if found else None,
        draw=clusters_of_draw(subject) if has_draws and not found else None,
        similarity=similarity_section(subject, found) if found else None,
        prior=prior_section(subject),
        images=images_section(subject),
        labels=labels_section(subject, found),
        odd=odd_section(subject, found) if found else None,
        without_labels=not posterior.has_labels,
        playground=playground,
        downloads=downloads(subject, summary, found),
        glossary=GLOSSARY,
    )


def _lead(subject):
    posterior = subject.posterior
    chains, draws = posterior.alpha.shape
    height, width = posterior.image_shape
    size = (
        count(posterior.table.d, "yes-or-no column")
        if subject.table
        else f"{height:,} × {width:,} binary pixels"
    )
    drawn = "in burn-in" if posterior.in_burn_in else f"of {count(draws, 'draw')}"
    return f"{subject.things()} of {size}, {count(chains, 'chain')} {drawn}"


def _images(posterior, x, observed):
    """`x` and `observed` as the queries take them; None where there are none."""
    if x is None:
        if observed is not None:
            raise InputError("observed says where x is observed; pass x, too")
        return None, None
    if is_frame(x):
        x = read_frame(x, "x", posterior.columns)
        x, observed = x.x, observed
    table = BinaryTable.from_input(x, observed)
    if table.d != posterior.table.d:
        raise InputError(
            f"x must hold images of {posterior.table.d} pixels, as the posterior does; got {table.d}"
        )
    return x, observed


def _labels(posterior, labels):
    """Known labels (n,), masked where not known; None where none is known."""
    n = posterior.table.n
    if labels is None:
        learnt = posterior.table.classes
        return np.ma.masked_less(learnt, 0) if posterior.table.n_classes and (learnt >= 0).any() else None
    values = labels if np.ma.isMaskedArray(labels) else _as_array(labels)
    if values.shape != (n,):
        raise InputError(f"labels must be one for each of the {n:,} images; got shape {values.shape}")
    hidden = np.ma.getmaskarray(values).copy()
    values = np.ma.getdata(values)
    if values.dtype.kind == "f":
        hidden |= np.isnan(values)
        values = integers_or_unknown(np.where(hidden, np.nan, values))
    if values.dtype == object:
        hidden |= [_is_missing(label) for label in values.tolist()]
        values = values.astype(str)
    if values.dtype.kind not in "buiU":
        raise InputTypeError(f"labels must be integers, booleans or strings; got dtype {values.dtype}")
    if values.dtype.kind == "i":
        hidden |= values < 0
    if hidden.all():
        raise InputError("labels must hold one that is known; all are masked or below 0")
    return np.ma.masked_array(values, hidden)


def _as_array(labels):
    try:
        return np.asarray(labels)
    except ValueError as error:  # rows of different lengths
        raise InputTypeError("labels must be one integer, boolean or string for each image") from error


def _is_missing(label):
    """Whether a label is None, or not equal to itself, as NaN, NaT and NA of pandas."""
    return label is None or str(label == label) != "True"


def _check_text(name, value):
    if not isinstance(value, str):
        raise InputTypeError(f"{name} must be a text; got {type(value).__name__}")
    return value
