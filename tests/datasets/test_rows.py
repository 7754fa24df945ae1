"""Tables of pictures as NumPy, pandas and scikit-learn take them: n rows of d pixels, none of them lost."""

import copy
import dataclasses
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score, train_test_split
from sklearn.naive_bayes import BernoulliNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import resample, shuffle

import dpmix
from dpmix.datasets import Images, load_digits, load_grey
from dpmix.datasets.grey import GreyImages
from dpmix.features import BernoulliRBM


@pytest.fixture(scope="module", params=[load_digits, lambda: load_grey("digits")], ids=["binary", "grey"])
def images(request):
    return request.param()


def test_is_an_array_of_n_rows(images):
    assert images.shape == (1797, 64) == np.shape(images) and images.ndim == 2 and len(images) == 1797
    assert images.image_shape == (8, 8) and images.dtype == images.x.dtype
    assert np.asarray(images) is images.x
    assert np.asarray(images, np.float64).dtype == np.float64
    assert not np.may_share_memory(np.array(images, copy=True), images.x)
    with pytest.raises(ValueError, match="copy"):
        np.array(images, np.float64, copy=False)
    np.testing.assert_array_equal(np.mean(images, axis=0), images.x.mean(axis=0))
    np.testing.assert_array_equal(np.vstack([images, images]), np.vstack([images.x, images.x]))


@pytest.mark.parametrize(
    "rows",
    [
        5,
        -1,
        np.int64(3),
        slice(3, 40, 7),
        [4, 4, 2],
        np.arange(1797) % 3 == 0,
        (np.arange(1797) < 9).tolist(),
    ],
)
def test_rows_stay_pictures(images, rows):
    wanted = np.atleast_2d(images.x[rows])
    for found in (images[rows], images[rows, :], images[rows, ...]):
        assert type(found) is type(images) and found.image_shape == (8, 8)
        np.testing.assert_array_equal(found.x, wanted)
        np.testing.assert_array_equal(found.y, np.atleast_1d(images.y[rows]))
        assert found.shape == wanted.shape


@pytest.mark.parametrize(
    "key", [(3, 5), (slice(2), slice(8)), (slice(None), [1, 4]), ([1, 2], [3, 4]), (..., 0)]
)
def test_columns_make_an_array(images, key):
    np.testing.assert_array_equal(images[key], images.x[key])
    assert not isinstance(images[key], type(images))


def test_loop_over_pictures(images):
    few = images[:3]
    assert [(len(image), image.image_shape) for image in few] == [(1, (8, 8))] * 3
    np.testing.assert_array_equal(np.concatenate(list(few)), few.x)
    with pytest.raises(IndexError):
        few[3]
    with pytest.raises(dpmix.InputError, match="rows must choose at least one image"):
        few[[]]


def test_copies_are_whole_and_read_only(images):
    for found in (pickle.loads(pickle.dumps(images)), copy.deepcopy(images), copy.copy(images)):
        assert type(found) is type(images) and found.image_shape == (8, 8) and repr(found) == repr(images)
        np.testing.assert_array_equal(found.x, images.x)
        with pytest.raises(dataclasses.FrozenInstanceError):
            found.y = None
        with pytest.raises(dataclasses.FrozenInstanceError):
            del found.x
    names = Images(np.eye(2), names=["a", "b"], classes=["cat", "dog"], y=[0, 1], shape=(2, 1))
    assert pickle.loads(pickle.dumps(names))[1].names == ("b",) and names[1].classes == ("cat", "dog")


# scikit-learn and pandas, from whose answers no picture may be missing


def test_train_test_split(images):
    train, test, y_train, y_test = train_test_split(images, images.y, test_size=0.25, random_state=0)
    assert len(train) + len(test) == 1797 and len(test) == 450 == len(y_test)
    assert type(train) is type(images) and train.image_shape == test.image_shape == (8, 8)
    np.testing.assert_array_equal(train.y, y_train)
    rows = np.vstack([train.x, test.x])
    np.testing.assert_array_equal(np.sort(rows.sum(axis=1)), np.sort(images.x.sum(axis=1)))
    wanted, _ = train_test_split(images.x, test_size=0.25, random_state=0)
    np.testing.assert_array_equal(train.x, wanted)


def test_scores_are_those_of_the_array(images):
    images = images[::8]
    for model in (
        KNeighborsClassifier(),
        make_pipeline(StandardScaler(), PCA(9), BernoulliNB()),
    ):
        found = cross_val_score(model, images, images.y, cv=3)
        np.testing.assert_array_equal(found, cross_val_score(model, images.x, images.y, cv=3))
    assert cross_val_predict(KNeighborsClassifier(), images, images.y, cv=3).shape == (225,)
    search = GridSearchCV(BernoulliNB(), {"alpha": [0.1, 1.0]}, cv=3).fit(images, images.y)
    assert search.best_score_ > 0.7 and len(search.predict(images)) == 225


def test_estimators_take_every_row(images):
    model = KMeans(10, n_init=1, random_state=0).fit(images)
    np.testing.assert_array_equal(model.labels_, KMeans(10, n_init=1, random_state=0).fit(images.x).labels_)
    np.testing.assert_array_equal(model.predict(images), model.labels_)
    np.testing.assert_array_equal(
        StandardScaler().fit_transform(images), StandardScaler().fit_transform(np.array(images.x))
    )
    codes = make_pipeline(BernoulliRBM(8, n_iter=1, random_state=0), StandardScaler()).fit_transform(images)
    assert codes.shape == (1797, 8)
    assert len(shuffle(images, random_state=0)) == 1797 and len(resample(images, n_samples=5)) == 5


def test_data_frame(images):
    frame = pd.DataFrame(images)
    assert frame.shape == (1797, 64)
    np.testing.assert_array_equal(frame.to_numpy(), images.x)


def test_a_frame_with_columns_x_and_y_is_a_table():
    """Once, whatever had an ``x`` and a ``y`` was taken for images."""
    frame = pd.DataFrame({"x": [0, 1, 1, 0], "y": [1, 1, 0, 0], "z": [1, 0, 1, 0]})
    posterior = dpmix.sample(frame, chains=1, sweeps=2, seed=0, progress=False)
    assert posterior.table.d == 3
    assert dpmix.predict_proba(posterior, frame).shape == (4, 3)


# The size of a picture


def test_the_shape_of_the_table_is_no_picture(images):
    for make in (
        lambda: dpmix.datasets.masks.mask(images.shape, "top"),
        lambda: Images(images.x > 0.5, shape=images.shape),
        lambda: dpmix.datasets.OccludingBlocks(2, shape=images.shape),
        lambda: dpmix.plot.image_grid(images[:4].x, shape=images.shape),
    ):
        with pytest.raises(dpmix.InputError, match=r"\(n, d\) = \(1797, 64\) .*; pass images\.image_shape"):
            make()
    height, width = images.image_shape
    assert (height, width) == (8, 8)


def test_posterior_tells_where_its_shape_went(small_posterior):
    with pytest.warns(DeprecationWarning, match="^Posterior.shape is now Posterior.image_shape$") as caught:
        found = small_posterior.shape
    assert caught[0].filename == __file__ and found == small_posterior.image_shape


def test_image_shape_reaches_the_run():
    images = Images(np.eye(6), shape=(2, 3))
    posterior = dpmix.sample(images, chains=1, sweeps=2, seed=0, progress=False)
    assert posterior.image_shape == (2, 3)
    assert dpmix.predict_proba(posterior, images).shape == (6, 6)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"x": np.zeros(4)}, "two axes"),
        ({"x": [["a"]]}, "real numbers"),
        ({"shape": (3, 3)}, r"height \* width = 4"),
        ({"y": [1]}, "one label per image"),
        ({"y": [0.5, 1.0]}, "integers"),
    ],
)
def test_bad_grey_images(options, match):
    with pytest.raises(dpmix.InputError, match=match):
        GreyImages(**{"x": np.zeros((2, 4))} | options)
