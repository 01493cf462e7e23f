"""Two failures, never merged: the student's (`BadSubmission`) and everything else."""

from enum import StrEnum


class HeldoutError(Exception):
    """An error a person can act on: what happened, where, what was expected, what to do next.

    The command line catches it once, prints the four parts and exits with 1.
    """

    def __init__(self, what: str, *, where: str = "", expected: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.expected = expected
        self.next_step = next_step

    def __str__(self) -> str:
        parts = (
            ("", self.what),
            ("where: ", self.where),
            ("expected: ", self.expected),
            ("next: ", self.next_step),
        )
        return "\n".join(f"{label}{text}" for label, text in parts if text)


SENT_HOME = 3  # exit status of a server's grader that was drained: no fault, and it is not wanted back


class Reason(StrEnum):
    """Why a submission failed: the code that is stored, counted and tested for."""

    BAD_ARCHIVE = "bad_archive"
    BAD_NOTEBOOK = "bad_notebook"
    NO_MODEL = "no_model"
    SYNTAX_ERROR = "syntax_error"
    IMPORT_MISSING = "import_missing"
    LOAD_MISSING = "load_missing"
    LOAD_RAISED = "load_raised"
    METHOD_MISSING = "method_missing"
    TRAIN_MISSING = "train_missing"
    TRAIN_RAISED = "train_raised"
    NOTHING_SAVED = "nothing_saved"  # a training that was cut, or ended, before it left anything
    RAISED = "raised"
    WRONG_TYPE = "wrong_type"
    WRONG_SHAPE = "wrong_shape"
    NOT_FINITE = "not_finite"
    NOT_A_FUNCTION = "not_a_function"
    COLLAPSED = "collapsed"  # what was generated is all alike, or covers next to nothing of what is real
    COPIED = "copied"  # too much of what was generated is a published image
    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASHED = "crashed"


class BadSubmission(HeldoutError):
    """The student's fault: shown with its reason, counts as an attempt.

    Raised with held-out inputs inside, its text is fixed and carries nothing the student's code chose.
    """

    def __init__(
        self, reason: Reason, what: str, *, where: str = "", expected: str = "", next_step: str = ""
    ) -> None:
        super().__init__(what, where=where, expected=expected, next_step=next_step)
        self.reason = reason


class NotFound(HeldoutError):
    """There is none of that name or number."""


class UnknownAssignment(NotFound):
    """There is none of that name, or the course doesn't have it."""


class TooLarge(HeldoutError):
    """More bytes than are taken."""


class Refused(HeldoutError):
    """The rules, or what was decided before, forbid it: the same request may be right at another time."""


class Denied(HeldoutError):
    """Nobody knows who asks: the secret is none of ours, or no longer valid."""


class Forbidden(HeldoutError):
    """We know who asks, and it isn't for them."""


class Unavailable(HeldoutError):
    """The database or the disk, which is our trouble and passes. `full`: there is no room left."""

    def __init__(
        self, what: str, *, where: str = "", expected: str = "", next_step: str = "", full: bool = False
    ) -> None:
        super().__init__(what, where=where, expected=expected, next_step=next_step)
        self.full = full


class SandboxError(HeldoutError):
    """The sandbox could not be built or broke by our fault: never costs an attempt."""
