"""Data sets: found on this machine, verified by checksum, split by the course's seed.

Fashion-MNIST (Xiao, Rasul & Vollgraf 2017): 70,000 grey images of clothes, 28×28, ten classes of 7,000.
"""

import gzip
import hashlib
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from grader.errors import HeldoutError

DEBIAN_FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")

# SHA-256 of the unpacked files, since the packed ones differ: Debian strips name and time from the gzip
# header. Put back (1504176627 for the test labels), its file has the MD5 that torchvision states for the
# original.
FASHION_MNIST_SHA256 = {
    "train-images-idx3-ubyte.gz": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte.gz": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte.gz": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte.gz": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
IMAGES_HEADER, LABELS_HEADER = 16, 8  # bytes before the first value of an IDX file
SIDE = 28
CLOTHES, HELDOUT_CLOTHES = 70_000, 10_000  # images in all, and those that no assignment hands out
HANDED_OUT_CLOTHES = 50_000  # fewer than are left, so that what is missing isn't what is held out


@dataclass(frozen=True, eq=False)
class Images:
    """images: (70000, 28, 28) uint8; labels: (70000,) int64 in 0…9. The 60,000 training images come first."""

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]


def fashion_mnist(source: Path | None = None) -> Images:
    """All 70,000 images, from `source`, else Debian's package, else torchvision's download in the cache.

    Raises HeldoutError where there is none, or where a file is damaged.
    """
    folder = _find(source)
    files = {name: _unpack(folder / name, sha256) for name, sha256 in FASHION_MNIST_SHA256.items()}
    pixels = b"".join(files[f"{part}-images-idx3-ubyte.gz"][IMAGES_HEADER:] for part in ("train", "t10k"))
    labels = b"".join(files[f"{part}-labels-idx1-ubyte.gz"][LABELS_HEADER:] for part in ("train", "t10k"))
    return Images(
        images=np.frombuffer(pixels, np.uint8).reshape(-1, SIDE, SIDE),
        labels=np.frombuffer(labels, np.uint8).astype(np.int64),
    )


def stream(seed: int, purpose: str) -> np.random.Generator:
    """A random stream for one use of a seed; another purpose gives an independent stream.

    PCG64 seeded by numpy's SeedSequence, the purpose's SHA-256 being the spawn key (eight 32-bit words).
    """
    words = np.frombuffer(hashlib.sha256(purpose.encode()).digest(), dtype="<u4")
    sequence = np.random.SeedSequence(seed, spawn_key=tuple(int(word) for word in words))
    return np.random.Generator(np.random.PCG64(sequence))


def split(n: int, seed: int, *, sizes: tuple[int, ...]) -> tuple[npt.NDArray[np.int64], ...]:
    """Cut a random permutation of 0…n−1 into consecutive parts of the given sizes: disjoint index arrays.

    The permutation depends on `n` and `seed` alone.
    """
    if sum(sizes) > n:
        raise HeldoutError(
            f"a split into {', '.join(map(str, sizes))} items was asked for",
            expected=f"at most {n} in all",
            next_step="ask for fewer held-out items",
        )
    order = stream(seed, "split").permutation(n)
    return tuple(np.split(order[: sum(sizes)], np.cumsum(sizes)[:-1]))


def split_clothes(seed: int, *sizes: int) -> tuple[npt.NDArray[np.int64], ...]:
    """Places of Fashion-MNIST's images: of the 10,000 held out, then of parts of the given sizes. Disjoint.

    The first part is the same for whoever asks by one seed: what one assignment holds out, none hands out.
    """
    return split(CLOTHES, seed, sizes=(HELDOUT_CLOTHES, *sizes))


def public_mask(n: int, smallest: int = 64) -> npt.NDArray[np.bool_]:
    """Which of n items are the public board's, (n,): the first fifth, but no fewer than `smallest` or half.

    >>> [int(public_mask(n).sum()) for n in (64, 128, 256, 10_000)]
    [32, 64, 64, 2000]
    """
    return np.arange(n) < max(n // 5, min(n // 2, smallest))


def _find(source: Path | None) -> Path:
    cache = _torchvision_folder()
    candidates = (source,) if source else (DEBIAN_FASHION_MNIST, cache)
    for folder in candidates:
        if all((folder / name).is_file() for name in FASHION_MNIST_SHA256):
            return folder
    raise HeldoutError(
        "Fashion-MNIST is not on this machine",
        where=", ".join(str(folder) for folder in candidates),
        expected=", ".join(FASHION_MNIST_SHA256),
        next_step=f"run either `apt install dataset-fashion-mnist` or `{_download_command(cache)}`",
    )


def _torchvision_folder() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "heldout" / "FashionMNIST" / "raw"


def _download_command(folder: Path) -> str:
    root = folder.parent.parent  # torchvision appends FashionMNIST/raw
    return (
        f"python -c \"from torchvision.datasets import FashionMNIST; FashionMNIST('{root}', download=True)\""
    )


def _unpack(file: Path, sha256: str) -> bytes:
    content, found = _content(file)
    if found != sha256:
        raise HeldoutError(
            f"{file.name} is damaged",
            where=str(file),
            expected=f"SHA-256 of the unpacked content {sha256}; found {found}",
            next_step=f"delete it, then run either `apt install --reinstall dataset-fashion-mnist` or "
            f"`{_download_command(_torchvision_folder())}`",
        )
    return content


def _content(file: Path) -> tuple[bytes, str]:
    """The unpacked bytes and their SHA-256, or what is wrong with them."""
    try:
        content = gzip.decompress(file.read_bytes())
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        return b"", f"a file that does not unpack ({error})"
    return content, hashlib.sha256(content).hexdigest()
