"""`python -m benchmarks.peak SLUG SUBMISSION`: grade it in full, then print our own peak memory in bytes."""

import resource
import sys
from contextlib import closing

from grader import catalogue
from grader.archive import pack
from grader.catalogue import HOME
from grader.grade import grade
from grader.prepared import Data
from grader.sandbox.probe import choose


def main(slug: str, folder: str) -> int:
    assignment = catalogue.find(slug)
    prepared = assignment.prepare(None, 1, None)
    archive = pack(HOME / folder, limit=assignment.limits.archive_bytes).data
    data = Data(prepared.public, prepared.heldout, "")
    with closing(choose("zygote")) as sandbox:
        report = grade(assignment, archive, data, sandbox=sandbox, run_seed=0)
    assert report.public, report
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    print(main(*sys.argv[1:]))
