"""How a classifier of signals is asked and scored: accuracy and NLL per held-out signal."""

from typing import Any

import numpy as np
import numpy.typing as npt

from grader.questions import Question, ask_twice, check_function
from grader.scoring.classification import accuracy, confusion, nll
from grader.spec import Arrays, Picture, Preview, Scores, Session, Student

# Logits beyond ±30 say nothing more: e^-60 is a probability that 10,000 items can't test. The clamp keeps one
# wrong and boundlessly sure answer from deciding the mean NLL.
CLASSIFY = Question("classify", answer=(10,), low=-30.0, high=30.0)
SHOWN = 8  # examples in the picture
HEIGHT, LOWEST, HIGHEST = 40, -4.0, 4.0  # pixels of a drawn curve, and the values at its edges
CELL = np.ones((8, 8))  # pixels of the picture for a cell of the confusion matrix


def check(session: Session, public: Arrays) -> Preview:
    """Ask about the public examples, one alone and all together; their mean scores and two pictures.

    public: examples (n, 1, 40) float32, example_labels (n,) int64. Raises BadSubmission.
    """
    labels = public["example_labels"]
    logits = check_function(session, CLASSIFY, public["examples"])
    scores = {name: float(values.mean()) for name, values in _scores(logits, labels).items()}
    return Preview(scores, (_confusion(logits, labels), _surprises(logits, public)))


def evaluate(student: Student, heldout: Arrays, rng: np.random.Generator) -> Scores:
    """Ask about every held-out signal, about some twice; accuracy and nll, each (n,) float32.

    heldout: signals (n, 1, 40) float32, labels (n,) int64. Raises BadSubmission.
    """
    return Scores(_scores(ask_twice(student, CLASSIFY, heldout["signals"], rng), heldout["labels"]))


def _scores(logits: npt.NDArray[Any], labels: npt.NDArray[Any]) -> dict[str, npt.NDArray[np.float32]]:
    return {
        "accuracy": accuracy(logits, labels).astype(np.float32),
        "nll": nll(logits, labels).astype(np.float32),
    }


def _confusion(logits: npt.NDArray[Any], labels: npt.NDArray[Any]) -> Picture:
    """One square a pair of classes, row by true class: the share of the row, white being all of it."""
    counts = confusion(logits, labels)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return Picture("confusion", ("true class by answer",), np.kron(shares, CELL)[np.newaxis, np.newaxis])


def _surprises(logits: npt.NDArray[Any], public: Arrays) -> Picture:
    """The examples whose label the model held least likely, the worst first."""
    worst = np.argsort(-nll(logits, public["example_labels"]), kind="stable")[:SHOWN]
    return Picture("surprises", ("least likely labels",), curves(public["examples"][worst, 0])[np.newaxis])


def curves(signals: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Signals (n, 40) drawn white on black, a column for each sample, joined to the next: (n, 40, 40)."""
    rows = ((HIGHEST - signals) / (HIGHEST - LOWEST) * (HEIGHT - 1)).round().clip(0, HEIGHT - 1)
    following = np.concatenate([rows[:, 1:], rows[:, -1:]], axis=1)
    low, high = np.minimum(rows, following)[:, np.newaxis], np.maximum(rows, following)[:, np.newaxis]
    height = np.arange(HEIGHT)[:, np.newaxis]
    return np.asarray((low <= height) & (height <= high), np.float64)
