"""The command ``fit``: cluster images."""

import shlex

from dpmix.base.errors import InputError
from dpmix.cli.files import check_folder
from dpmix.cli.options import (
    add_command,
    add_observed,
    add_overwrite,
    add_running,
    add_source,
    given,
    load_observed,
    tell_columns,
    tell_observed,
)
from dpmix.cli.priors import prior_of, read_prior, schedule_of
from dpmix.cli.streams import show
from dpmix.cli.told import chain_table

__all__ = ["add_to"]

_FIT = """\
Each chain starts from --init and sweeps over all images again and again. A sweep moves single images,
splits and merges clusters, lets new ones gather members from many others, and learns alpha and, for
every pixel, a and b. The number of clusters is found on the way. Pixels that are not observed, by NaN in
SOURCE or by --observed, are summed over exactly.

A PRIOR is a number, which fixes alpha, a or b, or gamma(SHAPE,RATE), from which it is learned.

RUN is saved every second or so, less often where that takes long. After Ctrl-C, or whatever else
ends the program, 'dpmix resume RUN' goes on, and gives what an undisturbed run would have given."""

_FIT_EXAMPLES = (
    "dpmix fit digits -o run",
    "dpmix fit digits -o run --classes 2,3 --chains 2 --sweeps 50 --seed 1",
    "dpmix fit mnist:all -o run --classes 2,3 --threshold 0 --alpha 1 --a 1 --b 1",
    "dpmix fit pictures/ -o run --invert",
    "dpmix fit 'digits[0:1600]' -o run --alpha 'gamma(2,1)' --schedule split-merge=50,birth-death=10",
    "dpmix fit table.npy -o run --observed mask.npy",
    "dpmix fit survey.csv -o run --index id --drop date --coarse",
)


def add_to(commands):
    """Add the command ``fit``."""
    fit = add_command(
        commands, "fit", _fit, "cluster images", _FIT, "SOURCE -o RUN [options]", _FIT_EXAMPLES, source=True
    )
    add_source(fit)
    add_observed(fit)
    fit.add_argument(
        "--coarse",
        action="store_true",
        default=False,
        help="fewer and broader clusters: a prior that expects of each pixel what it is in SOURCE, firmly",
    )
    fit.add_argument("--fine", action="store_true", default=False, help="more clusters")
    fit.add_argument("-o", "--out", required=True, metavar="RUN", help="run folder to write")
    _add_labels(fit)
    _add_plan(fit)
    add_running(fit)
    add_overwrite(fit)


def _add_labels(parser):
    parser.add_argument(
        "--labels",
        action="store_true",
        default=False,
        help="learn the labels of SOURCE with the pixels, for 'dpmix classify' to ask for",
    )
    parser.add_argument(
        "--labelled",
        type=float,
        metavar="F",
        help="of the labels, use a fraction F, drawn at random with --seed, or seed 0 without it (default: all)",
    )


def _add_plan(parser):
    counts = {
        "--chains": "independent chains: many short ones for predictions, few long ones for the clusters themselves "
        "(default: 20; with --sweeps, 5 to 20, so that there are about 400 sweeps in all)",
        "--sweeps": "sweeps of each chain, burn-in included (default: 20; with --chains, at least 20, so that there "
        "are about 400 in all)",
        "--burn-in": "sweeps at the start that give no draws (default: half)",
        "--thin": "of the others, every N-th gives a draw (default: so that at most 100 do)",
        "--shards": "spread each chain over N shards, which sweep at the same time: for very many images, at least "
        "a hundred clusters a shard (default: 1)",
        "--seed": "the same seed gives the same draws (default: a fresh one, shown by 'dpmix info')",
    }
    for name, text in counts.items():
        parser.add_argument(name, type=int, metavar="N", help=text)
    parser.add_argument(
        "--init",
        metavar="START",
        help="near:K (each image in the cluster that predicts it best, of those around K random images; plain near: "
        "one in 20), seeds:K (each image with the nearest of K random ones; plain seeds: one in 200; both one in 400 "
        "with numbers for a and b), one (all in one cluster), random:K (in K random groups) or crp (as the prior has "
        "it); chains are 5 of 200 sweeps by default from all but near (default: near, seeds with --shards)",
    )
    parser.add_argument(
        "--keep",
        metavar="WHAT",
        help="of a draw, keep labels (the cluster of each image) or counts (of each cluster: enough for all commands "
        "but partition, whatever the number of images) (default: labels, with --shards counts)",
    )
    numbers = {
        "--alpha": "concentration: the larger, the more clusters are expected (default: learned)",
        "--a": "prior pseudo-count of a pixel being on (default: learned, pixel by pixel)",
        "--b": "prior pseudo-count of a pixel being off (default: learned, pixel by pixel)",
        "--c": "prior pseudo-count of each label (default: 1)",
    }
    for name, text in numbers.items():
        kind = float if name == "--c" else read_prior
        parser.add_argument(name, type=kind, metavar="X" if name == "--c" else "PRIOR", help=text)
    parser.add_argument(
        "--schedule",
        metavar="MOVE=N,...",
        help="how much of each move a sweep holds: split-merge, birth-death (proposals), pixel-step, round-sweeps "
        "(default: split-merge=20,birth-death=20,pixel-step=4,round-sweeps=5; if this is left out birth-death=2 "
        "from near, and with numbers for a and b split-merge=100,birth-death=20 from anywhere)",
    )


def _fit(arguments):
    go_on = f"go on with it by 'dpmix resume {shlex.quote(arguments.out)}', "
    check_folder(arguments.out, arguments.overwrite, go_on)
    import dpmix

    _refuse_two_priors(arguments)
    prior = (
        None if arguments.coarse or arguments.fine else prior_of(arguments)
    )  # refused before images are read
    options = given(
        arguments, "chains", "sweeps", "burn_in", "thin", "init", "seed", "jobs", "shards", "keep"
    )
    options |= {"schedule": schedule_of(arguments)} if "schedule" in arguments else {}
    options |= {"out": arguments.out, "overwrite": arguments.overwrite, "progress": not arguments.quiet}
    images, observed = load_observed(arguments)
    labels = _labels(arguments, images)
    tell_observed(observed)
    tell_columns(images)
    prior = _named_prior(arguments, images, observed) if prior is None else prior
    posterior = dpmix.sample(images, prior, observed=observed, labels=labels, **options)
    show(chain_table(posterior.records))


def _refuse_two_priors(arguments):
    """Refuse a named prior beside another one."""
    named = [name for name in ("coarse", "fine") if getattr(arguments, name)]
    others = list(given(arguments, "alpha", "a", "b"))
    if named and len(named + others) > 1:
        raise InputError(
            f"--{named[0]} is a prior of its own and excludes --{(named[1:] + others)[0]}; leave one out"
        )


def _named_prior(arguments, images, observed):
    """The prior that --coarse or --fine says."""
    import dataclasses

    import dpmix

    prior = dpmix.Prior.coarse(images, observed) if arguments.coarse else dpmix.Prior.fine()
    return dataclasses.replace(prior, **given(arguments, "c"))


def _labels(arguments, images):
    """The labels to learn, -1 or None where one is left out, texts where they have names; or None."""
    import numpy as np

    from dpmix.base.checks import check_positive, check_seed

    if not arguments.labels:
        if "labelled" in arguments:
            raise InputError("--labelled says how many of the labels to use; pass --labels, too")
        return None
    if images.y is None:
        raise InputError(f"--labels: {arguments.source} has no labels; leave it out")
    fraction = check_positive("labelled", getattr(arguments, "labelled", 1.0))
    if fraction > 1:
        raise InputError(f"labelled must be at most 1; got {fraction:g}")
    generator = np.random.default_rng(check_seed(getattr(arguments, "seed", 0)))
    kept = generator.permutation(len(images))[: max(1, round(fraction * len(images)))]
    labels = np.full(len(images), -1)
    labels[kept] = images.y[kept]
    if images.classes is None:
        return labels
    return np.array([*images.classes, None], dtype=object)[labels]  # the last for -1
