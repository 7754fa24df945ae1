"""What is wrong with the look of a figure: text that is cut off, runs into other text, or cannot be read.

The figure is drawn without its text, so that the colours behind each are those that a reader sees there.
"""

from unittest import mock

import numpy as np
from matplotlib.text import Text

from dpmix.plot.style import contrast

LEAST = 4.4  # contrast; 4.5 but for rounding of colours to bytes
DPI = 72  # dots are points


def faults(figure, inside=True):
    """What is wrong with `figure`, in words; `inside` False lets text stand beyond its edge."""
    figure.set_dpi(DPI)
    drawn = _drawn_texts(figure)
    pixels = np.asarray(figure.canvas.buffer_rgba())[::-1, :, :3] / 255
    boxes = [(text, text.get_window_extent()) for text in drawn]
    found = [fault for text, box in boxes for fault in _alone(text, box, figure.bbox, pixels, inside)]
    return found + _overlaps(boxes)


def _drawn_texts(figure):
    drawn = []

    def note(text, renderer, *_):
        if text.get_visible() and text.get_text().strip():
            drawn.append(text)

    with mock.patch.object(Text, "draw", note):
        figure.canvas.draw()
    return drawn


def _alone(text, box, page, pixels, inside):
    said = text.get_text()
    if inside and (box.x0 < -1 or box.y0 < -1 or box.x1 > page.x1 + 1 or box.y1 > page.y1 + 1):
        yield f"cut off: {said}"
    if text.get_fontsize() < 5:
        yield f"too small: {said}"
    behind = _behind(text, box, pixels)
    if behind is not None and contrast(text.get_color(), behind) < LEAST:
        yield f"hard to read: {said}"


def _behind(text, box, pixels):
    """The colour that most of the text stands on."""
    if text.get_bbox_patch() is not None:
        return text.get_bbox_patch().get_facecolor()
    rows, columns = (
        slice(max(int(a), 0), max(int(b), 0) + 1) for a, b in ((box.y0, box.y1), (box.x0, box.x1))
    )
    part = pixels[rows, columns].reshape(-1, 3)
    return np.median(part, axis=0) if len(part) else None


def _overlaps(boxes):
    if not boxes:
        return []
    x0, y0, x1, y1 = np.array([box.extents for _, box in boxes]).T
    across = np.minimum.outer(x1, x1) - np.maximum.outer(x0, x0)
    down = np.minimum.outer(y1, y1) - np.maximum.outer(y0, y0)
    pairs = np.argwhere(np.tril((across > 1) & (down > 1.5), -1))
    said = [text.get_text() for text, _ in boxes]
    return [f"one over the other: {said[one]} and {said[other]}" for one, other in pairs]
