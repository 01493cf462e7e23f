"""What stands on a board compared with itself, for staff to look at."""

from grader import archive
from grader.outline import RunKind
from leaderboard.integrity.evidence import gather, handed_out
from leaderboard.integrity.examine import examine
from leaderboard.reading import board
from leaderboard.web import collect
from leaderboard.web.frame import Frame
from leaderboard.web.integrity import integrity_page
from server.office import Office


def report(office: Office, frame: Frame, slug: str, run_kind: RunKind) -> str:
    """The page of `heldout integrity`."""
    store, assignment, course = office.store, office.desk.assignment(slug), office.current()
    rows = [
        row
        for private in (False, True)
        for row in board(store, assignment, run_kind=run_kind, private=private, live=True)
    ]
    refs = sorted({row.ref for row in rows})
    evidence = gather(store, assignment, refs, lambda sha256: archive.fetch(course.archives, sha256))
    given = handed_out(assignment, course.data(slug, store.regrades.data_version(slug)) / "public.npz")
    findings = examine(evidence, assignment, handed_out=given, repeatable=assignment.repeatable)
    menu = collect.menu(store, assignment, staff=True)
    return integrity_page(frame, menu, findings, run_kind=run_kind, handed_out=given)
