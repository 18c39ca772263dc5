"""What is known of a flow: the beginnings of its packets, and who says what."""

from appliance.core.signs.facts import FIRST_OCTETS, HEAD_OCTETS, Facts, Glimpse, Kind

LONG = bytes(range(256)) * 4


def facts_of(*payloads: tuple[bytes, bool]) -> Facts:
    """Return what is known of a flow of these payloads; True marks the client's."""
    facts = Facts(17, b"\x01" * 4, 1111, b"\x02" * 4, 2222)
    for payload, is_clients in payloads:
        facts.see(payload, is_clients)
    return facts


def test_nothing_is_known_at_first() -> None:
    """But the ends."""
    facts = facts_of()
    assert (facts.client_port, facts.server_port) == (1111, 2222)
    assert (facts.glimpses, facts.first, facts.answer, facts.kind) == ([], b"", b"", Kind.OTHER)
    assert not facts.has_start


def test_a_payload_is_kept_as_far_as_it_is_looked_at() -> None:
    """Its size is known all the same."""
    facts = facts_of((LONG, True), (b"answer", False))
    assert facts.glimpses == [Glimpse(True, 1024, LONG[:HEAD_OCTETS]), Glimpse(False, 6, b"answer")]
    assert (facts.first, facts.answer) == (LONG[:FIRST_OCTETS], b"answer")


def test_the_first_of_either_side_is_kept() -> None:
    """What comes later is but glimpsed."""
    facts = facts_of((b"a", False), (b"b", False), (b"c", True), (b"d", True))
    assert (facts.first, facts.answer) == (b"c", b"a")
    assert [one.head for one in facts.glimpses] == [b"a", b"b", b"c", b"d"]


def test_the_other_end_may_turn_out_to_be_the_client() -> None:
    """Then all is told from its side."""
    facts = facts_of((b"a", True), (b"b", False))
    facts.turn()
    assert (facts.client, facts.client_port) == (b"\x02" * 4, 2222)
    assert (facts.server, facts.server_port) == (b"\x01" * 4, 1111)
    assert (facts.first, facts.answer) == (b"b", b"a")
    assert facts.glimpses == [Glimpse(False, 1, b"a"), Glimpse(True, 1, b"b")]
