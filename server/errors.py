"""Errors that only a server has."""

from grader.errors import HeldoutError


class TooMany(HeldoutError):
    """Requests at this rate. `wait`: seconds."""

    def __init__(self, wait: int) -> None:
        super().__init__(
            "too many requests", expected="fewer at a time", next_step=f"wait {wait} s, then go on"
        )
        self.wait = wait
