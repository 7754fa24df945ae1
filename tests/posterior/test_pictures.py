"""``posterior.plot``: the functions of `dpmix.plot` with their arguments, on a posterior that stays what it was."""

import copy
import inspect
import pickle
import subprocess
import sys

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from dpmix import partitions, plot
from dpmix.posterior.pictures import Pictures
from support.query_cases import posterior_of

matplotlib.use("Agg")
METHODS = [name for name in vars(Pictures) if not name.startswith("_")]
ONES = np.ones(6)
LABELS = np.repeat([0, 1, 2], [12, 6, 2])


@pytest.fixture(scope="module")
def posterior():
    x = np.random.default_rng(0).integers(0, 2, (20, 6))
    return posterior_of(x, [(LABELS, 1.0, ONES, ONES)] * 3)


ASKED = {
    "clusters": ((0, -1), {"most": 2}, lambda p: plot.clusters(p, 0, -1, most=2)),
    "completions": (
        (np.eye(6)[:2], ONES > 0),
        {"samples": 1},
        lambda p: plot.completions(p, np.eye(6)[:2], ONES > 0, samples=1),
    ),
    "gallery": ((LABELS,), {"odd": 1}, lambda p: plot.gallery(p, LABELS, odd=1)),
    "hyperparameters": ((0,), {}, lambda p: plot.hyperparameters(p, 0)),
    "profiles": ((LABELS,), {"most": 3}, lambda p: plot.profiles(partitions.profile(p, LABELS), most=3)),
    "similarity": ((LABELS,), {}, lambda p: plot.similarity(p, LABELS)),
    "trace": ((), {}, lambda p: plot.trace(p)[0]),
}


def seen(ax):
    return ax.get_title(loc="left"), [image.get_array().tolist() for image in ax.images], len(ax.texts)


@pytest.mark.parametrize("name", METHODS)
def test_method_draws_what_the_function_draws(posterior, name):
    given, options, function = ASKED[name]
    drawn = np.ravel(getattr(posterior.plot, name)(*given, **options))[0]
    assert seen(drawn) == seen(function(posterior))
    plt.close("all")


@pytest.mark.parametrize("name", METHODS)
def test_method_takes_what_the_function_takes(name):
    own = list(inspect.signature(getattr(Pictures, name)).parameters.values())[1:]
    others = list(inspect.signature(getattr(plot, name)).parameters.values())[1:]
    if name == "profiles":
        own = own[1:]  # the partition stands for the profile that is made of it
    assert [(each.name, each.kind) for each in own] == [(each.name, each.kind) for each in others]
    may_search = {"estimate"}
    assert [each.default for each in own if each.name not in may_search] == [
        each.default for each in others if each.name not in may_search
    ]


def test_partition_is_searched_for(posterior):
    estimate = partitions.point_estimate(posterior, progress=False)
    assert seen(posterior.plot.gallery()) == seen(plot.gallery(posterior, estimate))
    plt.close("all")


def test_copies_have_their_own(posterior):
    for other in (pickle.loads(pickle.dumps(posterior)), copy.deepcopy(posterior), copy.copy(posterior)):
        assert other.plot._posterior is other
        assert seen(other.plot.clusters()) == seen(posterior.plot.clusters())
    plt.close("all")
    assert repr(posterior.plot).endswith(f": {', '.join(METHODS)}>")


@pytest.mark.slow
def test_matplotlib_waits_for_the_first_picture():
    script = "import sys, dpmix; dpmix.Posterior.plot; print('matplotlib' in sys.modules, 'dpmix.plot' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
