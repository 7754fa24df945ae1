"""The command ``train``: learn features of images, or their labels."""

from dpmix.base.errors import InputError
from dpmix.cli.files import check_file
from dpmix.cli.models import GREY, MODELS, add_grey_source, check_labels, load_images, load_model
from dpmix.cli.options import add_command, add_overwrite
from dpmix.cli.streams import show
from dpmix.cli.told import as_json
from dpmix.cli.training import add_training, end_if_interrupted, train_model, training_fields, training_text

__all__ = ["add_to"]

_TRAIN = f"""\
  rbm           restricted Boltzmann machine: learns hidden units, features, without labels
  dbn           deep belief net: machines stacked, each learning from the features of the one below
  autoencoder   network that learns to give back its input through a narrow layer
  classifier    network that learns the labels of SOURCE
Classifiers and autoencoders start from random weights or, by --init, from another model.

{GREY}
The model is written to one file, for 'dpmix encode', 'reconstruct' and 'classify'. Printed are the figures
of the last epoch; errors and likelihoods are per pixel and per image, on a sample of the images. Ctrl-C ends
the training, and the model is written as its last epoch left it."""

_TRAIN_EXAMPLES = (
    "dpmix train mnist --model rbm -o rbm.npz",
    "dpmix train mnist --model dbn --layers 500,64 --epochs 20 --seed 1 -o dbn.npz",
    "dpmix train mnist --model classifier --init dbn.npz -o classifier.npz",
    "dpmix train mnist --model autoencoder --layers 500,64,500 --noise 0.4,0.05 -o denoiser.npz",
    "dpmix classify classifier.npz mnist:test",
)


def add_to(commands):
    """Add the command ``train``."""
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
    end_if_interrupted(model, path)
    model.save(path)
    fields = training_fields(model, images, arguments.seed)
    show(as_json(fields) if arguments.json else training_text(fields))
