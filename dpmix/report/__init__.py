"""One HTML file about a run, or about a trained model, to send to somebody: whole in itself, without a network.

`write` is about a posterior: what was run, whether its chains agree, its clusters with their members, who belongs
together, what it makes of new images. `write_model` is about an extractor or a classifier, and shorter. Both put their
file in place as a whole or not at all.
"""

from dpmix.report.model_report import write_model
from dpmix.report.posterior_report import write

__all__ = ["write", "write_model"]
