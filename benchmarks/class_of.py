"""A course with a class in it, for a load: everybody has a scored submission, and is logged in."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from grader import catalogue, prepared
from grader.archive import Archive
from grader.course import Config, Course, Settings, init
from grader.current import CurrentCourse
from grader.grade import grade
from grader.report import Estimate, Report
from grader.rules import Rules
from grader.sandbox.probe import choose
from leaderboard.receive import receive
from leaderboard.records import Student
from leaderboard.store import Store

SLUG = "denoising"
BYTES = 5_000_000  # of what is handed in
MODEL = b"""import numpy as np


class Model:
    def denoise(self, images):
        return np.clip(images, 0.0, 1.0)


def load(folder, device):
    return Model()
"""


@dataclass(frozen=True)
class Pupil:
    team: str
    token: str  # of the command line
    session: str  # of the browser


def make(folder: Path, count: int) -> tuple[Course, list[Pupil]]:
    """A course folder with `count` students."""
    rules = Rules(daily=None, pending=None)
    course = init(folder, Config(title="A class", assignments={SLUG: Settings(items=64, rules=rules)}))
    (course.folder / "course.toml").write_text(
        f'format = 1\ntitle = "A class"\n[assignments.{SLUG}]\nitems = 64\n'
        f'[assignments.{SLUG}.rules]\ndaily = "unlimited"\npending = "unlimited"\n'
    )
    prepared.prepare(course, course.settle(catalogue.find(SLUG)))
    current = CurrentCourse(course)
    with Store.create(course.database, assignments=current.assignment) as store:
        names = [f"Student {number:03d}" for number in range(count)]
        store.import_roster(
            [Student(name, f"s{i}@example.org", f"s{i}", name) for i, name in enumerate(names)]
        )
        _score_everybody(store, course, current, names)
        return course, [_let_in(store, f"s{i}", name) for i, name in enumerate(names)]


def archive(seed: int, size: int = BYTES) -> Archive:
    """A model that answers at once, with so many bytes of weights that it never looks at."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as bundle:
        bundle.writestr("model.py", MODEL)
        bundle.writestr("weights.bin", np.random.default_rng(seed).bytes(size))
    return Archive(packed.getvalue(), "model.zip")


def _score_everybody(store: Store, course: Course, current: CurrentCourse, names: list[str]) -> None:
    """One is graded for real; of the others its report is told, a little better or worse."""
    assignment = current.assignment(SLUG)
    data = prepared.load_data(course, SLUG)
    sandbox = choose("cold")
    first = grade(assignment, archive(0, 1000).data, data, sandbox=sandbox, run_seed=1)
    sandbox.close()
    for number, name in enumerate(names):
        receive(store, course.archives, archive(number, 1000), team=name, assignment=assignment)
        job = store.claim("benchmark", 60.0)
        assert job is not None
        store.record(job, _shifted(first, number))


def _shifted(report: Report, number: int) -> Report:
    rng = np.random.default_rng(number)
    shift = float(rng.normal(0.0, 0.3))
    losses = None if report.losses is None else report.losses - np.float32(shift)
    resampled = {  # of other mistakes than its neighbours
        split: (values + rng.normal(shift, 0.05, values.shape)).astype(np.float32)
        for split, values in report.resampled.items()
    }
    items = {name: values + np.float32(shift) for name, values in report.items.items()}
    public, private = _moved(report.public, shift), _moved(report.private, shift)
    return replace(report, public=public, private=private, losses=losses, resampled=resampled, items=items)


def _moved(estimates: Mapping[str, Estimate], shift: float) -> dict[str, Estimate]:
    return {name: replace(one, value=one.value + shift) for name, one in estimates.items()}


def _let_in(store: Store, username: str, team: str) -> Pupil:
    _, client = store.access.log_in(store.access.invite(username).token, kind="client")
    _, session = store.access.log_in(store.access.invite(username).token, kind="session")
    return Pupil(team, client.token, session.token)
