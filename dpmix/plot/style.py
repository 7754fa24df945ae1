"""What all plots share: colours that suit the page they are drawn on, new figures, titles, text sized to fit.

Pictures of pixels are ink on paper on any page. Words and lines follow what is behind them: a figure that the user's
style makes dark gets light ones, and a colour of text that the style asks for is kept where it can be read.
"""

from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex, to_rgba
from matplotlib.ticker import MaxNLocator

from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.text import count

__all__ = [
    "DASHES",
    "HIDDEN",
    "INK",
    "INK_MAP",
    "PAPER",
    "SIGNED_MAP",
    "UNCERTAINTY_MAP",
    "Page",
    "Panels",
    "axes_points",
    "chain_style",
    "check_axes",
    "contrast",
    "dress_panel",
    "line_colours",
    "new_figure",
    "page_behind",
    "page_of",
    "page_of_settings",
    "page_within",
    "print_on",
    "set_title",
    "text_size",
]

INK, PAPER, HIDDEN = "#17171c", "#f3f2ee", "#bcd3e8"
INK_MAP = LinearSegmentedColormap.from_list("dpmix_ink", [PAPER, INK]).with_extremes(bad=HIDDEN)
UNCERTAINTY_MAP = LinearSegmentedColormap.from_list(
    "dpmix_uncertainty", ["#fdeedd", "#f5a65b", "#b8431f", "#5a1212"]
).with_extremes(bad=PAPER)
SIGNED_MAP = LinearSegmentedColormap.from_list(
    "dpmix_signed", ["#0a3560", "#2f7ab8", "#a9cde6", "#fbfaf7", "#f3b48a", "#c9532a", "#661a0c"]
)

# Found by a search for seven colours that are furthest apart for any kind of colour vision (Machado et al., 2009),
# and differ enough from a white or a black page; tests/plot/test_house_style.py holds both.
_ON_LIGHT = ("#0062b6", "#d73635", "#009850", "#bf73ba", "#3692ff", "#c98500", "#444444")
_ON_DARK = ("#3d82ff", "#ee4f2a", "#12b56b", "#d65aa3", "#86eef5", "#f0cf35", "#ebf5e4")
DASHES = ("-", (0, (4, 1.2)), (0, (1.2, 1)), (0, (6, 1, 1, 1)))

_READABLE = 4.5  # contrast of text with what is behind it (WCAG 2, level AA)
_QUIET, _FAINT = 0.68, (0.065, 0.16)  # shares of ink in quiet words, and in shaded ground, light and dark
_RULE = "#5e5e66"
_GLYPH = 0.62  # width of an average character, as a share of the font size


class Page(NamedTuple):
    """Colours for what is drawn on a page: its ground, text, quiet text and lines, and shaded ground."""

    ground: str
    ink: str
    quiet: str
    shade: str

    @property
    def dark(self):
        return _luminance(self.ground) < _luminance("#767676")  # on which black and white are as easy to read

    @property
    def rule(self):
        """Of lines between cells; on a dark page one that shows where black cells end, too."""
        return _RULE if self.dark else self.ground


def page_of(ground):
    """The `Page` of a colour."""
    wanted, light = mpl.rcParams["text.color"], _luminance(ground) > _luminance("#767676")
    ink = INK if light else PAPER
    if to_hex(wanted) not in ("#000000", "#ffffff") and contrast(wanted, ground) >= _READABLE:
        ink = to_hex(wanted)  # what a style asks for
    ink = _until_readable(ground, ink, 1.0)
    return Page(
        to_hex(ground), ink, _until_readable(ground, ink, _QUIET), _blend(ground, ink, _FAINT[not light])
    )


def page_of_settings():
    """The page that new figures are made with."""
    return page_of(_over(to_rgba(mpl.rcParams["figure.facecolor"]), _unpainted()))


def _unpainted():
    """What lies below a figure without a colour: what the user's text is to be read on."""
    return "white" if _luminance(mpl.rcParams["text.color"]) < 0.4 else "black"


def page_behind(ax):
    """The page that is seen around `ax`: its figure, or the axes that it is an inset of."""
    figure = ax.figure
    root = figure.canvas.figure
    layers = [root.patch, *([] if figure is root else [figure.patch])]
    layers += [parent.patch for parent in root.axes if ax in parent.child_axes and parent.axison]
    return _seen(layers)


def page_within(ax):
    """The page between the spines of `ax`."""
    around = page_behind(ax)
    face = to_rgba(ax.get_facecolor()) if ax.patch.get_visible() and ax.axison else (0, 0, 0, 0)
    return page_of(_over(face, around.ground))


def _seen(layers):
    """The page of patches one above the other."""
    ground = _unpainted()
    for patch in layers:
        if patch.get_visible():
            ground = _over(to_rgba(patch.get_facecolor()), ground)
    return page_of(ground)


def _over(colour, ground):
    return _blend(ground, colour, colour[3])


def _blend(ground, colour, share):
    ground, colour = (np.array(to_rgba(each)[:3]) for each in (ground, colour))
    return to_hex((ground + share * (colour - ground)).clip(0, 1))


def _until_readable(ground, ink, share):
    """`share` of `ink` on `ground`, or more, or beyond it black or white, as much as makes text readable."""
    end = "black" if _luminance(ground) > _luminance("#767676") else "white"
    for part in np.linspace(share, 1, 9):
        if contrast(mixed := _blend(ground, ink, part), ground) >= _READABLE:
            return mixed
    steps = (_blend(ink, end, part) for part in np.linspace(0, 1, 9))
    return next((mixed for mixed in steps if contrast(mixed, ground) >= _READABLE), to_hex(end))


def _luminance(colour):
    """Relative luminance of a colour, as WCAG 2 defines it."""
    part = np.array(to_rgba(colour)[:3])
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def contrast(one, other):
    """Ratio of contrast of two colours, from 1 to 21 (WCAG 2)."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def print_on(colour):
    """Ink or paper, whichever is easier to read on a cell of this colour; black or white where neither is."""
    best = max(INK, PAPER, key=lambda text: contrast(text, colour))
    if contrast(best, colour) >= _READABLE:
        return best
    return max("black", "white", key=lambda text: contrast(text, colour))


def line_colours(ground="white"):
    """Seven colours for lines and points on a `ground`, told apart with any kind of colour vision."""
    return _ON_DARK if page_of(ground).dark else _ON_LIGHT


def chain_style(chain, ground="white"):
    """Colour and dashes of a chain, the same in every plot; 28 chains differ, then they repeat."""
    colours = line_colours(ground)
    dash, colour = divmod(chain, len(colours))
    return {"color": colours[colour], "linestyle": DASHES[dash % len(DASHES)]}


def check_axes(ax, name="ax"):
    """Return `ax`, which must be Matplotlib axes with plain x and y."""
    if not isinstance(ax, Axes):
        raise InputTypeError(
            f"{name} must be Matplotlib axes, such as those of plt.subplots(), or None; "
            f"got {type(ax).__name__}"
        )
    if ax.name != "rectilinear":
        raise InputError(f"{name} must have plain x and y axes; got a {ax.name} projection")
    return ax


def new_figure(width, height):
    """A new figure of `width` by `height` inches, as the user's style colours it, that pyplot knows."""
    import matplotlib.pyplot as plt  # settles on a backend, which drawing on given axes does not need

    return plt.figure(figsize=(width, height), dpi=150, layout="none")


def axes_points(ax):
    """Width and height on paper of the room that `ax` has, points."""
    box = ax.get_position(original=True)
    return ax.figure.bbox.size * 72 / ax.figure.dpi * (box.width, box.height)


def text_size(characters, width, most):
    """Largest font size up to `most` at which so many characters fit into `width` points."""
    return max(min(most, width / (_GLYPH * max(characters, 1))), 0.1)


class Panels(np.ndarray):
    """An array of axes that says what is on them, where a notebook would show a list of objects."""

    def __repr__(self):
        names = [ax.get_title(loc="left") or "no title" for ax in np.ravel(self).view(np.ndarray)]
        return f"<{count(len(names), 'panel')}: {', '.join(names)}>"


def set_title(ax, text):
    """Title `ax` at the left, small enough for its width."""
    size = max(text_size(len(text), axes_points(ax)[0], 10), 5)
    ax.set_title(text, loc="left", fontsize=size, fontweight="normal", color=page_behind(ax).ink)


def dress_panel(panel, title, xlabel, size=9):
    """Give axes with lines their title, spines and ticks, with whole numbers along x; return the page around them."""
    page = page_behind(panel)
    size = max(text_size(len(title), axes_points(panel)[0], size), 5)
    panel.set_title(title, loc="left", size=size, weight="normal", color=page.ink)
    panel.set_xlabel(xlabel, size=8.5, color=page.quiet)
    panel.spines[["top", "right"]].set_visible(False)
    panel.spines[["left", "bottom"]].set(color=page.quiet, linewidth=0.6)
    panel.tick_params(labelsize=8, labelcolor=page.quiet, color=page.quiet, width=0.6, length=3)
    panel.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    panel.yaxis.set_major_locator(MaxNLocator(nbins=5))
    return page
