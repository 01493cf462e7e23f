"""Small grey images rendered anew: what they show stays, no pixel value can be looked up.

A public data set's images are known to everyone, byte for byte. A small affine map, a shift by parts of a
pixel and a gain, drawn for each image under a secret seed, leave a shirt a shirt and make another array of
it. Whoever compares images instead of bytes may still find the original: this is a hurdle for tables keyed
by content, no secrecy.
"""

import math

import numpy as np
import numpy.typing as npt
from scipy import ndimage

ROTATION = math.radians(8)  # each parameter is uniform in ± its constant
SCALE = 0.08  # of height and of width, independently: 0.92 to 1.08
SHEAR = 0.08  # pixels sideways for each pixel down
SHIFT = 1.5  # pixels, down and to the right
GAIN = 0.12  # 0.88 to 1.12; what exceeds 255 is clipped


def render(images: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Turn each image by up to 8°, scale and shear it by up to 8 %, shift it by up to 1.5 pixels; and a gain.

    images: (n, height, width) uint8 on a black ground; returns the same shape and type. The map's fixed
    point before the shift is the image's centre. Values between pixels are interpolated linearly, outside
    is black. An image's rendering depends on the generator and on its place in the stack alone: a longer
    stack begins with the same renderings. 10,000 images of 28×28 take under a second.
    """
    maps, shifts, gains = _draw(len(images), rng)
    centre = (np.array(images.shape[1:]) - 1) / 2
    rendered = np.empty_like(images)
    for index, image in enumerate(images):
        # affine_transform asks where each pixel of the output comes from: input = map · output + offset.
        offset = centre - maps[index] @ (centre + shifts[index])
        warped = ndimage.affine_transform(image, maps[index], offset, output=np.float64, order=1)
        rendered[index] = np.rint(warped * gains[index]).clip(0, 255)
    return rendered


def _draw(
    n: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """maps (n, 2, 2) of (row, column), shifts (n, 2) in pixels, gains (n,)."""
    drawn = rng.uniform(-1, 1, size=(n, 7))
    angle, shear = ROTATION * drawn[:, 0], SHEAR * drawn[:, 1]
    scales = 1 + SCALE * drawn[:, 2:4]
    cos, sin = np.cos(angle), np.sin(angle)
    rotation = np.stack([np.stack([cos, -sin], axis=1), np.stack([sin, cos], axis=1)], axis=1)
    slant = np.zeros((n, 2, 2))
    slant[:, 0, 0], slant[:, 1, 1], slant[:, 1, 0] = scales[:, 0], scales[:, 1], shear
    return rotation @ slant, SHIFT * drawn[:, 4:6], 1 + GAIN * drawn[:, 6]
