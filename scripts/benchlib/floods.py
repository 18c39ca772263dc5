"""What a flood costs those who don't flood: five clients ask as ever, a sixth does its worst.

The five ask 50 questions a second each over UDP, and one of them ten more over TCP, on a connection each. It runs in a
network namespace of its own, because loopback, which every bench asks from, has no limit. Status 1 where one of them
loses an answer to a flood.
"""

import argparse
import asyncio
import contextlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import dns.message

from scripts.benchlib import peers

PORT, UPSTREAM = 5393, 5394
EVERYWHERE = "0.0.0.0"
SERVER = "10.77.0.1"
OTHERS = tuple(f"10.77.0.{number}" for number in range(2, 7))
FLOODER = "10.77.0.9"
CROWD = tuple(f"10.77.0.{number}" for number in range(10, 60))
OTHERS_QPS, TCP_QPS, FLOOD_QPS = 50, 10, 5_000
NAMES = ("malware.kindgate.test", *(f"n{number}.example" for number in range(30)))
LAST_S = 3.0
"""How long an answer is waited for."""
FLOODS = {
    "none": "nobody floods",
    "udp": f"one client, {FLOOD_QPS:,} q/s over UDP, one name",
    "names": f"one client, {FLOOD_QPS:,} q/s over UDP, each another name",
    "loris": "slow-loris: one client, 100 connections, an octet every half second",
    "idle": "500 idle connections of 50 clients",
}


@dataclass
class Seen:
    """What came of questions."""

    asked: int = 0
    taken_ms: list[float] = field(default_factory=list)

    def told(self) -> str:
        """Return loss, median and p99 as cells of a table."""
        lost = self.asked - len(self.taken_ms)
        if len(self.taken_ms) < 2:
            return f"{lost} of {self.asked} | – | –"
        p99 = statistics.quantiles(self.taken_ms, n=100)[98]
        return f"{lost} of {self.asked} | {statistics.median(self.taken_ms):.2f} ms | {p99:.1f} ms"


def main() -> None:
    """Measure each flood and print a Markdown table."""
    parser = argparse.ArgumentParser(prog="scripts/bench floods", description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0, help="How long each flood lasts.")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--flood", choices=FLOODS, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.flood is not None:
        asyncio.run(flood(told.flood))
    elif os.environ.get("KINDGATE_FLOODS_INSIDE"):
        sys.exit(measure(told.seconds, told.workers))
    else:
        command = ["unshare", "--user", "--map-root-user", "--net", sys.executable, "-m", "scripts.benchlib.floods"]
        sys.exit(subprocess.call([*command, *sys.argv[1:]], env=os.environ | {"KINDGATE_FLOODS_INSIDE": "1"}))


def measure(seconds: float, workers: int) -> int:
    """Run the servers and all floods; return the exit status."""
    subprocess.check_call(["ip", "link", "set", "lo", "up"])
    for address in (SERVER, *OTHERS, FLOODER, *CROWD):
        subprocess.check_call(["ip", "address", "add", f"{address}/24", "dev", "lo"])
    print(f"| Flood ({seconds:.0f} s, {workers} workers) | UDP lost | median | p99 | TCP lost | median | p99 | CPU |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    lost = 0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.enter_context(peers.unbound(folder, "internet", UPSTREAM, [peers.ANSWERS_ALL]))
        (folder / "data").mkdir()
        server = stack.enter_context(peers.kindgate(folder / "data", PORT, UPSTREAM, workers, listen=EVERYWHERE))
        asyncio.run(ask_all(2.0))
        for name, words in FLOODS.items():
            with flooding(name):
                time.sleep(1.0)
                began, cpu_s = time.monotonic(), server.cpu_s
                over_udp, over_tcp = asyncio.run(ask_all(seconds))
                cpu = (server.cpu_s - cpu_s) / (time.monotonic() - began)
            print(f"| {words} | {over_udp.told()} | {over_tcp.told()} | {cpu:.0%} |", flush=True)
            lost += sum(one.asked - len(one.taken_ms) for one in (over_udp, over_tcp))
    return 1 if lost else 0


@contextmanager
def flooding(name: str) -> Iterator[None]:
    """Flood from another process while the block runs."""
    process = subprocess.Popen([sys.executable, "-m", "scripts.benchlib.floods", "--flood", name])
    try:
        yield
    finally:
        process.kill()
        process.wait()


class Asking(asyncio.DatagramProtocol):
    """A client over UDP, on one port."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._waiting: dict[int, float] = {}
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def ask(self, wire: bytes) -> None:
        """Ask a question."""
        assert self._transport is not None
        ident = self._seen.asked & 0xFFFF
        self._seen.asked += 1
        self._waiting[ident] = time.monotonic()
        self._transport.sendto(ident.to_bytes(2, "big") + wire[2:])

    def datagram_received(self, data: bytes, _: object) -> None:
        """Take an answer."""
        sent_at = self._waiting.pop(int.from_bytes(data[:2], "big"), None)
        if sent_at is not None:
            self._seen.taken_ms.append((time.monotonic() - sent_at) * 1000)


async def ask_all(seconds: float) -> tuple[Seen, Seen]:
    """Ask as the five do; return what came over UDP and over TCP."""
    over_udp, over_tcp = Seen(), Seen()
    loop = asyncio.get_running_loop()
    clients = []
    for source in OTHERS:
        for _ in range(4):
            transport, asking = await loop.create_datagram_endpoint(
                lambda: Asking(over_udp), (source, 0), (SERVER, PORT)
            )
            clients.append((transport, asking))
    wires = [dns.message.make_query(name, "A").to_wire() for name in NAMES]
    under_way: set[asyncio.Task[None]] = set()
    step_s = 1 / (OTHERS_QPS * len(OTHERS))
    began = time.monotonic()
    for number in range(int(seconds / step_s)):
        await asyncio.sleep(max(0.0, began + number * step_s - time.monotonic()))
        clients[number % len(clients)][1].ask(wires[number % len(wires)])
        if number % (OTHERS_QPS * len(OTHERS) // TCP_QPS) == 0:
            under_way.add(asyncio.create_task(ask_over_tcp(OTHERS[0], wires[number % len(wires)], over_tcp)))
    await asyncio.wait(under_way)
    for _ in range(60):
        await asyncio.sleep(LAST_S / 60 if len(over_udp.taken_ms) < over_udp.asked else 0)
    for transport, _ in clients:
        transport.close()
    return over_udp, over_tcp


async def ask_over_tcp(source: str, wire: bytes, seen: Seen) -> None:
    """Ask one question on a connection of its own."""
    seen.asked += 1
    began = time.monotonic()
    with contextlib.suppress(OSError, EOFError):
        async with asyncio.timeout(LAST_S):
            reader, writer = await asyncio.open_connection(SERVER, PORT, local_addr=(source, 0))
            writer.write(len(wire).to_bytes(2, "big") + wire)
            await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
            seen.taken_ms.append((time.monotonic() - began) * 1000)
            writer.close()


async def flood(name: str) -> None:
    """Flood in one way until the process is ended."""
    match name:
        case "udp" | "names":
            await flood_udp(is_new=name == "names")
        case "loris":
            await asyncio.gather(*(hold(FLOODER, drip_s=0.5) for _ in range(100)))
        case "idle":
            await asyncio.gather(*(hold(source, drip_s=None) for source in CROWD for _ in range(10)))


async def flood_udp(*, is_new: bool) -> None:
    """Ask as fast as one client is said to, from eight ports, and take no notice of the answers."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(8)]
    for one in sockets:
        one.bind((FLOODER, 0))
        one.connect((SERVER, PORT))
        one.setblocking(False)
    wire = dns.message.make_query("flood00000000.example", "A").to_wire()
    began, sent = time.monotonic(), 0
    while True:
        await asyncio.sleep(0.002)
        while sent < (time.monotonic() - began) * FLOOD_QPS:
            if is_new:
                wire = wire[:18] + b"%08d" % sent + wire[26:]
            with contextlib.suppress(OSError):
                sockets[sent % len(sockets)].send(wire)
            sent += 1


async def hold(source: str, *, drip_s: float | None) -> None:
    """Hold a connection open and ask nothing, or an octet at a time; open another when it ends."""
    octets = b"\x01\x00" + bytes(256)
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection(SERVER, PORT, local_addr=(source, 0))
            if drip_s is None:
                await reader.read(1)
            else:
                for octet in octets:
                    if reader.at_eof() or writer.is_closing():
                        break
                    writer.write(bytes([octet]))
                    await asyncio.sleep(drip_s)
            writer.close()
        await asyncio.sleep(0.05)


if __name__ == "__main__":
    main()
