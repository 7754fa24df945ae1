"""What sphinx-gallery shows and runs: the scripts ``docs/gallery/plot_*.py``, each a few seconds long."""

import warnings
from pathlib import Path

import matplotlib

DOCS = Path(__file__).resolve().parent.parent


_aside = []  # the filters of warnings that hold outside of a script


def fresh_start(gallery, script, when):
    """Let a script run with Matplotlib's own settings and with warnings as errors, and nothing else."""
    if when == "after":
        _aside.pop().__exit__(None, None, None)
        return
    matplotlib.rcdefaults()
    matplotlib.use("Agg")
    _aside.append(warnings.catch_warnings())
    _aside[-1].__enter__()
    warnings.simplefilter("error")
    warnings.filterwarnings(
        "ignore", r"dpmix\.\w+ is now"
    )  # the gallery looks for the shortest name of each thing


GALLERY = {
    "examples_dirs": str(DOCS / "gallery"),
    "gallery_dirs": "gallery_pages",
    "filename_pattern": "/plot_",
    "within_subsection_order": "FileNameSortKey",
    "reset_modules": "gallery_settings.fresh_start",
    "reset_modules_order": "both",
    "matplotlib_animations": False,
    "download_all_examples": False,
    "capture_repr": (),
    "show_memory": False,
    "show_signature": False,
    "remove_config_comments": True,
    "min_reported_time": 0,
    "plot_gallery": True,
    "abort_on_example_error": True,
    "default_thumb_file": None,
}
