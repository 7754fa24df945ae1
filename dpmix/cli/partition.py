"""The command ``partition``: one partition out of many, how sure it is, and who is in it."""

import textwrap

from dpmix.base.escaping import encoded
from dpmix.base.text import count, table
from dpmix.cli.files import check_file
from dpmix.cli.known import add_labels, add_search, known_labels, partition_of
from dpmix.cli.options import add_command, add_overwrite, add_run, given
from dpmix.cli.streams import show
from dpmix.cli.told import as_json
from dpmix.cli.wording import in_shell_words

__all__ = ["add_to"]

_PARTITION = """\
Of all draws of all chains, one partition that stands for them: that with the least expected distance
from the partition that is meant (the variation of information in nats, or Binder's loss, the share of
pairs of images that one puts together and the other apart), as far as a search finds it, and with no
more clusters than the median draw unless --max-clusters allows more.

Then how far the draws reach around it (the credible ball), how sure images are of their cluster (the
probability to be with its other members, averaged over these), and of each cluster the members that are
most sure and those that are least. Where labels are known, how it agrees with them: adjusted Rand index,
normalised mutual information, purity, homogeneity and completeness, 1 at best.

With -o, for every image its cluster, counted from 0 by decreasing size: .npy holds these numbers; .npz
the arrays labels and confidence; .csv a line for each image, with its name where it has one, such as that of its
file or of its row in a table, and its label, too, where labels are known."""

_EXAMPLES = (
    "dpmix partition run",
    "dpmix partition run --labels digits -o partition.csv",
    "dpmix partition run --loss binder --json",
)

_FILES = (".npy", ".npz", ".csv")
_CLUSTERS, _MEMBERS = 20, 5
_WIDTH = 88  # of sentences


def add_to(commands):
    """Add the command ``partition``."""
    summary = "give the partition that stands for a run"
    parser = add_command(commands, "partition", _partition, summary, _PARTITION, "RUN [options]", _EXAMPLES)
    add_run(parser)
    add_search(parser)
    parser.add_argument(
        "--level", type=float, metavar="P", help="probability that the credible ball holds (default: 0.95)"
    )
    add_labels(parser)
    parser.add_argument(
        "--most", type=int, metavar="N", help=f"clusters to list, the largest (default: {_CLUSTERS}; 0: none)"
    )
    parser.add_argument("-o", "--out", metavar="FILE", help=f"file of clusters to write: {', '.join(_FILES)}")
    parser.add_argument("--json", action="store_true", default=False, help="as JSON, with all clusters")
    add_overwrite(parser)


def _partition(arguments):
    path = check_file(arguments.out, arguments.overwrite, _FILES) if "out" in arguments else None
    import dpmix
    from dpmix.base.checks import check_count
    from dpmix.partitions import cluster_members

    posterior = dpmix.load(arguments.folder)
    most = check_count("most", getattr(arguments, "most", _CLUSTERS), low=0)
    y, names = known_labels(posterior, arguments)
    estimate = partition_of(posterior, arguments)
    ball = dpmix.partitions.credible_ball(posterior, estimate, **given(arguments, "level"))
    members = cluster_members(posterior, estimate, typical=_MEMBERS, odd=_MEMBERS)
    if path:
        _save(path, estimate.labels, members.confidence, y, names, posterior.names)
    found = _fields(estimate, ball, members, y)
    show(as_json(found) if arguments.json else _text(found, most))


def _fields(estimate, ball, members, y):
    """All that is found, a dictionary for JSON."""
    import dpmix

    clusters = []
    for k, size in enumerate(members.sizes.tolist()):
        mean = float(members.confidence[estimate.labels == k].mean())
        parts = {"typical": members.typical[k].tolist(), "odd": members.odd[k].tolist()}
        clusters.append({"size": size, "confidence": mean, **parts})
    bounds = {name: getattr(ball, name) for name in ("upper", "lower", "horizontal")}
    edges = {
        name: {
            "n_clusters": edge.n_clusters,
            "distance": edge.distance,
            "chain": edge.chain,
            "draw": edge.draw,
        }
        for name, edge in bounds.items()
    }
    found = {
        "n": len(estimate.labels),
        "n_clusters": estimate.n_clusters,
        "loss": estimate.loss,
        "expected_loss": estimate.expected_loss,
        "unit": "nats" if estimate.loss == "vi" else "share of pairs",
        "found_from": estimate.found_from,
        "max_clusters": estimate.max_clusters,
        "free": {"n_clusters": estimate.free_clusters, "expected_loss": estimate.free_loss},
        "draw_clusters": dict(zip(("least", "median", "most"), estimate.draw_clusters, strict=True)),
        "alone": int((estimate.sizes == 1).sum()),
        "notes": [in_shell_words(note) for note in estimate.notes],
        "draws": ball.distances.size,
        "draws_searched": estimate.n_draws,
        "ball": {"level": ball.level, "coverage": ball.coverage, "radius": ball.radius, **edges},
        "confidence": float(members.confidence.mean()),
        "unsure": int((members.confidence < 0.5).sum()),
    }
    if y is not None:
        known = y >= 0
        agreement = vars(dpmix.partitions.compare_labels(estimate.labels[known], y[known]))
        found["labels"] = {"n": int(known.sum()), **agreement}
    return {**found, "clusters": clusters}


def _text(found, most):
    loss = "variation of information" if found["loss"] == "vi" else "Binder's loss"
    unit = " nats" if found["loss"] == "vi" else ""
    ball = found["ball"]
    few, many = (ball[edge]["n_clusters"] for edge in ("upper", "lower"))
    span = count(many, "cluster") if few == many else f"{few:,} to {count(many, 'cluster')}"
    searched = (
        "" if found["draws"] == found["draws_searched"] else f", {found['draws_searched']:,} of them searched"
    )
    alone = f", {found['alone']:,} of them of one image" if found["alone"] else ""
    lines = [
        f"partition   {count(found['n'], 'image')} in {count(found['n_clusters'], 'cluster')}{alone}; found from "
        f"{found['found_from']}",
        f"loss        {loss} {found['expected_loss']:.4g}{unit}, the mean over {count(found['draws'], 'draw')}"
        f"{searched}",
        f"ball        {ball['coverage']:.0%} of draws are within {ball['radius']:.4g}{unit}; they have {span}",
        f"confidence  {found['confidence']:.2f} on average, below a half for {count(found['unsure'], 'image')}: "
        "how often an image is with the others of its cluster",
    ]
    if "labels" in found:
        words = [f"{name} {value:.3f}" for name, value in found["labels"].items() if name != "n"]
        lines.append(f"labels      {', '.join(words)} ({count(found['labels']['n'], 'image')}; 1 is perfect)")
    if most:
        lines += ["", *_cluster_rows(found["clusters"], most)]
    return "\n".join([*lines, "", textwrap.fill(" ".join(found["notes"]), _WIDTH, break_on_hyphens=False)])


def _cluster_rows(clusters, most):
    rows = [("cluster", "images", "confidence", "most typical", "most odd")]
    for k, cluster in enumerate(clusters[:most]):
        typical, odd = (" ".join(map(str, cluster[name])) or "-" for name in ("typical", "odd"))
        rows.append((f"{k}", f"{cluster['size']:,}", f"{cluster['confidence']:.2f}", typical, odd))
    lines = table(rows, left={3, 4})
    rest = clusters[most:]
    if rest:
        images = sum(cluster["size"] for cluster in rest)
        lines.append(f"+ {count(len(rest), 'smaller cluster')} with {count(images, 'image')}")
    return lines


def _save(path, labels, confidence, y, names, rows):
    """Write what is known of every image to `path` in the format of its ending."""
    import numpy as np

    from dpmix.base.files import replace_files
    from dpmix.cli.files import save_array
    from dpmix.partitions.csv_text import partition_csv

    if path.suffix.lower() == ".npy":
        save_array(labels, path)
    elif path.suffix.lower() == ".npz":
        arrays = {"labels": labels, "confidence": confidence}
        replace_files(path.parent, {path.name: lambda file: np.savez(file, **arrays)})
    else:
        text = partition_csv(labels, confidence, y, names, rows)
        replace_files(path.parent, {path.name: lambda file: file.write(encoded(text))})
