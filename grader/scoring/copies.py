"""Which generated images are copies of real ones: moved, mirrored, brightened, turned or stretched perhaps.

Two images are as far apart as the sine of the angle between their pixels, which no gain changes, at the
best of 25 shifts and two orientations; or, blurred, the sine of the angle between the one and all that the
other becomes when it is moved, turned, stretched and sheared a little: the tangent distance (Simard, LeCun &
Denker 1993, to first order). How small a distance makes a copy depends on the image: trousers are alike, bags
are not. So the distance to the nearest real image is divided by that one's own distance to its nearest other
real image: `Nearest.novelty`. What is drawn anew lies about 1 and above, a copy near 0.
"""

from dataclasses import dataclass

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
CHUNK = 50  # images at a time: some 80 MB beside 70,000 real ones
CLOSEST = 5  # of the candidates: those whose tangents are taken
BLUR = 1.0  # pixels: σ of the Gaussian before that; tangents of sharp edges reach nowhere
STIFF = 1e-3  # ridge of the least squares, relative to the tangents' mean square
SMALLEST = 1e-3  # of distances: a real image that is there twice has no nearest other


@dataclass(frozen=True)
class Nearest:
    """What the search found for n images; the first row by pixels, the second by tangents."""

    index: Indices  # (2, n), which real image
    novelty: PerItem  # (2, n), distance to it over that one's to its nearest other


class CopySearch:
    """All real images, (N, 28, 28) uint8, made ready for searching; N at least 66."""

    def __init__(self, images: Stack) -> None:
        self.images = images
        rough = _unit(_sketches(images))
        self.mean = rough.mean(axis=0)
        self.sketches = _unit(rough - self.mean)

    def search(self, images: Stack, spacing: npt.NDArray[np.floating]) -> Nearest:
        """images: (n, 28, 28). `spacing`, (2, N), depends on the real images alone: found once, for all."""
        index, distance = self.nearest(images)
        between = np.take_along_axis(spacing.astype(np.float64), index, axis=1)
        return Nearest(index, np.asarray(distance / np.maximum(between, SMALLEST)))

    def spacing(self) -> PerItem:
        """Each real image's distance to its nearest other, (2, N): minutes for 70,000."""
        _, distance = self.nearest(self.images, themselves=np.arange(len(self.images)))
        return distance

    def nearest(self, images: Stack, *, themselves: Indices | None = None) -> tuple[Indices, PerItem]:
        """The nearest real image to each of (n, 28, 28), and its distance in 0…1: (2, n) and (2, n).

        The first row goes by pixels, the second by tangents. `themselves` (n,) names one real image for each
        that does not count.
        """
        index, distance = np.empty((2, len(images)), np.int64), np.empty((2, len(images)))
        for first in range(0, len(images), CHUNK):
            part = slice(first, first + CHUNK)
            not_these = None if themselves is None else themselves[part]
            index[:, part], distance[:, part] = self._nearest(images[part], not_these)
        return index, distance

    def _nearest(self, images: Stack, themselves: Indices | None) -> tuple[Indices, PerItem]:
        rows = np.arange(len(images))
        indices, distances = [], []
        for turned in (images, images[:, :, ::-1]):
            likeness = _unit(_unit(_sketches(turned)) - self.mean) @ self.sketches.T  # (n, N)
            if themselves is not None:
                likeness[rows, themselves] = -np.inf
            candidates = np.argpartition(likeness, -CANDIDATES, axis=1)[:, -CANDIDATES:]
            place, distance = _closest(turned, self.images[candidates])  # (2, n)
            indices.append(candidates[rows, place])
            distances.append(distance)
        better = np.stack(distances).argmin(axis=0)  # (2, n): which orientation
        kind = np.arange(2)[:, np.newaxis]
        return np.stack(indices)[better, kind, rows], np.stack(distances)[better, kind, rows]


def distance_within(images: Stack) -> PerItem:
    """(n, 28, 28) → (n,): how far each image is from the nearest other of the same set, in 0…1.

    The sine of the angle between their pixels, both moved by whole pixels to have their centre of mass in the
    middle. 5,000 images take a second or two.
    """
    rows = _unit(_centred(images).reshape(len(images), -1))
    cosine = np.empty(len(rows))
    for first in range(0, len(rows), 10 * CHUNK):
        likeness = rows[first : first + 10 * CHUNK] @ rows.T
        own = np.arange(len(likeness))
        likeness[own, first + own] = -1
        cosine[first : first + 10 * CHUNK] = likeness.max(axis=1)
    return np.asarray(np.sqrt((1 - cosine**2).clip(min=0)))


def _centred(images: Stack) -> Floats:
    """(n, 28, 28) → the same in 1…256, so that black ones have a direction, too; borders wrap around."""
    place = np.arange(SIDE)
    weight = np.maximum(images.sum(axis=(1, 2)), 1)
    centre = [images.sum(axis=axis) @ place / weight for axis in (2, 1)]  # down, right
    moves = np.rint((SIDE - 1) / 2 - np.stack(centre, axis=1)).astype(int)
    grey = images + np.float32(1)
    return np.stack([np.roll(image, move, (0, 1)) for image, move in zip(grey, moves, strict=True)])


def _closest(ours: Stack, theirs: Stack) -> tuple[Indices, PerItem]:
    """(n, 28, 28), (n, c, 28, 28) → closest candidate and its distance, by pixels and by tangents: (2, n)."""
    rows = np.arange(len(ours))
    moved, inside = _moved(ours), _moved(np.full((1, SIDE, SIDE), 255, np.uint8))[0]  # inside: ones and zeros
    flat = theirs.reshape(*theirs.shape[:2], -1) / np.float32(255)  # (n, c, 784)
    products = flat @ moved.transpose(0, 2, 1)  # (n, c, shifts)
    lengths = np.sqrt(np.square(flat) @ inside.T) * np.linalg.norm(moved, axis=2)[:, np.newaxis]
    cosines = products / np.maximum(lengths, 1e-6)
    best = np.argpartition(cosines.max(axis=2), -CLOSEST, axis=1)[:, -CLOSEST:]  # (n, closest)
    column = rows[:, np.newaxis]
    shift = cosines[column, best].argmax(axis=2)
    tangent = _tangent_distances(moved[column, shift], flat[column, best] * inside[shift])
    cosine = cosines.max(axis=2)
    nearest = np.stack([cosine.argmax(axis=1), best[rows, tangent.argmin(axis=1)]])
    sine = np.sqrt((1 - cosine.max(axis=1).astype(np.float64) ** 2).clip(min=0))
    return nearest, np.stack([sine, tangent.min(axis=1)])


def _tangent_distances(ours: Floats, theirs: Floats) -> Floats:
    """(…, 784) twice → (…): sine of the angle between `ours` and the tangents of `theirs`, both blurred."""
    unit = np.eye(7, dtype=np.float32)
    seen = _blurred(ours)
    tangents = _tangents(_blurred(theirs))  # (…, 7, 784)
    gram = tangents @ tangents.swapaxes(-1, -2)
    ridge = STIFF * np.trace(gram, axis1=-2, axis2=-1)[..., np.newaxis, np.newaxis] / 7 + np.float32(1e-9)
    weights = np.linalg.solve(gram + ridge * unit, tangents @ seen[..., np.newaxis])
    left = seen - (tangents.swapaxes(-1, -2) @ weights)[..., 0]
    length = np.linalg.norm(seen, axis=-1)
    return np.asarray(np.where(length > 0, np.linalg.norm(left, axis=-1) / np.maximum(length, 1e-6), 1))


def _tangents(flat: Floats) -> Floats:
    """(…, 784) → (…, 7, 784): the image, and how it changes as it moves, turns, stretches and shears."""
    images = flat.reshape(*flat.shape[:-1], SIDE, SIDE)
    place = (np.arange(SIDE, dtype=np.float32) - (SIDE - 1) / 2) / (SIDE / 2)
    slopes = [np.gradient(images, axis=axis) for axis in (-2, -1)]
    parts = [images, *slopes, *(slope * each for slope in slopes for each in (place[:, np.newaxis], place))]
    return np.stack(parts, axis=-3).reshape(*flat.shape[:-1], 7, -1).astype(np.float32)


def _blurred(flat: Floats) -> Floats:
    """(…, 784) → the same; what leaves at the border is lost."""
    place = np.arange(SIDE, dtype=np.float32)
    blur = np.exp(-np.square((place - place[:, np.newaxis]) / BLUR) / 2)
    blur /= blur.sum(axis=1).max()
    return np.asarray((blur @ flat.reshape(*flat.shape[:-1], SIDE, SIDE) @ blur).reshape(flat.shape))


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
    for first in range(0, len(images), 80 * CHUNK):
        grey = images[first : first + 80 * CHUNK] / np.float32(255)
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
