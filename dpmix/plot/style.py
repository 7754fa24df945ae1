"""What all plots share: colours, the check of `ax`, new figures, titles, and how text is sized to fit."""

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from dpmix.base.errors import InputError, InputTypeError

__all__ = [
    "HIDDEN",
    "INK",
    "INK_MAP",
    "QUIET",
    "SHADE",
    "SIGNED_MAP",
    "UNCERTAINTY_MAP",
    "axes_points",
    "chain_style",
    "check_axes",
    "new_figure",
    "set_title",
    "text_size",
]

INK, QUIET, PAPER, SHADE, HIDDEN = "#17171c", "#63636b", "#f3f2ee", "#f0efeb", "#bcd3e8"
INK_MAP = LinearSegmentedColormap.from_list("dpmix_ink", [PAPER, INK]).with_extremes(bad=HIDDEN)
UNCERTAINTY_MAP = LinearSegmentedColormap.from_list(
    "dpmix_uncertainty", ["#fdeedd", "#f5a65b", "#b8431f", "#5a1212"]
).with_extremes(bad=PAPER)
SIGNED_MAP = LinearSegmentedColormap.from_list(
    "dpmix_signed", ["#0a3560", "#2f7ab8", "#a9cde6", "#fbfaf7", "#f3b48a", "#c9532a", "#661a0c"]
)

# Okabe and Ito (2008): told apart with any kind of colour vision; their yellow is too pale for a line.
_CHAIN_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#444444")
_CHAIN_DASHES = ("-", (0, (4, 1.2)), (0, (1.2, 1)), (0, (6, 1, 1, 1)))

_GLYPH = 0.62  # width of an average character, as a share of the font size


def chain_style(chain):
    """Colour and dashes of a chain, the same in every plot; 28 chains differ, then they repeat."""
    colour, dash = chain % len(_CHAIN_COLOURS), chain // len(_CHAIN_COLOURS)
    return {"color": _CHAIN_COLOURS[colour], "linestyle": _CHAIN_DASHES[dash % len(_CHAIN_DASHES)]}


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
    """A new white figure of `width` by `height` inches that pyplot knows, so that notebooks show it."""
    import matplotlib.pyplot as plt  # settles on a backend, which drawing on given axes does not need

    return plt.figure(figsize=(width, height), dpi=150, facecolor="white", layout="none")


def axes_points(ax):
    """Width and height on paper of the room that `ax` has, points."""
    box = ax.get_position(original=True)
    return ax.figure.bbox.size * 72 / ax.figure.dpi * (box.width, box.height)


def text_size(characters, width, most):
    """Largest font size up to `most` at which so many characters fit into `width` points."""
    return max(min(most, width / (_GLYPH * max(characters, 1))), 0.1)


def set_title(ax, text):
    """Title `ax` at the left, small enough for its width."""
    size = max(text_size(len(text), axes_points(ax)[0], 10), 5)
    ax.set_title(text, loc="left", fontsize=size, fontweight="normal", color=INK)
