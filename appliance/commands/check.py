"""`kindgate check`: what is wrong, and the one thing that mends it."""

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import msgspec

from appliance import wording
from appliance.commands import daemons, probe
from appliance.commands.finding import Finding, Level
from appliance.commands.options import configured, data_folder, place_of, with_place
from appliance.config import DNS_PORT, Config, Endpoint
from appliance.core import house as houses
from appliance.core.house import House
from appliance.core.rulebook import Rulebook, RulebookError
from appliance.core.whom import parse_server
from appliance.nameserver import daemon, sockets
from appliance.world import bus, clock, neighbours, rules
from appliance.world.snapshot import Loaded, load_snapshot
from appliance.world.timekeeping import Timekeeper

RECIPE = "add-mac and strip-mac, add-subnet=32,128 and strip-subnet, cache-size=0 (README, The router)"
TEST_NAME = "malware.kindgate.test"


Status = dict[str, object]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_place
def check(as_json: bool, data: Path | None, config: Path | None) -> None:
    """Look for what is wrong, and say what mends it. Exit status 1 if anything is wrong."""
    found = list(_findings(data_folder(data, configured(config))))
    if as_json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    else:
        for finding in found:
            _print(finding)
    sys.exit(1 if any(finding.level is Level.WRONG for finding in found) else 0)


def _print(finding: Finding) -> None:
    mark, colour = {Level.OK: ("✓", "green"), Level.HINT: ("•", "yellow"), Level.WRONG: ("✗", "red")}[finding.level]
    click.echo(f"{click.style(mark, fg=colour, bold=True)} {finding.what}")
    if finding.mend:
        click.echo(f"    → {finding.mend}")


def _findings(where: Path) -> Iterator[Finding]:
    try:
        book = rules.load_rulebook()
    except (RulebookError, OSError) as error:
        yield Finding(
            Level.WRONG, f"The bundled rules can't be read: {error}", "pip install --force-reinstall kindgate"
        )
        return
    yield Finding(Level.OK, f"Rules: {len(book.categories)} categories, {len(book.entries)} names")
    yield from _data(where)
    yield from _clock(where)
    loaded = load_snapshot(where)
    yield from _house(loaded, book, where)
    yield from daemons.memory(where, loaded.snapshot)
    try:
        status = bus.ask(where, daemon.NAME, {"ask": "status"})
    except bus.NotRunning:
        yield Finding(Level.WRONG, f"No nameserver is running with {where}", "kindgate run")
        return
    except bus.BusError as error:
        yield Finding(Level.WRONG, f"The nameserver does not answer on its bus: {error}", "kindgate run")
        return
    yield from _workers(status, loaded)
    yield from daemons.others(where, loaded.snapshot)
    yield from daemons.dashboard(where)
    listening = Config(dns=tuple(str(text) for text in _list(status["dns"])))
    yield from _answers(listening, where)
    yield from _upstreams(status)
    yield from _routers(loaded, where)
    yield from _counts(status)


def _data(where: Path) -> Iterator[Finding]:
    if not where.is_dir():
        yield Finding(Level.HINT, f"There is no data folder {where} yet", "kindgate house apply FILE")
        return
    if not os.access(where, os.W_OK):
        yield Finding(Level.WRONG, f"The data folder {where} can't be written to", f"chown -R $USER {where}")
        return
    free = os.statvfs(where)
    if free.f_bavail * free.f_frsize < 10 << 20:
        yield Finding(Level.WRONG, f"The disk of {where} is full", f"df -h {where}")
    else:
        yield Finding(Level.OK, f"Data folder {where}")


def _clock(where: Path) -> Iterator[Finding]:
    doubt = Timekeeper(where).doubt
    if doubt is not None:
        mend = "is the Internet there? timedatectl set-ntp true; timedatectl timesync-status"
        yield Finding(Level.WRONG, f"The box doesn't know what time it is. {wording.DOUBTS[doubt]}", mend)


def _house(loaded: Loaded, book: Rulebook, where: Path) -> Iterator[Finding]:
    if loaded.problem:
        again = "kindgate house show > house.yaml && kindgate house apply house.yaml"
        yield Finding(Level.WRONG, loaded.problem, again if loaded.snapshot else "kindgate house apply FILE")
    if loaded.snapshot is None:
        yield Finding(Level.HINT, "There is no house yet: every device is unknown", "kindgate house apply FILE")
        return
    house = loaded.snapshot.house
    counted = f"{len(house.persons)} persons, {len(house.devices)} devices, {len(house.forwarders)} forwarders"
    yield Finding(Level.OK, f"House: revision {loaded.snapshot.revision}, {counted}")
    for path, words in houses.problems(house, book.known):
        yield Finding(Level.WRONG, f"House: {place_of(path)}: {words}", f"kindgate house show --data {where}")
    try:
        clock.zone(house.time_zone)
    except clock.UnknownZone as error:
        yield Finding(Level.WRONG, f"House: time_zone: {error}", f"kindgate house show --data {where}")


def _workers(status: Status, loaded: Loaded) -> Iterator[Finding]:
    workers = [worker for worker in _list(status["workers"]) if isinstance(worker, dict)]
    digest = loaded.snapshot.digest if loaded.snapshot else ""
    current = sum(worker["digest"] == digest for worker in workers)
    restarts = sum(int(worker["restarts"]) for worker in workers)
    problems = {str(worker["problem"]) for worker in workers if worker["problem"]}
    if current == len(workers):
        yield Finding(Level.OK, f"Nameserver: {current} of {len(workers)} workers run that house")
    else:
        why = f": {'; '.join(sorted(problems))}" if problems else ""
        yield Finding(
            Level.WRONG, f"Only {current} of {len(workers)} workers run that house{why}", "kindgate house show"
        )
    if restarts:
        yield Finding(Level.HINT, f"Workers were started again {restarts} times since the nameserver began")


def _answers(listening: Config, where: Path) -> Iterator[Finding]:
    """Ask ourselves, at each address, a question that never leaves the box."""
    for endpoint in listening.listen:
        near = _near(endpoint)
        word = probe.token()
        try:
            probe.ask(near, probe.marked(word))
            bus.ask(where, daemon.NAME, {"ask": "sight", "token": word})
        except OSError:
            yield Finding(
                Level.WRONG, f"DNS is not answered at {endpoint}", "is a firewall in the way? nft list ruleset"
            )
        else:
            yield Finding(Level.OK, f"DNS is answered at {endpoint}")


def _near(endpoint: Endpoint) -> Endpoint:
    """Return an address to ask a listener at: loopback for one that listens on all."""
    near = {sockets.ANY_V4: "127.0.0.1", sockets.ANY_V6: "::1"}.get(endpoint.address, endpoint.address)
    return Endpoint(near, endpoint.port)


def _upstreams(status: Status) -> Iterator[Finding]:
    servers = [one for one in _list(status.get("servers", [])) if isinstance(one, dict)]
    asked = [str(text) for text in _list(status["upstreams"])]
    bootstrap = tuple(parse_server(str(text)) for text in _list(status.get("bootstrap", [])))
    if not asked:
        yield Finding(
            Level.WRONG, "There is no upstream: allowed names can't be resolved", "kindgate run --upstream ADDR"
        )
    loops = {str(one["server"]) for one in servers if one.get("is_loop")}
    for upstream in sorted(loops):
        yield Finding(
            Level.WRONG, f"The upstream {upstream} asks this box in turn, and is asked no more",
            "set another upstream, or other name servers in the router: kindgate run --upstream ADDR",
        )  # fmt: skip
    for upstream in dict.fromkeys([*asked, *(str(one["server"]) for one in servers)]):
        if upstream in loops:
            continue
        try:
            probe.reach(parse_server(upstream), bootstrap)
        except probe.Unanswered as error:
            yield Finding(Level.WRONG, f"The upstream {error}", "kindgate run --upstream ADDR")
        else:
            yield Finding(Level.OK, f"The upstream {upstream} answers")


def _routers(loaded: Loaded, where: Path) -> Iterator[Finding]:
    """Ask each router a question with forged options, and look at what arrives here."""
    house = loaded.snapshot.house if loaded.snapshot else House()
    listed = {address: forwarder.id for forwarder in house.forwarders for address in forwarder.addresses}
    for address in dict.fromkeys([*listed, *neighbours.gateways()]):
        router = Endpoint(address.partition("%")[0], DNS_PORT)
        plain, forged = _sight(router, (), where), _sight(router, probe.FORGED, where)
        if plain is None or forged is None:
            if address in listed:
                what = f"The router {address} ({listed[address]}) does not send its questions here"
                yield Finding(Level.HINT, what, "enter this box as its DNS server")
        else:
            yield from _router(address, plain, forged)


def _sight(router: Endpoint, options: Iterable[tuple[int, bytes]], where: Path) -> Status | None:
    """Return what arrived here of a question with these options that a router was asked, None if nothing did."""
    word = probe.token()
    try:
        probe.ask(router, probe.marked(word, options))
        sight = bus.ask(where, daemon.NAME, {"ask": "sight", "token": word}).get("sight")
    except OSError:
        return None
    return sight if isinstance(sight, dict) else None


def _router(address: str, plain: Status, forged: Status) -> Iterator[Finding]:
    name = f"The router {address}"
    if plain["via"] is None:
        mend = (
            f"list it under House, Router (forwarders: [{{id: router, addresses: [{address}]}}]), and tell it {RECIPE}"
        )
        yield Finding(Level.WRONG, f"{name} asks for its clients, and they all look like one device", mend)
        return
    arrived = _options(forged)
    leaked = [str(code) for code, data in probe.FORGED if arrived.get(code) == data]
    if not _options(plain):
        yield Finding(Level.WRONG, f"{name} does not say who asks", f"set {RECIPE}")
    if leaked:
        what = f"{name} lets a client's forged identity through (option {', '.join(leaked)})"
        yield Finding(Level.WRONG, what, f"set {RECIPE}")
    if _options(plain) and not leaked:
        yield Finding(Level.OK, f"{name} says who asks, and a forged identity does not come through")


def _options(sight: Status) -> dict[int, bytes]:
    """Return the identity options that a question brought along."""
    told = sight["options"]
    return {int(code): bytes.fromhex(text) for code, text in told.items()} if isinstance(told, dict) else {}


def _counts(status: Status) -> Iterator[Finding]:
    counts = status["counts"]
    if not isinstance(counts, dict):
        return
    told = {
        "asker.forged": ("queries brought an identity of their own; it was ignored", ""),
        "asker.conflict": ("queries said two things about who asks; they were answered as an unknown device's", ""),
        "asker.misshapen": ("queries came through a router in a shape that hides who asks; they were refused", ""),
        "asker.missing": ("queries came through a listed router that did not say who asks", f"set {RECIPE}"),
        "asker.router": ("queries came from a router that is not listed: it may hide its clients by NAT",
                         "let the devices ask this box directly, or list the router under House, Router"),
        "dropped.source": ("queries came from networks that are not answered", "are they yours? list them: networks"),
        "errors": ("queries could not be answered through a fault of ours", "please report it"),
    }  # fmt: skip
    for key, (words, mend) in told.items():
        if counts.get(key):
            yield Finding(Level.HINT, f"{counts[key]} {words}", mend)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
