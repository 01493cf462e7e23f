"""The assignment: what it is called, how it ranks, what its tiers are.

To change: the title; the metrics (the first ranks) by the names that evaluate.py gives its scores; the tiers,
from the easiest to the hardest, when you have measured their exemplars, and `train_tiers=(…)` when you have
measured these as train runs; how many `items` may be held out, by default the most; `limits=Limits(…)` and
`budget=Budget(…)` of grader.spec, where the defaults are too little. The statement repeats all of these.
"""

from grader.spec import Assignment, Metric, Range, Tier

from .data import prepare
from .evaluate import check, evaluate

ASSIGNMENT = Assignment(
    slug="the_slug",
    title="The title",
    metrics=(Metric("mae", unit="cycles", higher_is_better=False, digits=3),),
    tiers=(
        Tier("baseline", 6.2, "baselines/the_slug/constant"),
        Tier("reference", 0.05, "reference_solutions/the_slug/periodogram"),
    ),
    items=Range(64, 10_000),
    prepare=prepare,
    check=check,
    evaluate=evaluate,
)
