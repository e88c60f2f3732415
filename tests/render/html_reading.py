"""Reads drawn HTML, and checks that it is well-formed and holds nothing that runs."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"br", "img", "input"}
KNOWN = {
    *("article", "h3", "p", "br", "dl", "div", "dt", "dd", "ul", "ol", "li", "span", "table"),
    *("thead", "tbody", "tr", "th", "td", "pre", "code", "button", "form", "fieldset", "legend"),
    *("label", "input", "select", "option", "textarea", "small", "time", "img", "a"),
}


class Page(HTMLParser):
    """Reads a fragment strictly: every element known, every one closed in its order."""

    def __init__(self, fragment: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.said: list[str] = []
        self.marked: list[str] = []
        self.feed(fragment)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element in."""
        assert tag in KNOWN
        self.marked += ["`"] * (tag == "code")
        assert not [name for name, _ in attrs if name.startswith("on") or name == "style"]
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close an element."""
        assert self.open.pop() == tag
        self.marked += ["`"] * (tag == "code")

    @property
    def written(self) -> str:
        """Return what is read, with code in backticks as its author wrote it."""
        return "".join(self.marked)

    def handle_data(self, data: str) -> None:
        """Keep what is read."""
        self.said.append(data)
        self.marked.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        """Return the attributes of every element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]
