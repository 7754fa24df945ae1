"""What the run makes of images that are given with the report: scores beside simple answers, and completions."""

import numpy as np
from scipy.special import entr

from dpmix.base.pieces import evenly
from dpmix.datasets import masks
from dpmix.model.table import BinaryTable
from dpmix.posterior.gain import gain_of
from dpmix.queries import log_predictive, predict_proba
from dpmix.report.pictures import strip, tile, uncertainty_strip
from dpmix.report.words import number, share

__all__ = ["images_section"]

_SCORED, _DRAWS = 400, 20  # images and draws, at most
_COMPLETING = 10  # draws, at most
_COMPLETED = 8
_ODDEST = 8


class _Given:
    """Images that were given, some of them where they are many: pixels (m, d), where observed, and their names."""

    def __init__(self, subject):
        table = BinaryTable.from_input(subject.x, subject.observed)
        self.total = table.n
        self.rows = evenly(table.n, _SCORED)
        self.on, self.seen = table.dense(self.rows), table.observed(self.rows).astype(bool)
        names = table.names
        self.names = [f"{row:,}" if names is None else str(names[row]) for row in self.rows.tolist()]


def images_section(subject):
    """Held-out scores, completions and the odd ones out; None where no images were given."""
    if subject.x is None:
        return None
    given = _Given(subject)
    values = log_predictive(subject.posterior, given.on, given.seen, draws=_DRAWS)
    return {
        "which": _which(subject, given),
        "scores": _scores(subject, given, values),
        "completions": None if subject.table else _completions(subject, given),
        "odd": _odd(subject, given, values),
        "table": subject.table,
    }


def _which(subject, given):
    given_with = (
        f"{subject.things(given.total)} {'was' if given.total == 1 else 'were'} given with this report"
    )
    scored = len(given.rows)
    return (
        given_with
        if scored == given.total
        else f"{given_with}; {scored:,} of them, evenly spread, are looked at"
    )


def _scores(subject, given, values):
    """Mean log predictive of the run, of one chain alone, and of pixels taken one by one."""
    total = subject.posterior.alpha.size
    which = "all draws" if total <= _DRAWS else f"{_DRAWS} of {total:,} draws"
    gain = gain_of(subject.posterior, given.on, given.seen)
    plain = _independent(subject.posterior.table, given)
    told = [[f"{which}, of all chains", *_pair(values)]]
    if gain is not None:
        told.append(["one chain, its last draw", f"{gain.single:,.2f}", "-"])
    told.append(["each pixel by itself, no clusters", *_pair(plain)])
    difference = float(np.mean(values - plain))
    return {
        "rows": told,
        "better": f"{number(abs(difference), 3)} nats {'more' if difference >= 0 else 'less'} probable",
    }


def _pair(values):
    mean, error = _mean(values)
    return f"{mean:,.2f}", error


def _mean(values):
    error = f"{np.std(values, ddof=1) / np.sqrt(len(values)):.2f}" if len(values) > 1 else "-"
    return float(np.mean(values)), error


def _independent(table, given):
    """Log probability of images (m,) where pixels are on as often as among those that were clustered."""
    proba = _frequencies(table)
    on = given.on * np.log(proba) + (1 - given.on) * np.log1p(-proba)
    return np.where(given.seen, on, 0.0).sum(axis=1)


def _frequencies(table):
    ones, gaps, _ = table.totals
    return (ones + 0.5) / (table.n - (gaps if len(gaps) else 0) + 1)


def _completions(subject, given):
    """The lower half of some images hidden, and what comes back."""
    shape = subject.posterior.image_shape
    picked = evenly(len(given.rows), _COMPLETED)
    on, seen = given.on[picked], given.seen[picked]
    shown = seen & masks.mask(shape, "bottom").ravel()
    proba = predict_proba(subject.posterior, on, shown, draws=_COMPLETING)
    hidden = seen & ~shown
    doubt = (entr(proba) + entr(1 - proba)) / np.log(2)
    rows = [
        ("Original", strip(np.ma.masked_where(~seen, on), shape, "Original images")),
        ("Shown", strip(np.ma.masked_where(~shown, on), shape, "The same with their lower halves hidden")),
        ("Completed", strip(proba, shape, "Probability of each hidden pixel to be on")),
        (
            "Uncertainty",
            uncertainty_strip(
                np.ma.masked_where(shown, doubt), shape, "Uncertainty of each hidden pixel, from 0 to 1 bit"
            ),
        ),
    ]
    return {
        "rows": rows,
        "names": [given.names[row] for row in picked.tolist()],
        "wrong": _wrong(proba, on, hidden),
        "plain": _wrong(np.broadcast_to(_frequencies(subject.posterior.table), on.shape), on, hidden),
    }


def _wrong(proba, on, hidden):
    """Share of hidden pixels of which the likelier value is wrong."""
    return share(float(((proba > 0.5) != (on == 1))[hidden].mean())) if hidden.any() else "-"


def _odd(subject, given, values):
    order = np.argsort(values, kind="stable")[:_ODDEST]
    shape = subject.posterior.image_shape
    rows = []
    for ix in order.tolist():
        pixels = np.ma.masked_where(~given.seen[ix], given.on[ix])
        picture = None if subject.table else tile(pixels, shape, f"image {given.names[ix]}")
        rows.append({"name": given.names[ix], "picture": picture, "value": number(float(values[ix]), 4)})
    return {"rows": rows, "median": number(float(np.median(values)), 4)}
