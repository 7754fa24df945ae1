"""What notebooks show: escaped, a picture where there is one, and the same numbers as the text."""

import base64
import html.parser
import io
import re

import numpy as np
import pytest
from PIL import Image

import dpmix
from dpmix.base.notebook import MOST_TILES, as_html, tiles
from dpmix.datasets import Images
from dpmix.datasets.grey import GreyImages
from dpmix.posterior.draw import Draw


class Reader(html.parser.HTMLParser):
    """Tags that are open, and the text of the cells; fails where tags do not match."""

    def __init__(self, text):
        super().__init__()
        self.open, self.cells, self.alt = [], [], None
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.alt = dict(attrs)["alt"]
        else:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1] in ("td", "th"):
            self.cells.append(data)


def sheet_of(text):
    """Grey values of the picture in a piece of HTML."""
    source = re.search(r"data:image/png;base64,([^\"]+)", text).group(1)
    return np.array(Image.open(io.BytesIO(base64.b64decode(source))))


def test_pictures_lie_side_by_side_in_rows():
    images = np.zeros((90, 6))
    images[1, 0] = 1
    sheet = sheet_of(tiles(images, (2, 3), '<some> "pictures"'))
    across = (sheet.shape[1] - 1) // 4
    assert sheet.shape == (-(-MOST_TILES // across) * 3 + 1, across * 4 + 1)
    assert [sheet[1, 1], sheet[1, 5], sheet[2, 5], sheet[0, 0]] == [243, 23, 243, 160]
    assert Reader(tiles(images, (2, 3), '<some> "pictures"')).alt == '<some> "pictures"'


def test_rows_that_are_no_pictures_have_none():
    assert tiles(np.zeros((3, 6)), (1, 6), "") == tiles(np.zeros((0, 4)), (2, 2), "") == ""


def test_markup_is_text():
    shown = as_html("<b>", [("<i>",)], ["<script>"])
    assert "&lt;script&gt;" in shown and Reader(shown).cells == ["<i>"]


def test_images_show_their_labels():
    images = Images(np.eye(4, dtype=int)[[0, 1, 2, 3, 0]], y=[0, 0, 1, 0, 1], classes=["<a>", "b"])
    read = Reader(images._repr_html_())
    assert read.cells == ["label", "images", "<a>", "3", "b", "2"]
    assert read.alt == "5 images of 2 by 2 pixels"
    many = Images(np.zeros((50, 4)), y=np.arange(50) - 1)._repr_html_()
    assert Reader(many).cells[2:6] == ["not known", "1", "0", "1"] and Reader(many).cells[-1] == "39 more"
    assert Reader(many).alt == "The first 40 of 50 images of 2 by 2 pixels"


def test_grey_images_of_any_scale_keep_their_shades():
    grey = GreyImages(np.array([[0.0, 8.0, 16.0, 4.0]]))
    assert sheet_of(grey._repr_html_())[1, 1:3].tolist() == [243, 133]


def test_posterior_shows_where_its_chains_ended(small_posterior):
    shown = small_posterior._repr_html_()
    cells = Reader(shown).cells
    assert cells[:4] == ["chain", "clusters", "log joint (nats)", "alpha"]
    assert [cells[5], cells[9]] == [str(k) for k in small_posterior.n_clusters[:, -1]]
    best = int(small_posterior.log_joint[:, -1].argmax())
    draw = small_posterior.draw(best)
    if min(small_posterior.image_shape) > 1:
        assert f"of the last draw of chain {best}" in Reader(shown).alt
    assert Reader(draw._repr_html_()).cells[2:4] == ["0", str(draw.sizes[0])]


def test_posterior_that_keeps_counts_shows_the_same():
    given = {"chains": 1, "sweeps": 4, "init": "one", "seed": 1, "progress": False, "jobs": 1}
    x = np.random.default_rng(0).integers(0, 2, (20, 9))
    shown = [dpmix.sample(x, keep=keep, **given)._repr_html_() for keep in ("labels", "counts")]
    assert (
        Reader(shown[0]).cells == Reader(shown[1]).cells and (sheet_of(shown[0]) == sheet_of(shown[1])).all()
    )


def test_summary_and_estimate_say_what_their_text_says(small_posterior):
    summary = small_posterior.summary()
    cells = Reader(summary._repr_html_()).cells
    assert all(cell in repr(summary) for cell in cells)
    assert all(str(note).split(".")[0] in summary._repr_html_() for note in summary.notes)
    estimate = dpmix.partitions.point_estimate(small_posterior, progress=False)
    assert Reader(estimate._repr_html_()).cells[3:5] == ["0", str(estimate.sizes[0])]


@pytest.mark.parametrize("n_clusters", [3, 60])
def test_long_lists_end(n_clusters):
    sizes = np.arange(n_clusters, 0, -1)
    d = 9
    draw = Draw(
        sizes,
        np.zeros((n_clusters, d), int),
        np.zeros((n_clusters, 0), int),
        None,
        1.0,
        np.ones(d),
        np.ones(d),
        1.0,
    )
    cells = Reader(draw._repr_html_()).cells
    assert len(cells) <= 28
    assert (f"{n_clusters - 12} more" in cells) == (n_clusters > 12)
