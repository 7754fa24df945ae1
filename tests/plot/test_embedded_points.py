"""Points in a plane: which clusters are in colour, what is written where, and what is refused."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from dpmix import plot
from dpmix.base.errors import InputError, InputTypeError
from dpmix.plot import style
from support.axes import texts
from support.looks import faults

POINTS = np.random.default_rng(0).normal(size=(60, 2))
LABELS = np.repeat([0, 1, 2, 3], [30, 15, 10, 5])


def test_largest_clusters_are_in_colour_and_others_grey():
    ax = plot.embedding(POINTS, LABELS, most=2)
    grey, second, first = ax.collections
    for drawn, clusters in ((grey, [2, 3]), (second, [1]), (first, [0])):
        np.testing.assert_array_equal(drawn.get_offsets(), POINTS[np.isin(LABELS, clusters)])
    assert [to_hex(drawn.get_facecolor()) for drawn in (first, second)] == list(style.line_colours()[:2])
    assert ax.get_title(loc="left") == "60 images in 4 clusters"
    assert ax.get_xlabel() == "Grey: 2 smaller clusters with 15 images."


def test_colours_come_back_with_other_shapes():
    ax = plot.embedding(np.tile(POINTS, (2, 1)), np.arange(120) % 20, most=20)
    looks = {(to_hex(c.get_facecolor()), c.get_paths()[0].vertices.tobytes()) for c in ax.collections}
    assert len(ax.collections) == len(looks) == 20


def test_a_number_stands_on_its_cluster():
    centres = np.array([[0, 0], [8, 0], [0, 8], [8, 8]])
    points = centres[LABELS] + 0.1 * POINTS
    ax = plot.embedding(points, LABELS)
    assert sorted(texts(ax)) == ["0", "1", "2", "3"]
    for text in ax.texts:
        nearest = np.abs(points - text.get_position()).sum(axis=1).argmin()
        assert text.get_text() == str(LABELS[nearest])
    assert faults(ax.figure) == []


def test_numbers_that_have_no_room_are_left_out():
    crowded = plot.embedding(np.zeros((8, 2)), np.arange(8))
    assert texts(crowded) == ["0"]
    mixed = plot.embedding(POINTS, np.arange(60))
    assert 3 < len(texts(mixed)) < 60 and faults(mixed.figure) == []


def test_labels_may_be_names_or_unknown():
    names = np.ma.masked_array(np.array(["no $", "yes"])[LABELS % 2], LABELS == 3)
    ax = plot.embedding(POINTS, names, title="answers")
    assert {*texts(ax)} <= {r"no \$", "yes"} and ax.get_title(loc="left") == "answers"
    assert ax.get_xlabel() == "Grey: 5 images of no known cluster."


@pytest.mark.parametrize("points", [POINTS[:1], np.full((5, 2), 7.0), 1e-12 * POINTS, 1e200 * POINTS])
def test_points_of_any_extent(points):
    ax = plot.embedding(points, np.zeros(len(points), int))
    (low, high), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    assert (points >= (low, bottom)).all() and (points <= (high, top)).all()


def test_a_unit_is_as_long_across_as_down():
    figure, ax = plt.subplots(figsize=(8, 3))
    assert plot.embedding(POINTS, LABELS, ax=ax) is ax
    figure.canvas.draw()
    (left, bottom), (right, top) = ax.transData.transform([[0, 0], [1, 1]])
    assert right - left == pytest.approx(top - bottom, rel=1e-6)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"points": POINTS[:, :1]}, InputError, r"shape \(n, 2\); got \(60, 1\)"),
        ({"points": np.where(POINTS > 1, np.nan, POINTS)}, InputError, "points must be finite"),
        ({"clusters": LABELS[:5]}, InputError, "one for each of 60 points"),
        ({"clusters": LABELS / 2}, InputTypeError, "clusters must hold integers"),
        ({"clusters": np.ma.masked_all(60, int)}, InputError, "all are masked"),
        ({"most": 29}, InputError, "most must be"),
        ({"title": 3}, InputTypeError, "title must be text"),
        ({"ax": 3}, InputTypeError, "ax must be"),
    ],
)
def test_bad_arguments(change, error, message):
    with pytest.raises(error, match=message):
        plot.embedding(**{"points": POINTS, "clusters": LABELS, **change})
    assert not plt.get_fignums()
