"""Names at home in a nameserver as processes: said by the command line, answered on the wire, decided by who asks."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dns.rcode
import pytest

from appliance.core.device import Device
from appliance.core.house import House
from appliance.core.person import Do, Person, PersonKind, Rule
from appliance.core.word import Pause
from appliance.world import clock
from appliance.world.snapshot import publish_house
from tests.commands.cli import kindgate
from tests.fakes import REAL, fake_upstream
from tests.running import Running, addresses, running

KIM, ALEX, STRANGER = "127.0.0.21", "127.0.0.22", "127.0.0.23"
CLOSED = "closed.example"
OPEN = "open.example"
HOUSE = House(
    persons=(
        Person(id="kim", name="Kim", band="13-15", rules=(Rule(name=CLOSED, do=Do.BLOCK),)),
        Person(id="alex", name="Alex", kind=PersonKind.ADULT),
    ),
    devices=(
        Device(id="tablet", name="Kim's Tablet", person="kim", addresses=(KIM,)),
        Device(id="phone", person="alex", addresses=(ALEX, "fd77::22")),
    ),
)


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Running]:
    """A nameserver of two workers that runs the house."""
    publish_house(tmp_path / "data", HOUSE)
    with fake_upstream() as fake, running(tmp_path / "data", (fake.endpoint,), workers=2) as found:
        yield found


def said(started: Running, *words: str) -> None:
    """Say something of records by the command line, and be told that it is in force."""
    result = kindgate("record", *words, data=started.data)
    assert result.exit_code == 0, result.output
    assert "in force on 2 of 2 workers" in result.output


def asked(started: Running, name: str, qtype: str = "A", source: str = KIM) -> list[str]:
    """Return the last words of the answers, of whichever worker; all say the same."""
    replies = [started.ask(name, qtype, source=source) for _ in range(4)]
    found = [[rdata.to_text() for rrset in one.answer for rdata in rrset] for one in replies]
    assert all(one == found[0] for one in found)
    return found[0]


def test_a_record_by_the_command_line(started: Running) -> None:
    """Answered at once, turned round, below a wildcard, and gone again."""
    assert started.ask("nas.lan", source=KIM).rcode() == dns.rcode.NXDOMAIN
    said(started, "add", "nas.lan", "192.168.77.40")
    said(started, "add", "*.nas.lan", "nas.lan")
    for source in (KIM, ALEX, STRANGER):
        assert asked(started, "NAS.lan", source=source) == ["192.168.77.40"]
        assert asked(started, "any.nas.lan", source=source) == ["nas.lan.", "192.168.77.40"]
        assert asked(started, "40.77.168.192.in-addr.arpa", "PTR", source) == ["nas.lan."]
    assert asked(started, "nas.lan", "AAAA") == []
    said(started, "remove", "nas.lan")
    assert asked(started, "nas.lan") == []
    assert started.ask("nas.lan", source=KIM).rcode() == dns.rcode.NOERROR, "there is something below it"
    said(started, "remove", "*.nas.lan")
    assert started.ask("nas.lan", source=KIM).rcode() == dns.rcode.NXDOMAIN


def test_an_alias_is_decided_by_who_asks(started: Running) -> None:
    """What is closed for a child is closed under another name, too; for an adult it is open."""
    said(started, "add", "game.lan", CLOSED)
    said(started, "add", "site.lan", OPEN)
    assert asked(started, "site.lan") == [f"{OPEN}.", REAL]
    assert addresses(started.ask("game.lan", source=KIM)) == ["0.0.0.0"]
    assert asked(started, "game.lan", source=ALEX) == [f"{CLOSED}.", REAL]


def test_in_a_pause(started: Running) -> None:
    """The home answers, the internet does not, whatever it is called here."""
    now = datetime.fromtimestamp(clock.now(), UTC)
    pause = Pause(said_at=now - timedelta(minutes=1), until=now + timedelta(hours=1))
    said(started, "add", "nas.lan", "192.168.77.40")
    said(started, "add", "far.lan", "198.51.100.40")
    assert asked(started, "far.lan") == ["198.51.100.40"]
    started.apply(
        f"""
persons: [{{id: kim, name: Kim, band: 13-15}}]
devices: [{{id: tablet, name: Kim's Tablet, person: kim, addresses: ["{KIM}"]}}]
records:
- {{name: nas.lan, type: A, value: 192.168.77.40}}
- {{name: far.lan, type: A, value: 198.51.100.40}}
pauses: [{{said_at: "{pause.said_at.isoformat()}", until: "{pause.until.isoformat()}"}}]
"""
    )
    assert asked(started, "nas.lan") == ["192.168.77.40"]
    assert asked(started, "kims-tablet.lan") == [KIM]
    assert addresses(started.ask("far.lan", source=KIM)) == ["0.0.0.0"]


def test_devices_by_their_names(started: Running) -> None:
    """Both families, and back."""
    assert asked(started, "kims-tablet.lan", source=STRANGER) == [KIM]
    assert asked(started, "phone.lan", "AAAA") == ["fd77::22"]
    assert asked(started, "22.0.0.127.in-addr.arpa", "PTR") == ["phone.lan."]
    assert asked(started, "2.2" + ".0" * 26 + ".7.7.d.f.ip6.arpa", "PTR") == ["phone.lan."]
