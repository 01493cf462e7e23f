"""A program of its own that draws MNIST-1D signals, since the package sets the global random generator.

    python -I generate_signals.py < REQUEST > ARRAY

REQUEST is JSON, {"seed": words of 32 bits, "labels": digits}; ARRAY an .npy file: (n, 40) float64, not yet
standardised. The templates, their transformations and all figures are the package's own defaults; only the
seed is ours, with more bits than its make_dataset takes.
"""

import io
import json
import os
import sys

import numpy as np


def main() -> None:
    os.environ["MPLBACKEND"] = "Agg"  # mnist1d imports matplotlib, which would look for a screen
    from mnist1d.data import get_dataset_args, get_templates
    from mnist1d.transform import transform

    request = json.load(sys.stdin)
    templates, arguments = get_templates(), get_dataset_args()
    np.random.seed(request["seed"])
    signals = [transform(templates["x"][label], templates["t"], arguments)[0] for label in request["labels"]]
    buffer = io.BytesIO()
    np.save(buffer, np.stack(signals))
    sys.stdout.buffer.write(buffer.getvalue())


if __name__ == "__main__":
    main()
