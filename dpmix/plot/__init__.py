"""Pictures of a posterior: clusters as images, completed images, traces of the chains.

Every function takes an optional `ax`, draws on it (or on a new figure of a fitting size) and returns
it.  None shows, saves or prints, and no setting of Matplotlib outside the given axes is changed.
"""

from dpmix.plot.chain_trace import trace
from dpmix.plot.cluster_images import clusters
from dpmix.plot.completed_images import completions
from dpmix.plot.contingency_table import contingency
from dpmix.plot.hyperparameter_map import hyperparameters
from dpmix.plot.member_images import gallery
from dpmix.plot.similarity_matrix import similarity

__all__ = ["clusters", "completions", "contingency", "gallery", "hyperparameters", "similarity", "trace"]
