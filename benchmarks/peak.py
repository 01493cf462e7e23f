"""`python -m benchmarks.peak SLUG SUBMISSION FOLDER`: grade it in full, then print our peak memory in bytes.

FOLDER holds public.npz and heldout.npz: drawing them is another process's work.
"""

import re
import sys
from contextlib import closing
from pathlib import Path

import numpy as np

from grader import catalogue
from grader.archive import pack_for
from grader.catalogue import HOME
from grader.grade import grade
from grader.prepared import HELDOUT, PUBLIC, Data
from grader.sandbox.probe import choose


def main(slug: str, folder: str, drawn: str) -> int:
    assignment = catalogue.find(slug)
    archive = pack_for(assignment, HOME / folder).data
    public, heldout = (dict(np.load(Path(drawn) / name)) for name in (PUBLIC, HELDOUT))
    data = Data(public, heldout, "")
    with closing(choose("zygote")) as sandbox:
        report = grade(assignment, archive, data, sandbox=sandbox, run_seed=0)
    assert report.public, report
    # Not from getrusage, whose peak begins with that of the process which started this one.
    return int(re.findall(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.M)[0]) * 1024


if __name__ == "__main__":
    print(main(*sys.argv[1:]))
