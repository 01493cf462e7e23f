"""A course that is served, with people of all roles, and in its ledger what not all of them may see."""

import itertools
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from limits import RateLimitItemPerMinute

from desk.wire import PREFIX
from grader import catalogue, prepared
from grader.archive import Archive, keep
from grader.course import Config, Course, Settings, init, open_course
from grader.current import CurrentCourse
from grader.errors import Reason
from grader.notebook.executed import Shown, pack
from grader.report import (
    WORKER,
    CellResult,
    CellState,
    Estimate,
    Failure,
    Report,
    Training,
    Verdict,
)
from grader.sandbox import Output
from grader.spec import Assignment, RunKind
from leaderboard.membership import Kind, Role
from leaderboard.records import Student
from leaderboard.store import Store
from server.app import make_app
from server.office import Office, open_office
from server.pages.frames import COOKIE, csrf_of
from server.rates import Rates
from tests.leaderboard.cases import PNG, RESOURCES, TRAINING, scored
from tests.leaderboard.conftest import Clock
from tests.server.serving import serving

SLUG = "denoising"
ADA, BOB, EVE = (
    Student("Ada Lovelace", "ada@mail.example", "ada", "Ada Lovelace"),
    Student("Bob Bobson", "bob@mail.example", "bob", "Bob's team"),
    Student("Eve", "eve@mail.example", "eve", "Eve"),
)
TEAMS = {"ada": ADA.team, "bob": BOB.team}
STAFF = {"grace": Role.INSTRUCTOR, "olive": Role.OBSERVER, "ron": Role.INSTRUCTOR}
GONE = ("eve", "ron")  # tokens revoked; removed from the staff
PEOPLE = ("nobody", "ada", "bob", "olive", "grace", *GONE)
_numbers = itertools.count()


@dataclass(frozen=True)
class Secrets:
    client: str = ""
    session: str = ""


@dataclass(frozen=True)
class World:
    """`client`: keeps no cookies. `refs`: submissions by owner and what became of them."""

    course: Course
    office: Office
    clock: Clock
    url: str
    client: httpx.Client
    secrets: Mapping[str, Secrets]
    refs: Mapping[str, int]

    @property
    def store(self) -> Store:
        return self.office.store

    @property
    def assignment(self) -> Assignment:
        return self.office.desk.assignment(SLUG)

    def ask(self, who: str, method: str, path: str, **more: Any) -> httpx.Response:
        """As one's program or browser would: a token for the API, a cookie and a form's proof for pages."""
        headers = {**self.proof(who, path), **more.pop("headers", {})}
        if method == "POST" and not path.startswith("/api/") and "data" not in more:
            more["data"] = {"csrf": self.csrf(who)}
        return self.client.request(method, path, headers=headers, **more)

    def proof(self, who: str, path: str) -> dict[str, str]:
        secrets = self.secrets[who]
        if path.startswith("/api/"):
            return {"Authorization": f"Bearer {secrets.client}"} if secrets.client else {}
        return {"Cookie": f"{COOKIE}={secrets.session}"} if secrets.session else {}

    def csrf(self, who: str) -> str:
        return csrf_of(self.secrets[who].session)

    def api(self, who: str, method: str, path: str, **more: Any) -> httpx.Response:
        return self.ask(who, method, PREFIX + path, **more)


@dataclass(frozen=True)
class Made:
    """A course's folder to be copied, with the secrets of its people; `refs`: what was handed in."""

    folder: Path
    secrets: Mapping[str, Secrets]
    refs: Mapping[str, int] = field(default_factory=dict)


def make(folder: Path) -> Made:
    """With a ledger, its people logged in, and a few data."""
    course = init(folder, Config(title="A course", assignments={SLUG: Settings(items=64)}))
    prepared.prepare(course, course.settle(catalogue.find(SLUG)))
    with Store.create(course.database, clock=Clock()) as store:
        return Made(folder, let_in(store))


def copied(made: Made, folder: Path) -> Path:
    """Nobody writes the data, which are large: they are linked."""

    def copy(source: str, target: str) -> None:
        (os.link if source.endswith(".npz") else shutil.copy2)(source, target)

    return Path(shutil.copytree(made.folder, folder, copy_function=copy))


@contextmanager
def served(made: Made, folder: Path, clock: Clock | None = None) -> Iterator[World]:
    """A copy of it, in `folder`."""
    course = open_course(copied(made, folder))
    clock = clock or Clock()
    current = CurrentCourse(course)
    store = Store.open(course.database, assignments=current.assignment, actor="server", clock=clock)
    office = open_office(current, store)
    with serving(patient(make_app(office))) as url, plain_client(url) as client:
        yield World(course, office, clock, url, client, made.secrets, made.refs)


def patient(app: FastAPI) -> FastAPI:
    """Tests ask oftener than people."""
    change(app, Rates, **dict.fromkeys(("reading", "writing", "address"), RateLimitItemPerMinute(10**9)))
    return app


def change(app: FastAPI, which: Any, **settings: Any) -> None:
    """What stands before the application works with these settings."""
    every: list[Any] = [one for one in app.user_middleware if one.cls == which]
    assert len(every) == 1
    every[0].kwargs.update(settings)


def plain_client(url: str) -> httpx.Client:
    """Keeps no cookies, follows nothing."""
    limits = httpx.Limits(max_connections=None)
    client = httpx.Client(base_url=url, trust_env=False, timeout=30.0, limits=limits)
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return client


def let_in(store: Store) -> dict[str, Secrets]:
    store.import_roster([ADA, BOB, EVE])
    for username, role in STAFF.items():
        store.access.add_staff(username.title(), f"{username}@mail.example", username, role)
    everybody = [one.username for one in (ADA, BOB, EVE)] + list(STAFF)
    found = {username: Secrets(*(_secret(store, username, k) for k in KINDS)) for username in everybody}
    store.access.revoke("eve")
    store.access.remove_staff("ron")
    return {"nobody": Secrets(), **found}


KINDS: tuple[Kind, Kind] = ("client", "session")


def _secret(store: Store, username: str, kind: Kind) -> str:
    return store.access.log_in(store.access.invite(username).token, kind=kind)[1].token


# ------------------------------------------------------------ what is in the ledger


def fill(made: Made, mark: "Mark", folder: Path) -> Made:
    """A copy with, of Ada and of Bob: scored, withheld, failed, our fault, trained, a notebook, queued."""
    course = open_course(copied(made, folder))
    current, refs = CurrentCourse(course), {}
    with Store.open(course.database, assignments=current.assignment, clock=Clock()) as store:
        for who, team in TEAMS.items():
            for what, run_kind, report in mark.reports(who):
                ref = refs[f"{who} {what}"] = hand_in(store, course, who, mark, run_kind)
                judge(store, ref, report)
            store.write_ups.write(refs[f"{who} scored"], mark.of(who, "write-up"), team=team)
            store.notebooks.mark(refs[f"{who} notebook"], ANSWER, GIVEN[who], mark.of(who, "comment"))
        for who in TEAMS:
            refs[f"{who} queued"] = hand_in(store, course, who, mark)
        store.decisions.disqualify(current.assignment(SLUG), EVE.team, mark.of("eve", "reason"))
        store.refresh_all()
    return Made(folder, made.secrets, refs)


def hand_in(
    store: Store, course: Course, who: str, mark: "Mark", run_kind: RunKind = RunKind.EVALUATE
) -> int:
    archive = Archive(f"PK {who} {next(_numbers)}".encode(), mark.of(who, "file"))
    keep(archive, course.archives)
    return store.receive(
        TEAMS[who],
        SLUG,
        sha256=archive.sha256,
        size=len(archive.data),
        file_name=archive.file_name,
        description=mark.of(who, "description"),
        run_kind=run_kind,
    ).ref


def judge(store: Store, ref: int, report: Report) -> None:
    """As often as it takes."""
    while not store.submission(ref).state.final:
        job = store.claim("grader", 60.0)
        assert job is not None
        assert job.ref == ref
        assert store.record(job, report)


def one_of_two(who: str) -> Training:
    """With a score of its own."""
    return replace(TRAINING, public=ONE_SEED[who], private=ONE_SEED[who] - 1)


@dataclass(frozen=True)
class Mark:
    """Texts and figures that nobody else's are. `text`: what stands in each text; {0} is its name."""

    text: str = "mark-{0}"

    def of(self, who: str, what: str) -> str:
        return self.text.format(f"{what}-{who}")

    def reports(self, who: str) -> Iterator[tuple[str, RunKind, Report]]:
        """What became of it."""
        base = replace(
            scored(PUBLIC[who], 0.1),
            run_seed=RUN_SEEDS[who],
            private={"psnr": Estimate(PRIVATE[who], HALF_WIDTH[who])},
            texts={self.of(who, "text-name"): self.of(who, "text")},
            pictures={"examples": picture(who, "scored")},
            log=self.of(who, "log"),
            resources=replace(RESOURCES, layers=("seccomp", WORKER + self.of(who, "worker"))),
        )
        yield "scored", RunKind.EVALUATE, base
        yield (
            "withheld",
            RunKind.EVALUATE,
            replace(
                base,
                public={"psnr": Estimate(base.public["psnr"].value + 0.0123456, 0.0987123)},
                texts={"writes": self.of(who, "withheld-text")},
                pictures={"examples": picture(who, "withheld")},
            ),
        )
        failure = Failure(Reason.RAISED, self.of(who, "failure"))
        yield "failed", RunKind.EVALUATE, Report(Verdict.FAILED, RUN_SEEDS[who], failure=failure, log="x")
        fault = Report(Verdict.GRADER_ERROR, RUN_SEEDS[who], log=self.of(who, "fault"))
        yield "fault", RunKind.EVALUATE, fault
        yield "trained", RunKind.TRAIN, replace(base, training=one_of_two(who), further=(one_of_two(who),))
        yield "notebook", RunKind.NOTEBOOK, self.notebook(who)

    def notebook(self, who: str) -> Report:
        """One of which a hidden test fails."""
        cells = [
            Shown("", "plain", False, self.of(who, "prose")),
            Shown("add-noise", "solution", True, self.of(who, "code"), self._outputs(who, "open")),
            Shown(TEST, "test", True, "assert add_noise"),
            Shown(ANSWER, "answer", False, self.of(who, "answer")),
        ]
        return Report(
            Verdict.SCORED,
            RUN_SEEDS[who],
            data_sha256="d" * 64,
            public={"points": Estimate(2.0, 0.0)},
            private={"points": Estimate(0.0, 0.0)},
            cells=(
                CellResult(TEST, CellState.FAILED_HIDDEN, 2.0, 0.0, 2.0, self.of(who, "hidden")),
                CellResult(ANSWER, CellState.MANUAL, 3.0),
            ),
            notebook=pack(cells),
        )

    def _outputs(self, who: str, what: str) -> tuple[Output, ...]:
        said, drawn = self.of(who, f"{what}-output").encode(), picture(who, f"{what}-output")
        return (
            Output("stdout", "text/plain", said),
            Output("shown", "image/png", drawn),
            Output("error", "text/plain", said),
        )


TEST, ANSWER = "test_add_noise", "answer-averages"  # cells of the assignment's notebook
GIVEN = {"ada": 1.12347, "bob": 1.37653}
RUN_SEEDS = {"ada": 7_400_100_200_300_400_501, "bob": 7_400_100_200_300_400_502}
PUBLIC = {"ada": 22.1, "bob": 23.2}
PRIVATE = {"ada": 13.572468, "bob": 14.683579}
ONE_SEED = {"ada": 47.357911, "bob": 48.468022}
HALF_WIDTH = {"ada": 0.060606, "bob": 0.070707}


def picture(who: str, what: str) -> bytes:
    return PNG + f"picture-{what}-{who}".encode()
