"""How Sphinx builds the documentation: ``sphinx-build -W -n docs docs/_build``."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext")]
os.environ.setdefault("MPLBACKEND", "Agg")

from gallery_settings import GALLERY  # noqa: E402
from name_pages import FOLDER, pages  # noqa: E402

from dpmix.base.version import __version__  # noqa: E402

project = "dpmix"
author = "the dpmix developers"
copyright = "2026, the dpmix developers"
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "mathml",
    "sphinx.ext.viewcode",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "what_is_shown",
    "name_pages",
    "command_pages",
    "example_pages",
    "nothing_missing",
]
exclude_patterns = ["_build", "gallery", "Thumbs.db"]
templates_path = ["_templates"]
html_static_path = ["_static"]
suppress_warnings = ["config.cache"]  # settings of the gallery hold functions, which are not kept

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "amsmath"]
myst_heading_anchors = 4

# Names in single backticks are links where there is something of that name, and plain elsewhere.
default_role = "autolink"
html_math_renderer = "mathml"
smartquotes = False  # quotation marks are code more often than speech
autosummary_generate = [f"{FOLDER}/{name}.rst" for name in pages()]
autosummary_imported_members = False
autodoc_typehints = "none"  # docstrings tell shapes and dtypes, which types do not
autodoc_member_order = "bysource"
numpydoc_show_class_members = False  # the template of a class lists them
numpydoc_xref_param_type = False

sphinx_gallery_conf = GALLERY
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "pydata_sphinx_theme"
html_title = f"dpmix {version}"
html_css_files = ["dpmix.css"]
html_js_files = ["names.js"]
html_context = {"default_mode": "auto"}  # light or dark, as the system says
html_show_sourcelink = False
html_theme_options = {
    "navbar_align": "left",
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "header_links_before_dropdown": 7,
}
html_sidebars = {"index": [], "changelog": [], "comparison": [], "what_it_is_not": []}
