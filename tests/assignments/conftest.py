"""The reports of the shipped solutions: each is judged once, whichever files look at it."""

from collections.abc import Callable, Mapping
from functools import cache

import pytest
import torch

from grader import catalogue, sanity
from grader.prepared import Data
from grader.report import Report
from tests.assignments.in_process import judge, submission


@pytest.fixture(scope="session")
def judged(small: Callable[[str], Data]) -> Callable[[str], Mapping[str, Report]]:
    """Judges an assignment's baselines and reference solutions on the small profile: reports by name."""

    @cache
    def reports(slug: str) -> Mapping[str, Report]:
        assignment = catalogue.find(slug)
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # as in the sandbox; thousands of small steps are slower on many
        try:
            return {
                case.name: judge(assignment, small(slug), submission(case.folder))
                for case in sanity.shipped(assignment)
                if case.name != "starter"
            }
        finally:
            torch.set_num_threads(threads)

    return reports
