"""Binary images to cluster: embedded digits, MNIST, folders of pictures and array files.

Every loader returns an `Images`: the 0/1 table ``x`` (n, d), labels ``y`` where there are any, and the
height and width that turn a row back into a picture.  `load` takes the SOURCE of the command line.
"""

from dpmix.datasets.arrays import load_array
from dpmix.datasets.binarization import binarize
from dpmix.datasets.digits import load_digits
from dpmix.datasets.folder import load_images
from dpmix.datasets.images import Images
from dpmix.datasets.mnist import load_mnist
from dpmix.datasets.mnist_files import fetch_mnist
from dpmix.datasets.source import load

__all__ = [
    "Images",
    "binarize",
    "fetch_mnist",
    "load",
    "load_array",
    "load_digits",
    "load_images",
    "load_mnist",
]
