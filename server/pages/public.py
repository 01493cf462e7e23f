"""What everybody of the course may read: assignments, boards, galleries, write-ups."""

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, Response

from desk.questions import offer
from grader.errors import Forbidden, NotFound
from grader.outline import BOARDED, RunKind
from grader.spec import Assignment
from leaderboard.boards import Board
from leaderboard.records import Submission
from leaderboard.topics import of_board
from leaderboard.web import collect, site
from leaderboard.web.files import TYPES, shared_files
from leaderboard.web.frame import Frame, Place
from leaderboard.web.methods import methods_page
from leaderboard.web.pictures import find_picture
from server.office import Office, TheOffice
from server.pages.events import changes_of
from server.pages.frames import Reader, TheReader, frame
from server.viewer import check_private

router = APIRouter()
FOREVER = "public, max-age=31536000, immutable"  # a changed file has another address
A_WHILE = "private, max-age=300"
SVG = "image/svg+xml"
BOARDS = {
    "board": (RunKind.EVALUATE, False),
    "train": (RunKind.TRAIN, False),
    "board/private": (RunKind.EVALUATE, True),
    "train/private": (RunKind.TRAIN, True),
}


@router.get("/static/{name}")
def static(name: str) -> Response:
    files = shared_files()
    if (path := f"static/{name}") not in files:
        raise NotFound("there is nothing here", where=path[:100])
    kind = TYPES["." + name.rpartition(".")[2]]
    return Response(files[path], media_type=kind, headers={"Cache-Control": FOREVER})


@router.get("/")
def home(request: Request, office: TheOffice, reader: TheReader) -> HTMLResponse:
    cards = [_card(office, one, reader) for one in office.desk.every_assignment()]
    return HTMLResponse(site.home_page(frame(request, office, reader), cards))


@router.get("/assignments/{slug}/")
def assignment(slug: str, request: Request, office: TheOffice, reader: TheReader) -> HTMLResponse:
    found = office.desk.assignment(slug)
    statement = (found.folder / "README.md").read_text(encoding="utf-8")
    shown = frame(request, office, reader)
    return HTMLResponse(site.assignment_page(shown, _card(office, found, reader), statement))


def _card(office: Office, found: Assignment, reader: Reader) -> site.Card:
    person, offered = reader.person, offer(office.current(), found)
    return collect.card(office.store, found, team=person.team, staff=person.role.staff, notebook=offered)


@router.get("/assignments/{slug}/gallery/")
async def gallery(slug: str, request: Request, office: TheOffice, reader: TheReader) -> HTMLResponse:
    found = await run_in_threadpool(office.desk.assignment, slug)

    def draw(frame: Frame) -> str:
        menu = collect.menu(office.store, found, staff=frame.staff)
        return site.gallery_page(frame, menu, collect.gallery(office.store, found))

    shown = frame(request, office, reader)
    page = await office.kept.page(("gallery", slug), shown, lambda: _stamp(office, found, *BOARDED), draw)
    return HTMLResponse(page)


@router.get("/assignments/{slug}/methods/")
async def methods(slug: str, request: Request, office: TheOffice, reader: TheReader) -> HTMLResponse:
    found = await run_in_threadpool(office.desk.assignment, slug)

    def draw(frame: Frame) -> str:
        menu = collect.menu(office.store, found, staff=frame.staff)
        return methods_page(frame, menu, collect.methods(office.store, found), collect.lessons(found))

    shown = frame(request, office, reader)
    page = await office.kept.page(("methods", slug), shown, lambda: _stamp(office, found, *BOARDED), draw)
    return HTMLResponse(page)


@router.get("/assignments/{slug}/solutions/")
def solutions(slug: str, request: Request, office: TheOffice, reader: TheReader) -> HTMLResponse:
    """Once nobody may hand in any more; staff read them before."""
    found = office.desk.assignment(slug)
    if not (reader.person.role.staff or office.store.write_ups.open_to_class(found)):
        raise Forbidden(
            "write-ups are not open yet",
            expected="that nobody may hand in any more, or the private board revealed",
            next_step="come back after the deadline",
        )
    menu = collect.menu(office.store, found, staff=reader.person.role.staff)
    told = collect.solutions(office.store, found)
    return HTMLResponse(site.solutions_page(frame(request, office, reader), menu, told))


@router.get("/pictures/{name}")
async def picture(name: str, office: TheOffice, reader: TheReader) -> Response:
    """Of an entry of one's own, or that stands on a board that one may see."""
    submission = await run_in_threadpool(_submission_of, office, name)
    own = reader.person.role.staff or (submission.team == reader.person.team and not submission.withheld)
    if not own and submission.ref not in await _on_boards(office, submission.assignment):
        raise _no_picture(name)
    png = find_picture(await run_in_threadpool(office.store.pictures, submission.ref), name)
    if png is None:
        raise _no_picture(name)
    return Response(png, media_type="image/png", headers={"Cache-Control": A_WHILE})


def _submission_of(office: Office, name: str) -> Submission:
    number = name.partition("-")[0]
    if not (number.isascii() and number.isdecimal() and len(number) < 19):
        raise _no_picture(name)
    return office.store.submission(int(number))


async def _on_boards(office: Office, slug: str) -> frozenset[int]:
    """A board's page has dozens of pictures: not for each of them all boards are ranked anew."""
    found = await run_in_threadpool(office.desk.assignment, slug)
    return await office.kept.thing(
        ("on boards", slug),
        lambda: _stamp(office, found, *BOARDED),
        lambda: collect.on_boards(office.store, found),
    )


def _no_picture(name: str) -> NotFound:
    return NotFound("there is no such picture", where=name[:100])


# The boards come last: their place may have a slash.
@router.get("/assignments/{slug}/{where:path}/events")
def events(slug: str, where: str, request: Request, office: TheOffice, reader: TheReader) -> Response:
    place = _place(office, slug, where, reader)
    return changes_of(office, of_board(place.slug, place.run_kind), reader)


@router.get("/assignments/{slug}/{where:path}/history.svg")
def history(slug: str, where: str, office: TheOffice, reader: TheReader) -> Response:
    return _chart(office, slug, where, reader, "history.svg")


@router.get("/assignments/{slug}/{where:path}/distribution.svg")
def distribution(slug: str, where: str, office: TheOffice, reader: TheReader) -> Response:
    return _chart(office, slug, where, reader, "distribution.svg")


@router.get("/assignments/{slug}/{where:path}/")
async def board(
    slug: str, where: str, request: Request, office: TheOffice, reader: TheReader
) -> HTMLResponse:
    place = await run_in_threadpool(_place, office, slug, where, reader)
    found = await run_in_threadpool(office.desk.assignment, slug)

    def draw(frame: Frame) -> str:
        menu = collect.menu(office.store, found, staff=frame.staff)
        board = collect.board(office.store, found, place, most=site.LAID_OUT)
        return site.board_page(frame, menu, board)

    shown = frame(request, office, reader, events=f"{place.folder}events")
    page = await office.kept.page(place, shown, lambda: _stamp(office, found, place.run_kind), draw)
    return HTMLResponse(page)


def _stamp(office: Office, found: Assignment, *kinds: RunKind) -> object:
    minute = int(office.store.now().timestamp() // 60)  # what is said of "ago" is a minute old at most
    return minute, [office.store.stamp(Board(found, kind)) for kind in kinds]


def _chart(office: Office, slug: str, where: str, reader: Reader, name: str) -> Response:
    place = _place(office, slug, where, reader)
    found = collect.board(office.store, office.desk.assignment(slug), place)
    return drawing({chart.file: chart.svg for chart in (found.history, found.distribution)}[name])


def drawing(svg: str) -> Response:
    """With a style of its own inside, which a page's policy would forbid."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    return Response(svg, media_type=SVG, headers={"Content-Security-Policy": policy})


def _place(office: Office, slug: str, where: str, reader: Reader) -> Place:
    """Raises NotFound, Forbidden."""
    found = office.desk.assignment(slug)
    if where not in BOARDS:
        raise NotFound("there is nothing here", where=where[:100], next_step="start from the first page")
    run_kind, private = BOARDS[where]
    if private:
        check_private(office, reader.person, revealed=office.store.is_revealed(Board(found, run_kind)))
    return Place(slug, run_kind, private=private)
