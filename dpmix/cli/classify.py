"""The command ``classify``: what a run or a network that has seen labels says of images, against their labels."""

import os

from dpmix.base.errors import InputError
from dpmix.base.text import count
from dpmix.cli.files import PICTURES, check_file, save_array, save_picture, use_no_display
from dpmix.cli.models import add_grey_source, load_images, load_model, trained_kind
from dpmix.cli.options import add_command, add_observed, add_overwrite, add_picture
from dpmix.cli.runs import load_query
from dpmix.cli.streams import note, show
from dpmix.cli.told import as_json

__all__ = ["add_to"]

_CLASSIFY = """\
For a run that 'dpmix fit --labels' wrote, or a classifier that 'dpmix train' wrote. Asks for the label of
each image of SOURCE, given its pixels, and compares the most probable one with the label that SOURCE has:
the accuracy, for each class the area under the ROC curve (of its probability, this class against the
others), and the confusion matrix, a row for each true label and a column for each answer; -o draws it.
Images whose label is -1, which means not known, are left out of this.

With --probabilities, SOURCE needs no labels: FILE then holds the probability of each label, images by
labels 0, 1, ..., and what is shown is how many images each label is the most probable of.

A run has pixels made 0 and 1, and sums over those that are not observed, by NaN in SOURCE or by
--observed; a classifier has the grey values from 0 to 1, unless --binary or --threshold say otherwise:
choose what it was trained with."""

_EXAMPLES = (
    "dpmix fit mnist -o run --labels --labelled 0.1",
    "dpmix classify run mnist:test",
    "dpmix classify run unknown.npy --probabilities answers.npy",
    "dpmix train mnist --model classifier -o classifier.npz",
    "dpmix classify classifier.npz mnist:test",
)


def add_to(commands):
    """Add the command ``classify``."""
    summary, usage = "say what images show, and check it", "RUN|MODEL SOURCE [options]"
    parser = add_command(commands, "classify", _classify, summary, _CLASSIFY, usage, _EXAMPLES, source=True)
    parser.add_argument(
        "folder",
        metavar="RUN|MODEL",
        help="run folder that 'dpmix fit' wrote, or file that 'dpmix train' wrote",
    )
    add_grey_source(parser)
    add_observed(parser)
    add_picture(parser)
    parser.add_argument(
        "--probabilities", metavar="FILE", help="file of the probabilities, images by labels, to write: .npy"
    )
    add_overwrite(parser)
    parser.add_argument("--json", action="store_true", default=False, help="as JSON")


def _classify(arguments):
    picture = check_file(arguments.out, arguments.overwrite, PICTURES) if "out" in arguments else None
    array = None
    if "probabilities" in arguments:
        array = check_file(arguments.probabilities, arguments.overwrite, (".npy",))
    proba, y, names = (_by_model if os.path.isfile(arguments.folder) else _by_run)(arguments)
    if array:
        save_array(proba, array)
    if y is None:
        counts = _counted(proba, names)
        show(as_json(counts) if arguments.json else _counts_text(counts))
        return
    known = y >= 0
    if not known.all():
        note(f"labels are known for {int(known.sum()):,} of {len(y):,} images; what follows is about these")
    proba, y = proba[known], y[known]
    found = _compared(proba, y, names)
    if picture:
        use_no_display()
        import dpmix

        pairs = (_named(values, names) for values in (y, proba.argmax(axis=1)))
        save_picture(dpmix.plot.confusion(*pairs, data=arguments.source), picture)
    show(as_json(found) if arguments.json else _text(found))


def _by_run(arguments):
    """Probabilities of labels (n, k) by a run, the labels or None, and their names or None."""
    import dpmix

    if "maximum" in arguments:
        raise InputError("--maximum is for a model; a run takes --threshold")
    posterior, images, observed = load_query(arguments)
    y, names = _as_learnt(_labels(arguments, images), images.classes, posterior.label_names, arguments)
    return dpmix.predict_labels(posterior, images, observed), y, names


def _as_learnt(y, found, learnt, arguments):
    """Labels `y`, of the names `found`, numbered as they were `learnt`, unknown ones beyond; and all names."""
    import numpy as np

    from dpmix.base.label_names import place_of

    if learnt is None or y is None:
        return y, learnt
    if found is None:
        raise InputError(
            f"{arguments.source} has labels that are numbers, and {arguments.folder} has learnt names such "
            f"as {learnt[0]!r}; give labels of the same names"
        )
    places = place_of(found, learnt)
    return np.append(places, -1)[y], (*learnt, *(name for name in found if name not in learnt))


def _named(values, names):
    """Labels as an array of their names, where they have any."""
    import numpy as np

    return values if names is None else np.array(names)[values]


def _by_model(arguments):
    """Probabilities of labels (n, k) by a classifier, 0 for unknown ones, the labels or None, and names or None."""
    import numpy as np

    if "observed" in arguments:
        raise InputError("--observed is for a run; a model is asked about whole images")
    images = load_images(arguments)
    model = load_model(arguments.folder, arguments.source, images)
    if trained_kind(model) != "classifier":
        raise InputError(
            f"{arguments.folder} holds no classifier; 'dpmix train --model classifier --init {arguments.folder}' "
            "makes one of it"
        )
    y, known = _labels(arguments, images), model.classes_
    if known.dtype.kind in "UO":
        y, names = _as_learnt(y, images.classes, tuple(map(str, known)), arguments)
        return model.predict_proba(images.x), y, names
    if known.dtype.kind not in "iu" or known[0] < 0:
        raise InputError(
            f"{arguments.folder} must know labels that are texts, or integers of at least 0; got {known[0]!r}"
        )
    proba = np.zeros((len(images.x), int(known[-1]) + 1))
    proba[:, known] = model.predict_proba(images.x)
    return proba, y, None


def _labels(arguments, images):
    """The labels of `images`, -1 where not known; None where there are none and the probabilities are enough."""
    if images.y is not None and images.y.max() >= 0:
        if images.y.min() < -1:
            raise InputError(
                f"{arguments.source} must have labels of at least 0, or -1 where not known; "
                f"found {images.y.min()}"
            )
        return images.y
    if "probabilities" in arguments and "out" not in arguments:
        return None
    raise InputError(
        f"{arguments.source} has no labels to compare with; choose another SOURCE, or pass "
        "--probabilities FILE, without -o, for the answers alone"
    )


def _counted(proba, names):
    """How many images each label is the most probable of, a dictionary for JSON."""
    import numpy as np

    labels, counts = np.unique(proba.argmax(axis=1), return_counts=True)
    return {
        "n": len(proba),
        "answers": dict(zip(map(str, _named(labels, names).tolist()), counts.tolist(), strict=True)),
    }


def _counts_text(found):
    width = max(5, *map(len, found["answers"]))
    lines = (f"{label:>{width}}  {n:>6,}" for label, n in found["answers"].items())
    return "\n".join([f"{'label':>{width}}  images", *lines])


def _compared(proba, y, names):
    """Accuracy, log loss, area under the curve by class and confusion matrix, a dictionary for JSON."""
    import numpy as np
    from sklearn.metrics import roc_auc_score

    answers = proba.argmax(axis=1)
    shown, auc = np.union1d(y, answers).tolist(), {}
    confusion = np.zeros((len(shown), len(shown)), int)
    np.add.at(confusion, (np.searchsorted(shown, y), np.searchsorted(shown, answers)), 1)
    for label in shown:
        mine = y == label
        possible = label < proba.shape[1] and proba[:, label].any() and mine.any() and not mine.all()
        auc[str(label if names is None else names[label])] = (
            float(roc_auc_score(mine, proba[:, label])) if possible else None
        )
    true = np.minimum(y, proba.shape[1])  # a label never seen has no probability
    padded = np.column_stack([proba, np.zeros(len(y))])
    with np.errstate(divide="ignore"):
        log_loss = -np.log(padded[np.arange(len(y)), true])
    return {
        "n": len(y),
        "accuracy": float((answers == y).mean()),
        "log_loss": float(log_loss.mean()) if np.isfinite(log_loss).all() else None,
        "classes": _named(np.array(shown), names).tolist(),
        "roc_auc": auc,
        "confusion": confusion.tolist(),
    }


def _text(found):
    cells = [*found["classes"], *(cell for row in found["confusion"] for cell in row)]
    width, first = (
        max(6, *(len(f"{cell}") + 1 for cell in cells)),
        max(5, *(len(f"{k}") for k in found["classes"])),
    )
    n, loss = found["n"], found["log_loss"]
    log_loss = "infinite" if loss is None else f"{loss:.4f} nats"
    lines = [
        f"accuracy {found['accuracy']:.4f}, log loss {log_loss} ({count(n, 'image')})",
        "",
    ]
    lines.append(
        "label".rjust(first) + "".join(f"{label:>{width}}" for label in found["classes"]) + "     AUC"
    )
    for label, row in zip(found["classes"], found["confusion"], strict=True):
        auc = found["roc_auc"][str(label)]
        cells = "".join(f"{cell:>{width}}" for cell in row)
        lines.append(f"{label:>{first}}{cells}  {'     -' if auc is None else f'{auc:.4f}'}")
    return "\n".join(lines)
