"""Formulas as MathML, which browsers draw by themselves: pages need no network and no script for them."""

from docutils.nodes import SkipNode
from docutils.utils.math.latex2mathml import tex2mathml


def inline(translator, node):
    """Write a formula in a sentence."""
    translator.body.append(f'<span class="formula">{tex2mathml(node.astext())}</span>')
    raise SkipNode


def displayed(translator, node):
    """Write a formula on lines of its own, which the keyboard can scroll where a screen is narrow."""
    opening = '<div class="formula" tabindex="0" role="group" aria-label="Formula">'
    translator.body.append(f"{opening}{tex2mathml(node.astext(), as_block=True)}</div>")
    raise SkipNode


def setup(app):
    """Offer the renderer, for ``html_math_renderer``."""
    app.add_html_math_renderer("mathml", (inline, None), (displayed, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
