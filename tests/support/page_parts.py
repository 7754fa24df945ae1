"""What stands in an HTML page: elements in order, read by the standard library."""

from html.parser import HTMLParser

__all__ = ["PageParts"]

_EMPTY = {"meta", "link", "img", "br", "input", "rect"}


class PageParts(HTMLParser):
    """The elements of `text`, each a tag and a dictionary of attributes; `unclosed` has what is not closed."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self.unclosed = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in _EMPTY:
            self.unclosed.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.unclosed.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def all(self, *tags):
        return [attributes for tag, attributes in self.elements if tag in tags]

    def headings(self):
        return [
            int(tag[1]) for tag, _ in self.elements if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit()
        ]
