"""Contrastive divergence: one update of a restricted Boltzmann machine from a mini-batch.

The machine gives visible values v and hidden units h the energy -b'v - c'h - v'Wh. The gradient of
the log-likelihood is a mean over data less a mean over the model; the latter is taken from a few
steps of Gibbs sampling, started at the data (CD-k, Hinton 2002) or where the last update left
them (persistent CD, Tieleman 2008). Sampled hidden states drive the visible units, probabilities
of the hidden units enter the statistics (Hinton 2012, "A practical guide to training restricted
Boltzmann machines", section 3).

Centring (Montavon and Mueller 2012; Melchior, Fischer and Wiskott 2016, "How to center deep
Boltzmann machines", JMLR 17(99), equations 11 to 13) takes offsets mu and lambda from v and h in
the gradient of W and corrects those of b and c; with the mean of data and model as offsets it is the
enhanced gradient of Cho, Raiko and Ilin (2011). The machine itself stays in the form above.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from dpmix.base.memory import check_memory
from dpmix.features.activations import sigmoid
from dpmix.features.optimizers import momentum_update
from dpmix.features.products import RowList
from dpmix.features.streams import UniformStream

__all__ = ["ContrastiveDivergence", "Machine", "Settings", "check_machine_size"]

_OFFSET_RATE = 0.01  # share of the newest mini-batch in the running offsets
_ACTIVITY_RATE = 0.1  # the same in the running activity that the sparsity target is compared with
_MOST_CERTAIN = 0.01  # visible biases start at the log odds of the mean image, brought to [0.01, 0.99]
_EXTRA_ROWS = 3
_MATRICES = 5  # of the size of the weights


class Settings(NamedTuple):
    """What an update depends on besides the machine; the fields are parameters of `BernoulliRBM`."""

    persistent: bool
    n_gibbs: int
    sample_data: bool
    sample_visible: bool
    weight_decay: float
    sparsity_target: float | None
    sparsity_cost: float
    centering: str | None


@dataclass
class Machine:
    """Parameters of a machine of d visible and h hidden units, and all that training carries along.

    Attributes
    ----------
    weights : numpy.ndarray (d, h)
    visible_bias, hidden_bias : numpy.ndarray (d,) and (h,)
    weights_velocity, visible_velocity, hidden_velocity : numpy.ndarray
        The last step of each, which momentum continues.
    chains : numpy.ndarray (n_chains, h)
        Hidden states of the persistent chains.
    visible_offset, hidden_offset : numpy.ndarray (d,) and (h,)
    activity : numpy.ndarray (h,)
        Running mean of the hidden probabilities.
    stream : UniformStream
    """

    weights: np.ndarray
    visible_bias: np.ndarray
    hidden_bias: np.ndarray
    weights_velocity: np.ndarray
    visible_velocity: np.ndarray
    hidden_velocity: np.ndarray
    chains: np.ndarray
    visible_offset: np.ndarray
    hidden_offset: np.ndarray
    activity: np.ndarray
    stream: UniformStream

    @classmethod
    def start(cls, mean, n_hidden, n_chains, seed):
        """A machine that knows the mean image only: weights N(0, 0.01**2), biases at its log odds."""
        weights_seed, stream_seed = seed.spawn(2)
        d = mean.size
        check_machine_size(d, n_hidden, n_chains)
        weights = np.random.default_rng(weights_seed).standard_normal((d, n_hidden), np.float32)
        weights *= np.float32(0.01)
        stream = UniformStream(stream_seed)
        chains = np.empty((n_chains, n_hidden), np.float32)
        stream.draw_units(np.zeros_like(chains), chains)
        base = np.clip(mean, _MOST_CERTAIN, 1 - _MOST_CERTAIN)
        return cls(
            weights,
            np.log(base / (1 - base)).astype(np.float32),
            np.zeros(n_hidden, np.float32),
            np.zeros_like(weights),
            np.zeros(d, np.float32),
            np.zeros(n_hidden, np.float32),
            chains,
            mean.astype(np.float32),
            np.full(n_hidden, 0.5, np.float32),
            np.full(n_hidden, 0.5, np.float32),
            stream,
        )

    @staticmethod
    def shapes(d, h):
        """The shape of each array; -1 is any number of chains."""
        return {
            "weights": (d, h),
            "visible_bias": (d,),
            "hidden_bias": (h,),
            "weights_velocity": (d, h),
            "visible_velocity": (d,),
            "hidden_velocity": (h,),
            "chains": (-1, h),
            "visible_offset": (d,),
            "hidden_offset": (h,),
            "activity": (h,),
        }


def check_machine_size(d, n_hidden, n_chains=1):
    """Refuse a machine that no memory could hold: weights, their gradient, velocity, and what was last kept of them."""
    check_memory(_MATRICES * 4 * d * n_hidden, "n_components", n_hidden, "use fewer hidden units")
    check_memory(8 * n_chains * (d + n_hidden), "batch_size", n_chains, "use smaller batches")


class ContrastiveDivergence:
    """Updates of `machine` with work arrays for mini-batches of up to `capacity` images."""

    def __init__(self, machine, settings, capacity):
        self._machine, self._settings = machine, settings
        d, h = machine.weights.shape
        n_chains = len(machine.chains) if settings.persistent else capacity
        n_rows = capacity + n_chains + _EXTRA_ROWS
        # Rows: the batch, the chains, then pairs whose outer products correct the gradient.
        self._visible = np.zeros((n_rows, d), np.float32)
        self._hidden = np.zeros((n_rows, h), np.float32)
        self._states = machine.chains if settings.persistent else np.empty((capacity, h), np.float32)
        self._rows = RowList(self._visible)
        self._gradient = np.empty((d, h), np.float32)

    def update(self, batch, rate, momentum):
        """Change the machine in place, given a mini-batch (b, d) with values in [0, 1]."""
        b = len(batch)
        self._visible[:b] = batch
        if self._settings.sample_data:
            self._machine.stream.draw(self._visible[:b], self._visible[:b])
        self._rows.listed(0, b)
        n = self._persistent_phases(b) if self._settings.persistent else self._divergence_phases(b)
        visible_gradient, hidden_gradient = self._gradients(b, n)
        m, s = self._machine, self._settings
        momentum_update(m.weights, m.weights_velocity, self._gradient, rate, momentum, s.weight_decay)
        momentum_update(m.visible_bias, m.visible_velocity, visible_gradient, rate, momentum)
        momentum_update(m.hidden_bias, m.hidden_velocity, hidden_gradient, rate, momentum)

    def _persistent_phases(self, b):
        """Advance the chains; fill visible and hidden rows of data and chains; return their number."""
        stream, n = self._machine.stream, b + len(self._states)
        self._gibbs_visible(self._states, b, n)
        for _ in range(self._settings.n_gibbs - 1):
            stream.draw_units(self._hidden_inputs(b, n), self._states)
            self._gibbs_visible(self._states, b, n)
        hidden = self._hidden_inputs(0, n)  # data and chains in one product
        stream.draw_units(hidden[b:], self._states)
        sigmoid(hidden)
        return n

    def _divergence_phases(self, b):
        """Do the same with chains that start at the data."""
        stream, states, n = self._machine.stream, self._states[:b], 2 * b
        hidden = self._hidden_inputs(0, b)
        stream.draw_units(hidden, states)
        sigmoid(hidden)
        self._gibbs_visible(states, b, n)
        for _ in range(self._settings.n_gibbs - 1):
            stream.draw_units(self._hidden_inputs(b, n), states)
            self._gibbs_visible(states, b, n)
        sigmoid(self._hidden_inputs(b, n))
        return n

    def _hidden_inputs(self, first, last):
        hidden = self._hidden[first:last]
        self._rows.times(first, last, self._machine.weights, hidden)
        hidden += self._machine.hidden_bias
        return hidden

    def _gibbs_visible(self, states, first, last):
        """Fill visible rows first..last - 1 from hidden states, as samples or as probabilities."""
        visible = self._visible[first:last]
        np.matmul(states, self._machine.weights.T, out=visible)
        visible += self._machine.visible_bias
        if self._settings.sample_visible:
            self._machine.stream.draw_units(visible, visible)
        else:
            sigmoid(visible)
        self._rows.listed(first, last)

    def _gradients(self, b, n):
        """Fill the gradient of W from n rows, b of them data; return those of both biases."""
        m, s = self._machine, self._settings
        v, h = self._visible, self._hidden
        data_v, data_h, model_v, model_h = (part.mean(axis=0) for part in (v[:b], h[:b], v[b:n], h[b:n]))
        delta_v, delta_h = model_v - data_v, model_h - data_h
        h[:b] *= np.float32(-1.0 / b)
        h[b:n] *= np.float32(1.0 / (n - b))
        last = n
        if s.sparsity_target is not None:
            m.activity += np.float32(_ACTIVITY_RATE) * (data_h - m.activity)
            excess = np.float32(s.sparsity_cost) * (m.activity - np.float32(s.sparsity_target))
            v[last], h[last] = data_v, excess
            delta_h = delta_h + excess
            last += 1
        if s.centering is not None:
            self._move_offsets(data_v, data_h, model_v, model_h)
            v[last], h[last] = m.visible_offset, -delta_h
            v[last + 1], h[last + 1] = delta_v, -m.hidden_offset
            last += 2
        self._rows.listed(n, last)
        self._rows.transposed_times(last, h[:last], self._gradient)
        if s.centering is None:
            return delta_v, delta_h
        return (delta_v - self._gradient @ m.hidden_offset, delta_h - m.visible_offset @ self._gradient)

    def _move_offsets(self, data_v, data_h, model_v, model_h):
        """Let the offsets follow the data (hidden part only, the visible mean is known), or both phases."""
        m, rate = self._machine, np.float32(_OFFSET_RATE)
        if self._settings.centering == "data":
            m.hidden_offset += rate * (data_h - m.hidden_offset)
        else:
            half = np.float32(0.5)
            m.visible_offset += rate * (half * (data_v + model_v) - m.visible_offset)
            m.hidden_offset += rate * (half * (data_h + model_h) - m.hidden_offset)
