"""The language-model assignment: its data, how it asks, its public check, its cheats.

The student here is a fake of our own protocol that calls the submission in this process.
"""

import re
import runpy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from grader import catalogue
from grader.catalogue import HOME
from grader.errors import BadSubmission, Reason
from grader.prepared import Data, draw
from grader.spec import Assignment
from tests.assignments.in_process import FakeStudent, InProcess, scores, submission

SYMBOLS = 63


@pytest.fixture(scope="module")
def rnn() -> Assignment:
    return catalogue.find("rnn")


@pytest.fixture(scope="module")
def data(small: Callable[[str], Data]) -> Data:
    return small("rnn")


# ---------------------------------------------------------------- data


def test_nothing_held_out_is_handed_out(rnn: Assignment) -> None:
    prepared = draw(rnn, 3)
    streams, public = prepared.heldout["streams"], prepared.public
    assert streams.shape == (256, 1650)
    assert public["examples"].shape == (32, 650)
    assert len(public["symbols"]) == SYMBOLS
    assert prepared.heldout["public"].sum() == 51 * 8
    text = public["text"].tobytes()
    assert len(text) > 3_000_000
    for stream in (*streams, *public["examples"]):  # the Bible says some verses twice, but no such length
        assert stream[100:600].tobytes() not in text
    assert len({stream.tobytes() for stream in streams}) == 256


def test_public_and_private_streams_are_of_different_blocks(rnn: Assignment, data: Data) -> None:
    full = draw(rnn, 1).heldout
    public = {stream.tobytes() for stream in full["streams"][:51]}
    assert {stream.tobytes() for stream in data.heldout["streams"][:8]} <= public
    assert not {stream.tobytes() for stream in data.heldout["streams"][8:]} & public


def test_the_seed_decides(rnn: Assignment, data: Data) -> None:
    same, other = draw(rnn, 1, size=256), draw(rnn, 2, size=256)
    assert np.array_equal(same.heldout["streams"], data.heldout["streams"])
    assert np.array_equal(same.public["text"], data.public["text"])
    assert not np.array_equal(other.heldout["streams"], data.heldout["streams"])


# ---------------------------------------------------------------- how it asks


class Uniform:
    def start(self, batch: int) -> Any:
        return None

    def step(self, tokens: Tensor, state: Any) -> tuple[Tensor, Any]:
        return torch.zeros(len(tokens), SYMBOLS), state


def test_knowing_nothing_costs_the_logarithm_of_the_alphabet(rnn: Assignment, data: Data) -> None:
    np.testing.assert_allclose(scores(rnn, data, Uniform)["bits"], np.log2(SYMBOLS), rtol=1e-6)


def test_no_column_is_told_before_the_logits_about_it_came(rnn: Assignment, data: Data) -> None:
    told: list[list[np.ndarray]] = []

    class Witness(Uniform):
        def __init__(self) -> None:
            told.append([])

        def step(self, tokens: Tensor, state: Any) -> tuple[Tensor, Any]:
            told[-1].append(tokens.numpy().copy())
            return super().step(tokens, state)

    student = FakeStudent(Witness)
    rnn.evaluate(student, data.heldout, np.random.default_rng(0))
    first, second = (np.stack(columns, axis=1) for columns in told)
    assert first.shape == (32, 1649)  # the last column of all is never told
    assert second.shape == (8, 1649)
    held_out = {stream[:-1].tobytes() for stream in data.heldout["streams"]}
    assert {row.astype(np.uint8).tobytes() for row in first} == held_out
    assert {row.astype(np.uint8).tobytes() for row in second} < held_out
    assert not np.array_equal(first.astype(np.uint8), data.heldout["streams"][:, :-1])  # another order
    assert student.told[-1] == (40 * 1649, 40 * 1649)


def test_scores_come_in_the_order_of_the_items_whatever_the_run_seed(rnn: Assignment, data: Data) -> None:
    load = submission(HOME / "baselines/rnn/kneser_ney")
    one, other = (scores(rnn, data, load, seed=seed)["bits"] for seed in (1, 2))
    assert one.shape == (256,)
    assert one.dtype == np.float32
    np.testing.assert_allclose(one, other, rtol=1e-6)


def test_the_context_is_unscored(rnn: Assignment, data: Data) -> None:
    """Whoever knows nothing until 49 characters were read, loses nothing."""

    class Late(Uniform):
        def start(self, batch: int) -> Any:
            return 0

        def step(self, tokens: Tensor, state: int) -> tuple[Tensor, Any]:
            wrong = torch.zeros(len(tokens), SYMBOLS)
            wrong[:, 0] = 50.0 if state < 49 else 0.0
            return wrong, state + 1

    np.testing.assert_allclose(scores(rnn, data, Late)["bits"], np.log2(SYMBOLS), rtol=1e-6)


# ---------------------------------------------------------------- the public check


def test_the_check_shows_what_the_model_writes(rnn: Assignment, data: Data) -> None:
    session = InProcess(submission(HOME / "baselines/rnn/kneser_ney")())
    preview = rnn.check(session, data.public)
    again = rnn.check(InProcess(submission(HOME / "baselines/rnn/kneser_ney")()), data.public)
    assert preview == again
    assert 2.3 < preview.scores["bits"] < 2.7
    [passages] = [text.split("│") for text in preview.texts.values()]
    assert len(passages) == 4  # three beginnings, three continuations
    assert set(rnn.captions) == set(preview.texts)
    beginning = "".join(chr(data.public["symbols"][code]) for code in data.public["examples"][0, :50])
    assert passages[0].startswith("… ")
    assert re.search(r"\s" + re.escape(passages[0][2:]) + "$", beginning)  # whole words, but for the last
    assert len(passages[-1]) == 200
    assert session.sizes == [1, 32, 3]


def test_what_it_writes_is_drawn_from_what_it_predicts(rnn: Assignment, data: Data) -> None:
    """A model that is sure of a, b, a, b, … writes it."""

    class Sure(Uniform):
        def step(self, tokens: Tensor, state: Any) -> tuple[Tensor, Any]:
            logits = torch.zeros(len(tokens), SYMBOLS)
            logits[torch.arange(len(tokens)), torch.where(tokens == 40, 41, 40)] = 100.0
            return logits, None

    [text] = rnn.check(InProcess(Sure()), data.public).texts.values()
    a, b = (chr(data.public["symbols"][code]) for code in (40, 41))
    assert text.endswith((a + b) * 99)


class OnTheModel(Uniform):
    """What was read is remembered on the model."""

    def __init__(self) -> None:
        self.counts = torch.ones(SYMBOLS)

    def step(self, tokens: Tensor, state: Any) -> tuple[Tensor, Any]:
        self.counts = self.counts + torch.bincount(tokens, minlength=SYMBOLS)
        return self.counts.log().expand(len(tokens), -1), None


class Peeking(Uniform):
    def step(self, tokens: Tensor, state: Any) -> tuple[Tensor, Any]:
        counts = torch.bincount(tokens, minlength=SYMBOLS).float()
        return counts.expand(len(tokens), -1), None


class Random(Uniform):
    def step(self, tokens: Tensor, state: Any) -> tuple[Tensor, Any]:
        return torch.randn(len(tokens), SYMBOLS), None


@pytest.mark.parametrize("cheat", [OnTheModel, Peeking, Random])
def test_cheats_and_slips_are_found_by_the_check_and_on_held_out_streams(
    cheat: type[Uniform], rnn: Assignment, data: Data
) -> None:
    with pytest.raises(BadSubmission) as checked:
        rnn.check(InProcess(cheat()), data.public)
    with pytest.raises(BadSubmission) as graded:
        scores(rnn, data, cheat)
    assert checked.value.reason is graded.value.reason is Reason.NOT_A_FUNCTION
    assert str(checked.value) == str(graded.value)  # fixed: it carries nothing of the streams


def test_the_case_that_looks_ahead_would_find_what_lay_there(rnn: Assignment, data: Data) -> None:
    """Without this its honest score would say nothing."""
    look_ahead = runpy.run_path(str(rnn.folder / "sanity" / "look_ahead" / "model.py"))["LookAhead"]
    columns = torch.from_numpy(data.public["examples"].T.astype(np.int64).copy())  # all of it in one piece
    logits, _ = look_ahead(torch.zeros(SYMBOLS, SYMBOLS)).step(columns[3], None)
    assert torch.equal(logits.argmax(dim=1), columns[4])
