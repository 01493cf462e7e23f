"""Pages read back: what is in them, where they lead, and whether anything could run."""

from html.parser import HTMLParser
from pathlib import Path

Attributes = dict[str, str | None]


class Markup(HTMLParser):
    """Tags that are opened and closed in their order, with their attributes, and whatever could run."""

    VOID = frozenset({"meta", "link", "img", "br", "hr", "line", "rect", "circle", "path", "input", "mspace"})

    APART = frozenset({"dd", "dt", "li", "p", "td", "th"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.open: list[str] = []
        self.tags: list[str] = []
        self.elements: list[tuple[str, Attributes]] = []
        self.links: list[str] = []
        self.active: list[str] = []
        self.text = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        self.text += " " * (tag in self.APART)
        self.elements.append((tag, found))
        self.active += [name for name in found if name.startswith("on") or name == "style"]
        self.links += [found[name] or "" for name in ("href", "src") if name in found]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def every(self, tag: str) -> list[Attributes]:
        """The attributes of each element of that name."""
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def images(self) -> list[Attributes]:
        return self.every("img")


class Page(Markup):
    """A file of a site."""

    def __init__(self, path: Path) -> None:
        super().__init__(path.read_text(encoding="utf-8"))


def dead_links(path: Path) -> list[str]:
    links = [link.partition("#")[0] for link in Page(path).links]
    return [link for link in links if link and not (path.parent / link).is_file()]


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
