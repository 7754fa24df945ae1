"""Pictures of a posterior (clusters as images, completed images, traces of the chains) and of extractors.

Of an extractor they show what it makes of images, what its hidden units stand for, how its training went,
and what a classifier takes for what.

Every function takes an optional `ax`, draws on it (or on a new figure of a fitting size) and returns
it.  None shows, saves or prints, and no setting of Matplotlib outside the given axes is changed.
Colours follow the style in use, such as ``plt.style.use("dark_background")``, and the page behind given axes;
`house_style` gives the user's own axes the same look, and keeps text as text in SVG and PDF files that are saved
within it.
"""

from dpmix.plot.chain_trace import trace
from dpmix.plot.cluster_images import clusters
from dpmix.plot.completed_images import completions
from dpmix.plot.confusion_matrix import confusion
from dpmix.plot.contingency_table import contingency
from dpmix.plot.embedded_points import embedding
from dpmix.plot.hidden_units import unit_effects, weights
from dpmix.plot.hyperparameter_map import hyperparameters
from dpmix.plot.image_grid import bias_images, fantasies, image_grid
from dpmix.plot.image_rows import image_rows, reconstructions
from dpmix.plot.member_images import gallery
from dpmix.plot.panel_settings import house_style
from dpmix.plot.profile_map import profiles
from dpmix.plot.similarity_matrix import similarity
from dpmix.plot.training_curves import training_curves

__all__ = [
    "bias_images",
    "clusters",
    "completions",
    "confusion",
    "contingency",
    "embedding",
    "fantasies",
    "gallery",
    "house_style",
    "hyperparameters",
    "image_grid",
    "image_rows",
    "profiles",
    "reconstructions",
    "similarity",
    "trace",
    "training_curves",
    "unit_effects",
    "weights",
]
