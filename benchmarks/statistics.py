"""Do the board's statistics hold what they promise? Simulated on real per-item scores; attacked as published.

`items.npz` holds scores of exemplars on 1,000 held-out items of one course, by assignment/solution/metric.
These stand for all items that there could be, so that the truth is known: a board's are drawn from them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.record import Row, at_least, at_most, between
from grader.scoring.statistics import half_widths, resampled_means, tie_groups
from leaderboard.ladder import Rung, climbs

ITEMS = Path(__file__).with_name("items.npz")
DRAWN = 2_000  # items of a public board
BOARDS, TEAMS = 2_000, 30
TOGETHER = 20  # boards that share their resamples: a course's boards do
PROBES, ATTACKS = 400, 40

Losses = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """Two solutions' losses on the same items."""

    name: str
    ours: str
    theirs: str
    higher_is_better: bool
    block: int = 1


CASES = (
    Case("denoising, PSNR", "denoising/unet/psnr", "denoising/fc_dae/psnr", True),
    Case("vae, ELBO", "vae/conv_vae/elbo", "vae/linear_vae/elbo", True),
    Case("cnn, accuracy", "cnn/cnn/accuracy", "cnn/logistic/accuracy", True),
    Case("rnn, bits, by streams", "rnn/gru/bits", "rnn/elman/bits", False, block=8),
    Case("mnist1d, accuracy", "mnist1d/cnn/accuracy", "mnist1d/logistic/accuracy", True),
)


def measure() -> list[Row]:
    known = dict(np.load(ITEMS))
    rows = []
    for number, case in enumerate(CASES):
        rng = np.random.default_rng(number)
        sign = -1 if case.higher_is_better else 1
        pair = np.stack([known[case.ours], known[case.theirs]]).astype(np.float64) * sign
        rows.append(between(f"{case.name}: interval covers", coverage(pair, case.block, rng), "%", 93, 97))
        rows.append(
            between(f"{case.name}: paired interval covers", paired(pair, case.block, rng), "%", 93, 97)
        )
        rows.append(
            at_least(f"{case.name}: {TEAMS} equal stay together", together(pair, case.block, rng), "%", 93)
        )
    return rows + _attacked()


# ---------------------------------------------------------------- intervals and groups


def coverage(pair: Losses, block: int, rng: np.random.Generator) -> float:
    """How often the first one's interval contains its true mean, in percent."""
    return _covered(pair[:1], block, rng)


def paired(pair: Losses, block: int, rng: np.random.Generator) -> float:
    """The same for the difference of the two."""
    return _covered(pair[:1] - pair[1:], block, rng)


def _covered(values: Losses, block: int, rng: np.random.Generator) -> float:
    hits = []
    for _ in range(BOARDS // TOGETHER):
        drawn = np.concatenate(list(_drawn(values, block, rng, TOGETHER)))
        widths = half_widths(resampled_means(drawn, rng, block=block, repetitions=1_000))
        hits.append(np.abs(drawn.mean(axis=1) - values.mean()) <= widths)
    return 100 * float(np.mean(hits))


def together(pair: Losses, block: int, rng: np.random.Generator) -> float:
    """How often a board of equal models is one group, in percent.

    Each is right and wrong where real ones are: item by item it has the loss of one of the two, whose means
    were made equal.
    """
    equal = pair - pair.mean(axis=1, keepdims=True)
    whole = 0
    for _ in range(BOARDS // TOGETHER):
        boards = [
            np.where(rng.random((TEAMS, drawn.shape[1])) < 0.5, drawn[:1], drawn[1:])
            for drawn in _drawn(equal, block, rng, TOGETHER)
        ]
        resampled = resampled_means(np.concatenate(boards), rng, block=block, repetitions=1_000)
        for board, means in zip(boards, np.split(resampled, TOGETHER), strict=True):
            losses = board.mean(axis=1)
            order = losses.argsort()
            whole += int(tie_groups(means[order], losses[order])[-1] == 0)
    return 100 * whole / BOARDS


def _drawn(values: Losses, block: int, rng: np.random.Generator, count: int) -> Iterator[Losses]:
    """(k, N) → (k, DRAWN), whole blocks with replacement."""
    for _ in range(count):
        first = rng.integers(values.shape[1] // block, size=DRAWN // block) * block
        yield values[:, (first[:, np.newaxis] + np.arange(block)).ravel()]


# ---------------------------------------------------------------- attacks

Board = Callable[[npt.NDArray[np.bool_]], float]


def _attacked() -> list[Row]:
    """Accuracy above 1/2 that the board shows for answers to 2,000 coins, of which nobody knows anything."""
    plain, ladder, hill = [], [], []
    for seed in range(ATTACKS):
        rng = np.random.default_rng(seed)
        plain.append(boost(plain_board(_coins(rng)), rng))
        ladder.append(boost(ladder_board(_coins(rng)), rng))
        hill.append(climb(ladder_board(_coins(rng)), rng))
    return [
        at_least("boosting, 400 probes: gained on a plain board", float(np.mean(plain)) - 0.5, "", 0.10),
        at_most("boosting, 400 probes: gained on ours", float(np.mean(ladder)) - 0.5, "", 0.02),
        Row("changing few answers, 400 probes: gained on ours", float(np.mean(hill)) - 0.5, ""),
    ]


def _coins(rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    return rng.random(DRAWN) < 0.5


def plain_board(truth: npt.NDArray[np.bool_]) -> Board:
    return lambda answers: float((answers == truth).mean())


def ladder_board(truth: npt.NDArray[np.bool_]) -> Board:
    rung: Rung | None = None

    def shown(answers: npt.NDArray[np.bool_]) -> float:
        nonlocal rung
        losses = (answers != truth).astype(np.float64)
        if climbs(losses, rung):
            rung = Rung(float(losses.mean()), losses)
        assert rung
        return 1 - rung.loss

    return shown


def boost(board: Board, rng: np.random.Generator) -> float:
    """Blum & Hardt 2015, §4: random answers, then the majority of those that the board liked."""
    votes, shown = np.zeros(DRAWN), board(_coins(rng))
    for _ in range(PROBES - 2):
        answers = _coins(rng)
        score = board(answers)
        if score > 0.5 and score != shown:  # a board that stays as it is has said nothing
            votes += np.where(answers, 1, -1)
        shown = score
    return board(np.where(votes == 0, _coins(rng), votes > 0))


def climb(board: Board, rng: np.random.Generator, *, changed: int = 60) -> float:
    """Change a few answers; keep what the board shows to be better."""
    answers = _coins(rng)
    score = board(answers)
    for _ in range(PROBES - 1):
        other = answers.copy()
        other[rng.choice(DRAWN, changed, replace=False)] ^= True
        if (now := board(other)) > score:
            answers, score = other, now
    return score
