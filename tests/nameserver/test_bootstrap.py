"""Where servers are that are given by a name."""

import asyncio
from collections.abc import Iterable

import pytest

from appliance.core.wire import dns, mnemonics
from appliance.core.wire.dns import Message
from appliance.nameserver import bootstrap
from appliance.nameserver.bootstrap import Bootstrap
from appliance.world import clock
from tests.authority import Authority
from tests.fakes import Asked, answer, fake_upstream, silence
from tests.nameserver.inside import in_loop
from tests.nameserver.streams import NAME, always, asked_of, is_real, message_of, serving, wait_until

BOTH = {"A": ("192.0.2.1", "192.0.2.2"), "AAAA": ("2001:db8::1",)}
IN_TURN = ("192.0.2.1", "2001:db8::1", "192.0.2.2")


def knowing(places: dict[str, tuple[str, ...]], ttl: int = 300) -> "Knows":
    """Return what knows the addresses of every name."""
    return Knows(places, ttl)


class Knows:
    """Answers a question of the bootstrap as a test says, and counts them."""

    def __init__(self, places: dict[str, tuple[str, ...]], ttl: int) -> None:
        self.places: dict[str, tuple[str, ...]] | None = places
        self.ttl = ttl
        self.asked: list[str] = []

    def start(self, ask: object, finished: object) -> None:
        """Answer at once."""
        self.asked.append(mnemonics.QTYPE_NAMES[ask.query.qtype])  # type: ignore[attr-defined]
        finished(self._answer(ask.query))  # type: ignore[operator, attr-defined]

    def _answer(self, query: dns.Query) -> Message | None:
        if self.places is None:
            return None
        wire = dns.header(0, dns.RD, (1, 0, 0, 0)) + query.question
        asked = Asked(wire, None, False, lambda _: None)
        records = [f"{NAME} {self.ttl} {asked.qtype} {one}" for one in self.places.get(asked.qtype, ())]
        made = answer(asked, *records, rcode=0 if records else 3)
        return dns.parse_message(made)


@in_loop
async def test_addresses_of_both_families_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are kept for as long as the answer says, a minute at least, a day at most."""
    now = 1_000.0
    monkeypatch.setattr(clock, "uptime", lambda: now)
    for ttl, kept_s in ((1, 60), (300, 300), (1_000_000, 86_400)):
        knows = knowing(BOTH, ttl)
        places = Bootstrap(knows.start)
        assert await places.find(NAME) == IN_TURN
        now += kept_s - 1
        assert await places.find(NAME) == IN_TURN
        assert knows.asked == ["A", "AAAA"]
        now += 2
        assert await places.find(NAME) == IN_TURN
        assert len(knows.asked) == 4


@in_loop
async def test_old_addresses_are_better_than_none() -> None:
    """Where nobody answers any more; and who is in doubt asks again."""
    knows = knowing(BOTH)
    places = Bootstrap(knows.start)
    places.doubt(NAME)
    await places.find(NAME)
    knows.places = None
    assert await places.find(NAME) == IN_TURN
    assert len(knows.asked) == 2
    places.doubt(NAME)
    assert await places.find(NAME) == IN_TURN
    assert len(knows.asked) == 4
    knows.places = {"A": ("192.0.2.9",)}
    places.doubt(NAME)
    assert await places.find(NAME) == ("192.0.2.9",)


@in_loop
async def test_a_name_that_is_nowhere() -> None:
    """Has no address."""
    assert await Bootstrap(knowing({}).start).find(NAME) == ()


@in_loop
async def test_a_server_by_its_name(authority: Authority) -> None:
    """Is looked up, both families; the certificate is for the name."""

    def script(asked: Asked) -> Iterable[bytes]:
        return [answer(asked, f"{asked.name} 300 A 127.0.0.1")] if asked.qtype == "A" else [answer(asked, rcode=3)]

    with fake_upstream(script) as fake:
        async with (
            serving(always, authority.context(NAME)) as server,
            asked_of(f"tls://{NAME}:{server.port}", bootstrap=(str(fake.endpoint),)) as exchanges,
        ):
            assert is_real(await message_of(exchanges))
            assert is_real(await message_of(exchanges))
        assert sorted(asked.qtype for asked in fake.asked) == ["A", "AAAA"]
        assert set(fake.names()) == {NAME}


@in_loop
async def test_all_addresses_are_tried(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until one answers, which is the first the next time; where none does, the name is looked up again."""
    monkeypatch.setattr(bootstrap, "SECOND_S", 0.0)
    moved: list[bool] = []

    def script(asked: Asked) -> Iterable[bytes]:
        if asked.qtype != "A":
            return []
        places = ("127.0.0.1",) if moved else ("127.0.0.9", "127.0.0.1")
        return [answer(asked, *(f"{asked.name} 300 A {place}" for place in places))]

    with fake_upstream(script) as fake:
        async with (
            serving(always, authority.context(NAME)) as server,
            asked_of(f"tls://{NAME}:{server.port}", bootstrap=(str(fake.endpoint),)) as exchanges,
        ):
            assert is_real(await message_of(exchanges))
        async with asked_of("tls://nowhere.example:1", bootstrap=(str(fake.endpoint),)) as exchanges:
            assert await message_of(exchanges) is None
            count = fake.names().count("nowhere.example")
            moved.append(True)
            await asyncio.sleep(0.3)
            assert await message_of(exchanges) is None
            assert fake.names().count("nowhere.example") > count


@in_loop
async def test_a_silent_bootstrap(brief: None) -> None:
    """Is a server that can't be asked, no more, and it is told why."""
    with fake_upstream(silence) as fake, fake_upstream() as next_one:
        async with asked_of(f"tls://{NAME}", str(next_one.endpoint), bootstrap=(str(fake.endpoint),)) as exchanges:
            assert is_real(await message_of(exchanges))
            await wait_until(lambda: bool(exchanges.health()[0].problem))
            assert exchanges.health()[0].problem == f"nobody knows where {NAME} is"
