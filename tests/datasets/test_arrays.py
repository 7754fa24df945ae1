"""Array files: .npy, .npz and IDX as they should be, and in every way broken."""

import gzip
import io
import pickle
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dpmix.base.errors import InputError
from dpmix.datasets import Images, load_array

IDX_CODES = {"u1": 8, "i1": 9, ">i2": 11, ">i4": 12, ">f4": 13, ">f8": 14}
TABLE = (np.arange(60).reshape(5, 12) % 7 < 3).astype(np.uint8)
GREY = np.arange(48, dtype=np.uint8).reshape(4, 3, 4) * 5


def idx_bytes(values):
    """The IDX file of an array."""
    values = np.asarray(values)
    code = next(code for name, code in IDX_CODES.items() if np.dtype(name) == values.dtype)
    return (
        bytes([0, 0, code, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()
    )


def npy_bytes(values):
    """The .npy file of an array."""
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def npz_bytes(save=np.savez, **arrays):
    """The .npz file of arrays."""
    file = io.BytesIO()
    save(file, **arrays)
    return file.getvalue()


def npy_with_header(header, data=b""):
    """A .npy file of version 1.0 with a header of one's own."""
    header = header.encode("latin1")
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


@pytest.fixture
def load_bytes(tmp_path):
    """Load an array file of the given content."""

    def load(content, **options):
        path = tmp_path / "array"
        path.write_bytes(content)
        return load_array(path, **options)

    return load


WRITERS = {
    "npy": npy_bytes,
    "npz": lambda x: npz_bytes(x=x),
    "packed npz": lambda x: npz_bytes(np.savez_compressed, x=x),
    "idx": idx_bytes,
    "idx.gz": lambda x: gzip.compress(idx_bytes(x)),
    "npy.gz": lambda x: gzip.compress(npy_bytes(x)),
}


class TestGoodFiles:
    @pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
    def test_every_format(self, load_bytes, write):
        images = load_bytes(write(TABLE))
        np.testing.assert_array_equal(images.x, TABLE)
        assert images.image_shape == (1, 12)
        assert images.y is None

    @pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
    def test_pictures_are_thresholded_and_keep_their_shape(self, load_bytes, write):
        images = load_bytes(write(GREY), threshold=100)
        assert images.image_shape == (3, 4)
        np.testing.assert_array_equal(images.x, GREY.reshape(4, 12) > 100)

    @pytest.mark.parametrize("dtype", ["?", "<i8", ">i2", "<f4", ">f8", "<f2", "u1", "i1"])
    def test_dtypes_and_orders(self, load_bytes, dtype):
        values = np.asfortranarray(TABLE.astype(dtype))
        np.testing.assert_array_equal(load_bytes(npy_bytes(values)).x, TABLE)

    @pytest.mark.parametrize("dtype", IDX_CODES)
    def test_idx_dtypes(self, load_bytes, dtype):
        np.testing.assert_array_equal(load_bytes(idx_bytes(TABLE.astype(dtype))).x, TABLE)

    def test_npy_version_2(self, load_bytes):
        file = io.BytesIO()
        np.lib.format.write_array(file, TABLE, version=(2, 0))
        np.testing.assert_array_equal(load_bytes(file.getvalue()).x, TABLE)

    def test_npy_header_of_python_2_gives_no_warning(self, load_bytes):
        header = "{'descr': '|u1', 'fortran_order': False, 'shape': (5L, 12L), }\n"
        np.testing.assert_array_equal(load_bytes(npy_with_header(header, TABLE.tobytes())).x, TABLE)

    def test_largest_read_is_larger_than_one_piece(self, load_bytes):
        x = np.zeros((3, 2**20), np.uint8)
        x[2, -1] = 1
        for content in (npy_bytes(x), gzip.compress(idx_bytes(x), 1)):
            np.testing.assert_array_equal(load_bytes(content).x, x)

    def test_labels(self, load_bytes):
        images = load_bytes(npz_bytes(x=TABLE, y=np.arange(5)))
        assert images.y.tolist() == [0, 1, 2, 3, 4]

    def test_keys(self, load_bytes):
        assert len(load_bytes(npz_bytes(anything=TABLE))) == 5
        assert len(load_bytes(npz_bytes(anything=TABLE, y=np.arange(5))).y) == 5
        assert len(load_bytes(npz_bytes(a=TABLE, b=TABLE[:2]), key="b")) == 2


class TestRefused:
    def check(self, load_bytes, content, message, **options):
        """Loading fails with a text that names the file and says what is wrong."""
        with pytest.raises(InputError, match=message) as caught:
            load_bytes(content, **options)
        assert "array: " in str(caught.value)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
    def test_greys_without_a_threshold(self, load_bytes, write):
        x = TABLE.copy()
        x[3, 10] = 7
        message = (
            r"x must contain only 0 and 1; found 7 at row 3, column 10; "
            r"pass threshold=... or call binarize\(x\) first"
        )
        self.check(load_bytes, write(x), message)

    @pytest.mark.parametrize("write", [npy_bytes, idx_bytes])
    def test_nan(self, load_bytes, write):
        x = TABLE.astype(">f8")
        x[1, 2] = np.nan
        self.check(load_bytes, write(x), "found nan at row 1, column 2")
        self.check(load_bytes, write(x), "must be finite; found nan at row 1, column 2", threshold=0.5)

    def test_boolean_that_is_neither(self, load_bytes):
        content = bytearray(npy_bytes(TABLE.astype(bool)))
        content[-1] = 2
        self.check(load_bytes, bytes(content), "found 2 at row 4, column 11")

    @pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
    @pytest.mark.parametrize("keep", [0.3, 0.9])
    def test_cut_short(self, load_bytes, write, keep):
        content = write(GREY)
        self.check(load_bytes, content[: int(keep * len(content))], ".", threshold=100)

    @pytest.mark.parametrize("write", [npy_bytes, idx_bytes])
    def test_one_byte_too_few_or_too_many(self, load_bytes, write):
        self.check(load_bytes, write(TABLE)[:-1], "cut short")
        self.check(load_bytes, gzip.compress(write(TABLE)[:-1]), "cut short")
        self.check(load_bytes, write(TABLE) + b"\0", "goes on after")
        self.check(load_bytes, gzip.compress(write(TABLE) + b"\0"), "goes on after")

    @pytest.mark.parametrize("shape", [(0, 4), (4, 0), (0, 0, 0)])
    def test_no_values(self, load_bytes, shape):
        for write in (npy_bytes, idx_bytes):
            self.check(load_bytes, write(np.zeros(shape, np.uint8)), "holds no values")

    def test_wrong_number_of_axes(self, load_bytes):
        for write in (npy_bytes, idx_bytes):
            self.check(load_bytes, write(np.zeros(4, np.uint8)), r"two axes .* got shape \(4,\)")
            self.check(load_bytes, write(np.zeros((1, 1, 1, 1), np.uint8)), "1 to 3 axes")
        self.check(load_bytes, npy_bytes(np.float64(1)), "1 to 3 axes")

    @pytest.mark.parametrize("size", [2**31, 2**40, 2**62, 2**70])
    @pytest.mark.parametrize("pack", [bytes, gzip.compress])
    def test_lying_headers_cost_no_memory(self, load_bytes, size, pack):
        header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({size}, 1), }}\n"
        contents = [npy_with_header(header, bytes(100))]
        if size < 2**32:
            contents.append(b"\0\0\x08\x02" + struct.pack(">II", size, 1) + bytes(100))
        tracemalloc.start()
        for content in contents:
            self.check(load_bytes, pack(content), "more than the file can hold")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 5e6

    def test_npz_member_that_lies_about_its_size(self, load_bytes):
        header = "{'descr': '|u1', 'fortran_order': False, 'shape': (4000000000, 1), }\n"
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("x.npy", npy_with_header(header, bytes(10)))
        content = file.getvalue()
        self.check(load_bytes, content, "more than the file can hold")
        claimed = content.replace(struct.pack("<I", 93), struct.pack("<I", 4_000_000_100))
        self.check(load_bytes, claimed, ".")

    @pytest.mark.parametrize("write", [npy_bytes, idx_bytes, WRITERS["npz"], WRITERS["packed npz"]])
    def test_budget_stops_honest_bombs(self, load_bytes, write):
        bomb = write(np.zeros((2000, 1000), np.uint8))
        for content in (bomb, gzip.compress(bomb)) if bomb[:2] != b"PK" else (bomb,):
            self.check(load_bytes, content, "more than max_bytes=1,000,000", max_bytes=10**6)

    @pytest.mark.parametrize("write", [npy_bytes, WRITERS["npz"]])
    def test_pickles_are_never_opened(self, load_bytes, write):
        class Trap:
            def __reduce__(self):
                return pytest.fail, ("was unpickled",)

        self.check(load_bytes, write(np.array([[Trap(), 1]], dtype=object)), "pickled Python objects")

    def test_bare_pickle(self, load_bytes):
        self.check(load_bytes, pickle.dumps(TABLE), "none of .npy, .npz and IDX")

    @pytest.mark.parametrize(
        "values", [[["a"]], [[1j]], np.zeros((2, 2), "i4,i4"), np.zeros((2, 2), "M8[s]")]
    )
    def test_types_that_are_no_numbers(self, load_bytes, values):
        self.check(load_bytes, npy_bytes(np.asarray(values)), "must hold real numbers")

    @pytest.mark.parametrize(
        "header",
        [
            "",
            "[]",
            "{'descr': '|u1'",
            "{'descr': '|u1', 'fortran_order': False}",
            "{'descr': '|u1', 'fortran_order': 0, 'shape': (1, 1)}",
            "{'descr': '|u1', 'fortran_order': False, 'shape': [1, 1]}",
            "{'descr': '|u1', 'fortran_order': False, 'shape': (-1, -1)}",
            "{'descr': '|u1', 'fortran_order': False, 'shape': (True, 1)}",
            "{'descr': '|u1', 'fortran_order': False, 'shape': (1.0, 1)}",
            "{[]: 1}",
            "__import__('os')",
            "0x1for x",
            "(" * 5000,
            "-" * 9000 + "1",
            "\0",
            "{'descr': (), 'fortran_order': False, 'shape': (1, 1)}",
            "{'descr': {'ab': 1}, 'fortran_order': False, 'shape': (1, 1)",
            "{'descr': '(2,3', 'fortran_order': False, 'shape': (1, 1)}",
        ],
    )
    def test_damaged_npy_headers(self, load_bytes, header):
        self.check(load_bytes, npy_with_header(header, b"\1"), "damaged .npy header")

    def test_unknown_npy_version_and_long_header(self, load_bytes):
        self.check(load_bytes, b"\x93NUMPY\x09\x00" + bytes(50), "version 9.0")
        self.check(load_bytes, b"\x93NUMPY\x03\x00" + bytes(50), "version 3.0; versions 1.0 and 2.0")
        tracemalloc.start()
        claimed = b"\x93NUMPY\x02\x00" + b"\xff" * 4 + bytes(50)
        self.check(load_bytes, claimed, "header of 4,294,967,295 bytes")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 5e6

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "is empty"),
            (gzip.compress(b"", mtime=0), "is empty"),
            (b"x", "none of .npy, .npz and IDX"),
            (b"hello, world", "none of .npy, .npz and IDX"),
            (b"PK\x03\x04", "cannot be read"),
            (b"\x1f\x8b", "cannot be read"),
            (b"\x93NUMPY", "cut short"),
            (b"\0\0\x08", "none of"),
            (b"\0\0\x08\x00", "1 to 3 axes"),
            (b"\0\0\x08\xff", "1 to 3 axes"),
            (b"\0\0\x08\x02\0\0", "cut short"),
            (b"\0\0\x0a\x02" + bytes(9), "none of"),
        ],
    )
    def test_no_array_file(self, load_bytes, content, message):
        self.check(load_bytes, content, message)

    def test_gzip_checksum(self, load_bytes):
        content = bytearray(gzip.compress(idx_bytes(TABLE)))
        content[-5] ^= 1
        self.check(load_bytes, bytes(content), "CRC")

    def test_keys(self, load_bytes):
        two = npz_bytes(a=TABLE, b=TABLE)
        self.check(load_bytes, two, "its arrays are: a, b; pass key=")
        self.check(load_bytes, two, "no array 'c'; its arrays are: a, b", key="c")
        self.check(load_bytes, npz_bytes(y=TABLE), "its arrays are: y")
        self.check(load_bytes, npz_bytes(), "its arrays are: none")
        self.check(load_bytes, npy_bytes(TABLE), "leave key out", key="x")

    @pytest.mark.parametrize("y", [np.arange(4), np.zeros((5, 1), int), np.zeros(5), np.array(["a"] * 5)])
    def test_labels_that_do_not_fit(self, load_bytes, y):
        self.check(load_bytes, npz_bytes(x=TABLE, y=y), "y must hold|real numbers")

    def test_foreign_zip(self, load_bytes):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_LZMA) as archive:
            archive.writestr("x.npy", npy_bytes(TABLE))
        self.check(load_bytes, file.getvalue(), "packed in a way")

    def test_encrypted_zip(self, load_bytes):
        content = bytearray(npz_bytes(x=TABLE))
        content[6] |= 1
        content[content.rindex(b"PK\x01\x02") + 8] |= 1
        self.check(load_bytes, bytes(content), "encrypted")

    @pytest.mark.parametrize("options", [{"threshold": np.nan}, {"threshold": "1"}, {"max_bytes": 0}])
    def test_options(self, load_bytes, options):
        with pytest.raises(InputError, match=f"{next(iter(options))} must be"):
            load_bytes(npy_bytes(TABLE), **options)

    @pytest.mark.parametrize("path", [None, 3, ["a.npy"]])
    def test_no_path(self, path):
        with pytest.raises(InputError, match="path must be a path"):
            load_array(path)

    def test_missing_file_and_folder(self, tmp_path):
        with pytest.raises(InputError, match="no such file"):
            load_array(tmp_path / "missing.npy")
        with pytest.raises(InputError, match="is not a file"):
            load_array(tmp_path)


SEEDS = [write(values) for write in WRITERS.values() for values in (TABLE, GREY)]
SEEDS.append(npz_bytes(np.savez_compressed, x=TABLE, y=np.arange(5)))


@st.composite
def damaged_files(draw):
    """A good file of any format, cut, with bytes changed, taken out or put in."""
    content = bytearray(draw(st.sampled_from(SEEDS)))
    # Headers are where damage is interesting; they make up little of the file.
    place = st.one_of(st.integers(0, min(150, len(content) - 1)), st.integers(0, len(content) - 1))
    for _ in range(draw(st.integers(0, 4))):
        at, byte = draw(place), draw(st.integers(0, 255))
        change = draw(st.sampled_from(["set", "flip", "insert", "delete"]))
        if change == "set":
            content[at : at + 1] = [byte]
        elif change == "flip" and at < len(content):
            content[at] ^= 1 << byte % 8
        elif change == "insert":
            content.insert(at, byte)
        else:
            del content[at : at + 1]
    return bytes(content[: draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))])


@pytest.fixture(scope="module")
def damaged_path(tmp_path_factory):
    """One path for all damaged files."""
    return tmp_path_factory.mktemp("damaged") / "array"


@settings(max_examples=400, deadline=None)
@given(content=damaged_files(), threshold=st.sampled_from([None, 100]))
def test_damaged_files_load_or_are_refused(damaged_path, content, threshold):
    damaged_path.write_bytes(content)
    try:
        outcome = load_array(damaged_path, threshold=threshold, max_bytes=10**6)
    except InputError as error:
        outcome = error
    assert isinstance(outcome, Images) or str(damaged_path) in str(outcome)
