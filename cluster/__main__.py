"""`python -m cluster SLOT`: one worker, as `heldout worker` starts it."""

import logging
import sys

from cluster.machine import UNFIT, load
from cluster.worker import work
from grader.errors import HeldoutError


def main() -> None:
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    try:
        work(load(sys.argv[1]))
    except HeldoutError as error:
        print(error, file=sys.stderr, flush=True)
        sys.exit(UNFIT)


if __name__ == "__main__":
    main()
