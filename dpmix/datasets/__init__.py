"""Binary images to cluster: embedded digits, MNIST, folders of pictures and array files.

Every loader returns an `Images`: the 0/1 table ``x`` (n, d), labels ``y`` where there are any, and the
height and width that turn a row back into a picture.  `load` takes the SOURCE of the command line,
`load_grey` the same with grey values in [0, 1], for the extractors of `dpmix.features`.
`corrupt` adds noise of one of four kinds, `masks` says which pixels to hide.
"""

from dpmix.datasets import masks
from dpmix.datasets.arrays import load_array
from dpmix.datasets.binarization import binarize
from dpmix.datasets.digits import load_digits
from dpmix.datasets.folder import load_images
from dpmix.datasets.gaps import load_observed
from dpmix.datasets.grey import load_grey
from dpmix.datasets.images import Images
from dpmix.datasets.mnist import load_mnist
from dpmix.datasets.mnist_files import fetch_mnist
from dpmix.datasets.noise import GaussianNoise, MaskingNoise, OccludingBlocks, SaltAndPepper, corrupt
from dpmix.datasets.packed_file import PackedFile
from dpmix.datasets.source import load

__all__ = [
    "GaussianNoise",
    "Images",
    "MaskingNoise",
    "OccludingBlocks",
    "PackedFile",
    "SaltAndPepper",
    "binarize",
    "corrupt",
    "fetch_mnist",
    "load",
    "load_array",
    "load_digits",
    "load_grey",
    "load_images",
    "load_mnist",
    "load_observed",
    "masks",
]
