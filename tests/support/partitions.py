"""Every partition of a few images: exact posteriors, transition matrices, and how well draws fit them."""

from typing import NamedTuple

import numpy as np
from scipy.special import chdtrc

from dpmix.chain.plan import Plan
from dpmix.chain.starts import start
from dpmix.chain.state import Chain
from dpmix.model.prior import Prior
from dpmix.model.table import BinaryTable
from support import naive

LEAST_EXPECTED = 5.0  # partitions expected less often are pooled, as Pearson's approximation needs


class Case(NamedTuple):
    """Images and hyperparameters whose exact posterior is compared with draws."""

    x: np.ndarray  # (n, d)
    alpha: float
    a: np.ndarray  # (d,)
    b: np.ndarray  # (d,)


def case(x, alpha, a, b):
    """A `Case`; `a` and `b` are spread over the pixels, an `x` of text has one word of 0 and 1 per image."""
    x = np.array([list(word) for word in x.split()], np.int8) if isinstance(x, str) else np.asarray(x)
    d = x.shape[1]
    return Case(x, float(alpha), np.broadcast_to(a, d).astype(float), np.broadcast_to(b, d).astype(float))


def table_of(x):
    """The images as the table that chains read."""
    return BinaryTable.from_input(x)


def make_chain(problem, init="one", seed=0, chain_ix=0, labels=None):
    """A `Chain` at its start, made as a run makes it."""
    plan = Plan.checked(Prior(problem.alpha, problem.a, problem.b), 1, 1, None, None, init, seed)
    table = table_of(problem.x)
    return Chain(table, start(table, plan, labels, chain_ix))


def all_partitions(n):
    """All partitions of `n` images, clusters numbered in order of appearance, as a list of tuples."""
    found = [()]
    for _ in range(n):
        found = [(*z, k) for z in found for k in range(max(z, default=-1) + 2)]
    return found


def canonical(z):
    """`z` with clusters numbered in order of appearance, as a tuple."""
    rank = {}
    return tuple(rank.setdefault(int(label), len(rank)) for label in z)


def posterior(x, nodes):
    """Exact posterior probability of every partition of the images `x`, in the order of `all_partitions`.

    `nodes` are pairs (weight, (alpha, a, b)): one of weight 1 where hyperparameters are fixed, the nodes
    of a quadrature over their prior where they are sampled too.
    """
    log_joint = np.array(
        [
            [np.log(weight) + naive.log_joint(z, x, *hyper) for weight, hyper in nodes]
            for z in all_partitions(len(x))
        ]
    )
    joint = np.exp(log_joint - log_joint.max()).sum(axis=1)
    return joint / joint.sum()


def transition(problem, weigh=naive.log_weights):
    """Matrix of one sweep over the images of `problem` between all partitions, without Monte Carlo error."""
    partitions = all_partitions(len(problem.x))
    index = {z: ix for ix, z in enumerate(partitions)}
    total = np.eye(len(partitions))
    for i in range(len(problem.x)):
        step = np.zeros_like(total)
        for z in partitions:
            weights = np.array(weigh(i, list(z), *problem))
            shares = np.exp(weights - weights.max())
            for k, share in enumerate(shares / shares.sum()):
                if share > 0:
                    step[index[z], index[canonical(naive.place(i, k, list(z)))]] += share
        total = total @ step
    return total


def thinning(problem):
    """Sweeps after which what is left of a dependence between draws is below 1 %."""
    second = np.sort(np.abs(np.linalg.eigvals(transition(problem))))[-2]
    return max(1, int(np.ceil(np.log(0.01) / np.log(second))))


def count(draws, n):
    """How often each partition of `all_partitions` comes up among the rows of `draws` (m, n)."""
    index = {z: ix for ix, z in enumerate(all_partitions(n))}
    counts = np.zeros(len(index), np.int64)
    rows, times = np.unique(np.asarray(draws), axis=0, return_counts=True)
    for row, repeats in zip(rows, times, strict=True):
        counts[index[canonical(row)]] += repeats
    return counts


def run_moves(chain, plan, moves, n_draws, thin):
    """Assignments (n_draws, n) after every `thin` rounds of `moves`."""
    draws = np.empty((n_draws, chain.n), np.int32)
    for t in range(-10, n_draws):  # ten draws of burn-in
        for round_ix in range(thin):
            for move in moves:
                move(chain, plan, (t + 10) * thin + round_ix + 1)
        draws[t] = chain.partition.z  # those of the burn-in are overwritten
    return draws


def p_value(counts, probabilities):
    """Pearson's chi-square test that `counts` are of independent draws with these probabilities."""
    expected = probabilities * counts.sum()
    order = np.argsort(-expected)
    n_alone = int((expected >= LEAST_EXPECTED).sum())
    while 0 < n_alone < len(order) and expected[order[n_alone:]].sum() < LEAST_EXPECTED:
        n_alone -= 1
    groups = [*([ix] for ix in order[:n_alone]), *([order[n_alone:]] if n_alone < len(order) else [])]
    assert len(groups) > 2, "too few draws to tell anything"
    seen = np.array([counts[group].sum() for group in groups])
    wanted = np.array([expected[group].sum() for group in groups])
    return float(chdtrc(len(groups) - 1, ((seen - wanted) ** 2 / wanted).sum()))
