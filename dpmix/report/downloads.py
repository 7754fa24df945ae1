"""Files inside the page, for programs: the cluster of each image, and the summary."""

import base64
import json

import numpy as np

from dpmix.base.escaping import encoded
from dpmix.partitions.csv_text import partition_csv

__all__ = ["downloads"]

_MOST = 1_000_000  # bytes of a file inside the page


def downloads(subject, summary, found):
    """Links to what is small enough, each with its name, its size and what it holds; and what is left out."""
    files = [
        ("summary.json", "application/json", "the run, the verdict and its figures", _summary(subject, summary, found))
    ]  # fmt: skip
    if found is not None:
        files.append(
            ("labels.csv", "text/csv", f"the cluster of each of {subject.things()}", _labels(subject, found))
        )
    return {
        "files": [
            {"name": name, "holds": holds, "size": _size(content), "uri": _uri(kind, content)}
            for name, kind, holds, content in files
            if len(content) <= _MOST
        ],
        "left": [name for name, _, _, content in files if len(content) > _MOST],
    }


def _summary(subject, summary, found):
    posterior = subject.posterior
    table = posterior.table
    fields = {
        "version": posterior.version,
        "created": subject.created,
        "source": subject.source,
        "n": table.n,
        "d": table.d,
        "shape": [int(side) for side in table.shape],
        "digest": table.digest,
        **posterior.plan.to_json(),
        "summary": summary.to_dict() | {"notes": [subject.say(note) for note in summary.notes]},
    }
    if found is not None:
        fields["partition"] = {
            "n_clusters": len(found.sizes),
            "sizes": found.sizes.tolist(),
            "confidence": float(found.members.confidence.mean()),
        }
    return json.dumps(fields, indent=1, allow_nan=False).encode()


def _labels(subject, found):
    y, names = None, None
    if subject.y is not None:
        known, values = ~np.ma.getmaskarray(subject.y), np.ma.getdata(subject.y)
        classes, places = np.unique(values, return_inverse=True)
        y, names = np.where(known, places, -1), [str(name) for name in classes.tolist()]
    sure = found.members.confidence
    return encoded(partition_csv(found.labels, sure, y, names, subject.posterior.names))


def _uri(kind, content):
    return f"data:{kind};charset=utf-8;base64,{base64.b64encode(content).decode()}"


def _size(content):
    return f"{max(1, round(len(content) / 1000)):,} kB"
