"""A page to play with: draw an image, hide parts of it, and see it completed while you draw.

`page` writes it as a file of its own, `fragment` gives it as a part of any other HTML. Both hold all they need, and
work without a server or a network: the counts of the clusters of a few draws, and modules of JavaScript that compute
what `dpmix.predict_proba` and `dpmix.log_predictive` compute.
"""

from dpmix.playground.section import fragment, page

__all__ = ["fragment", "page"]
