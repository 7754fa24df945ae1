"""`Autoencoder`: what it learns, codes and bits, noise, stopping, unrolling, pre-training, errors."""

import pickle

import numba
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import DataConversionWarning, NotFittedError

from dpmix import InputError, features
from dpmix.datasets import GaussianNoise, MaskingNoise, OccludingBlocks, SaltAndPepper, corrupt
from dpmix.features import Autoencoder, BernoulliRBM, DeepBeliefNet, NetworkClassifier, ternary
from dpmix.features.codes import bit_levels
from dpmix.features.epochs import EarlyStopping

pytestmark = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="interpreted training takes minutes")

NOISE = MaskingNoise(0.4, 0.05)


@pytest.fixture(scope="module")
def plain(digits):
    return Autoencoder((48, 16, 48), n_iter=40, learning_rate=0.005, random_state=0).fit(digits.x[:1200])


@pytest.fixture(scope="module")
def denoiser(digits):
    net = Autoencoder(
        64, activation="sigmoid", corruption=NOISE, n_iter=60, learning_rate=0.005, random_state=0
    )
    return net.fit(digits.x[:1200])


def small(**changes):
    usual = {"hidden_layer_sizes": (12, 6, 12), "n_iter": 3, "learning_rate": 0.001, "random_state": 0}
    return Autoencoder(**(usual | changes))


def test_reconstructions_beat_the_mean_image_and_near_principal_components(plain, digits):
    x, unseen = digits.x[:1200].astype(float), digits.x[1200:]
    baseline = np.square(unseen - x.mean(axis=0)).mean()
    pca = PCA(16).fit(x)
    linear = np.square(unseen - pca.inverse_transform(pca.transform(unseen))).mean()
    found = plain.reconstruction_errors(unseen)
    assert found.shape == (len(unseen),) and found.mean() < 1.05 * linear < 0.5 * baseline
    assert plain.score(unseen) == pytest.approx(-found.mean())
    np.testing.assert_allclose(
        found, np.square(plain.reconstruct(unseen).astype(float) - unseen).mean(axis=1), rtol=1e-4
    )


def test_denoising_beats_leaving_the_noise_and_the_mean_image(denoiser, plain, digits):
    clean = digits.x[1200:]
    noisy = corrupt(clean, NOISE, seed=1)
    identity = np.square(noisy.astype(float) - clean).mean()
    mean_image = np.square(clean - digits.x[:1200].mean(axis=0)).mean()
    found = denoiser.reconstruction_errors(noisy, clean).mean()
    assert found < 0.6 * identity and found < 0.8 * mean_image
    assert found < plain.reconstruction_errors(noisy, clean).mean()
    np.testing.assert_array_equal(denoiser.denoise(noisy), denoiser.reconstruct(noisy))
    twice = denoiser.denoise(noisy, n_steps=2)
    np.testing.assert_array_equal(twice, denoiser.denoise(denoiser.denoise(noisy)))


def test_noise_is_drawn_afresh_and_targets_are_clean(digits):
    seen = []

    def record(x, rng):
        assert not x.flags.writeable
        seen.append((x.copy(), noisy := NOISE(x, rng)))
        return noisy

    x = digits.x[:40].astype(np.float32)
    net = small(corruption=record, batch_size=20).fit(x, validation=x[:7])
    assert [len(part) for part, _ in seen] == [7, *[20] * 6]  # validation images get noise once
    assert (seen[1][1] != seen[3][1]).any()
    for epoch in (seen[1:3], seen[3:5], seen[5:7]):
        together = np.concatenate([part for part, _ in epoch])
        assert sorted(map(tuple, together)) == sorted(map(tuple, x))
    assert len(net.history_["validation_loss"]) == 3
    np.testing.assert_array_equal(
        net.reconstruct(x), small(corruption=NOISE, batch_size=20).fit(x, validation=x[:7]).reconstruct(x)
    )


@pytest.mark.parametrize("loss", ["squared_error", "cross_entropy"])
def test_history_is_what_it_says(digits, loss):
    x = digits.x[:200]
    net = small(loss=loss, learning_rate=1e-12, n_iter=2).fit(x, validation=x)
    p = net.reconstruct(x).astype(float)
    error = np.square(p - x).mean()
    wanted = 32 * error if loss == "squared_error" else -(x * np.log(p) + (1 - x) * np.log1p(-p)).sum() / 200
    for prefix in ("", "validation_"):
        np.testing.assert_allclose(net.history_[prefix + "loss"], [wanted] * 2, rtol=1e-5)
        np.testing.assert_allclose(net.history_[prefix + "mean_squared_error"], [error] * 2, rtol=1e-5)
    assert net.n_iter_ == 2


@pytest.mark.parametrize(
    ("sizes", "given", "code"),
    [
        (20, None, 1),
        ((256, 128, 256), None, 2),
        ((10, 40, 10), None, 2),
        ((500, 100, 2, 100, 500), None, 3),
        ((30, 10), None, 2),
        ((9, 3, 3, 9), None, 2),
        ((4, 8, 16), None, 1),
        ((12, 6, 12), 1, 1),
    ],
)
def test_where_the_code_is(digits, sizes, given, code):
    net = Autoencoder(sizes, code_layer=given, n_iter=1, random_state=0).fit(digits.x[:20])
    wanted = np.atleast_1d(sizes)[code - 1]
    assert net.code_layer_ == code and net.encode(digits.x[:3]).shape == (3, wanted)
    assert len(net.get_feature_names_out()) == wanted
    np.testing.assert_array_equal(net.decode(net.encode(digits.x)), net.reconstruct(digits.x))
    layers = net.encoder_layers() + net.decoder_layers()
    assert [len(bias) for _, bias, _ in layers] == [*np.atleast_1d(sizes), 64]


def forward(layers, x):
    functions = {"relu": lambda z: np.maximum(z, 0), "tanh": np.tanh, "linear": lambda z: z}
    functions["sigmoid"] = lambda z: 1 / (1 + np.exp(-z))
    for weights, bias, activation in layers:
        x = functions[activation](x @ weights.astype(float) + bias)
    return x


def test_encoder_and_decoder_layers_are_the_network(digits):
    net = small(hidden_layer_sizes=(12, 5, 7), activation=("relu", "tanh", "sigmoid")).fit(digits.x)
    codes = forward(net.encoder_layers(), digits.x)
    np.testing.assert_allclose(net.encode(digits.x), codes, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        net.reconstruct(digits.x), forward(net.decoder_layers(), codes), rtol=1e-4, atol=1e-5
    )


def test_tied_weights_are_transposed_and_stay_so(digits):
    net = small(tied=True, pretrain=2, weight_decay=1e-3).fit(digits.x)
    for up, down in zip(net.coefs_[:2], net.coefs_[:1:-1], strict=True):
        np.testing.assert_array_equal(up, down.T)
    free = small(tied=False).fit(digits.x)
    assert (free.coefs_[0] != free.coefs_[-1].T).any()
    loaded = Autoencoder()._from_parts(*net._to_parts())
    assert np.shares_memory(loaded.coefs_[0], loaded.coefs_[-1])


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "linear"])
def test_binary_codes_and_the_way_back(digits, activation):
    x = digits.x[:600]
    net = small(activation=activation, codes="binary", n_iter=30, learning_rate=0.01).fit(x)
    activations, bits = net.encode(x), net.transform(x)
    thresholds = {"sigmoid": 0.5, "tanh": 0.0}.get(activation, np.median(activations, axis=0))
    np.testing.assert_array_equal(bits, activations > thresholds)
    assert bits.dtype == np.uint8
    for unit in range(6):
        for value in (0, 1):
            chosen = activations[bits[:, unit] == value, unit]
            if len(chosen):
                assert net.code_levels_[value, unit] == pytest.approx(chosen.mean(), rel=1e-4, abs=1e-5)
    wanted = np.where(bits == 1, net.code_levels_[1], net.code_levels_[0])
    np.testing.assert_allclose(net.inverse_transform(bits), net.decode(wanted), atol=1e-5)
    middle = net.inverse_transform(np.full((1, 6), 0.5))
    np.testing.assert_allclose(middle, net.decode(net.code_levels_.mean(axis=0)[None]), atol=1e-5)
    raw = small(activation=activation, n_iter=30, learning_rate=0.01).fit(x)
    np.testing.assert_array_equal(raw.transform(x), activations)
    np.testing.assert_array_equal(raw.inverse_transform(activations), raw.decode(activations))


def test_median_bits_are_half_on_unless_units_are_mostly_off(plain, digits):
    bits = plain.encode(digits.x[:1200]) > plain.code_thresholds_
    share = bits.mean(axis=0)
    assert (share <= 0.5).all() and (share[plain.code_thresholds_ > 0] > 0.49).all()


def test_a_bit_that_is_always_the_same_stands_for_the_threshold_elsewhere():
    _, levels = bit_levels(np.array([[0.9, 0.1], [0.7, 0.3]]), "sigmoid")
    np.testing.assert_allclose(levels, [[0.5, 0.2], [0.8, 0.5]], rtol=1e-6)


def test_ternary_outputs(plain, digits):
    p = plain.reconstruct(digits.x)
    found = plain.reconstruct(digits.x, ternary=True)
    assert found.dtype == np.int8 and set(np.unique(found)) == {-1, 0, 1}
    np.testing.assert_array_equal(found == 1, p > 0.75)
    np.testing.assert_array_equal(found == 0, p < 0.25)
    narrow = clone(plain).set_params(thresholds=(0.5, 0.5)).fit(digits.x[:50])
    assert set(np.unique(narrow.denoise(digits.x, ternary=True))) <= {0, 1}
    np.testing.assert_array_equal(ternary([0.25, 0.75, np.nan]), [-1, -1, -1])
    with pytest.raises(InputError, match="in this order"):
        ternary(p, 0.9, 0.1)


def test_early_stopping_keeps_the_best_epoch(digits):
    net = Autoencoder(
        64, learning_rate=0.05, n_iter=200, early_stopping=True, n_iter_no_change=3, random_state=0
    ).fit(digits.x[:200], validation=digits.x[200:300])
    losses = net.history_["validation_loss"]
    assert net.n_iter_ == len(losses) < 200 and np.argmin(losses) == len(losses) - 4
    assert 32 * -net.score(digits.x[200:300]) == pytest.approx(min(losses), rel=1e-4)
    aside = small(early_stopping=True, validation_fraction=0.5).fit(digits.x[:100])
    assert len(aside.history_["validation_loss"]) == 3


def test_small_improvements_do_not_count_where_they_are_not_to():
    stopping = EarlyStopping(patience=2, tolerance=0.5)
    assert [stopping.update(loss) for loss in (3.0, 2.6, 2.4, 2.0, 1.95)] == [
        False,
        False,
        False,
        False,
        True,
    ]
    assert stopping.best == 2.4


def test_training_stops_where_the_error_hardly_changes(digits):
    net = Autoencoder(16, n_iter=500, learning_rate=0.005, plateau=(0.01, 5), random_state=0)
    for validation in (None, digits.x[400:]):
        net.fit(digits.x[:400], validation=validation)
        errors = np.array(net.history_["mean_squared_error"])
        change = np.abs(errors[5:] - errors[:-5]) / errors[:-5]
        assert 6 < net.n_iter_ < 500 and change[-1] < 0.01 and (change[:-1] >= 0.01).all()


def test_sparsity_lowers_the_activity_of_code_units(digits):
    activity = [
        Autoencoder(
            32, activation="sigmoid", n_iter=30, learning_rate=0.01, sparsity_target=target, sparsity_cost=1.0,
            random_state=0,
        ).fit(digits.x[:500]).encode(digits.x[:500]).mean()
        for target in (None, 0.1)
    ]  # fmt: skip
    assert abs(activity[1] - 0.1) < 0.03 < abs(activity[0] - 0.1)


def test_pretraining_gives_a_better_start(digits):
    kw = {"hidden_layer_sizes": (40, 20, 10, 20, 40), "activation": "sigmoid", "n_iter": 1, "random_state": 0}
    kw |= {"learning_rate": 0.005, "batch_size": 20}
    without, with_it = (Autoencoder(pretrain=n, **kw).fit(digits.x[:600]) for n in (0, 10))
    assert with_it.score(digits.x[600:]) > 0.85 * without.score(digits.x[600:])
    assert len(with_it.history_["loss"]) == 1


def test_pretraining_puts_noise_on_images_only(digits):
    widths = []

    def record(x, rng):
        widths.append(x.shape[1])
        return x

    small(corruption=record, pretrain=2, n_iter=1).fit(digits.x[:50])
    assert widths == [64] * 3


def test_an_unrolled_net_is_the_net_until_it_is_trained(digits):
    x = digits.x[:500]
    net = DeepBeliefNet((24, 8), rbm=BernoulliRBM(n_iter=5, batch_size=20), random_state=0).fit(x)
    for extractor in (net, net.rbms_[0]):
        unrolled = Autoencoder(init=extractor, n_iter=0, random_state=0).fit(x)
        np.testing.assert_allclose(unrolled.transform(x), extractor.transform(x), atol=1e-6)
        np.testing.assert_allclose(unrolled.reconstruct(x), extractor.reconstruct(x), atol=1e-6)
        assert unrolled.history_ == {} and unrolled.n_iter_ == 0
        trained = clone(unrolled).set_params(
            init=extractor, n_iter=30, tied=True, loss="cross_entropy", learning_rate=0.01, batch_size=20
        )
        assert trained.fit(x).score(x) > 0.8 * unrolled.score(x)
    np.testing.assert_array_equal(net.rbms_[0].components_.T, net.encoder_layers()[0][0])  # not changed


def test_other_starts(digits, plain):
    x = digits.x[:300]
    again = Autoencoder(init=plain, n_iter=0, random_state=0).fit(x)
    np.testing.assert_allclose(again.encode(x), plain.encode(x), atol=1e-6)
    given = Autoencoder(init=plain.encoder_layers(), n_iter=0, random_state=0).fit(x)
    np.testing.assert_array_equal(again.reconstruct(x), given.reconstruct(x))
    with pytest.raises(InputError, match="pretrain needs hidden_layer_sizes"):
        Autoencoder((12, 6), pretrain=1).fit(x)


@pytest.mark.parametrize("noise", [None, NOISE])
def test_the_encoder_starts_a_classifier(digits, noise):
    x, y = digits.x[:1000], digits.y[:1000]
    net = Autoencoder(
        64, activation="sigmoid", corruption=noise, n_iter=20, learning_rate=0.01, random_state=0
    )
    net.fit(x)
    kw = {"n_iter": 1, "n_iter_output": 30, "learning_rate": 0.01, "random_state": 0}
    classifier = NetworkClassifier(init=net, **kw).fit(x, y)
    assert classifier.score(digits.x[1000:], digits.y[1000:]) > 0.85
    frozen = NetworkClassifier(init=net, **kw | {"learning_rate": 1e-9}).fit(x, y)
    np.testing.assert_allclose(frozen.hidden(x), net.encode(x), atol=1e-4)


def test_the_plane_of_a_bottleneck_classifier(digits):
    sizes, names = (60, 30, 2, 30), ("relu", "relu", "linear", "relu")
    classifier = NetworkClassifier(
        sizes, activation=names, n_iter=60, learning_rate=0.005, batch_size=50, random_state=0
    ).fit(digits.x[:1200], digits.y[:1200])
    plane = classifier.hidden(digits.x, layer=3)
    assert plane.shape == (1797, 2) and classifier.activations_ == [*names, "softmax"]
    assert classifier.score(digits.x[1200:], digits.y[1200:]) > 0.75
    layers = classifier.encoder_layers()
    np.testing.assert_allclose(plane, forward(layers[:3], digits.x), rtol=1e-3, atol=1e-3)
    np.testing.assert_array_equal(classifier.hidden(digits.x), classifier.hidden(digits.x, 4))
    with pytest.raises(InputError, match="layer must be between 1 and 4"):
        classifier.hidden(digits.x, 5)


@pytest.mark.parametrize(
    "noise",
    [NOISE, SaltAndPepper(0.2), GaussianNoise(0.3, clip=False), OccludingBlocks(3, shape=(8, 8)), None],
)
def test_a_file_holds_noise_history_and_codes(digits, noise, tmp_path):
    net = small(corruption=noise, codes="binary", plateau=(0.01, 5), tied=True, thresholds=(0.1, 0.9)).fit(
        digits.x
    )
    net.save(tmp_path / "net.npz")
    found = features.load(tmp_path / "net.npz")
    for use in ("transform", "encode", "reconstruct"):
        np.testing.assert_array_equal(getattr(found, use)(digits.x), getattr(net, use)(digits.x))
    bits = net.transform(digits.x)
    np.testing.assert_array_equal(found.inverse_transform(bits), net.inverse_transform(bits))
    assert found.history_ == net.history_ and found.corruption == noise and found.code_layer_ == 2
    assert repr(found) == repr(net) and found.get_params() == net.get_params()
    np.testing.assert_array_equal(clone(found).fit(digits.x).encode(digits.x), net.encode(digits.x))


@pytest.mark.parametrize(
    "noise",
    [
        MaskingNoise(np.float32(0.5), np.float32(0.25)), SaltAndPepper(np.float32(0.5)), GaussianNoise(1, np.True_),
        OccludingBlocks(np.int64(2), np.int64(3), np.int64(1), np.float32(1), np.array([8, 8])),
    ],
)  # fmt: skip
def test_settings_may_be_numbers_of_numpy(digits, noise, tmp_path):
    net = small(
        hidden_layer_sizes=np.array([6, 4]), corruption=noise, plateau=(np.float32(0.01), np.int64(2))
    )
    net.fit(digits.x[:50]).save(tmp_path / "net.npz")
    assert features.load(tmp_path / "net.npz").corruption == noise


@pytest.mark.parametrize("tied", [False, True])
def test_pickles_are_small_and_stay_one_network(digits, tied):
    net = small(hidden_layer_sizes=(200,), tied=tied, n_iter=1).fit(digits.x[:50])
    text = pickle.dumps(net)
    assert len(text) < 1.2 * (net._network.parameters.nbytes + sum(part.nbytes for part in net.coefs_))
    found = pickle.loads(text)
    np.testing.assert_array_equal(found.reconstruct(digits.x), net.reconstruct(digits.x))
    assert all(np.shares_memory(layer.weights, found._network.parameters) for layer in found._network.layers)
    np.testing.assert_array_equal(clone(found).fit(digits.x[:50]).encode(digits.x), net.encode(digits.x))


def test_a_function_as_noise_cannot_be_saved(digits, tmp_path):
    net = small(corruption=lambda x, rng: x * 0.5).fit(digits.x)
    with pytest.raises(InputError, match="corruption cannot be saved.*set_params"):
        net.save(tmp_path / "net.npz")
    net.set_params(corruption=None).save(tmp_path / "net.npz")


def test_grey_values_outside_are_clipped_for_sigmoid_outputs_only(digits):
    grey = 255.0 * digits.x[:100]
    with pytest.warns(DataConversionWarning, match="found 0 to 255"):
        small().fit(grey)
    z = (digits.x - digits.x.mean(axis=0)) * 2.0
    net = small(hidden_layer_sizes=16, output_activation="linear", n_iter=60, learning_rate=0.01).fit(z)
    assert -net.score(z) < 0.6 * np.square(z).mean()
    noisy = z + 1.5
    before = noisy.copy()
    net.denoise(noisy)
    np.testing.assert_array_equal(noisy, before)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda x: small(tied=True, hidden_layer_sizes=(12, 6)).fit(x), "tied=True needs an odd number"),
        (lambda x: small(tied=True, hidden_layer_sizes=(6, 6)).fit(x), "tied=True needs an odd number"),
        (lambda x: small(tied=True, code_layer=1).fit(x), "with code_layer=1"),
        (lambda x: small(loss="cross_entropy", output_activation="linear").fit(x), 'needs output_activation="sig'),
        (lambda x: small(sparsity_target=0.1).fit(x), "needs sigmoid code units"),
        (lambda x: small(corruption=lambda x, rng: x[:1]).fit(x), "corruption must return numbers in the shape"),
        (lambda x: small(corruption=lambda x, rng: x[:1]).fit(x, validation=x), "corruption must return numbers"),
        (lambda x: small(corruption=lambda x, rng: x * np.nan).fit(x), "corruption must return finite numbers"),
        (lambda x: small(random_state="seven").fit(x), "random_state must be an integer"),
        (lambda x: small(weight_decay=-1).fit(x), "weight_decay must be at least 0; got -1"),
        (lambda x: small(corruption=OccludingBlocks(9)).fit(x), "must fit into images of 8 x 8"),
        (lambda x: small(learning_rate=1e30, solver="sgd", output_activation="linear").fit(x), "learning_rate is too"),
        (lambda x: small().fit(x[:, :0]), "0 feature"),
        (lambda x: small().fit(x).decode(np.zeros((2, 5))), "codes must have shape \\(n, 6\\).*got \\(2, 5\\)"),
        (lambda x: small().fit(x).decode(np.full((2, 6), np.nan)), "codes must hold finite numbers"),
        (lambda x: small().fit(x).reconstruct(x[:, 1:]), "63 features"),
        (lambda x: small().fit(x).denoise(x, n_steps=0), "n_steps must be at least 1"),
        (lambda x: small().fit(x).reconstruction_errors(x, x[1:]), "target must have one image for each of X, 60"),
        (lambda x: small().fit(x, validation=x[:, 1:]), "63 features"),
        (lambda x: small(early_stopping=True).fit(x[:1]), "early_stopping=False"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(digits, make, match):
    with pytest.raises(InputError, match=match):
        make(digits.x[:60])


@pytest.mark.filterwarnings("error")
def test_noise_that_writes_to_its_input_is_refused(digits):
    def write(x, rng):
        x[...] = 0
        return x

    with pytest.raises(ValueError, match="read-only"):
        small(corruption=write).fit(digits.x[:60].astype(np.float32))


@pytest.mark.parametrize(
    "use", ["transform", "encode", "decode", "reconstruct", "denoise", "inverse_transform", "score"]
)
def test_unfitted_use(digits, use):
    with pytest.raises(NotFittedError, match="Call 'fit'"):
        getattr(small(), use)(digits.x)
