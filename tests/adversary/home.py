"""The home that the adversary lives in: three children, a box that has been on for long, and what it tells."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
import yaml

from appliance.core import policy
from appliance.core.document import Document
from appliance.core.house import House
from appliance.core.verdict import Action
from appliance.household.batches import Event
from appliance.household.happenings import CUT
from appliance.store.journal import JournalStore
from appliance.world import bus, clock, rules
from scripts.lablib import net
from tests.adversary import far
from tests.adversary.child import CLOSED, OWN, PROXY, RESOLVER, VPN, Child
from tests.adversary.packets import hello
from tests.adversary.trick import Mode
from tests.lab.appliance import KINDGATE, START_S, Appliance
from tests.lab.gateway import Gateway, configuration, gateway, guarding
from tests.lab.home import wait_until

AGED = Path(__file__).with_name("aged")
BANDS = {"6-9": ("tablet", "mia"), "13-15": ("laptop", "noah"), "16-17": ("guest", "lena")}
"""Who tries: device and person."""
BEDTIME = 'windows: [{name: Bedtime, start: "00:00", end: "24:00"}]'
_HOUSE = """\
version: 1
time_zone: Europe/Berlin
persons:
  - {{id: mia, name: Mia, band: 6-9, {own}}}
  - {{id: noah, name: Noah, band: 13-15, {own}}}
  - {{id: lena, name: Lena, band: 16-17, {own}}}
  - {{id: dana, name: Dana, kind: adult}}
devices:
  - {{id: tablet, person: mia, kind: tablet, macs: ["02:77:00:00:00:10"]}}
  - {{id: laptop, person: noah, kind: laptop, macs: ["02:77:00:00:00:11"]}}
  - {{id: console, person: noah, kind: console, macs: ["02:77:00:00:00:12"]}}
  - {{id: phone, person: dana, kind: phone, macs: ["02:77:00:00:00:13"]}}
  - {{id: toy, person: noah, kind: managed, macs: ["02:77:00:00:00:14"]}}
  - {{id: guest, person: lena, kind: laptop, macs: ["02:77:00:00:00:15"]}}
"""
_ALWAYS = "rules: [{name: tiktok.com, do: block}], always_on: {categories: [music]}"
DAY = _HOUSE.format(own=_ALWAYS)
NIGHT = _HOUSE.format(own=f"{_ALWAYS}, {BEDTIME}")
RECORDS = (
    "nordvpn.com A 203.0.113.151",
    "www.croxyproxy.com A 203.0.113.152",
    "www-tiktok-com.translate.goog A 203.0.113.153",
    "api.sec-tunnel.com A 203.0.113.154",
    "www.torproject.org A 203.0.113.155",
    "open.spotify.com A 203.0.113.156",
    "ech.site.example A 203.0.113.157",
)
REDIRECTS = f"""\
table inet adversary {{
  chain incoming {{
    type nat hook prerouting priority dstnat - 10
    ip daddr {RESOLVER.v4} meta l4proto {{ tcp, udp }} th dport {{ 5353, 8053 }} redirect to :5353
    ip daddr {RESOLVER.v4} tcp dport 443 redirect to :853
    ip daddr {VPN.v4} udp dport {{ 443, 853 }} redirect to :51820
    ip daddr {VPN.v4} tcp dport 443 redirect to :1194
    ip daddr {PROXY.v4} tcp dport {{ {far.CONNECT_PORT}, {far.SCRAMBLED_PORT}, 22 }} redirect to :{far.PORT}
    ip daddr {OWN.v4} tcp dport 444 redirect to :{far.TLS_PORT}
  }}
}}
"""
"""What stands at odd ports of the internet."""
SOON_S = 1.0
"""Within which the box tells what it noticed."""


class Told(NamedTuple):
    """Something that the box told."""

    at: float
    kind: str
    person: str | None
    args: tuple[tuple[str, object], ...]


class Adversary:
    """The home, its box, and what the box does and tells."""

    def __init__(self, lab: Gateway, box: Appliance, mode: Mode) -> None:
        self.lab = lab
        self.box = box
        self.mode = mode
        self._markers = 0
        book = rules.load_rulebook()
        house = Document(DAY).to(House)
        self._policy = policy.compile(house, book, (rules.bundled_set(book),), clock.zone(house.time_zone))

    def child(self, band: str, family: str = "4") -> Child:
        """Return one of the three children."""
        host, person = BANDS[band]
        return Child(self.lab, host, person, band, family)

    def told(self, since: float) -> set[Told]:
        """Return what the box told since a time (UNIX), but for what it ended by the rules."""
        # The daemons first: what they hand on meanwhile stands in the journal then.
        held = [event for daemon in ("guard", "nameserver") for event in self._held(daemon)]
        found = {Told(one.at, one.kind, one.person, _frozen(one.args)) for one in held}
        with JournalStore(self.box.data, time.time()) as journal:
            noted = journal.events(since=since, limit=500)
        found |= {Told(one.at, one.kind, one.person, _frozen(one.args)) for one in noted}
        return {one for one in found if one.at >= since and one.kind not in (CUT, *_EVERYDAY)}

    def categories(self, told: set[Told], person: str) -> frozenset[str]:
        """Return the ways round that the box told of somebody."""
        return frozenset(
            str(dict(one.args)["category"]) for one in told if one.person == person and "category" in dict(one.args)
        )

    def may_ask(self, child: Child, site: str | None, seen: frozenset[str]) -> bool:
        """Say whether a child may ask for what was refused: by the house, for a name and for what was seen of it."""
        subject = self._policy.of_device(child.host)
        return policy.decide(self._policy, subject, site or "", None, time.time(), seen=seen).action is Action.ASK

    def refused(self) -> int:
        """Return how many connections were refused till now, without those by which that is found out.

        Each of the guard's workers tells its counts now and then: what comes in the next one after another one's is
        told after all that was before.
        """
        child = self.child("16-17")
        for _ in range(2):
            before = self._refused()
            assert child.says(CLOSED, 443, hello(CLOSED.name)) == b""
            self._markers += 1
            wait_until(lambda before=before: self._refused() > before, "the count of one more refusal")  # type: ignore[misc]
        return self._refused() - self._markers

    def _refused(self) -> int:
        return int(self.box.status("guard").get("counts", {}).get("refused", 0))

    def _held(self, daemon: str) -> list[Event]:
        try:
            tally = bus.ask(self.box.data, daemon, {"ask": "tally", "peek": True})
        except bus.NotRunning:
            return []
        return msgspec.convert(tally["events"], list[Event])


_EVERYDAY = ("house_changed", "started", "stopped", "counts_lost")


def _frozen(args: Mapping[str, object]) -> tuple[tuple[str, object], ...]:
    return tuple(sorted(args.items()))


@contextmanager
def adversary(folder: Path, mode: Mode) -> Iterator[Adversary]:
    """The home with Kindgate in a mode, inside the `with`."""
    name = f"adv{'g' if mode is Mode.GATEWAY else 'd'}-{os.getpid()}"
    with gateway(name, folder, records=RECORDS) as lab:
        net.run(net.inside(name, "internet", ["nft", "-f", "-"]), stdin=REDIRECTS)
        lab.popen("internet", lab.python("tests.adversary.far", str(folder)), far.READY, cwd=far.ROOT)
        with ExitStack() as stack:
            if mode is Mode.DNS:
                lab.forward_plainly()
                box = stack.enter_context(answering(lab, folder / "box"))
            else:
                with _aged():
                    box = stack.enter_context(guarding(lab, folder / "box", DAY))
            yield Adversary(lab, box, mode)


@contextmanager
def answering(lab: Gateway, data: Path) -> Iterator[Appliance]:
    """Kindgate as the resolver that the devices were given, beside whom connections pass."""
    data.mkdir()
    box = Appliance(lab, data)
    box.apply(DAY)
    config = data / "appliance.yaml"
    settings = configuration(lab.plan)
    del settings["gateway"]
    config.write_text(yaml.safe_dump(settings))
    process = lab.popen("appliance", [str(KINDGATE), "run", "--data", str(data), "--config", str(config)])
    for device in lab.plan.devices.values():
        lab.resolver(device.name, lab.plan.box.v4)
    try:
        wait_until(lambda: "Try " in lab.output(process), "Kindgate", START_S)
        yield box
    finally:
        lab.stop(process)


@contextmanager
def _aged() -> Iterator[None]:
    """What is started inside has been on for long."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(AGED)
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
