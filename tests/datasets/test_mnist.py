"""MNIST: the real files where they are at hand, and finding, checking and downloading with small ones."""

import functools
import gzip
import hashlib
import http.server
import re
import shutil
import struct
import sys
import threading

import numpy as np
import pytest

from dpmix.base.errors import InputError
from dpmix.datasets import fetch_mnist, load, load_mnist, mnist_files
from dpmix.datasets.mnist_files import FILES, MnistFile


class TestRealFiles:
    def test_twos_and_threes(self, mnist_home):
        images = load_mnist("all", classes=[2, 3], threshold=0, data_home=mnist_home)
        assert images.x.shape == (14_131, 784)
        assert images.image_shape == (28, 28)
        assert np.bincount(images.y).tolist() == [0, 0, 6990, 7141]
        assert images.x.mean() == pytest.approx(0.21, abs=0.01)

    def test_train_comes_before_test(self, mnist_home):
        test = load_mnist("test", data_home=mnist_home)
        both = load("mnist:all", data_home=mnist_home)
        assert (len(test), len(both)) == (10_000, 70_000)
        np.testing.assert_array_equal(both.x[60_000:], test.x)
        np.testing.assert_array_equal(both.y[60_000:], test.y)
        assert test.y[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]

    def test_fetch(self, mnist_home):
        assert fetch_mnist() == mnist_home


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Stand-ins for the four files, 40 and 20 images, in a folder; nothing else to be found anywhere."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "mirror"
    folder.mkdir()
    files = {}
    for (split, kind), file in FILES.items():
        n = 40 if split == "train" else 20
        if kind == "labels":
            content = struct.pack(">II", 2049, n) + bytes(i % 10 for i in range(n))
        else:
            content = (
                struct.pack(">IIII", 2051, n, 28, 28) + rng.integers(0, 256, n * 784, np.uint8).tobytes()
            )
        files[split, kind] = MnistFile(file.name, len(content), hashlib.sha256(content).hexdigest())
        (folder / f"{file.name}.gz").write_bytes(gzip.compress(content))
    monkeypatch.setattr(mnist_files, "FILES", files)
    monkeypatch.setattr("dpmix.datasets.mnist.FILES", files)
    monkeypatch.setattr(mnist_files, "MIRRORS", ())
    monkeypatch.setattr(mnist_files, "_cache", lambda: tmp_path / "cache")
    monkeypatch.delenv("DPMIX_DATA", raising=False)
    return folder


def grey_values(folder, name):
    """The greys (n, 784) of an image file, read in another way."""
    return np.frombuffer(gzip.decompress((folder / f"{name}.gz").read_bytes())[16:], np.uint8).reshape(
        -1, 784
    )


class TestBinary:
    @pytest.mark.parametrize("threshold", [0, 127, 254])
    def test_threshold(self, small, threshold):
        images = load_mnist("test", threshold=threshold, data_home=small)
        np.testing.assert_array_equal(images.x, grey_values(small, "t10k-images-idx3-ubyte") > threshold)

    def test_classes(self, small):
        grey = grey_values(small, "train-images-idx3-ubyte")
        images = load_mnist(classes=[4, 1], data_home=small)
        assert images.y.tolist() == [1, 4] * 4
        np.testing.assert_array_equal(images.x, grey[np.isin(np.arange(40) % 10, [1, 4])] > 127)

    def test_stochastic_draw_belongs_to_the_image(self, small):
        draw = functools.partial(load_mnist, binarize="stochastic", data_home=small)
        everything = draw("all", seed=3)
        np.testing.assert_array_equal(draw("all", seed=3).x, everything.x)
        np.testing.assert_array_equal(draw("train", seed=3).x, everything.x[:40])
        np.testing.assert_array_equal(draw("test", seed=3).x, everything.x[40:])
        part = draw("all", classes=[2, 3], seed=3)
        np.testing.assert_array_equal(part.x, everything[np.isin(everything.y, [2, 3])].x)
        assert (draw("all", seed=4).x != everything.x).any()
        assert (draw("all").x != draw("all").x).any()

    def test_stochastic_draws_have_the_right_probabilities(self, small):
        p = grey_values(small, "train-images-idx3-ubyte") / 255
        x = load_mnist(binarize="stochastic", seed=0, data_home=small).x
        assert not x[p == 0].any()
        assert x[p == 1].all()
        z = (x - p).sum() / np.sqrt((p * (1 - p)).sum())
        assert abs(z) < 5

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"split": "validation"}, "split must be one of"),
            ({"binarize": "otsu"}, "binarize must be one of"),
            ({"threshold": 255}, "threshold must be at least 0 and less than 255"),
            ({"threshold": -1}, "threshold must be"),
            ({"threshold": None}, "threshold must be a number"),
            ({"data_home": 3}, "data_home must be a path"),
            ({"seed": 1.5}, "seed must be an integer"),
            ({"classes": [10]}, "among the labels 0, 1"),
        ],
    )
    def test_bad_arguments(self, small, options, message):
        with pytest.raises(InputError, match=message):
            load_mnist(**{"data_home": small, **options})


class TestFinding:
    def test_order_of_places(self, small, tmp_path, monkeypatch):
        for name in ("home", "environment", "cache"):
            shutil.copytree(small, tmp_path / name)
        monkeypatch.setenv("DPMIX_DATA", str(tmp_path / "environment"))
        assert fetch_mnist(tmp_path / "home") == tmp_path / "home"
        assert fetch_mnist(tmp_path / "elsewhere") == tmp_path / "environment"
        assert fetch_mnist() == tmp_path / "environment"
        monkeypatch.setenv("DPMIX_DATA", "")
        assert fetch_mnist() == tmp_path / "cache"
        assert not (tmp_path / "elsewhere").exists()

    def test_without_pooch_files_are_found_and_what_is_missing_is_told(self, small, monkeypatch):
        monkeypatch.setitem(sys.modules, "pooch", None)
        monkeypatch.setattr(mnist_files, "_cache", lambda: None)
        monkeypatch.setenv("DPMIX_DATA", str(small))
        assert fetch_mnist() == small
        monkeypatch.setenv("DPMIX_DATA", "")
        with pytest.raises(InputError, match=r"in no folder that was named, and downloading it needs pooch"):
            fetch_mnist()
        next(small.glob("t10k-labels*")).unlink()
        with pytest.raises(InputError, match=re.escape(f"is not in {small}, and downloading it needs pooch")):
            fetch_mnist(small)

    def test_unpacked_files(self, small):
        expected = load_mnist(data_home=small)
        for path in list(small.iterdir()):
            path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
            path.unlink()
        np.testing.assert_array_equal(load_mnist(data_home=small).x, expected.x)

    @pytest.mark.parametrize(
        ("damage", "message"),
        [
            (lambda content: content[:-1] + bytes([content[-1] ^ 1]), "its sha256 is"),
            (lambda content: content[:-1], "bytes where .* are expected"),
            (lambda content: content + b"\0", "it has more bytes"),
        ],
    )
    @pytest.mark.parametrize("pack", [bytes, gzip.compress])
    def test_other_content_is_refused_and_kept(self, small, damage, message, pack):
        path = small / "train-images-idx3-ubyte.gz"
        content = pack(damage(gzip.decompress(path.read_bytes())))
        path.write_bytes(content)
        with pytest.raises(InputError, match=message) as caught:
            load_mnist(data_home=small)
        assert str(path) in str(caught.value)
        assert path.read_bytes() == content

    def test_cut_short_gzip(self, small):
        path = small / "train-labels-idx1-ubyte.gz"
        path.write_bytes(path.read_bytes()[:-12])
        with pytest.raises(InputError, match="cannot be read"):
            load_mnist(data_home=small)


@pytest.fixture
def server(small, monkeypatch):
    """A mirror on this machine; its requests are listed."""
    requests = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format, *args):
            requests.append(self.path)

    handler = functools.partial(Handler, directory=small)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        running.url, running.requests = f"http://127.0.0.1:{running.server_port}/", requests
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setattr(mnist_files, "MIRRORS", (running.url,))
        yield running
        running.shutdown()
        thread.join()


class TestDownload:
    def test_once_to_data_home(self, small, server, tmp_path):
        home = tmp_path / "new" / "home"
        assert len(load_mnist("test", data_home=home)) == 20
        assert len(load_mnist("test", data_home=home)) == 20
        assert len(server.requests) == 2
        assert sorted(path.name for path in home.iterdir()) == [
            "t10k-images-idx3-ubyte.gz",
            "t10k-labels-idx1-ubyte.gz",
        ]

    def test_environment_then_cache(self, server, tmp_path, monkeypatch):
        assert fetch_mnist() == tmp_path / "cache"
        assert len(list((tmp_path / "cache").iterdir())) == 4
        shutil.rmtree(tmp_path / "cache")
        monkeypatch.setenv("DPMIX_DATA", str(tmp_path / "environment"))
        assert fetch_mnist() == tmp_path / "environment"
        assert not (tmp_path / "cache").exists()

    def test_fetch_completes_a_folder(self, server, tmp_path):
        load_mnist("test", data_home=tmp_path / "home")
        assert fetch_mnist(tmp_path / "home") == tmp_path / "home"
        assert len(server.requests) == 4

    def test_next_mirror(self, server, tmp_path, monkeypatch):
        mirrors = ("http://127.0.0.1:9/", server.url + "missing/", server.url)
        monkeypatch.setattr(mnist_files, "MIRRORS", mirrors)
        assert len(load_mnist("test", data_home=tmp_path / "home")) == 20

    def test_damaged_cache_is_replaced(self, small, server, tmp_path):
        shutil.copytree(small, tmp_path / "cache")
        (tmp_path / "cache" / "train-labels-idx1-ubyte.gz").write_bytes(b"damaged")
        assert len(load_mnist()) == 40
        assert len(server.requests) == 1
        assert fetch_mnist() == tmp_path / "cache"

    def test_server_that_unpacks(self, small, server, tmp_path):
        for path in list(small.iterdir()):
            path.write_bytes(gzip.decompress(path.read_bytes()))
        assert len(load_mnist(data_home=tmp_path / "home")) == 40
        assert len(load_mnist(data_home=tmp_path / "home")) == 40
        assert len(server.requests) == 2

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (gzip.compress(b"something else", mtime=0), "14 bytes where"),
            (b"<html>Sign in</html>", "20 bytes where"),
            (bytes(10**6), "sends more than the whole file holds"),
            (gzip.compress(bytes(10**6), mtime=0), "it has more bytes"),
        ],
    )
    def test_wrong_content_is_not_kept(self, small, server, tmp_path, content, message):
        (small / "train-labels-idx1-ubyte.gz").write_bytes(content)
        with pytest.raises(InputError, match=message):
            load_mnist(data_home=tmp_path / "home")
        assert not list((tmp_path / "home").iterdir())

    def test_failure_says_everything(self, small, server, tmp_path, monkeypatch):
        monkeypatch.setattr(mnist_files, "MIRRORS", (server.url + "missing/", "http://127.0.0.1:9/"))
        monkeypatch.setenv("DPMIX_DATA", str(tmp_path / "environment"))
        with pytest.raises(InputError) as caught:
            load_mnist(data_home=tmp_path / "home")
        text = str(caught.value)
        places = [str(tmp_path / name) for name in ("home", "environment", "cache")]
        digest = mnist_files.FILES["train", "labels"].sha256
        for part in [*places, server.url, "404", "127.0.0.1:9", digest, "By hand", "train-labels-idx1-ubyte"]:
            assert part in text
        assert "\n" not in text

    def test_folder_that_cannot_be_made(self, server, tmp_path):
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(InputError, match="could not be downloaded"):
            load_mnist(data_home=tmp_path / "file" / "home")
