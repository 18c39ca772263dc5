"""DNS answers a second and how long they take: a worker of ours beside unbound with one thread and dnsmasq.

All block the same list of a million names and forward to the same local server, which has an answer for every name.
"known" is the stream after it ran through once, cached and blocked answers mixed, asked by eight persons of different
policies; "told" the same through a router's address, each person told by the MAC in an EDNS option; "new" are names
that nobody asked for before. "steady" are 1,000 a second, "slowly" 200: then each finds a processor that slept. Rounds
are interleaved; every figure is a median of rounds.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from appliance.core.device import Device, Forwarder
from appliance.core.house import House
from appliance.core.lists.build import Known, Source, build
from appliance.core.lists.rule import Syntax
from appliance.core.person import Person, PersonKind, Setting
from appliance.core.subscription import Subscription
from appliance.household.lists import set_file
from appliance.world.listfile import publish_set
from appliance.world.patterns import compile_patterns
from appliance.world.snapshot import publish_house
from scripts.benchlib import peers
from scripts.benchlib.loads import (
    LIST,
    STREAM,
    Answered,
    Sender,
    ask,
    listed_names,
    median_ratio,
    new_names,
    parts_of_stream,
)
from scripts.benchlib.peers import Server

INTERNET, UNBOUND, DNSMASQ, OURS, TOLD, TWO = range(5391, 5397)
BANDS = ("0-5", "6-9", "10-12", "13-15", "16-17")
ROUTER = "127.0.0.40"
NAMES = tuple(f"person{number}" for number in range(8))
AT_HOME = tuple(Sender(f"127.0.0.{31 + number}") for number in range(8))
BEHIND = tuple(Sender(ROUTER, f"02:00:00:00:00:{number:02x}") for number in range(8))
STEADY_QPS = 1_000
NEW_QPS = 200
WARM_UPS = 6
STARTS = 2
"""Besides the one that is measured on."""
"""So often the stream runs through, each time from other ports, until each of two workers knows all of it."""


@dataclass
class Rounds:
    """What was measured: title → server → rounds."""

    measured: dict[str, dict[str, list[Answered]]] = field(default_factory=dict)

    def add(self, title: str, server: Server, answered: Answered) -> None:
        """Keep a round."""
        self.measured.setdefault(title, {}).setdefault(server.name, []).append(answered)

    def of(self, title: str, server: str) -> list[Answered]:
        """Return the rounds of a server."""
        return self.measured[title][server]

    def ratio(self, title: str, ours: str, peer: str) -> float:
        """Return how many times as fast ours is."""
        return median_ratio(self.of(title, ours), self.of(title, peer))

    def median(self, title: str, server: str, figure: Callable[[Answered], float]) -> float:
        """Return the median of a figure."""
        return statistics.median(map(figure, self.of(title, server)))


@dataclass(frozen=True, slots=True)
class Bound:
    """A promise, and what was measured of it."""

    words: str
    value: float
    limit: float
    is_least: bool = False
    """The value may not be below the limit; else not above it."""
    unit: str = ""

    @property
    def holds(self) -> bool:
        """Say whether it is kept."""
        return self.value >= self.limit if self.is_least else self.value <= self.limit


def main() -> None:
    """Measure, print the tables as Markdown; status 1 where a promise is broken."""
    parser = argparse.ArgumentParser(prog="scripts/bench dns", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of each round")
    parser.add_argument("--names", type=int, default=1_000_000, help="of the list")
    parser.add_argument("--stream", type=Path, default=STREAM, help="queries in dnsperf's format, may be .gz")
    parser.add_argument("--list", type=Path, default=LIST, help="in the format of hosts, may be .gz")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        data = [folder / "one", folder / "told", folder / "two"]
        blocked = listed_names(options.list, options.names)
        _furnish(data, blocked)
        enter = stack.enter_context
        enter(peers.unbound(folder, "internet", INTERNET, [peers.ANSWERS_ALL]))
        forwards = peers.FORWARDS.format(port=INTERNET)
        unbound = enter(peers.unbound(folder, "unbound", UNBOUND, [*peers.always_null(blocked), forwards]))
        dnsmasq = enter(peers.dnsmasq(folder, DNSMASQ, INTERNET, blocked))
        starts = list(_starts(data[0]))
        ours = enter(peers.kindgate(data[0], OURS, INTERNET))
        ours = replace(ours, up_s=statistics.median([*starts, ours.up_s]))
        del blocked
        idle_mb = ours.private_mb
        parts = parts_of_stream(options.stream, folder, len(NAMES))
        rounds = Rounds()
        _measure(rounds, [ours, unbound, dnsmasq], parts, folder, options)
        used_mb = ours.private_mb
        told = enter(peers.kindgate(data[1], TOLD, INTERNET))
        _measure_told(rounds, [told, unbound], parts, options)
        two = enter(peers.kindgate(data[2], TWO, INTERNET, workers=2, name="kindgate, two workers"))
        _measure_workers(rounds, [ours, two], parts, options)
        servers = [ours, unbound, dnsmasq, two]
    _print(rounds, servers)
    bounds = [*_bounds(rounds), Bound("first answer after the start", ours.up_s, 1.5, unit=" s")]
    bounds += [Bound("private memory, idle", idle_mb, 60, unit=" MB")]
    bounds += [Bound("private memory, after the stream", used_mb, 120, unit=" MB")]
    print("\n| promise | | |\n|---|---:|---|")
    for one in bounds:
        sign = "≥" if one.is_least else "≤"
        verdict = "holds" if one.holds else "**broken**"
        print(f"| {one.words} | {one.value:.2f}{one.unit} ({sign} {one.limit:g}{one.unit}) | {verdict} |")
    sys.exit(not all(one.holds for one in bounds))


def _starts(data: Path) -> Iterator[float]:
    """Yield after how many seconds ours gave its first answer, for some starts."""
    for _ in range(STARTS):
        with peers.kindgate(data, OURS, INTERNET) as started:
            yield started.up_s


def _measure(
    rounds: Rounds, servers: Sequence[Server], parts: list[Path], folder: Path, options: argparse.Namespace
) -> None:
    fast = ["-l", str(options.seconds)]
    for server in servers:
        # An answer is kept when it comes, and as a finished reply when it is asked for again.
        ask(server, parts, AT_HOME, ["-n", "2"])
    for _ in range(options.rounds):
        for server in servers:
            rounds.add("known", server, ask(server, parts, AT_HOME, fast))
        for server in servers[:2]:
            rounds.add("steady", server, ask(server, parts, AT_HOME, fast, rate=STEADY_QPS))
    unseen: Iterator[Path] = new_names(folder, "unseen", 40_000)
    some: Iterator[Path] = new_names(folder, "some", STEADY_QPS * options.seconds)
    few: Iterator[Path] = new_names(folder, "few", NEW_QPS * options.seconds)
    direct = Server("directly", INTERNET, (), 0.0)
    for _ in range(options.rounds):
        for server in servers[:2]:
            rounds.add("new", server, ask(server, [next(unseen)], AT_HOME[3:4], ["-n", "1"]))
        for server in (*servers[:2], direct):
            rounds.add("new, steady", server, ask(server, [next(some)], AT_HOME[3:4], ["-n", "1"], rate=STEADY_QPS))
            rounds.add("new, slowly", server, ask(server, [next(few)], AT_HOME[3:4], ["-n", "1"], rate=NEW_QPS))


def _measure_told(rounds: Rounds, servers: Sequence[Server], parts: list[Path], options: argparse.Namespace) -> None:
    for server in servers:
        ask(server, parts, BEHIND, ["-n", "2"])
    for _ in range(options.rounds):
        for server in servers:
            rounds.add("told", server, ask(server, parts, BEHIND, ["-l", str(options.seconds)]))


def _measure_workers(rounds: Rounds, servers: Sequence[Server], parts: list[Path], options: argparse.Namespace) -> None:
    for _ in range(WARM_UPS):
        for server in servers:
            ask(server, parts, AT_HOME, ["-n", "2"])
    for _ in range(options.rounds):
        for server in servers:
            rounds.add("workers", server, ask(server, parts, AT_HOME, ["-l", str(options.seconds)]))


def _furnish(folders: Sequence[Path], blocked: list[str]) -> None:
    """Lay a house of eight persons and the list into each data folder."""
    source = Source(id="long", lines=[f"0.0.0.0 {name}" for name in blocked], syntax=Syntax.HOSTS, wide=True)
    octets = build([source], Known(), compile_patterns).octets
    for folder in folders:
        publish_house(folder, _house())
        publish_set(set_file(folder), octets)


def _house() -> House:
    children = [Person(id=name, name=name, band=band) for name, band in zip(NAMES, BANDS, strict=False)]
    more = [
        Person(id=NAMES[5], name=NAMES[5], band="10-12", categories={"social_media": Setting.BLOCK}),
        Person(id=NAMES[6], name=NAMES[6], kind=PersonKind.ADULT),
    ]
    devices = [
        Device(id=f"device{number}", person=person, addresses=(sender.address,), macs=(behind.mac or "",))
        for number, (person, sender, behind) in enumerate(zip((*NAMES[:7], None), AT_HOME, BEHIND, strict=True))
    ]
    return House(
        persons=(*children, *more),
        devices=tuple(devices),
        forwarders=(Forwarder(id="router", addresses=(ROUTER,)),),
        lists=(Subscription(id="long", name="A long list"),),
    )


def _bounds(rounds: Rounds) -> Iterator[Bound]:
    def late(share: float) -> float:
        ours, peer = (
            rounds.median("steady", one, lambda made: made.percentile(share)) for one in ("kindgate", "unbound")
        )
        return ours / peer

    yield Bound("known, of unbound", rounds.ratio("known", "kindgate", "unbound"), 1.0, is_least=True)
    yield Bound("known, of dnsmasq", rounds.ratio("known", "kindgate", "dnsmasq"), 10.0, is_least=True)
    yield Bound("told by a router, of unbound", rounds.ratio("told", "kindgate", "unbound"), 0.7, is_least=True)
    yield Bound("new, of unbound", rounds.ratio("new", "kindgate", "unbound"), 0.35, is_least=True)
    slow, direct = (
        rounds.median("new, steady", one, lambda made: made.percentile(0.5)) for one in ("kindgate", "directly")
    )
    yield Bound("a new name, later than directly, median", slow - direct, 0.3, unit=" ms")
    yield Bound(f"{STEADY_QPS} a second, median, times unbound's", late(0.5), 1.5)
    yield Bound(f"{STEADY_QPS} a second, 99 %, times unbound's", late(0.99), 2.0)
    cpu = [rounds.median("workers", one, lambda made: made.cpu_us) for one in ("kindgate, two workers", "kindgate")]
    yield Bound("CPU of a query with two workers, times one's", cpu[0] / cpu[1], 1.15)


def _print(rounds: Rounds, servers: Sequence[Server]) -> None:
    print("| | answers/s | CPU µs each | lost | of unbound |\n|---|---:|---:|---:|---:|")
    for title in ("known", "told", "new", "workers"):
        for name in rounds.measured[title]:
            rate = rounds.median(title, name, lambda made: made.rate)
            cpu = rounds.median(title, name, lambda made: made.cpu_us)
            lost = sum(made.lost for made in rounds.of(title, name))
            ratio = f"{rounds.ratio(title, name, 'unbound'):.2f}" if title != "workers" else ""
            print(f"| {title}: {name} | {rate:,.0f} | {cpu:.1f} | {lost} | {ratio} |")
    print("\n| | median | 99 % | lost |\n|---|---:|---:|---:|")
    for title in ("steady", "new, steady", "new, slowly"):
        for name in rounds.measured[title]:
            middle = rounds.median(title, name, lambda made: made.percentile(0.5))
            late = rounds.median(title, name, lambda made: made.percentile(0.99))
            lost = sum(made.lost for made in rounds.of(title, name))
            print(f"| {title}: {name} | {middle:.2f} ms | {late:.2f} ms | {lost} |")
    print("\n| | first answer after |\n|---|---:|")
    for server in servers:
        print(f"| {server.name} | {server.up_s:.2f} s |")


if __name__ == "__main__":
    main()
