"""The command ``report``: one HTML file about a run or a model, to send to somebody."""

import os
from pathlib import Path

from dpmix.base.errors import InputError
from dpmix.cli.files import check_file, use_no_display
from dpmix.cli.known import add_labels, add_partition, known_labels, partition_of
from dpmix.cli.models import load_images, load_model
from dpmix.cli.options import (
    add_command,
    add_observed,
    add_overwrite,
    add_shape,
    given,
    load_observed,
    shape_of,
    tell_observed,
)
from dpmix.cli.streams import show
from dpmix.cli.wording import in_shell_words

__all__ = ["add_to"]

_REPORT = """\
The file is whole in itself: it needs no network and no server, and can be sent. Of a run it says in words whether
the chains agree and what to do about it, and shows what was run, traces, the clusters with typical and odd members
on a click, how sure all this is, who belongs together, the prior that was learned, and the images that fit least;
with --images also how well the run predicts them and what becomes of them half hidden; with --labels how the
clusters compare with labels. On the page images are drawn, hidden and completed, too. Of a model it shows how its
training went, what hidden units stand for, and with --images what it gives back of them and what a classifier
takes for what."""

_EXAMPLES = (
    "dpmix report run -o report.html",
    "dpmix report run -o report.html --images 'digits[1500:]' --labels 'digits[:1500]' --source 'digits[:1500]'",
    "dpmix report groups -o report.html --labels survey.csv --label-column region",
    "dpmix report dbn.npz -o dbn.html --images mnist:test",
)
_OF_PARTITION = ("partition", "loss", "draws", "max_clusters")
_OF_RUN = (*_OF_PARTITION, "labels", "from_source", "most", "observed")
_OF_MODEL = ("maximum", "shape")
_OF_IMAGES = ("threshold", "index", "drop", "delimiter", "encoding", "observed", "maximum")


def add_to(commands):
    """Add the command ``report``."""
    usage = "RUN|MODEL -o FILE [options]"
    report = add_command(
        commands,
        "report",
        _report,
        "write a page to send to somebody",
        _REPORT,
        usage,
        _EXAMPLES,
        source=True,
    )
    report.add_argument(
        "folder",
        metavar="RUN|MODEL",
        help="run folder that 'dpmix fit' wrote, or file that 'dpmix train' wrote",
    )
    report.add_argument("-o", "--out", required=True, metavar="FILE", help="page to write: .html")
    report.add_argument("--title", metavar="TEXT", help="heading (default: the name of the run or the model)")
    report.add_argument(
        "--source",
        dest="from_source",
        metavar="TEXT",
        help="what the run is of, as 'dpmix fit' was told, such as 'mnist --classes 2,3': for the page to tell",
    )
    report.add_argument(
        "--most", type=int, metavar="N", help="clusters to show, the largest (default: 60, at most 1,000)"
    )
    report.add_argument(
        "--no-play",
        action="store_true",
        default=False,
        help="leave out the part on which images are drawn, hidden and completed",
    )
    add_labels(report)
    add_partition(report)
    _add_images(report)
    add_shape(report)
    add_overwrite(report)


def _add_images(report):
    """Add --images and how to read them; --classes and --label-column are those of the labels, too."""
    report.add_argument(
        "--images",
        dest="source",
        metavar="SOURCE",
        help="images to ask the run or the model about, best such as it has not seen; see below. --classes and "
        "--label-column are for them, too",
    )
    add_observed(report)
    report.add_argument(
        "--threshold",
        type=float,
        metavar="T",
        help="of --images: a pixel is on where it is greater than T (default: 127 for MNIST and folders of images)",
    )
    report.add_argument(
        "--invert",
        action="store_true",
        default=False,
        help="of --images: exchange on and off, for ink on white",
    )
    report.add_argument(
        "--binary", action="store_true", default=False, help="of --images, for a model: make pixels 0 and 1"
    )
    table = {
        "--maximum": ("M", "of --images, for a model: value of a fully lit pixel", float),
        "--index": ("COLUMN", "of --images, a table: this column names the rows", str),
        "--drop": ("A,B,...", "of --images, a table: leave these columns out", str),
        "--delimiter": ("CHARACTER", "of --images, a .csv file", str),
        "--encoding": ("NAME", "of --images, a .csv file (default: utf-8)", str),
    }
    for name, (metavar, text, kind) in table.items():
        report.add_argument(name, type=kind, metavar=metavar, help=text)


def _report(arguments):
    path = check_file(arguments.out, arguments.overwrite, (".html",))
    if "source" not in arguments:
        _refuse(arguments, _OF_IMAGES, "of --images, which are not given")
    use_no_display()
    if os.path.isfile(arguments.folder):
        _refuse(arguments, _OF_RUN, "for a run, and this is a model")
        _of_model(arguments, path)
    else:
        _refuse(arguments, _OF_MODEL, "for a model, and this is a run")
        _of_run(arguments, path)
    show(f"{path} ({max(1, round(path.stat().st_size / 1000)):,} kB)")


def _refuse(arguments, names, why):
    for name in given(arguments, *names):
        option = {"from_source": "source"}.get(name, name).replace("_", "-")
        raise InputError(f"--{option} is {why}; leave it out")


def _of_run(arguments, path):
    import numpy as np

    import dpmix
    from dpmix.report.document import put
    from dpmix.report.posterior_report import playground_of, posterior_page, subject_of
    from dpmix.store.run_folder import RunFolder

    posterior = dpmix.load(arguments.folder, burn_in=True)
    images, observed = None, None
    if "source" in arguments:
        images, observed = load_observed(arguments, posterior.columns)
        tell_observed(observed)
    y, names = _labels(posterior, arguments)
    if y is not None:
        y = np.ma.masked_array(y if names is None else np.array(names)[y], y < 0)
    subject = subject_of(
        posterior,
        images,
        observed,
        y,
        partition_of(posterior, arguments) if given(arguments, *_OF_PARTITION) else None,
        source=getattr(arguments, "from_source", None),
        clusters=getattr(arguments, "most", 60),
        folder=arguments.folder,
        created=RunFolder.open(arguments.folder).created,
        say=lambda text: in_shell_words(text, arguments.folder),
    )
    play = None if arguments.no_play else playground_of(subject)
    put(posterior_page(subject, _title(arguments), play), path)


def _labels(posterior, arguments):
    """Known labels; --classes and --label-column without --labels are about the images alone."""
    if "labels" in arguments or "source" not in arguments:
        return known_labels(posterior, arguments)
    return (posterior.table.classes, None) if posterior.table.n_classes else (None, None)


def _of_model(arguments, path):
    from dpmix import features
    from dpmix.report import write_model

    options = {"shape": shape_of(arguments)} if "shape" in arguments else {}
    if "source" in arguments:
        images = load_images(arguments)
        model = load_model(arguments.folder, arguments.source, images)
        options |= {"x": images}
    else:
        model = features.load(arguments.folder)
    write_model(model, path, title=_title(arguments), overwrite=arguments.overwrite, **options)


def _title(arguments):
    name = Path(os.path.abspath(arguments.folder)).name
    return getattr(arguments, "title", name)
