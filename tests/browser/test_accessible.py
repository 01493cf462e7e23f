"""For everybody: axe finds nothing on any page, a phone scrolls none sideways, and the keyboard is enough."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.thorough

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
JUDGE = """async ([tags, rules]) => {
  const only = rules.length ? { type: "rule", values: rules } : { type: "tag", values: tags };
  const found = await axe.run(document, { runOnly: only, resultTypes: ["violations"] });
  return found.violations.flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.html}`));
}"""
ASSIGNMENT = ("", "board/", "train/", "gallery/", "methods/")
PUBLIC = [
    "",
    "account/",
    *(f"assignments/{slug}/{page}" for slug in ("denoising", "rnn") for page in ASSIGNMENT),
]
SCORED, FAILED, TRAIN_RUN, BASELINE, NOTEBOOK = 3, 5, 1, 7, 11
STUDENT = [*PUBLIC, "assignments/denoising/mine/", f"submissions/{SCORED}/", f"submissions/{FAILED}/"]
STAFF = [
    *PUBLIC,
    "staff/",
    "staff/submissions/",
    "staff/roster/",
    "staff/audit/",
    "assignments/rnn/board/private/",
    "assignments/rnn/solutions/",
    *(f"staff/denoising/{page}/" for page in ("regrades", "grades", "integrity")),
    *(f"submissions/{ref}/" for ref in (SCORED, FAILED, TRAIN_RUN, BASELINE, NOTEBOOK)),
    *(f"assignments/denoising/notebooks/{page}" for page in ("", "answer-averages/", "test_add_noise/")),
]
PAGES = {
    "": ["login/"],
    "dorothy": STUDENT,
    "florence": ["assignments/denoising/mine/", f"submissions/{NOTEBOOK}/"],
    "ines": STAFF,
    "omar": ["assignments/rnn/", *STAFF[len(PUBLIC) :]],
}


def judge(page: Page, *rules: str) -> list[str]:
    found: list[str] = page.evaluate(JUDGE, [TAGS, list(rules)])
    return found


def look(reader: Visitor, path: str, axe: str) -> list[str]:
    """Light and wide, dark, and as on a phone: what only colours could change is judged by colours alone."""
    page = reader.page
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    reader.open(path)
    page.evaluate(axe)
    found = judge(page)
    page.emulate_media(color_scheme="dark")
    found += judge(page, "color-contrast")
    page.set_viewport_size({"width": 390, "height": 844})
    found += judge(page)
    page.emulate_media(color_scheme="light")
    found += judge(page, "color-contrast")
    if (width := page.evaluate("document.documentElement.scrollWidth")) > 390:
        found.append(f"{width} pixels wide on a phone")
    return [f"/{path} {one}" for one in found]


@pytest.mark.parametrize("who", PAGES, ids=lambda who: who or "nobody")
def test_axe_finds_nothing_and_phones_scroll_nothing_sideways(visit: Visit, axe: str, who: str) -> None:
    reader = visit(who)
    assert [found for path in PAGES[who] for found in look(reader, path, axe)] == []


def test_pages_of_what_went_wrong_and_of_secrets(visit: Visit, axe: str) -> None:
    reader = visit("dorothy")
    for path, status in (("assignments/wine/", 404), ("staff/", 403)):
        page = reader.open(path, status)
        page.evaluate(axe)
        assert judge(page) == []
    reader.open("account/")
    reader.press("Make a one-time token")
    reader.page.evaluate(axe)
    assert judge(reader.page) == []


def focused(page: Page) -> dict[str, str]:
    """What has the focus, and how one sees it."""
    found: dict[str, str] = page.evaluate(
        """(() => {
          const here = document.activeElement, style = getComputedStyle(here);
          return { tag: here.tagName, type: here.type ?? "", text: here.textContent.trim(),
                   outline: style.outlineStyle + " " + style.outlineWidth };
        })()"""
    )
    return found


def tab_to(page: Page, **wanted: str) -> None:
    """By the key alone; all that is passed shows that it has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        found = focused(page)
        if found["tag"] != "BODY":
            assert found["outline"] == "solid 2px", found
        if wanted.items() <= found.items():
            return
    raise AssertionError(f"no way to {wanted}")


def test_a_keyboard_is_enough(visit: Visit) -> None:
    reader = visit()
    page = reader.open("login/")
    page.keyboard.type(reader.served.token("dorothy"))  # the field has the focus
    page.keyboard.press("Enter")
    expect(page.locator(".who")).to_contain_text("Dorothy")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    tab_to(page, tag="A", text="Denoise clothes")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Denoise clothes")
    tab_to(page, tag="A", text="My submissions")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Dorothy")
    for chosen in (True, False):  # in the end nothing is, as before: other tests meet the same class
        tab_to(page, type="checkbox")
        page.keyboard.press("Space")
        tab_to(page, text="Save the selection")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        expect(page.locator("input[type=checkbox]").first).to_be_checked(checked=chosen)
