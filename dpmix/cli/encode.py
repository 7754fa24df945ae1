"""The command ``encode``: turn images into codes, the features that a model has of them."""

from dpmix.base.errors import InputError
from dpmix.cli.files import check_file
from dpmix.cli.models import EXTRACTORS, GREY, add_grey_source, load_images, load_model, trained_kind
from dpmix.cli.options import add_command, add_overwrite, given
from dpmix.cli.streams import note, show
from dpmix.cli.told import as_json
from dpmix.cli.training import (
    add_training,
    end_if_interrupted,
    refuse_training,
    train_model,
    training_fields,
    training_text,
)

__all__ = ["add_to"]

_ENCODE = f"""\
MODEL is a file that 'dpmix train' wrote, or rbm, dbn or autoencoder: such a model is trained on SOURCE
first. The codes are bits, 1 where a hidden unit is more likely on than off (of an autoencoder's ReLU
units, where it is above its median in training), or with --codes probabilities numbers from 0 to 1 (the
activations of an autoencoder). They are written with the labels of SOURCE, one row an image, in its
order: FILE is itself a SOURCE of 'dpmix fit' and other commands.

{GREY}"""

_ENCODE_EXAMPLES = (
    "dpmix encode digits --model rbm --layers 32 --epochs 100 --batch-size 10 -o codes.npz --save rbm.npz",
    "dpmix fit codes.npz -o run",
    "dpmix score run codes.npz --labels",
    "dpmix encode mnist:test --model dbn.npz -o test-codes.npz",
)

_CODES = ("binary", "probabilities")


def add_to(commands):
    """Add the command ``encode``."""
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
        end_if_interrupted(model, saved)
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
