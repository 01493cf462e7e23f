"""What a team may know of its submissions: made of what is allowed, so that nothing else can slip through.

The records are the ledger's own, so that whoever prints them prints both. A private score, a fault's
traceback, the run's seed and the score of a submission that is withheld are not in them.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from grader.report import WORKER, Resources, Training, Verdict
from leaderboard.boards import Board
from leaderboard.coarse import coarse
from leaderboard.marks import shown_to_author
from leaderboard.records import Attempt, Judging, Submission
from leaderboard.store import Store


def told(one: Submission, *, revealed: bool) -> Submission:
    """`revealed`: whether everybody may see the private board."""
    judging = None if one.judging is None else _judging(one, one.judging, revealed=revealed)
    progress = one.progress and replace(one.progress, at=_coarse(one.progress.at))
    return replace(one, judging=judging, progress=progress, timeline=_timeline(one))


def _timeline(one: Submission) -> tuple[Attempt, ...]:
    """What came of it until it was judged: of a set that is judged again and not applied nothing is told."""
    last = one.judging.attempt if one.judging else 0
    return tuple(
        Attempt(each.number, each.began and _coarse(each.began), _coarse(each.ended), each.verdict)
        for each in one.timeline
        if each.number <= last
    )


def _coarse(moment: datetime) -> datetime:
    """Two finer ones would tell how long held-out items took, which is rounded elsewhere."""
    return moment.replace(microsecond=0)


def _judging(one: Submission, judging: Judging, *, revealed: bool) -> Judging:
    if judging.verdict is Verdict.GRADER_ERROR:
        return Judging(judging.attempt, judging.verdict, _coarse(judging.judged_at), run_seed=None)
    return Judging(
        attempt=judging.attempt,
        verdict=judging.verdict,
        judged_at=_coarse(judging.judged_at),
        run_seed=None,
        public=one.public or {},
        private=(one.private or {}) if revealed else {},
        failure=one.failure,
        log=judging.log,
        resources=_unnamed(coarse(judging.resources)),
        texts=one.texts,
        training=judging.training and _training(one, judging.training, revealed=revealed),
        further=tuple(_training(one, each, revealed=revealed) for each in judging.further),
        reproduced=judging.reproduced,
        same_as=one.same_as,
        cells=tuple(shown_to_author(judging.cells, released=revealed)),
    )


def _unnamed(used: Resources) -> Resources:
    """Machines of the department have names that are nobody's business."""
    return replace(used, layers=tuple(layer for layer in used.layers if not layer.startswith(WORKER)))


def _training(one: Submission, training: Training, *, revealed: bool) -> Training:
    """Not what only a repetition needs; of several each one's score once the private ones are known: until
    then these would tell, at every try, more of the public items than the board does.
    """
    public, private = (training.public, training.private) if revealed else (None, None)
    return replace(training, beats=(), public=public, private=private)


def all_told(store: Store, boards: Sequence[Board], listed: Sequence[Submission]) -> list[Submission]:
    """Submissions to the boards of one assignment."""
    revealed = {board.run_kind: store.is_revealed(board) for board in boards}
    return [told(one, revealed=revealed[one.run_kind]) for one in listed]
