"""A server that asks the box in turn is asked no more by it, until it stops."""

import asyncio
from collections.abc import Iterable

import pytest

from appliance.core import names
from appliance.core.query import Failure
from appliance.core.whom import Mode, parse_server
from appliance.core.wire import dns as wire
from appliance.nameserver import loops
from appliance.nameserver.groups import Group
from appliance.nameserver.loops import LOOP_DOMAIN, Loops, own_answer
from appliance.nameserver.standing import Asker, Try, Upstream
from appliance.nameserver.upstream import Upstreams
from tests.fakes import REAL, Asked, answer, answers, fake_upstream, silence
from tests.nameserver.asking import address, asking, outcome_of
from tests.nameserver.inside import ask, in_loop, resolver_of, upstreams_of
from tests.running import until

WORD = "0123456789abcdef"
SOON_S = 10.0


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at once, and again and again."""
    monkeypatch.setattr(loops, "FIRST_S", 0.0)
    monkeypatch.setattr(loops, "EACH_S", 0.05)


def is_probe(asked: Asked) -> bool:
    """Say whether a question is whether we are asked in turn."""
    return names.is_under(asked.name, LOOP_DOMAIN)


def through(word: str, asked: Asked) -> Iterable[bytes]:
    """Answer as a router does that asks the box of this word."""
    query = wire.parse_query(asked.wire)
    assert isinstance(query, wire.Query)
    yield own_answer(query, word) if is_probe(asked) else answer(asked, f"{asked.name} 300 A 198.51.100.66")


async def seen(upstreams: Upstreams, *, is_loop: bool) -> None:
    """Wait until the first server is known to ask us, or not to."""
    await asyncio.to_thread(until, lambda: upstreams.health()[0].is_loop is is_loop, SOON_S, "it is known")


@in_loop
async def test_a_server_that_asks_us_is_passed_over_until_it_stops() -> None:
    """While another one is asked; silence says nothing."""
    with fake_upstream(lambda asked: through(WORD, asked)) as router, fake_upstream() as other:
        upstreams = upstreams_of(router.endpoint, other.endpoint)
        upstreams.look_for_loops(WORD)
        await seen(upstreams, is_loop=True)
        assert address(await outcome_of(upstreams)) == REAL
        assert [one.is_loop for one in upstreams.health()] == [True, False]
        assert all(is_probe(asked) and asked.qtype == "TXT" for asked in router.asked)
        router.script = silence
        count = len(router.asked)
        await asyncio.to_thread(router.wait_for, count + 3)
        assert upstreams.health()[0].is_loop
        router.script = answers
        await seen(upstreams, is_loop=False)
        await outcome_of(upstreams, asking("b.example"))
        assert "b.example" in router.names()


@in_loop
async def test_no_name_is_asked_twice() -> None:
    """A cache on the way knows none of them."""
    with fake_upstream() as fake:
        upstreams_of(fake.endpoint).look_for_loops(WORD)
        await asyncio.to_thread(fake.wait_for, 3)
        assert len(set(fake.names())) == len(fake.names())


@in_loop
async def test_where_all_ask_us_nobody_answers() -> None:
    """It is said at once."""
    with fake_upstream(lambda asked: through(WORD, asked)) as router:
        upstreams = upstreams_of(router.endpoint)
        upstreams.look_for_loops(WORD)
        await seen(upstreams, is_loop=True)
        assert await outcome_of(upstreams) is Failure.NO_ANSWER


@in_loop
async def test_another_box_may_be_asked() -> None:
    """It has another word."""
    with fake_upstream(lambda asked: through("another", asked)) as box:
        upstreams = upstreams_of(box.endpoint)
        upstreams.look_for_loops(WORD)
        await asyncio.to_thread(box.wait_for, 3)
        assert not upstreams.health()[0].is_loop
        assert address(await outcome_of(upstreams)) == "198.51.100.66"


@in_loop
async def test_the_box_says_its_word() -> None:
    """To whoever asks for a name below that one; it has no other record, and nobody else is asked."""
    resolver = resolver_of()
    resolver.box = WORD
    found = await ask(resolver, f"x.{LOOP_DOMAIN}", "TXT")
    assert [rrset.to_text() for rrset in found.answer] == [f'x.{LOOP_DOMAIN}. 0 IN TXT "{WORD}"']
    found = await ask(resolver, f"x.{LOOP_DOMAIN}", "A")
    assert (found.rcode(), found.answer) == (0, [])


class Quiet(Try):
    """A try that nobody answers."""

    def cancel(self, *, is_late: bool = False) -> None:
        """Forget it."""


class Nobody:
    """A transport that counts what it is asked."""

    def __init__(self) -> None:
        self.count = 0

    def start(self, asker: Asker, upstream: Upstream, *, has_edns: bool) -> Try:
        """Count."""
        self.count += 1
        return Quiet(asker, upstream, has_edns=has_edns)

    def close(self) -> None:
        """Hold nothing."""


class Servers:
    """Some servers."""

    def __init__(self, *addresses: str) -> None:
        self.loop = asyncio.get_running_loop()
        self.transports = [Nobody() for _ in addresses]
        pairs = zip(addresses, self.transports, strict=True)
        self.all = [Upstream(parse_server(text), transport) for text, transport in pairs]

    def changed(self, upstream: Upstream) -> None:
        """Never called."""
        raise AssertionError(upstream)


@in_loop
async def test_servers_of_the_home_are_asked_again_and_again() -> None:
    """Others once, so that they hear no more of this box than they must."""
    servers = Servers("192.168.1.1", "192.0.2.1", "[fe80::1]", "tls://dns.example")
    looking = Loops(servers, WORD)
    await asyncio.to_thread(until, lambda: servers.transports[0].count > 2, SOON_S, "it was asked three times")
    looking.close()
    counts = [transport.count for transport in servers.transports]
    assert counts == [counts[0], 1, counts[0], 1]


@pytest.mark.parametrize("mode", Mode)
def test_a_loop_is_in_no_plan(mode: Mode) -> None:
    """However servers are chosen."""
    pair = [Upstream(parse_server(f"192.0.2.{number}"), Nobody()) for number in (1, 2)]
    group = Group(pair, mode)
    for number, left in ((0, [pair[1]]), (1, [])):
        pair[number].is_loop = True
        group.resort()
        assert (list(group.plan().order), group.plan().width) == (left, 1)
