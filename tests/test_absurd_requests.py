"""Requests that no machine can meet: refused at once, before anything is allocated, by name.

The table holds what decides how much is allocated or done; every other argument gets a number that Python cannot
even write out.
"""

import inspect
import re
import time
import tracemalloc

import numpy as np
import pytest

import dpmix
from dpmix import datasets, features, partitions, plot, queries
from dpmix.base import memory
from dpmix.base.errors import InputError
from dpmix.cli import main
from dpmix.features import Autoencoder, BernoulliRBM, DeepBeliefNet, NetworkClassifier
from support.shell import is_one_error

HUGE = 10**5000
X = np.eye(24, 64, dtype=np.uint8)
Y = np.arange(24) % 2
QUIET = {"jobs": 1, "progress": False, "seed": 0}


@pytest.fixture(scope="module")
def given():
    posterior = dpmix.sample(X, chains=1, sweeps=4, seed=0, jobs=1, progress=False)
    net = DeepBeliefNet((4, 3), rbm=BernoulliRBM(n_iter=1), random_state=0).fit(X)
    autoencoder = Autoencoder(3, n_iter=1, random_state=0).fit(X)
    mixture = dpmix.DPMixture(chains=1, sweeps=4, random_state=0).fit(X)
    network = NetworkClassifier(3, n_iter=1, random_state=0).fit(X, Y)
    return {"p": posterior, "net": net, "rbm": net.rbms_[0], "ae": autoencoder, "mix": mixture, "nn": network}


# By path and argument: what asks for so many, given some fitted things.
ASK = {
    "dpmix.sample chains": lambda n, of: dpmix.sample(X, chains=n, **QUIET),
    "dpmix.sample sweeps": lambda n, of: dpmix.sample(X, sweeps=n, **QUIET),
    "dpmix.sample burn_in": lambda n, of: dpmix.sample(X, sweeps=4, burn_in=n, **QUIET),
    "dpmix.sample thin": lambda n, of: dpmix.sample(X, sweeps=4, thin=n, **QUIET),
    "dpmix.sample jobs": lambda n, of: dpmix.sample(X, chains=1, jobs=n, sweeps=2, progress=False),
    "dpmix.Schedule split_merge": lambda n, of: dpmix.Schedule(split_merge=n),
    "dpmix.Schedule birth_death": lambda n, of: dpmix.Schedule(birth_death=n),
    "dpmix.sample_predictive size": lambda n, of: dpmix.sample_predictive(of["p"], X, X == 1, size=n),
    "dpmix.DPMixture chains": lambda n, of: dpmix.DPMixture(chains=n).fit(X),
    "dpmix.DPMixture sweeps": lambda n, of: dpmix.DPMixture(sweeps=n).fit(X),
    "dpmix.DPMixture.sample n_samples": lambda n, of: of["mix"].sample(n),
    "dpmix.features.BernoulliRBM n_components": lambda n, of: BernoulliRBM(n).fit(X),
    "dpmix.features.BernoulliRBM batch_size": lambda n, of: BernoulliRBM(4, batch_size=n).partial_fit(X),
    "dpmix.features.DeepBeliefNet n_components": lambda n, of: DeepBeliefNet((4, n)).fit(X),
    "dpmix.features.DeepBeliefNet.sample n_samples": lambda n, of: of["net"].sample(n),
    "dpmix.features.Autoencoder hidden_layer_sizes": lambda n, of: Autoencoder((n, 2, n)).fit(X),
    "dpmix.features.NetworkClassifier hidden_layer_sizes": lambda n, of: NetworkClassifier((4, n)).fit(X, Y),
    "dpmix.features.annealed_log_partition n_chains": lambda n, of: features.annealed_log_partition(
        of["rbm"], X, n, 3
    ),
    "dpmix.features.annealed_log_partition n_temperatures": lambda n, of: features.annealed_log_partition(
        of["rbm"], X, 2, n
    ),
    "dpmix.features.fantasy_images n_samples": lambda n, of: features.fantasy_images(of["rbm"], n, 1),
    "dpmix.plot.fantasies n_samples": lambda n, of: plot.fantasies(of["rbm"], n, 1),
    "dpmix.datasets.masks.mask shape": lambda n, of: datasets.masks.mask((n, n), "top"),
    "dpmix.datasets.OccludingBlocks n_blocks": lambda n, of: datasets.OccludingBlocks(1, n_blocks=n),
    "dpmix.datasets.OccludingBlocks height": lambda n, of: datasets.corrupt(X, datasets.OccludingBlocks(n)),
}


SIZES = {"10**9": 10**9, "10**12": 10**12, "10**5000": HUGE, "-10**5000": -HUGE}
FINE = {("dpmix.sample jobs", "10**9")}  # never more than there are chains


@pytest.mark.parametrize("what", ASK)
@pytest.mark.parametrize("size", SIZES)
def test_refused_at_once(what, size, given, monkeypatch):
    monkeypatch.setattr(memory, "machine_memory", lambda: 16 * 10**9)
    if (what, size) in FINE:
        return
    tracemalloc.start()
    started = time.perf_counter()
    with pytest.raises(InputError) as caught:
        ASK[what](SIZES[size], given)
    took, (_, peak) = time.perf_counter() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert took < 1 and peak < 20e6
    assert len(str(caught.value)) < 400 and "Exceeds the limit" not in str(caught.value)
    names = NAMED.get(what, (what.split()[1],))
    assert re.search(rf"\b({'|'.join(names)})\b", str(caught.value))


NAMED = {
    "dpmix.datasets.masks.mask shape": ("shape", "height"),
    "dpmix.datasets.OccludingBlocks height": ("height", "n_blocks"),
}


# Whatever takes an integer


def callables(given):
    """The methods of fitted things, and the functions of the modules."""
    for each in given.values():
        for name, function in inspect.getmembers(type(each), inspect.isfunction):
            if not name.startswith("_") and function.__module__.startswith("dpmix"):
                yield getattr(each, name)
    for module in (datasets, features, partitions, plot, queries):
        yield from filter(inspect.isfunction, (getattr(module, name) for name in module.__all__))


def test_huge_numbers_are_refused_in_a_line(given):
    """As any argument of anything: an error of dpmix, never Python's own words about the number of digits."""
    asked, wrong = 0, []
    for function in callables(given):
        names = [p for p in inspect.signature(function).parameters.values() if p.kind != p.VAR_KEYWORD]
        for parameter in names:
            arguments = {p.name: stand_in(p.name, given) for p in names if p.default is p.empty}
            asked += 1
            try:
                function(**arguments | {parameter.name: HUGE})
            except Exception as error:  # noqa: BLE001 (whatever comes is looked at)
                if type(error) is ValueError or len(str(error)) > 1000 or isinstance(error, OverflowError):
                    wrong.append((function.__qualname__, parameter.name, error))
    assert asked > 200 and not wrong


def stand_in(name, given):
    """A value for an argument that must be given."""
    known = {"posterior": given["p"], "rbm": given["rbm"], "net": given["net"], "model": given["net"], "y": Y}
    known |= {
        "labels": Y,
        "estimate": Y,
        "shape": (8, 8),
        "hide": "top",
        "on_off": 0.1,
        "off_on": 0.1,
        "codes": X[:, :3],
    }
    return known.get(name, X)


@pytest.mark.parametrize(
    "line",
    [
        "fit digits -o run --chains 10000000",
        "fit digits -o run --chains 1000000000000",
        "fit digits -o run --sweeps 1000000000",
        "fit digits -o run --init random:1000000000",
        "resume RUN --sweeps 1000000000",
        "complete RUN digits --classes 2,3 --hide top -o p.png --samples 1000000000000",
        "complete RUN digits --classes 2,3 --hide top -o p.png --most 1000000000000",
        "train digits --model rbm --layers 1000000000 -o m.npz",
        "train digits --model dbn --layers 8,1000000000 -o m.npz",
        "train digits --model autoencoder --layers 1000000000 -o m.npz",
        "train digits --model classifier --layers 1000000000 -o m.npz",
        "train digits --model rbm --epochs 1000000000000 -o m.npz",
        "train digits --model rbm --batch-size 1000000000000 -o m.npz",
        "plot RUN gallery -o c.png --most 1000000000000",
    ],
)
def test_refused_in_the_shell(line, finished_run, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(memory, "machine_memory", lambda: 16 * 10**9)
    monkeypatch.chdir(tmp_path)
    started = time.perf_counter()
    assert main([{"RUN": str(finished_run)}.get(word, word) for word in line.split()]) == 2
    assert time.perf_counter() - started < 3
    shown = capsys.readouterr()
    assert shown.out == "" and is_one_error(shown.err) and len(shown.err) < 400
    assert list(tmp_path.iterdir()) == []


# The one mechanism


def test_memory_of_the_machine_is_the_smallest_limit(monkeypatch):
    limits = {"_physical": 24 << 30, "_address_space": None}
    for name, value in limits.items():
        monkeypatch.setattr(memory, name, lambda value=value: value)
    monkeypatch.setattr(memory, "_of_group", lambda path: 4 << 30 if path.endswith("memory.max") else None)
    assert memory.machine_memory.__wrapped__() == 4 << 30
    monkeypatch.setattr(memory, "_of_group", lambda path: None)
    assert memory.machine_memory.__wrapped__() == 24 << 30
    monkeypatch.setattr(memory, "_physical", lambda: None)
    assert memory.machine_memory.__wrapped__() == 1 << 40


def test_what_fits_is_let_through(monkeypatch):
    monkeypatch.setattr(memory, "machine_memory", lambda: 10**9)
    memory.check_memory(10**9, "size", 5)
    said = r"^size must fit in the memory of this machine, 1 GB; got 5, for 1 GB at least; ask for less$"
    with pytest.raises(InputError, match=said):
        memory.check_memory(10**9 + 1, "size", 5)
    assert memory.in_bytes(HUGE) == "more than 1,000 EB"
