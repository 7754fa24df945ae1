"""Settings of Matplotlib under which a user's own axes look as those of dpmix do."""

from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib as mpl
from cycler import cycler

from dpmix.plot.style import DASHES, line_colours, page_of_settings

__all__ = ["house_style"]


@contextmanager
def house_style() -> Iterator[None]:
    """Let axes that are made and drawn on within the block look as those of dpmix do.

    Colours follow the style that is in use, as ``plt.style.use("dark_background")`` sets it. Seven colours of lines,
    told apart with any kind of colour vision, come back with other dashes. In SVG and PDF files text stays text.

    Yields
    ------
    None
        The settings of Matplotlib are as before after the block.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> with dpmix.plot.house_style():  # doctest: +SKIP
    ...     figure, ax = plt.subplots()
    ...     ax.plot(false_positive, true_positive, label="machine")
    ...     ax.set_title("ROC curve")
    ...     ax.legend()
    ...     figure.savefig("roc.svg")
    """
    page = page_of_settings()
    quiet = ("axes.edgecolor", "xtick.color", "ytick.color", "legend.labelcolor", "axes.labelcolor")
    small = ("xtick.labelsize", "ytick.labelsize", "legend.fontsize")
    colours = line_colours(page.ground)
    settings = {
        "axes.prop_cycle": cycler(linestyle=DASHES) * cycler(color=colours),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.6,
        "axes.titlelocation": "left",
        "axes.titlesize": 9.5,
        "axes.titleweight": "normal",
        "axes.titlecolor": page.ink,
        "axes.labelsize": 8.5,
        "text.color": page.ink,
        "legend.frameon": False,
        "lines.linewidth": 1.2,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "figure.dpi": 150,
        "savefig.dpi": "figure",
        "svg.fonttype": "none",
        "pdf.fonttype": 42,
        **dict.fromkeys(quiet, page.quiet),
        **dict.fromkeys(small, 8),
    }
    with mpl.rc_context(settings):
        yield
