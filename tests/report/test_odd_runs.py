"""Reports on what is at the edge: no draws, no labels, huge and tiny images, thousands of clusters; and on models."""

import re
from base64 import b64decode

import matplotlib
import numpy as np
import pytest

import dpmix
from dpmix.base.errors import RunError
from dpmix.cli import main
from dpmix.features import load
from dpmix.report import write_model
from support.page_parts import PageParts
from support.partition_cases import posterior_with
from support.small_runs import make_plan, make_table, run_chain

matplotlib.use("Agg")
pytestmark = pytest.mark.slow


def report_of(posterior, folder, *given, **options):
    path = folder / "report.html"
    posterior.report(path, *given, **{"play": False, **options})
    page = path.read_text(encoding="utf-8")
    return " ".join(" ".join(PageParts(page).texts).split()), page


def test_draws_kept_as_counts(tmp_path):
    x = np.random.default_rng(0).integers(2, size=(30, 9))
    posterior = dpmix.sample(x, chains=2, sweeps=8, seed=0, keep="counts", jobs=1, progress=False)
    text, page = report_of(posterior, tmp_path, x[:5])
    assert "Draws of this run are kept as counts" in text and "Clusters of one draw" in text
    assert 'id="together"' not in page and "labels.csv" not in page and "New images" in text


@pytest.mark.parametrize("burn_in", [False, True])
def test_chains_in_burn_in(tmp_path, burn_in):
    table, plan = make_table(), make_plan(burn_in=4)
    records = [run_chain(table, plan, chain, 3) for chain in range(2)]
    posterior = dpmix.Posterior(table, plan, records, "0.1.0", burn_in)
    text, page = report_of(posterior, tmp_path)
    assert "There are no draws yet." in text
    assert ("Clusters of one draw" in text) == burn_in and 'id="chains"' in page
    if not burn_in:
        with pytest.raises(dpmix.InputError, match="at least one draw"):
            posterior.report(tmp_path / "other.html", np.zeros((1, 11), int))


def test_run_without_a_segment(tmp_path, capsys):
    from dpmix.store.run_folder import RunFolder

    RunFolder.create(tmp_path / "run", make_table(), make_plan())
    assert main(["report", str(tmp_path / "run"), "-o", str(tmp_path / "report.html")]) == 2
    assert "error: " in capsys.readouterr().err and not (tmp_path / "report.html").exists()
    with pytest.raises(RunError):
        dpmix.load(tmp_path / "run")


def test_image_of_one_pixel(tmp_path):
    posterior = posterior_with([[0, 1, 0, 1]] * 4, x=np.array([[0], [1], [0], [1]]))
    text, _ = report_of(posterior, tmp_path, np.array([[1]]), labels=["a", "b", "a", "b"])
    assert "4 rows of 1 yes-or-no column," in text


def test_one_image(tmp_path):
    posterior = posterior_with([[0]] * 4, x=np.ones((1, 4), int))
    text, page = report_of(posterior, tmp_path)
    assert "1 image" in text and 'id="together"' not in page


def test_partition_that_is_given(tmp_path):
    labels = np.array([7, 7, 7, 7, 2, 2])
    posterior = posterior_with([[0, 0, 0, 1, 1, 1]] * 4, chains=2)
    text, page = report_of(posterior, tmp_path, partition=labels)
    [content] = [a["href"] for a in PageParts(page).all("a") if a.get("download") == "labels.csv"]
    rows = [line.split(",") for line in b64decode(content.split(",")[1]).decode().split()]
    assert [row[1] for row in rows] == ["cluster", "0", "0", "0", "0", "1", "1"]
    with pytest.raises(dpmix.InputError, match="partition must hold one label for each of the 6 images"):
        report_of(posterior, tmp_path, partition=labels[:3], overwrite=True)


def test_mixture_of_scikit_learn(tmp_path):
    x = np.random.default_rng(0).integers(2, size=(30, 9))
    mixture = dpmix.DPMixture(chains=2, sweeps=8, random_state=0).fit(x)
    dpmix.report.write(mixture, tmp_path / "report.html", play=False)
    assert "30 images" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_thousands_of_clusters(tmp_path):
    n = 5_000
    x = np.random.default_rng(0).integers(2, size=(n, 16))
    posterior = posterior_with([np.arange(n)] * 2, chains=2, x=x)
    text, page = report_of(posterior, tmp_path, labels=np.arange(n) % 40)
    assert "4,940 smaller clusters with 4,940 images not shown." in text
    assert len(page) < 2e6 and page.count('class="face"') == 60


def test_tens_of_thousands_of_pixels(tmp_path):
    x = np.random.default_rng(0).integers(2, size=(40, 50_000), dtype=np.uint8)
    images = dpmix.Images(x, shape=(200, 250))
    posterior = posterior_with([np.arange(40) % 4] * 4, chains=2, x=images)
    text, page = report_of(posterior, tmp_path, images[:3])
    assert "200 × 250" in text and len(page) < 5e6


@pytest.mark.parametrize("kind", ["rbm", "dbn", "autoencoder", "classifier"])
def test_model(trained_models, tmp_path, kind):
    path = tmp_path / "report.html"
    digits = dpmix.datasets.load_grey("digits")[:100]
    write_model(load(trained_models / f"{kind}.npz"), path, digits)
    parts = PageParts(path.read_text(encoding="utf-8"))
    places = {attributes.get("id") for attributes in parts.all("section")}
    assert ("confusion" in places) == (kind == "classifier") == ("back" not in places)
    assert {"model", "training", "units"} <= places and all("alt" in each for each in parts.all("img"))
    with pytest.raises(dpmix.InputError, match="exists already"):
        write_model(load(trained_models / f"{kind}.npz"), path)


def test_command(finished_run, trained_models, tmp_path, capsys):
    path = tmp_path / "report.html"
    words = ["report", str(finished_run), "-o", str(path)]
    known = ["--labels", "digits", "--classes", "2,3", "--images", "digits[:300]"]
    assert main([*words, *known, "--title", "<two> & three", "--most", "3"]) == 0
    assert re.fullmatch(r".*report\.html \([\d,]+ kB\)\n", capsys.readouterr().out)
    page = path.read_text(encoding="utf-8")
    assert "<title>&lt;two&gt; &amp; three</title>" in page and 'id="labels"' in page and 'id="new"' in page
    assert f"dpmix resume {finished_run}" in page.replace("&#39;", "'")
    for more, error in (
        ([], "exists already"),
        (["--overwrite", "--maximum", "3"], "--maximum is of --images"),
        (["--overwrite", "--shape", "8x8"], "--shape is for a model"),
    ):
        assert main([*words, *more]) == 2
        assert error in capsys.readouterr().err
    assert main([*words[:3], str(tmp_path / "page.txt")]) == 2
    model = str(trained_models / "dbn.npz")
    assert main(["report", model, "-o", str(path), "--overwrite", "--images", "digits[:50]"]) == 0
    assert main(["report", model, "-o", str(path), "--overwrite", "--most", "3"]) == 2
    assert "--most is for a run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("init", "told"), [("near:1", "all in one cluster"), ("near:2", "of those around 2 random images")]
)
def test_a_start_from_one_seed_is_told_as_one_cluster(init, told, tmp_path):
    x = np.random.default_rng(0).integers(0, 2, (20, 6))
    posterior = dpmix.sample(x, chains=1, sweeps=2, init=init, seed=0, jobs=1, progress=False)
    posterior.report(tmp_path / "r.html", play=False)
    assert told in (tmp_path / "r.html").read_text()
