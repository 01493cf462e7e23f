"""Who asks, and what is theirs to see. Everything that is not allowed here is refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Depends, Path
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from desk.desk import StaffDesk
from grader.errors import Denied, Forbidden, HeldoutError
from leaderboard.membership import Person, Role
from leaderboard.names import name_key
from leaderboard.records import Submission
from leaderboard.views import no_submission
from server.office import Office, TheOffice

bearer = HTTPBearer(auto_error=False, description="The token of `heldout login`.")
Secret = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


def secret_of(given: Secret) -> str:
    if given is None:
        raise Denied(
            "nobody is logged in",
            expected="a token in the header Authorization: Bearer TOKEN",
            next_step="heldout login URL",
        )
    return given.credentials


TheSecret = Annotated[str, Depends(secret_of)]


def person_of(secret: TheSecret, office: TheOffice) -> Person:
    return office.store.access.who(secret, kind="client")


Viewer = Annotated[Person, Depends(person_of)]
Ref = Annotated[int, Path(gt=0, lt=1 << 63)]  # what a database takes for a number


def check_staff(person: Person) -> Person:
    """Raise Forbidden unless they may see what others do."""
    if not person.role.staff:
        raise Forbidden("this is for the course's staff", expected="an instructor or an observer")
    return person


def check_instructor(person: Person) -> Person:
    """Raise Forbidden unless they may decide."""
    if person.role is not Role.INSTRUCTOR:
        raise Forbidden("this is for instructors to decide", expected="an instructor")
    return person


def _staff(viewer: Viewer) -> Person:
    return check_staff(viewer)


def _instructor(viewer: Viewer) -> Person:
    return check_instructor(viewer)


StaffViewer = Annotated[Person, Depends(_staff)]
Instructor = Annotated[Person, Depends(_instructor)]


def team_of(person: Person, asked: str | None = None) -> str:
    """The team that is meant: a student's own, whichever staff name. Raises HeldoutError, Forbidden."""
    if person.team is None:
        if asked is None:
            raise HeldoutError("whose submissions?", expected="a team's name", next_step="add --team NAME")
        return asked
    if asked is not None and name_key(asked) != name_key(person.team):
        raise Forbidden(f"you are of the team {person.team!r}", expected="no team, or your own")
    return person.team


def own_or_none(person: Person, asked: str | None = None) -> str | None:
    """The same; None for staff who name none."""
    return asked if person.team is None else team_of(person, asked)


def visible(office: Office, person: Person, ref: int) -> Submission:
    """A submission that they may see. To others it is not there: numbers tell nothing. Raises NotFound."""
    found = office.store.submission(ref)
    if not person.role.staff and found.team != person.team:
        raise no_submission(ref)
    return found


def their_own(office: Office, person: Person, ref: int) -> Submission:
    """One that they may act on: their own team's, an instructor anybody's. Raises NotFound, Forbidden."""
    found = visible(office, person, ref)
    if person.role is Role.OBSERVER:
        raise Forbidden("observers look on", expected="an instructor, or a student of the team")
    return found


@contextmanager
def acting(office: Office, person: Person) -> Iterator[StaffDesk]:
    """The desk, with the person's name in the audit log."""
    with office.store.acting(person.username):
        yield office.desk


def check_private(office: Office, person: Person, *, revealed: bool) -> None:
    """Raise Forbidden where the private board is not theirs to see yet."""
    if not (revealed or person.role.staff):
        raise Forbidden(
            "the private board is not revealed yet",
            expected="the public board until then",
            next_step="leave --private out",
        )
