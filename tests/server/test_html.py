"""Every page with HTML in every text: a parser finds none of it as HTML."""

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from sqlalchemy import select

from leaderboard.names import clean_name, name_key
from leaderboard.store import Store
from leaderboard.tables import StaffRow, StudentRow, TeamRow
from tests.server.test_canary import addresses
from tests.server.world import SLUG, TEAMS, Made, Mark, World, fill, served

pytestmark = pytest.mark.thorough

HOSTILE = "\"><img class=hostile src=x onerror=alert(1)><hostile>'`${{7*7}}</title></textarea><hostile>{0}"
NAME = "<hostile>\"&'{0}"
WRITE_UP = """# <hostile>Title</hostile>

<script>alert(1)</script><img class=hostile src=x onerror=alert(1)>

[a](javascript:alert(1)) [b](JaVaScRiPt:alert(1)) [c](data:text/html,<hostile>) [d](//evil.example/hostile)
![e](https://evil.example/hostile.png) ![f](javascript:alert(1)) <javascript:alert(1)>
[g]: javascript:alert(1)
[g] [h](vbscript:x) [i](  javascript:x) [j](java\tscript:x) [k](&#106;avascript:x) [l](https://x/"onmouseover=alert(1))

```<hostile>
</code></pre><hostile>
```

$\\href{javascript:alert(1)}{x} \\text{<hostile>} \\style{color:red}{x}$

| <hostile> | b |
|---|---|
| </td><hostile> | `<hostile>` |
"""


class Hostile(HTMLParser):
    """What of a page could be ours no more."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        bad = (
            tag in ("hostile", "iframe", "object", "embed", "base", "style")
            or "hostile" in values.get("class", "").split()
        )
        bad = bad or any(name.startswith("on") or name == "style" for name in values)
        for name in ("href", "src", "action", "xlink:href", "formaction"):
            link = "".join(values.get(name, "").split()).lower()
            bad = bad or link.startswith(("javascript:", "data:", "vbscript:"))
        bad = bad or (
            tag in ("img", "script", "link") and "evil" in values.get("src", values.get("href", ""))
        )
        if bad:
            self.found.append(f"<{tag} {values}>")

    def handle_decl(self, decl: str) -> None:
        if decl.lower() != "doctype html":
            self.found.append(decl)


@pytest.fixture(scope="module")
def hostile(empty: Made, memory: Path) -> Iterator[World]:
    made = fill(empty, Mark(HOSTILE), memory / "hostile")
    with served(made, memory / "hostile-served") as world:
        world.store.write_ups.write(world.refs["bob scored"], WRITE_UP, team=TEAMS["bob"])
        world.store.decisions.reveal(world.assignment)
        rename(world.store)
        yield world


def rename(store: Store) -> None:
    """What the door takes: angle brackets are no control characters."""
    with store._database.writing() as session:
        for team, student in ((1, "ada"), (2, "bob")):
            row = session.get_one(TeamRow, team)
            row.name, row.name_key = NAME.format(student), name_key(NAME.format(student))
        for member in [*session.scalars(select(StudentRow)), *session.scalars(select(StaffRow))]:
            member.name = clean_name(NAME.format(member.username))


@pytest.mark.parametrize("who", ["nobody", "ada", "bob", "olive", "grace"])
def test_no_text_becomes_html(hostile: World, who: str) -> None:
    seen = 0
    for path in addresses(hostile):
        answer = hostile.ask(who, "GET", path)
        kind = answer.headers.get("Content-Type", "")
        if "html" in kind or "svg" in kind:
            parser = Hostile()
            parser.feed(answer.text)
            if "svg" in kind:
                parser.found = [tag for tag in parser.found if not tag.startswith("<style")]
            assert parser.found == [], path
            seen += "hostile" in answer.text
        elif "json" in kind:
            json.loads(answer.text)
        assert answer.status_code < 500, path
    assert seen > (8 if who != "nobody" else -1), "the texts are there"


@pytest.mark.parametrize("text", ["<hostile>", '"><hostile>', "%3Chostile%3E", "&lt;hostile&gt;", "{{7*7}}"])
def test_nothing_that_was_asked_for_becomes_html(filled: World, text: str) -> None:
    for path in (f"/{text}", f"/assignments/{text}/", f"/assignments/{SLUG}/{text}/", f"/login/?token={text}",
                 f"/login/?next={text}", f"/pictures/{text}", f"/staff/submissions/?slug={text}",
                 f"/staff/{SLUG}/grades/?run_kind={text}", f"/submissions/{text}/"):  # fmt: skip
        parser = Hostile()
        answer = filled.ask("grace", "GET", path)
        parser.feed(answer.text)
        assert parser.found == [], path
        assert "49" not in answer.text.partition("{{")[0] or text != "{{7*7}}"
    for form in ({"token": text}, {"csrf": text}, {"refs": text}):
        for path in ("/login/", f"/assignments/{SLUG}/mine/select"):
            parser = Hostile()
            parser.feed(filled.ask("ada", "POST", path, data=form).text)
            assert parser.found == []
