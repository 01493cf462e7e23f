"""What goes over HTTP, told once for server and client: the ledger's own records, as JSON.

An error is told by its four parts; the server's `where` stays at home when the fault is ours.
"""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    TypeAdapter,
    WithJsonSchema,
)
from typing_extensions import TypedDict

from desk.desk import Listed, Shown, Standings
from grader.errors import HeldoutError
from grader.outline import Outline, RunKind
from leaderboard.membership import Grant, Person
from leaderboard.records import Event, Quota, Receipt, Row, State, Submission, Team

PREFIX = "/api/v1"
CHUNK = 8 << 20  # bytes of one request: what of it arrives before a connection breaks is kept
OFFSET = "Upload-Offset"  # the header of tus and of the IETF's draft of resumable uploads


def _of_our_time(moment: datetime) -> datetime:
    """Others can't be reckoned with."""
    if not 1970 < moment.year < 2200:
        raise ValueError("a year from 1971 to 2199 is expected")
    return moment


Instant = Annotated[AwareDatetime, AfterValidator(_of_our_time)]


class Strict(BaseModel):
    """A request's body: a misspelt field is an error, not a default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LogIn(Strict):
    token: Annotated[str, Field(min_length=1, max_length=200)]  # the one-time token of an invitation


class NewUpload(Strict):
    """What is going to be sent, so that it can be refused before it is."""

    slug: Annotated[str, Field(max_length=100)]
    run_kind: RunKind = RunKind.EVALUATE
    size: Annotated[int, Field(gt=0)]  # bytes
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    file_name: Annotated[str, Field(min_length=1, max_length=255)]
    description: Annotated[str, Field(max_length=1000)] = ""
    team: Annotated[str, Field(max_length=100)] | None = None  # for staff


class Selection(Strict):
    refs: Annotated[list[Annotated[int, Field(gt=0, lt=1 << 63)]], Field(min_length=1, max_length=100)]


class Withdrawal(Strict):
    undo: bool = False


class NewWriteUp(Strict):
    text: Annotated[str, Field(max_length=20_000)]


class NewExtension(Strict):
    until: Instant | None  # None takes it back


class NewDisqualification(Strict):
    reason: Annotated[str, Field(min_length=1, max_length=1000)]


class Reveal(Strict):
    revealed: bool


class Merge(Strict):
    into: Annotated[str, Field(max_length=100)]
    other: Annotated[str, Field(max_length=100)]


class Part(Strict):
    other: Annotated[str, Field(max_length=100)]


@dataclass(frozen=True)
class LoggedIn:
    """Who has logged in, and the secret that lets them in from now on."""

    person: Person
    token: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True)
class Me:
    """Whose token it is."""

    person: Person
    now: datetime  # the server's clock, which deadlines go by


@dataclass(frozen=True)
class Upload:
    """`offset`: how many bytes have arrived. `receipt`: once they all have, and are durable."""

    id: str
    size: int
    offset: int
    receipt: Receipt | None = None


@dataclass(frozen=True)
class Before:
    """The deadline of one's own that there was before."""

    until: datetime | None


@dataclass(frozen=True)
class Withdrawn:
    state: State


@dataclass(frozen=True)
class Submissions:
    outline: Outline
    submissions: list[Submission]


@dataclass(frozen=True)
class Problem:
    """An error's four parts."""

    what: str
    where: str = ""
    expected: str = ""
    next_step: str = ""


@dataclass(frozen=True)
class Failed:
    """The body of every answer that is not a success."""

    error: Problem


def _row_schema() -> dict[str, Any]:
    """Of a row as an object, with nothing defined elsewhere."""
    fields: Any = TypedDict("Row", Row.__annotations__)  # type: ignore[misc]
    schema = TypeAdapter(fields).json_schema()
    schema["properties"]["kind"] = schema.pop("$defs")["TeamKind"]
    return schema


Line = Annotated[Row, PlainSerializer(lambda row: row._asdict()), WithJsonSchema(_row_schema())]


@dataclass(frozen=True)
class Board:
    """`Standings`, with rows as objects."""

    outline: Outline
    rows: list[Line]
    revealed: bool
    frozen_at: datetime | None = None


@dataclass(frozen=True)
class Card:
    """`Listed`, likewise."""

    outline: Outline
    best: Line | None = None
    trained: Line | None = None


LOGGED_IN = TypeAdapter(LoggedIn)
ME = TypeAdapter(Me)
GRANT = TypeAdapter(Grant)
OUTLINE = TypeAdapter(Outline)
CARDS = TypeAdapter(list[Card])
BOARD = TypeAdapter(Board)
SHOWN = TypeAdapter(Shown)
SUBMISSIONS = TypeAdapter(Submissions)
QUOTA = TypeAdapter(Quota)
UPLOAD = TypeAdapter(Upload)
WITHDRAWN = TypeAdapter(Withdrawn)
BEFORE = TypeAdapter(Before)
NAMES = TypeAdapter(list[str])
TEAMS = TypeAdapter(list[Team])
EVENTS = TypeAdapter(list[Event])
FAILED = TypeAdapter(Failed)


def board(found: Standings) -> Board:
    return Board(found.outline, list(found.rows), found.revealed, found.frozen_at)


def cards(found: list[Listed]) -> list[Card]:
    return [Card(one.outline, one.best, one.trained) for one in found]


def problem(error: HeldoutError, *, ours: bool = False) -> dict[str, Any]:
    """The body for an error. `ours`: without the place, which is one on the server."""
    where = "" if ours else error.where
    return asdict(Failed(Problem(error.what, where, error.expected, error.next_step)))
