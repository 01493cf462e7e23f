"""An assignment's two boards: what each is called, and where it is kept.

An assignment's name may end in any word, "-train" too: what belongs to a board of train runs is kept where no
assignment's own can be.
"""

from grader.spec import Assignment, RunKind


def heading(assignment: Assignment, run_kind: RunKind) -> str:
    return assignment.title + (", trained by the grader" if run_kind is RunKind.TRAIN else "")


def folder(slug: str, run_kind: RunKind) -> str:
    """Of its pages, within a site.

    >>> folder("cnn", RunKind.EVALUATE), folder("cnn", RunKind.TRAIN)
    ('cnn', 'cnn/train')
    """
    return f"{slug}/train" if run_kind is RunKind.TRAIN else slug


def file_name(slug: str, run_kind: RunKind) -> str:
    """Of its download.

    >>> file_name("cnn", RunKind.EVALUATE), file_name("cnn", RunKind.TRAIN)
    ('cnn-leaderboard.csv', 'cnn-leaderboard-train.csv')
    """
    return f"{slug}-leaderboard{'-train' if run_kind is RunKind.TRAIN else ''}.csv"
