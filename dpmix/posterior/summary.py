"""`Posterior.summary`: measures of agreement, a verdict on the chains, and words for both."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from dpmix.base.notebook import as_html
from dpmix.posterior.agreement import (
    QUANTITIES,
    PartitionDistance,
    describe,
    distance_of,
    entropies_of,
    judge,
)
from dpmix.posterior.gain import Gain, gain_of
from dpmix.posterior.wording import advise, advise_in_burn_in, as_text, distance_line, rows_of, without_labels

__all__ = ["Summary", "summarize"]


@dataclass(frozen=True, repr=False, eq=False)
class Summary:
    """What `Posterior.summary` found; prints as a table and a plain word on what it means.

    Attributes
    ----------
    chains, draws : int
        Number of chains and of draws of each.
    quantities : dict of str to Quantity
        For each of log_joint (nats), n_clusters, alpha, entropy (of the cluster sizes, nats).
    distance : PartitionDistance
    verdict : {"agree", "nearly", "disagree", "unknown"}
        Whether the chains agree.
    notes : tuple of str
        What that means and what to do about it, in sentences.
    in_burn_in : bool
        Whether the chains have no draws yet, and the numbers are of where they stand.
    gain : Gain or None
        How well the last draws of all chains predict images together, ``gain.log_predictive``, each alone,
        ``gain.single``, and what twice as many chains would add to that, ``gain.doubling``; nats per image.
        None for fewer than 4 chains.
    """

    chains: int
    draws: int
    quantities: dict
    distance: PartitionDistance
    verdict: str
    notes: tuple
    in_burn_in: bool = False
    gain: Gain | None = None

    def __repr__(self):
        return as_text(self)

    def _repr_html_(self) -> str:
        """What a notebook shows: the table, and what it means."""
        return as_html(
            "Do the chains agree?", rows_of(self), [distance_line(self.distance), *map(str, self.notes)]
        )

    def to_dict(self) -> dict[str, Any]:
        """The summary as a dict that JSON can hold; what is not a finite number is None."""
        distance = self.distance
        return {
            "chains": self.chains,
            "draws": self.draws,
            "in_burn_in": self.in_burn_in,
            "quantities": {
                name: {field: _plain(value) for field, value in quantity._asdict().items()}
                for name, quantity in self.quantities.items()
            },
            "variation_of_information": {
                "within": _plain(distance.within),
                "between": _plain(distance.between),
                "matrix": [[_plain(value) for value in row] for row in distance.matrix],
            },
            "gain": None if self.gain is None else self.gain._asdict(),
            "verdict": self.verdict,
            "notes": list(self.notes),
        }


def summarize(posterior, x=None, observed=None):
    """The `Summary` of a posterior; see `Posterior.summary`."""
    gain = gain_of(posterior, x, observed)
    values = {
        "log_joint": posterior.log_joint,
        "n_clusters": posterior.n_clusters,
        "alpha": posterior.alpha,
        "entropy": entropies_of(posterior),
    }
    quantities = {name: describe(values[name]) for name in QUANTITIES}
    distance = distance_of(posterior)
    chains, draws = posterior.alpha.shape
    verdict = judge(chains, draws, quantities, distance)
    if posterior.in_burn_in:
        notes = advise_in_burn_in(int(posterior.draw_sweeps[0]) + 1, posterior.plan.burn_in)
    else:
        notes = advise(chains, draws, quantities, distance, verdict, gain)
    if not posterior.has_labels:
        notes += (without_labels(),)
    return Summary(chains, draws, quantities, distance, verdict, notes, posterior.in_burn_in, gain)


def _plain(value):
    value = float(value)
    return value if np.isfinite(value) else None
