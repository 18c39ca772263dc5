"""Where a client's words begin: what is known of it, and what becomes of words without their beginning."""

import pytest

from appliance.core.mark import ANSWER, FIRST, OPENED, REPLY, State
from appliance.guard.inspector import GRACE_S, UNKNOWN, Given, Wait
from tests.core.builders import AT
from tests.guard.packets import PORT, ROUTER, SITE_V4, TABLET, TABLET_V4, hello, tcp
from tests.guard.seen import WATCHED, Seen, state_of


@pytest.mark.parametrize(
    ("given", "after_s", "state"),
    [
        (Given(("www.wikipedia.org",)), GRACE_S, State.ALLOWED),
        (Given(("www.tiktok.com",)), GRACE_S, State.REFUSED),
        (UNKNOWN, GRACE_S, State.REFUSED),
        (UNKNOWN, 0.0, State.ALLOWED),
        (Given(("www.tiktok.com",)), 0.0, State.REFUSED),
    ],
)
def test_words_without_their_beginning_name_nothing(seen: Seen, given: Given, after_s: float, state: State) -> None:
    """Others may stand before them: what the address was given for counts, which after a start may be forgotten."""
    began = AT + after_s
    assert seen.look(tcp(hello("www.wikipedia.org")), began - 11.0) == WATCHED
    (wait,) = seen.inspector.tend(began - 0.5)
    assert state_of(seen.inspector.decide(wait, given, began)) is state


def test_the_server_says_where_the_words_begin(seen: Seen) -> None:
    """No SYN is queued: of a first packet so marked nobody doubts that nothing stood before it."""
    assert state_of(seen.look(tcp(hello("www.tiktok.com")), AT + 2 * GRACE_S, flags=FIRST | ANSWER)) is State.REFUSED
    (told,) = seen.told
    assert (told.device, told.name) == ("tablet", "www.tiktok.com")


def test_a_server_that_speaks_first(seen: Seen) -> None:
    """Its packet comes from the router's MAC: whose the connection is tells the address that it goes to."""
    seen.macs[TABLET_V4] = TABLET
    back = tcp(b"220 mail\r\n", source=SITE_V4, target=TABLET_V4, ports=(443, PORT))
    assert seen.look(back, mac=ROUTER, flags=REPLY) == WATCHED | REPLY
    assert state_of(seen.look(tcp(hello("www.tiktok.com")), flags=FIRST)) is State.REFUSED
    assert seen.told[-1].device == "tablet"


def test_words_that_come_before_their_beginning(seen: Seen) -> None:
    """Of a connection that began here they go nowhere, and are sent again; behind the beginning they go on."""
    words = hello("www.wikipedia.org")
    assert seen.look(tcp(words[40:], 40), flags=OPENED) is None
    assert seen.look(tcp(words[:40]), flags=OPENED | FIRST | ANSWER) == WATCHED | OPENED | FIRST | ANSWER
    assert state_of(seen.look(tcp(words[40:], 40), flags=OPENED)) is State.ALLOWED
    assert seen.counts["early"] == 1


@pytest.mark.parametrize(
    ("given", "state"),
    [
        (UNKNOWN, State.REFUSED),
        (Given(("www.wikipedia.org",)), State.ALLOWED),
        (Given(("www.tiktok.com",)), State.REFUSED),
        (Given(is_untold=True), State.ALLOWED),
    ],
)
def test_a_beginning_that_never_comes(seen: Seen, given: Given, state: State) -> None:
    """What the address was given for counts; where that is nothing, it is as with two names at once."""
    octets = tcp(hello("www.wikipedia.org"), 40)
    assert seen.look(octets, flags=OPENED) is None
    wait = seen.look(octets, flags=OPENED)
    assert isinstance(wait, Wait)
    assert state_of(seen.inspector.decide(wait, given, AT)) is state


def test_words_that_confirm_what_was_never_said(seen: Seen) -> None:
    """A server drops them and takes the next ones: they go nowhere, and those that follow are read."""
    decoy = hello("www.wikipedia.org")
    assert seen.look(tcp(decoy), flags=OPENED | FIRST) is None
    assert state_of(seen.look(tcp(hello("www.tiktok.com")), flags=OPENED | FIRST | ANSWER)) is State.REFUSED
    assert [told.name for told in seen.told] == ["www.tiktok.com"]


def test_words_that_confirm_what_was_never_said_and_nothing_else(seen: Seen) -> None:
    """Sent again and again, it is as with a beginning that never comes."""
    decoy = tcp(hello("www.wikipedia.org"))
    assert seen.look(decoy, flags=OPENED | FIRST) is None
    wait = seen.look(decoy, flags=OPENED | FIRST)
    assert isinstance(wait, Wait)
    assert state_of(seen.inspector.decide(wait, UNKNOWN, AT)) is State.REFUSED
