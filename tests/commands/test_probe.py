"""The doctor's questions: what they carry, and that no answer but the right one counts."""

import time

import dns.edns
import dns.message
import dns.rdatatype
import pytest
from dnslib import DNSRecord

from appliance.commands import probe
from appliance.config import Endpoint
from appliance.core.asker import MAC_RAW, MAC_TEXT, ecs_client, option_mac
from appliance.core.whom import parse_server
from appliance.core.wire import dns as wire
from appliance.core.wire.dns import Query
from tests.fakes import answer, answers, fake_upstream, silence
from tests.running import free_port, own_address


def test_tokens_differ() -> None:
    """Nobody guesses the name of a question."""
    assert len({probe.token() for _ in range(50)}) == 50
    assert len(probe.token()) >= 16


def test_a_forged_question_carries_three_identities() -> None:
    """Dnspython and our own reader find the options; the MAC is no device's and the address nobody's."""
    octets = bytes(probe.marked("word", probe.FORGED).pack())
    told = dns.message.from_wire(octets)
    assert told.question[0].name.to_text() == "word.check.kindgate.home."
    assert {int(option.otype) for option in told.options} == {MAC_RAW, MAC_TEXT, 8}
    parsed = wire.parse_query(octets)
    assert isinstance(parsed, Query)
    assert parsed.edns is not None
    options = dict(parsed.edns.options)
    assert parsed.is_plain
    assert tuple(options.items()) == probe.FORGED
    mac = option_mac(MAC_RAW, options[MAC_RAW])
    assert mac == option_mac(MAC_TEXT, options[MAC_TEXT])
    assert mac is not None
    assert int(mac[:2], 16) & 3 == 2, "locally administered, not a group"
    assert ecs_client(options[8]) == "192.0.2.99"


def test_a_question_without_options_carries_none() -> None:
    """What a router adds is then the router's own."""
    assert dns.message.from_wire(bytes(probe.marked("word").pack())).options == ()


def test_a_plain_question() -> None:
    """The root's name servers: every resolver knows them."""
    told = dns.message.from_wire(bytes(probe.plain(".", "NS").pack()))
    assert (told.question[0].name.to_text(), told.question[0].rdtype) == (".", dns.rdatatype.NS)
    assert told.edns < 0
    assert told.flags & 0x0100, "recursion desired"


def test_an_answer() -> None:
    """The answer is the one to this question."""
    with fake_upstream(answers) as fake:
        question = probe.plain("example.com", "A")
        told = probe.ask(fake.endpoint, question)
    assert told.header.id == question.header.id
    assert len(fake.asked) == 1


@pytest.mark.parametrize("bad", ["foreign", "broken", "none"])
def test_what_is_no_answer(monkeypatch: pytest.MonkeyPatch, bad: str) -> None:
    """Another id, broken octets and silence: asked twice in all, then Unanswered, within the time."""
    monkeypatch.setattr(probe, "TIMEOUT_S", 0.2)
    scripts = {
        "foreign": lambda asked: [bytes((asked.wire[0] ^ 1,)) + answer(asked)[1:]],
        "broken": lambda asked: [asked.wire[:14]],
        "none": silence,
    }
    began = time.monotonic()
    with fake_upstream(scripts[bad]) as fake, pytest.raises(probe.Unanswered, match="does not answer"):
        probe.ask(fake.endpoint, probe.plain("example.com", "A"))
    assert len(fake.asked) == probe.TRIES
    assert time.monotonic() - began < 5


def test_nobody_listens() -> None:
    """A refused port is Unanswered too, and at once."""
    address = own_address()
    endpoint = Endpoint(address, free_port(address))
    with pytest.raises(probe.Unanswered):
        probe.ask(endpoint, probe.plain("example.com", "A"))


def test_a_server_is_asked_as_it_is_set() -> None:
    """Over UDP, over TCP; and why one does not answer is told."""
    with fake_upstream(answers) as fake:
        for told in (f"{fake.endpoint}", f"tcp://{fake.endpoint}"):
            probe.reach(parse_server(told), ())
        assert [asked.is_tcp for asked in fake.asked] == [False, True]
        assert fake.names() == [".", "."]
    server = parse_server(f"tcp://127.0.0.1:{free_port('127.0.0.1')}")
    with pytest.raises(probe.Unanswered, match=f"{server} does not answer: connection refused"):
        probe.reach(server, ())


def test_a_second_try_finds_what_the_first_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """One lost datagram is no finding."""
    monkeypatch.setattr(probe, "TIMEOUT_S", 0.2)
    with fake_upstream() as fake:
        fake.script = lambda asked: [answer(asked)] if len(fake.asked) > 1 else []
        assert isinstance(probe.ask(fake.endpoint, probe.plain("example.com", "A")), DNSRecord)
