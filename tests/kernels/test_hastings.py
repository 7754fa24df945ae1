"""Detailed balance of the moves that propose, without Monte Carlo, and bugs in their Hastings ratios.

The kernels are run interpreted on a few images, from every partition S, with a generator whose uniforms
have no value yet: where a kernel compares one, both answers are followed, each with its probability.
What comes out is the exact probability that one proposal leads from S to S'. Weighted with the posterior,
and with how often which kind is proposed,
births (splits) must flow as often from S to S' as deaths (merges) flow back, for every pair of partitions;
that leaves the posterior invariant whatever other moves stand in between. The posterior is that of
`Chain.log_joint`, which other tests compare with the formula.

Few images never reach some of the code, so most copies that are run have smaller constants: a new cluster
takes from one cluster besides the anchor's own and starts from one or two seeds.
"""

import itertools
import json
import math
import pathlib
import sys
import types

import numpy as np
import pytest

from dpmix.chain.state import Chain, State, generator_state
from dpmix.kernels import birth_death, split_merge
from dpmix.model.table import BinaryTable
from support import overlay, partitions

BIRTH_DEATH, DEATH_CHOICE, LAUNCH, SPLIT_MERGE = (
    f"kernels/{name}.py" for name in ("birth_death", "death_choice", "birth_launch", "split_merge")
)
SMALL = [
    (LAUNCH, "NEIGHBOURS = 32 ", "NEIGHBOURS = 1 "),
    (BIRTH_DEATH, "_LEAST_SEEDS_LOG2, _SEED_SIZES = 4, 5 ", "_LEAST_SEEDS_LOG2, _SEED_SIZES = 0, 2 "),
]
PICKY = [  # besides, most launches are hopeless, most candidates far, and all deaths dear
    (LAUNCH, "_FAR = 60.0", "_FAR = 0.3"),
    (LAUNCH, "_HOPELESS = 60.0", "_HOPELESS = 0.3"),
    (BIRTH_DEATH, "_DEAR = 150.0", "_DEAR = 0.0"),
]
ROUNDING = 1e-12  # the largest imbalance without a bug
A_BUG = 1e-2  # the least imbalance, relative to all that flows, with which a bug must show
SEEN = np.array([[1, 1, 1], [1, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 1]], bool)
LABELS = np.array([0, 0, 1, -1, 1])
X = np.array([[1, 1, 1], [1, 1, 0], [0, 0, 0], [1, 1, 1], [0, 1, 0]], np.uint8)
A, B = np.array([0.6, 1.0, 0.8]), np.array([1.0, 0.7, 1.2])
PROBLEMS = {"plain": (None, None), "gaps and labels": (SEEN, LABELS)}

N_MERGED = [(SPLIT_MERGE, " + math.log(m - 1)", ""), (SPLIT_MERGE, " - math.log(m - 1)", "")]
N_OTHER = [(SPLIT_MERGE, " - math.log(work.sizes[1])", ""), (SPLIT_MERGE, "math.log(sizes[other]) - ", "-")]
SPLIT_SCAN = [(SPLIT_MERGE, "gain - log_scan", "gain")]
MERGE_SCAN = [(SPLIT_MERGE, "at_least = threshold - log_rest", "at_least = -math.inf")]
CHOICE = [
    (SPLIT_MERGE, "log_ratio + _log_choice(k, n_clusters, work.ward)", "log_ratio"),
    (SPLIT_MERGE, " - _log_choice(other, n_clusters, work.ward)", ""),
]
CHOICE_IN_VAIN = [(SPLIT_MERGE, "work.ward[k] = ward_increase(", "work.ward[k] = 1.0 + 0.0 * ward_increase(")]
N_BORN = [
    (BIRTH_DEATH, "math.log(partition.z.size / float(n_born))", "0.0"),
    (BIRTH_DEATH, "math.log(float(n_dying) / partition.z.size)", "0.0"),
]
SHARE = [(BIRTH_DEATH, " + _LOG_DEATHS", ""), (BIRTH_DEATH, " - _LOG_DEATHS", "")]
DYING = [
    (BIRTH_DEATH, " + log_choice + math", " + math"),
    (BIRTH_DEATH, " - log_choice - log_will", " - log_will"),
]
DYING_BEFORE = [
    (
        BIRTH_DEATH,
        "log_choice_of_dying(born, born + 1,",
        "log_choice_of_dying(born, born + 1, 1 +",
    )
]
ONE_TOO_FEW = [
    (
        DEATH_CHOICE,
        "for k in range(n_clusters):\n        total",
        "for k in range(1, n_clusters):\n        total",
    )
]
BACK = [
    (BIRTH_DEATH, "accepted = log_rest + log_back >= threshold", "accepted = log_rest >= threshold"),
    (BIRTH_DEATH, "log_rest = log_gain - log_back", "log_rest = log_gain"),
]
BIRTH_SCAN = [(BIRTH_DEATH, " - log_scan + _LOG_DEATHS", " + _LOG_DEATHS")]
LONE_BIRTH = [(BIRTH_DEATH, "if n_born > 1 and log_rest", "if log_rest")]
NOT_ALL_FLAGGED = [(BIRTH_DEATH, "if m > 0 and n_flagged == n_dying:", "if m > 0:")]
HOPELESS = [
    (
        BIRTH_DEATH,
        "    log_scan = -math.inf\n    if m > 0",
        "    log_scan = 0.0 if m == 0 else -math.inf\n    if m > 0",
    )
]
WILL = [(BIRTH_DEATH, "log_rest += _log_will(born", "log_rest += 0.0 * _log_will(born")]
OTHER_SEEDS = [
    (
        BIRTH_DEATH,
        "u_member = generator.random()\n    n_seeds = 1 << (_LEAST_SEEDS_LOG2 + ",
        "u_member = generator.random()\n    n_seeds = 1 << (_LEAST_SEEDS_LOG2 + 0 * ",
    )
]
BUGS = {
    "n_M - 1 forgotten": ("split-merge", N_MERGED),
    "n_B forgotten": ("split-merge", N_OTHER),
    "scan of a split forgotten": ("split-merge", SPLIT_SCAN),
    "scan of a merge forgotten": ("split-merge", MERGE_SCAN),
    "choice of the pair forgotten": ("split-merge", CHOICE),
    "distance of the two halves forgotten": ("split-merge", CHOICE_IN_VAIN),
    "n_b forgotten": ("birth-death", N_BORN),
    "share of births forgotten": ("birth-death", SHARE),
    "choice of the dying cluster forgotten": ("birth-death", DYING),
    "choice of the dying cluster from other sizes": ("birth-death", DYING_BEFORE),
    "a cluster that is not weighed": ("birth-death", ONE_TOO_FEW),
    "P_back forgotten": ("birth-death", BACK),
    "P_scan forgotten": ("birth-death", BIRTH_SCAN),
    "births of lone images": ("birth-death", LONE_BIRTH),
    "deaths no birth could undo": ("birth-death", NOT_ALL_FLAGGED),
    "deaths with fewer seeds": ("birth-death", OTHER_SEEDS),
    "deaths no launch could undo": ("birth-death", PICKY + HOPELESS),
    "reluctance of deaths forgotten": ("birth-death", PICKY[2:] + WILL),
    "deaths of those who were far": ("birth-death", PICKY[:1] + NOT_ALL_FLAGGED),
}
FIVE_IMAGES = {"deaths no birth could undo"}  # there are no such deaths of four
QUICK_BUGS = {  # the others are slow
    "n_M - 1 forgotten",
    "scan of a merge forgotten",
    "n_b forgotten",
    "choice of the dying cluster from other sizes",
    "P_back forgotten",
    "reluctance of deaths forgotten",
}


class Path:
    """One way through a kernel: answers to its comparisons, the first ones given, and their probability."""

    def __init__(self, answers):
        self.answers, self.n_asked, self.probability = answers, 0, 1.0

    def answer(self, share):
        """Whether an event of probability `share` comes about; True is followed first."""
        if self.n_asked == len(self.answers):
            self.answers.append(True)
        found = self.answers[self.n_asked]
        self.n_asked += 1
        self.probability *= share if found else 1.0 - share
        return found

    def random(self):
        return Uniform(self)


class Uniform:
    """A uniform of which only an interval is known."""

    __array_ufunc__ = None  # NumPy's numbers leave comparisons and products to this class

    def __init__(self, path):
        self.path, self.low, self.high = path, 0.0, 1.0

    def below(self, cut):
        """Whether it is below `cut`; afterwards the interval is the part where that is so, or is not."""
        if not self.low < cut < self.high:
            return cut >= self.high
        found = self.path.answer((cut - self.low) / (self.high - self.low))
        self.low, self.high = (self.low, cut) if found else (cut, self.high)
        return found

    def __lt__(self, cut):
        return self.below(cut)

    def __rsub__(self, one):
        return self  # 1 - u is as uniform as u, and nothing uses both

    def __mul__(self, factor):
        return Multiple(self, factor)

    __rmul__ = __mul__


class Multiple:
    """A uniform times a factor."""

    __array_ufunc__ = None

    def __init__(self, uniform, factor):
        self.uniform, self.factor = uniform, factor

    def __lt__(self, cut):
        return self.uniform.below(cut / self.factor)

    def __int__(self):
        return next(c for c in itertools.count() if c + 1 == self.factor or self < c + 1)


class Logarithm:
    """The logarithm of a uniform less `gone`."""

    __array_ufunc__ = None

    def __init__(self, uniform, gone=0.0):
        self.uniform, self.gone = uniform, gone

    def __sub__(self, number):
        return Logarithm(self.uniform, self.gone + number)

    def __le__(self, number):
        assert not math.isnan(number)
        return self.uniform.below(math.exp(min(number + self.gone, 1.0)))

    def __gt__(self, number):
        return not self <= number


def log(x):
    return Logarithm(x) if isinstance(x, Uniform) else math.log(x)


def all_paths(propose):
    """Yield ``propose(path)`` and its probability for all paths."""
    answers = []
    while True:
        path = Path(answers)
        result = propose(path)
        yield result, path.probability
        while answers and not answers[-1]:
            answers.pop()
        if not answers:
            return
        answers[-1] = False


def make_chain(problem, z):
    """A chain over the first images of `problem` at the partition `z`."""
    seen, labels = (None if part is None else part[: len(z)] for part in PROBLEMS[problem])
    table = BinaryTable.from_input(X[: len(z)], seen, labels)
    generator = generator_state(np.random.Generator(np.random.PCG64(0)))
    return Chain(table, State(np.array(z, np.int32), 2.5, A, B, generator), 0.7)


def live_tables(k, tables):
    """What scores of `k` clusters and of a new one are read from, a copy."""
    parts = (
        tables.table[: k + 1],
        tables.base[: k + 1],
        tables.own_table[:k],
        tables.own_base[:k],
        tables.rough_table[:, : k + 1],
        tables.rough_base[: k + 1],
    )
    return [part.copy() for part in parts]


def arrivals(chain, kernel, work):
    """Where one proposal leads from the partition of `chain`: probabilities by partition."""
    k, found = chain.n_clusters, {}
    arrays = [array for record in (chain.partition, chain.tables) for array in record if np.ndim(array)]
    before, tables = [array.copy() for array in arrays], live_tables(k, chain.tables)

    def restore():
        for array, copy in zip(arrays, before, strict=True):
            array[...] = copy

    def propose(path):
        restore()
        after = kernel(k, path, chain.runs, chain.hyper, chain.partition, chain.tables, getattr(chain, work))
        if after == k:  # turned down: all is as it was
            np.testing.assert_array_equal(chain.partition.z, before[0])
            for one, other in zip(live_tables(k, chain.tables), tables, strict=True):
                np.testing.assert_array_equal(one, other)
        return partitions.canonical(chain.partition.z)

    for z, probability in all_paths(propose):
        found[z] = found.get(z, 0.0) + float(probability)
    restore()
    assert sum(found.values()) == pytest.approx(1, abs=1e-9)
    return found


HERE = str(pathlib.Path(__file__).parent)
MOVES = {
    "birth-death": (
        birth_death,
        birth_death.birth,
        birth_death.death,
        "birth_death_work",
        birth_death.BIRTHS,
    ),
    "split-merge": (split_merge, split_merge.split, split_merge.merge, "split_merge_work", 0.5),
}


def measure(move, problem, n):
    """Print as JSON all that flows up (by births or splits) and down, and what does not balance.

    ``largest`` is the largest imbalance between two partitions, relative to all that flows up.
    """
    module, up, down, work, share = MOVES[move]
    module.math = types.SimpleNamespace(**vars(math) | {"log": log})
    chains = {z: make_chain(problem, z) for z in partitions.all_partitions(n)}
    logs = np.array([chain.log_joint() for chain in chains.values()])
    weights = np.exp(logs - np.logaddexp.reduce(logs))
    flows, imbalances = [0.0, 0.0], {}
    for direction, kernel in enumerate((up, down)):
        for (z, chain), weight in zip(chains.items(), weights, strict=True):
            for other, probability in arrivals(chain, kernel, work).items():
                if other != z:
                    pair, flow = ((z, other), (other, z))[direction], weight * probability
                    flow *= (share, 1.0 - share)[direction]
                    imbalances[pair] = imbalances.get(pair, 0.0) + (flow, -flow)[direction]
                    flows[direction] += flow
    largest = max(map(abs, imbalances.values())) / flows[0]
    json.dump({"up": flows[0], "down": flows[1], "largest": largest, "pairs": len(imbalances)}, sys.stdout)


def run(folder, changes, *arguments):
    """What `measure` finds in a copy of the package with `changes`."""
    overlay.copy_package(folder, *changes)
    code = f"import sys; sys.path.insert(0, {HERE!r}); import test_hastings as t; t.measure{arguments!r}"
    done = overlay.run_code_interpreted(folder, code)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def assert_balanced(found):
    """Enough flows to tell anything, and as much up as down, over all and between any two partitions."""
    assert found["up"] > 0.01 and found["pairs"] >= 5
    assert found["up"] == pytest.approx(found["down"], rel=1e-9)
    assert found["largest"] < ROUNDING


@pytest.mark.parametrize("n", [4, pytest.param(5, marks=pytest.mark.slow)])
@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("move", MOVES)
def test_flows_between_partitions_balance(move, problem, n, tmp_path):
    assert_balanced(run(tmp_path, SMALL, move, problem, n))


@pytest.mark.parametrize("problem", PROBLEMS)
def test_births_and_deaths_balance_where_most_launches_are_hopeless(problem, tmp_path):
    assert_balanced(run(tmp_path, SMALL + PICKY, "birth-death", problem, 4))


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.slow
def test_births_and_deaths_balance_with_constants_as_they_are(problem, tmp_path):
    assert_balanced(run(tmp_path, [], "birth-death", problem, 4))


@pytest.mark.parametrize(
    "bug", [bug if bug in QUICK_BUGS else pytest.param(bug, marks=pytest.mark.slow) for bug in BUGS]
)
def test_bug_in_a_hastings_ratio_is_caught(bug, tmp_path):
    move, changes = BUGS[bug]
    found = run(tmp_path, SMALL + changes, move, "plain", 5 if bug in FIVE_IMAGES else 4)
    assert found["largest"] > A_BUG
