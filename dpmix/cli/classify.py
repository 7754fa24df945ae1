"""The command ``classify``: what a run that has seen labels says of images, against their labels."""

from dpmix.cli.options import add_command, add_run, add_source
from dpmix.cli.queries import load_both
from dpmix.cli.report import as_json
from dpmix.cli.streams import show
from dpmix.errors import InputError

__all__ = ["add_commands"]

_CLASSIFY = """\
For a run that 'dpmix fit --labels' wrote. Asks for the label of each image of SOURCE, given its pixels,
and compares the most probable one with the label that SOURCE has: the accuracy, for each class the
area under the ROC curve (of its probability, this class against the others), and the confusion
matrix, a row for each true label and a column for each answer."""

_EXAMPLES = (
    "dpmix fit mnist -o run --labels --labelled 0.1",
    "dpmix classify run mnist:test",
)


def add_commands(commands):
    """Add the commands of this module."""
    summary, usage = "say what images show, and check it", "RUN SOURCE [options]"
    parser = add_command(commands, "classify", _classify, summary, _CLASSIFY, usage, _EXAMPLES, source=True)
    add_run(parser)
    add_source(parser)
    parser.add_argument("--json", action="store_true", default=False, help="as JSON")


def _classify(arguments):
    import dpmix

    posterior, images = load_both(arguments)
    if images.y is None:
        raise InputError(f"{arguments.source} has no labels to compare with; choose another SOURCE")
    if images.y.min() < 0:
        raise InputError(f"{arguments.source} must have labels of at least 0; found {images.y.min()}")
    found = _compared(dpmix.predict_labels(posterior, images), images.y)
    show(as_json(found) if arguments.json else _text(found))


def _compared(proba, y):
    """Accuracy, area under the curve by class and confusion matrix, a dictionary for JSON."""
    import numpy as np
    from sklearn.metrics import confusion_matrix, roc_auc_score

    n_classes = max(proba.shape[1], int(y.max()) + 1)
    answers, classes = proba.argmax(axis=1), range(n_classes)
    shown = [label for label in classes if (y == label).any() or (answers == label).any()]
    auc = {}
    for label in shown:
        mine = y == label
        possible = label < proba.shape[1] and mine.any() and not mine.all()
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
