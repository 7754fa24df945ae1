"""What extractors show of themselves, as text and in notebooks, and scikit-learn's switches for it."""

import re

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from dpmix.datasets import load_digits
from dpmix.features import Autoencoder, BernoulliRBM, DeepBeliefNet, NetworkClassifier

QUICK = {"n_iter": 2, "batch_size": 50, "random_state": 0}
MODELS = {
    "BernoulliRBM, 64 - 8 units": BernoulliRBM(8, **QUICK),
    "DeepBeliefNet, 64 - 8 - 4 units": DeepBeliefNet((8, 4), rbm=BernoulliRBM(n_iter=2), random_state=0),
    "Autoencoder, 64 - 8 - 64 units": Autoencoder(8, learning_rate=0.01, **QUICK),
    "NetworkClassifier, 64 - 8 - 10 units": NetworkClassifier(8, **QUICK),
}


@pytest.fixture(scope="module")
def digits():
    return load_digits()[:200]


@pytest.fixture(scope="module")
def fitted(digits):
    return {name: clone(model).fit(digits.x, digits.y) for name, model in MODELS.items()}


def cells(html):
    """The rows of the table, a dictionary."""
    return dict(re.findall("<tr><td>(.*?)</td><td>(.*?)</td></tr>", html))


@pytest.mark.parametrize("name", MODELS)
def test_table_and_filters_of_a_fitted_one(name, fitted):
    model = fitted[name]
    html = model._repr_html_()
    assert html.startswith(f"<div><p><b>{name}</b></p><table>") and html.endswith("</figure></div>")
    assert html.count('<img src="data:image/png;base64,') == 1 and "weights of 8 units" in html
    found, stages = cells(html), getattr(model, "rbms_", [model])
    assert found["learning rate"] == ", ".join(f"{stage.learning_rate_:.4g}" for stage in stages)
    assert found["epochs"] == ", ".join(["2"] * len(stages)) and "random_state" in found
    figures = [key for key in stages[0].history_ if key not in ("learning_rate", "seconds")]
    for key in figures:
        last = ", ".join(f"{stage.history_[key][-1]:.4g}" for stage in stages)
        assert found[f"last {key.replace('_', ' ')}"] == last


@pytest.mark.parametrize("name", MODELS)
def test_one_that_is_not_fitted(name):
    model, kind = clone(MODELS[name]), name.partition(",")[0]
    assert model._repr_html_().startswith(f"<div><p><b>{kind}, not fitted</b></p><table>")
    assert type(model)()._repr_html_() == f"<div><p><b>{kind}, not fitted</b></p></div>"


def test_text_tells_the_rate_that_was_found(fitted):
    rbm = fitted["BernoulliRBM, 64 - 8 units"]
    text = "BernoulliRBM(batch_size=50, n_components=8, n_iter=2, random_state=0)"
    assert repr(clone(rbm)) == text
    assert repr(rbm) == f"{text}  # learning_rate_ {rbm.learning_rate_:.4g}"
    assert eval(repr(rbm)).get_params() == rbm.get_params()
    net = fitted["DeepBeliefNet, 64 - 8 - 4 units"]
    assert repr(net).endswith("  # learning_rate_ " + ", ".join(f"{r.learning_rate_:.4g}" for r in net.rbms_))
    assert "#" not in repr(fitted["Autoencoder, 64 - 8 - 64 units"])  # its rate was given


def test_long_texts_are_broken_into_lines_as_ever():
    options = {
        "early_stopping": True,
        "momentum": 0.5,
        "weight_decay": 1e-4,
        "schedule": "linear",
        "codes": "binary",
    }
    text = repr(BernoulliRBM(8, **QUICK, **options))
    assert "\n             " in text and max(map(len, text.splitlines())) < 100


@pytest.mark.parametrize("name", MODELS)
def test_switches_of_scikit_learn(name, fitted):
    model = fitted[name]
    assert set(model._repr_mimebundle_()) == {"text/plain", "text/html"}
    with config_context(display="text"):
        assert set(model._repr_mimebundle_()) == {"text/plain"} and not hasattr(model, "_repr_html_")
    few = cells(model._repr_html_())
    with config_context(print_changed_only=False):
        assert set(model.get_params(deep=False)) <= set(cells(model._repr_html_())) and "verbose" not in few
    assert name.partition(",")[0] in make_pipeline(model)._repr_html_()


def test_what_comes_from_outside_is_escaped(digits):
    class Named:
        def __repr__(self):
            return "<script>alert(1)</script>"

        def __call__(self, *arguments):
            return 1.0

    rbm = BernoulliRBM(4, schedule=Named(), **QUICK)
    for html in (rbm._repr_html_(), rbm.fit(digits)._repr_html_()):
        assert "<script>" not in html and "&lt;script&gt;" in html
    weights = [(np.zeros((64, 2)), np.zeros(2), "relu")] * 1
    shown = cells(NetworkClassifier(init=weights, n_iter=1)._repr_html_())["init"]
    assert len(shown) < 300 and shown.endswith("…")


def test_columns_that_are_no_picture_and_weights_of_zero(digits):
    rbm = BernoulliRBM(4, **QUICK).fit(digits.x[:, :63])
    assert "<img" not in rbm._repr_html_() and "<table>" in rbm._repr_html_()
    rbm = BernoulliRBM(4, **QUICK).fit(digits)
    rbm.components_ = np.zeros_like(rbm.components_)
    assert "<img" in rbm._repr_html_()
