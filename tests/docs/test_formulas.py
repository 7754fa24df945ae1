"""Formulas of the documentation can be reached and scrolled with the keyboard."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

FORMULAS = Path(__file__).resolve().parents[2] / "docs" / "_ext" / "mathml.py"


def test_displayed_formula_takes_the_focus():
    nodes = pytest.importorskip("docutils.nodes")
    translator = SimpleNamespace(body=[])
    with pytest.raises(nodes.SkipNode):
        runpy.run_path(str(FORMULAS))["displayed"](translator, nodes.math_block("", "x = 1"))
    [text] = translator.body
    assert text.startswith('<div class="formula" tabindex="0" role="group" aria-label=') and "<math" in text
