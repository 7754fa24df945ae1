"""How much of each move a sweep holds. The moves themselves, and their order, are in `dpmix.chain.moves`."""

from dataclasses import asdict, dataclass, replace
from typing import Self

from dpmix.base.annotations import Whole
from dpmix.base.checks import check_count

__all__ = ["Schedule"]

_MOST = 1_000_000  # proposals in a sweep; more say the same as more sweeps


@dataclass(frozen=True)
class Schedule:
    """How much of each move a sweep holds. It is the same from the first sweep to the last.

    A sweep proposes splits and merges, then births and deaths, reassigns every image once by Gibbs
    sampling, and moves those hyperparameters whose prior is not a number.

    Parameters
    ----------
    split_merge : int
        Proposals to split a cluster in two or to merge two (`dpmix.kernels.split_merge`).
    birth_death : int
        Proposals of a cluster with members from many others, or, one in four, of the end of a small one
        (`dpmix.kernels.birth_death`).
    pixel_step : int
        A sweep moves the pseudo-counts of every `pixel_step`-th pixel; all have had their turn after
        as many sweeps.
    round_sweeps : int
        Where a chain is spread over shards: sweeps of each shard by itself between two deals
        (`dpmix.sharding`). Hyperparameters move once a round. Other chains have no rounds.

    Raises
    ------
    InputError, InputTypeError
        A number that is negative or not whole; a `pixel_step` or `round_sweeps` of 0.

    Examples
    --------
    >>> Schedule(split_merge=0, birth_death=0)  # single-site Gibbs sampling alone
    Schedule(split_merge=0, birth_death=0, pixel_step=4, round_sweeps=5)
    """

    split_merge: int = 20
    birth_death: int = 20
    pixel_step: int = 4
    round_sweeps: int = 5

    def __post_init__(self):
        check_count("split_merge", self.split_merge, low=0, most=_MOST)
        check_count("birth_death", self.birth_death, low=0, most=_MOST)
        check_count("pixel_step", self.pixel_step)
        check_count("round_sweeps", self.round_sweeps)

    def share(self, n: Whole, of: Whole, sweep: Whole) -> Self:
        """The schedule of one sweep of a shard: its share of the proposals.

        Shares are whole numbers; what is left over of a proposal is made up for in later sweeps.

        Parameters
        ----------
        n, of : int
            Images of the shard, and of all shards.
        sweep : int
            Number of the sweep.

        Returns
        -------
        Schedule

        Examples
        --------
        >>> [Schedule(birth_death=3).share(5, 10, sweep).birth_death for sweep in (1, 2, 3, 4)]
        [2, 1, 2, 1]
        """

        def part(total):
            return total * n * (sweep + 1) // of - total * n * sweep // of

        return replace(self, split_merge=part(self.split_merge), birth_death=part(self.birth_death))

    def to_json(self) -> dict[str, int]:
        """The schedule by name.

        Returns
        -------
        dict
            What JSON can hold.
        """
        return asdict(self)
