"""Bad input: an error of one line before any work, in words of the shell, and nothing left behind."""

import pytest

import dpmix
from dpmix.cli import main
from support.bad_input import files_of, write_files
from support.shell import LIBRARY_WORDS, is_one_error

# For a command, what its error must say: one text or several. RUN, MODELS, EMPTY and NULL stand for a run, the
# folder of a model of each kind, an empty word and a word with a null character; files are of support.bad_input.
IMPOSSIBLE = {
    "fit digits -o no/run": "there is no folder no",
    "fit digits -o EMPTY": "is empty",
    "fit digits -o file.txt": "is a file",
    "fit digits -o full": "--overwrite",
    "fit digits -o full --overwrite": "no run of dpmix",
    "fit nothing -o run": "'nothing'",
    "fit digits -o run --classes 2,": "--classes",
    "fit digits -o run --classes 2,12": "'12'",
    "fit digits -o run --classes two": "'two'",
    "fit digits -o run --chains 0": "chains must be at least 1; got 0",
    "fit digits -o run --sweeps 0": "sweeps must be at least 1; got 0",
    "fit digits -o run --jobs 0": "jobs must be at least 1; got 0",
    "fit digits -o run --sweeps 9 --burn-in 9": "burn_in",
    "fit digits -o run --thin 0": "thin must be at least 1; got 0",
    "fit digits -o run --seed -1": "seed must be at least 0; got -1",
    "fit digits -o run --alpha 0": "alpha must be finite and greater than 0; got 0",
    "fit digits -o run --a nan": "a must be finite",
    "fit digits -o run --b -1": "b must be finite and greater than 0; got -1",
    "fit digits -o run --init two": "init must be",
    "fit digits -o run --init random:0": "random:K",
    "fit digits -o run --threshold 5": "threshold",
    "fit grey.npy -o run": "--threshold T",
    "fit two.npz -o run": "keep one array, or call it x",
    "fit digits -o run --observed wide.npy": "must have shape (1797, 64)",
    "fit digits -o run --observed grey.npy": "True or 1 where a pixel is observed",
    "fit digits -o NULL": "null character",
    "fit wide.npy -o run --classes 2": "no labels",
    "fit cut.npy -o run": "cut.npy",
    "fit digits -o run --chain 2": "--chain",
    "fit black.npy -o run --labels": "black.npy has no labels",
    "fit digits -o run --labelled 0.5": "--labels",
    "fit digits -o run --labels --labelled 1.5": "labelled must be at most 1; got 1.5",
    "fit digits -o run --labels --labelled 0": "labelled must be finite and greater than 0",
    "fit digits -o run --alpha gamma(2)": "such as gamma(2,1)",
    "fit digits -o run --alpha gamma(0,1)": "shape must be finite and greater than 0; got 0",
    "fit digits -o run --c gamma(2,1)": "must be a number",
    "fit digits -o run --schedule splits=2": "split-merge, birth-death",
    "fit digits -o run --schedule split-merge": "--schedule must be",
    "fit digits -o run --schedule split-merge=-1": "split_merge must be at least 0; got -1",
    "fit digits[5] -o run": "must be [A:B]",
    "fit digits[9:3] -o run": "chooses none of 1,797 images",
    "assign RUN digits -o out.npy": ".csv",
    "assign RUN wide.npy -o out.csv": "64 pixels",
    "assign RUN digits -o out.csv --partition few.npy": "must hold a cluster for each of the 360 images",
    "sample RUN -o out.txt": ".npy",
    "sample RUN -o out.npy --size 0": "size must be at least 1; got 0",
    "sample RUN -o out.png --size 3000": "3,000 images cannot be read",
    "sample RUN -o out.npy --seed -1": "seed must be at least 0; got -1",
    "denoise RUN digits --noise 0.4,0.05": "-o FILE",
    "denoise RUN digits --noise 0.4 -o out.png": "two shares",
    "denoise RUN digits --noise 2,0 -o out.png": "f0 must be between 0 and 1",
    "denoise RUN digits --noise 0.4,0 -o out.png --rows :": "1,797 images cannot be read",
    "resume nothing": "nothing",
    "resume full": "full is not a run folder",
    "resume RUN --sweeps 19": "cannot shrink; got 19",
    "resume RUN --jobs 0": "jobs must be at least 1; got 0",
    "info nothing": "nothing",
    "info file.txt": "file.txt",
    "plot RUN clusters -o no/picture.png": "there is no folder no",
    "plot RUN clusters -o picture.gif": ".png or .pdf or .svg",
    "plot RUN clusters -o full.png": "is a folder",
    "plot RUN clusters -o picture.png --chain 2": "chain",
    "plot RUN clusters -o picture.png --draw 10": "draw",
    "plot RUN trace -o picture.png --draw 1": "--draw is for clusters",
    "plot RUN trace -o picture.png --shrink": "--shrink is for clusters",
    "plot RUN bars -o picture.png": "'bars'",
    "plot RUN contingency -o c.png": "has learnt none; pass --labels FROM",
    "plot RUN trace -o c.png --labels digits": "--labels is for contingency and says nothing to trace",
    "plot RUN clusters -o c.png --loss vi": "--loss is for similarity and gallery and profiles and contingency",
    "plot RUN gallery -o c.png --chain 1": "--chain is for clusters and says nothing to gallery",
    "plot RUN gallery -o c.png --most 0": "most must be at least 1; got 0",
    "plot RUN similarity -o c.png --most 20000": "most must be at most 10,000",
    "plot RUN gallery -o c.png --partition few.npy": "few.npy: must hold a cluster for each of the 360 images",
    "plot RUN gallery -o c.png --partition nothing.npy": "there is no such file",
    "plot RUN gallery -o c.png --partition few.npy --loss vi": "--loss is for the point estimate",
    "complete RUN digits --hide top": "-o FILE",
    "complete RUN digits -o picture.png": "pass --hide WHAT or --observed FILE",
    "complete RUN digits --hide middle -o picture.png": "'middle', and there is no such file",
    "complete RUN digits --hide random:2 -o picture.png": "a fraction between 0 and 1",
    "complete RUN digits --hide full.png -o picture.png": "full.png: is not a file that can be read, but a folder",
    "complete RUN digits --hide file.txt -o picture.png": "cannot be read as an image",
    "complete RUN digits --hide top -o picture.png --rows 0:2 --most 2": "--rows and --most exclude",
    "complete RUN digits --hide top -o picture.png --rows 5": "--rows must be A:B",
    "complete RUN digits --hide top -o picture.png --rows 5:5": "none of the 1,797 images",
    "complete RUN digits --hide top -o picture.png --rows :": "1,797 images cannot be read",
    "complete RUN digits --hide top -o picture.png --most 0": "most must be at least 1; got 0",
    "complete RUN digits --hide top --probabilities p.npy --seed 1": "--seed is for samples",
    "complete RUN digits --hide top -o picture.png --samples -1": "samples must be at least 0; got -1",
    "complete RUN digits --hide top --probabilities p.npy --samples 2": "--samples",
    "complete RUN digits --hide top --probabilities p.txt": "must end in .npy",
    "complete RUN wide.npy --hide top -o picture.png": "1 x 10 = 10 pixels",
    "score RUN nan.npy": "1 x 3 = 3 pixels",
    "score RUN wide.npy": "8 x 8 = 64 pixels",
    "score RUN black.npy --labels": "black.npy has no labels",
    "score RUN nothing": "'nothing'",
    "partition RUN --loss rand": "loss must be one of 'vi', 'binder'; got 'rand'",
    "partition RUN --draws 0": "draws must be at least 1; got 0",
    "partition RUN --level 2": "at most 1",
    "partition RUN --most -1": "most must be at least 0; got -1",
    "partition RUN --labels digits": ("a label for each of the 360 images of the run", "pass the --classes"),
    "partition RUN --labels digits --classes 0": ("a label for each of the 360 images", "shape (178,)"),
    "partition RUN --labels few.npy": ("few.npy: must hold a label for each of the 360 images", "(3,)"),
    "partition RUN --labels halves.npy": ("as an integer; ", "float64"),
    "partition RUN --labels none.npy": "label of at least 0; found none",
    "partition RUN --labels nothing": "'nothing'",
    "partition RUN --labels wide.npy": "wide.npy: has no labels",
    "partition RUN --classes 0,1": "pass --labels, too",
    "partition RUN -o p.txt": ".npy or .npz or .csv",
    "partition RUN -o p.csv --sort": "--sort",
    "classify RUN digits": (
        "posterior must be one of images with labels",
        "'dpmix fit --labels' learns them",
    ),
    "classify RUN black.npy": "black.npy has no labels",
    "classify MODELS/rbm.npz digits": "--init",
    "classify MODELS/classifier.npz digits -o p.gif": ".png or .pdf or .svg",
    "classify MODELS/classifier.npz black.npy": "black.npy has no labels",
    "classify nothing digits": "nothing",
    "train digits --model rbm -o m.txt": "must end in .npz",
    "train digits --model rbm -o no/m.npz": "there is no folder no",
    "train digits --model rbm -o full.npz": "--overwrite",
    "train digits --model tree -o m.npz": "'tree'",
    "train digits --model rbm --layers 8,4 -o m.npz": "use --model dbn",
    "train digits --model dbn --layers 8,,4 -o m.npz": "--layers must be whole numbers",
    "train digits --model dbn --layers 0 -o m.npz": "--layers must be whole numbers",
    "train digits --model rbm --epochs 0 -o m.npz": "--epochs must be at least 1; got 0",
    "train digits --model rbm --learning-rate 0 -o m.npz": "--learning-rate must be finite and greater than 0",
    "train digits --model rbm --seed 4294967296 -o m.npz": "seed must be between 0 and 4294967295",
    "train digits --model rbm --seed -1 -o m.npz": "seed must be between 0 and",
    "train digits --model rbm --maximum 16 -o m.npz": "--maximum is for array files",
    "train grey.npy --model rbm --maximum 9 --binary -o m.npz": "--maximum is for grey values",
    "train grey.npy --model rbm -o m.npz": "maximum must be given",
    "train large.npy --model rbm -o m.npz": "pass --maximum M",
    "train nan.npy --model rbm -o m.npz": "found nan",
    "train flat.npy --model rbm -o m.npz": "two axes",
    "train nothing --model rbm -o m.npz": "no file or folder 'nothing'",
    "train grey.npy --model classifier --maximum 9 -o m.npz": "grey.npy has no labels",
    "train digits --model dbn --init MODELS/rbm.npz -o m.npz": "--init is for --model classifier",
    "train digits --model classifier --init MODELS/rbm.npz --layers 3 -o m.npz": "--layers and --init exclude",
    "train digits --model classifier --init nothing.npz -o m.npz": "'dpmix train' writes one",
    "encode digits --model classifier -o c.npz": "a classifier gives no codes",
    "encode digits --model MODELS/classifier.npz -o c.npz": "gives no codes",
    "encode digits --model nothing.npz -o c.npz": "'dpmix train' writes one",
    "encode digits --model full.npz -o c.npz": "damaged or not an extractor",
    "encode digits --model MODELS/rbm.npz --epochs 3 -o c.npz": "--epochs is for a model that is trained now",
    "encode digits --model MODELS/rbm.npz --save m.npz -o c.npz": "--save is for a model that is trained now",
    "encode digits --model rbm --save c.npz -o c.npz": "two files",
    "encode digits --model MODELS/rbm.npz --layer 1 -o c.npz": "--layer is for a dbn",
    "encode digits --model MODELS/dbn.npz --layer 3 -o c.npz": "layer must be between 1 and 2; got 3",
    "encode wide.npy --model MODELS/rbm.npz -o c.npz": "1 x 10 = 10 pixels",
    "reconstruct MODELS/classifier.npz digits -o p.png": "cannot reconstruct",
    "reconstruct MODELS/rbm.npz digits -o p.gif": ".png or .pdf or .svg",
    "reconstruct MODELS/rbm.npz digits -o p.png --rows :": "1,797 images cannot be read",
    "reconstruct MODELS/rbm.npz digits -o p.png --rows 0:2 --most 2": "--rows and --most exclude",
    "probe MODELS/rbm.npz curves --layer 1 -o p.png": "--layer is for weights and units; got curves",
    "probe MODELS/classifier.npz units -o p.png": "units are not for models of the kind classifier",
    "probe MODELS/autoencoder.npz fantasies -o p.png": "choose weights or curves",
    "probe MODELS/dbn.npz fantasies --seed 1 -o p.png": "--seed is for the fantasies of an rbm",
    "probe MODELS/rbm.npz weights --shape 8 -o p.png": "--shape must be height x width",
    "probe MODELS/rbm.npz weights --shape 3x5 -o p.png": "64, the pixels of a row; got (3, 5)",
    "probe MODELS/rbm.npz weights --layer 2 -o p.png": "layer must be between 1 and 1; got 2",
    "probe MODELS/rbm.npz faces -o p.png": "'faces'",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with all files that the commands name; no command may change it."""
    folder = tmp_path_factory.mktemp("bad")
    write_files(folder)
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of digits of two classes, of which it has learnt no labels."""
    path = tmp_path_factory.mktemp("run") / "run"
    images = dpmix.datasets.load_digits(classes=[2, 3])
    options = {"chains": 2, "sweeps": 20, "init": "random:10", "seed": 1, "jobs": 1, "progress": False}
    dpmix.sample(images, **options).save(path)
    return path


@pytest.mark.parametrize("line", IMPOSSIBLE)
def test_bad_input(line, folder, run, models, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    before = files_of(folder)
    words = {"RUN": str(run), "EMPTY": "", "NULL": "a\0b"}
    assert main([words.get(word, word).replace("MODELS", str(models)) for word in line.split()]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and is_one_error(shown.err)
    said = IMPOSSIBLE[line]
    for text in (said,) if isinstance(said, str) else said:
        assert text in shown.err
    assert not LIBRARY_WORDS.search(shown.err)
    assert files_of(folder) == before
