"""A judging repeated: the same code, data and seeds, and what a training was told of its budget."""

from contextlib import closing
from dataclasses import replace

from commands.workbench import bar
from grader import archive, catalogue
from grader.course import Course
from grader.errors import HeldoutError, SandboxError
from grader.grade import grade
from grader.prepared import Data, load_data
from grader.report import Report, Training, Verdict
from grader.sandbox.probe import choose
from grader.sandbox.training import MOST_BEATS
from grader.spec import BOARDED
from grader.turn import REPEATING
from leaderboard.records import Judging, State, Submission
from leaderboard.reproductions import Reproduction, compare
from leaderboard.store import Store


def repeat(course: Course, store: Store, ref: int, *, sandbox_name: str) -> Reproduction:
    """Judge it again; what came out on the same kind of machine is noted. Raises HeldoutError."""
    found = store.submission(ref)
    judging, trainings = _scored(found), _trainings(found)
    data = _data(course, store, found, judging)
    report = _again(course, found, data, trainings, sandbox_name)
    if report.verdict is Verdict.GRADER_ERROR:
        raise SandboxError(f"#{ref} could not be judged again", where=report.log.strip().splitlines()[-1])
    _check_limits(ref, trainings, report, judging.resources.killed)
    reproduction = compare(judging, store.items(ref), report)
    if reproduction.tells:
        store.operations.note_reproduction(ref, judging.attempt, reproduction)
    return reproduction


def _used(training: Training) -> float:
    return training.gpu_seconds or training.cpu_seconds


def _check_limits(ref: int, trainings: list[Training], report: Report, killed: str) -> None:
    """A limit that is met tells of the machine, too: nothing is said of the submission then.

    killed: the limit that was met the first time.
    """
    again = [report.training, *report.further] if report.training else []
    longer = any(_used(now) >= REPEATING * then.budget for then, now in zip(trainings, again, strict=False))
    met = report.resources.killed not in ("", killed)
    if longer or met:
        said = report.failure.message.splitlines()[0] if report.failure else "a training did not end"
        raise HeldoutError(
            f"#{ref} met a limit when it was repeated, so that nothing can be told of it",
            where=said,
            expected=f"a training that ends within {REPEATING:g} times its budget",
            next_step="repeat it once more, on a machine that does nothing else",
        )


def _scored(found: Submission) -> Judging:
    judging = found.judging
    if judging is None or found.state is not State.SCORED or found.run_kind not in BOARDED:
        raise HeldoutError(
            f"#{found.ref} has no score to be repeated",
            where=f"{found.run_kind}, {found.state}",
            expected="a model or a train run that was scored",
        )
    return judging


def _trainings(found: Submission) -> list[Training]:
    judging = _scored(found)
    trainings = [judging.training, *judging.further] if judging.training else []
    if any(not one.budget for one in trainings):
        raise HeldoutError(
            f"what the training of #{found.ref} was told of its budget was not kept",
            where="an older version of Heldout judged it",
            next_step=f"judge it again first: heldout regrade {found.assignment} {found.ref} -m WHY",
        )
    if any(len(one.beats) >= MOST_BEATS for one in trainings):
        raise HeldoutError(
            f"the training of #{found.ref} asked more of its budget than is kept",
            expected=f"fewer than {MOST_BEATS:,} answers about its time",
            next_step="read its code: it asks in a way of its own",
        )
    return trainings


def _data(course: Course, store: Store, found: Submission, judging: Judging) -> Data:
    """What it was judged on, which may be an earlier version."""
    for version in range(store.regrades.newest_version(found.assignment), 0, -1):
        data = load_data(course, found.assignment, version)
        if data.sha256 == judging.data_sha256:
            return data
    raise HeldoutError(
        f"the data that #{found.ref} was judged on are not there any more",
        where=f"{course.folder / 'data'}, SHA-256 {judging.data_sha256[:16]}…",
        next_step="restore them from a backup",
    )


def _again(
    course: Course, found: Submission, data: Data, trainings: list[Training], sandbox_name: str
) -> Report:
    judging, assignment = _scored(found), course.settle(catalogue.find(found.assignment))
    with closing(choose(sandbox_name)) as sandbox, bar(f"#{found.ref}") as progress:
        return grade(
            replace(assignment, limits=judging.resources.limits or assignment.limits),
            archive.fetch(course.archives, found.sha256),
            data,
            sandbox=sandbox,
            run_seed=judging.run_seed or 0,
            run_kind=found.run_kind,
            progress=progress,
            gpu=any(one.gpu_seconds for one in trainings),
            repeats=trainings,
        )
