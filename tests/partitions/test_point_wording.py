"""What an estimate says of its number of clusters: every case there is, in numbers that are true."""

import numpy as np
import pytest

from dpmix.cli.wording import in_shell_words
from dpmix.partitions import point_estimate
from support.partition_cases import posterior_with

TORN = [[0, 0, 1, 1, 2, 2, own] for own in (0, 1, 2)]
SOME = "The draws have 1 to 3 clusters, the median draw 2."


def notes(draws, **options):
    return point_estimate(posterior_with(draws), **options).notes


def test_all_draws_alike():
    assert notes([[0, 0, 1]] * 3) == ("Every draw has 2 clusters.",)
    assert notes([[0, 0, 0]] * 2) == ("Every draw has 1 cluster.",)


def test_within_the_draws():
    assert notes([[0, 0, 0], [0, 0, 1], [0, 0, 1], [0, 0, 1], [0, 1, 2]]) == (SOME,)


def test_bounded():
    """The loss alone would take four clusters of draws that have three; what that would save is worked out."""
    first, second = notes(TORN)
    assert first == "Every draw has 3 clusters."
    bound, free = (point_estimate(posterior_with(TORN), max_clusters=k).expected_loss for k in (3, 7))
    saved = f"{100 * (1 - free / bound):.2g} % less"
    assert second.startswith(
        f"The estimate was allowed 3; with 4 its expected loss would be {saved}. An image that"
    )
    assert second.endswith("no evidence for so many clusters. max_clusters=... allows more.")
    assert in_shell_words(second).endswith("--max-clusters K allows more.")


def test_more_than_any_draw():
    first, second = notes(TORN, max_clusters=7)
    assert second.startswith("The estimate has more than any of them. An image that is with each group")


def test_fewer_than_any_draw():
    """Every draw splits off another pair of twelve."""
    draws = np.zeros((6, 12), int)
    for t in range(6):
        draws[t, 2 * t : 2 * t + 2] = 1
    found = notes(draws)
    assert found[0] == "Every draw has 2 clusters." and len(found) == 2
    assert found[1].startswith("The estimate has fewer than any of them: small clusters that come and go")


@pytest.mark.parametrize("restarts", [0, None])
def test_a_draw_is_within_the_draws(restarts):
    assert len(notes([[0, 0, 1, 1], [0, 0, 1, 1], [0, 1, 2, 2]], restarts=restarts)) == 1
