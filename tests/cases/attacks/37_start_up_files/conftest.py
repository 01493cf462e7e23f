"""Run by whoever starts a Python here."""

print("GOT a Python that ran conftest.py", flush=True)
