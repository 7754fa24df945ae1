"""Folders of image files: what is read, how it becomes binary, and what is refused."""

import io
import os
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dpmix.base.errors import InputError
from dpmix.datasets import Images, load, load_images

GREY = np.array([[0, 127, 128], [255, 10, 200]], np.uint8)
ON = [[0, 0, 1, 1, 0, 1]]


def save(path, values=GREY, mode=None, **options):
    """Write an image file, and its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(np.asarray(values))
    (image.convert(mode) if mode else image).save(path, **options)


def png_header(width, height):
    """The bytes of a PNG file that promises a size and holds nothing."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


class TestFormats:
    @pytest.mark.parametrize("suffix", [".png", ".gif", ".bmp", ".tif", ".TIFF", ".pgm", ".ppm"])
    @pytest.mark.parametrize("mode", ["L", "RGB"])
    def test_lossless(self, tmp_path, suffix, mode):
        save(tmp_path / f"a{suffix}", mode=mode)
        images = load_images(tmp_path)
        assert images.x.tolist() == ON
        assert images.image_shape == (2, 3)
        assert images.names == (f"a{suffix}",)
        assert images.y is None

    @pytest.mark.parametrize("suffix", [".jpg", ".JPEG"])
    def test_jpeg(self, tmp_path, suffix):
        values = np.zeros((16, 16), np.uint8)
        values[:8] = 255
        save(tmp_path / f"a{suffix}", values)
        np.testing.assert_array_equal(load_images(tmp_path).x.reshape(16, 16), values > 127)

    @pytest.mark.parametrize("suffix", [".png", ".pbm", ".bmp", ".tif", ".gif"])
    def test_one_bit(self, tmp_path, suffix):
        save(tmp_path / f"a{suffix}", GREY > 127)
        assert load_images(tmp_path).x.tolist() == ON

    @pytest.mark.parametrize("threshold", [0, 9.5, 10, 127, 254])
    def test_threshold_is_strict(self, tmp_path, threshold):
        save(tmp_path / "a.png")
        np.testing.assert_array_equal(load_images(tmp_path, threshold).x, (GREY > threshold).reshape(1, 6))

    def test_palette_is_looked_up(self, tmp_path):
        image = Image.fromarray((GREY > 127).astype(np.uint8)).convert("P")
        image.putpalette([255, 255, 255, 0, 0, 0])  # entry 0 is white
        image.save(tmp_path / "a.png")
        assert load_images(tmp_path).x.tolist() == [[1 - on for on in ON[0]]]

    @pytest.mark.parametrize("suffix", [".png", ".tif", ".pgm"])
    def test_sixteen_bit(self, tmp_path, suffix):
        save(tmp_path / f"a{suffix}", GREY.astype(np.uint16) * 257)
        assert load_images(tmp_path).x.tolist() == ON

    @pytest.mark.parametrize("mode", ["LA", "RGBA"])
    def test_transparent_is_off(self, tmp_path, mode):
        image = Image.fromarray(np.full((2, 3), 255, np.uint8)).convert(mode)
        image.putalpha(Image.fromarray(GREY))
        image.save(tmp_path / "a.png")
        assert load_images(tmp_path).x.tolist() == ON

    @pytest.mark.parametrize("mode", ["L", "RGB", "P"])
    def test_transparent_colour_is_off(self, tmp_path, mode):
        image = Image.fromarray(GREY).convert(mode)
        key = image.getpixel((0, 1))
        image.save(tmp_path / "a.png", transparency=key)
        assert load_images(tmp_path).x.tolist() == [[0, 0, 1, 0, 0, 1]]


class TestFolder:
    def test_order_and_what_is_passed_over(self, tmp_path):
        for name in ("b.png", "a.gif", "10.png", "9.png", ".hidden.png"):
            save(tmp_path / name)
        (tmp_path / "readme.txt").write_text("no image")
        (tmp_path / "empty").mkdir()
        (tmp_path / "folder.png").mkdir()
        save(tmp_path / ".thumbnails" / "a.png")
        save(tmp_path / "empty" / "deeper" / "a.png")
        assert load_images(tmp_path).names == ("10.png", "9.png", "a.gif", "b.png")

    def test_integer_sub_folders_are_labels(self, tmp_path):
        for name in ("10/b.png", "10/a.png", "9/c.png", "-1/d.png"):
            save(tmp_path / name)
        images = load_images(tmp_path)
        assert images.names == ("-1/d.png", "9/c.png", "10/a.png", "10/b.png")
        assert images.y.tolist() == [-1, 9, 10, 10]
        assert images.classes is None

    def test_other_sub_folders_are_numbered(self, tmp_path):
        for name in ("dog/a.png", "cat/b.png", "7/c.png"):
            save(tmp_path / name)
        images = load_images(str(tmp_path))
        assert images.classes == ("7", "cat", "dog")
        assert images.y.tolist() == [0, 1, 2]
        assert load(tmp_path, classes=["dog"]).names == ("dog/a.png",)
        assert load(tmp_path, classes=1).names == ("cat/b.png",)
        with pytest.raises(InputError, match="among the labels 7, cat, dog; got 'cow'"):
            load(tmp_path, classes=["cow"])

    def test_load_passes_the_threshold(self, tmp_path):
        save(tmp_path / "a.png")
        assert load(tmp_path).x.tolist() == ON
        assert load(tmp_path, threshold=254).x.sum() == 1


class TestRefused:
    def check(self, folder, message, **options):
        """Loading the folder fails with one line that names it and says what is wrong."""
        with pytest.raises(InputError, match=message) as caught:
            load_images(folder, **options)
        assert str(folder) in str(caught.value)

    def test_no_path(self):
        with pytest.raises(InputError, match="folder must be a path"):
            load_images(None)

    def test_no_folder(self, tmp_path):
        self.check(tmp_path / "missing", "no such folder")
        save(tmp_path / "a.png")
        self.check(tmp_path / "a.png", "is not a folder")

    def test_no_image(self, tmp_path):
        self.check(tmp_path, "holds no image")
        (tmp_path / "a.txt").write_text("text")
        (tmp_path / "sub").mkdir()
        self.check(tmp_path, "holds no image")

    def test_mixed_sizes(self, tmp_path):
        save(tmp_path / "a.png")
        save(tmp_path / "b.png", GREY.T)
        self.check(tmp_path, r"one size .*a\.png has 3x2 pixels and b\.png has 2x3")

    def test_images_beside_sub_folders(self, tmp_path):
        save(tmp_path / "a.png")
        save(tmp_path / "sub" / "b.png")
        self.check(tmp_path, r"a\.png.* beside sub-folders .*sub")

    def test_text_with_the_name_of_an_image(self, tmp_path):
        (tmp_path / "a.png").write_text("this is no image")
        self.check(tmp_path, r"a\.png: cannot be read as an image: it is broken")

    def test_empty_file(self, tmp_path):
        (tmp_path / "a.png").touch()
        self.check(tmp_path, r"a\.png: cannot be read as an image: it is broken")

    @pytest.mark.parametrize("suffix", [".png", ".gif", ".bmp", ".jpg", ".tif", ".pgm"])
    def test_cut_short(self, tmp_path, suffix):
        noise = np.random.default_rng(0).integers(0, 256, (40, 40), np.uint8)
        path = tmp_path / f"a{suffix}"
        save(path, noise)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        self.check(tmp_path, rf"a\{suffix}: ")

    def test_pixel_budgets_are_checked_from_the_header(self, tmp_path):
        (tmp_path / "a.png").write_bytes(png_header(2000, 1000))
        self.check(tmp_path, r"a\.png: has 2000x1000 pixels, more than max_pixels=1,048,576")
        self.check(tmp_path, "is broken or cut short", max_pixels=2 * 10**6)
        (tmp_path / "b.png").write_bytes(png_header(2000, 1000))
        self.check(
            tmp_path, "2 images of 2000x1000 .* max_total=3,000,000", max_pixels=10**7, max_total=3 * 10**6
        )

    @pytest.mark.parametrize("side", [10_000, 2**31 - 1])
    def test_bombs(self, tmp_path, side):
        (tmp_path / "a.png").write_bytes(png_header(side, side))
        self.check(tmp_path, r"a\.png: has more pixels than are ever opened", max_pixels=10**12)

    @pytest.mark.parametrize("suffix", [".gif", ".png", ".tif"])
    def test_several_frames(self, tmp_path, suffix):
        frames = [Image.fromarray(GREY), Image.fromarray(255 - GREY)]
        frames[0].save(tmp_path / f"a{suffix}", save_all=True, append_images=frames[1:])
        self.check(tmp_path, "several frames")

    def test_depths_beyond_16_bit(self, tmp_path):
        save(tmp_path / "a.tif", GREY.astype(np.float32))
        self.check(tmp_path, "floating-point pixels")
        save(tmp_path / "a.tif", GREY.astype(np.int32) * 1000)
        self.check(tmp_path, "32-bit pixels")

    @pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="this user may read everything")
    def test_unreadable(self, tmp_path):
        save(tmp_path / "a.png")
        (tmp_path / "a.png").chmod(0)
        self.check(tmp_path, "cannot be read")

    @pytest.mark.parametrize(
        "options",
        [{"threshold": -1}, {"threshold": 255}, {"threshold": "1"}, {"max_pixels": 0}, {"max_total": 1.5}],
    )
    def test_options(self, tmp_path, options):
        with pytest.raises(InputError, match=f"{next(iter(options))} must be"):
            load_images(tmp_path, **options)


@pytest.fixture(scope="module")
def good_files():
    """Small good files of each format, by suffix."""
    files = {}
    for suffix, kind in [
        (".png", "PNG"),
        (".gif", "GIF"),
        (".bmp", "BMP"),
        (".tif", "TIFF"),
        (".pgm", "PPM"),
    ]:
        file = io.BytesIO()
        Image.fromarray(np.tile(GREY, (4, 3))).save(file, kind)
        files[suffix] = file.getvalue()
    return files


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_damaged_images_load_or_are_refused(tmp_path_factory, good_files, data):
    suffix = data.draw(st.sampled_from(sorted(good_files)))
    content = bytearray(good_files[suffix])
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))]
    folder = tmp_path_factory.mktemp("images")
    (folder / f"a{suffix}").write_bytes(bytes(content))
    try:
        outcome = load_images(folder)
    except InputError as error:
        outcome = error
    assert isinstance(outcome, Images) or str(folder) in str(outcome)
