"""What sphinx-gallery shows and runs: the scripts ``docs/gallery/plot_*.py``, each a few seconds long."""

import warnings
from pathlib import Path

import matplotlib

DOCS = Path(__file__).resolve().parent.parent


def fresh_start(gallery, script):
    """Let a script start with Matplotlib's own settings, and with warnings as errors."""
    matplotlib.rcdefaults()
    matplotlib.use("Agg")
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
    "reset_modules_order": "before",
    "matplotlib_animations": False,
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "remove_config_comments": True,
    "min_reported_time": 0,
    "plot_gallery": True,
    "abort_on_example_error": True,
    "default_thumb_file": None,
}
