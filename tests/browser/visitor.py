"""Somebody with a browser: what goes wrong on a page, or against its policy, is remembered."""

from playwright.sync_api import Browser, ConsoleMessage, Page, Response, expect

from tests.browser.course import Served

PATIENCE = 180_000  # ms for what the server, or a grader, does on a busy machine
expect.set_options(timeout=PATIENCE)


class Visitor:
    """One browser's cookies. `complaints`: of all its pages; answers that a test expects are no complaint."""

    def __init__(self, browser: Browser, served: Served, **options: object) -> None:
        self.served = served
        self.complaints: list[str] = []
        self._context = browser.new_context(base_url=f"{served.address}/", **options)  # type: ignore[arg-type]
        self._context.set_default_timeout(PATIENCE)
        self._context.on("page", self._listen)
        self.page = self._context.new_page()

    def tab(self) -> Page:
        return self._context.new_page()

    def log_in(self, username: str) -> None:
        """By a one-time link, as a mail would carry it."""
        self.page.goto(f"login/?token={self.served.token(username)}")
        self.page.get_by_role("button", name="Log in with this token").click()
        expect(self.page.locator(".who")).to_contain_text(username.capitalize())

    def open(self, path: str, status: int = 200) -> Page:
        """A page of the course, in the first tab."""
        self._check(self.page.goto(path), status)
        return self.page

    def press(self, name: str, status: int = 200) -> None:
        """The button of a form, and what answers in the end."""
        with self.page.expect_navigation() as going:
            self.page.get_by_role("button", name=name, exact=True).click()
        self._check(going.value, status)

    def texts(self) -> list[str]:
        """What each of the pages says at this moment."""
        return [f"{page.url}\n{page.locator('body').inner_text()}" for page in self._context.pages]

    def close(self) -> None:
        self._context.close()

    def _check(self, answer: Response | None, status: int) -> None:
        """The browser's own word about a page that was to be refused is no complaint."""
        self.page.wait_for_load_state()
        assert answer is not None
        assert answer.status == status, f"{answer.url}: {answer.status}, {self.page.inner_text('main')}"
        told = f"the server responded with a status of {status}"
        self.complaints[:] = [one for one in self.complaints if told not in one]

    def _listen(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("console", self._heard)

    def _heard(self, said: ConsoleMessage) -> None:
        if said.type in ("error", "warning"):
            self.complaints.append(f"{said.location.get('url')}: {said.text}")
