"""How a model is asked and scored: the mean absolute error of its frequencies, computed by the grader.

To change: the question, that is the method's name and the shape and range of its answer, and the score.
`ask_twice` asks in batches of random sizes, some items a second time, some of a second sandbox: keep it
wherever an answer should depend on the single item. Scores by item are averaged by the grader.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from grader.questions import Question, ask_twice, check_function
from grader.spec import Arrays, Preview, Scores, Session, Student

ANSWER = Question("answer", answer=(1,), low=0.0, high=32.0)


def check(session: Session, public: Arrays) -> Preview:
    """Ask about the public examples, one alone and all together; their mean score.

    public: examples (n, 64), example_frequencies (n, 1) float32. Raises BadSubmission.
    """
    answers = check_function(session, ANSWER, public["examples"])
    return Preview({"mae": float(_absolute_error(answers, public["example_frequencies"]).mean())})


def evaluate(student: Student, heldout: Arrays, rng: np.random.Generator) -> Scores:
    """Ask about every held-out item, about some twice; absolute error per item, (n,) float32.

    heldout: signals (n, 64), frequencies (n, 1) float32. Raises BadSubmission.
    """
    answers = ask_twice(student, ANSWER, heldout["signals"], rng)
    return Scores({"mae": _absolute_error(answers, heldout["frequencies"])})


def _absolute_error(answers: npt.NDArray[Any], frequencies: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """|f̂ − f|, (n,), in cycles; answers, frequencies: (n, 1)."""
    return np.asarray(np.abs(answers - frequencies)[:, 0], np.float32)
