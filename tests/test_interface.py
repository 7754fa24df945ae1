"""Everything public: documented as it is called, off the top where it does not belong there, and of one manner.

Docstrings are numpydoc. What the code returns and raises is read from the sources, with what it calls.
"""

import builtins
import importlib
import inspect

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

import dpmix
from dpmix import partitions, plot, queries
from dpmix.features import BernoulliRBM, DeepBeliefNet
from support.interface import (
    ERRORS,
    errors_of,
    names_in,
    parameters,
    public_callables,
    returns_something,
    sections,
)
from support.query_cases import label_posterior

matplotlib.use("Agg")

FACE = (
    "Images Prior Posterior Schedule DPMixture sample resume load predict_proba predict_labels sample_predictive "
    "log_predictive denoise datasets features partitions plot"
).split()
OFF_THE_LIST = {
    *(
        "Gamma",
        "InputError",
        "Interrupted",
        "RunError",
        "WorkerError",
        "__version__",
        "last_run",
        "playground",
        "queries",
        "report",
    )
}
MOVED = {
    "co_clustering": "partitions",
    "compare_labels": "partitions",
    "confidence": "partitions",
    "credible_ball": "partitions",
    "masks": "datasets",
    "point_estimate": "partitions",
    "predict_mode": "queries",
    "responsibilities": "queries",
}
MADE_BY_DPMIX = {"dpmix.Posterior"}  # nobody calls the class itself

PUBLIC = public_callables()
FUNCTIONS = [public for public in PUBLIC if public.function]


def by_path(public):
    return public.path


# The face


def test_face():
    assert dpmix.__all__ == FACE
    assert set(dir(dpmix)) == {*FACE, *OFF_THE_LIST}
    assert dpmix.__version__


def test_names_off_the_list_come_without_a_warning():
    assert all(hasattr(dpmix, name) for name in dir(dpmix))  # warnings are errors in tests


@pytest.mark.parametrize("name", MOVED)
def test_moved_name_says_where_it_went(name):
    with pytest.warns(
        DeprecationWarning, match=rf"^dpmix\.{name} is now dpmix\.{MOVED[name]}\.{name}$"
    ) as caught:
        found = getattr(dpmix, name)
    assert caught[0].filename == __file__
    assert found is getattr(importlib.import_module(f"dpmix.{MOVED[name]}"), name)


def test_unknown_name():
    for module in (dpmix, dpmix.features, queries):
        with pytest.raises(AttributeError, match=f"module '{module.__name__}' has no attribute 'nothing'"):
            module.nothing  # noqa: B018


def test_public_names_exist():
    for name in ("datasets", "features", "partitions", "playground", "plot", "queries", "report"):
        module = getattr(dpmix, name)
        assert all(hasattr(module, each) for each in module.__all__)
        assert inspect.getdoc(module)


# Docstrings that agree with the code


def wrong_parameters(public):
    """What the docstring lists where it should list what the signature has; None where both agree."""
    found = sections(public.doc)
    listed = names_in(found.get("Parameters"))
    if public.function is None:
        listed = listed or names_in(found.get("Attributes"))  # of a record
    return None if listed == parameters(public) else listed


def wrong_returns(public):
    documented = {"Returns", "Yields"} & set(sections(public.doc))
    return bool(documented) != returns_something(public.function)


def wrong_raises(public):
    """Errors without a section, a section without errors, or names of no errors."""
    raised, listed = errors_of(public), names_in(sections(public.doc).get("Raises"))
    missing = bool(raised and parameters(public)) and not listed
    return missing or bool(listed and not raised) or not set(listed) <= {*ERRORS, *vars(builtins)}


@pytest.mark.parametrize("public", PUBLIC, ids=by_path)
def test_says_what_it_does(public):
    first = sections(public.doc)[""].splitlines()[0]
    assert first.endswith((".", ":")) and len(first) > 10


@pytest.mark.parametrize("public", [each for each in PUBLIC if each.path not in MADE_BY_DPMIX], ids=by_path)
def test_parameters_are_those_of_the_signature(public):
    assert wrong_parameters(public) is None


@pytest.mark.parametrize("public", FUNCTIONS, ids=by_path)
def test_returns_is_documented(public):
    assert not wrong_returns(public)


@pytest.mark.parametrize("public", PUBLIC, ids=by_path)
def test_raises_is_documented(public):
    assert not wrong_raises(public), errors_of(public)


def swapped(x, y):
    """Give something back.

    Parameters
    ----------
    y, x : int

    Returns
    -------
    int
    """
    return x + y


def silent(x):
    """Check and give back, which nobody is told."""
    return dpmix.base.checks.check_count("x", x)


def boastful(x):
    """Say that something comes back, and that it may fail.

    Returns
    -------
    int

    Raises
    ------
    InputError
        Never.
    """


@pytest.mark.parametrize(
    "function, check",
    [
        (swapped, wrong_parameters),
        (silent, wrong_parameters),
        (silent, wrong_returns),
        (boastful, wrong_returns),
        (boastful, wrong_raises),
    ],
)
def test_wrong_docstring_is_found(function, check):
    public = PUBLIC[0]._replace(path=function.__name__, function=function, owner=None)
    assert check(public) not in (None, False)


def test_missing_raises_is_found():
    [public] = [each for each in PUBLIC if each.path == "dpmix.predict_proba"]
    assert errors_of(public) >= {"InputError", "InputTypeError"}
    bare = inspect.unwrap(dpmix.Posterior.draws)
    assert errors_of(public._replace(function=bare, owner=dpmix.Posterior)) >= {"InputError"}


# Plots


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(8)
    return (rng.random((30, 12)) < rng.random(12)).astype(np.uint8)


@pytest.fixture(scope="module")
def posterior(images):
    return dpmix.sample(images, chains=2, sweeps=8, init="random:3", seed=0, jobs=1, progress=False)


@pytest.fixture(scope="module")
def net(images):
    layer = BernoulliRBM(n_iter=2, batch_size=10)
    return DeepBeliefNet((7, 5), rbm=layer, random_state=0).fit(images)


DRAW = {
    "bias_images": lambda p, net, x, **ax: plot.bias_images(net, x, **ax),
    "clusters": lambda p, net, x, **ax: plot.clusters(p, **ax),
    "completions": lambda p, net, x, **ax: plot.completions(p, x[:3], np.arange(12) < 6, **ax),
    "confusion": lambda p, net, x, **ax: plot.confusion(x[0], x[1], **ax),
    "contingency": lambda p, net, x, **ax: plot.contingency(p.labels[0, 0], x[:, 0], **ax),
    "embedding": lambda p, net, x, **ax: plot.embedding(x[:, :2], p.labels[0, 0], **ax),
    "fantasies": lambda p, net, x, **ax: plot.fantasies(net, 3, 1, **ax),
    "gallery": lambda p, net, x, **ax: plot.gallery(p, p.labels[0, 0], **ax),
    "hyperparameters": lambda p, net, x, **ax: plot.hyperparameters(p, **ax),
    "image_grid": lambda p, net, x, **ax: plot.image_grid(x[:3], **ax),
    "image_rows": lambda p, net, x, **ax: plot.image_rows([("a", x[:3])], **ax),
    "profiles": lambda p, net, x, **ax: plot.profiles(partitions.profile(p, x[:, 0]), **ax),
    "reconstructions": lambda p, net, x, **ax: plot.reconstructions(net, x[:3], **ax),
    "similarity": lambda p, net, x, **ax: plot.similarity(p, **ax),
    "trace": lambda p, net, x, **ax: plot.trace(p, **ax),
    "training_curves": lambda p, net, x, **ax: plot.training_curves(net.rbms_[0].history_, **ax),
    "unit_effects": lambda p, net, x, **ax: plot.unit_effects(net, **ax),
    "weights": lambda p, net, x, **ax: plot.weights(net, **ax),
}


def test_every_plot_is_drawn_here():
    assert list(DRAW) == [name for name in plot.__all__ if name != "house_style"]


@pytest.mark.parametrize("name", DRAW)
def test_plot_takes_ax_and_returns_it(name, posterior, net, images):
    last = list(inspect.signature(getattr(plot, name)).parameters.values())[-1]
    assert (last.name, last.default) == ("ax", None)
    before, (figure, ax) = images.copy(), plt.subplots()
    drawn = DRAW[name](posterior, net, images, ax=ax)
    panels = np.atleast_1d(drawn)
    assert drawn is ax or all(panel is ax or panel in ax.child_axes for panel in panels)  # panels in it
    assert plt.get_fignums() == [figure.number]
    alone = np.atleast_1d(DRAW[name](posterior, net, images))[0]
    assert alone.figure is not figure
    np.testing.assert_array_equal(images, before)
    plt.close("all")


# Queries

LABELS = np.arange(30) % 2
ASK = {
    "denoise": lambda p, x, seen: queries.denoise(p, x, 0.1, 0.2, seen),
    "log_predictive": lambda p, x, seen: queries.log_predictive(p, x, seen),
    "predict_labels": lambda p, x, seen: queries.predict_labels(p, x, seen),
    "predict_mode": lambda p, x, seen: queries.predict_mode(p, x, seen),
    "predict_proba": lambda p, x, seen: queries.predict_proba(p, x, seen),
    "responsibilities": lambda p, x, seen: queries.responsibilities(p, x, observed=seen),
    "sample_predictive": lambda p, x, seen: queries.sample_predictive(p, x, seen, size=2, seed=0),
}


def test_every_query_is_asked_here():
    assert [*ASK, "Assignment", "assign"] == sorted(
        queries.__all__, key=lambda name: name in ("Assignment", "assign")
    )


@pytest.fixture(scope="module")
def labelled(images):
    draws = [(np.arange(30) % 3, 1.0, np.full(12, 0.5), np.full(12, 0.7))]
    return label_posterior(images, None, LABELS, draws, 1.0)


def rows_of(name, answer, m):
    """The answer for each of `m` images, whichever axis they are on."""
    return np.moveaxis(answer, 1, 0) if name == "sample_predictive" else answer


@pytest.mark.parametrize("name", ASK)
def test_query_keeps_shapes_and_inputs(name, labelled, images):
    x, seen = images[:5].copy(), np.random.default_rng(0).random((5, 12)) < 0.7
    before, seen_before = x.copy(), seen.copy()
    many = ASK[name](labelled, x, seen)
    width = {"predict_labels": (2,), "responsibilities": (4,), "log_predictive": ()}.get(name, (12,))
    samples = (2,) if name == "sample_predictive" else ()
    assert many.shape == (*samples, 5, *width)
    one = ASK[name](labelled, x[1], seen[1])
    assert np.shape(one) == (*samples, *width)
    if not samples:
        np.testing.assert_allclose(one, many[1], atol=1e-6)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(seen, seen_before)
    x.flags.writeable = seen.flags.writeable = False
    np.testing.assert_array_equal(ASK[name](labelled, x, seen), many)
