"""What the values of a chain must fulfil: each by itself, and all of them together.

A file may be made up, checksum and all. Here is everything that follows from how a chain comes about, and that
later computation relies on: labels without gaps, numbers within the range of their prior, figures of sweeps that
agree with the draws and with where the chain stands.
"""

import numpy as np

from dpmix.base.errors import InputError
from dpmix.chain.kept import COUNTS
from dpmix.chain.record import FIGURES, PROPOSALS
from dpmix.model.prior import LEAST, MOST, Gamma

__all__ = ["check_values"]

_HAIR = 1e-9  # relative: exp(log(x)) may lie so far beyond the range


def check_values(arrays, table, plan):
    """Refuse `arrays` of a chain file, of the right forms, that no chain of `plan` over `table` can come to.

    Raises
    ------
    InputError
        Names the array.
    """
    _check_state(arrays)
    _check_trace(arrays, table.n)
    _check_hyperparameters(arrays, table, plan)
    if plan.keep == "labels":
        _check_labels(arrays, plan)
    else:
        _check_counts(arrays, plan, table)
    _check_alpha(arrays, plan)
    _check_end(arrays, plan)


def _demand(fulfilled, name, what):
    if not fulfilled:
        raise InputError(f"{name} {what}")


def _check_state(arrays):
    z, words = arrays["state.z"], arrays["state.generator"]
    _demand(_is_gapless(z), "state.z", "must number the clusters from 0 without gaps")
    legal = words[3] % 2 == 1 and words[4] <= 1 and words[5] < 1 << 32
    _demand(legal, "state.generator", "is no state of a generator")


def _is_gapless(labels):
    """Whether `labels` (n,) are all of 0 to k - 1."""
    if labels.min() < 0 or labels.max() >= len(labels):
        return False
    return bool(np.bincount(labels).all())


def _check_trace(arrays, n):
    for name, dtype in FIGURES.items():
        values = arrays[f"trace.{name}"]
        if dtype == "f8":
            _demand(np.isfinite(values).all(), f"trace.{name}", "must hold finite numbers")
        if name != "log_joint":
            _demand(not (values < 0).any(), f"trace.{name}", "must not hold negative numbers")
    clusters, moved = arrays["trace.n_clusters"], arrays["trace.n_moved"]
    within = ((clusters >= 1) & (clusters <= n)).all()
    _demand(within, "trace.n_clusters", f"must lie between 1 and {n}, the number of images")
    _demand((moved <= n).all(), "trace.n_moved", f"must be at most {n}, the number of images")
    for move in PROPOSALS:
        fewer = arrays[f"trace.{move}_accepted"] <= arrays[f"trace.{move}_proposals"]
        _demand(fewer.all(), f"trace.{move}_accepted", "must be at most the number of proposals")


def _check_hyperparameters(arrays, table, plan):
    a, b = plan.prior.pseudo_counts(table.d)
    due = {
        "alpha": (plan.prior.alpha, plan.prior.start_alpha()),
        "a": (plan.prior.a, a),
        "b": (plan.prior.b, b),
    }
    places = [f"{part}.{name}" for part in ("state", "kept") for name in due]
    for place in [*places, "trace.alpha"]:
        prior, fixed = due[place.partition(".")[2]]
        values = arrays[place]
        if isinstance(prior, Gamma):
            within = (values >= LEAST * (1 - _HAIR)) & (values <= MOST * (1 + _HAIR))
            _demand(within.all(), place, f"must lie between {LEAST:g} and {MOST:g}")
        else:
            _demand((values == fixed).all(), place, "must be what the prior fixes")


def _check_labels(arrays, plan):
    labels, clusters = arrays["kept.labels"], arrays["trace.n_clusters"]
    due = clusters[plan.kept_sweeps(len(labels))]
    for draw, (row, k) in enumerate(zip(labels, due.tolist(), strict=True)):
        _demand(
            _is_gapless(row),
            "kept.labels",
            f"must number the clusters from 0 without gaps; draw {draw} does not",
        )
        sizes = np.bincount(row)
        _demand((np.diff(sizes) <= 0).all(), "kept.labels", f"must number by size; draw {draw} does not")
        _demand(
            len(sizes) == k, "trace.n_clusters", f"has {k} for draw {draw}, whose labels are of {len(sizes)}"
        )


def _check_counts(arrays, plan, table):
    """Counts of each draw must be those of all images, in clusters by size."""
    k, (sizes, ones, gaps, classes) = arrays["kept.n_clusters"], (arrays[f"kept.{name}"] for name in COUNTS)
    due = arrays["trace.n_clusters"][plan.kept_sweeps(len(k))]
    _demand((k == due).all(), "kept.n_clusters", "must be what the trace has for these sweeps")
    _demand((sizes >= 1).all() and (sizes <= table.n).all(), "kept.sizes", "must be of clusters with images")
    firsts = np.cumsum(k) - k
    within = np.ones(len(sizes), bool)
    within[firsts] = False
    falls = np.diff(sizes, prepend=table.n) <= 0
    _demand(falls[within].all(), "kept.sizes", "must be in order of size")
    seen = sizes[:, None] - gaps if table.masked else sizes[:, None]
    _demand((gaps >= 0).all() and (seen >= 0).all(), "kept.gaps", "must lie between 0 and the sizes")
    _demand(((ones >= 0) & (ones <= seen)).all(), "kept.ones", "must lie between 0 and the images observed")
    labelled = (classes >= 0).all() and (classes <= sizes[:, None]).all() and (classes.sum(1) <= sizes).all()
    _demand(labelled, "kept.classes", "must lie between 0 and the sizes")
    for name, values in zip(COUNTS, (sizes, ones, gaps, classes), strict=True):
        if len(k):
            totals = np.add.reduceat(values, firsts, axis=0, dtype=np.int64)
            _demand((totals == totals[0]).all(), f"kept.{name}", "must add up to the same in all draws")
            _demand(
                name != "sizes" or totals[0] == table.n, "kept.sizes", "must add up to the number of images"
            )


def _check_alpha(arrays, plan):
    alpha = arrays["trace.alpha"][plan.kept_sweeps(len(arrays["kept.alpha"]))]
    _demand(
        (arrays["kept.alpha"] == alpha).all(), "kept.alpha", "must be what the trace has for these sweeps"
    )


def _check_end(arrays, plan):
    """Compare where the chain stands with its last sweep, and with the last draw where that sweep gave it."""
    sweeps, z = len(arrays["trace.alpha"]), arrays["state.z"]
    if not sweeps:
        return
    same = arrays["trace.n_clusters"][-1] == z.max() + 1
    _demand(same, "trace.n_clusters", "must end with the number of clusters of the state")
    _demand(
        arrays["trace.alpha"][-1] == arrays["state.alpha"], "trace.alpha", "must end with that of the state"
    )
    if plan.keeps(sweeps):
        for name in ("alpha", "a", "b"):
            same = np.array_equal(arrays[f"kept.{name}"][-1], arrays[f"state.{name}"])
            _demand(same, f"kept.{name}", "must end with that of the state")
        if plan.keep == "counts":
            last = arrays["kept.sizes"][-arrays["kept.n_clusters"][-1] :]
            same, name = np.array_equal(last, np.sort(np.bincount(z))[::-1]), "kept.sizes"
        else:
            same, name = _same_partition(arrays["kept.labels"][-1], z), "kept.labels"
        _demand(same, name, "must end with the state's clusters")


def _same_partition(one, other):
    """Whether two labellings (n,), each of 0 to k - 1, group the images alike."""
    first = np.zeros(one.max() + 1, np.int64)
    first[one] = other
    return np.array_equal(first[one], other) and one.max() == other.max()
