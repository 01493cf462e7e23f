"""What stands on a board compared with itself, for staff to look at."""

from grader.outline import RunKind
from leaderboard.integrity.look import look
from leaderboard.web import collect
from leaderboard.web.frame import Frame
from leaderboard.web.integrity import integrity_page
from server.office import Office


def report(office: Office, frame: Frame, slug: str, run_kind: RunKind) -> str:
    """The page of `heldout integrity`."""
    store, assignment, course = office.store, office.desk.assignment(slug), office.current()
    data = course.data(slug, store.regrades.data_version(slug))
    findings, given = look(store, assignment, run_kind, shelf=course.archives, data=data)
    menu = collect.menu(store, assignment, staff=True)
    return integrity_page(frame, menu, findings, run_kind=run_kind, handed_out=given)
