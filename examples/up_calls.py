"""Find the rising calls of right whales in two-second clips of the sea.

    python examples/up_calls.py [-o up-calls] [--n 6000] [--seed 1] [--quick]
    python examples/up_calls.py --clips FOLDER [--labels FILE.csv]

The clips are synthesised (see ocean_sounds.py beside this file), or WAV or AIFF files of FOLDER with a CSV
file that has a line for each, its name and 1 where it holds a call, else 0. Each becomes a spectrogram of
20 frequencies by 30 moments, and binary where it is louder than usual. Three ways to tell calls learn from
three quarters of the clips and are compared on the others by the area under the ROC curve: k nearest
neighbours; a restricted Boltzmann machine with logistic regression on its hidden units; and a network
started from a deep belief net. Beside them stands the Dirichlet process mixture: it clusters the binary
pictures without labels, and a new clip is as likely a call as the clusters it belongs to are rich in calls.
Reports of the nearest neighbours and of the network tell how many calls each finds, and how many of what it
takes for calls are some. Pictures, of spectrograms with their axes first, go to the folder -o.

--quick takes 1,500 clips and less training, for a run of seconds.
"""

import argparse
import sys
import time
from pathlib import Path

import matplotlib
import numpy as np
from ocean_sounds import LOWEST, SHAPE, load_clips, spectrograms, synthesise
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, classification_report, roc_auc_score, roc_curve
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

import dpmix
from dpmix.features import BernoulliRBM, DeepBeliefNet, NetworkClassifier

NAMES = ("no call", "up-call")
NEIGHBOURS = "k nearest neighbours"
NETWORK, MIXTURE = "deep belief net + backpropagation", "clusters of the mixture"
LOUD = 1.0  # standard deviations above the mean of a clip from which a moment of a frequency is on


def main():
    options = parse()
    matplotlib.use("Agg")  # draw into files only
    threadpool_limits(1)  # threads that wait for each other cost more than they bring
    began = time.perf_counter()
    try:
        clips = (
            synthesise(options.n, options.seed)
            if options.clips is None
            else load_clips(options.clips, options.labels)
        )
        options.out.mkdir(parents=True, exist_ok=True)
        z, y = spectrograms(clips.waves), clips.y
        train, test = split(y, options.seed)
    except (dpmix.InputError, OSError) as error:
        sys.exit(f"up_calls: {error}")
    on = (z > LOUD).astype(np.uint8)
    print(
        f"{len(y):,} clips, {y.mean():.0%} with an up-call; {len(train):,} to learn from; "
        f"{time.perf_counter() - began:.1f} s to make them pictures\n"
    )

    scores, seconds, models = {}, {}, classifiers(options)
    for name, (model, x) in models.items():
        started = time.perf_counter()
        model.fit((z if x == "grey" else on)[train], y[train])
        scores[name] = model.predict_proba((z if x == "grey" else on)[test])[:, 1]
        seconds[name] = time.perf_counter() - started
    started = time.perf_counter()
    posterior = cluster(on[train], options)
    shares = call_shares(posterior, y[train])
    scores[MIXTURE] = by_clusters(posterior, shares, on[test], y[train].mean())
    seconds[MIXTURE] = time.perf_counter() - started

    show_table(scores, seconds, y[test])
    show_clusters(posterior, shares, y[train])
    draw_spectrograms(z, y, clips.names, options.out)
    save_pictures(options.out, z, on, y, test, scores, models, posterior, shares)
    print(f"\npictures in {options.out}; {time.perf_counter() - began:.0f} s in all")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--clips", type=Path, metavar="FOLDER", help="WAV or AIFF clips instead of synthesised ones"
    )
    parser.add_argument(
        "--labels", type=Path, metavar="FILE", help="their labels (default: FOLDER/labels.csv)"
    )
    parser.add_argument("--n", type=int, help="clips to synthesise (default: 6000, with --quick 1500)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="a run of seconds, with less training")
    parser.add_argument("-o", "--out", type=Path, default=Path("up-calls"), help="folder for the pictures")
    options = parser.parse_args()
    if options.clips is None and options.labels is not None:
        parser.error("--labels is for --clips")
    if options.clips is not None and options.n is not None:
        parser.error("--n is for synthesised clips; leave it out, or --clips")
    options.n = options.n or (1500 if options.quick else 6000)
    if options.n < 100:
        parser.error(f"--n must be at least 100; got {options.n}")
    return options


def split(y, seed):
    """Indices of the clips to learn from and of those to test on, with as many calls among each."""
    if np.bincount(y, minlength=2).min() < 8:
        raise dpmix.InputError(
            f"at least 8 clips of each kind are needed; got {np.bincount(y, minlength=2).tolist()}"
        )
    return train_test_split(np.arange(len(y)), test_size=0.25, stratify=y, random_state=seed)


def classifiers(options):
    """For each way its model, and whether it sees the "grey" or the "binary" spectrograms."""
    epochs = 15 if options.quick else 30
    same = {"method": "pcd", "centering": None, "random_state": options.seed}
    machine = BernoulliRBM(256, learning_rate=0.05, batch_size=50, n_iter=epochs, **same)
    net = DeepBeliefNet((400, 100), rbm=machine, random_state=options.seed)
    return {
        NEIGHBOURS: (KNeighborsClassifier(15), "grey"),
        "machine + logistic regression": (
            Pipeline([("rbm", machine), ("logistic", LogisticRegression(C=0.1, max_iter=2000))]),
            "binary",
        ),
        NETWORK: (
            NetworkClassifier(
                init=net,
                learning_rate=0.001,
                n_iter_output=5,
                n_iter=epochs,
                dropout=0.3,
                early_stopping=True,
                random_state=options.seed,
            ),
            "binary",
        ),
    }


def cluster(on, options):
    """Clusters of binary spectrograms, found without labels."""
    images = dpmix.Images(on, shape=SHAPE)
    chains, sweeps = (1, 15) if options.quick else (2, 60)
    return dpmix.sample(images, chains=chains, sweeps=sweeps, jobs=1, seed=options.seed, progress=False)


def best_chain(posterior):
    return int(posterior.log_joint[:, -1].argmax())


def call_shares(posterior, y):
    """Share of calls in each cluster of the best chain's last draw, largest cluster first."""
    labels = posterior.labels[best_chain(posterior), -1]
    sizes = np.bincount(labels)
    return np.bincount(labels, weights=y) / sizes


def by_clusters(posterior, shares, on, rate):
    """How likely each new clip holds a call, judged by the clusters that it may belong to.

    To each cluster comes one imagined clip that is a call with probability `rate`; of a new cluster no more
    is known.
    """
    sizes = posterior.draw(best_chain(posterior), -1).sizes
    shares = np.append((shares * sizes + rate) / (sizes + 1), rate)
    return dpmix.queries.responsibilities(posterior, on, chain=best_chain(posterior)) @ shares


def show_table(scores, seconds, y):
    print(f"{'':<36}{'ROC AUC':>8}{'accuracy':>10}{'seconds':>9}")
    for name, score in scores.items():
        print(
            f"{name:<36}{roc_auc_score(y, score):>8.4f}{accuracy_score(y, score > 0.5):>10.1%}{seconds[name]:>9.1f}"
        )
    for name in (NEIGHBOURS, NETWORK):
        answers = scores[name] > 0.5
        print(f"\n{name}, {len(y):,} clips that it has not seen")
        print(classification_report(y, answers, target_names=NAMES, digits=3, zero_division=0))
        print(f"{'':<12}{'taken for':>9}{NAMES[0]:>10}{NAMES[1]:>10}")
        for truth, kind in enumerate(NAMES):
            counts = [int(((y == truth) & (answers == answer)).sum()) for answer in (0, 1)]
            print(f"{kind:<21}{counts[0]:>10,}{counts[1]:>10,}")


def show_clusters(posterior, shares, y):
    """How calls gather in clusters."""
    labels = posterior.labels[best_chain(posterior), -1]
    sizes = np.bincount(labels)
    print(f"\n{len(sizes)} clusters of {len(y):,} clips, found without labels")
    print(f"{'share of calls':<16}{'clusters':>9}{'clips':>8}{'calls':>8}")
    edges = (0, 0.1, 0.3, 0.7, 0.9, 1.01)
    for low, high in zip(edges, edges[1:], strict=False):
        within = (shares >= low) & (shares < high)
        calls = y[within[labels]].sum()
        print(f"{low:>4.0%} to {min(high, 1):<7.0%}{within.sum():>10}{sizes[within].sum():>8,}{calls:>8,}")


def save_pictures(folder, z, on, y, test, scores, models, posterior, shares):
    pictures = {
        "clips": draw_clips(z, on, y),
        "confusion": draw_confusion(scores, y[test]),
        "roc": draw_curves(scores, y[test]),
        "hidden_units": dpmix.plot.weights(models["machine + logistic regression"][0]["rbm"], shape=SHAPE),
        "training": dpmix.plot.training_curves(models[NETWORK][0]),
        "clusters": draw_clusters(posterior, shares),
    }
    for name, axes in pictures.items():
        np.ravel(axes)[0].figure.savefig(folder / f"{name}.png")


@dpmix.plot.house_style()  # colours and print of dpmix's own pictures
def draw_spectrograms(z, y, names, folder, each=4):
    """Some clips of both kinds, over hertz and seconds, with their names."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, each, figsize=(11, 4.6), layout="constrained", sharex=True, sharey=True)
    limits = (0, 2, LOWEST - 5, LOWEST + 10 * SHAPE[0] - 5)  # seconds, Hz: a frequency is a band of 10 Hz
    for row, kind in zip(axes, (1, 0), strict=True):
        for ax, clip in zip(row, np.flatnonzero(y == kind)[:each], strict=False):
            shown = ax.imshow(
                z[clip].reshape(SHAPE), cmap="gray_r", vmin=-1, vmax=3, extent=limits, aspect="auto"
            )
            ax.set_title(f"{names[clip]}: {NAMES[kind]}")
    for ax in axes[1]:
        ax.set(xlabel="seconds", xticks=(0, 0.5, 1, 1.5, 2), xticklabels=("0", "½", "1", "1½", "2"))
    for ax in axes[:, 0]:
        ax.set_ylabel("hertz")
    figure.colorbar(shown, ax=axes, label="loudness, standard deviations of the clip", extend="both")
    figure.savefig(folder / "spectrograms.png")


def draw_clips(z, on, y, most=12):
    """Clips of both kinds: grey spectrogram, and below it the binary one."""
    rows = []
    for kind in (1, 0):
        some = np.flatnonzero(y == kind)[:most]
        rows += [(NAMES[kind], np.clip((z[some] + 1) / 4, 0, 1)), ("louder than usual", on[some])]
    most = min(len(row) for _, row in rows)
    return dpmix.plot.image_rows(
        [(name, row[:most]) for name, row in rows],
        shape=SHAPE,
        title="Spectrograms, 50 to 240 Hz from below, two seconds from left to right",
    )


def draw_confusion(scores, y):
    """What the nearest neighbours and the network take clips for."""
    import matplotlib.pyplot as plt

    _, axes = plt.subplots(1, 2, figsize=(9, 3.4), dpi=150, layout="constrained")
    for ax, name in zip(axes, (NEIGHBOURS, NETWORK), strict=True):
        answers = (scores[name] > 0.5).astype(int)
        right = (answers == y).mean()
        dpmix.plot.confusion(
            np.take(NAMES, y), np.take(NAMES, answers), title=f"{name}: {right:.1%} right", ax=ax
        )
    return axes


@dpmix.plot.house_style()  # colours and print of dpmix's own pictures
def draw_curves(scores, y):
    """ROC curves of all ways."""
    import matplotlib.pyplot as plt

    _, ax = plt.subplots(figsize=(6, 5.6), layout="constrained")
    for name, score in scores.items():
        false, found, _ = roc_curve(y, score)
        ax.plot(
            false,
            found,
            linewidth=2 if name == MIXTURE else 1.2,
            label=f"{name}: {roc_auc_score(y, score):.3f}",
        )
    ax.plot([0, 1], [0, 1], color="0.7", linewidth=1, zorder=0)
    ax.set(
        xlabel="clips without a call that are taken for one", ylabel="calls that are found", aspect="equal"
    )
    ax.set_title("Calls found, by false alarms; below, the areas")
    ax.legend(loc="lower right")
    return ax


def draw_clusters(posterior, shares, most=60):
    """Mean pictures of the largest clusters, those richest in calls first."""
    counts = posterior.draw(best_chain(posterior), -1)
    shown = np.argsort(-shares[:most], kind="stable")
    means = counts.ones[shown] / counts.sizes[shown, None]
    means = means / max(means.max(), 1e-9)
    names = [f"{shares[k]:.0%} of {counts.sizes[k]:,}" for k in shown]
    return dpmix.plot.image_grid(
        means,
        shape=SHAPE,
        names=names,
        per_row=10,
        title="Clusters found without labels: share of calls, clips",
    )


if __name__ == "__main__":
    main()
