"""The reports of the shipped solutions: each is judged once, whichever files look at it."""

from collections.abc import Callable, Mapping
from functools import cache

import pytest

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
        return {
            case.name: judge(assignment, small(slug), submission(case.folder))
            for case in sanity.shipped(assignment)
            if case.name != "starter"
        }

    return reports
