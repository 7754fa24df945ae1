"""Two everyday tables: who survived, and which flower is it? Clusters, classifiers and gaps side by side.

    python examples/tables.py [-o tables] [--seed 1] [--quick]

Both tables are made up. Passengers of a ship and measurements of flowers are drawn at random by this script,
with the columns of two tables that every course begins with, Titanic and iris; no passenger and no flower is
real, and nothing is downloaded. A part of the cells is left out, as in real tables.

The mixture wants columns of two values: ages become bands, classes a column each, and each measurement three
columns, one for each quartile that it may exceed. What is missing stays missing. The label, whether a
passenger survived, is one more column of the table, known for some rows; where it is not, it is predicted like
any other gap. Beside the mixture stand logistic regression, a support vector machine and nearest neighbours,
which need the gaps filled in first. Each row is predicted once, by models that were not shown its label.

Where effects simply add up, as in the table of passengers, logistic regression is hard to beat, and the tables
say so. What the mixture brings along is the rest: it fills in gaps with probabilities, and it finds groups.
Each table is clustered without labels, and a profile tells which columns set each cluster apart. The tables are
written as CSV files, too, to go on with in the shell:

    dpmix fit tables/passengers.csv -o run --index passenger --label-column label --coarse
    dpmix profile run -o profile.png

It needs pandas. --quick makes smaller tables and fewer folds, for a run of seconds.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

import dpmix

try:
    import pandas as pd
except ModuleNotFoundError as error:
    sys.exit(f"{error}\nThis example needs pandas: pip install pandas.")

BANDS = {"under 15": (0, 15), "15 to 29": (15, 30), "30 to 49": (30, 50), "50 or more": (50, 120)}
MEASURES = ("sepal length", "sepal width", "petal length", "petal width")
SPECIES = ("low", "middle", "tall")
K = 15
NEIGHBOURS = f"{K} nearest neighbours"
MIXTURE, FREQUENCIES = "mixture, labels as a column", "frequency of each label"
SEXES = {"female": "C1", "male": "C0"}  # colours


class Task(NamedTuple):
    """A table to cluster, and a label to predict."""

    name: str
    raw: pd.DataFrame  # as it was made, with gaps
    binary: pd.DataFrame  # of two values a column, with the same gaps
    y: np.ndarray  # (n,) int
    classes: tuple  # what the labels stand for
    measure: str  # a column of `raw` ...
    group: tuple  # ... and what it has become in `binary`


def main():
    options = parse()
    matplotlib.use("Agg")  # draw into files only
    threadpool_limits(1)  # threads that wait for each other cost more than they bring
    pd.set_option("display.width", 120, "display.max_columns", 20)
    options.out.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    n, folds = (450, 3) if options.quick else (1200, 10)
    rng = np.random.default_rng(options.seed)
    tasks = [make_passengers(n, rng), make_flowers(n // 3, rng)]
    print("Both tables are made up: no passenger and no flower is real.")
    for task in tasks:
        show_table(task)
        task.binary.assign(label=task.y).to_csv(options.out / f"{task.name}.csv")
        if task.name == "passengers":
            show_survival(task)
            draw_survival(task, options.out)
        compare(task, folds, options)
        fill_gaps(task, options)
        cluster(task, options)
    print(f"\n{time.perf_counter() - began:.0f} s in all")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "-o", "--out", type=Path, default=Path("tables"), help="folder for pictures and tables"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="smaller tables: a run of seconds")
    return parser.parse_args()


# Two tables that are made up -------------------------------------------------------------------------------


def make_passengers(n, rng):
    """Passengers of a ship that sank: women, children and the first class had the better chances."""
    travel = rng.choice([1, 2, 3], n, p=[0.24, 0.21, 0.55])
    family = rng.random(n) < np.choose(travel - 1, [0.45, 0.45, 0.35])
    child = rng.random(n) < np.where(family, 0.25, 0.02)
    female = rng.random(n) < np.where(child, 0.5, np.where(family, 0.55, 0.25))
    age = np.where(child, rng.uniform(0, 15, n), 15 + rng.gamma(2.2, 12 - 2 * travel, n)).clip(0, 80)
    port = np.where(rng.random(n) < np.choose(travel - 1, [0.4, 0.1, 0.25]), "Cherbourg", "Southampton")
    chance = np.where(female, 3.2 - 1.1 * travel + 0.8 * (travel == 2), -0.3 - 0.5 * travel)
    chance = chance + np.where(child, np.where(travel < 3, 2.5, 0.7), 0) + 0.2
    raw = pd.DataFrame(
        {
            "class": travel,
            "sex": np.where(female, "female", "male"),
            "age": np.where(rng.random(n) < 0.1 + 0.05 * travel, np.nan, age.round()),
            "with family": family,
            "port": np.where(rng.random(n) < 0.03, None, port),
        },
        index=pd.Index([f"P{ix:04}" for ix in range(n)], name="passenger"),
    )
    binary = pd.DataFrame(
        {
            **{f"class {level}": travel == level for level in (1, 2, 3)},
            "sex": raw["sex"],
            **{band: in_range(raw["age"], *ends) for band, ends in BANDS.items()},
            "with family": family,
            "port": raw["port"],
        }
    )
    survived = rng.random(n) < 1 / (1 + np.exp(-chance))
    return Task("passengers", raw, binary, survived.astype(int), ("died", "survived"), "age", tuple(BANDS))


def in_range(values, low, high):
    """Whether each value is from `low` to below `high`, <NA> where it is missing."""
    return ((values >= low) & (values < high)).astype("boolean").mask(values.isna())


def make_flowers(n, rng):
    """Flowers of three species, of which the middle and the tall one are much alike."""
    y = rng.integers(3, size=n)
    centres = np.array([[5.0, 3.4, 1.5, 0.3], [5.9, 2.8, 4.3, 1.3], [6.6, 3.0, 5.5, 2.0]])
    size = rng.normal(size=(n, 1)) * [0.40, 0.22, 0.35, 0.12]  # large flowers are large in all
    values = centres[y] + size * np.where(y[:, None] == 0, 0.5, 1) + rng.normal(size=(n, 4)) * 0.18
    values[rng.random((n, 4)) < 0.08] = np.nan
    index = pd.Index([f"F{ix:04}" for ix in range(n)], name="flower")
    raw = pd.DataFrame(values.clip(0.1).round(1), columns=MEASURES, index=index)
    cuts = {(name, q): raw[name].quantile(q) for name in MEASURES for q in (0.25, 0.5, 0.75)}
    binary = {
        f"{name} over {cut:.1f} cm": (raw[name] > cut).astype("boolean").mask(raw[name].isna())
        for (name, _), cut in cuts.items()
    }
    group = tuple(name for name in binary if name.startswith("petal length"))
    return Task("flowers", raw, pd.DataFrame(binary), y, SPECIES, "petal length", group)


# What is in them -------------------------------------------------------------------------------------------


def show_table(task):
    print(
        f"\n{task.name.upper()}: {len(task.raw):,} rows, the first of them as they were made\n{task.raw.head(4)}"
    )
    missing = task.binary.isna().to_numpy().mean()
    print(f"As zeros and ones: {task.binary.shape[1]} columns, {missing:.1%} of the cells missing")


def show_survival(task):
    """Share of survivors by class, sex and age band, and of how many."""
    band = pd.cut(
        task.raw["age"], [low for low, _ in BANDS.values()] + [120], right=False, labels=list(BANDS)
    )
    band = band.cat.add_categories("age missing").fillna("age missing")
    groups = task.raw.assign(survived=task.y, band=band)
    table = groups.groupby(["class", "sex", "band"], observed=False)["survived"].agg(["mean", "size"])
    cells = [
        f"{100 * mean:3.0f} % of {size:3}" if size else "-" for mean, size in table.itertuples(index=False)
    ]
    print(f"\nWho survived\n{pd.Series(cells, table.index).unstack()}")


@dpmix.plot.house_style()  # colours and print of dpmix's own pictures
def draw_survival(task, folder):
    """Survivors by class and sex, with intervals that hold 95 % (Wilson 1927)."""
    from matplotlib import pyplot as plt

    _, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
    for shift, (sex, colour) in zip((-0.09, 0.09), SEXES.items(), strict=True):
        for travel in (1, 2, 3):
            chosen = ((task.raw["class"] == travel) & (task.raw["sex"] == sex)).to_numpy()
            low, high = wilson(task.y[chosen].mean(), chosen.sum())
            ax.plot([travel + shift] * 2, [low, high], color=colour, linewidth=2, alpha=0.5)
            ax.plot(
                travel + shift, task.y[chosen].mean(), "o" if sex == "female" else "s", color=colour, markersize=8,
                label=sex if travel == 1 else None,
            )  # fmt: skip
            ax.annotate(
                f"{chosen.sum()}",
                (travel + shift, high),
                (0, 3),
                textcoords="offset points",
                ha="center",
                size=8,
            )
    ax.set(xticks=(1, 2, 3), xticklabels=("first class", "second", "third"), ylim=(0, 1.06), xlim=(0.6, 3.4))
    ax.yaxis.set_major_formatter(matplotlib.ticker.PercentFormatter(1))
    ax.set_title("Made-up passengers: share that survived, of how many")
    ax.legend()
    save(ax, folder / "survival.png")


def wilson(share, n, z=1.96):
    """Ends of an interval for a share of `n`."""
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return middle - reach, middle + reach


# Labels that are predicted ---------------------------------------------------------------------------------


def classifiers(seed):
    """Each by name. Distances and penalties want columns of one scale, and none of them takes a gap."""
    models = {
        "logistic regression": LogisticRegression(max_iter=1000),
        "support vector machine": CalibratedClassifierCV(SVC(random_state=seed), ensemble=False),
        NEIGHBOURS: KNeighborsClassifier(K),
    }
    return {
        name: make_pipeline(SimpleImputer(strategy="mean"), StandardScaler(), model)
        for name, model in models.items()
    }


def compare(task, folds, options):
    """Predict the label of each row by models that do not know it; show accuracy and log loss."""
    numbers = as_numbers(task.binary)
    models = classifiers(options.seed)
    proba = {name: np.empty((len(task.y), len(task.classes))) for name in (MIXTURE, *models, FREQUENCIES)}
    seconds = dict.fromkeys(proba, 0.0)
    parts = StratifiedKFold(folds, shuffle=True, random_state=options.seed).split(numbers, task.y)
    for known, asked in parts:
        for name in proba:
            began = time.perf_counter()
            if name == MIXTURE:
                proba[name][asked] = by_mixture(task, asked, options.seed)
            elif name == FREQUENCIES:
                proba[name][asked] = np.bincount(task.y[known]) / len(known)
            else:
                model = models[name].fit(numbers[known], task.y[known])
                proba[name][asked] = model.predict_proba(numbers[asked])
            seconds[name] += time.perf_counter() - began
    proba[NEIGHBOURS] = never_quite_sure(proba[NEIGHBOURS])
    show_comparison(task, proba, seconds, folds)
    draw_comparison(task, proba, options.out)


def as_numbers(frame):
    """Two values of a column as 0 and 1, and gaps as NaN, (n, d): the mixture takes the frame as it is."""
    codes = frame.apply(lambda column: column.astype("category").cat.codes)
    return codes.where(codes >= 0).to_numpy(float)


def by_mixture(task, asked, seed):
    """Labels of `asked` rows, which are clustered like all others, with the label as a gap."""
    labels = task.y.copy()
    labels[asked] = -1
    posterior = dpmix.sample(task.binary, labels=labels, jobs=1, seed=seed, progress=False)
    return dpmix.predict_labels(posterior, task.binary.iloc[asked])


def never_quite_sure(proba):
    """Give each class a vote beside those of the neighbours: one that none of them is of would cost infinitely much."""
    return (K * proba + 1) / (K + proba.shape[1])


def surprise(proba, y):
    """What each label costs, nats: minus the logarithm of the probability that it was given."""
    return -np.log(proba[np.arange(len(y)), y])


def show_comparison(task, proba, seconds, folds):
    print(
        f"\n{' or '.join(task.classes)}? {folds} folds; +- is the standard error; lower log loss is better\n"
        f"{'':<29}{'accuracy (%)':>16}{'log loss (nats)':>20}{'seconds':>9}"
    )
    for name, p in proba.items():
        right = 100 * (p.argmax(axis=1) == task.y)
        cost, scale = surprise(p, task.y), np.sqrt(len(task.y))
        print(
            f"{name:<29}{right.mean():>9.1f} +- {right.std() / scale:.1f}"
            f"{log_loss(task.y, p):>11.3f} +- {cost.std() / scale:.3f}{seconds[name]:>9.1f}"
        )


@dpmix.plot.house_style()  # colours and print of dpmix's own pictures
def draw_comparison(task, proba, folder):
    """Log loss of each way, best first, with two standard errors."""
    from matplotlib import pyplot as plt

    costs = {name: surprise(p, task.y) for name, p in proba.items()}
    order = sorted(costs, key=lambda name: -costs[name].mean())
    _, ax = plt.subplots(figsize=(7, 2.6), layout="constrained")
    for height, name in enumerate(order):
        cost = costs[name]
        colour = SEXES["female"] if name == MIXTURE else "0.35"
        ax.errorbar(
            cost.mean(), height, xerr=2 * cost.std() / np.sqrt(len(cost)), fmt="o", color=colour, capsize=3
        )
    ax.set(yticks=range(len(order)), yticklabels=order, ylim=(-0.6, len(order) - 0.4), xlabel="nats per row")
    ax.set_title(f"Made-up {task.name}: log loss of each way, less is better")
    save(ax, folder / f"{task.name}_log_loss.png")


# Gaps that are filled, and clusters ------------------------------------------------------------------------


def fill_gaps(task, options):
    """Hide a measurement of a fifth of the rows, and see what the mixture makes of what is left of them."""
    known = task.binary[list(task.group)].notna().all(axis=1).to_numpy()
    rng = np.random.default_rng([options.seed, 1])  # another stream than that of the table: hidden at random
    hidden = known & (rng.random(len(known)) < 0.2)
    gaps = task.binary.copy()
    gaps.loc[hidden, list(task.group)] = pd.NA
    posterior = dpmix.sample(gaps, jobs=1, seed=options.seed, progress=False)
    filled = dpmix.predict_proba(posterior, gaps[hidden])[list(task.group)]  # a frame, as a frame came
    true = task.binary.loc[hidden, list(task.group)].to_numpy(bool)
    often = gaps[list(task.group)].mean().to_numpy(float)
    cost, plain = (-np.log(np.where(true, p, 1 - p)).mean() for p in (filled.to_numpy(), often))
    print(
        f"\nGaps: {', '.join(task.group)}\nhidden in {hidden.sum()} rows; what was there costs {cost:.3f} nats a cell, "
        f"{plain:.3f} by how often each is true.\nThe first rows, as probabilities, and what was there:\n"
    )
    print(filled.head(3).round(2).assign(truth=task.raw[task.measure]))


def cluster(task, options):
    """Clusters that were found without the label, what sets them apart, and how the label falls among them."""
    prior = dpmix.Prior.coarse(task.binary)  # fewer and broader clusters, to be looked at
    posterior = dpmix.sample(
        task.binary, prior, chains=4, sweeps=100, jobs=1, seed=options.seed, progress=False
    )
    estimate = dpmix.partitions.point_estimate(posterior)
    profile = dpmix.partitions.profile(posterior, estimate)
    print(f"\n{estimate.n_clusters} clusters, found without labels, and what sets them apart")
    for k, sentence in enumerate(profile.words(4)):
        print(f"{sentence} {label_shares(task, estimate.labels == k)}")
    estimate.to_frame("pandas").to_csv(options.out / f"{task.name}_clusters.csv")
    save(dpmix.plot.profiles(profile), options.out / f"{task.name}_profiles.png")


def label_shares(task, members):
    shares = np.bincount(task.y[members], minlength=len(task.classes)) / members.sum()
    return (
        "[" + ", ".join(f"{share:.0%} {name}" for share, name in zip(shares, task.classes, strict=True)) + "]"
    )


def save(ax, path):
    ax.figure.savefig(path)
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
