"""The command ``classify``: what a run or a network that has seen labels says of images, against their labels."""

import os

from dpmix.cli.features_models import add_grey_source, check_labels, load_images, load_model, trained_kind
from dpmix.cli.files import PICTURES, check_file, save_picture, use_no_display
from dpmix.cli.options import add_command, add_overwrite, add_picture
from dpmix.cli.queries import load_both
from dpmix.cli.report import as_json
from dpmix.cli.streams import show
from dpmix.errors import InputError

__all__ = ["add_commands"]

_CLASSIFY = """\
For a run that 'dpmix fit --labels' wrote, or a classifier that 'dpmix train' wrote. Asks for the label of
each image of SOURCE, given its pixels, and compares the most probable one with the label that SOURCE has:
the accuracy, for each class the area under the ROC curve (of its probability, this class against the
others), and the confusion matrix, a row for each true label and a column for each answer; -o draws it.

A run has pixels made 0 and 1; a classifier has the grey values from 0 to 1, unless --binary or
--threshold say otherwise: choose what it was trained with."""

_EXAMPLES = (
    "dpmix fit mnist -o run --labels --labelled 0.1",
    "dpmix classify run mnist:test",
    "dpmix train mnist --model classifier -o classifier.npz",
    "dpmix classify classifier.npz mnist:test",
)


def add_commands(commands):
    """Add the commands of this module."""
    summary, usage = "say what images show, and check it", "RUN|MODEL SOURCE [options]"
    parser = add_command(commands, "classify", _classify, summary, _CLASSIFY, usage, _EXAMPLES, source=True)
    parser.add_argument(
        "folder", metavar="RUN|MODEL", help="run folder that 'dpmix fit' wrote, or file that 'dpmix train' wrote"
    )
    add_grey_source(parser)
    add_picture(parser)
    add_overwrite(parser)
    parser.add_argument("--json", action="store_true", default=False, help="as JSON")


def _classify(arguments):
    picture = check_file(arguments.out, arguments.overwrite, PICTURES) if "out" in arguments else None
    proba, y = (_by_model if os.path.isfile(arguments.folder) else _by_run)(arguments)
    found = _compared(proba, y)
    if picture:
        use_no_display()
        import dpmix

        save_picture(dpmix.plot.confusion(y, proba.argmax(axis=1)), picture)
    show(as_json(found) if arguments.json else _text(found))


def _by_run(arguments):
    """Probabilities of labels (n, k) by a run, and the labels."""
    import dpmix

    if "maximum" in arguments:
        raise InputError("--maximum is for a model; a run takes --threshold")
    posterior, images = load_both(arguments)
    check_labels(arguments, images)
    return dpmix.predict_labels(posterior, images), images.y


def _by_model(arguments):
    """Probabilities of labels (n, k) by a classifier, 0 for labels that it does not know, and the labels."""
    import numpy as np

    images = load_images(arguments)
    model = load_model(arguments.folder, arguments.source, images)
    if trained_kind(model) != "classifier":
        raise InputError(
            f"{arguments.folder} holds no classifier; 'dpmix train --model classifier --init {arguments.folder}' "
            "makes one of it"
        )
    check_labels(arguments, images)
    known = model.classes_
    if known.dtype.kind not in "iu" or known[0] < 0:
        raise InputError(f"{arguments.folder} must know labels that are integers of at least 0; got {known[0]!r}")
    proba = np.zeros((len(images.y), int(known[-1]) + 1))
    proba[:, known] = model.predict_proba(images.x)
    return proba, images.y


def _compared(proba, y):
    """Accuracy, log loss, area under the curve by class and confusion matrix, a dictionary for JSON."""
    import numpy as np
    from sklearn.metrics import confusion_matrix, roc_auc_score

    n_classes = max(proba.shape[1], int(y.max()) + 1)
    answers, classes = proba.argmax(axis=1), range(n_classes)
    shown = [label for label in classes if (y == label).any() or (answers == label).any()]
    auc = {}
    for label in shown:
        mine = y == label
        possible = label < proba.shape[1] and proba[:, label].any() and mine.any() and not mine.all()
        auc[str(label)] = float(roc_auc_score(mine, proba[:, label])) if possible else None
    true = np.minimum(y, proba.shape[1])  # a label never seen has no probability
    padded = np.column_stack([proba, np.zeros(len(y))])
    with np.errstate(divide="ignore"):
        log_loss = -np.log(padded[np.arange(len(y)), true])
    return {
        "n": len(y),
        "accuracy": float((answers == y).mean()),
        "log_loss": float(log_loss.mean()) if np.isfinite(log_loss).all() else None,
        "classes": shown,
        "roc_auc": auc,
        "confusion": confusion_matrix(y, answers, labels=shown).tolist(),
    }


def _text(found):
    width = max(6, *(len(f"{count}") + 1 for row in found["confusion"] for count in row))
    lines = [f"accuracy {found['accuracy']:.4f} ({found['n']:,} images)", ""]
    lines.append("label" + "".join(f"{label:>{width}}" for label in found["classes"]) + "     AUC")
    for label, row in zip(found["classes"], found["confusion"], strict=True):
        auc = found["roc_auc"][str(label)]
        cells = "".join(f"{count:>{width}}" for count in row)
        lines.append(f"{label:>5}{cells}  {'     -' if auc is None else f'{auc:.4f}'}")
    return "\n".join(lines)
