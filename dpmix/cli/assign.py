"""The command ``assign``: which cluster of a run each of new images belongs to."""

from dpmix.base.escaping import encoded, for_csv
from dpmix.base.text import count
from dpmix.cli.files import check_file
from dpmix.cli.known import add_partition, partition_of
from dpmix.cli.options import add_command, add_observed, add_overwrite, add_run, add_source
from dpmix.cli.runs import load_query
from dpmix.cli.streams import show

__all__ = ["add_to"]

_ASSIGN = """\
The clusters are those of the partition that stands for the run, numbered as 'dpmix partition -o' does,
and stay as they are, whatever comes. A line of FILE tells of an image its row in SOURCE, its name where it
has one, the cluster that it most probably belongs to, the probability of that one, the probability that it
belongs to none of them but would open a cluster of its own, and its log probability under all draws in nats:
the lower, the odder. Pixels that are not observed, by NaN in SOURCE or by --observed, are summed over."""

_EXAMPLES = (
    "dpmix assign run 'digits[1600:]' -o clusters.csv",
    "dpmix assign run new.npy --partition partition.npz --odd-first -o clusters.csv",
)


def add_to(commands):
    """Add the command ``assign``."""
    summary, usage = "put new images into the clusters of a run", "RUN SOURCE -o FILE [options]"
    parser = add_command(commands, "assign", _assign, summary, _ASSIGN, usage, _EXAMPLES, source=True)
    add_run(parser)
    add_source(parser)
    add_observed(parser)
    add_partition(parser)
    parser.add_argument("-o", "--out", required=True, metavar="FILE", help="table to write: .csv")
    parser.add_argument(
        "--odd-first",
        action="store_true",
        default=False,
        help="the images that the run expects least come first (default: in the order of SOURCE)",
    )
    add_overwrite(parser)


def _assign(arguments):
    path = check_file(arguments.out, arguments.overwrite, (".csv",))
    import numpy as np

    import dpmix
    from dpmix.base.files import replace_files

    posterior, images, observed = load_query(arguments)
    partition = partition_of(posterior, arguments)
    found = dpmix.queries.assign(posterior, images, partition, observed)
    columns = {
        "image": range(len(images)),
        **({"name": list(map(for_csv, images.names))} if images.names else {}),
        "cluster": found.cluster.tolist(),
        "probability": [f"{share:.6f}" for share in found.probability],
        "new": [f"{share:.6f}" for share in found.new],
        "log_predictive": [f"{value:.4f}" for value in found.log_predictive],
    }
    text = _csv(columns, found.odd_first() if arguments.odd_first else range(len(images)))
    replace_files(path.parent, {path.name: lambda file: file.write(encoded(text))})
    new, total = int((found.new > 0.5).sum()), len(np.unique(getattr(partition, "labels", partition)))
    clusters = count(len(np.unique(found.cluster)), "cluster")
    show(
        f"{count(len(images), 'image')} in {clusters} of {total:,}, {new:,} more probably in one of their own"
    )


def _csv(columns, order):
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([column[row] for column in columns.values()] for row in order)
    return text.getvalue()
