"""Look at every link and picture of a built site: ``python docs/_ext/check_links.py docs/_build``.

Sphinx knows what pages say of each other; this looks at what was written, formulas, menus and galleries included. Links
to other sites are not followed. Exit status 1, and a line for each, where something leads nowhere.
"""

import html
import os
import re
import sys
from pathlib import Path

_NO_PAGES = ("_static/", "_modules/")  # templates of the theme, and listings of source
_LINK = re.compile(r'<(?:a|link|img|script|source)\b[^>]*?\b(?:href|src)="([^"]+)"')
_ELSEWHERE = re.compile(r"[a-z][a-z+.-]*:|//|#$", re.IGNORECASE)


def broken(root):
    """Pairs of page and link of the site in the folder `root` where there is no such file, or no such place in it."""
    pages = {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in root.rglob("*.html")
    }
    places = {name: set(re.findall(r'\b(?:id|name)="([^"]+)"', text)) for name, text in pages.items()}
    for name in (name for name in pages if not name.startswith(_NO_PAGES)):
        for link in sorted(set(map(html.unescape, _LINK.findall(pages[name])))):
            if not _ELSEWHERE.match(link) and not _leads_somewhere(link, name, root, places):
                yield name, link


def _leads_somewhere(link, page, root, places):
    address, _, place = link.partition("#")
    path = address.partition("?")[0]
    target = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
    return (root / target).exists() and (not place or target not in places or place in places[target])


if __name__ == "__main__":
    found = list(broken(Path(sys.argv[1])))
    for name, link in found:
        print(f"{name}: {link}")
    sys.exit(bool(found))
