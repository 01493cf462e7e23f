"""Which generated images are copies of real ones, moved by a pixel or two, mirrored or brightened perhaps.

Two images are as far apart as the sine of the angle between their pixels, which no gain changes, at the best
of 25 shifts and two orientations. How small a distance makes a copy depends on the image: trousers are alike,
bags are not. So the distance to the nearest real image is divided by that one's own distance to its nearest
other real image: `Real.novelty`. What is drawn anew lies about 1 and above, a copy near 0.
"""

import numpy as np
import numpy.typing as npt

Stack = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
PerItem = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

SIDE = 28
WINDOWS, PITCH, WIDTH = 8, 3.5, 2.0  # of the first search: windows along a side, pixels apart, their σ
CANDIDATES = 64  # real images that are then compared pixel by pixel, for each orientation
REACH = 2  # pixels by which an image may be moved, each way
SHIFTS = [(down, right) for down in range(-REACH, REACH + 1) for right in range(-REACH, REACH + 1)]
CHUNK = 250  # images at a time: some 150 MB beside 70,000 real ones
SMALLEST = 1e-3  # of distances: a real image that is there twice has no nearest other


class Real:
    """All real images, (N, 28, 28) uint8, made ready for searching; N at least 66."""

    def __init__(self, images: Stack) -> None:
        self.images = images
        rough = _unit(_sketches(images))
        self.mean = rough.mean(axis=0)
        self.sketches = _unit(rough - self.mean)

    def novelty(self, images: Stack) -> PerItem:
        """(n, 28, 28) → (n,): distance to the nearest real image over that one's to its nearest other."""
        index, distance = self.nearest(images)
        known, place = np.unique(index, return_inverse=True)
        _, between = self.nearest(self.images[known], themselves=known)
        return np.asarray(distance / np.maximum(between[place], SMALLEST))

    def nearest(self, images: Stack, *, themselves: Indices | None = None) -> tuple[Indices, PerItem]:
        """The nearest real image to each of (n, 28, 28), and its distance in 0…1: (n,) and (n,).

        `themselves` (n,) names one real image for each that does not count.
        """
        index, distance = np.empty(len(images), np.int64), np.empty(len(images))
        for first in range(0, len(images), CHUNK):
            part = slice(first, first + CHUNK)
            not_these = None if themselves is None else themselves[part]
            index[part], distance[part] = self._nearest(images[part], not_these)
        return index, distance

    def _nearest(self, images: Stack, themselves: Indices | None) -> tuple[Indices, PerItem]:
        rows = np.arange(len(images))
        found = []
        for turned in (images, images[:, :, ::-1]):
            likeness = _unit(_unit(_sketches(turned)) - self.mean) @ self.sketches.T  # (n, N)
            if themselves is not None:
                likeness[rows, themselves] = -np.inf
            candidates = np.argpartition(likeness, -CANDIDATES, axis=1)[:, -CANDIDATES:]
            cosines = _cosines(turned, self.images[candidates])
            place = cosines.argmax(axis=1)
            found.append((candidates[rows, place], cosines[rows, place].astype(np.float64)))
        index, cosine = (np.stack(each) for each in zip(*found, strict=True))  # each (2, n)
        better = cosine.argmax(axis=0)
        return index[better, rows], np.sqrt((1 - cosine[better, rows] ** 2).clip(min=0))


def _cosines(ours: Stack, theirs: Stack) -> Floats:
    """(n, 28, 28), (n, c, 28, 28) → (n, c): cosine of the angle where they overlap, at the best shift."""
    moved, inside = _moved(ours), _moved(np.full((1, SIDE, SIDE), 255, np.uint8))[0]  # inside: ones and zeros
    flat = theirs.reshape(*theirs.shape[:2], -1) / np.float32(255)  # (n, c, 784)
    products = flat @ moved.transpose(0, 2, 1)  # (n, c, shifts)
    lengths = np.sqrt(np.square(flat) @ inside.T) * np.linalg.norm(moved, axis=2)[:, np.newaxis]
    return np.asarray((products / np.maximum(lengths, 1e-6)).max(axis=2))


def _moved(images: Stack) -> Floats:
    """(n, 28, 28) → (n, 25, 784) in [0, 1]: each image at each shift, zero where nothing comes in."""
    padded = np.pad(images / np.float32(255), ((0, 0), (REACH, REACH), (REACH, REACH)))
    views = [
        padded[:, REACH - down : REACH - down + SIDE, REACH - right : REACH - right + SIDE]
        for down, right in SHIFTS
    ]
    return np.asarray(np.stack(views, axis=1).reshape(len(images), len(SHIFTS), -1), np.float32)


def _sketches(images: Stack) -> Floats:
    """(n, 64): the grey seen through 8×8 soft windows laid about the centre of mass."""
    found = []
    for first in range(0, len(images), 40 * CHUNK):
        grey = images[first : first + 40 * CHUNK] / np.float32(255)
        down, right = (_windows(grey.sum(axis=axis)) for axis in (2, 1))  # each (n, 8, 28)
        found.append((down @ grey @ right.transpose(0, 2, 1)).reshape(len(grey), -1))
    return np.concatenate(found)


def _windows(profile: Floats) -> Floats:
    """(n, 28) → (n, 8, 28): eight Gaussian windows along one side, about the profile's centre."""
    place = np.arange(SIDE, dtype=np.float32)
    centre = profile @ place / np.maximum(profile.sum(axis=1), np.float32(1e-6))
    offsets = PITCH * (np.arange(WINDOWS, dtype=np.float32) - np.float32((WINDOWS - 1) / 2))
    away = place - (centre[:, np.newaxis] + offsets)[:, :, np.newaxis]
    return np.asarray(np.exp(-np.square(away / WIDTH) / 2))


def _unit(rows: Floats) -> Floats:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-6)))
