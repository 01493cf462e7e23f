"""Fashion-MNIST found, verified and split; each way of not having it told apart."""

import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest

from grader import datasets
from grader.datasets import FASHION_MNIST_SHA256, fashion_mnist, split, split_clothes, stream
from grader.errors import HeldoutError

LABELS = "t10k-labels-idx1-ubyte.gz"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder with the four files, to be damaged."""
    for name in FASHION_MNIST_SHA256:
        (tmp_path / name).symlink_to(datasets.DEBIAN_FASHION_MNIST / name)
    return tmp_path


def damage(copy: Path, content: bytes) -> None:
    (copy / LABELS).unlink()
    (copy / LABELS).write_bytes(content)


def test_all_images_and_their_classes_are_there() -> None:
    data = fashion_mnist()
    assert data.images.shape == (70_000, 28, 28)
    assert data.images.dtype == np.uint8
    assert np.bincount(data.labels).tolist() == [7_000] * 10
    assert data.labels[:3].tolist() == [9, 0, 0]  # an ankle boot and two T-shirts open the training set


def test_no_image_is_there_twice() -> None:
    images = fashion_mnist().images
    assert len({image.tobytes() for image in images}) == len(images)


def test_files_packed_by_someone_else_are_the_same_data(copy: Path) -> None:
    damage(copy, gzip.compress(gzip.decompress((copy / LABELS).read_bytes()), 1))
    assert len(fashion_mnist(copy).labels) == 70_000


def test_an_altered_file_is_named_with_both_checksums(copy: Path) -> None:
    content = bytearray(gzip.decompress((copy / LABELS).read_bytes()))
    content[100] ^= 1
    damage(copy, gzip.compress(bytes(content)))
    with pytest.raises(HeldoutError, match=LABELS) as caught:
        fashion_mnist(copy)
    assert FASHION_MNIST_SHA256[LABELS] in caught.value.expected
    assert "found" in caught.value.expected
    assert "delete it" in caught.value.next_step


@pytest.mark.parametrize("keep", [0, 5, 2_000])
def test_a_truncated_file_is_damaged(copy: Path, keep: int) -> None:
    damage(copy, (copy / LABELS).read_bytes()[:keep])
    with pytest.raises(HeldoutError, match="damaged"):
        fashion_mnist(copy)


def test_a_file_that_is_no_gzip_is_damaged(copy: Path) -> None:
    damage(copy, b"<html>404 not found</html>")
    with pytest.raises(HeldoutError, match="damaged") as caught:
        fashion_mnist(copy)
    assert "does not unpack" in caught.value.expected


def test_a_missing_data_set_names_the_two_ways_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(HeldoutError, match="not on this machine") as caught:
        fashion_mnist(tmp_path)
    assert str(tmp_path) in caught.value.where
    assert "apt install dataset-fashion-mnist" in caught.value.next_step
    assert "download=True" in caught.value.next_step


def test_the_cache_of_torchvision_is_found(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = tmp_path / "cache" / "heldout" / "FashionMNIST" / "raw"
    shutil.copytree(copy, raw, symlinks=True, ignore=shutil.ignore_patterns("cache"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(datasets, "DEBIAN_FASHION_MNIST", tmp_path / "absent")
    assert len(fashion_mnist().images) == 70_000


def test_the_advised_command_downloads_into_the_folder_that_is_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(datasets, "DEBIAN_FASHION_MNIST", tmp_path / "absent")
    with pytest.raises(HeldoutError) as caught:
        fashion_mnist()
    assert f"FashionMNIST('{tmp_path / 'heldout'}', download=True)" in caught.value.next_step
    assert str(tmp_path / "heldout" / "FashionMNIST" / "raw") in caught.value.where


def test_a_split_is_disjoint_and_complete() -> None:
    parts = split(1_000, 7, sizes=(100, 50, 850))
    assert [len(part) for part in parts] == [100, 50, 850]
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(1_000))


def test_a_split_depends_on_the_seed_alone() -> None:
    [one, _], [same, _], [other, _] = (split(1_000, seed, sizes=(100, 900)) for seed in (7, 7, 8))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_what_one_assignment_holds_out_no_other_hands_out() -> None:
    held, *parts = split_clothes(7, 32, 50_000)
    same, *others = split_clothes(7, 60_000)
    assert len(held) == 10_000
    assert np.array_equal(held, same)
    assert not set(held) & {place for part in (*parts, *others) for place in part}
    assert [len(part) for part in parts] == [32, 50_000]


def test_the_split_of_the_clothes_is_pinned() -> None:
    assert np.array_equal(np.concatenate(split_clothes(7, 60_000)), split(70_000, 7, sizes=(70_000,))[0])


def test_a_split_larger_than_the_data_is_refused() -> None:
    with pytest.raises(HeldoutError, match="600, 500"):
        split(1_000, 7, sizes=(600, 500))


def test_streams_differ_by_seed_and_by_purpose() -> None:
    seeds = (1, 2, 1 + 2**255)  # a course's has 256 bits
    draws = [stream(seed, purpose).random(4).tolist() for seed in seeds for purpose in ("noise", "split")]
    assert len({tuple(draw) for draw in draws}) == 6
    assert stream(1, "noise").random(4).tolist() == draws[0]


def test_streams_are_pinned() -> None:
    """A course drawn years ago is drawn again from its seed: these figures may never change."""
    assert stream(2026, "split").integers(0, 1_000, 5).tolist() == [137, 227, 618, 38, 898]
