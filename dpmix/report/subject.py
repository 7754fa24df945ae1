"""What a report is about: a posterior, what came with it, and how to speak of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from dpmix.plot.column_cells import is_table
from dpmix.posterior.posterior import Posterior
from dpmix.report.words import images_or_rows

__all__ = ["Subject"]


@dataclass(frozen=True)
class Subject:
    """Everything that sections are made of.

    Attributes
    ----------
    posterior : Posterior
    x, observed : table and mask, or None
        Images to ask about, and where they are observed.
    y : (n,) numpy.ma.MaskedArray, or None
        Known labels, of images of the posterior.
    partition : PointEstimate, (n,) array of int, or None
        The one to show; None for the point estimate.
    source : str or None
        Where its images came from, in the words of the commands.
    folder : str or None
        The run folder.
    created : str or None
        When the run began.
    most : int
        Clusters to show.
    say : callable
        Puts a sentence into words of scripts or of the shell.
    """

    posterior: Posterior
    x: Any
    observed: Any
    y: Any
    partition: Any
    source: str | None
    folder: str | None
    created: str | None
    most: int
    say: Callable[[str], str]

    @property
    def table(self):
        """Whether this is about the rows of a table, which are no pictures."""
        return is_table(self.posterior)

    @property
    def n(self):
        return self.posterior.table.n

    def things(self, number=None):
        """So many images or rows; by default all of the posterior."""
        return images_or_rows(self.n if number is None else number, self.table)

    def name(self, row):
        """What an image is called."""
        names = self.posterior.names
        return f"{row:,}" if names is None else str(names[row])

    def pixels(self, row):
        """What is known of image `row`, (d,), masked where it is not observed."""
        table = self.posterior.table
        return np.ma.masked_where(table.observed([row])[0] == 0, table.dense([row])[0].astype(float))
