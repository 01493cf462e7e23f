"""The README's pictures, of a class that never was: `python -m tests.browser.pictures docs`, in minutes."""

import shutil
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from grader.course import open_course
from tests.browser.a_class import STUDENTS, attend
from tests.browser.conftest import CHROMIUM, QUIET
from tests.browser.course import Served, done, open_to_all, serving
from tests.browser.visitor import Visitor
from tests.server.test_serve import heldout

WIDTH = 1200
COLOURS = 128
RULES = """
[assignments.{slug}.rules]
daily = 5
deadline = {deadline:%FT%TZ}
"""


def make_course(folder: Path) -> int:
    """Returns the number of the submission to be shown."""
    open_to_all(folder)
    course = folder / "course"
    slugs = [word for slug in ("denoising", "gan") for word in ("--assignment", slug)]
    done(heldout("course", "init", course, "--title", "Deep Learning", "--items", 2000, *slugs))
    now = datetime.now(UTC)
    with (course / "course.toml").open("a") as config:
        for slug in ("denoising", "gan"):
            config.write(RULES.format(slug=slug, deadline=now + timedelta(days=5, hours=2)))
    roster = folder / "roster.csv"
    lines = [f"{name},{name.split()[0].lower()}@example.org,{team or name}" for name, team in STUDENTS]
    roster.write_text("\n".join(["name,email,team", *lines]))
    done(heldout("roster", "import", roster, "--course", course))
    return attend(open_course(course), now - timedelta(days=21), folder / "work")


def shoot(browser: Browser, served: Served, number: int, out: Path) -> None:
    reader = Visitor(browser, served, viewport={"width": WIDTH, "height": 900})
    reader.log_in("ada")
    keep(reader.open("assignments/denoising/board/"), out / "board.png", until="#pictures", height=1500)
    keep(reader.open(f"submissions/{number}/"), out / "submission.png", height=1250)
    keep(reader.open("assignments/gan/gallery/"), out / "gallery.png", height=1250)
    assert reader.complaints == []
    reader.close()


def keep(page: Page, path: Path, *, height: int, until: str = "") -> None:
    """The page from its top, as high as said, or until an element comes."""
    page.set_viewport_size({"width": WIDTH, "height": 6000})  # what is loaded when it is seen
    page.evaluate("Promise.all([...document.images].map((image) => image.decode()))")
    box = page.locator(until).bounding_box() if until else None
    height = min(height, int(box["y"]) if box else height)
    png = page.screenshot(clip={"x": 0, "y": 0, "width": WIDTH, "height": height}, animations="disabled")
    with Image.open(BytesIO(png)) as shot:
        few = shot.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        few.save(path, optimize=True)


def main(out: Path) -> None:
    folder = Path(tempfile.mkdtemp(prefix="heldout-pictures-"))
    try:
        number = make_course(folder)
        with serving(folder / "course", "--no-grade") as served, sync_playwright() as started:
            browser = started.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            shoot(browser, served, number, out)
            browser.close()
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
