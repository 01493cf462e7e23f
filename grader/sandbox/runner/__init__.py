"""The program inside the sandbox: stdlib, torch and numpy only. Nothing of ours is importable there.

`frames` is shared with the grader; the rest runs beside hostile code and is never trusted by it.
"""
