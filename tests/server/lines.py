"""Who may ask for what: a line for every route."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from desk.wire import PREFIX
from tests.server.world import ANSWER, PEOPLE, SLUG

EVERYBODY, COURSE, STUDENTS = " ".join(PEOPLE), "ada bob olive grace", "ada bob"
ADAS, ADAS_TO_DECIDE, STAFF, INSTRUCTORS = "ada olive grace", "ada grace", "olive grace", "grace"
API = PREFIX
ABOUT = f"{API}/assignments/{{slug}}"
ASKED = {"cell": ANSWER}
OBSERVER = {"olive": 403}  # who sees it, and decides nothing
NEW = {"slug": SLUG, "size": 3, "sha256": "a" * 64, "file_name": "a.zip"}


@dataclass(frozen=True)
class Line:
    """`done`: the status for those who `may`. `barred`: for others who are logged in; `but`: for these.

    `form`: beside the proof that a form needs.
    """

    request: str
    may: str
    done: int = 200
    barred: int = 403
    parts: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
    form: Mapping[str, Any] = field(default_factory=dict)
    but: Mapping[str, int] = field(default_factory=dict)


def said(**body: Any) -> Mapping[str, Any]:
    return {"json": body}


LINES = [
    Line("GET /healthz", EVERYBODY),
    Line("GET /metrics", EVERYBODY),
    Line("GET /static/{name}", EVERYBODY, parts={"name": "style.css"}),
    Line(f"GET {API}/openapi.json", EVERYBODY),
    Line(f"POST {API}/login", EVERYBODY, 401, more={"json": {"token": "hi_unknown"}}),
    Line("GET /login/", EVERYBODY),
    Line("POST /login/", EVERYBODY, 401, more={"data": {"token": "hi_unknown"}}),
    # oneself
    Line(f"GET {API}/me", COURSE),
    Line(f"POST {API}/token/rotate", COURSE),
    Line(f"POST {API}/link", COURSE),
    Line("GET /account/", COURSE),
    Line("POST /account/link", COURSE),
    # what everybody of the course may read
    Line(f"GET {API}/assignments", COURSE),
    Line(f"GET {ABOUT}", COURSE),
    Line(f"GET {ABOUT}/kit", COURSE),
    Line("GET /assignments/{slug}/methods/", COURSE),
    Line(f"GET {ABOUT}/board", COURSE),
    Line(f"GET {ABOUT}/board?private=true", STAFF),
    Line(f"GET {ABOUT}/board?live=true", STAFF),
    Line(f"GET {ABOUT}/charts/{{name}}", COURSE, parts={"name": "history.svg"}),
    Line(f"GET {ABOUT}/charts/{{name}}?private=true", STAFF, parts={"name": "history.svg"}),
    Line(f"GET {ABOUT}/charts/{{name}}?live=true", STAFF, parts={"name": "distribution.svg"}),
    Line(f"GET {API}/teams", COURSE),
    Line("GET /", COURSE),
    Line("GET /assignments/{slug}/", COURSE),
    Line("GET /assignments/{slug}/gallery/", COURSE),
    Line("GET /assignments/{slug}/solutions/", STAFF),
    *(
        Line(f"GET /assignments/{{slug}}/{{where:path}}/{what}", may, parts={"where": where})
        for where, may in {
            "board": COURSE,
            "train": COURSE,
            "board/private": STAFF,
            "train/private": STAFF,
        }.items()
        for what in ("", "events", "history.svg", "distribution.svg")
    ),
    Line("GET /pictures/{name}", COURSE, parts={"name": "{ada scored}-examples.png"}),
    Line("GET /pictures/{name}", STAFF, barred=404, parts={"name": "{ada withheld}-examples.png"}),
    # one's own
    Line(f"GET {ABOUT}/limits", STUDENTS, barred=400),  # of which team, staff have to say
    Line(f"GET {ABOUT}/limits?team=ada+lovelace", ADAS),
    Line(f"GET {ABOUT}/submissions", STUDENTS, barred=400),
    Line(f"GET {ABOUT}/submissions?team=Ada%20Lovelace", ADAS),
    Line(f"GET {API}/submissions/{{ref}}", ADAS, barred=404),
    Line(f"GET {API}/submissions/{{ref}}/pictures", ADAS, barred=404),
    Line(f"GET {API}/submissions/{{ref}}/pictures/{{name}}", ADAS, barred=404, parts={"name": "examples"}),
    Line("GET /grades/", STUDENTS, barred=404),
    Line("GET /assignments/{slug}/mine/", STUDENTS, barred=404),
    Line("GET /assignments/{slug}/mine/events", STUDENTS, barred=404),
    Line("GET /submissions/{ref}/", ADAS, barred=404),
    Line("GET /submissions/{ref}/events", ADAS, barred=404),
    Line("GET /submissions/{ref}/curve.svg", ADAS, barred=404, parts={"ref": "{ada trained}"}),
    Line(f"POST {API}/uploads", STUDENTS, 201, more=said(**NEW), but={"grace": 400}),
    Line(f"POST {API}/uploads", ADAS_TO_DECIDE, 201, more=said(**NEW, team="Ada Lovelace")),
    Line(f"GET {API}/uploads/{{number}}", "ada", but={"bob": 404, "grace": 400}),
    Line(f"GET {API}/uploads/{{number}}?team=Ada%20Lovelace", ADAS_TO_DECIDE),
    Line(
        f"PATCH {API}/uploads/{{number}}?team=Ada%20Lovelace",
        ADAS_TO_DECIDE,
        more={"headers": {"Upload-Offset": "0"}, "content": b""},
    ),
    Line(f"PUT {API}/selection", ADAS_TO_DECIDE, 204, barred=404, but=OBSERVER, more={"json": {"refs": []}}),
    Line("POST /assignments/{slug}/mine/select", STUDENTS, 303, barred=404),
    Line("POST /assignments/{slug}/mine/select", "ada", 303, barred=404, form={"refs": "{ada scored}"}),
    Line(
        f"PUT {API}/submissions/{{ref}}/write-up",
        ADAS_TO_DECIDE,
        204,
        barred=404,
        but=OBSERVER,
        more=said(text="How"),
    ),
    Line("POST /submissions/{ref}/writeup", ADAS_TO_DECIDE, 303, barred=404, but=OBSERVER),
    Line(
        f"POST {API}/submissions/{{ref}}/withdraw",
        ADAS_TO_DECIDE,
        barred=404,
        but=OBSERVER,
        more=said(undo=False),
    ),
    Line(
        "POST /submissions/{ref}/withdraw",
        ADAS_TO_DECIDE,
        303,
        barred=404,
        but=OBSERVER,
        form={"undo": "true"},
    ),
    Line(
        "GET /submissions/{ref}/outputs/{place}",
        ADAS,
        barred=404,
        parts={"ref": "{ada notebook}", "place": "2-2.png"},
    ),
    # the staff's
    Line("GET /assignments/{slug}/notebooks/", STAFF),
    Line("GET /assignments/{slug}/notebooks/{cell}/", STAFF, parts=ASKED),
    Line("GET /assignments/{slug}/notebooks/{cell}/?names=no", STAFF, parts=ASKED),
    Line(
        "POST /assignments/{slug}/notebooks/{cell}/mark",
        INSTRUCTORS,
        303,
        parts=ASKED,
        form={"ref": "{ada notebook}", "points": "2,5"},
    ),
    Line("POST /assignments/{slug}/notebooks/release", INSTRUCTORS, 303),
    Line(f"GET {API}/events", STAFF),
    Line("GET /staff/", STAFF),
    Line("GET /staff/events", STAFF),
    Line("GET /staff/submissions/", STAFF),
    Line("GET /staff/submissions/?slug=denoising", STAFF),
    Line("GET /staff/roster/", STAFF),
    Line("GET /staff/audit/", STAFF),
    Line("GET /staff/audit/events", STAFF),
    Line("POST /staff/pause", INSTRUCTORS, 303),
    Line("POST /staff/pause", INSTRUCTORS, 303, form={"undo": "true"}),
    Line("POST /staff/drain", INSTRUCTORS, 404, form={"grader": "nobody:1"}),
    Line("GET /staff/{slug}/regrades/", STAFF),
    Line("GET /staff/{slug}/integrity/", STAFF),
    Line("GET /staff/{slug}/grades/", STAFF),
    Line("POST /staff/{slug}/regrades/apply", INSTRUCTORS, 404, form={"number": "1"}),  # none is open
    Line("POST /staff/{slug}/regrades/cancel", INSTRUCTORS, 404, form={"number": "1"}),
    Line(
        f"PUT {ABOUT}/extensions/{{username}}", INSTRUCTORS, 409, more=said(until=None)
    ),  # none to take back
    Line(f"PUT {ABOUT}/disqualifications/{{team:path}}", INSTRUCTORS, 204, more=said(reason="a reason")),
    Line(f"DELETE {ABOUT}/disqualifications/{{team:path}}", INSTRUCTORS, 204, parts={"team": "Eve"}),
    Line(f"POST {API}/teams/merge", INSTRUCTORS, 204, more=said(into="Ada Lovelace", other="Eve")),
    Line(f"POST {API}/teams/part", INSTRUCTORS, 204, more=said(other="Eve")),
    Line(f"PUT {ABOUT}/reveal", INSTRUCTORS, 204, more=said(revealed=False)),
    Line("POST /staff/{slug}/reveal", INSTRUCTORS, 303),
    # last, for they end what proves who one is
    Line(f"DELETE {API}/token", COURSE, 204),
    Line("POST /logout", COURSE, 303),
]
