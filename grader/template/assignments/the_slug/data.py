"""Noisy sine waves of unknown frequency, generated from the course's secret seed.

To change: what an item is. `prepare` returns what students get and what stays with the grader, both
determined by the seed; draw each part from a `stream` of its own. Where items come from a published data set
(grader.datasets finds, verifies and splits it), hold out items of it and render them anew, as the assignment
`denoising` does: whatever is published somewhere can be looked up.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from grader.datasets import public_mask, stream
from grader.spec import Prepared

SAMPLES = 64  # of a signal
LOWEST, HIGHEST = 4.0, 28.0  # frequencies, in cycles over the 64 samples; 32 is what sampling can tell
SIGMA = 0.5  # of the noise; the wave's amplitude is 1
EXAMPLES = 32  # handed out for the check
HANDED_OUT = 4_096  # handed out to train on

Floats = npt.NDArray[np.float32]


def prepare(source: Path | None, seed: int, n: int) -> Prepared:
    """Draw one course's data; `source` is not used, as no data set is.

    public: signals (4096, 64) and frequencies (4096, 1) float32, to train on; examples (32, 64) and
    example_frequencies (32, 1) float32, for the check. heldout: signals (n, 64) and frequencies (n, 1)
    float32, public (n,) bool: a fifth of them, but at least 64 of n ≥ 128.
    """
    signals, frequencies = draw(HANDED_OUT, stream(seed, "the_slug: signals to train on"))
    examples, example_frequencies = draw(EXAMPLES, stream(seed, "the_slug: examples"))
    hidden, answers = draw(n, stream(seed, "the_slug: held-out items"))
    return Prepared(
        public={
            "signals": signals,
            "frequencies": frequencies,
            "examples": examples,
            "example_frequencies": example_frequencies,
        },
        heldout={
            "signals": hidden,
            "frequencies": answers,
            "public": public_mask(n),
        },
    )


def draw(n: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """x_t = sin(2π·f·t/64 + φ) + σ·ε_t: signals x (n, 64) and their frequencies f (n, 1), float32.

    f is uniform from 4 to 28, φ from 0 to 2π, ε_t ~ N(0, 1).
    """
    frequencies = rng.uniform(LOWEST, HIGHEST, (n, 1))
    phases = rng.uniform(0, 2 * np.pi, (n, 1))
    waves = np.sin(2 * np.pi * frequencies * np.arange(SAMPLES) / SAMPLES + phases)
    signals = waves + SIGMA * rng.standard_normal(waves.shape)
    return signals.astype(np.float32), frequencies.astype(np.float32)
