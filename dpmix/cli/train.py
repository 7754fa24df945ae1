"""The commands about models that learn features: ``train``, ``encode`` and ``reconstruct``."""

from dpmix.base.errors import InputError
from dpmix.base.text import count
from dpmix.cli import features_pictures
from dpmix.cli.features_models import (
    EXTRACTORS,
    MODELS,
    add_grey_source,
    add_training,
    check_labels,
    load_images,
    load_model,
    refuse_training,
    train_model,
    trained_kind,
    training_fields,
    training_text,
)
from dpmix.cli.files import PICTURES, check_file, save_picture, use_no_display
from dpmix.cli.options import add_command, add_overwrite, given
from dpmix.cli.queries import choose_rows
from dpmix.cli.report import as_json
from dpmix.cli.streams import note, show

__all__ = ["add_commands"]

_GREY = """\
Grey values are taken from 0 to 1 as SOURCE has them; --binary or --threshold make pixels 0 and 1."""

_TRAIN = f"""\
  rbm           restricted Boltzmann machine: learns hidden units, features, without labels
  dbn           deep belief net: machines stacked, each learning from the features of the one below
  autoencoder   network that learns to give back its input through a narrow layer
  classifier    network that learns the labels of SOURCE
Classifiers and autoencoders start from random weights or, by --init, from another model.

{_GREY}
The model is written to one file, for 'dpmix encode', 'reconstruct' and 'classify'. Printed are the figures
of the last epoch; errors and likelihoods are per pixel and per image, on a sample of the images."""

_TRAIN_EXAMPLES = (
    "dpmix train mnist --model rbm -o rbm.npz",
    "dpmix train mnist --model dbn --layers 500,64 --epochs 20 --seed 1 -o dbn.npz",
    "dpmix train mnist --model classifier --init dbn.npz -o classifier.npz",
    "dpmix train mnist --model autoencoder --layers 500,64,500 --noise 0.4,0.05 -o denoiser.npz",
    "dpmix classify classifier.npz mnist:test",
)

_ENCODE = f"""\
MODEL is a file that 'dpmix train' wrote, or rbm, dbn or autoencoder: such a model is trained on SOURCE
first. The codes are bits, 1 where a hidden unit is more likely on than off (of an autoencoder's ReLU
units, where it is above its median in training), or with --codes probabilities numbers from 0 to 1 (the
activations of an autoencoder). They are written with the labels of SOURCE, one row an image, in its
order: FILE is itself a SOURCE of 'dpmix fit' and other commands.

{_GREY}"""

_ENCODE_EXAMPLES = (
    "dpmix encode digits --model rbm --layers 32 --epochs 100 --batch-size 10 -o codes.npz --save rbm.npz",
    "dpmix fit codes.npz -o run",
    "dpmix score run codes.npz --labels",
    "dpmix encode mnist:test --model dbn.npz -o test-codes.npz",
)

_RECONSTRUCT = f"""\
For an rbm, dbn or autoencoder. The picture shows images of SOURCE and below each what the model makes of
it on the way to its code and back, for a dbn through one layer, two layers and so on. Printed is the
mean squared error of a pixel, over all of SOURCE.

{_GREY}"""

_RECONSTRUCT_EXAMPLES = ("dpmix reconstruct dbn.npz mnist:test -o reconstructed.png --most 12",)

_MOST_IN_PICTURE = 200
_CODES = ("binary", "probabilities")


def add_commands(commands):
    """Add the commands of this module."""
    _add_train(commands)
    _add_encode(commands)
    _add_reconstruct(commands)
    features_pictures.add_commands(commands)


def _add_train(commands):
    summary, usage = "learn features of images, or their labels", "SOURCE --model MODEL -o FILE [options]"
    train = add_command(commands, "train", _train, summary, _TRAIN, usage, _TRAIN_EXAMPLES, source=True)
    add_grey_source(train)
    train.add_argument("--model", required=True, choices=MODELS, metavar="MODEL", help="see above")
    train.add_argument("-o", "--out", required=True, metavar="FILE", help="model to write: .npz")
    train.add_argument(
        "--init",
        metavar="FILE",
        help="for a classifier or an autoencoder: start from this model and refine it",
    )
    add_training(train)
    train.add_argument("--json", action="store_true", default=False, help="as JSON, with every epoch")
    add_overwrite(train)


def _add_encode(commands):
    summary, usage = "turn images into codes", "SOURCE --model MODEL -o FILE [options]"
    encode = add_command(commands, "encode", _encode, summary, _ENCODE, usage, _ENCODE_EXAMPLES, source=True)
    add_grey_source(encode)
    encode.add_argument("--model", required=True, metavar="MODEL", help="see above")
    encode.add_argument("-o", "--out", required=True, metavar="FILE", help="codes to write: .npz")
    encode.add_argument(
        "--codes", choices=_CODES, metavar="KIND", help="binary or probabilities (default: binary)"
    )
    encode.add_argument(
        "--layer", type=int, metavar="N", help="for a dbn: codes of layer N, 1 the lowest (default: the top)"
    )
    encode.add_argument("--save", metavar="FILE", help="where to keep a model that is trained now: .npz")
    add_training(encode)
    encode.add_argument("--json", action="store_true", default=False, help="as JSON")
    add_overwrite(encode)


def _add_reconstruct(commands):
    summary, usage = "draw images as a model sees them", "MODEL SOURCE -o FILE [options]"
    parser = add_command(
        commands,
        "reconstruct",
        _reconstruct,
        summary,
        _RECONSTRUCT,
        usage,
        _RECONSTRUCT_EXAMPLES,
        source=True,
    )
    parser.add_argument("model", metavar="MODEL", help="file that 'dpmix train' wrote")
    add_grey_source(parser)
    parser.add_argument(
        "-o", "--out", required=True, metavar="FILE", help=f"picture to write: {', '.join(PICTURES)}"
    )
    parser.add_argument("--rows", metavar="A:B", help="draw images A to B - 1 of SOURCE, counted from 0")
    parser.add_argument(
        "--most", type=int, metavar="N", help="draw so many images, spread evenly (default: 8)"
    )
    parser.add_argument("--json", action="store_true", default=False, help="as JSON")
    add_overwrite(parser)


def _train(arguments):
    path = check_file(arguments.out, arguments.overwrite, (".npz",))
    if "init" in arguments and arguments.model not in ("autoencoder", "classifier"):
        raise InputError(
            f"--init is for --model classifier or autoencoder; got --model {arguments.model}; leave it out"
        )
    images = load_images(arguments)
    if arguments.model == "classifier":
        check_labels(arguments, images)
    init = load_model(arguments.init, arguments.source, images) if "init" in arguments else None
    model = train_model(arguments.model, arguments, images, init)
    model.save(path)
    fields = training_fields(model, images, arguments.seed)
    show(as_json(fields) if arguments.json else training_text(fields))


def _encode(arguments):
    path = check_file(arguments.out, arguments.overwrite, (".npz",))
    trained = arguments.model in EXTRACTORS
    saved = None
    if "save" in arguments:
        if not trained:
            raise InputError(f"--save is for a model that is trained now; {arguments.model} is kept already")
        saved = check_file(arguments.save, arguments.overwrite, (".npz",))
        if saved.resolve() == path.resolve():
            raise InputError(f"--save and -o must name two files; got {arguments.save} for both")
    if arguments.model == "classifier":
        raise InputError("a classifier gives no codes; use --model rbm, dbn, autoencoder or a file of one")
    if not trained:
        refuse_training(arguments)
    images = load_images(arguments)
    if trained:
        model = train_model(arguments.model, arguments, images)
    else:
        model = load_model(arguments.model, arguments.source, images)
    codes = _codes(model, arguments, images)
    if saved:
        model.save(saved)
    _save_codes(path, codes, images.y)
    fields = {"n": len(codes), "units": codes.shape[1], "mean": float(codes.mean(dtype=float))}
    if trained:
        fields["training"] = training_fields(model, images, arguments.seed)
    if arguments.json:
        show(as_json(fields))
        return
    if trained:
        show(training_text(fields["training"]) + "\n")
    kind = "bits" if codes.dtype == "uint8" else "numbers"
    show(f"codes    {fields['n']:,} of {fields['units']:,} {kind}, mean {fields['mean']:.3f}")


def _codes(model, arguments, images):
    """Codes (n, units) of the images: uint8 bits, or float32."""
    kind = trained_kind(model)
    if kind == "classifier":
        raise InputError(
            f"{arguments.model} holds a classifier, which gives no codes; 'dpmix classify' uses it"
        )
    if "layer" in arguments and kind != "dbn":
        raise InputError(f"--layer is for a dbn; {arguments.model} is of another kind; leave it out")
    asked = getattr(arguments, "codes", "binary")
    model.set_params(codes="activations" if (kind, asked) == ("autoencoder", "probabilities") else asked)
    codes = model.transform(images.x, **given(arguments, "layer"))
    same = int((codes == codes[0]).all(axis=0).sum())
    if len(codes) > 1 and 2 * same > codes.shape[1]:
        note(
            f"dpmix: warning: {same:,} of {codes.shape[1]:,} units are the same in all images and tell nothing; "
            "train with more --epochs, a smaller --batch-size, or pass --codes probabilities"
        )
    return codes


def _save_codes(path, codes, y):
    """Write codes as ``x`` and labels, where there are any, as ``y``."""
    import numpy as np

    from dpmix.base.files import replace_files

    arrays = {"x": codes} | ({} if y is None else {"y": y})
    replace_files(path.parent, {path.name: lambda file: np.savez_compressed(file, **arrays)})


def _reconstruct(arguments):
    path = check_file(arguments.out, arguments.overwrite, PICTURES)
    if "rows" in arguments and "most" in arguments:
        raise InputError("--rows and --most exclude each other; leave one out")
    use_no_display()
    import dpmix

    images = load_images(arguments)
    model = load_model(arguments.model, arguments.source, images)
    kind = trained_kind(model)
    if kind == "classifier":
        raise InputError(
            f"{arguments.model} holds a classifier, which cannot reconstruct; 'dpmix classify' uses it"
        )
    rows = choose_rows(arguments, len(images.x))
    if len(rows) > _MOST_IN_PICTURE:
        raise InputError(
            f"a picture of {len(rows):,} images cannot be read; choose at most {_MOST_IN_PICTURE} "
            "with --rows or --most"
        )
    depths = range(1, len(model.rbms_) + 1) if kind == "dbn" else (None,)
    shown, errors = {"image": images.x[rows]}, {}
    for depth in depths:
        found = model.reconstruct(images.x) if depth is None else model.reconstruct(images.x, depth)
        name = "returned" if depth is None else count(depth, "layer")
        shown[name], errors[name] = found[rows], float(((found - images.x) ** 2).mean(dtype=float))
    save_picture(dpmix.plot.image_rows(shown, shape=images.shape), path)
    if arguments.json:
        show(as_json({"n": len(images.x), "mean_squared_error": list(errors.values())}))
        return
    show("\n".join(f"{name:<10} mean squared error {error:.5f}" for name, error in errors.items()))
