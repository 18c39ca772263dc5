"""Datagrams give the name of their QUIC or DNS, whoever speaks first, and none that a server would not have read."""

from itertools import permutations

import pytest

from appliance.core.flows.datagrams import Datagrams
from appliance.core.flows.settle import WATCH, Settle, Why
from appliance.core.flows.table import MAX_SECONDS, Flows
from appliance.core.signs.facts import Kind
from appliance.core.wire.packet import Packet
from tests.core.flows.packets import ANSWER, ASK, DECOY, NAME, ask, ended, fed, ids, tell
from tests.core.wire.initials import crypto, hello_message, pieces, seal

MESSAGE = hello_message(NAME, padding=1_700)
PARTS = [seal(crypto(*piece), number) for number, piece in enumerate(pieces(MESSAGE, [60, 900]))]
WHOLE = seal(crypto(0, hello_message(NAME)))
FAKE = seal(crypto(0, hello_message(DECOY)), dcid=bytes(8))
SERVERS = seal(b"\x01", dcid=b"", keys_of=b"12345678", pad_to=1_180)
"""An Initial that does not open with a client's keys."""
CHLO = b"\x09" + bytes(8) + b"Q043\x01" + bytes(12) + b"\xa0\x01\x00\x04CHLO"
REJ = b"\xc0Q046\x50" + bytes(8) + b"\x00" * 4 + bytes(12) + b"\xa0\x01\x00\x04REJ\x00"


def other(message: bytes, name: bytes = b"evil") -> bytes:
    """Return a message about another name of the same length."""
    return message.replace(b"kind", name)


def settled(*packets: Packet) -> Settle:
    """Return what packets settle, at the last of them."""
    assert fed(packets[:-1]) is None
    found = fed(packets)
    assert found is not None
    return found


# --- QUIC


def test_a_hello_over_datagrams() -> None:
    """In every order, each twice, the server speaking between: the name at the last one."""
    for order in permutations(PARTS):
        one, two, three = (ask(part) for part in order)
        found = settled(one, one, tell(SERVERS), two, tell(SERVERS), one, three)
        assert (found.kind, found.name, found.why, found.client_port) == (Kind.QUIC, NAME, Why.READ, 50_000)
        assert found.is_begun


def test_a_hello_that_is_drawn_out() -> None:
    """Who waits for all of a hello sees that it doesn't end: the server may read it once nobody looks any more."""
    flows = Flows(wants_start=True)
    assert flows.feed(ask(PARTS[0]), 0.0) is WATCH
    (found,) = flows.overdue(MAX_SECONDS)
    assert (found.kind, found.name, found.why) == (Kind.QUIC, None, Why.TIME)
    assert "two_stories" in ids(found)


@pytest.mark.parametrize("ours", [50_000, 443, 100])
def test_the_client_is_whose_initials_open(ours: int) -> None:
    """Whatever its port, and if the server's is seen first."""
    for before in ((), (tell(SERVERS, ours=ours),)):
        found = settled(*before, *(ask(part, ours=ours) for part in PARTS))
        assert (found.name, found.client_port) == (NAME, ours)
        assert found.client == bytes((192, 0, 2, 1))


@pytest.mark.parametrize("cut", range(1, len(hello_message(NAME))))
def test_cut_at_every_octet_with_other_octets_over_it(cut: int) -> None:
    """A server may have taken either: no name where they differ, but a sign."""
    message = hello_message(NAME)
    fake = hello_message(DECOY)
    one, over, two = (
        ask(seal(frame, number))
        for number, frame in enumerate((crypto(0, message[:cut]), crypto(0, fake[:cut]), crypto(cut, message[cut:])))
    )
    found = settled(one, over, two)
    if fake[:cut] == message[:cut]:
        assert found.name == NAME
    else:
        assert (found.name, found.hello, ids(found)) == (None, None, ["two_stories"])


def test_quic_of_which_nothing_is_read() -> None:
    """Opened and no hello: settled. Not opened: watched to the end."""
    found = settled(ask(seal(crypto(0, b"\x02\x00\x00\x00"))))
    assert (found.kind, found.name, found.why) == (Kind.QUIC, None, Why.READ)
    shut = seal(crypto(0, MESSAGE[:900]), keys_of=b"12345678")
    assert settled(*[ask(shut)] * 12).why is Why.LIMIT
    found = ended([ask(shut)])
    assert (found.kind, found.name, found.why) == (Kind.QUIC, None, Why.END)


def test_a_decoy_that_servers_drop() -> None:
    """In a datagram too short, or before QUIC began; a question that nobody answers is one too."""
    short = seal(crypto(0, hello_message(DECOY)), pad_to=1_000)
    for decoy in (short, other(ASK), other(ANSWER), b"hello", FAKE[:-1]):
        assert settled(ask(decoy), ask(WHOLE)).name == NAME


def test_after_the_clients_the_servers_are_not_looked_at() -> None:
    """Not even what opens."""
    assert settled(ask(PARTS[0]), tell(FAKE), ask(PARTS[1]), ask(PARTS[2])).name == NAME


def test_googles_quic() -> None:
    """A server's refusal is no client's hello; a client's other message ends it."""
    assert fed([tell(REJ), ask(CHLO)]) is None
    found = ended([tell(REJ)])
    assert (found.kind, found.client_port) == (Kind.QUIC, 50_000)
    assert settled(ask(REJ)).kind is Kind.QUIC


# --- DNS


@pytest.mark.parametrize("port", [53, 5353, 5355, 443, 9999])
def test_the_first_answer_settles(port: int) -> None:
    """Wherever it is."""
    found = settled(ask(ASK, port), ask(ASK, port), tell(ANSWER, port))
    assert (found.kind, found.name, found.why, found.client_port) == (Kind.DNS, NAME, Why.READ, 50_000)


def test_two_questions_before_an_answer() -> None:
    """Which of them the flow is for is not sure."""
    found = settled(ask(other(ASK), 53), ask(ASK, 53), tell(ANSWER, 53))
    assert (found.kind, found.name) == (Kind.DNS, None)


def test_questions_that_nobody_answers() -> None:
    """The last one of plain characters, or the last; the root has no name."""
    odd = other(ASK, b"\x01\x02\x03\x04")
    assert ended([ask(ASK, 53), ask(odd, 53)]).name == NAME
    assert ended([ask(odd, 53)]).name == "www.\\001\\002\\003\\004.example"
    root = ASK[:12] + b"\0\0\2\0\1"
    assert ended([ask(root, 53)]).name is None
    assert settled(ask(root, 53), tell(b"\0\7\x81\x80" + root[4:], 53)).name is None


def test_an_answer_alone() -> None:
    """Says what was asked and whose it is; who answers without being asked settles nothing."""
    found = ended([tell(ANSWER, 53)])
    assert (found.kind, found.name, found.client_port) == (Kind.DNS, NAME, 50_000)
    assert fed([ask(ANSWER, 53), ask(ANSWER, 53)]) is None
    assert fed([ask(ASK, 53), ask(ANSWER, 53)]) is None


def test_a_question_before_something_else() -> None:
    """On a port of DNS the question counts, elsewhere it may be a decoy: no name."""
    for port, kind, name in ((53, Kind.DNS, NAME), (5355, Kind.DNS, NAME), (51820, Kind.OTHER, None)):
        found = ended([ask(ASK, port), ask(b"no question", port)])
        assert (found.kind, found.name) == (kind, name)
    assert fed([ask(ASK, 51820), ask(b"no question", 51820), tell(ANSWER, 51820)]) is None


def test_nothing_known() -> None:
    """Neither kind nor client."""
    talk = Datagrams((443, 50_000))
    assert talk.put(True, b"hello") is None
    assert (talk.kind, talk.client, talk.last(), talk.has_conflict) == (Kind.OTHER, None, None, False)
