"""Pictures of public examples as PNG files."""

import io

import numpy as np
from PIL import Image

from grader.spec import Picture

SCALE = 3  # screen pixels for a pixel of a tile
GAP = 1  # pixels between two tiles


def png(picture: Picture) -> bytes:
    """Encode a grid of grey images as a PNG, tiles side by side with thin white gaps."""
    rows, columns, height, width = picture.pixels.shape
    canvas = np.ones((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP))
    for row in range(rows):
        for column in range(columns):
            top, left = row * (height + GAP), column * (width + GAP)
            canvas[top : top + height, left : left + width] = picture.pixels[row, column]
    grey = Image.fromarray((canvas.clip(0, 1) * 255).round().astype(np.uint8))
    scaled = grey.resize((grey.width * SCALE, grey.height * SCALE), Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    scaled.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
