"""Packages that not every installation has: a student's laptop needs none of them to hand in."""

from grader.errors import HeldoutError

BROUGHT_BY = {
    "grader": frozenset(
        {
            "PIL", "alembic", "jinja2", "markdown_it", "markupsafe", "mnist1d", "numpy", "pyseccomp",
            "safetensors", "scipy", "sqlalchemy", "torch", "torchvision",
        }
    ),
    "cluster": frozenset({"cryptography", "dask", "dask_jobqueue", "distributed", "tornado"}),
    "notebooks": frozenset(
        {"IPython", "matplotlib", "matplotlib_inline", "nbgrader", "pandas", "pyarrow", "traitlets"}
    ),
    "server": frozenset(
        {
            "fastapi", "latex2mathml", "limits", "mdit_py_plugins", "multipart", "prometheus_client",
            "pythonjsonlogger", "sse_starlette", "starlette", "uvicorn",
        }
    ),
}  # fmt: skip


def lacking(error: ModuleNotFoundError) -> HeldoutError | None:
    """What to install; None where it is no package of these."""
    name = (error.name or "").partition(".")[0]
    for extra, modules in BROUGHT_BY.items():
        if name in modules:
            return HeldoutError(
                f"this needs the package {name}, which is not installed",
                expected=f"heldout with its extra {extra!r}; all of it but `heldout check` belongs "
                "on the machine that has the course folder",
                next_step=f"pip install 'heldout[{extra}]'",
            )
    return None
