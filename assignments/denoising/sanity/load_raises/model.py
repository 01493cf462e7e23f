"""load() opens a file that isn't in the archive."""

def load(folder, device):
    return (folder / 'weights.pt').read_bytes()
