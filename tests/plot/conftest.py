"""Fixtures of the tests of plots."""

import warnings

import matplotlib
import matplotlib.pyplot as plt
import pytest

matplotlib.use("Agg")


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


@pytest.fixture(autouse=True)
def leaves_no_trace():
    """No warning, no setting of Matplotlib changed, and the figures that are made can be drawn."""
    settings = dict(matplotlib.rcParams)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
        for number in plt.get_fignums():
            plt.figure(number).canvas.draw()
            plt.close(number)
    assert dict(matplotlib.rcParams) == settings
