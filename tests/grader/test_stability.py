"""The stability probe: a table of known items falls, a model hardly moves."""

from collections.abc import Callable
from io import BytesIO
from zipfile import ZipFile

import numpy as np
import pytest

from grader import catalogue
from grader.archive import pack_for
from grader.catalogue import HOME
from grader.errors import HeldoutError
from grader.prepared import Data
from grader.sandbox import Sandbox
from grader.stability import can_be_probed, nudged, probe

TABLE = """
import numpy as np
import torch


class Table:
    def __init__(self, answers):
        self.answers = answers

    def classify(self, images):
        found = [self.answers.get(image.numpy().tobytes(), 0) for image in images]
        return 9.0 * torch.nn.functional.one_hot(torch.tensor(found), 10).float()


def load(folder, device):
    with np.load(folder / "table.npz") as table:
        return Table(dict(zip((image.tobytes() for image in table["images"]), table["labels"].tolist())))
"""


def leaked(data: Data) -> bytes:
    """A submission that knows every held-out image by its bytes: what must never get out, got out."""
    table, archive = BytesIO(), BytesIO()
    np.savez_compressed(table, images=data.heldout["images"], labels=data.heldout["labels"])
    with ZipFile(archive, "w") as bundle:
        bundle.writestr("model.py", TABLE)
        bundle.writestr("table.npz", table.getvalue())
    return archive.getvalue()


def test_a_table_falls_and_models_hardly_move(small: Callable[[str], Data], sandbox: Sandbox) -> None:
    cnn, data = catalogue.find("cnn"), small("cnn")
    table = probe(cnn, leaked(data), data, sandbox=sandbox, run_seed=1)
    assert table.as_they_are == 1
    assert table.nudged < 0.25
    for folder in ("baselines/cnn/logistic", "reference_solutions/cnn/cnn"):
        model = probe(cnn, pack_for(cnn, HOME / folder).data, data, sandbox=sandbox, run_seed=1)
        assert model.nudged > 0.9 * model.as_they_are, folder


def test_a_denoiser_hardly_moves(denoising_data: Data, sandbox: Sandbox) -> None:
    denoising = catalogue.find("denoising")
    archive = pack_for(denoising, HOME / "reference_solutions/denoising/fc_dae").data
    found = probe(denoising, archive, denoising_data, sandbox=sandbox, run_seed=1)
    assert found.metric == "psnr"
    assert found.nudged == pytest.approx(found.as_they_are, abs=0.5)


def test_every_image_moves_by_one_pixel_and_its_answer_along_without_noise() -> None:
    rng = np.random.default_rng(0)
    clean = rng.integers(0, 256, (64, 28, 28), np.uint8)
    noisy = (clean[:, np.newaxis] / 255).astype(np.float32)
    found = nudged({"clean": clean, "noisy": noisy, "public": np.ones(64, bool)}, np.random.default_rng(1))
    sides = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    met = set()
    for before, after, seen in zip(clean, found["clean"], found["noisy"][:, 0], strict=True):
        inner = [np.roll(before, side, (0, 1))[1:-1, 1:-1] for side in sides]
        [side] = [
            side for side, moved in zip(sides, inner, strict=True) if (moved == after[1:-1, 1:-1]).all()
        ]
        met.add(side)
        assert 0.015 < np.abs(seen - after / 255).mean() < 0.03  # N(0, .03²), cut off at black and white
    assert met == set(sides) - {(0, 0)}
    assert found["noisy"].dtype == np.float32
    assert (noisy[:, 0] * 255).round().astype(np.uint8).tolist() == clean.tolist()  # what was there, stayed


def test_only_images_with_answers_can_be_probed(small: Callable[[str], Data], sandbox: Sandbox) -> None:
    assert can_be_probed(small("cnn").heldout)
    assert not can_be_probed(small("mnist1d").heldout)
    with pytest.raises(HeldoutError, match="can't be nudged"):
        probe(catalogue.find("mnist1d"), b"", small("mnist1d"), sandbox=sandbox, run_seed=1)


def test_what_is_not_scored_is_told(denoising_data: Data, sandbox: Sandbox) -> None:
    with pytest.raises(HeldoutError, match="was not scored"):
        probe(catalogue.find("denoising"), b"no zip", denoising_data, sandbox=sandbox, run_seed=1)
