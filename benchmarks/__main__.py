"""`python -m benchmarks [NAME]…`: run all or some, print a table each, record their rows."""

import sys

from benchmarks import cluster, ledger, notebooks, protocols, rnn, sandbox, server, statistics, training
from benchmarks.record import Benchmark, keep, show

BENCHMARKS: dict[str, tuple[str, Benchmark]] = {
    "memory": ("Peak memory of the grader's own process", protocols.measure_memory),
    "ledger": ("Boards and submissions of 3,000 teams with 1,000,000 submissions", ledger.measure),
    "protocols": ("An evaluation through its protocol, against the model itself", protocols.measure),
    "rnn": ("A language model, character by character, against the same in this process", rnn.measure),
    "statistics": ("The board's statistics, simulated on real scores and attacked", statistics.measure),
    "server": ("A class of 300 against one server, all within a minute, while it grades", server.measure),
    "cluster": ("Dispatching to workers of a cluster, real ones and 64 that only sleep", cluster.measure),
    "notebooks": ("Ten tiny notebooks, autograded by nbgrader and in sandboxes", notebooks.measure),
    "training": ("A training in the sandbox, against the same in a plain process", training.measure),
    "sandbox": ("One submission in a sandbox, against the same in plain processes", sandbox.measure),
}


def main(names: list[str]) -> int:
    missed = 0
    for name in names or list(BENCHMARKS):
        title, measure = BENCHMARKS[name]
        rows = measure()
        show(title, rows)
        keep(name, rows)
        missed += sum(row.holds is False for row in rows)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
