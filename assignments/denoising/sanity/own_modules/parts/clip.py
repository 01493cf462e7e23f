def clip(noisy):
    return noisy.clamp(0, 1)
