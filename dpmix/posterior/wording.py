"""The words and the table of `Posterior.summary`."""

import math
import textwrap

from dpmix.base.text import count, table
from dpmix.base.wording import Wording
from dpmix.posterior.agreement import FEW, MIN_DRAWS, RATIO_GOOD, partitions_differ

__all__ = ["advise", "advise_in_burn_in", "as_text", "distance_line", "rows_of", "without_labels"]

_NAMES = {
    "log_joint": "log joint (nats)",
    "n_clusters": "clusters",
    "alpha": "alpha",
    "entropy": "entropy of sizes (nats)",
}
_HEADINGS = ("mean", "sd", "MCSE", "R-hat", "ESS bulk", "ESS tail")
_WIDTH = 88
_MANY = 40  # clusters that nobody looks at one by one
_TRIFLE = 0.005  # nats per image

_NEARLY = (
    "The chains nearly agree{evidence}. Run more sweeps before quoting means and intervals: {more_sweeps}."
)
_DISAGREE = (
    "The chains do not agree{evidence}: they are in different modes of the posterior, as is usual with hundreds "
    "of pixels, or still on their way. Predictions average over chains and gain from every mode: for them, many "
    "short chains are right. The number of clusters, alpha and the clusters themselves hold for one chain at a "
    "time, and their range over the chains is no posterior interval: for them, and for a point estimate, run few "
    "long chains, such as {long_chains}, or go on with these: {more_sweeps}."
)
_SAME_CLUSTERS = (
    "The chains do not agree{evidence}, although they find much the same clusters: two draws are "
    "hardly further apart when they are of different chains. Run more sweeps before quoting means and "
    "intervals: {more_sweeps}. Which images belong together can be read from all chains."
)


def as_text(summary):
    """The table of a `dpmix.posterior.summary.Summary`, and below it what it means."""
    lines = [*table(rows_of(summary), left={0}), "", distance_line(summary.distance), ""]
    notes = (textwrap.fill(note, _WIDTH, break_on_hyphens=False) for note in summary.notes)
    return "\n".join([*lines, *notes])


def rows_of(summary):
    """The cells of that table, the headings first."""
    what = "in burn-in" if summary.in_burn_in else f"of {count(summary.draws, 'draw')}"
    rows = [(f"{count(summary.chains, 'chain')} {what}", *_HEADINGS)]
    return rows + [(_NAMES[name], *_cells(quantity)) for name, quantity in summary.quantities.items()]


def advise(chains, draws, quantities, distance, verdict, gain=None):
    """What a verdict means and what to do about it: a tuple of paragraphs."""
    if not draws:
        return (
            Wording(
                "There are no draws: the chains ended within the burn-in. Run more sweeps: {more_sweeps}."
            ),
        )
    notes = [
        *_note_verdict(quantities, distance, verdict),
        *_note_short(chains, draws, quantities),
        *_note_many(quantities),
    ]
    if verdict in ("agree", "unknown"):
        notes += _note_few(quantities)
    if gain is not None:
        notes.append(_note_gain(chains, gain))
    return tuple(notes)


def _note_verdict(quantities, distance, verdict):
    """Whether the chains agree, and what follows."""
    if verdict == "agree":
        return ["The chains agree: nothing here speaks against pooling their draws."]
    evidence = _evidence(quantities, distance)
    if verdict == "nearly":
        return [Wording(_NEARLY, evidence=evidence)]
    if verdict == "disagree" and partitions_differ(quantities, distance):
        return [Wording(_DISAGREE, evidence=evidence)]
    return [Wording(_SAME_CLUSTERS, evidence=evidence)] if verdict == "disagree" else []


def _note_short(chains, draws, quantities):
    """What too few chains, too few draws, or draws that are all alike leave unknown."""
    notes = []
    if chains == 1:
        notes.append(
            Wording(
                "One chain cannot show whether it has found the posterior: run several ({five_chains}) and "
                "compare them. R-hat needs two."
            )
        )
    if draws < MIN_DRAWS:
        notes.append(
            Wording(
                "R-hat and effective sample sizes need at least {needed} draws of each chain; got {draws}. "
                "Run more sweeps: {more_sweeps}.",
                needed=MIN_DRAWS,
                draws=draws,
            )
        )
    elif quantities["log_joint"].sd == 0:
        notes.append(
            Wording(
                "All draws are alike. A chain that cannot move looks the same as one that is sure: "
                "compare chains from other starts, such as {other_start}."
            )
        )
    return notes


def _note_many(quantities):
    """How there would be fewer clusters, where there are many."""
    clusters = quantities["n_clusters"].mean
    if clusters < _MANY:
        return []
    return [
        Wording(
            "{clusters:.0f} clusters are many to look at, and follow from the prior, too: {coarse} gives fewer "
            "and broader ones.",
            clusters=clusters,
        )
    ]


def _note_gain(chains, gain):
    """What twice as many chains would gain, and on which images that was found."""
    which = (
        f"{gain.images:,} images that were put aside" if gain.held_out else f"{gain.images:,} of the images"
    )
    if gain.doubling < _TRIFLE:
        return Wording(
            "More chains would predict images no better (found by leaving chains out, on {which}).",
            which=which,
        )
    return Wording(
        "Twice as many chains, {chains}, would predict an image better by about {doubling:.2g} nats (found by "
        "leaving chains out, on {which}).",
        chains=2 * chains,
        doubling=gain.doubling,
        which=which,
    )


def advise_in_burn_in(sweeps, burn_in):
    """What is to be said of chains that have no draw yet: a tuple of paragraphs."""
    return (
        Wording(
            "These are no draws from the posterior: the run was stopped in its burn-in, after {sweeps} of "
            "{burn_in} sweeps, and the numbers are of where each chain stands. Go on with it: {resume_saved}.",
            sweeps=sweeps,
            burn_in=burn_in,
        ),
    )


def without_labels():
    """What is to be said of draws that are kept as counts."""
    return Wording(
        "Draws are kept as counts: how far apart their partitions are is not known. {keep_labels} keeps labels."
    )


def _note_few(quantities):
    sizes = {name: quantity.ess_bulk for name, quantity in quantities.items() if quantity.ess_bulk < FEW}
    if not sizes:
        return []
    name = min(sizes, key=sizes.get)
    return [
        Wording(
            "There are few independent draws: those of {name} are worth {size:.0f}, so that its mean is known "
            "to about {error:.2g} standard deviations. More sweeps bring it closer: {more_sweeps}.",
            name=_word(name),
            size=sizes[name],
            error=1 / math.sqrt(sizes[name]),
        )
    ]


def _evidence(quantities, distance):
    r_hats = {name: quantity.r_hat for name, quantity in quantities.items() if not math.isnan(quantity.r_hat)}
    found = []
    if r_hats:
        name = max(r_hats, key=r_hats.get)
        found.append(f"R-hat is {_r_hat(r_hats[name])} for {_word(name)}")
    if distance.between > RATIO_GOOD * distance.within:
        found.append(f"partitions are {_times(distance)} as far apart between chains as within")
    return f" ({', '.join(found)})" if found else ""


def distance_line(distance):
    """How far partitions are apart, in words."""
    values = ((distance.within, "within a chain"), (distance.between, "between chains"))
    known = [f"{value:.3g} {where}" for value, where in values if not math.isnan(value)]
    if not known:
        return "partitions: variation of information not known"
    times = f" ({_times(distance)})" if len(known) == 2 and distance.within > 0 else ""
    return f"partitions: variation of information, in nats, {', '.join(known)}{times}"


def _times(distance):
    return f"{distance.between / distance.within:.3g} times" if distance.within else "infinitely many times"


def _cells(quantity):
    """A row of the table: mean, sd and MCSE to the first digit of the MCSE; "-" for what is not known."""
    numbers = (quantity.mean, quantity.sd, quantity.mcse)
    finest = quantity.mcse if quantity.mcse > 0 else quantity.sd / 10
    if finest > 0:
        decimals = min(max(-math.floor(math.log10(finest)), 0), 6)
        written = [f"{value:,.{decimals}f}" for value in numbers]
    else:
        written = [f"{value:,.6g}" for value in numbers]
    sizes = [f"{value:,.0f}" for value in (quantity.ess_bulk, quantity.ess_tail)]
    return ["-" if "nan" in cell else cell for cell in (*written, _r_hat(quantity.r_hat), *sizes)]


def _r_hat(value):
    if value > 99:
        return "> 99"
    return f"{value:.3f}" if value < 1.1 else f"{value:.2f}"


def _word(name):
    return {
        "log_joint": "the log joint",
        "n_clusters": "the number of clusters",
        "alpha": "alpha",
        "entropy": "the entropy of the sizes",
    }[name]
