"""Words and numbers of a report: how they are written, and what they mean."""

import math

from dpmix.base.text import count

__all__ = ["GLOSSARY", "MODEL_GLOSSARY", "duration", "images_or_rows", "number", "share", "span"]

GLOSSARY = (
    ("alpha", "concentration of the Dirichlet process: the larger it is, the more clusters are expected."),
    ("burn-in", "the sweeps at the start of a chain, while it finds its way; they give no draws."),
    ("chain", "one run of the sampler from a start of its own. Several show whether the answer depends on it."),
    ("confidence", "of an image: how often, over all draws, it is with the others of its cluster."),
    ("decided", "an image with a confidence of a half or more: most draws have it with the same others."),
    ("draw", "what a chain keeps of a sweep: a partition of all images, and the hyperparameters with it."),
    ("ESS", "effective sample size: how many independent draws the draws are worth."),
    ("log joint", "logarithm of the probability of images and partition together; higher is a better fit."),
    ("log predictive", "logarithm of the probability that the run gives to an image."),
    ("mean and strength", "of a pixel: the probability to be on in a new cluster, a / (a + b), and how many "
     "images a cluster needs before it is of another mind, a + b."),
    ("nats", "natural units of information: 1 nat is 1.44 bits. An image that is 1 nat less probable is e = 2.7 "
     "times less probable."),
    ("point estimate", "the one partition with the least expected distance from all draws."),
    ("R-hat", "variation of all draws over that within chains: 1 where chains agree, and at most 1.01 is wanted."),
    ("sweep", "every image reassigned once, and every other move tried."),
    ("typical, odd", "members of a cluster with the highest and the lowest confidence in it."),
    ("variation of information", "how far two partitions are apart, in nats: 0 if they are the same."),
)  # fmt: skip

MODEL_GLOSSARY = (
    ("code", "what the hidden units make of an image."),
    ("decided", "a pixel whose probability is clearly above or below a half; between, it is undecided."),
    ("epoch", "one pass over the training images."),
    ("nats", "natural units of information: 1 nat is 1.44 bits."),
    ("recall", "the share of the images of a class that are recognised as such."),
    ("RMSE", "root mean square error: what is lost of a pixel on the way to the code and back."),
    ("validation", "images that are put aside, on which a training is watched."),
)


def images_or_rows(number, table):
    """So many images, or rows where they are those of a table."""
    return count(number, "row" if table else "image")


def number(value, digits=4):
    """A number as people write it, "-" where it is not known."""
    if value is None or not math.isfinite(value):
        return "-"
    if value == int(value) or abs(value) >= 10**digits:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def share(part, whole=1):
    """A share in per cent, never rounded to none or all where it is neither; a space that does not break before it."""
    value = 100 * part / whole if whole else 0.0
    if 0 < value < 0.1:
        told = "< 0.1"
    elif 99.9 < value < 100:
        told = "> 99.9"
    else:
        told = f"{value:.0f}" if value in (0, 100) or 9.95 <= value < 99 else f"{value:.1f}"
    return f"{told}\N{NO-BREAK SPACE}%"


def span(low, high, noun):
    """From so many to so many things.

    Examples
    --------
    >>> span(3, 3, "cluster"), span(3, 1200, "cluster")
    ('3 clusters', '3 to 1,200 clusters')
    """
    return count(high, noun) if low == high else f"{low:,} to {count(high, noun)}"


def duration(seconds):
    """Seconds in words.

    Examples
    --------
    >>> duration(0.42), duration(75), duration(8000)
    ('0.4 s', '1 min 15 s', '2 h 13 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, left = divmod(minutes, 60)
    return f"{hours:,} h {left} min" if hours else f"{minutes} min {rest} s"
