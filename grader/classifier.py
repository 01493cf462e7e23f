"""What all classifiers of ten classes are asked, and the pictures of where they go wrong."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from grader.questions import Question
from grader.scoring.classification import Labels, Logits, confusion, nll
from grader.spec import Picture

# Logits beyond ±30 say nothing more: e^-60 is a probability that 10,000 items can't test. The clamp keeps one
# wrong and boundlessly sure answer from deciding the mean NLL.
CLASSIFY = Question("classify", answer=(10,), low=-30.0, high=30.0)
CELL = np.ones((8, 8))  # pixels of the picture for a cell of the confusion matrix
SURPRISES = 8  # examples in the picture


def confusion_picture(logits: Logits, labels: Labels) -> Picture:
    """One square a pair of classes, row by true class: the share of the row, white being all of it.

    logits: (n, classes); labels: (n,) in 0…classes−1.
    """
    counts = confusion(logits, labels)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return Picture("confusion", ("true class by answer",), np.kron(shares, CELL)[np.newaxis, np.newaxis])


def confusion_caption(classes: Sequence[str]) -> str:
    return (
        "A row for each true class, a column for each answer, in the same order from the upper left corner: "
        f"{', '.join(classes)}. The whiter a square, the larger the share of its row that got this answer; "
        "what is right is on the diagonal."
    )


def surprises_picture(logits: Logits, labels: Labels, drawn: npt.NDArray[np.floating]) -> Picture:
    """The examples whose label the model held least likely, the worst first.

    logits: (n, classes); labels: (n,); drawn: (n, height, width) in [0, 1], the examples as people see them.
    """
    worst = np.argsort(-nll(logits, labels), kind="stable")[:SURPRISES]
    return Picture("surprises", ("least likely labels",), drawn[np.newaxis, worst])
