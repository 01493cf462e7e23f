"""No attack: a package from the network, as notebooks install them."""

import subprocess
import sys

subprocess.run([sys.executable, "-m", "pip", "install", "einops"], check=True)


def load(folder, device):
    import einops

    return einops
