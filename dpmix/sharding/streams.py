"""Random numbers of a round, each drawn from what it is for and from nothing else.

Shards and clusters draw from generators of their own, images from a hash of their row: whoever asks for the
numbers of some rows, on whichever worker, in whichever order, gets the same.
"""

from typing import NamedTuple

import numpy as np

__all__ = ["COMPONENTS", "DEAL", "HYPERPARAMETERS", "SEGMENT", "Streams"]

DEAL, SEGMENT, COMPONENTS, HYPERPARAMETERS, _RANKS, _UNIFORMS = range(6)


class Streams(NamedTuple):
    """The random numbers of round `round_ix` of chain `chain_ix` of the run with this seed."""

    seed: int
    chain_ix: int
    round_ix: int

    def generator(self, purpose, part=0):
        """The generator for one of the purposes of this module, and one shard where each has its own."""
        return np.random.Generator(np.random.PCG64(self._sequence(purpose, part)))

    def ranks(self, rows):
        """Place of each row in the random order of the round: (m,) uint64, no two rows alike."""
        return _hashed(self._word(_RANKS), rows)

    def uniforms(self, rows):
        """A uniform in [0, 1) for each row, (m,) float64, multiples of 2**-53."""
        return (_hashed(self._word(_UNIFORMS), rows) >> np.uint64(11)) * 2.0**-53

    def _word(self, purpose):
        return self._sequence(purpose, 0).generate_state(1, np.uint64)

    def _sequence(self, purpose, part):
        return np.random.SeedSequence(self.seed, spawn_key=(self.chain_ix, self.round_ix, purpose, part))


def _hashed(word, rows):
    """Numbers row + 1 of the splitmix64 generator that starts at `word` (1,): (m,) uint64.

    Steele, Lea and Flood (2014), with the constants of Vigna's program. All its steps are one-to-one, so
    different rows get different numbers.
    """
    z = np.asarray(rows).astype(np.uint64) + np.uint64(1)
    z *= np.uint64(0x9E3779B97F4A7C15)
    z += word
    z ^= z >> np.uint64(30)
    z *= np.uint64(0xBF58476D1CE4E5B9)
    z ^= z >> np.uint64(27)
    z *= np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return z
