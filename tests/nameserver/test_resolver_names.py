"""Names at home on the wire of a worker: in every state, by whom it is asked, out of the memo, and as devices move."""

from ipaddress import ip_address

import pytest

from appliance.core.device import Device
from appliance.core.house import House
from appliance.core.person import Do, Person, Rule
from appliance.core.record import Record, RecordType
from tests.fakes import REAL, fake_upstream
from tests.nameserver.inside import Still, ask, in_loop, resolver_of
from tests.running import addresses

MAC = "02:77:00:00:00:10"
KIM, STRANGER = "192.168.77.10", "192.168.77.99"
HOUSE = House(
    persons=(Person(id="kim", name="Kim", band="6-9", rules=(Rule(name="closed.example", do=Do.BLOCK),)),),
    devices=(Device(id="tablet", name="Kim's Tablet", person="kim", macs=(MAC,)),),
    records=(
        Record(name="nas.lan", type=RecordType.A, value="192.168.77.40"),
        Record(name="game.lan", type=RecordType.CNAME, value="closed.example"),
        Record(name="site.lan", type=RecordType.CNAME, value="open.example"),
    ),
)


@in_loop
async def test_a_device_is_where_it_is_seen() -> None:
    """And at its new address as soon as it has one; back from there, too."""
    near = Still({KIM: MAC})
    resolver = resolver_of(house=HOUSE, neighbours=near)
    assert addresses(await ask(resolver, "kims-tablet.lan", source=STRANGER)) == [KIM]
    assert addresses(await ask(resolver, "kims-tablet.lan", "AAAA", source=STRANGER)) == []
    near.learn("fd77::10", MAC)
    assert addresses(await ask(resolver, "kims-tablet.lan", "AAAA", source=STRANGER)) == ["fd77::10"]
    back = await ask(resolver, ip_address("fd77::10").reverse_pointer, "PTR", source=STRANGER)
    assert [rdata.to_text() for rrset in back.answer for rdata in rrset] == ["kims-tablet.lan."]


@pytest.mark.parametrize("times", [1, 3])
def test_a_record_may_be_asked_again_and_again(times: int) -> None:
    """Once by thinking and then out of the memo: the same answer, and nobody is asked."""

    @in_loop
    async def story() -> None:
        with fake_upstream() as fake:
            resolver = resolver_of(fake.endpoint, house=HOUSE, neighbours=Still({KIM: MAC}))
            for _ in range(times):
                for source in (KIM, STRANGER):
                    assert addresses(await ask(resolver, "nas.lan", source=source)) == ["192.168.77.40"]
            assert fake.asked == []

    story()


@in_loop
async def test_an_alias_is_decided_by_who_asks() -> None:
    """For the child its target is closed, for a stranger it is not."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE, neighbours=Still({KIM: MAC}))
        assert addresses(await ask(resolver, "site.lan", source=KIM)) == [REAL]
        assert addresses(await ask(resolver, "game.lan", source=KIM)) == ["0.0.0.0"]
        assert addresses(await ask(resolver, "game.lan", source=STRANGER)) == [REAL]
