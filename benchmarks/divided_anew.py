"""Would a partition be better if some neighbouring clusters were divided anew, their number unchanged?

    python benchmarks/divided_anew.py --state state.npz [--clusters 2 3 4] [--trials 150] [--json FILE]

The state is one that `moves.py` made. A trial takes an image at random and the nearest images of other clusters, one
of each; these are the anchors. The members of all their clusters go to the nearest anchor, and then, all at once, to
the cluster that predicts them best, until nothing changes. What that does to the log joint, nats, bounds what a move
with this launch can do, whatever its Hastings ratio: `docs/moves.md`.
"""

import argparse
from pathlib import Path

import harness
import numpy as np
from mnist_sets import twos_and_threes_split
from scipy.special import gammaln

ROUNDS = 12
NEAR = 200  # images among which the other anchors are looked for
QUANTILES = 5, 25, 50, 75, 95, 99


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--clusters", type=int, nargs="+", default=[2, 3, 4])
    parser.add_argument("--trials", type=int, default=150)
    options = harness.parse(parser)
    with np.load(options.state) as file:
        z, a, b = file["z"], file["a"], file["b"]
    x = np.asarray(twos_and_threes_split()[0], np.float32)
    generator = np.random.default_rng(0)
    for k in options.clusters:
        trials = [trial(x, z, a, b, int(i), k) for i in generator.choice(len(x), options.trials)]
        gains, changed = np.array([found for found in trials if found is not None]).T
        won = np.maximum(gains, 0).mean()
        harness.note(f"{k} clusters, won where better, a trial", won, "nats")
        quantiles = " ".join(f"{value:.1f}" for value in np.percentile(gains, QUANTILES))
        print(
            f"{k} clusters: the same {np.mean(changed == 0):.2f}, more than 2 images changed "
            f"{np.mean(changed > 2):.2f}, log joint {quantiles} (quantiles {QUANTILES} %), better by 3 nats "
            f"{np.mean(gains > 3):.3f}, won where better {won:.2f} nats a trial",
            flush=True,
        )


def trial(x, z, a, b, i, k):
    """What dividing `k` clusters anew does: (change of the log joint, images changed); None without neighbours."""
    near = np.argsort(x.sum(1) - 2 * x @ x[i])[:NEAR]
    anchors = [i]
    for j in near:
        if z[j] not in z[anchors] and len(anchors) < k:
            anchors.append(int(j))
    if len(anchors) < k:
        return None
    members = np.flatnonzero(np.isin(z, z[anchors]))
    before = np.argmax(z[members][:, None] == z[anchors], axis=1)
    after = launch(x[members], np.searchsorted(members, anchors), a, b)
    joints = [log_joint(x[members], sides, a, b, k) for sides in (after, before)]
    return joints[0] - joints[1], np.count_nonzero(after != before)


def launch(x, anchors, a, b):
    """Clusters of the images `x` around some of them, the anchors: (m,) int."""
    sides = np.argmax(x @ x[anchors].T - 0.5 * x[anchors].sum(1), axis=1)
    for _ in range(ROUNDS):
        sides[anchors] = np.arange(len(anchors))
        before = sides
        weights = [log_odds(x[before == side], a, b) for side in range(len(anchors))]
        scores = np.array([x @ odds + offset for odds, offset in weights])
        sides = np.argmax(scores, axis=0)
        sides[anchors] = np.arange(len(anchors))
        if np.array_equal(sides, before):
            break
    return sides


def log_odds(members, a, b):
    """Log odds of each pixel under a cluster with these members, and the score of an image that is off throughout."""
    on, size = members.sum(0), len(members)
    p, q = a + on, b + size - on
    return np.log(p / q), np.log(size) + np.log(q / (p + q)).sum()


def log_joint(x, sides, a, b, k):
    """What the clusters add to the log joint, but for a constant."""
    total = 0.0
    for side in range(k):
        on, size = x[sides == side].sum(0), np.count_nonzero(sides == side)
        total += (gammaln(a + on) + gammaln(b + size - on) - gammaln(a + b + size)).sum() + gammaln(size)
    return total


if __name__ == "__main__":
    main()
