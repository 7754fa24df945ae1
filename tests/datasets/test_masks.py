"""Masks by name, by fraction and by image file."""

import numpy as np
import pytest
from PIL import Image

from dpmix.base.errors import InputError, InputTypeError
from dpmix.datasets.masks import mask

HALVES = {
    "top": [1, 1, 0, 0, 0, 0],
    "bottom": [0, 0, 0, 0, 1, 1],
    "left": [1, 0, 1, 0, 1, 0],
    "right": [0, 1, 0, 1, 0, 1],
}


@pytest.mark.parametrize("side", HALVES)
def test_halves_leave_the_middle(side):
    assert (~mask((3, 2), side)).astype(int).tolist() == HALVES[side]


def test_centre():
    hidden = ~mask((5, 8), "centre").reshape(5, 8)
    assert hidden.sum() == 3 * 4 and hidden[1:4, 2:6].all()


def test_random_hides_the_fraction_and_follows_the_seed():
    one, same, other = (mask((28, 28), "random:0.3", seed=seed) for seed in (5, 5, 6))
    assert (~one).sum() == 235 and one.dtype == bool
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_a_file_hides_what_is_bright(tmp_path):
    grey = np.array([[0, 127, 128], [255, 3, 0]], np.uint8)
    Image.fromarray(grey).save(tmp_path / "mask.png")
    Image.fromarray(np.repeat(grey[:, :, None], 3, axis=2)).save(tmp_path / "colour.png")
    for path in (tmp_path / "mask.png", str(tmp_path / "colour.png")):
        assert mask((2, 3), path).tolist() == [True, True, False, False, True, True]
    with pytest.raises(InputError, match="must be of 3 x 2 pixels.*it is of 2 x 3"):
        mask((3, 2), tmp_path / "mask.png")
    (tmp_path / "text.png").write_text("text")
    with pytest.raises(InputError, match="cannot be read as an image"):
        mask((3, 2), tmp_path / "text.png")


@pytest.mark.parametrize(
    ("shape", "hide", "error", "text"),
    [
        ((4, 4), "middle", InputError, "hide must be one of top.*got 'middle', and there is no such file"),
        ((4, 4), "random:0", InputError, "between 0 and 1"),
        ((4, 4), "random:1.0", InputError, "between 0 and 1"),
        ((4, 4), "random:half", InputError, "'random:half'"),
        ((4, 4), "random:0.001", InputError, "hides none of 4 x 4"),
        ((1, 4), "top", InputError, "1 pixel high"),
        ((4, 1), "left", InputError, "1 pixel wide"),
        ((1, 1), "centre", InputError, "hides all of 1 x 1"),
        ((4, 4), 3, InputTypeError, "hide must be one of"),
        (16, "top", InputError, "shape must be"),
        ((0, 4), "top", InputError, "height must be at least 1"),
    ],
)
def test_wrong_masks(shape, hide, error, text):
    with pytest.raises(error, match=text):
        mask(shape, hide)
