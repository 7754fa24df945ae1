"""The command ``profile``: what the clusters of a table are."""

import textwrap

from dpmix.base.escaping import encoded, for_csv
from dpmix.cli.files import PICTURES, check_file, save_picture, use_no_display
from dpmix.cli.known import add_partition, partition_of
from dpmix.cli.options import add_command, add_overwrite, add_run
from dpmix.cli.streams import show
from dpmix.cli.told import as_json

__all__ = ["add_to"]

_PROFILE = """\
For each cluster of the partition that stands for the run, the columns that set it apart from all other rows,
the strongest first: how probable the column is to be on in a row like its members, and elsewhere. Only what is
sure is told: where an interval of 95 % of the log odds against the rest, over draws, does not hold 0.

With -o, a picture of all clusters by columns (.png, .pdf, .svg), or a table (.csv) of every cluster and column
with both probabilities, the log odds in nats, and the ends of their interval."""

_EXAMPLES = (
    "dpmix profile run",
    "dpmix profile run -o profile.png",
    "dpmix profile run --partition partition.npz --most 3 -o profile.csv",
)
_COLUMNS, _WIDTH = 5, 88


def add_to(commands):
    """Add the command ``profile``."""
    summary = "say what sets the clusters of a table apart"
    parser = add_command(commands, "profile", _profile, summary, _PROFILE, "RUN [options]", _EXAMPLES)
    add_run(parser)
    add_partition(parser)
    parser.add_argument(
        "--most", type=int, metavar="N", help=f"columns to name of each cluster (default: {_COLUMNS})"
    )
    parser.add_argument(
        "-o", "--out", metavar="FILE", help=f"file to write: {', '.join((*PICTURES, '.csv'))}"
    )
    parser.add_argument("--json", action="store_true", default=False, help="as JSON")
    add_overwrite(parser)


def _profile(arguments):
    path = check_file(arguments.out, arguments.overwrite, (*PICTURES, ".csv")) if "out" in arguments else None
    use_no_display()
    import dpmix
    from dpmix.base.checks import check_count
    from dpmix.base.files import replace_files

    most = check_count("most", getattr(arguments, "most", _COLUMNS))
    posterior = dpmix.load(arguments.folder)
    found = dpmix.partitions.profile(posterior, partition_of(posterior, arguments))
    if path and path.suffix.lower() == ".csv":
        replace_files(path.parent, {path.name: lambda file: file.write(encoded(_csv(found)))})
    elif path:
        save_picture(dpmix.plot.profiles(found), path)
    if arguments.json:
        show(as_json(_fields(found, most)))
    else:
        lines = [textwrap.fill(line, _WIDTH, subsequent_indent="  ") for line in found.words(most)]
        show("\n".join(lines))


def _fields(found, most):
    """The columns that set clusters apart, a dictionary for JSON."""
    clusters = []
    for k, size in enumerate(found.sizes.tolist()):
        columns = [
            {
                "column": found.columns.names[j],
                **{
                    name: float(getattr(found, name)[k, j])
                    for name in ("proba", "rest", "log_odds", "low", "high")
                },
            }
            for j in found.set_apart(k, most).tolist()
        ]
        clusters.append({"cluster": k, "size": size, "columns": columns})
    return {"n": int(found.sizes.sum()), "values": found.columns.values, "unit": "nats", "clusters": clusters}


def _csv(found):
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = found.to_dict()
    writer.writerow(columns)
    for row in zip(*columns.values(), strict=True):
        writer.writerow([f"{cell:.6g}" if isinstance(cell, float) else for_csv(cell) for cell in row])
    return text.getvalue()
