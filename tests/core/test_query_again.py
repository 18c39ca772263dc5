"""What many ask for is asked for again before it ends, and nobody notices."""

from appliance.core.answers import POPULAR
from appliance.core.person import Do, Rule
from appliance.core.query import Reply
from tests.core.box import Box
from tests.core.builders import AT, adult, child, message, query

TEXT = ["open.example 300 CNAME cdn.example", "cdn.example 300 A 192.0.2.1"]


def replies(box: Box, *seconds: float) -> list[Reply]:
    """Put an answer into the cache, and ask for it at these times."""
    box.journey(query("open.example"), message("open.example", "A", TEXT))
    return [box.reply(query("oPEN.example"), AT + later) for later in seconds]


def test_popular_name_that_ends_soon() -> None:
    """The reply is as ever, and says what to ask for."""
    found = replies(Box(person=adult()), *([1] * (POPULAR - 1)), 269, 271)
    assert [reply.again is None for reply in found] == [True] * POPULAR + [False]
    again = found[-1].again
    assert again is not None
    assert (again.name, again.query.qtype) == ("open.example", 1)
    assert (found[-1].rcode, found[-1].verdict) == (0, again.verdict)


def test_name_that_few_ask_for() -> None:
    """It is left to end."""
    assert [reply.again for reply in replies(Box(person=adult()), 280, 285)] == [None, None]


def test_answer_that_is_not_used() -> None:
    """Nor is anything asked for whose alias is blocked for who asks."""
    box = Box(person=child(rules=(Rule(name="cdn.example", do=Do.BLOCK),)))
    found = replies(box, *([1] * POPULAR), 280)
    assert found[-1].verdict is not None
    assert (found[-1].verdict.is_blocked, found[-1].again) == (True, None)
