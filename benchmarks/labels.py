"""What digit is this: labels as a column of the mixture, seen for all, a tenth or a hundredth of the images.

    python benchmarks/labels.py [--labelled 1 0.1 0.01] [--sweeps 100] [--chains 5] [--c 0.1] [--jobs 2]
    python benchmarks/labels.py --images 3000 --test 500 --sweeps 20       # small, to try it
    python benchmarks/labels.py --c 1 0.1 0.01 --validate 0.1              # compare values of c

The mixture sees the pixels of all 60,000 training images of MNIST (on where more than half white) and the
labels of a share of them; the label of a test image is then an unobserved column. k-nearest neighbours and
logistic regression (scikit-learn) learn from the labelled images alone. One table shows the accuracy, the
mean area under the ROC curves of each digit against the rest, and the mean of -log of the probability of
the true label (nats); for the mixture there follow the area of each digit and the confusion matrix.

The label column has a symmetric Dirichlet(c, ..., c) prior in each cluster. Clusters are far finer than
digits, so nearly all members of one show the same digit, and c should be small: with c = 1 a cluster with a
single labelled member would be nearly undecided. On training images put aside (4,000 to learn from, of which
all, 400 and 200 labelled), c = 1, 0.1 and 0.01 were within 1.3 per cent in accuracy of each other, but the
log loss was 0.57, 0.41, 0.44; 1.43, 0.77, 0.75; and 1.74, 1.13, 0.97. So c = 0.1, which suits them all.
"""

import argparse
import math
import time

import harness
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, log_loss, roc_auc_score
from sklearn.neighbors import KNeighborsClassifier

import dpmix
from dpmix.datasets import load_mnist

N_NEIGHBOURS = 5
DIGITS = np.arange(10)


def main():
    options = parse()
    train, test = (load_mnist(split) for split in ("train", "test"))
    order = np.random.default_rng(options.seed).permutation(len(train))
    train = train[order]
    if options.validate:
        n_aside = round(options.validate * len(train))
        train, test = train[n_aside:], train[:n_aside]
    train, test = train[: options.images], test[: options.test]
    print(
        f"{len(train):,} images to learn from, {len(test):,} {'put aside' if options.validate else 'test'} images; "
        f"{options.chains} chains of {options.sweeps} sweeps, {options.draws} draws each"
    )
    print(
        f"{'labels':>7}  {'':<26}{'accuracy':>9}{'macro AUC':>11}{'log loss':>10}{'seconds: learn':>16}{'answer':>8}"
    )
    details = [detail for share in options.labelled for detail in compare(train, test, share, options)]
    for name, proba in details:
        show_digits(name, proba, test.y)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--labelled", type=float, nargs="+", default=[1, 0.1, 0.01], metavar="SHARE")
    parser.add_argument("--images", type=int, default=60_000, help="to learn from")
    parser.add_argument("--test", type=int, default=10_000)
    parser.add_argument(
        "--validate",
        type=float,
        metavar="SHARE",
        help="test on this share of the training images, put aside, instead",
    )
    parser.add_argument("--chains", type=int, default=5)
    parser.add_argument("--sweeps", type=int, default=100, help="of each chain")
    parser.add_argument("--draws", type=int, default=10, help="kept of each chain, from its second half")
    parser.add_argument(
        "--c", type=float, nargs="+", default=[0.1], help="pseudo-count of each label in a cluster"
    )
    parser.add_argument("--jobs", type=int, default=2, help="worker processes")
    parser.add_argument("--only-mixture", action="store_true", help="leave scikit-learn's out")
    parser.add_argument("--seed", type=int, default=0)
    return harness.parse(parser)


def compare(train, test, share, options):
    """Print a row for each method; the mixtures' names and answers. The images are in random order."""
    n_labelled = max(1, round(share * len(train)))
    labels = np.where(np.arange(len(train)) < n_labelled, train.y, -1)
    answers = []
    for c in options.c:
        posterior, learnt = timed(lambda c=c: learn(train, labels, c, options))
        proba, answered = timed(lambda posterior=posterior: dpmix.predict_labels(posterior, test))
        name = f"dpmix, c = {c:g}"
        show_row(n_labelled, name, proba, test.y, learnt, answered)
        answers.append((f"{n_labelled:,} labels, {name}", proba))
    for name, method in (
        {}
        if options.only_mixture
        else {
            f"{N_NEIGHBOURS} nearest neighbours": KNeighborsClassifier(
                N_NEIGHBOURS, weights="distance", algorithm="brute"
            ),
            "logistic regression": LogisticRegression(C=0.1, max_iter=1000),
        }.items()
    ):
        show_row(n_labelled, name, *from_labelled(method, train[:n_labelled], test))
    return answers


def from_labelled(method, labelled, test):
    """Answers of an estimator of scikit-learn, the true digits, and seconds to learn and to answer."""
    _, learnt = timed(lambda: method.fit(labelled.x.astype(np.float32), labelled.y))
    found, answered = timed(lambda: method.predict_proba(test.x.astype(np.float32)))
    proba = np.zeros((len(test), len(DIGITS)))
    proba[:, method.classes_] = found
    return proba / proba.sum(axis=1, keepdims=True), test.y, learnt, answered  # some are in single precision


def learn(train, labels, c, options):
    thin = math.ceil((options.sweeps - options.sweeps // 2) / options.draws)
    return dpmix.sample(
        train,
        dpmix.Prior(c=c),
        labels=labels,
        chains=options.chains,
        sweeps=options.sweeps,
        thin=thin,
        init="seeds",
        seed=options.seed,
        jobs=options.jobs,
        progress=False,
    )


def timed(call):
    began = time.perf_counter()
    result = call()
    return result, time.perf_counter() - began


def show_row(n_labelled, name, proba, y, learnt, answered):
    accuracy = (proba.argmax(axis=1) == y).mean()
    harness.note(f"{n_labelled} labels, {name}, accuracy", accuracy, "")
    harness.note(f"{n_labelled} labels, {name}, learn and answer", learnt + answered, "s")
    auc = roc_auc_score(y, proba, multi_class="ovr", average="macro", labels=DIGITS)
    # Neighbours are at times certain of what is wrong; log_loss takes a probability of 0 to be tiny instead.
    print(
        f"{n_labelled:>7,}  {name:<26}{accuracy:>9.2%}{auc:>11.5f}{log_loss(y, proba, labels=DIGITS):>10.3f}"
        f"{learnt:>16.1f}{answered:>8.1f}",
        flush=True,
    )


def show_digits(name, proba, y):
    print(
        f"\n{name}: a row for each true digit, a column for each answer, and the digit's area under the ROC curve"
    )
    print("     " + "".join(f"{digit:>6}" for digit in DIGITS) + "       AUC")
    areas = roc_auc_score(y[:, None] == DIGITS, proba, average=None)
    for digit, row in enumerate(confusion_matrix(y, proba.argmax(axis=1), labels=DIGITS)):
        print(f"{digit:>5}" + "".join(f"{count:>6}" for count in row) + f"   {areas[digit]:.5f}")


if __name__ == "__main__":
    main()
