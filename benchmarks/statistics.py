"""Do the board's statistics hold what they promise? Simulated on real scores; attacked as published.

`items.npz` (made by `benchmarks.items`) holds scores of exemplars on all held-out items of a course. These
stand for all items that there could be, so that the truth is known: a board's are drawn from them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.items import ITEMS
from benchmarks.record import Row, at_least, at_most, between
from grader.scoring.statistics import half_widths, replicated, resampled_means, tie_groups
from leaderboard.ladder import Rung, climbs

BOARDS, TEAMS = 2_000, 30
TOGETHER = 20  # boards that share their resamples: a course's boards do
COINS, PROBES, ATTACKS = 2_000, 400, 400

Losses = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """Two solutions' losses on the same items, of which so many are `drawn` for a course's public board."""

    name: str
    ours: str
    theirs: str
    higher_is_better: bool = True
    drawn: int = 2_000
    block: int = 1

    @property
    def blocks(self) -> int:
        return self.drawn // self.block


CASES = (
    Case("denoising, PSNR", "denoising/unet", "denoising/fc_dae"),
    Case("vae, ELBO", "vae/conv_vae", "vae/linear_vae"),
    Case("cnn, accuracy", "cnn/cnn", "cnn/logistic"),
    Case("rnn, bits, 51 streams", "rnn/gru", "rnn/elman", higher_is_better=False, drawn=51 * 8, block=8),
    Case("mnist1d, accuracy", "mnist1d/cnn", "mnist1d/logistic"),
)
SETS = {"gan, KID": "gan/dcgan_r1", "gan, KID of a worse one": "gan/dcgan"}


def measure() -> list[Row]:
    known = dict(np.load(ITEMS))
    rows = []
    for number, case in enumerate(CASES):
        rng = np.random.default_rng(number)
        sign = -1 if case.higher_is_better else 1
        pair = np.stack([known[case.ours], known[case.theirs]]).astype(np.float64) * sign
        rows += [
            _covers(f"{case.name}: interval covers", coverage(pair[:1], case, rng)),
            _covers(f"{case.name}: paired interval covers", coverage(pair[:1] - pair[1:], case, rng)),
            _stay(case.name, together(pair, case, rng)),
        ]
    for name, key in SETS.items():
        kids = known[key].astype(np.float64)
        rows += [
            _covers(f"{name}: interval covers", coverage_of_sets(kids)),
            _stay(name, together_as_sets(kids, np.random.default_rng(0))),
        ]
    return rows + _attacked()


def _covers(name: str, percent: float) -> Row:
    return between(name, percent, "%", 93, 97)


def _stay(name: str, percent: float) -> Row:
    return at_least(f"{name}: {TEAMS} equal stay together", percent, "%", 93)


# ---------------------------------------------------------------- intervals and groups


def coverage(values: Losses, case: Case, rng: np.random.Generator) -> float:
    """How often the interval of items drawn from `values` (1, N) contains the mean of all, in percent."""
    hits = []
    for _ in range(BOARDS // TOGETHER):
        drawn = np.concatenate(list(_drawn(values, case, rng)))
        resampled = resampled_means(drawn, rng, block=case.block, repetitions=1_000)
        widths = half_widths(resampled, blocks=case.blocks)
        hits.append(np.abs(drawn.mean(axis=1) - values.mean()) <= widths)
    return 100 * float(np.mean(hits))


def together(pair: Losses, case: Case, rng: np.random.Generator) -> float:
    """How often a board of equal models is one group, in percent.

    Each is right and wrong where real ones are: item by item it has the loss of one of the two, whose means
    were made equal.
    """
    equal = pair - pair.mean(axis=1, keepdims=True)
    whole = 0
    for _ in range(BOARDS // TOGETHER):
        boards = [
            np.where(rng.random((TEAMS, case.drawn)) < 0.5, drawn[:1], drawn[1:])
            for drawn in _drawn(equal, case, rng)
        ]
        resampled = resampled_means(np.concatenate(boards), rng, block=case.block, repetitions=1_000)
        for board, means in zip(boards, np.split(resampled, TOGETHER), strict=True):
            whole += _is_one_group(means, board.mean(axis=1), blocks=case.blocks)
    return 100 * whole / BOARDS


def _is_one_group(resampled: Losses, losses: Losses, *, blocks: int | None = None) -> bool:
    order = losses.argsort()
    return bool(tie_groups(resampled[order], losses[order], blocks=blocks)[-1] == 0)


def _drawn(values: Losses, case: Case, rng: np.random.Generator) -> Iterator[Losses]:
    """Items of TOGETHER boards, (k, N) → (k, drawn): whole blocks with replacement."""
    for _ in range(TOGETHER):
        first = rng.integers(values.shape[1] // case.block, size=case.blocks) * case.block
        yield values[:, (first[:, np.newaxis] + np.arange(case.block)).ravel()]


def coverage_of_sets(kids: Losses) -> float:
    """The same for (n, 2) scores of sets and their half-widths. KID has no bias: the truth is their mean."""
    values, widths = kids.T
    return 100 * float(np.mean(np.abs(values - values.mean()) <= widths))


def together_as_sets(kids: Losses, rng: np.random.Generator) -> float:
    whole = 0
    for _ in range(BOARDS):
        board = kids[rng.choice(len(kids), TEAMS, replace=False)]
        resampled = np.stack([replicated(value, width, rng) for value, width in board])
        whole += _is_one_group(resampled, board[:, 0])
    return 100 * whole / BOARDS


# ---------------------------------------------------------------- attacks

Answers = npt.NDArray[np.int8]  # (COINS,): 0 or 1, or NEITHER
Board = Callable[[Answers], float]
NEITHER = -1  # certainly wrong


def _attacked() -> list[Row]:
    """Accuracy above 1/2 that the board shows for answers to 2,000 coins, of which nobody knows anything."""
    return [
        at_least("boosting, 400 probes: gained on a plain board", gained(boost, plain_board), "", 0.10),
        at_most("boosting, 400 probes: gained on ours", gained(boost, ladder_board), "", 0.02),
        Row("changing 500 answers, 400 probes: gained on ours", gained(climb, ladder_board), ""),
        Row("from wrong answers up, 400 probes: gained on ours", gained(reveal, ladder_board), ""),
    ]


def gained(attack: Callable[[Board, np.random.Generator], float], board: Callable[[Answers], Board]) -> float:
    seeds = map(np.random.default_rng, range(ATTACKS))
    return float(np.mean([attack(board(_coins(rng)), rng) for rng in seeds])) - 0.5


def _coins(rng: np.random.Generator) -> Answers:
    return rng.integers(2, size=COINS, dtype=np.int8)


def plain_board(truth: Answers) -> Board:
    return lambda answers: float((answers == truth).mean())


def ladder_board(truth: Answers) -> Board:
    rung: Rung | None = None

    def shown(answers: Answers) -> float:
        nonlocal rung
        losses = (answers != truth).astype(np.float64)
        if climbs(losses, rung):
            rung = Rung(float(losses.mean()), losses)
        assert rung
        return 1 - rung.loss

    return shown


def boost(board: Board, rng: np.random.Generator) -> float:
    """Blum & Hardt 2015, §4: random answers, each a vote for itself or, where below 1/2, for its opposite.

    A board that stays as it is has said nothing: those answers have no vote.
    """
    votes, shown = np.zeros(COINS), np.nan
    for _ in range(PROBES - 1):
        answers = _coins(rng)
        score = board(answers)
        if score != shown:
            votes += np.sign(score - 0.5) * (2 * answers - 1)
        shown = score
    return board(np.where(votes == 0, _coins(rng), votes > 0).astype(np.int8))


def climb(board: Board, rng: np.random.Generator, *, changed: int = 500) -> float:
    """Change some answers; keep what the board shows to be better, and leave alone what it confirmed."""
    answers, untried = _coins(rng), np.arange(0)
    confirmed = np.zeros(COINS, bool)
    score = board(answers)
    for _ in range(PROBES - 1):
        if len(untried) < changed:
            confirmed &= np.count_nonzero(~confirmed) >= changed
            untried = rng.permutation(np.flatnonzero(~confirmed))
        chosen, untried = np.split(untried, [changed])
        other = answers.copy()
        other[chosen] ^= 1
        if (now := board(other)) > score:
            answers, score = other, now
            confirmed[chosen] = True
    return score


def reveal(board: Board, rng: np.random.Generator, *, chunk: int = 17) -> float:
    """For who can give answers that are certainly wrong: from none right up, some answers or their opposite.

    A step that small is certain as well, and the exact number comes with it. What stops this is the number of
    submissions, and the private board.
    """
    guess, answers = _coins(rng), np.full(COINS, NEITHER, np.int8)
    score = board(answers)
    for first in range(0, COINS, chunk):
        part = slice(first, first + chunk)
        answers[part] = guess[part]
        if (now := board(answers)) == score:
            answers[part] = 1 - guess[part]
            now = board(answers)
        score = now
    return score
