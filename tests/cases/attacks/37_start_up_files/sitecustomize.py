"""Run by whoever starts a Python here."""

print("GOT a Python that ran sitecustomize.py", flush=True)
