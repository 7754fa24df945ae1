"""What a point estimate says about the number of clusters, in words."""

from dpmix.base.text import count
from dpmix.base.wording import Wording

__all__ = ["cluster_notes"]

_WHY = (
    "An image that is with each group of others in less than half of the draws costs least on its own, so "
    "unsure images make clusters of one, and more clusters than the draws have"
)


def cluster_notes(estimate):
    """Where the number of clusters of a `PointEstimate` lies among those of the draws, and why.

    Returns
    -------
    tuple of str
        Sentences; those with a way out are a `Wording`.
    """
    least, median, most = estimate.draw_clusters
    if least == most:
        notes = [f"Every draw has {count(most, 'cluster')}."]
    else:
        notes = [f"The draws have {least:,} to {count(most, 'cluster')}, the median draw {median:,}."]
    if estimate.free_loss < estimate.expected_loss and estimate.free_clusters > estimate.n_clusters:
        notes.append(_bounded(estimate))
    elif estimate.n_clusters > most:
        notes.append(
            f"The estimate has more than any of them. {_WHY}: that is the loss, and no evidence for so many clusters."
        )
    if estimate.n_clusters < least:
        notes.append(
            "The estimate has fewer than any of them: small clusters that come and go from draw to draw are "
            "not in it."
        )
    return tuple(notes)


def _bounded(estimate):
    free, saved = estimate.free_clusters, 1 - estimate.free_loss / estimate.expected_loss
    return Wording(
        "The estimate was allowed {most:,}; with {free:,} its expected loss would be {saved:.2g} % less. {why}: "
        "that is the loss, and no evidence for so many clusters. {more_clusters} allows more.",
        most=estimate.max_clusters,
        free=free,
        saved=100 * saved,
        why=_WHY,
    )
