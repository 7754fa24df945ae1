"""Manners that all extractors share: scikit-learn's own checks, pipelines, seeds, errors, files."""

import warnings

import numba
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from dpmix import InputError, RunError, features
from dpmix.datasets import MaskingNoise, load_grey
from dpmix.features import Autoencoder, BernoulliRBM, DeepBeliefNet, NetworkClassifier

pytestmark = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="interpreted training takes minutes")

SMALL = {
    "rbm": BernoulliRBM(
        12,
        method="pcd",
        n_iter=2,
        learning_rate=0.1,
        batch_size=20,
        centering="enhanced",
        momentum=[0.5, 0.9],
        random_state=0,
    ),
    "rbm, binary codes": BernoulliRBM(
        12, method="cd", n_iter=2, batch_size=20, codes="binary", random_state=0
    ),
    "dbn": DeepBeliefNet(
        (12, 6), rbm=BernoulliRBM(n_iter=2, learning_rate=0.1, batch_size=20), random_state=0
    ),
    "autoencoder": Autoencoder(
        (12, 6, 12), tied=True, n_iter=2, learning_rate=0.001, batch_size=20, random_state=0
    ),
    "denoising autoencoder, binary codes": Autoencoder(
        (12, 6, 12),
        activation="sigmoid",
        output_activation="linear",
        corruption=MaskingNoise(0.4, 0.05),
        pretrain=1,
        learning_rate=0.001,
        n_iter=2,
        batch_size=20,
        codes="binary",
        early_stopping=True,
        plateau=(0.01, 5),
        random_state=0,
    ),
    "autoencoder from dbn": Autoencoder(
        init=DeepBeliefNet((12, 6), rbm=BernoulliRBM(n_iter=1, learning_rate=0.1, batch_size=20)),
        loss="cross_entropy",
        n_iter=1,
        learning_rate=0.001,
        random_state=0,
    ),
    "classifier": NetworkClassifier((12, 6), n_iter=2, batch_size=20, dropout=0.2, random_state=0),
    "classifier from dbn": NetworkClassifier(
        init=DeepBeliefNet((12, 6), rbm=BernoulliRBM(n_iter=1, learning_rate=0.1, batch_size=20)),
        n_iter=1,
        n_iter_output=1,
        learning_rate=0.001,
        random_state=0,
    ),
}


@pytest.fixture(scope="module")
def digits(digits):
    return digits[:200]


@pytest.fixture(params=list(SMALL))
def estimator(request):
    return clone(SMALL[request.param])


def output(estimator, x):
    return estimator.predict_proba(x) if hasattr(estimator, "predict_proba") else estimator.transform(x)


@pytest.mark.filterwarnings("ignore")  # the checks feed values outside of [0, 1], which is warned of
def test_scikit_learns_checks(estimator):
    if isinstance(estimator, NetworkClassifier):
        estimator.set_params(n_iter=50, learning_rate=0.01)  # one check asks for 83 % of labels to be right
    check_estimator(estimator)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("cls", [Autoencoder, BernoulliRBM, NetworkClassifier])
def test_scikit_learns_checks_with_defaults(cls):
    check_estimator(cls())


def test_same_seed_same_bits_and_input_unchanged(estimator, digits):
    x = digits.x.copy()
    for values in (x, x.astype(bool), x.astype(np.float32), x.astype(float)):
        values.flags.writeable = False
    first = output(clone(estimator).fit(x, digits.y), x)
    np.testing.assert_array_equal(
        output(clone(estimator).fit(x.astype(float), digits.y), x.astype(bool)), first
    )
    np.testing.assert_array_equal(output(clone(estimator).fit(digits, digits.y), digits), first)
    np.testing.assert_array_equal(x, digits.x)
    other = output(clone(estimator).set_params(random_state=1).fit(x, digits.y), x)
    assert (other != first).any()


def test_saved_and_loaded_gives_the_same_bits(estimator, digits, tmp_path):
    fitted = estimator.fit(digits.x, digits.y)
    fitted.save(tmp_path / "model.npz")
    found = features.load(tmp_path / "model.npz")
    assert type(found) is type(fitted)
    np.testing.assert_array_equal(output(found, digits.x), output(fitted, digits.x))
    assert type(fitted).load(tmp_path / "model.npz").n_features_in_ == 64
    found.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes()[:200] == (tmp_path / "model.npz").read_bytes()[:200]
    other = NetworkClassifier if isinstance(fitted, BernoulliRBM) else BernoulliRBM
    with pytest.raises(InputError, match="dpmix.features.load"):
        other.load(tmp_path / "model.npz")


def test_damaged_files_are_named(estimator, digits, tmp_path):
    estimator.fit(digits.x, digits.y).save(tmp_path / "model.npz")
    content = (tmp_path / "model.npz").read_bytes()
    wanted = output(estimator, digits.x)
    path = tmp_path / "damaged.npz"
    rng = np.random.default_rng(0)
    damages = [b"", content[:100], content[:-1], content[: len(content) // 2], b"not an archive"]
    for place in [*rng.integers(len(content), size=20), *range(60)]:
        damages.append(
            content[:place] + bytes([content[place] ^ 1 << int(rng.integers(8))]) + content[place + 1 :]
        )
    refused = 0
    for damage in damages:
        path.write_bytes(damage)
        try:
            found = output(features.load(path), digits.x)
        except RunError as error:
            assert "damaged" in str(error) and str(path) in str(error)
            refused += 1
        else:
            np.testing.assert_array_equal(found, wanted)  # the damage hit nothing that is read
    assert refused > 20
    with pytest.raises(RunError, match="does not exist"):
        features.load(tmp_path / "absent.npz")


def test_file_of_another_kind_or_with_misfitting_arrays(digits, tmp_path):
    path = tmp_path / "model.npz"
    np.savez(path, x=np.zeros(3))
    with pytest.raises(RunError, match="not an extractor"):
        features.load(path)
    rbm = clone(SMALL["rbm"]).fit(digits.x)
    rbm.save(path)
    with np.load(path) as archive:
        arrays = dict(archive)
    for name, wrong in (
        ("hidden_bias", np.zeros(3, np.float32)),
        ("weights", arrays["weights"].astype(float)),
        ("visible_bias", np.full(64, np.nan, np.float32)),
        ("json", np.zeros(2, np.uint8)),
    ):
        np.savez(path, **arrays | {name: wrong})
        with pytest.raises(RunError, match="damaged"):
            features.load(path)


def test_what_json_cannot_hold_is_named(digits, tmp_path):
    rbm = BernoulliRBM(4, n_iter=1, schedule=lambda epoch, n: 1.0, random_state=np.random.default_rng(0)).fit(
        digits.x
    )
    with pytest.raises(InputError, match="schedule cannot be saved.*set_params"):
        rbm.save(tmp_path / "model.npz")
    rbm.set_params(schedule="constant").save(tmp_path / "model.npz")
    assert features.load(tmp_path / "model.npz").random_state is None


def test_pipeline_and_grid_search(digits):
    pipeline = make_pipeline(BernoulliRBM(16, n_iter=20, batch_size=10, random_state=0), LogisticRegression())
    search = GridSearchCV(pipeline, {"bernoullirbm__learning_rate": [0.001, 0.1]}, cv=2).fit(
        digits.x, digits.y
    )
    assert search.best_params_ == {"bernoullirbm__learning_rate": 0.1} and search.best_score_ > 0.5
    net = DeepBeliefNet((12, 6), rbm=BernoulliRBM(n_iter=1, batch_size=20), random_state=0).fit(digits.x)
    network = NetworkClassifier(init=FrozenEstimator(net), n_iter=1, random_state=0)
    search = GridSearchCV(network, {"learning_rate": [0.01], "n_iter_output": [0, 1]}, cv=2).fit(
        digits.x, digits.y
    )
    assert 0 < search.best_score_ <= 1
    deep = DeepBeliefNet((6,), rbm=BernoulliRBM(n_iter=1)).set_params(rbm__learning_rate=0.5)
    assert clone(deep).rbm.learning_rate == 0.5


@pytest.mark.parametrize(
    ("x", "match"),
    [
        (np.full((4, 64), np.nan), "NaN"),
        (np.full((4, 64), np.inf), "infinity"),
        (np.zeros(64), "Reshape"),
        (np.zeros((0, 64)), "0 sample"),
        ([["a"] * 64] * 3, "could not convert"),
        (np.zeros((2, 3, 4)), "dim 3"),
    ],
)
def test_unusable_tables(estimator, x, match):
    with pytest.raises(InputError, match=match):
        estimator.fit(x, np.arange(len(x)))


def test_wrong_width_and_unfitted_use(estimator, digits, tmp_path):
    for use in (
        lambda: output(estimator, digits.x),
        lambda: estimator.save(tmp_path / "x"),
        estimator.encoder_layers,
    ):
        with pytest.raises(NotFittedError, match="Call 'fit'"):
            use()
    estimator.fit(digits.x, digits.y)
    with pytest.raises(InputError, match="X has 63 features, but .* is expecting 64"):
        output(estimator, digits.x[:, 1:])


BAD = (
    [
        (BernoulliRBM, name, value)
        for name, values in {
            "n_components": (0, 2.5),
            "n_iter": (0, -1),
            "batch_size": (0,),
            "n_gibbs": (0,),
            "learning_rate": (0, -1, np.nan, "a"),
            "method": ("mcmc",),
            "codes": ("bits",),
            "centering": ("mean", True),
            "momentum": (1.0, -0.1, []),
            "schedule": ("steep",),
            "sparsity_target": (0, 1.0),
            "weight_decay": (-1,),
            "validation_fraction": (0, 1),
            "early_stopping": ("yes",),
            "monitor_size": (-1,),
            "random_state": ("seed",),
        }.items()
        for value in values
    ]
    + [
        (NetworkClassifier, name, value)
        for name, values in {
            "hidden_layer_sizes": (0, (5, -1), "ab", None),
            "n_iter": (0,),
            "n_iter_output": (-1,),
            "solver": ("lbfgs",),
            "activation": ("softmax", ("relu", "tanh")),
            "dropout": (1.0, (0.2, 1.0), (0.1, 0.2, 0.3)),
            "input_dropout": (-0.5,),
            "learning_rate": (0,),
            "momentum": (1,),
            "init": (
                3,
                [(1, 2)],
                [(np.zeros((3, 2)), np.zeros(2), "relu")],
                [(np.zeros((64, 2)), np.zeros(3), "relu")],
                [(np.full((64, 2), np.nan), np.zeros(2), "relu")],
            ),
        }.items()
        for value in values
    ]
    + [
        (Autoencoder, name, value)
        for name, values in {
            "hidden_layer_sizes": (0, (5, -1), (), "ab", None),
            "code_layer": (0, 2, 1.5),
            "activation": ("softmax", ("relu", "tanh"), 3),
            "output_activation": ("relu",),
            "loss": ("log_loss",),
            "tied": ("yes",),
            "corruption": (0.4, "masking"),
            "pretrain": (-1,),
            "solver": ("lbfgs",),
            "learning_rate": (0, np.inf),
            "momentum": (1,),
            "n_iter": (0,),
            "batch_size": (0,),
            "schedule": ("steep",),
            "weight_decay": (-1,),
            "sparsity_target": (0, 1.0, 0.1),
            "codes": ("bits",),
            "thresholds": ((0.8, 0.2), 0.5, (0.1, np.nan), ("a", "b")),
            "early_stopping": (1,),
            "validation_fraction": (0, 1),
            "n_iter_no_change": (0,),
            "tol": (-1,),
            "plateau": (0.01, (0.01, 0), (-1, 5), (np.nan, 5)),
            "random_state": ("seed",),
            "init": (3, [], [(1, 2)], [(np.zeros((3, 2)), np.zeros(2), "relu")]),
        }.items()
        for value in values
    ]
    + [
        (DeepBeliefNet, "n_components", ()),
        (DeepBeliefNet, "n_components", (3, 0)),
        (DeepBeliefNet, "rbm", "deep"),
        (DeepBeliefNet, "rbm", [BernoulliRBM()]),
        (DeepBeliefNet, "codes", "bits"),
    ]
)


@pytest.mark.parametrize(
    ("cls", "name", "value"), BAD, ids=lambda value: getattr(value, "__name__", str(value)[:20])
)
def test_bad_parameters_are_named_before_work_starts(cls, name, value, digits):
    with pytest.raises((InputError, ValueError), match="seed" if name == "random_state" else name):
        cls(**{name: value}).fit(digits.x[:20], digits.y[:20])


def test_chains_that_persist_need_samples(digits):
    with pytest.raises(InputError, match="sample_visible must be True or None with method"):
        BernoulliRBM(4, method="pcd", sample_visible=False).fit(digits.x[:20])


def test_values_outside_are_clipped_with_a_warning(digits):
    grey = digits.x * 255.0
    with pytest.warns(DataConversionWarning, match="found 0 to 255.*scale them"):
        found = clone(SMALL["rbm"]).fit(grey)
    np.testing.assert_array_equal(found.components_, clone(SMALL["rbm"]).fit(digits.x).components_)


def test_masked_values_are_refused(digits):
    hidden = np.ma.masked_array(digits.x, digits.x > 0)
    for name in ("rbm", "dbn", "classifier"):
        with pytest.raises(InputError, match="no masked values"):
            clone(SMALL[name]).fit(hidden, digits.y)
    clone(SMALL["rbm"]).fit(np.ma.masked_array(digits.x))


@pytest.mark.parametrize("name", SMALL)
def test_a_training_that_failed_leaves_nothing_fitted(name, digits):
    estimator = clone(SMALL[name])
    rate = "rbm__learning_rate" if name == "dbn" else "learning_rate"
    estimator.set_params(**{rate: 1e300})
    with pytest.raises(InputError, match="learning_rate is too high"):
        estimator.fit(digits.x, digits.y)
    with pytest.raises(NotFittedError):
        estimator.predict(digits.x) if hasattr(estimator, "predict") else estimator.transform(digits.x)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_diverging_network_says_so(digits, solver):
    with pytest.warns(ConvergenceWarning, match="above that of guessing, .*lower learning_rate"):
        NetworkClassifier(4, solver=solver, learning_rate=1e6, n_iter=2, random_state=0).fit(
            digits.x, digits.y
        )


@pytest.mark.parametrize("rate", [1e3, 1e30])
def test_diverging_rbm_says_so(digits, rate):
    rbm = BernoulliRBM(
        8, learning_rate=rate, momentum=0.9, n_iter=3, batch_size=20, monitor_size=0, random_state=0
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            rbm.fit(digits.x)
        except InputError as error:
            caught.append(error)
    texts = [str(getattr(one, "message", one)) for one in caught]
    assert len(texts) == 1 and "learning_rate" in texts[0] and ("lower" in texts[0] or "tenth" in texts[0]), (
        texts
    )
    if not isinstance(caught[0], InputError):
        assert caught[0].category is ConvergenceWarning


def test_import_is_light():
    import subprocess
    import sys

    text = "import sys, dpmix, dpmix.features; print({'sklearn', 'numba', 'tqdm'} & set(sys.modules))"
    assert (
        subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True).stdout
        == "set()\n"
    )


def test_grey_images_are_taken_as_they_come():
    grey = load_grey("digits")
    rbm = BernoulliRBM(4, n_iter=1, random_state=0)
    np.testing.assert_array_equal(rbm.fit(grey).transform(grey), rbm.fit(grey.x).transform(grey.x))
