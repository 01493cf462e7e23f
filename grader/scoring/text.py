"""How well a text was predicted: code length in bits, character by character."""

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax

from grader.scoring.classification import nll

FLOOR = 2.0**-20  # this share of each probability is spread evenly: a certain error costs bits, not infinity
CHUNK = 1_000_000  # logits at a time: some 30 MB

Bits = npt.NDArray[np.float64]


def code_length(logits: npt.NDArray[np.floating], codes: npt.NDArray[np.integer]) -> Bits:
    """What each character costs, −log2 of the probability that was given to it, in bits; lower is better.

    logits: (…, V), finite, unnormalised log-probabilities of the V symbols; codes: (…) in 0…V−1, what came
    instead. Returns the shape of `codes`. The probability is 1 − 2⁻²⁰ of the softmax, computed in float64,
    and 2⁻²⁰ of the uniform one: so no character costs more than 20 + log2 V bits, and being mixed costs
    less than 2e-6. An arithmetic coder that uses these probabilities needs just as many bits (Rissanen 1976;
    the sum over a text is its prequential code length, Dawid 1984).

    >>> code_length(np.zeros((2, 4)), np.array([0, 3])).tolist()
    [2.0, 2.0]
    >>> code_length(np.array([[0.0, 1e9]]), np.array([0])).round(3).tolist()
    [21.0]
    """
    symbols = logits.shape[-1]
    rows, chosen = logits.reshape(-1, symbols), codes.reshape(-1)
    step = max(1, CHUNK // symbols)
    parts = [
        -nll(rows[first : first + step], chosen[first : first + step]) for first in range(0, len(rows), step)
    ]
    log = np.concatenate([np.empty(0), *parts])
    mixed = np.logaddexp(log + np.log1p(-FLOOR), np.log(FLOOR / symbols))
    return np.asarray((-mixed / np.log(2)).reshape(codes.shape))


def log_probabilities(logits: npt.NDArray[np.floating]) -> Bits:
    """What logits (…, V) say, whatever they are shifted by: the natural logarithm of `code_length`'s p.

    (…, V), from −20·log 2 − log V to 0: two answers may be compared by it, by raw logits they may not.

    >>> np.exp(log_probabilities(np.array([1e6, 1e6 + np.log(3)]))).round(3).tolist()
    [0.25, 0.75]
    """
    log = log_softmax(logits.astype(np.float64), axis=-1)
    return np.asarray(np.logaddexp(log + np.log1p(-FLOOR), np.log(FLOOR / logits.shape[-1])))


def bits_per_character(lengths: Bits, *, context: int = 0) -> float:
    """The mean code length of a character, in bits, over all streams but their first `context` characters.

    lengths: (streams, characters).

    >>> bits_per_character(np.array([[9.0, 1.0, 2.0], [9.0, 3.0, 2.0]]), context=1)
    2.0
    """
    return float(lengths[:, context:].mean())


def block_means(lengths: Bits, block: int) -> Bits:
    """The mean over each `block` characters of a stream, in bits a character.

    lengths: (streams, k·block). Returns (streams·k,), stream by stream. Neighbouring characters are hard or
    easy together, so that it is blocks, not characters, which an interval may take as drawn at random.

    >>> block_means(np.array([[1.0, 3.0, 5.0, 5.0], [2.0, 2.0, 0.0, 1.0]]), 2).tolist()
    [2.0, 5.0, 2.0, 0.5]
    """
    return np.asarray(lengths.reshape(-1, block).mean(axis=1))
