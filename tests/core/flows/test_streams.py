"""A connection's streams give what its server surely reads: however cut, reordered, doubled or contradicted."""

from itertools import permutations

import pytest

from appliance.core.flows.settle import Settle, Why
from appliance.core.flows.streams import Streams
from appliance.core.signs.facts import Kind
from appliance.core.wire.packet import ACK, FIN, RST, SYN, URG, Packet
from tests.core.flows.packets import (
    DECOY,
    HELLO,
    ISN,
    NAME,
    REQUEST,
    SERVER_HELLO,
    accept,
    ended,
    fed,
    ids,
    reply,
    say,
    syn,
)
from tests.core.wire import hellos

BEGUN = (syn(), accept())
FAKE = HELLO.replace(NAME.encode(), DECOY.encode())
HELLOS = [(HELLO, NAME), (hellos.CHROMIUM, hellos.NAME)]
IDS = ["small", "Chromium's"]


def settled(*packets: Packet) -> Settle:
    """Return what packets settle, at the last of them."""
    assert fed(packets[:-1]) is None
    found = fed(packets)
    assert found is not None
    return found


def two_stories(settle: Settle | None) -> bool:
    """Say whether a flow told two stories and so no name."""
    return ids(settle) == ["two_stories"] and settle is not None and (settle.name, settle.hello) == (None, None)


# --- in pieces


@pytest.mark.parametrize("begun", [BEGUN, ()], ids=["begun", "in the middle"])
@pytest.mark.parametrize(("hello", "name"), HELLOS, ids=IDS)
def test_cut_in_two_at_every_octet(hello: bytes, name: str, begun: tuple[Packet, ...]) -> None:
    """In both orders; with another hello's octets over the first part it is no name."""
    fake = hello.replace(name.encode(), b"x" * len(name))
    for cut in range(1, len(hello)):
        one, two = say(0, hello[:cut]), say(cut, hello[cut:])
        assert settled(*begun, one, two).name == name
        if begun or cut > 9:
            late = fed((*begun, two, one))
            assert late is not None
            assert late.name in (name, None if not begun else name)
        other = fed((*begun, one, say(0, fake[: cut + 1]), two))
        assert other is not None
        if fake[:cut] == hello[:cut]:
            assert other.name in (name, None)
        else:
            assert two_stories(other)


@pytest.mark.parametrize(("hello", "name"), HELLOS, ids=IDS)
def test_cut_in_three_at_every_octet(hello: bytes, name: str) -> None:
    """In every order, each piece twice: the name at the last piece's first coming, and not before."""
    step = 1 if len(hello) < 200 else 211
    for first in range(1, len(hello) - 1, step):
        for second in range(first + 1, len(hello), 7 if step == 1 else step):
            places = [(0, first), (first, second), (second, len(hello))]
            for one, two, three in permutations(say(a, hello[a:b]) for a, b in places):
                assert settled(*BEGUN, one, one, two, one, two, three).name == name


@pytest.mark.parametrize("cut", range(2, len(HELLO) - 1))
def test_other_octets_over_it(cut: int) -> None:
    """Before, behind, across, one octet alone: no name if they differ where both say something."""
    head, tail = say(0, HELLO[:cut]), say(cut, HELLO[cut:])
    for over in (say(0, FAKE[:cut]), say(cut - 2, FAKE[cut - 2 : cut]), say(cut - 1, b"\x00")):
        is_same = over.payload == HELLO[:cut] or over.payload == HELLO[cut - 2 : cut] or HELLO[cut - 1 : cut] == b"\x00"
        found = settled(*BEGUN, head, over, tail)
        assert two_stories(found) or (found.name == NAME and is_same)


@pytest.mark.parametrize(
    ("octets", "kind"),
    [
        (HELLO[:1], Kind.TLS),
        (HELLO[:-20], Kind.TLS),
        (b"G", Kind.HTTP),
        (b"GET / HTTP/1.1\r\nX: y\r\n", Kind.HTTP),
        (b"GETTING", Kind.OTHER),
        (b"\x00\x01", Kind.OTHER),
    ],
)
def test_what_is_sent_slowly_is_known_by_its_beginning(octets: bytes, kind: Kind) -> None:
    """A hello or a request that never ends is one that names nothing."""
    found = ended([*BEGUN, say(0, octets)], wants_start=True)
    assert (found.name, found.kind) == (None, kind)
    if kind is Kind.TLS:
        assert ended([*BEGUN, say(0, octets)]).kind is Kind.OTHER, "a recording may be cut there"


def test_octets_one_by_one_end_at_the_limit() -> None:
    """Twelve packets are too few for a hello of single octets."""
    packets = [*BEGUN, *(say(at, HELLO[at : at + 1]) for at in range(12))]
    found = settled(*packets)
    assert (found.why, found.name, found.kind) == (Why.LIMIT, None, Kind.OTHER)
    live = fed(packets, wants_start=True)
    assert live is not None
    assert (live.why, live.kind) == (Why.LIMIT, Kind.TLS)
    assert two_stories(live), "nobody honest draws a hello out so"


# --- how it begins


def test_either_end_may_be_seen_first() -> None:
    """The SYN, its answer alone, or the server's words: the client is told."""
    for begun in (BEGUN, BEGUN[:1], BEGUN[1:], (reply(0, b"220 hello\r\n"),)):
        found = settled(*begun, say(0, HELLO))
        assert (found.name, found.client_port, found.is_begun) == (NAME, 50_000, begun[:1] == BEGUN[:1])


def test_a_syn_that_comes_late() -> None:
    """Tells the start; that a server took this one its answer must tell."""
    halves = say(0, HELLO[:40]), say(40, HELLO[40:])
    assert settled(halves[0], *BEGUN, halves[1]).name == NAME
    assert two_stories(settled(halves[0], syn(), halves[1]))
    assert settled(say(-9, b"x" * 9 + HELLO), syn(), accept()).name == NAME


def test_octets_before_the_start_count_for_nothing() -> None:
    """A receiver drops them, and so do we."""
    assert settled(*BEGUN, say(-len(FAKE), FAKE), say(0, HELLO)).name == NAME


def test_another_syn_moves_no_start() -> None:
    """A decoy behind the first words, and a SYN that says that they begin there: the server's answer belies it."""
    hidden = REQUEST.replace(NAME.encode(), DECOY.encode())
    second = syn(isn=ISN + len(hidden))
    for begun in ((*BEGUN, second), (syn(), second, accept()), (syn(), second)):
        assert two_stories(settled(*begun, say(len(hidden), HELLO)))
    retried = accept(ISN + 1 + len(hidden))
    assert settled(syn(), second, retried, say(len(hidden), HELLO)).name == NAME


def test_a_server_that_says_syn_and_a_client_that_does_too() -> None:
    """Both open (RFC 9293 section 3.5): the first one is the client."""
    streams = Streams((443, 50_000))
    assert streams.put(True, syn(), b"") is None
    assert streams.put(False, reply(-1, b"", flags=SYN), b"") is None
    assert (streams.client, streams.has_conflict) == (True, False)


# --- octets in a SYN


def test_what_a_syn_carries_counts_once_the_server_took_it() -> None:
    """All of it, a part of it, or nothing, and then the words come again (RFC 7413)."""
    size = len(HELLO)
    found = settled(syn(HELLO), accept(ISN + 1 + size))
    assert (found.name, found.why, found.is_begun) == (NAME, Why.READ, True)
    assert settled(syn(HELLO), accept(ISN + 1 + size - 9), say(size - 9, HELLO[-9:])).name == NAME
    assert settled(syn(HELLO), syn(), accept(), accept(), say(0, HELLO)).name == NAME
    assert settled(syn(HELLO), accept(ISN + 1 + size // 2), accept(ISN + 1 + size // 2), say(0, HELLO)).name == NAME


def test_a_decoy_in_a_syn() -> None:
    """Servers drop what they have no cookie for: what comes after is read, or it is no name."""
    assert settled(syn(FAKE), accept(), say(0, HELLO)).name == NAME
    assert two_stories(settled(syn(FAKE), say(0, HELLO)))
    assert two_stories(settled(syn(FAKE), accept(ISN + 2 + len(FAKE))))


def test_a_syn_that_nobody_answered() -> None:
    """Its words are told when no more will come."""
    assert ended([syn(HELLO)]).name == NAME


# --- what no receiver takes


@pytest.mark.parametrize("flags", [0, FIN, RST, RST | ACK, URG])
def test_a_decoy_that_servers_drop(flags: int) -> None:
    """Segments without ACK and those of a reset carry nothing."""
    assert settled(*BEGUN, say(0, FAKE, flags=flags), say(0, HELLO)).name == NAME


def test_urgent_octets_make_a_name_unsure() -> None:
    """A server takes one octet out of the stream, or does not."""
    assert two_stories(settled(*BEGUN, say(0, HELLO, flags=ACK | URG)))
    assert settled(*BEGUN, reply(0, b"x", flags=ACK | URG), say(0, HELLO)).name == NAME


def test_the_servers_words_are_not_the_clients() -> None:
    """Whatever it says, once it is known who the client is."""
    assert settled(*BEGUN, reply(0, HELLO), reply(0, FAKE), say(0, HELLO)).name == NAME


# --- from the middle


def test_tls_in_its_middle() -> None:
    """A server's hello tells the ends, and the client's may come behind it; any other record only what it is."""
    assert settled(reply(0, SERVER_HELLO), say(0, HELLO)).name == NAME
    found = ended([reply(0, SERVER_HELLO)])
    assert (found.kind, found.name, found.client_port) == (Kind.TLS, None, 50_000)
    found = settled(say(0, b"\x17\x03\x03\x00\x30" + bytes(9)))
    assert (found.kind, found.name, found.is_begun) == (Kind.TLS, None, False)
    assert fed([*BEGUN, say(0, b"\x17\x03\x03\x00\x30" + bytes(9))]) is None


def test_http_in_its_middle() -> None:
    """An answer says what it is and whose; the next request names the host. No answer, no more."""
    answer = reply(0, b"HTTP/1.1 200 OK\r\n\r\n")
    assert settled(answer, say(0, REQUEST)).name == NAME
    found = ended([answer])
    assert (found.kind, found.name, found.client_port) == (Kind.HTTP, None, 50_000)
    assert fed([accept(), say(0, b"HTTP/1.1 200 OK\r\n\r\n"), reply(0, REQUEST)]) is None


def test_what_can_be_read_when_no_more_comes() -> None:
    """A request cut short; of either end while the client is unknown."""
    assert ended([*BEGUN, say(0, REQUEST[:-2], port=443)]).name == NAME
    assert ended([reply(0, b"220 mail\r\n"), say(0, REQUEST[:-2])]).name == NAME
    assert ended([*BEGUN, say(0, HELLO[:-2])]).kind is Kind.OTHER
