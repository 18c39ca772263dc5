"""What reading a flow's first packets takes: time to the name, time of the nastiest packet, memory of a watched flow.

From the octets of an IP packet through `Packets` and `Flows` to the name, side by side in one run with scapy (TLS,
HTTP, DNS) and aioquic (QUIC). Processor time of this thread; medians of several rounds. The nastiest packets are those
of flows made to tire the reader; of each packet the best of several runs counts, so that other work is left out.
"""

import argparse
import gc
import statistics
import struct
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from aioquic._buffer import Buffer
from aioquic.quic.crypto import CryptoPair
from aioquic.quic.packet import QuicFrameType, pull_quic_header
from aioquic.tls import pull_client_hello
from scapy.layers.dns import DNS
from scapy.layers.http import HTTPRequest
from scapy.layers.inet import IP, TCP
from scapy.layers.tls.extensions import TLS_Ext_ServerName
from scapy.layers.tls.record import TLS

from appliance.core.flows.settle import WATCH, Settle, Watch
from appliance.core.flows.table import Flows
from appliance.core.wire.link import RAW
from appliance.core.wire.packet import ACK, SYN, Packet, Protocol
from appliance.core.wire.packets import Packets
from scripts.benchlib._nasty import Series, all_series
from tests.core.wire import hellos, initials

LIMITS_US = {"TLS": 60, "QUIC": 250}
PACKET_LIMIT_US = 1_000
FLOW_LIMIT_OCTETS = 20 * 1_024
CLIENT, SERVER = bytes((192, 0, 2, 1)), bytes((198, 51, 100, 2))
FIRST_PORT = 20_000
FEW = 20
"""Flows of a kind by which the roomiest kinds are found."""


class Case(NamedTuple):
    """A flow whose name stands in its first packet; over DNS the answer settles it."""

    name: str
    protocol: int
    port: int
    payloads: tuple[bytes, ...]
    """Of the client, and what the server answers."""
    peer: str
    read: Callable[[bytes], str]
    """The peer's way from an IP packet to the name."""


def main() -> None:
    """Measure and print; status 1 where a limit is broken."""
    parser = argparse.ArgumentParser(prog="scripts/bench hellos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--packets", type=int, default=1_000, help="a round; of the peer's a tenth")
    parser.add_argument("--runs", type=int, default=15, help="of each nasty flow")
    parser.add_argument("--flows", type=int, default=1_000, help="watched at once, to weigh them")
    told = parser.parse_args()
    good = [
        *show_names(told.rounds, told.packets),
        show_worst(told.runs),
        show_memory(told.flows),
    ]
    sys.exit(not all(good))


def show_names(rounds: int, packets: int) -> Iterator[bool]:
    """Print how long it takes to the name; yield of each limit whether it is kept."""
    print("| from octets to name | ours | limit | peer | peer ÷ ours |")
    print("|---|---:|---:|---:|---:|")
    for case in cases():
        flows = [frames_of(case, FIRST_PORT + number) for number in range(packets)]
        wanted = case.read(flows[0][0])
        few = flows[: max(1, packets // 10)]
        both = [(ours(flows, wanted), theirs(case, few, wanted)) for _ in range(rounds)]
        mine, peers = (statistics.median(times) for times in zip(*both, strict=True))
        ratio = statistics.median(peer / our for our, peer in both)
        kind = case.name.partition(",")[0]
        limit = LIMITS_US.get(kind)
        words = f"≤ {limit} µs: {verdict(mine <= limit)}" if limit else ""
        print(f"| {case.name} | {mine:.0f} µs | {words} | {case.peer} {peers:,.0f} µs | {ratio:.1f} |")
        yield limit is None or mine <= limit


def show_worst(runs: int) -> bool:
    """Print the packets that take longest; say whether the limit is kept."""
    found = sorted(((worst(series, runs), series) for series in all_series()), reverse=True, key=lambda one: one[0])
    print(f"\n| the nastiest packet of a flow ({len(found)} kinds; limit {PACKET_LIMIT_US:,} µs) | µs |\n|---|---:|")
    for took, series in found[:12]:
        print(f"| {Protocol(series.protocol).name}: {series.name} | {took:.0f} |")
    print(f"\nat most {found[0][0]:.0f} µs: {verdict(found[0][0] <= PACKET_LIMIT_US)}")
    return found[0][0] <= PACKET_LIMIT_US


def show_memory(flows: int) -> bool:
    """Print what the roomiest watched flows hold; say whether the limit is kept."""
    few = sorted(((weight(series, FEW), series) for series in all_series()), reverse=True, key=lambda one: one[0])
    print(f"\n| memory of a watched flow ({flows:,} at once; limit {FLOW_LIMIT_OCTETS:,}) | octets |\n|---|---:|")
    weights = [(weight(series, flows), series.name) for _, series in few[:2]]
    for octets, name in weights:
        print(f"| {name} | {octets:,.0f} |")
    most = max(octets for octets, _ in weights)
    print(f"\nat most {most:,.0f} octets: {verdict(most <= FLOW_LIMIT_OCTETS)}")
    return most <= FLOW_LIMIT_OCTETS


def verdict(is_kept: bool) -> str:
    """Return a word for it."""
    return "pass" if is_kept else "FAIL"


def cases() -> Iterable[Case]:
    """Return the flows whose names are read."""
    host = "www.kind.example"
    small = hellos.record(hellos.message(hellos.server_name(host.encode())))
    request = f"GET /a/page HTTP/1.1\r\nHost: {host}\r\nUser-Agent: x\r\nAccept: */*\r\n\r\n".encode()
    ask = b"\0\7\1\0\0\1\0\0\0\0\0\0\3www\4kind\7example\0\0\1\0\1"
    answer = b"\0\7\x81\x80\0\1\0\1\0\0\0\0" + ask[12:] + b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc6\x33\x64\2"
    initial = initials.seal(initials.crypto(0, initials.hello_message(host, padding=300)))
    return (
        Case("TLS, Chromium's hello", Protocol.TCP, 443, (hellos.CHROMIUM,), "scapy", scapy_tls),
        Case("TLS, a small hello", Protocol.TCP, 443, (small,), "scapy", scapy_tls),
        Case("QUIC, an Initial", Protocol.UDP, 443, (initial,), "aioquic", aioquic_initial),
        Case("HTTP, a request", Protocol.TCP, 80, (request,), "scapy", scapy_http),
        Case("DNS, a question and its answer", Protocol.UDP, 53, (ask, answer), "scapy", scapy_dns),
    )


def frames_of(case: Case, port: int) -> list[bytes]:
    """Return the IP packets of a flow whose client has this port."""
    frames = []
    for number, payload in enumerate(case.payloads):
        source, target, ports = CLIENT, SERVER, (port, case.port)
        if number % 2:
            source, target, ports = target, source, ports[::-1]
        if case.protocol == Protocol.TCP:
            body = struct.pack("!HHIIBBHHH", *ports, 1_000, 1, 5 << 4, ACK, 1_000, 0, 0) + payload
        else:
            body = struct.pack("!HHHH", *ports, 8 + len(payload), 0) + payload
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 1, 0, 64, case.protocol, 0, source, target)
        frames.append(head + body)
    return frames


def ours(flows: list[list[bytes]], wanted: str) -> float:
    """Return how long a flow takes us, in microseconds."""
    packets, table = Packets(), Flows()
    said: Watch | Settle = WATCH
    began = time.thread_time()
    for frames in flows:
        for octets in frames:
            (packet,) = packets.read(RAW, octets, 1.0)
            said = table.feed(packet, 1.0)
    took = time.thread_time() - began
    if said is WATCH or said.name != wanted:
        sys.exit(f"not the name: {said}")
    return took / len(flows) * 1e6


def theirs(case: Case, flows: list[list[bytes]], wanted: str) -> float:
    """Return how long a flow takes the peer, in microseconds."""
    name = ""
    began = time.thread_time()
    for frames in flows:
        for octets in frames:
            name = case.read(octets)
    took = time.thread_time() - began
    if name != wanted:
        sys.exit(f"{case.peer} reads {name}")
    return took / len(flows) * 1e6


def scapy_tls(octets: bytes) -> str:
    """Return the server name that scapy reads."""
    records = TLS(bytes(IP(octets)[TCP].payload))  # type: ignore[no-untyped-call]
    hello = records.msg[0]
    (names,) = [one for one in hello.ext if isinstance(one, TLS_Ext_ServerName)]
    return str(names.servernames[0].servername.decode())


def scapy_http(octets: bytes) -> str:
    """Return the host that scapy reads."""
    return str(HTTPRequest(bytes(IP(octets)[TCP].payload)).Host.decode())


def scapy_dns(octets: bytes) -> str:
    """Return the name that scapy reads."""
    return str(IP(octets)[DNS].qd[0].qname.decode().removesuffix("."))


def aioquic_initial(octets: bytes) -> str:
    """Return the server name that aioquic reads in an Initial of one CRYPTO frame, as its server does."""
    payload = octets[28:]
    buffer = Buffer(data=payload)
    header = pull_quic_header(buffer, host_cid_length=8)
    pair = CryptoPair()
    pair.setup_initial(cid=header.destination_cid, is_client=False, version=header.version or 1)
    _, plain, _ = pair.decrypt_packet(payload[: header.packet_length], buffer.tell(), 0)
    frames = Buffer(data=plain)
    if frames.pull_uint_var() != QuicFrameType.CRYPTO:
        sys.exit("another frame than CRYPTO")
    frames.pull_uint_var()
    hello = pull_client_hello(Buffer(data=frames.pull_bytes(frames.pull_uint_var())))
    return hello.server_name or ""


def worst(series: Series, runs: int) -> float:
    """Return how long the slowest packet of a flow takes, in microseconds: of each packet the best of several runs."""
    packets = packets_of(series, 40_000)
    best = [float("inf")] * len(packets)
    for _ in range(runs):
        table = Flows()
        for number, packet in enumerate(packets):
            began = time.thread_time()
            said = table.feed(packet, 1.0)
            best[number] = min(best[number], time.thread_time() - began)
            if said is not WATCH:
                break
    return max(took for took in best if took != float("inf")) * 1e6


def weight(series: Series, flows: int) -> float:
    """Return how many octets a flow holds when its last packet but one has come, `flows` being watched at once."""
    table = Flows(max_flows=flows)
    gc.collect()
    tracemalloc.start()
    for number in range(flows):
        for packet in packets_of(series, FIRST_PORT + number)[:-1]:
            if table.feed(packet, 1.0) is not WATCH:
                break
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return held / len(table)


def packets_of(series: Series, port: int) -> list[Packet]:
    """Return the packets of a flow, their octets their own; a connection's SYN stands first."""
    ends = CLIENT, SERVER, series.protocol, port, series.port
    if series.protocol == Protocol.UDP:
        return [Packet(*ends, bytes(bytearray(payload))) for _, payload in series.parts]
    parts = [Packet(*ends, bytes(bytearray(payload)), 1_000 + at, ACK) for at, payload in series.parts]
    return [Packet(*ends, b"", 999, SYN), *parts]


if __name__ == "__main__":
    main()
