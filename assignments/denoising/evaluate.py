"""How a denoiser is asked and scored: PSNR and SSIM of each held-out image, computed by the grader."""

from typing import Any

import numpy as np
import numpy.typing as npt

from grader.questions import Question, ask_twice, check_function
from grader.scoring.image import psnr, ssim
from grader.spec import Arrays, Picture, Preview, Scores, Session, Student

DENOISE = Question("denoise", answer=(1, 28, 28), low=0.0, high=1.0)
SHOWN = 8  # examples in the picture


def check(session: Session, public: Arrays) -> Preview:
    """Ask about the public examples, one alone and all together; their mean scores and a picture.

    public: noisy and clean (n, 1, 28, 28) float32. Raises BadSubmission.
    """
    noisy, clean = public["noisy"], public["clean"]
    denoised = check_function(session, DENOISE, noisy)
    scores = {name: float(values.mean()) for name, values in _scores(denoised, clean).items()}
    rows = np.stack([stack[:SHOWN, 0].clip(0, 1) for stack in (noisy, denoised, clean)])
    return Preview(scores, (Picture("examples", ("noisy", "denoised", "clean"), rows),))


def evaluate(student: Student, heldout: Arrays, rng: np.random.Generator) -> Scores:
    """Ask about every held-out item, about some twice; PSNR and SSIM per item, each (n,) float32.

    heldout: noisy (n, 1, 28, 28) float32, clean (n, 28, 28) uint8. Raises BadSubmission.
    """
    denoised = ask_twice(student, DENOISE, heldout["noisy"], rng)
    return Scores(_scores(denoised, heldout["clean"][:, np.newaxis] / 255.0))


def _scores(denoised: npt.NDArray[Any], clean: npt.NDArray[Any]) -> dict[str, npt.NDArray[np.float32]]:
    """denoised, clean: (n, 1, 28, 28) in [0, 1]."""
    estimate, truth = denoised[:, 0], clean[:, 0]
    return {
        "psnr": psnr(estimate, truth).astype(np.float32),
        "ssim": ssim(estimate, truth).astype(np.float32),
    }
