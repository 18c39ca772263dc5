"""What goes to the child and comes back is one line of JSON each."""

import msgspec

from appliance.core.lists.report import Report, Skipped
from appliance.core.lists.rule import Syntax, Why
from appliance.steward.lists.job import Done, Job, Part

PART = Part(
    id="a", paths=("/new", "/old"), is_allow=False, syntax=Syntax.AUTO, subdomains=True, redirects=False, wide=False
)


def test_there_and_back() -> None:
    """Nothing is lost on the way, whatever a line of a list holds."""
    job = Job((PART,), "/lists.set")
    done = Done("0123", {"a": "/new"}, {"a": Report(examples=(Skipped(1, Why.UNKNOWN, 'a\n"\u2028'),))}, {"b": "No."})
    for told in (job, done, Done(problem="No.")):
        line = msgspec.json.encode(told)
        assert b"\n" not in line
        assert msgspec.json.decode(line, type=type(told)) == told
