"""The command ``plot``: pictures of a run and of the partition that stands for it."""

from dpmix.base.errors import InputError
from dpmix.base.text import count
from dpmix.cli.files import PICTURES, check_file, save_picture, use_no_display
from dpmix.cli.known import add_labels, add_partition, known_labels, partition_of
from dpmix.cli.models import decoder_of
from dpmix.cli.options import add_command, add_overwrite, add_picture, add_run, add_shape, given, shape_of
from dpmix.cli.streams import note

__all__ = ["add_to"]

_PLOT = """\
clusters         the clusters of one draw, largest first, with the number of images in each
trace            log joint and number of clusters of every chain, sweep by sweep
hyperparameters  what a cluster expects of each pixel before it has members, and how firmly
similarity       how often each pair of images is in one cluster, in the order of a partition
gallery          the clusters of a partition: mean image, most typical and most odd members
profiles         of a table: which columns set the clusters of a partition apart, and how surely
contingency      known labels against the clusters of a partition
embedding        images in a plane, by t-SNE of scikit-learn, coloured by the clusters of a partition

The partition is the point estimate of 'dpmix partition', or one that this has written."""

_EXAMPLES = (
    "dpmix plot run clusters -o clusters.png",
    "dpmix plot run clusters -o clusters.pdf --chain 2 --draw 0 --shrink",
    "dpmix plot run trace -o trace.svg",
    "dpmix plot coded clusters -o clusters.png --decode dbn.npz",
    "dpmix plot run gallery -o gallery.png --most 20",
    "dpmix plot run contingency -o contingency.png --labels digits",
    "dpmix plot run embedding -o plane.png --most 1000",
    "dpmix plot run similarity -o similarity.png --partition partition.npz",
)

_OF_PARTITION = ("partition", "loss", "draws", "most")
_OPTIONS = {
    "clusters": ("chain", "draw", "shrink", "decode", "shape"),
    "trace": (),
    "hyperparameters": (),
    "similarity": _OF_PARTITION,
    "gallery": _OF_PARTITION,
    "profiles": _OF_PARTITION,
    "contingency": (*_OF_PARTITION, "labels", "label", "classes"),
    "embedding": _OF_PARTITION,
}
_MOST_CLUSTERS = 60  # in a gallery
_MOST_POINTS, _FEWEST_POINTS = 2000, 5


def add_to(commands):
    """Add the command ``plot``."""
    usage = "RUN WHAT -o FILE [options]"
    plot = add_command(commands, "plot", _plot, "draw a run to a file", _PLOT, usage, _EXAMPLES)
    add_run(plot)
    plot.add_argument("what", metavar="WHAT", choices=tuple(_OPTIONS), help=", ".join(_OPTIONS))
    add_picture(plot, required=True)
    plot.add_argument(
        "--chain", type=int, metavar="C", help="clusters of this chain, counted from 0 (default: 0)"
    )
    plot.add_argument(
        "--draw",
        type=int,
        metavar="D",
        help="clusters of this draw, counted from 0, or by -1, -2, ... from the last (default: -1)",
    )
    plot.add_argument("--shrink", action="store_true", help="draw clusters with fewer images smaller")
    plot.add_argument(
        "--decode",
        metavar="MODEL",
        help="clusters of codes: turn them back into images with the model that 'dpmix encode' made the codes with",
    )
    add_shape(plot)
    plot.add_argument(
        "--most",
        type=int,
        metavar="N",
        help=f"similarity and embedding: so many images, at random (default: {_MOST_POINTS:,}); gallery, profiles "
        f"and contingency: so many clusters, the largest (default: {_MOST_CLUSTERS}; profiles 40)",
    )
    add_partition(plot)
    add_labels(plot)
    add_overwrite(plot)


def _plot(arguments):
    what = arguments.what
    for name in given(arguments, *{name: None for names in _OPTIONS.values() for name in names}):
        if name not in _OPTIONS[what]:
            takers = " and ".join(kind for kind, names in _OPTIONS.items() if name in names)
            option = "label-column" if name == "label" else name
            raise InputError(f"--{option} is for {takers} and says nothing to {what}; leave it out")
    path = check_file(arguments.out, arguments.overwrite, PICTURES)
    use_no_display()
    import dpmix

    posterior = dpmix.load(arguments.folder)
    draw = {
        "clusters": _clusters,
        "trace": lambda posterior, _: dpmix.plot.trace(posterior),
        "hyperparameters": lambda posterior, _: dpmix.plot.hyperparameters(posterior),
        "similarity": _similarity,
        "gallery": _gallery,
        "profiles": _profiles,
        "contingency": _contingency,
        "embedding": _embedding,
    }[what]
    save_picture(draw(posterior, arguments), path)


def _clusters(posterior, arguments):
    import dpmix

    options = given(arguments, "chain", "draw", "shrink")
    if "shape" in arguments:
        options["shape"] = shape_of(arguments)
    if "decode" in arguments:
        options["decoder"] = decoder_of(arguments.decode, posterior.table.d, arguments.folder)
    return dpmix.plot.clusters(posterior, **options)


def _similarity(posterior, arguments):
    import dpmix

    together = dpmix.partitions.co_clustering(posterior, **given(arguments, "most"))
    return dpmix.plot.similarity(together, partition_of(posterior, arguments))


def _gallery(posterior, arguments):
    import dpmix

    most = getattr(arguments, "most", _MOST_CLUSTERS)
    return dpmix.plot.gallery(posterior, partition_of(posterior, arguments), most=most)


def _profiles(posterior, arguments):
    import dpmix

    found = dpmix.partitions.profile(posterior, partition_of(posterior, arguments))
    return dpmix.plot.profiles(found, **({"clusters": arguments.most} if "most" in arguments else {}))


def _contingency(posterior, arguments):
    import numpy as np

    import dpmix

    y, names = known_labels(posterior, arguments)
    if y is None:
        raise InputError(
            f"contingency needs known labels, and {arguments.folder} has learnt none; pass --labels FROM"
        )
    partition = partition_of(posterior, arguments)
    known = y >= 0
    if not known.all():
        note(f"labels are known for {int(known.sum()):,} of {len(y):,} images; the picture is about these")
    shown = np.ma.masked_array(
        y if names is None else np.array(names)[y], ~known
    )  # -1 is masked, whatever it names
    return dpmix.plot.contingency(partition, shown, most=getattr(arguments, "most", _MOST_CLUSTERS))


def _embedding(posterior, arguments):
    import numpy as np

    import dpmix
    from dpmix.base.checks import check_count

    n = posterior.table.n
    most = check_count("--most", getattr(arguments, "most", _MOST_POINTS))
    if n < _FEWEST_POINTS:
        raise InputError(f"a plane needs {_FEWEST_POINTS} images at least; {arguments.folder} has {n}")
    rows = np.sort(np.random.default_rng(0).choice(n, most, replace=False)) if most < n else np.arange(n)
    partition = partition_of(posterior, arguments)
    labels = np.asarray(getattr(partition, "labels", partition))[rows]
    title = f"{len(rows):,} of {count(n, 'image')}" if len(rows) < n else count(n, "image")
    points = _plane(posterior.table, rows)
    title = f"{title} by t-SNE, in {count(len(np.unique(labels)), 'cluster')}"
    return dpmix.plot.embedding(points, labels, title=title)


def _plane(table, rows):
    """Points (m, 2) by t-SNE; what is not observed stands at the mean of its column."""
    import numpy as np
    from sklearn.manifold import TSNE

    seen, x = table.observed(rows).astype(bool), table.dense(rows).astype(float)
    means = np.ma.masked_array(x, ~seen).mean(axis=0)
    x = np.where(seen, x, np.ma.filled(means, 0.5))
    start = "pca" if min(x.shape) > 1 and np.ptp(x, axis=0).any() else "random"
    return TSNE(perplexity=min(30, (len(x) - 1) / 3), init=start, random_state=0).fit_transform(x)
