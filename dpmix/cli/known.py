"""What commands read about the images of a run besides the run: known labels, and a partition to go by."""

import os

from dpmix.base.errors import InputError
from dpmix.cli.options import given
from dpmix.cli.streams import note

__all__ = ["add_labels", "add_partition", "known_labels", "partition_of"]

_SEARCH = ("loss", "draws", "max_clusters")
_LONG = 5_000_000  # images times draws from which the search for a partition is announced


def add_partition(parser):
    """Add where a partition comes from; read by `partition_of`."""
    parser.add_argument(
        "--partition",
        metavar="FILE",
        help="a partition that 'dpmix partition -o' wrote, .npy or .npz (default: the point estimate)",
    )
    add_search(parser)


def add_search(parser):
    """Add how a point estimate is searched for; read by `partition_of`."""
    parser.add_argument(
        "--loss",
        metavar="LOSS",
        help="of the point estimate: vi, the variation of information, or binder, Binder's loss (default: vi)",
    )
    parser.add_argument(
        "--draws",
        type=int,
        metavar="N",
        help="search among so many draws; fewer are faster (default: up to 500)",
    )
    parser.add_argument(
        "--max-clusters",
        type=int,
        metavar="K",
        help="largest number of clusters of the point estimate (default: that of the median draw)",
    )


def add_labels(parser):
    """Add known labels of the images of the run; read by `known_labels`."""
    parser.add_argument(
        "--labels",
        metavar="FROM",
        help="known labels: the SOURCE that the run is of, such as digits or mnist, or a .npy file with an "
        "integer for each image, -1 where not known (default: the labels that the run has learnt, if any)",
    )
    parser.add_argument(
        "--label-column",
        dest="label",
        metavar="COLUMN",
        help="where FROM is a table: the column that is the label",
    )
    parser.add_argument(
        "--classes", metavar="A,B,...", help="only images of FROM with these labels, as 'dpmix fit' was told"
    )


def partition_of(posterior, arguments):
    """Return the partition that was asked for: labels (n,) of a file, or a `PointEstimate`."""
    import dpmix

    if "partition" not in arguments:
        n_draws = min(posterior.n_clusters.size, getattr(arguments, "draws", 500))
        if posterior.table.n * n_draws > _LONG:
            note(f"searching for one partition of {posterior.table.n:,} images among {n_draws:,} draws")
        return dpmix.partitions.point_estimate(posterior, **given(arguments, *_SEARCH))
    options = list(given(arguments, *_SEARCH))
    if options:
        option = options[0].replace("_", "-")
        raise InputError(
            f"--{option} is for the point estimate, which --partition stands in for; leave one out"
        )
    path = arguments.partition
    labels = _read(path, "labels" if path.lower().endswith(".npz") else None)[0]
    return _one_each(labels, posterior, f"--partition {path}: must hold a cluster", "got")


def known_labels(posterior, arguments):
    """Return the known labels of the images of a run as integers (n,), -1 where not known, and their names.

    Returns
    -------
    labels : (n,) int64 array, or None where nobody knows any
    names : tuple of str, or None
    """
    if "labels" not in arguments:
        if "classes" in arguments:
            raise InputError("--classes chooses among the images of --labels FROM; pass --labels, too")
        if "label" in arguments:
            raise InputError("--label-column says where --labels FROM has its labels; pass --labels, too")
        table = posterior.table
        return (table.classes, table.label_names) if table.n_classes else (None, None)
    y, names = _labels_from(arguments.labels, arguments)
    if y is None:
        raise InputError(f"--labels {arguments.labels}: has no labels; choose another")
    way_out = "got"
    if "classes" in arguments:
        from dpmix.datasets.images import class_rows

        y = y[class_rows(y, [name.strip() for name in arguments.classes.split(",")], names)]
    else:
        way_out = "pass the --classes of 'dpmix fit', if it had any; got"
    y = _one_each(y, posterior, f"--labels {arguments.labels}: must hold a label", way_out)
    if y.max() < 0:
        raise InputError(f"--labels {arguments.labels}: must have a label of at least 0; found none")
    return y, names


def _labels_from(source, arguments):
    """Labels and their names, from a table, an array file or any other SOURCE."""
    from dpmix import datasets
    from dpmix.datasets.table_files import is_table_file, labels_in_table

    if is_table_file(source):
        if "label" not in arguments:
            raise InputError(
                f"--labels {source}: is a table; say which of its columns is the label by --label-column"
            )
        return labels_in_table(source, arguments.label)
    if "label" in arguments:
        raise InputError("--label-column is for --labels FROM that is a table; leave it out")
    if os.path.isfile(source):
        values, y = _read(source)
        return (values, None) if values.ndim == 1 else (y, None)
    images = datasets.load(source)
    return images.y, images.classes


def _read(path, key=None):
    from dpmix.datasets.arrays import read_array

    return read_array(path, lambda values, y: (values, y), key)


def _one_each(values, posterior, rule, got):
    """Return `values`, which must be an integer for each image of the run, as int64."""
    n = posterior.table.n
    if values.shape != (n,) or values.dtype.kind not in "iu":
        raise InputError(
            f"{rule} for each of the {n:,} images of the run, as an integer; {got} {values.dtype} "
            f"of shape {values.shape}"
        )
    return values.astype("int64")
