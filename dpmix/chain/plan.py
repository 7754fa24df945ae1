"""What a run was asked to do: the `Plan` of all its chains."""

import math
from dataclasses import dataclass, replace

import numpy as np

from dpmix.base.checks import check_choice, check_count, check_seed
from dpmix.base.errors import InputError
from dpmix.base.memory import check_memory
from dpmix.chain.kept import KEPT
from dpmix.chain.schedule import Schedule
from dpmix.chain.starts import check_shards, is_near
from dpmix.model.prior import Prior

__all__ = ["Plan", "usual_lengths", "usual_schedule"]

_SWEEPS_IN_ALL = 400  # of chains that start near; measured in docs/many_chains.md
_LEAST_SWEEPS, _LEAST_CHAINS, _MOST_CHAINS = 20, 5, 20
_NEAR_BIRTHS = 2  # a sweep: chains that start with more clusters than they will have need few
_SPLITS_OF_FEW = 100  # a sweep, and mergers, where no pixels are learned
_CHAIN_BYTES = 10_000  # of a chain without images: its arrays, their headers, the generator
_SWEEP_BYTES = 100  # of its trace, at the least


@dataclass(frozen=True)
class Plan:
    """Settings of a run, checked; the same for all of its chains.

    Attributes
    ----------
    prior : Prior
    chains, sweeps : int
        Number of chains and length of each, burn-in included.
    burn_in : int
        Sweeps at the start of which no draw is kept.
    thin : int
        Every `thin`-th sweep after the burn-in gives a draw.
    init : str
        "near:K", "seeds:K", "one", "random:K", "crp", or "labels" (given, and no longer known).
    seed : int
    schedule : Schedule
        What a sweep consists of.
    shards : int
        Over how many shards each chain is spread (`dpmix.sharding`); 1 for a chain that sweeps all its images.
    keep : {"labels", "counts"}
        What is kept of a draw (`dpmix.chain.kept`); it makes no difference to the chain.
    """

    prior: Prior
    chains: int
    sweeps: int
    burn_in: int
    thin: int
    init: str
    seed: int
    schedule: Schedule = Schedule()
    shards: int = 1
    keep: str = "labels"

    @classmethod
    def checked(
        cls,
        prior,
        chains,
        sweeps,
        burn_in,
        thin,
        init,
        seed,
        schedule=Schedule(),  # noqa: B008
        shards=1,
        keep="labels",
    ):
        """A plan from a user's arguments; None for `burn_in`, `thin`, `seed` and `keep` takes defaults.

        By default the first half is burn-in and up to 100 draws a chain are kept, of chains over shards as counts.
        """
        chains, sweeps = check_count("chains", chains), check_count("sweeps", sweeps)
        burn_in = sweeps // 2 if burn_in is None else check_count("burn_in", burn_in, low=0)
        if burn_in >= sweeps:
            raise InputError(
                "burn_in must be less than sweeps, or no draw is kept; "
                f"got burn_in={burn_in}, sweeps={sweeps}"
            )
        kept = sweeps - burn_in
        thin = -(-kept // 100) if thin is None else check_count("thin", thin)
        if thin > kept:
            raise InputError(
                f"thin must be at most sweeps - burn_in = {kept}, or no draw is kept; got {thin}"
            )
        shards = check_count("shards", shards)
        check_shards(init, shards)
        _check_rounds(sweeps, shards, schedule)
        keep = ("labels" if shards == 1 else "counts") if keep is None else check_choice("keep", keep, KEPT)
        return cls(prior, chains, sweeps, burn_in, thin, init, check_seed(seed), schedule, shards, keep)

    def check_memory(self, n, d):
        """Refuse a plan whose draws and traces of `n` images of `d` pixels no memory could hold."""
        kept, figures = self.n_kept(self.sweeps), 8 * (1 + 2 * d)
        chain = (
            _CHAIN_BYTES
            + 4 * n
            + figures
            + self.sweeps * _SWEEP_BYTES
            + kept * (self.draw_bytes(n) + figures)
        )
        check_memory(
            self.chains * chain,
            "chains and sweeps",
            (self.chains, self.sweeps),
            "ask for fewer, or for a larger thin",
        )

    def draw_bytes(self, n):
        """Bytes of the labels of a draw of `n` images, at the least; none where counts are kept."""
        return 2 * n if self.keep == "labels" else 0

    def lengthened(self, sweeps):
        """The same plan with chains of `sweeps` sweeps in total; never shorter."""
        sweeps = check_count("sweeps", sweeps)
        if sweeps < self.sweeps:
            raise InputError(
                f"sweeps is the total length of each chain and cannot shrink; got {sweeps}, "
                f"the run was planned with {self.sweeps}"
            )
        _check_rounds(sweeps, self.shards, self.schedule)
        return replace(self, sweeps=sweeps)

    def with_schedule(self, schedule):
        """The same plan with another `schedule`."""
        return replace(self, schedule=schedule)

    def keeps(self, sweep):
        """Whether sweep number `sweep`, counted from 1, gives a draw."""
        return sweep > self.burn_in and (sweep - self.burn_in) % self.thin == 0

    def n_kept(self, sweeps):
        """How many of the first `sweeps` sweeps give a draw."""
        return max(0, sweeps - self.burn_in) // self.thin

    def kept_sweeps(self, n_draws):
        """Indices, counted from 0, of the sweeps that gave the first `n_draws` draws: (n_draws,) int64."""
        return self.burn_in + self.thin * np.arange(1, n_draws + 1) - 1

    def to_json(self):
        """The plan as a dict that JSON can hold; `from_json` gives the same plan."""
        fields = ("init", "seed", "chains", "sweeps", "burn_in", "thin")
        rest = {name: getattr(self, name) for name in fields}
        rest |= {"shards": self.shards} if self.shards > 1 else {}
        rest |= {"keep": self.keep} if self.keep != "labels" else {}
        return {"prior": self.prior.to_json(), "schedule": self.schedule.to_json(), **rest}

    @classmethod
    def from_json(cls, fields):
        """The plan whose `to_json` is `fields`; other keys are passed over."""
        counts = {
            name: check_count(name, fields[name], low=0) for name in ("chains", "sweeps", "burn_in", "thin")
        }
        return cls.checked(
            prior=Prior.from_json(fields["prior"]),
            init=fields["init"],
            schedule=Schedule(**fields["schedule"]),
            seed=check_count("seed", fields["seed"], low=0, most=math.inf),
            shards=fields.get("shards", 1),
            keep=fields.get("keep", "labels"),
            **counts,
        )


def usual_lengths(init, chains=None, sweeps=None):
    """Numbers of chains and of sweeps of each, where one of them is None or both are.

    From ``init="near"``, 20 chains of 20 sweeps; where one number is given, the other makes it about 400 sweeps
    in all, with at least 20 of each chain and 5 to 20 chains. From other starts, 5 chains of 200 sweeps.

    Examples
    --------
    >>> usual_lengths("near"), usual_lengths("near", chains=4), usual_lengths("near", sweeps=200)
    ((20, 20), (4, 100), (5, 200))
    """
    if not is_near(init):
        return 5 if chains is None else chains, 200 if sweeps is None else sweeps
    if sweeps is None:
        known = _MOST_CHAINS if chains is None else check_count("chains", chains)
        sweeps = max(_LEAST_SWEEPS, -(-_SWEEPS_IN_ALL // known))
    if chains is None:
        wanted = -(-_SWEEPS_IN_ALL // check_count("sweeps", sweeps))
        chains = min(max(_LEAST_CHAINS, wanted), _MOST_CHAINS)
    return chains, sweeps


def usual_schedule(init, learns_pixels):
    """The schedule of chains from `init` where none is given; `learns_pixels` is that of their prior.

    Where it is False clusters are large, and splitting one pays about as often as a birth at a fifth of the price.
    """
    if not learns_pixels:
        return Schedule(split_merge=_SPLITS_OF_FEW)
    return Schedule(birth_death=_NEAR_BIRTHS) if is_near(init) else Schedule()


def _check_rounds(sweeps, shards, schedule):
    """Chains over shards go on by whole rounds, so that a run that is made longer is the longer run."""
    each = schedule.round_sweeps
    if shards > 1 and sweeps % each:
        raise InputError(
            f"sweeps must be a multiple of the {each} sweeps of a round where shards is more than 1; got {sweeps}",
            f"ask for {sweeps + -sweeps % each} sweeps, or for another round_sweeps of the schedule",
        )
