"""One partition that stands for all draws: its clusters with their members, how sure it is, who belongs together."""

import numpy as np

from dpmix.base.text import count
from dpmix.partitions import (
    cluster_members,
    co_clustering,
    credible_ball,
    mean_images,
    point_estimate,
    profile,
)
from dpmix.partitions.draws import as_labels, by_size
from dpmix.plot import profiles, similarity
from dpmix.report.pictures import figure_picture, tile
from dpmix.report.words import number, share, span

__all__ = ["Found", "clusters_of_draw", "clusters_section", "odd_section", "similarity_section"]

_TYPICAL, _ODD = 6, 3
_ODD_ONES = 12
# How the estimate is searched for: up to so many images times draws times clusters, which take seconds.
_SEARCHES = ((10_000_000, 500, {}), (30_000_000, 100, {"draws": 100, "restarts": 4}))
_LEAST_SEARCH = {"draws": 20, "restarts": 0}
_IMAGES = 1000  # of the similarity matrix
_BARS = 150  # clusters that are marked beside it
_WORDS = 5  # columns that are named of each cluster of a table
_PROFILES, _PROFILE_COLUMNS = 12, 40  # of the picture
_CELLS = 50_000_000  # clusters times columns from which a profile is too large to be made


class Found:
    """A partition that stands for a posterior, the one that was given or the point estimate, and its members.

    Attributes
    ----------
    labels : (n,) int32
        Cluster of each image, the largest first.
    sizes : (k,) int64
    notes : list of str
        How it was found, and where its number of clusters lies.
    loss : {"vi", "binder"}
    members : ClusterMembers
    shown : int
        Clusters that are shown, the largest.
    few : (n,) int32
        As `labels`, with all that are not shown as one, which costs no memory.
    """

    def __init__(self, subject):
        posterior = subject.posterior
        partition, notes = subject.partition, []
        if partition is None:
            how = _search(posterior)
            partition = point_estimate(posterior, **how, progress=False)
            notes = [_quick(partition, how)] if how else []
        self.labels = by_size(as_labels(partition, subject.n))
        self.notes = [*notes, *(subject.say(note) for note in getattr(partition, "notes", ()))]
        self.loss = getattr(partition, "loss", "vi")
        self.members = cluster_members(posterior, self.labels, _TYPICAL, _ODD)
        self.sizes = self.members.sizes
        self.shown = min(subject.most, len(self.sizes))
        self.few = np.minimum(self.labels, self.shown)


def _search(posterior):
    """How the point estimate is searched for: by default as anywhere, or less where that would take long."""
    k = posterior.n_clusters
    for most, draws, how in _SEARCHES:
        if posterior.table.n * min(k.size, draws) * int(np.median(k)) <= most:
            return how
    return _LEAST_SEARCH


def _quick(estimate, how):
    """What is to be said of an estimate that was searched for less than anywhere else."""
    found = "searched for briefly" if how["restarts"] else f"the best of {estimate.n_draws:,} draws"
    return (
        f"To be quick, the estimate is {found}; “dpmix partition” or dpmix.partitions.point_estimate take longer, and "
        "what they find can be given to the report."
    )


def clusters_section(subject, found):
    """The partition in words, and a card for each of the largest clusters."""
    rest = found.sizes[found.shown :]
    return {
        "facts": _facts(subject, found),
        "notes": found.notes,
        "sizes": _sizes(found.sizes),
        "cards": _cards(subject, found),
        "rest": _rest(subject, rest) if len(rest) else None,
        "profiles": _profile_picture(subject, found) if subject.table and len(found.sizes) > 1 else None,
        "table": subject.table,
    }


def _facts(subject, found):
    ball = credible_ball(subject.posterior, found.labels, loss=found.loss)
    sure, alone = found.members.confidence, int((found.sizes == 1).sum())
    decided = int((sure >= 0.5).sum())
    few, many = sorted((ball.upper.n_clusters, ball.lower.n_clusters))
    unit = " nats" if found.loss == "vi" else ""
    measure = "variation of information" if found.loss == "vi" else "Binder's loss"
    return [
        ("Clusters", f"{len(found.sizes):,}" + (f", {alone:,} of them of one member" if alone else "")),
        ("Confidence", f"{sure.mean():.2f} on average"),
        ("Decided", f"{decided:,} of {subject.things()} ({share(decided, len(sure))})"),
        ("Distance of a draw", f"{ball.distances.mean():.3g}{unit} on average ({measure})"),
        (
            "Credible ball",
            f"{share(ball.coverage)} of draws lie within {ball.radius:.3g}{unit}; they have "
            f"{span(few, many, 'cluster')}",
        ),
    ]


def _sizes(sizes):
    """Bars of the largest clusters for a picture, heights as shares of the largest."""
    shown = sizes[:100]
    told = ", ".join(f"{size:,}" for size in shown[:5].tolist())
    return {
        "bars": [round(100 * size / int(sizes[0]), 2) for size in shown.tolist()],
        "alt": f"Sizes of the {count(len(shown), 'largest cluster')}: {told}{' and so on' if len(shown) > 5 else ''}; "
        f"the smallest of them has {shown[-1]:,}.",
        "largest": f"{sizes[0]:,}",
    }


def _rest(subject, sizes):
    return f"{count(len(sizes), 'smaller cluster')} with {subject.things(int(sizes.sum()))} not shown"


def _cards(subject, found):
    means = mean_images(subject.posterior, found.few)
    said = _set_apart(subject, found)
    return [_card(subject, found, k, means[k], said) for k in range(found.shown)]


def _card(subject, found, k, mean, said):
    members = found.members
    size = int(found.sizes[k])
    sure = float(members.confidence[found.labels == k].mean())
    card = {
        "number": str(k),
        "size": f"{size:,}",
        "noun": ("row" if subject.table else "image") + ("" if size == 1 else "s"),
        "confidence": f"{sure:.2f}",
        "labels": _label_mix(subject, found, k),
        "mean": None,
        "columns": said[k] if said else [],
        "groups": [],
    }
    if not subject.table:
        alt = f"Mean of cluster {k}"
        card["mean"] = tile(mean, subject.posterior.image_shape, alt)
    for heading, rows in (("typical", members.typical[k]), ("odd", members.odd[k])):
        if len(rows):
            group = [_member(subject, members, row, heading) for row in rows.tolist()]
            card["groups"].append({"heading": heading, "members": group})
    return card


def _member(subject, members, row, kind):
    name = subject.name(row)
    picture = None
    if not subject.table:
        picture = tile(subject.pixels(row), subject.posterior.image_shape, f"{kind} member {name}")
    return {"name": name, "picture": picture, "confidence": f"{members.confidence[row]:.2f}"}


def _label_mix(subject, found, k):
    """The most common known labels of cluster `k`, in words."""
    if subject.y is None:
        return None
    labels = subject.y[found.labels == k].compressed()
    if not len(labels):
        return "none known"
    values, counts = np.unique(labels, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:3]
    return ", ".join(f"{values[ix]}: {share(int(counts[ix]), len(labels))}" for ix in order)


def _profile(subject, found):
    """The `Profile` of the clusters that are shown, or None of what is no table, or too large."""
    d = subject.posterior.table.d
    if not subject.table or (found.shown + 1) * d > _CELLS:
        return None
    return profile(subject.posterior, found.few, draws=50)


def _set_apart(subject, found):
    """What sets each cluster of a table apart: for each, words on some columns."""
    told = _profile(subject, found)
    if told is None:
        return None
    return [
        [_column(told, k, column) for column in told.set_apart(k, _WORDS).tolist()]
        for k in range(found.shown)
    ]


def _column(told, k, column):
    on = bool(told.log_odds[k, column] > 0)
    here, there = (p[k, column] if on else 1 - p[k, column] for p in (told.proba, told.rest))
    return {
        "name": told.columns.said(told.columns.names[column], on),
        "here": share(float(here)),
        "there": share(float(there)),
    }


def _profile_picture(subject, found):
    told = _profile(subject, found)
    if told is None:
        return None
    most = min(_PROFILES, found.shown)
    alt = (
        f"Heat map of {count(most, 'cluster')} by the columns that set them apart; the words of each cluster below "
        "say the same."
    )
    return figure_picture(lambda: profiles(told, clusters=most, most=_PROFILE_COLUMNS), alt)


def similarity_section(subject, found):
    """How often images are in one cluster: shares of pairs, and a matrix."""
    if subject.n < 2:
        return None
    some = co_clustering(subject.posterior, most=_IMAGES, progress=False)
    pairs = some.proba[np.triu_indices(len(some.images), 1)]
    often, unsure = float((pairs >= 0.9).mean()), float(((pairs > 0.1) & (pairs < 0.9)).mean())
    chosen = _largest(found)
    shown = some if chosen is None else co_clustering(subject.posterior, chosen, progress=False)
    which = "those of the largest clusters" if chosen is not None else "picked at random"
    m = len(shown.images)
    what = "rows" if subject.table else "images"
    alt = (
        f"Matrix of {m:,} by {m:,} {what} in the order of the clusters, dark where two "
        f"are often in one cluster: blocks along the diagonal. {share(often)} of pairs are together in at least nine "
        f"draws of ten, {share(unsure)} in more than one and less than nine."
    )
    return {
        "picture": figure_picture(lambda: similarity(shown, found.labels), alt),
        "often": share(often),
        "unsure": share(unsure),
        "rest": share(1 - often - unsure),
        "sampled": None if m == subject.n else f"{m:,} {'rows' if subject.table else 'images'}, {which}",
    }


def _largest(found):
    """Images of the largest clusters, ascending, where there are too many clusters to mark; else None."""
    if len(found.sizes) <= _BARS:
        return None
    sizes = np.cumsum(found.sizes)
    k = max(1, min(int(np.searchsorted(sizes, _IMAGES, side="right")), _BARS // 4))
    return np.flatnonzero(found.labels < k)[:_IMAGES]


def odd_section(subject, found):
    """The images that the others in their cluster make least probable."""
    members = found.members
    order = np.argsort(members.log_predictive, kind="stable")[:_ODD_ONES]
    rows = []
    for row in order.tolist():
        alt = f"odd one {subject.name(row)}"
        rows.append(
            {
                "name": subject.name(row),
                "picture": None
                if subject.table
                else tile(subject.pixels(row), subject.posterior.image_shape, alt),
                "value": number(float(members.log_predictive[row]), 4),
                "cluster": str(found.labels[row]),
            }
        )
    median = float(np.median(members.log_predictive))
    return {"rows": rows, "median": number(median, 4), "table": subject.table}


def clusters_of_draw(subject):
    """The clusters of the last draw of the likeliest chain, for draws without labels or chains in burn-in."""
    posterior = subject.posterior
    best = int(posterior.log_joint[:, -1].argmax())
    draw = posterior.draw(best)
    shown = min(subject.most, len(draw.sizes))
    proba = draw.on_proba()[:shown]
    cards = []
    for k in range(shown):
        size = int(draw.sizes[k])
        card = {
            "number": str(k),
            "size": f"{size:,}",
            "noun": ("row" if subject.table else "image") + ("" if size == 1 else "s"),
            "confidence": None,
            "labels": None,
            "mean": None,
            "columns": [],
            "groups": [],
        }
        if not subject.table:
            card["mean"] = tile(proba[k], posterior.image_shape, f"Cluster {k}")
        cards.append(card)
    rest = draw.sizes[shown:]
    return {
        "chain": str(best),
        "cards": cards,
        "sizes": _sizes(draw.sizes),
        "rest": _rest(subject, rest) if len(rest) else None,
    }
