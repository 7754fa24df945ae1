"""One image file, through Pillow: its header is read first, its pixels only where their number was found right."""

import contextlib
import warnings

import numpy as np

from dpmix.base.errors import InputError
from dpmix.base.reading import opened

__all__ = ["grey_values", "opened_picture"]

_FORMATS = ("PNG", "GIF", "BMP", "JPEG", "TIFF", "PPM")  # the readers tried; PPM reads the whole PNM family
_SIXTEEN_BIT = 257  # 65535 / 255


@contextlib.contextmanager
def opened_picture(path):
    """Within the block, the image `path` with its header read and its pixels not yet; see `grey_values`.

    Raises
    ------
    InputError
        It is no regular file, no image that is read here, or one of more pixels than Pillow ever decodes.
    """
    with contextlib.ExitStack() as stack:
        yield stack.enter_context(_opened(path, stack))


def _opened(path, stack):
    from PIL import Image, UnidentifiedImageError

    try:
        with _quiet():
            return Image.open(stack.enter_context(opened(path)), formats=_FORMATS)
    except InputError:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise InputError(f"{path}: has more pixels than are ever opened: {error}") from error
    except UnidentifiedImageError as error:
        raise InputError(
            f"{path}: cannot be read as an image: it is broken, or none in spite of its name"
        ) from error
    except Exception as error:  # damaged headers make the readers fail in any way
        raise InputError(f"{path}: cannot be read: {error}") from error


@contextlib.contextmanager
def _quiet():
    """Pillow warns of odd metadata, which does not touch the pixels; only that of bombs is heard, as an error."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def grey_values(image, path):
    """Return the greys 0..255 of the `image` that was opened from `path`, (height, width)."""
    try:
        with _quiet():
            return _decode(image)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except Exception as error:  # damaged pixels make the decoders fail in any way
        raise InputError(f"{path}: is broken or cut short: {error}") from error


def _decode(image):
    from PIL import Image

    if image.format in ("GIF", "PNG", "TIFF") and getattr(image, "is_animated", False):
        raise InputError("holds several frames; save each one as a file of its own")
    if image.mode == "F":
        raise InputError(
            "holds floating-point pixels; save them as .npy and use load_array(path, threshold=...)"
        )
    if image.mode.startswith("I"):
        grey = np.asarray(image)
        if grey.min() < 0 or grey.max() > np.iinfo(np.uint16).max:
            raise InputError("holds 32-bit pixels; save them as .npy and use load_array(path, threshold=...)")
        return grey / _SIXTEEN_BIT
    if "transparency" in image.info or image.mode in ("LA", "PA", "RGBA"):
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "black"), image)
    return np.asarray(image.convert("L"))
