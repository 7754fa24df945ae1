"""Whatever takes a posterior refuses one without a draw, and what is no posterior, in the same words."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import dpmix
from dpmix import partitions, plot, queries
from dpmix.base.errors import InputError, InputTypeError
from dpmix.chain.plan import Plan
from dpmix.chain.record import ChainRecord, Draws
from dpmix.model.prior import Prior
from dpmix.model.table import BinaryTable
from dpmix.posterior.posterior import Posterior
from support.query_cases import X

Z = np.zeros(6, int)
ASK = {
    "predict_proba": lambda posterior: dpmix.predict_proba(posterior, X),
    "denoise": lambda posterior: dpmix.denoise(posterior, X, 0.1, 0.1),
    "responsibilities": lambda posterior: queries.responsibilities(posterior, X),
    "co_clustering": partitions.co_clustering,
    "point_estimate": partitions.point_estimate,
    "credible_ball": lambda posterior: partitions.credible_ball(posterior, Z),
    "confidence": lambda posterior: partitions.confidence(posterior, Z),
    "mean_images": lambda posterior: partitions.mean_images(posterior, Z),
    "clusters": plot.clusters,
    "completions": lambda posterior: plot.completions(posterior, X),
    "hyperparameters": plot.hyperparameters,
    "gallery": lambda posterior: plot.gallery(posterior, Z),
}


@pytest.fixture(scope="module")
def without_draws():
    plan = Plan.checked(Prior(), 1, 2, 1, 1, "one", 0)
    return Posterior(BinaryTable.from_input(X), plan, [ChainRecord(None, Draws.empty(6, 4))], "0")


@pytest.mark.parametrize("ask", ASK.values(), ids=ASK)
def test_one_wording(without_draws, ask):
    with pytest.raises(InputError, match=r"^posterior must hold at least one draw; .*dpmix\.resume$"):
        ask(without_draws)
    with pytest.raises(InputTypeError, match=r"^posterior must be a dpmix\.Posterior; got str; dpmix\.load"):
        ask("run")
    assert not plt.get_fignums()
