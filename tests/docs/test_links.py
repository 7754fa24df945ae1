"""The check of a built site's links sees those that lead nowhere, and no others."""

import runpy
from pathlib import Path

CHECK = Path(__file__).resolve().parents[2] / "docs" / "_ext" / "check_links.py"


def test_broken_links_are_found(tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "index.html").write_text(
        '<h1 id="top">x</h1><a href="more/a.html?v=1#b">ok</a><a class="c" href="#top">ok</a>'
        '<a href="https://example.org/nothing">elsewhere</a><a href="more/a.html#c">no such place</a>'
    )
    (tmp_path / "more" / "a.html").write_text(
        '<p id="b"></p><a href="../index.html">ok</a><img alt="" src="no.png">'
    )
    found = runpy.run_path(str(CHECK))["broken"](tmp_path)
    assert sorted(found) == [("index.html", "more/a.html#c"), ("more/a.html", "no.png")]
