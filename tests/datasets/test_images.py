"""Images, binarisation, the embedded digits and the SOURCE strings of `load`."""

import subprocess
import sys

import numpy as np
import pytest

from dpmix import datasets
from dpmix.base.errors import InputError, InputTypeError
from dpmix.datasets import Images, binarize, load, load_digits
from dpmix.datasets.binarization import _BLOCK


def test_import_stays_light():
    code = (
        "import sys, dpmix.datasets; print(sorted({'sklearn', 'PIL', 'pooch', 'numba'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names_exist():
    assert all(hasattr(datasets, name) for name in datasets.__all__)


class TestImages:
    def test_table_is_fixed_contiguous_uint8(self):
        images = Images(np.asfortranarray(np.eye(6, 9)), y=[1] * 6)
        assert images.x.dtype == np.uint8
        assert images.x.flags.c_contiguous
        assert not images.x.flags.writeable
        assert not images.y.flags.writeable
        assert images.y.dtype == np.int64
        assert (len(images), images.image_shape) == (6, (3, 3))
        np.testing.assert_array_equal(images.x, np.eye(6, 9))

    def test_later_changes_of_the_input_do_not_reach_it(self):
        x, y = np.zeros((2, 4), np.uint8), np.zeros(2, np.int64)
        images = Images(x, y)
        x[0, 0] = y[0] = 1
        assert images.x.sum() == images.y.sum() == 0
        assert x.flags.writeable

    def test_read_only_table_is_not_copied(self):
        x = np.zeros((2, 4), np.uint8)
        x.flags.writeable = False
        assert np.shares_memory(Images(x).x, x)

    @pytest.mark.parametrize(("d", "shape"), [(1, (1, 1)), (6, (1, 6)), (16, (4, 4)), (17, (1, 17))])
    def test_default_shape(self, d, shape):
        assert Images(np.zeros((1, d), bool)).image_shape == shape

    @pytest.mark.parametrize("rows", [[2, 0], slice(0, 3, 2), np.array([True, False, True]), 1, -1])
    def test_selection_keeps_everything_together(self, rows):
        images = Images(np.eye(3), y=[5, 6, 7], shape=(3, 1), names=["a", "b", "c"])
        part = images[rows]
        expected = np.atleast_1d(np.arange(3)[rows])
        np.testing.assert_array_equal(part.x, np.eye(3)[expected])
        np.testing.assert_array_equal(part.y, expected + 5)
        assert part.names == tuple("abc"[row] for row in expected)
        assert part.image_shape == (3, 1)
        assert not part.x.flags.writeable

    def test_selection_of_nothing_or_too_far(self):
        images = Images(np.eye(3))
        with pytest.raises(InputError, match="rows must choose at least one image"):
            images[[]]
        with pytest.raises(IndexError):
            images[3]
        assert [len(image) for image in images] == [1, 1, 1]

    def test_repr_is_one_line(self):
        assert repr(Images(np.eye(4))) == "Images(n=4, image_shape=(2, 2), 25% on)"
        assert repr(Images(np.eye(4), y=[0, 0, 1, 1], classes=["cat", "dog"])).endswith("labels cat..dog)")

    @pytest.mark.parametrize("value", [0, 1])
    def test_constant_tables_are_fine(self, value):
        assert Images(np.full((1, 5), value)).x.tolist() == [[value] * 5]

    @pytest.mark.parametrize(
        ("x", "message"),
        [
            (
                [[0, 1], [7, 1]],
                r"x must contain only 0 and 1; found 7 at row 1, column 0; call binarize\(x\) first",
            ),
            ([[0, 1], [1, -1]], "found -1 at row 1, column 1"),
            ([[0.0, 0.5]], "found 0.5 at row 0, column 1"),
            ([[0.0, np.nan]], "found nan at row 0, column 1"),
            ([[np.inf, 0.0]], "found inf at row 0, column 0"),
            ([[0, 1], [1]], "rectangular"),
            ([0, 1], r"got shape \(2,\)"),
            (np.zeros((2, 2, 2)), r"got shape \(2, 2, 2\)"),
            (np.zeros((0, 4)), "at least one image"),
            (np.zeros((4, 0)), "at least one image"),
            ([], "two axes"),
        ],
    )
    def test_bad_tables(self, x, message):
        with pytest.raises(InputError, match=message):
            Images(x)

    @pytest.mark.parametrize(
        "x", [[["0", "1"]], np.array([[0, None]]), [[1j]], np.ma.masked_array([[0, 1]]), object(), None]
    )
    def test_bad_types(self, x):
        with pytest.raises(InputTypeError, match="x must"):
            Images(x)

    def test_value_is_found_far_from_the_start(self):
        x = np.zeros((3 * _BLOCK // 100, 100), np.uint8)
        x[-2, 98] = 3
        with pytest.raises(InputError, match=f"found 3 at row {len(x) - 2}, column 98"):
            Images(x)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"y": [0]}, "y must hold one label per image"),
            ({"y": [0.0, 1.0]}, "y must hold integers"),
            ({"y": np.array([0, 2**63], np.uint64)}, "64-bit"),
            ({"shape": (2, 3)}, r"height \* width = 4"),
            ({"shape": 4}, "shape must be"),
            ({"shape": (-2, -2)}, "height must be at least 1"),
            ({"shape": (2.0, 2)}, "height must be an integer"),
            ({"names": ["a"]}, "names must be one per image"),
            ({"names": 3}, "names must be a sequence of strings"),
            ({"names": "ab"}, "names must be a sequence of strings"),
            ({"classes": ["a"]}, "classes must name every label"),
            ({"classes": ["a"], "y": [0, 1]}, "classes must name every label"),
        ],
    )
    def test_parts_that_do_not_fit(self, options, message):
        with pytest.raises(InputError, match=message):
            Images(np.zeros((2, 4)), **options)


class TestBinarize:
    @pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32, ">f8"])
    def test_zero_and_one_come_back(self, dtype):
        on = binarize(np.eye(3, dtype=dtype))
        assert on.dtype == np.uint8
        np.testing.assert_array_equal(on, np.eye(3))

    def test_threshold_is_strict_and_in_the_units_of_the_values(self):
        np.testing.assert_array_equal(binarize([0, 127, 128, 255], threshold=127), [0, 0, 1, 1])
        np.testing.assert_array_equal(binarize([-1.0, 0.0, 0.1], threshold=0), [0, 0, 1])

    def test_default_maximum_follows_the_dtype(self):
        np.testing.assert_array_equal(binarize(np.array([127, 128], np.uint8)), [0, 1])
        np.testing.assert_array_equal(binarize(np.array([32767, 32768], np.uint16)), [0, 1])
        np.testing.assert_array_equal(binarize([0.5, 0.51]), [0, 1])
        np.testing.assert_array_equal(binarize([8, 9, 16], maximum=16), [0, 1, 1])

    def test_stochastic_draws_have_the_right_probabilities(self):
        n = 20_000
        grey = np.tile(np.array([0, 51, 204, 255], np.uint8), (n, 1))
        share = binarize(grey, "stochastic", seed=5).mean(axis=0)
        assert share[[0, 3]].tolist() == [0, 1]
        error = np.sqrt(0.2 * 0.8 / n)
        assert np.all(np.abs(share[[1, 2]] - [0.2, 0.8]) < 5 * error)

    def test_stochastic_draws_follow_the_seed(self):
        grey = np.full((50, 50), 0.5)
        first = binarize(grey, "stochastic", seed=1)
        np.testing.assert_array_equal(first, binarize(grey, "stochastic", seed=1))
        assert (first != binarize(grey, "stochastic", seed=2)).any()
        assert (binarize(grey, "stochastic") != binarize(grey, "stochastic")).any()

    def test_mask_is_kept_and_not_looked_under(self):
        values = np.ma.masked_invalid([[0.2, np.nan, 0.9]])
        on = binarize(values)
        assert on.mask.tolist() == [[False, True, False]]
        assert on.compressed().tolist() == [0, 1]

    def test_input_is_left_alone(self):
        values = np.array([[0.2, 0.9]])
        binarize(values)
        binarize(values, "stochastic", seed=0)
        assert values.tolist() == [[0.2, 0.9]]

    @pytest.mark.parametrize(
        ("values", "options", "message"),
        [
            ([[0, 9]], {}, "maximum must be given"),
            ([[0.5, 16.0]], {}, "between 0 and 1; found 16.0 at row 0, column 1"),
            ([[0.5, -0.1]], {}, "between 0 and 1; found -0.1"),
            ([[0.5, np.nan]], {}, "found nan"),
            ([[0.5, np.nan]], {"threshold": 0.2}, "must be finite; found nan at row 0, column 1"),
            ([[0.5, np.inf]], {"method": "stochastic"}, "found inf"),
            ([0, 300], {"maximum": 255}, r"found 300 at index \(1,\)"),
            ([0.5], {"maximum": 0}, "maximum must be finite and greater than 0"),
            ([0.5], {"maximum": np.nan}, "maximum must be"),
            ([0.5], {"threshold": np.nan}, "threshold must be finite"),
            ([0.5], {"threshold": "0.5"}, "threshold must be a number"),
            ([0.5], {"method": "stochastic", "threshold": 0.5}, "threshold is not used"),
            ([0.5], {"method": "otsu"}, "method must be one of"),
            ([0.5], {"method": "stochastic", "seed": -1}, "seed must be"),
            (0.5, {}, "at least one axis"),
            ([[0.5], [0.1, 0.2]], {}, "rectangular"),
            ([None], {}, "real numbers"),
            (["a"], {}, "real numbers"),
        ],
    )
    def test_bad_input(self, values, options, message):
        with pytest.raises(InputError, match=message):
            binarize(values, **options)


class TestDigits:
    def test_all(self):
        from sklearn.datasets import load_digits as embedded

        images, bunch = load_digits(), embedded()
        assert (len(images), images.image_shape) == (1797, (8, 8))
        np.testing.assert_array_equal(images.x, bunch.data >= 8)
        np.testing.assert_array_equal(images.y, bunch.target)

    def test_classes(self):
        everything, part = load_digits(), load_digits(classes=[3, 2])
        np.testing.assert_array_equal(part.x, everything[np.isin(everything.y, [2, 3])].x)
        assert set(part.y) == {2, 3}

    @pytest.mark.parametrize(
        ("classes", "message"),
        [
            ([12], "classes must be among the labels 0, 1, 2, 3, 4, 5, 6, 7, 8, 9; got 12"),
            ([], "at least one label"),
            (["two"], "got 'two'"),
            ([2.5], "integers or names"),
            ([True], "integers or names"),
            (2.5, "integers or names"),
        ],
    )
    def test_bad_classes(self, classes, message):
        with pytest.raises(InputError, match=message):
            load_digits(classes=classes)


class TestLoad:
    def test_digits(self):
        np.testing.assert_array_equal(load("digits", classes=2).x, load_digits(classes=[2]).x)
        np.testing.assert_array_equal(load("digits", classes=["2", "3"]).x, load_digits(classes=[2, 3]).x)

    def test_names_win_over_files(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with open("digits", "wb") as file:
            np.save(file, np.eye(4))
        assert len(load("digits")) == 1797
        assert len(load("./digits")) == 4
        assert len(load(tmp_path / "digits")) == 4

    def test_array_with_labels(self, tmp_path):
        np.savez(tmp_path / "a.npz", x=np.eye(4), y=[0, 1, 0, 1])
        assert load(tmp_path / "a.npz", classes=[1]).x.tolist() == np.eye(4)[[1, 3]].tolist()

    def test_threshold_reaches_the_array(self, tmp_path):
        np.save(tmp_path / "a.npy", np.arange(4).reshape(2, 2))
        assert load(str(tmp_path / "a.npy"), threshold=2).x.tolist() == [[0, 0], [0, 1]]

    def test_classes_without_labels(self, tmp_path):
        np.save(tmp_path / "a.npy", np.eye(4))
        with pytest.raises(InputError, match="no labels"):
            load(tmp_path / "a.npy", classes=[1])

    @pytest.mark.parametrize(
        ("source", "options", "message"),
        [
            ("nowhere", {}, "no file or folder 'nowhere'"),
            ("", {}, "source must be"),
            ("a\0b", {}, "source must be"),
            ("x" * 5000, {}, "source must be"),
            ("mnist:validation", {}, "source must be mnist, mnist:train"),
            ("mnist:", {}, "source must be mnist, mnist:train"),
            ("digits", {"threshold": 3}, "threshold cannot be given"),
            ("digits", {"binarize": "stochastic"}, "is for mnist"),
            ("digits", {"binarize": "otsu"}, "binarize must be one of"),
            (3, {}, "source must be a name or a path"),
            (None, {}, "source must be a name or a path"),
        ],
    )
    def test_bad_sources(self, source, options, message):
        with pytest.raises(InputError, match=message):
            load(source, **options)
