"""What is told of a hello, whichever parser read it."""

from appliance.core.wire.hello import Hello
from appliance.core.wire.tls import parse_hello
from tests.core.wire.hellos import CHROMIUM, NAME


def is_grease(number: int) -> bool:
    """Say whether a client puts a number in at random, so that nobody relies on there being none (RFC 8701)."""
    return number & 0x0F0F == 0x0A0A and number >> 8 == number & 0xFF


def test_what_a_client_puts_in_at_random_is_left_out() -> None:
    """Or no two hellos of one browser would be alike."""
    hello = parse_hello(CHROMIUM)
    assert isinstance(hello, Hello)
    told = (*hello.ciphers, *hello.extensions, *hello.groups, *hello.versions)
    assert told
    assert not any(map(is_grease, told))


def test_a_hello_is_a_value() -> None:
    """Two that say the same are the same; one that says nothing more has a name or none, and that is all."""
    assert parse_hello(CHROMIUM) == parse_hello(CHROMIUM)
    assert Hello(NAME) != Hello(None)
    assert (Hello(NAME).alpn, Hello(NAME).has_ech, Hello(NAME).has_esni) == ((), False, False)
