"""A partition as a table in a text: a line for each image, with the names that are known."""

import csv
import io

from dpmix.base.escaping import for_csv

__all__ = ["partition_csv"]


def partition_csv(labels, confidence, y=None, names=None, rows=None):
    """Return the text of a .csv file.

    Parameters
    ----------
    labels : (n,) array of int
        Cluster of each image.
    confidence : (n,) array of float
    y : (n,) array of int, optional
        Known labels, below 0 where not known.
    names : sequence of str, optional
        Of the labels.
    rows : sequence of str or int, optional
        Of the images.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    named = [] if rows is None else ["name"]
    writer.writerow(["image", *named, "cluster", "confidence", *([] if y is None else ["label"])])
    for image, (cluster, sure) in enumerate(zip(labels.tolist(), confidence.tolist(), strict=True)):
        row = [image, *(for_csv(rows[image]) for _ in named), cluster, f"{sure:.6f}"]
        if y is not None:
            known = y[image] >= 0
            row.append("" if not known else y[image] if names is None else for_csv(names[y[image]]))
        writer.writerow(row)
    return text.getvalue()
