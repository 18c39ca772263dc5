"""Whose replies wait for the guard: those with addresses, to who may reach no others; all else leaves at once."""

from collections.abc import Callable
from ipaddress import ip_address
from typing import cast

import msgspec
import pytest

from appliance.core.house import House
from appliance.core.person import KnownNames
from appliance.core.query import Reply
from appliance.nameserver.known import Known
from appliance.nameserver.resolver import Resolver
from tests.fakes import REAL, Asked, answer, fake_upstream
from tests.nameserver.inside import in_loop, put, resolver_of
from tests.nameserver.test_resolver import GAMES
from tests.nameserver.test_resolver_memory import ALEX, KIM, PAT, STRANGER, house
from tests.nameserver.test_server import over_udp, serving
from tests.running import addresses, question


class Guarded:
    """Stands in for `Known`: lets go at once, and remembers of what."""

    def __init__(self, *, is_known: bool = True) -> None:
        self.held: list[tuple[str, list[bytes]]] = []
        self._is_known = is_known

    def hold(self, person: str, reply: Reply, hand_out: Callable[[Reply], None]) -> None:
        """Hand out a reply."""
        self.held.append((person, list(reply.addresses)))
        hand_out(reply if self._is_known else msgspec.structs.replace(reply, keep_until=0.0))


def kept(known: KnownNames = KnownNames.ON) -> House:
    """Return a house in which Kim is kept to known addresses."""
    plain = house()
    persons = [
        msgspec.structs.replace(one, known_names_only=known) if one.id == "kim" else one for one in plain.persons
    ]
    return msgspec.structs.replace(plain, persons=tuple(persons))


def guard(resolver: Resolver, *, is_known: bool = True) -> Guarded:
    """Have a resolver tell a guard."""
    one = Guarded(is_known=is_known)
    resolver.known = cast("Known", one)
    return one


@pytest.mark.parametrize("known", [KnownNames.ON, KnownNames.WATCH])
@in_loop
async def test_whose_replies_wait(known: KnownNames) -> None:
    """Of who is kept or watched alone, and only such as give addresses: not what is blocked, or of another type."""

    def script(asked: Asked) -> list[bytes]:
        told = {"A": f"A {REAL}", "AAAA": "AAAA 2001:db8::7", "HTTPS": "HTTPS 1 . ipv4hint=203.0.113.5"}
        record = told.get(asked.qtype, 'TXT "x"')
        return [answer(asked, f"{asked.name} 300 {record}")]

    with fake_upstream(script) as fake:
        resolver = resolver_of(fake.endpoint, house=kept(known))
        guarded = guard(resolver)
        for source in (KIM, PAT, ALEX, STRANGER):
            for qtype in ("A", "AAAA", "HTTPS", "TXT"):
                await put(resolver, question("site.example", qtype).to_wire(), source)
            await put(resolver, question(GAMES).to_wire(), source)
    told = [REAL, "2001:db8::7", "203.0.113.5"]
    assert guarded.held == [("kim", [ip_address(one).packed]) for one in told]


@in_loop
async def test_out_of_the_memo() -> None:
    """A finished reply is given out again without a word; one that the guard was not told of is told again."""
    for is_known, expected in ((True, 1), (False, 3)):
        with fake_upstream() as fake:
            resolver = resolver_of(fake.endpoint, house=kept())
            guarded = guard(resolver, is_known=is_known)
            async with serving(resolver) as endpoint:
                for _ in range(3):
                    assert addresses(await over_udp(endpoint, question("site.example"), KIM)) == [REAL]
        assert len(guarded.held) == expected


@in_loop
async def test_without_a_gateway() -> None:
    """Where no guard is to be told nobody waits."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=kept())
        assert resolver.known is None
        await put(resolver, question("site.example").to_wire(), KIM)
    assert len(resolver.given) == 1
