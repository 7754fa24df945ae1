"""The page to play with: its size, and how often a second it can be redrawn, in headless Chromium.

The posterior is of the 2s and 3s of MNIST, 5 chains of 20 sweeps. An update is a dab of the brush with all that
follows from it: scores, completion, three pictures, sentences and clusters, and the layout. It is timed on an image
whose lower half is hidden, and on an empty board, where every cluster has a say. Run with

    DPMIX_DATA=... python benchmarks/page.py [--draws 1 5 10] [--updates 200] [--images 40]

where Playwright and a Chromium are installed. It prints, and with --json FILE keeps for compare.py, bytes and CPU
seconds of the fragment, milliseconds until the page is ready and until an image that is picked is shown, updates a
second (the goal is 20 for 400 clusters), and the largest differences from `dpmix.predict_proba` and
`dpmix.log_predictive` over held-out images of which random parts are hidden.
"""

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import harness
import numpy as np
from mnist_sets import twos_and_threes_split

import dpmix

GOAL = 20  # updates a second

UPDATES = """([updates, empty]) => {
  const section = document.querySelector(".dpmix-play");
  const { drawing, data, form } = section.play;
  const once = (step) => {
    drawing.set((step * 389) % drawing.pixels.length, step % 2);
    drawing.set((step * 389 + 1) % drawing.pixels.length, step % 2);
    section.play.update();
    return section.offsetHeight;
  };
  const fresh = () => {
    if (empty) return drawing.clear();
    drawing.startFrom(data.starts[0].pixels);
    form.hideLower();
  };
  fresh();
  for (let step = 0; step < 10; step++) once(step);
  let taken = 0;
  for (let step = 0; step < updates; step++) {
    if (step % 20 === 0) fresh();
    const begun = performance.now();
    once(step);
    taken += performance.now() - begun;
  }
  return (1000 * updates) / taken;
}"""

PICKED = """() => {
  const section = document.querySelector(".dpmix-play"), { drawing, data } = section.play, begun = performance.now();
  for (const start of data.starts) {
    drawing.startFrom(start.pixels);
    section.play.update();
  }
  return (performance.now() - begun) / data.starts.length;
}"""

ANSWERS = """(images) => images.map((pixels) => {
  const { drawing, mixture } = document.querySelector(".dpmix-play").play;
  drawing.replace(pixels);
  const { proba, logPredictive } = mixture.answer();
  return [[...proba], logPredictive];
})"""


def main():
    from playwright.sync_api import sync_playwright

    options = _options()
    train, held_out = twos_and_threes_split()
    posterior = dpmix.sample(train, chains=5, sweeps=20, seed=1, jobs=1, progress=False)
    print(posterior)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for draws in options.draws:
            measure(browser.new_page(), posterior, held_out, draws, Path(folder) / f"{draws}.html", options)
        browser.close()


def measure(page, posterior, held_out, draws, path, options):
    start = harness.started()
    dpmix.playground.page(posterior, path, most_draws=draws)
    tell(draws, "size", path.stat().st_size / 1e6, "MB")
    tell(draws, "written in", harness.since(start)[0], "s")
    begun = time.perf_counter()
    page.goto(path.as_uri())
    page.wait_for_selector(".dpmix-play[data-state=ready]")
    tell(draws, "ready after", 1000 * (time.perf_counter() - begun), "ms")
    tell(
        draws,
        "clusters",
        page.evaluate("document.querySelector('.dpmix-play').play.mixture.scores.length"),
        "",
    )
    for name, empty in (("lower half hidden", False), ("empty board", True)):
        tell(draws, f"updates, {name}", page.evaluate(UPDATES, [options.updates, empty]), "per s")
    tell(draws, "image picked", page.evaluate(PICKED), "ms")
    proba, nats = differences(page, posterior, held_out[: options.images].x, draws)
    tell(draws, "largest difference of a probability", proba, "")
    tell(draws, "largest difference of a log predictive", nats, "nats")


def differences(page, posterior, x, draws):
    known = np.random.default_rng(0).random(x.shape) < np.linspace(0, 1, len(x))[:, None]
    found = page.evaluate(ANSWERS, np.where(known, x, 2).tolist())
    proba = dpmix.predict_proba(posterior, x, known, draws=draws)
    nats = dpmix.log_predictive(posterior, x, known, draws=draws)
    return (
        np.abs(np.array([each for each, _ in found]) - proba).max(),
        np.abs(np.array([each for _, each in found]) - nats).max(),
    )


def tell(draws, name, value, unit):
    print(f"{draws} draws, {name}: {value:.4g} {unit}".rstrip())
    harness.note(f"{draws} draws, {name}", value, unit)


def _options():
    parser = argparse.ArgumentParser(description="the page to play with: size, speed, exactness")
    parser.add_argument("--draws", type=int, nargs="+", default=[1, 5, 10])
    parser.add_argument("--updates", type=int, default=200)
    parser.add_argument("--images", type=int, default=40)
    return harness.parse(parser)


if __name__ == "__main__":
    main()
