"""How a classifier is asked and scored: accuracy, NLL and stability per held-out image."""

from typing import Any

import numpy as np
import numpy.typing as npt

from grader.classifier import CLASSIFY, confusion_picture, surprises_picture
from grader.questions import ask, ask_if_offered, ask_twice, asked_twice, check_function, each_once
from grader.scoring.classification import calibration_error, per_item, stability
from grader.spec import Arrays, Picture, Preview, Scores, Session, Student

FILTERS = (16, 28, 28)  # what a model may show of itself


def check(session: Session, public: Arrays) -> Preview:
    """Ask about the public examples, one alone and all together; their mean scores and pictures.

    public: examples (n, 1, 28, 28) float32, example_labels (n,) int64. A third picture shows the filters of a
    model that offers them: from outside it is a function, nobody could tell where they are. Raises
    BadSubmission.
    """
    labels = public["example_labels"]
    logits = check_function(session, CLASSIFY, public["examples"])
    scores = {name: float(values.mean()) for name, values in per_item(logits, labels).items()}
    scores["calibration error"] = calibration_error(logits, labels)
    surprises = surprises_picture(logits, labels, public["examples"][:, 0])
    return Preview(scores, (confusion_picture(logits, labels), surprises, *_filters(session)))


def evaluate(student: Student, heldout: Arrays, rng: np.random.Generator) -> Scores:
    """Ask about every held-out item, about some twice, then about each item's perturbed image.

    heldout: images and nudged (n, 1, 28, 28) float32, labels (n,) int64. accuracy, nll and stability, each
    (n,) float32. Raises BadSubmission.
    """
    logits = ask_twice(student, CLASSIFY, heldout["images"], rng, to_come=len(heldout["nudged"]))
    perturbed = _ask_afresh(student, heldout["nudged"], rng)
    stable = stability(logits, perturbed).astype(np.float32)
    return Scores({**per_item(logits, heldout["labels"]), "stability": stable})


def _ask_afresh(student: Student, images: npt.NDArray[Any], rng: np.random.Generator) -> npt.NDArray[Any]:
    """The logits of each image, (n, 10), from a sandbox that never saw the images which they are made of."""
    n = len(images)
    before = asked_twice(n)
    logits = np.empty((n, *CLASSIFY.answer), np.float32)
    with student.session("perturbed") as session:
        for batch in each_once(student, n, rng, before=before, total=before + n):
            logits[batch] = ask(session, CLASSIFY, images[batch])
    return logits


def _filters(session: Session) -> tuple[Picture, ...]:
    """What the model shows of itself, zero being mid-grey, each tile's largest value white or black."""
    filters = ask_if_offered(session, "filters", shape=FILTERS)
    if filters is None:
        return ()
    largest = np.abs(filters).max(axis=(1, 2), keepdims=True)
    grey = 0.5 + 0.5 * filters / np.where(largest > 0, largest, 1)
    return (Picture("filters", ("filters 1 to 8", "filters 9 to 16"), grey.reshape(2, 8, *FILTERS[1:])),)
