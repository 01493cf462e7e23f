"""Notebooks: what is handed out, what was handed in, and how its cells are graded."""
