"""What the arrays of a chain must fulfil: each by itself, and all of them together.

A file may be made up, checksum and all, and so may the answer of an executor. Here is everything that follows
from how a chain comes about, and that later computation relies on: labels without gaps, numbers within the range
of their prior, figures of sweeps that agree with the draws and with where the chain stands.
"""

import numpy as np

from dpmix.base.errors import InputError
from dpmix.chain.kept import COUNTS, HYPER
from dpmix.chain.record import FIGURES, PROPOSALS, TRACE_NAMES, Draws
from dpmix.model.prior import LEAST, MOST, Gamma

__all__ = ["arrays_of", "check_segment", "check_values", "due_forms", "misfit", "wrong_length"]

_MAX_NAME = 4 * 32  # bytes of the name of a run
_HAIR = 1e-9  # relative: exp(log(x)) may lie so far beyond the range


def arrays_of(state, draws):
    """The arrays of a chain by name: where it stands, and what it gave.

    Parameters
    ----------
    state : dpmix.chain.state.State
    draws : dpmix.chain.record.Draws

    Returns
    -------
    dict of str to object
    """
    arrays = {f"state.{name}": value for name, value in state._asdict().items()}
    arrays |= {f"trace.{name}": draws.trace[name] for name in TRACE_NAMES}
    return arrays | {f"kept.{name}": values for name, values in draws.kept.items()}


def due_forms(table, plan):
    """Dtype and shape of each of `arrays_of` a chain of `plan` over `table`; -1 is any length."""
    n, d = table.n, table.d
    forms = {
        "state.z": ("i4", (n,)),
        "state.alpha": ("f8", ()),
        "state.a": ("f8", (d,)),
        "state.b": ("f8", (d,)),
        "state.generator": ("u8", (6,)),
    }
    forms |= {f"trace.{name}": (dtype, (-1,)) for name, dtype in FIGURES.items()}
    kept = Draws.fresh(table, plan).kept
    return forms | {f"kept.{name}": (values.dtype, (-1, *values.shape[1:])) for name, values in kept.items()}


def misfit(name, due, dtype, shape):
    """What is wrong with the form of array `name`, in words that go on from its name; None where it is as `due`.

    Parameters
    ----------
    name : str
    due : (dtype or None, tuple of int)
        As in `due_forms`; None is a short text.
    dtype : numpy.dtype
    shape : tuple of int
    """
    wanted, sizes = due
    right = _is_name(dtype) if wanted is None else dtype == wanted
    right |= name == "kept.labels" and dtype == np.int32
    fits = len(shape) == len(sizes) and all(w in (-1, s) for s, w in zip(shape, sizes, strict=True))
    return None if right and fits else f"is {_plainly(dtype)} {shape} where {_plainly(wanted)} {sizes} is due"


def _is_name(dtype):
    return dtype.kind == "U" and dtype.itemsize <= _MAX_NAME


def _plainly(dtype):
    if dtype is None:
        return "a short text"
    dtype = np.dtype(dtype)
    return "pickled Python objects" if dtype.hasobject else str(dtype)


def check_segment(state, draws, table, plan, done):
    """Refuse what is no segment of a chain of `plan` over `table` that had done `done` sweeps before.

    Raises
    ------
    InputError
        Names the array.
    """
    arrays = arrays_of(state._replace(alpha=np.asarray(state.alpha)), draws)
    for name, due in due_forms(table, plan).items():
        wrong = misfit(name, due, arrays[name].dtype, arrays[name].shape)
        _demand(not wrong, name, wrong)
    wrong = wrong_length(arrays, table, plan, done)
    _demand(not wrong, *(wrong or ("", "")))
    check_values(arrays, table, plan, done)


def wrong_length(arrays, table, plan, done=0):
    """The first of `arrays`, of the right forms, that is not about the same sweeps and draws as the others.

    Returns
    -------
    (name, text) or None
        What is wrong, in words that go on from the name.
    """
    sweeps = len(arrays["trace.log_joint"])
    draws = plan.n_kept(done + sweeps) - plan.n_kept(done)
    due = {"trace": (sweeps, ""), "kept": (draws, "")}
    if plan.keep == "counts":
        clusters = int(arrays["kept.n_clusters"].clip(0, table.n).sum())
        due |= {f"kept.{name}": (clusters, f" with {clusters} clusters in all draws") for name in COUNTS}
    for name, values in arrays.items():
        length, of = due.get(name, due.get(name.partition(".")[0], (None, "")))
        if length is not None and len(values) != length:
            return name, f"is of length {len(values)}, but {sweeps} sweeps{of} need {length}"
    return None


def check_values(arrays, table, plan, done=0):
    """Refuse `arrays`, of the right forms, that no chain of `plan` over `table` can come to.

    Parameters
    ----------
    arrays : dict of str to array
        As `arrays_of`, of all sweeps after the first `done`.

    Raises
    ------
    InputError
        Names the array.
    """
    _check_state(arrays)
    _check_trace(arrays, table.n, plan)
    _check_hyperparameters(arrays, table, plan)
    sweeps = _sweeps_kept(arrays, plan, done)
    if plan.keep == "labels":
        _check_labels(arrays, sweeps)
    else:
        _check_counts(arrays, table, sweeps)
    same = (arrays["kept.alpha"] == arrays["trace.alpha"][sweeps]).all()
    _demand(same, "kept.alpha", "must be what the trace has for these sweeps")
    _check_end(arrays, plan, done)


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


def _check_trace(arrays, n, plan):
    for name, dtype in FIGURES.items():
        values = arrays[f"trace.{name}"]
        if dtype == "f8":
            _demand(np.isfinite(values).all(), f"trace.{name}", "must hold finite numbers")
        if name != "log_joint":
            _demand(not (values < 0).any(), f"trace.{name}", "must not hold negative numbers")
    clusters, moved = arrays["trace.n_clusters"], arrays["trace.n_moved"]
    within = ((clusters >= 1) & (clusters <= n)).all()
    _demand(within, "trace.n_clusters", f"must lie between 1 and {n}, the number of images")
    visits = np.full(len(moved), n)
    if plan.shards > 1:  # and once more in the pass at the end of a round
        visits[plan.schedule.round_sweeps - 1 :: plan.schedule.round_sweeps] += n
    _demand((moved <= visits).all(), "trace.n_moved", f"must be at most {n}, the number of images, in a pass")
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


def _sweeps_kept(arrays, plan, done):
    """Which of the sweeps gave the draws: indices into the trace, (draws,) int64."""
    before = plan.n_kept(done)
    return plan.kept_sweeps(before + len(arrays["kept.alpha"]))[before:] - done


def _check_labels(arrays, sweeps):
    labels, due = arrays["kept.labels"], arrays["trace.n_clusters"][sweeps]
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


def _check_counts(arrays, table, sweeps):
    """Counts of each draw must be those of all images, in clusters by size."""
    n_clusters = arrays["kept.n_clusters"]
    same = (n_clusters == arrays["trace.n_clusters"][sweeps]).all()
    _demand(same, "kept.n_clusters", "must be what the trace has for these sweeps")
    ends = np.cumsum(n_clusters).tolist()
    for draw, (k, end) in enumerate(zip(n_clusters.tolist(), ends, strict=True)):
        counts = [arrays[f"kept.{name}"][end - k : end] for name in COUNTS]
        _check_draw(counts, table, f"; draw {draw} does not")


def _check_draw(counts, table, told):
    sizes, ones, gaps, classes = counts
    by_size = (np.diff(sizes) <= 0).all() and sizes[-1] >= 1
    _demand(by_size, "kept.sizes", f"must hold images in every cluster, in order of size{told}")
    of_all = sizes[:, None]
    _demand(_within(gaps, of_all), "kept.gaps", f"must lie between 0 and the sizes{told}")
    seen = of_all - gaps if table.masked else of_all
    _demand(_within(ones, seen), "kept.ones", f"must lie between 0 and the images observed{told}")
    labelled = _within(classes, of_all) and (classes.sum(1) <= sizes).all()
    _demand(labelled, "kept.classes", f"must lie between 0 and the sizes{told}")
    for name, values, total in zip(COUNTS, counts, (table.n, *table.totals), strict=True):
        same = np.array_equal(values.sum(0, dtype=np.int64), total)
        _demand(same, f"kept.{name}", f"must add up to those of all images{told}")


def _within(values, most):
    return (values >= 0).all() and (values <= most).all()


def _check_end(arrays, plan, done):
    """Compare where the chain stands with its last sweep, and with the last draw where that sweep gave it."""
    sweeps, z = len(arrays["trace.alpha"]), arrays["state.z"]
    if not sweeps:
        return
    same = arrays["trace.n_clusters"][-1] == z.max() + 1
    _demand(same, "trace.n_clusters", "must end with the number of clusters of the state")
    _demand(
        arrays["trace.alpha"][-1] == arrays["state.alpha"], "trace.alpha", "must end with that of the state"
    )
    if plan.keeps(done + sweeps):
        for name in HYPER:
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
