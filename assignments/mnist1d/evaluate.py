"""How a classifier of signals is asked and scored: accuracy and NLL per held-out signal."""

import numpy as np
import numpy.typing as npt

from grader.classifier import CLASSIFY, confusion_picture, surprises_picture
from grader.questions import ask_twice, check_function
from grader.scoring.classification import per_item
from grader.spec import Arrays, Preview, Scores, Session, Student

HEIGHT, LOWEST, HIGHEST = 40, -4.0, 4.0  # pixels of a drawn curve, and the values at its edges


def check(session: Session, public: Arrays) -> Preview:
    """Ask about the public examples, one alone and all together; their mean scores and two pictures.

    public: examples (n, 1, 40) float32, example_labels (n,) int64. Raises BadSubmission.
    """
    labels = public["example_labels"]
    logits = check_function(session, CLASSIFY, public["examples"])
    scores = {name: float(values.mean()) for name, values in per_item(logits, labels).items()}
    surprises = surprises_picture(logits, labels, curves(public["examples"][:, 0]))
    return Preview(scores, (confusion_picture(logits, labels), surprises))


def evaluate(student: Student, heldout: Arrays, rng: np.random.Generator) -> Scores:
    """Ask about every held-out signal, about some twice; accuracy and nll, each (n,) float32.

    heldout: signals (n, 1, 40) float32, labels (n,) int64. Raises BadSubmission.
    """
    return Scores(per_item(ask_twice(student, CLASSIFY, heldout["signals"], rng), heldout["labels"]))


def curves(signals: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Signals (n, 40) drawn white on black, a column for each sample, joined to the next: (n, 40, 40)."""
    rows = ((HIGHEST - signals) / (HIGHEST - LOWEST) * (HEIGHT - 1)).round().clip(0, HEIGHT - 1)
    following = np.concatenate([rows[:, 1:], rows[:, -1:]], axis=1)
    low, high = np.minimum(rows, following)[:, np.newaxis], np.maximum(rows, following)[:, np.newaxis]
    height = np.arange(HEIGHT)[:, np.newaxis]
    return np.asarray((low <= height) & (height <= high), np.float64)
