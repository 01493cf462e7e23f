"""How good a classifier's logits are: accuracy, NLL, stability, calibration error, confusion matrix."""

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax

Logits = npt.NDArray[np.floating]
Labels = npt.NDArray[np.integer]
PerItem = npt.NDArray[np.float64]

BINS = 15  # of confidence
# Of 1 + |largest logit|: two answers to one item may differ by half of that and count as the same
# (grader.questions.TOLERANCE), so a smaller lead decides nothing.
TIE = 2e-3


def accuracy(logits: Logits, labels: Labels) -> PerItem:
    """1 where the largest logit is the label's, else 0, without unit; higher is better.

    logits: (n, classes); labels: (n,) in 0…classes−1. Returns (n,). Logits that are equal to within TIE
    share: where k of them are largest and the label's is among them, the item scores 1/k, what choosing one
    at random would bring.

    >>> accuracy(np.array([[2.0, 1.0], [0.0, 3.0], [1.0, 1.0]]), np.array([0, 0, 1])).tolist()
    [1.0, 0.0, 0.5]
    """
    highest = logits.max(axis=1, keepdims=True)
    largest = logits >= highest - TIE * (1 + np.abs(highest))
    return np.asarray(np.take_along_axis(largest, labels[:, np.newaxis], axis=1)[:, 0] / largest.sum(axis=1))


def nll(logits: Logits, labels: Labels) -> PerItem:
    """Negative log-likelihood of each label, −log softmax(logits)[label], in nats; lower is better.

    logits: (n, classes), not probabilities; labels: (n,) in 0…classes−1. Returns (n,), computed in float64.
    The cross-entropy of e.g. Bishop 2006, "Pattern Recognition and Machine Learning", eq. 4.108.

    >>> nll(np.zeros((1, 10)), np.array([3])).round(6).tolist()  # log 10
    [2.302585]
    """
    logs = log_softmax(logits.astype(np.float64), axis=1)
    return np.asarray(-np.take_along_axis(logs, labels[:, np.newaxis], axis=1)[:, 0])


def per_item(logits: Logits, labels: Labels) -> dict[str, npt.NDArray[np.float32]]:
    """Accuracy and NLL of each item by the metrics' names, (n,) each, as a report keeps them."""
    return {
        "accuracy": accuracy(logits, labels).astype(np.float32),
        "nll": nll(logits, labels).astype(np.float32),
    }


def stability(logits: Logits, perturbed: Logits) -> PerItem:
    """1 where both have the largest logit in the same class, else 0, without unit; higher is better. (n,).

    logits, perturbed: (n, classes), of an image and of the same image a little changed. Of equal logits the
    first counts. Says nothing of whether the class is right: a constant answer is the most stable.

    >>> stability(np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([[1.5, 1.0], [3.5, 3.0]])).tolist()
    [1.0, 0.0]
    """
    return np.asarray(logits.argmax(axis=1) == perturbed.argmax(axis=1), np.float64)


def calibration_error(logits: Logits, labels: Labels) -> float:
    """Expected calibration error: by how much the stated probability of the answer differs from its accuracy.

    logits: (n, classes), n ≥ 1; labels: (n,). In 0…1, lower is better. Guo, Pleiss, Sun & Weinberger 2017,
    "On Calibration of Modern Neural Networks", eq. 3: Σ (n_b / n)·|accuracy_b − confidence_b| over 15 bins
    ((b−1)/15, b/15] of the answer's probability. A diagnosis, no score: it is biased upwards for small n,
    and a constant answer can have 0.

    >>> calibration_error(np.zeros((4, 2)), np.array([0, 1, 0, 1]))
    0.0
    >>> calibration_error(np.array([[30.0, 0.0]] * 4), np.array([0, 1, 0, 1]))  # sure, half right
    0.5
    """
    confidence = np.exp(log_softmax(logits.astype(np.float64), axis=1)).max(axis=1)
    gap = accuracy(logits, labels) - confidence
    bins = np.ceil(confidence * BINS).astype(int).clip(1, BINS)
    return round(float(np.abs(np.bincount(bins, gap)).sum() / len(labels)), 12)


def confusion(logits: Logits, labels: Labels) -> npt.NDArray[np.int64]:
    """How often each class (row) was taken for each (column): (classes, classes) counts that add up to n.

    logits: (n, classes); labels: (n,) in 0…classes−1. Of equal logits the first counts.

    >>> confusion(np.array([[2.0, 1.0], [0.0, 3.0], [1.0, 0.0]]), np.array([0, 0, 1])).tolist()
    [[1, 1], [1, 0]]
    """
    classes = logits.shape[1]
    cells = labels * classes + logits.argmax(axis=1)
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)
