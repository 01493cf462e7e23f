"""The one place where templates become text: pages, charts and reports share filters and escaping."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from grader.outline import readable
from leaderboard.plain import lines, one_line, one_line_indented
from leaderboard.web import formats

FILTERS = ("fixed", "score", "name", "px", "counted", "day", "minute", "iso", "relative", "lasting", "wait")


def render(template: str, **shown: object) -> str:
    """What is shown is escaped, whatever it is; a name that is missing is an error."""
    return environment().get_template(template).render(shown)


@cache
def environment() -> Environment:
    made = Environment(
        loader=PackageLoader("leaderboard.web"),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update({each: getattr(formats, each) for each in FILTERS})
    made.filters.update(readable=readable, one_line=one_line, lines=lines, indented=one_line_indented)
    return made
