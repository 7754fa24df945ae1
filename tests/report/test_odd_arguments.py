"""What reports answer to arguments that do not fit what they are about."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

import dpmix
from dpmix.report import write_model
from dpmix.report.posterior_report import posterior_page, subject_of
from support.partition_cases import posterior_with
from support.small_runs import make_plan, make_table, run_chain


def report_on(posterior, **options):
    options = {"x": None, "observed": None, "labels": None} | options
    return posterior_page(subject_of(posterior, **options), "title")


@pytest.fixture
def in_burn_in():
    table, plan = make_table(), make_plan(burn_in=4)
    return dpmix.Posterior(table, plan, [run_chain(table, plan, 0, 3)], "0.1.0", True)


def small():
    return posterior_with([[0, 0, 0, 1, 1, 1]] * 4, chains=2)


@pytest.mark.slow
def test_partition_in_burn_in_is_refused(in_burn_in):
    with pytest.raises(dpmix.InputError, match="partition is compared with draws, .* in their burn-in"):
        subject_of(in_burn_in, None, None, None, np.zeros(in_burn_in.table.n, int))


@pytest.mark.slow
def test_labels_in_burn_in_are_told_of(in_burn_in):
    page = report_on(in_burn_in, labels=np.zeros(in_burn_in.table.n, int))
    assert "not compared with clusters: there are no draws of the posterior yet." in page


@pytest.mark.slow
def test_labels_of_draws_kept_as_counts_are_told_of():
    x = np.random.default_rng(0).integers(2, size=(12, 9))
    posterior = dpmix.sample(x, chains=1, sweeps=4, seed=0, keep="counts", jobs=1, progress=False)
    page = report_on(posterior, labels=np.arange(12) % 2)
    assert "known for 12 of 12 images, and are not compared with clusters: draws are kept as counts" in page


class Unequal:
    """As NA of pandas: not even unequal to itself."""

    def __eq__(self, other):
        return self

    __hash__ = None

    def __bool__(self):
        raise TypeError


@pytest.mark.parametrize("unknown", [None, float("nan"), Unequal()])
def test_labels_that_are_objects_may_be_unknown(unknown):
    labels = np.array(["a", unknown, "b", "a", unknown, "b"], object)
    y = subject_of(small(), None, None, labels).y
    assert y.mask.tolist() == [False, True, False, False, True, False] and set(y.compressed()) == {"a", "b"}


def test_ragged_labels():
    with pytest.raises(
        dpmix.InputError, match="labels must be one integer, boolean or string for each image"
    ):
        subject_of(small(), None, None, [[1], [2, 3]])


@pytest.mark.slow
def test_empty_label_has_a_heading():
    page = report_on(small(), labels=["", "a", "a", "", "a", "a"])
    assert '<th scope="col">(empty)</th>' in page


def test_what_belongs_into_the_other_report(tmp_path):
    path = tmp_path / "report.html"
    mixture = dpmix.DPMixture()
    with pytest.raises(NotFittedError, match="DPMixture instance is not fitted yet"):
        dpmix.report.write(mixture, path)
    with pytest.raises(dpmix.InputError, match="dpmix.report.write_model writes a report"):
        dpmix.report.write(dpmix.features.BernoulliRBM(2), path)
    for other in (mixture, small()):
        with pytest.raises(dpmix.InputError, match="dpmix.report.write writes a report"):
            write_model(other, path)
    assert not path.exists()


def test_images_of_another_size_than_the_model(tmp_path):
    x = np.random.default_rng(0).integers(2, size=(30, 9))
    machine = dpmix.features.BernoulliRBM(2, n_iter=1, learning_rate=0.1).fit(x)
    with pytest.raises(dpmix.InputError, match="x must hold images of 9 pixels, as the model does; got 4"):
        write_model(machine, tmp_path / "report.html", x[:, :4])
