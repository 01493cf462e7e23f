"""A text split by the course's secret seed: what to train on, and streams that are held out."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from grader.corpus import BLOCK_CHARACTERS, Codes, Corpus, corpus, split_blocks
from grader.datasets import public_mask, stream
from grader.errors import HeldoutError
from grader.spec import Prepared

CONTEXT = 50  # characters at the beginning of a stream, which aren't scored
ITEM = 200  # characters: what one score is the mean of
ITEMS_PER_STREAM = 8
EXAMPLES = 32
EXAMPLE = CONTEXT + 3 * ITEM  # characters: a shorter stream, from blocks that are not handed out to train on
SMALLEST_PUBLIC = 8  # streams: with fewer, the public board's interval is not worth showing
FEWEST_BLOCKS = 240  # in a text of a course's own: some 400,000 characters


def prepare(source: Path | None, seed: int, n: int) -> Prepared:
    """Draw one course's data from the text in `source` (None: the King James Bible).

    A sixth of the text's blocks is held out; a fifth of these is the public board's.
    public: text (characters,) uint8, to train on; examples (32, 650) uint8, not in `text`; symbols (V,)
    int32, the code points that uint8 codes stand for. heldout: streams (⌈n/8⌉, 1650) uint8; symbols; public
    (n,) bool. Item i is 200 characters of stream ⌊i/8⌋, from 50 + 200·(i mod 8) on; a fifth of the streams,
    but at least 8 of 16, are the public board's. Raises HeldoutError when the text is missing, damaged or too
    short.
    """
    text = corpus(source)
    seen, unseen, aside, rest = split_blocks(text, seed, sizes=_sizes(text))
    count = -(-n // ITEMS_PER_STREAM)
    is_public = public_mask(count, SMALLEST_PUBLIC)
    count_public = int(is_public.sum())
    length = CONTEXT + ITEM * ITEMS_PER_STREAM
    streams = np.concatenate(
        [
            _draw(seen, length, count_public, seed, "rnn: public streams"),
            _draw(unseen, length, count - count_public, seed, "rnn: private streams"),
        ]
    )
    symbols = np.array([ord(symbol) for symbol in text.symbols], np.int32)
    return Prepared(
        public={
            "text": np.concatenate(rest),
            "examples": _draw(aside, EXAMPLE, EXAMPLES, seed, "rnn: examples"),
            "symbols": symbols,
        },
        heldout={
            "streams": streams,
            "symbols": symbols,
            "public": np.repeat(is_public, ITEMS_PER_STREAM)[:n],
        },
    )


def _sizes(text: Corpus) -> tuple[int, int, int, int]:
    """Blocks held out for the public board and for the private one, kept for examples, handed out."""
    n = len(text.blocks())
    if n < FEWEST_BLOCKS:
        raise _too_short(f"{n} blocks of {BLOCK_CHARACTERS:,} characters", f"at least {FEWEST_BLOCKS}")
    heldout = n // 6
    a_block_has = max(1, sum(map(len, text.lines)) // n // EXAMPLE)  # examples
    examples = max(n // 60, -(-EXAMPLES // a_block_has))
    return heldout // 5, heldout - heldout // 5, examples, n - heldout - examples


def _draw(blocks: list[Codes], length: int, count: int, seed: int, purpose: str) -> npt.NDArray[np.uint8]:
    """`count` of the streams into which the blocks can be cut, none across two blocks: (count, length)."""
    cut = [block[: len(block) // length * length].reshape(-1, length) for block in blocks]
    streams = np.concatenate(cut)
    if len(streams) < count:
        raise _too_short(f"only {len(streams)} streams of {length} characters in a part", f"{count} of them")
    return streams[stream(seed, purpose).permutation(len(streams))[:count]]


def _too_short(what: str, expected: str) -> HeldoutError:
    return HeldoutError(
        f"the text is too short: {what}",
        expected=expected,
        next_step="name a longer text, or break its lines; or set fewer `items`",
    )
