"""Many files, one of them broken, and many workers on few cores.

``folder`` writes pictures of 28 x 28 pixels, cuts one of them in half, and reads the folder: the error must name
that one picture; then the whole folder without it. ``workers`` runs a small sampler on as many worker processes as
asked for. Run with

    python benchmarks/crowds.py [--pictures 70000] [--workers 24]

It prints, and with --json FILE keeps for compare.py, seconds and memory of each.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import harness
import numpy as np
from PIL import Image

import dpmix


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=70_000)
    parser.add_argument("--workers", type=int, default=24)
    options = harness.parse(parser)
    with tempfile.TemporaryDirectory() as folder:
        broken = write_pictures(Path(folder), options.pictures)
        read_folder(folder, broken, options.pictures)
    run_workers(options.workers)


def write_pictures(folder, n):
    """Write `n` pictures of which the last one is cut, so that all others are looked at before it; its path."""
    pixels = np.random.default_rng(0).integers(0, 2, (n, 28, 28), np.uint8).astype(bool)
    for ix, picture in enumerate(pixels):
        Image.fromarray(picture).save(folder / f"{ix:07d}.png")
    broken = folder / f"{n - 1:07d}.png"
    broken.write_bytes(broken.read_bytes()[:80])
    return broken


def read_folder(folder, broken, n):
    """Read the folder with the broken picture, and without it."""
    started = time.perf_counter()
    try:
        dpmix.datasets.load_images(folder)
    except dpmix.InputError as error:
        told = str(error)
        assert broken.name in told, told
        report("folder, until the broken picture is named", started)
        print(f"  {told}")
    else:
        raise AssertionError("the broken picture was read")
    broken.unlink()
    started = time.perf_counter()
    images = dpmix.datasets.load_images(folder)
    assert len(images) == n - 1
    report("folder without it", started)


def run_workers(n):
    """A chain on each of `n` workers."""
    digits = dpmix.datasets.load_digits(classes=[2, 3])
    started = time.perf_counter()
    posterior = dpmix.sample(digits, chains=n, sweeps=10, seed=0, jobs=n, progress=False)
    assert posterior.labels.shape[0] == n
    report(f"{n} chains of 10 sweeps on {n} workers", started)


def report(what, started):
    """Print and keep the seconds since `started`."""
    seconds = time.perf_counter() - started
    harness.note(f"{what}, seconds", [seconds], "s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what}: {seconds:.1f} s, {peak:.0f} MB of memory at the most so far", flush=True)


if __name__ == "__main__":
    main()
