"""What the chains did: the verdict in words, their traces and figures, and what they learned of the prior."""

import numpy as np

from dpmix.base.text import count
from dpmix.plot import hyperparameters, trace
from dpmix.plot.style import new_figure
from dpmix.posterior.wording import distance_line, rows_of
from dpmix.report.pictures import figure_picture
from dpmix.report.words import duration, number, share, span

__all__ = ["chains_section", "prior_section", "verdict_section"]

_VERDICTS = {
    "agree": "they agree.",
    "nearly": "they nearly agree.",
    "disagree": "they do not agree.",
    "unknown": "whether they agree is not known.",
}
_POINTS = 60_000  # of the lines of a trace up to which they stay lines
_CHAINS = 40  # in the table of chains
_PANEL, _BOX = (5.4, 2.6), [0.15, 0.16, 0.83, 0.71]  # inches; left, bottom, width, height as shares


def verdict_section(subject, summary):
    """The verdict in words: a headline, how many clusters, what it means and what to do."""
    posterior = subject.posterior
    chains, draws = posterior.alpha.shape
    unfinished = posterior.in_burn_in or not draws
    return {
        "kind": "unknown" if unfinished else summary.verdict,
        "headline": "There are no draws yet." if unfinished else _headline(subject, summary.verdict),
        "notes": [subject.say(note) for note in summary.notes],
    }


def _headline(subject, verdict):
    k = subject.posterior.n_clusters
    found = f"{count(len(k), 'chain')} found {span(int(k.min()), int(k.max()), 'cluster')} among {subject.things()}"
    return f"{found}." if len(k) == 1 else f"{found}: {_VERDICTS[verdict]}"


def chains_section(subject, summary):
    """Traces, the table of agreement, where each chain stands, and its moves."""
    posterior = subject.posterior
    return {
        "traces": _traces(posterior) if posterior.trace["log_joint"].shape[1] else [],
        "agreement": _turned(rows_of(summary)) if posterior.alpha.shape[1] else None,
        "distance": distance_line(summary.distance).capitalize() + ".",
        "each": _each(posterior),
        "moves": _moves(posterior),
    }


def _traces(posterior):
    """Two pictures, so that they stand side by side or one below the other, as there is room."""
    shape = posterior.trace["log_joint"].shape
    vector = shape[0] * shape[1] <= _POINTS
    names = (("log_joint", "log joint (nats)"), ("n_clusters", "number of clusters"))
    return [
        figure_picture(lambda place=place: _panel(posterior, place), _told(posterior, *name), vector)
        for place, name in enumerate(names)
    ]


def _panel(posterior, place):
    """One of the two panels of a trace on a figure of its own."""
    axes = [new_figure(*_PANEL).add_axes(_BOX) for _ in range(2)]
    panels = trace(posterior, axes)
    shown = panels[place]
    shown.tick_params(labelbottom=True)
    shown.set_xlabel("sweep", size=8.5)
    _forget(panels[1 - place])
    return shown


def _forget(ax):
    import matplotlib.pyplot as plt

    plt.close(ax.figure)


def _told(posterior, name, title):
    values = posterior.trace[name]
    chains, sweeps = values.shape
    begin, end = values[:, 0], values[:, -1]
    return (
        f"{title.capitalize()} of {count(chains, 'chain')} over {count(sweeps, 'sweep')}: from "
        f"{begin.min():,.0f} to {begin.max():,.0f} after the first, from {end.min():,.0f} to {end.max():,.0f} "
        "after the last."
    )


def _turned(rows):
    """The table of a summary with a column for each number that describes a draw: fewer columns, for narrow screens."""
    short = ["", "log joint", "clusters", "alpha", "entropy"]
    turned = [list(row) for row in zip(*rows, strict=True)]
    return {"head": short, "rows": turned[1:], "caption": f"{rows[0][0].capitalize()}"}


def _each(posterior):
    """Where each chain ended: a table, of the first so many chains."""
    values = posterior.trace
    if not values["log_joint"].shape[1]:
        return None
    seconds = [float(record.draws.trace["seconds"].sum()) for record in posterior.records if record.sweeps]
    last = zip(
        values["n_clusters"][:, -1].tolist(),
        values["log_joint"][:, -1].tolist(),
        values["alpha"][:, -1].tolist(),
        seconds,
        strict=False,
    )
    rows = [
        [str(chain), f"{k:,}", f"{log_joint:,.1f}", f"{alpha:.3g}", duration(took)]
        for chain, (k, log_joint, alpha, took) in enumerate(last)
    ]
    return {
        "head": ["chain", "clusters", "log joint", "alpha", "time"],
        "rows": rows[:_CHAINS],
        "rest": max(len(rows) - _CHAINS, 0),
    }


def _moves(posterior):
    """What each move proposed and achieved, and the share of time of each kind."""
    if not posterior.trace["log_joint"].shape[1]:
        return None
    moves = posterior.moves
    names = {"assignment": "image reassigned"}
    rows = [
        [names.get(name, name), f"{proposed:,}", f"{moves['accepted'][name]:,}"]
        + [share(moves["accepted"][name], proposed) if proposed else "-"]
        for name, proposed in moves["proposals"].items()
    ]
    total = sum(moves["seconds"].values())
    times = [
        (name.replace("_", "-"), share(seconds, total), duration(seconds))
        for name, seconds in moves["seconds"].items()
        if total
    ]
    return {"head": ["move", "proposed", "accepted", "share"], "rows": rows, "times": times}


def prior_section(subject):
    """What clusters expect of each pixel before they have members, and alpha."""
    posterior = subject.posterior
    alpha = posterior.alpha
    if not alpha.size:
        return None
    a, b = posterior.a, posterior.b
    mean, strength = (a / (a + b)).mean(axis=(0, 1)), np.exp(np.log(a + b).mean(axis=(0, 1)))
    what = "column" if subject.table else "pixel"
    alt = (
        f"Prior of {count(mean.size, what)}: the mean lies between {number(float(mean.min()), 2)} and "
        f"{number(float(mean.max()), 2)}, the strength between {number(float(strength.min()), 2)} and "
        f"{number(float(strength.max()), 2)}."
    )
    return {
        "picture": figure_picture(lambda: hyperparameters(posterior), alt),
        "alpha": f"{number(float(alpha.mean()), 3)}"
        + (f" ± {number(float(alpha.std()), 2)}" if alpha.size > 1 else ""),
        "what": what,
    }
