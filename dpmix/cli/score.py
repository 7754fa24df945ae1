"""The command ``score``: how well a run predicts images, and how its clusters agree with labels."""

from dpmix.base.errors import InputError
from dpmix.base.text import count
from dpmix.cli.options import add_command, add_observed, add_run, add_source
from dpmix.cli.runs import load_query
from dpmix.cli.streams import show
from dpmix.cli.told import as_json

__all__ = ["add_to"]

_SCORE = """\
The log probability that the run gives to images, in nats per image; of two runs, the one with the
higher value predicts them better. Choose images that neither has seen. Draws of all chains are
averaged as densities. Of images that are observed in part, the log probability is that of this part.

With --labels, also how the clusters of the last draw of each chain agree with the labels of SOURCE:
adjusted Rand index, normalised mutual information, purity, homogeneity and completeness, 1 at best.
Each image counts for the cluster that it most probably belongs to; those whose label is -1, which means
not known, are left out of this."""

_SCORE_EXAMPLES = ("dpmix score run mnist:test --classes 2,3",)


def add_to(commands):
    """Add the command ``score``."""
    summary, usage = "measure how well a run predicts images", "RUN SOURCE [options]"
    score = add_command(commands, "score", _score, summary, _SCORE, usage, _SCORE_EXAMPLES, source=True)
    add_run(score)
    add_source(score)
    add_observed(score)
    score.add_argument(
        "--labels",
        action="store_true",
        default=False,
        help="also compare the clusters with the labels of SOURCE",
    )
    score.add_argument("--json", action="store_true", default=False, help="as JSON")


def _score(arguments):
    import numpy as np

    import dpmix
    from dpmix.posterior.gain import gain_of

    posterior, images, observed = load_query(arguments)
    if arguments.labels and (images.y is None or images.y.max() < 0):
        raise InputError(f"--labels: {arguments.source} has no labels; leave it out")
    values = dpmix.log_predictive(posterior, images, observed)
    n, mean = len(values), float(np.mean(values))
    error = float(np.std(values, ddof=1) / np.sqrt(n)) if n > 1 else None
    gain = gain_of(posterior, images, observed)
    agreement = _agreement(posterior, images, observed) if arguments.labels else {}
    if arguments.json:
        fields = {"n": n, "log_predictive": mean, "standard_error": error, "unit": "nats per image"}
        fields |= {} if gain is None else {"doubling": gain.doubling}
        show(as_json({**fields, **({"labels": agreement} if agreement else {})}))
        return
    spread = "" if error is None else f", standard error {error:.2f}"
    show(f"log predictive {mean:.2f} nats per image{spread} ({count(n, 'image')})")
    if gain is not None:
        show(f"twice as many chains would gain about {gain.doubling:.2g} nats per image")
    for name, per_chain in agreement.items():
        show(f"{name:14} {'  '.join(f'{value:.3f}' for value in per_chain)}")


def _agreement(posterior, images, observed):
    """How the last draw of each chain agrees with the labels: for each measure, one value a chain."""
    import dpmix
    from dpmix.partitions import compare_labels

    chains = range(len(posterior.alpha))
    found = [
        dpmix.queries.responsibilities(posterior, images, c, observed=observed).argmax(axis=1) for c in chains
    ]
    known = images.y >= 0
    compared = [vars(compare_labels(partition[known], images.y[known])) for partition in found]
    return {name: [float(one[name]) for one in compared] for name in compared[0]}
