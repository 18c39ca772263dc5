"""A DNS server on loopback that answers as a script says, over UDP and TCP, in a thread of its own."""

import contextlib
import selectors
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from appliance.config import Endpoint

REAL = "198.51.100.7"
"""What a name has at the fake upstream unless a script says otherwise: never seen where a name is blocked."""
REAL6 = "2001:db8::7"
STOP_S = 5.0


@dataclass(frozen=True)
class Asked:
    """A question as it arrived."""

    wire: bytes
    peer: Any
    is_tcp: bool
    send: Callable[[bytes], object]

    @property
    def message(self) -> dns.message.Message:
        """The question, read by dnspython."""
        return dns.message.from_wire(self.wire)

    @property
    def id(self) -> int:
        """Its id."""
        return int.from_bytes(self.wire[:2], "big")

    @property
    def name(self) -> str:
        """Its name, without the dot at the end."""
        return self.message.question[0].name.to_text(omit_final_dot=True)

    @property
    def qtype(self) -> str:
        """Its type as a word."""
        return dns.rdatatype.to_text(self.message.question[0].rdtype)


Script = Callable[[Asked], Iterable[bytes]]


def answer(asked: Asked, *records: str, ttl: int = 300, rcode: int = 0, flags: int = 0) -> bytes:
    """Return an answer of these records (``owner ttl type rdata``), or of the real address."""
    made = dns.message.make_response(asked.message, recursion_available=True)
    made.set_rcode(dns.rcode.Rcode(rcode))
    made.flags |= dns.flags.Flag(flags)
    rdata = {"A": REAL, "AAAA": REAL6}.get(asked.qtype)
    if not records and not rcode and rdata:
        records = (f"{asked.name or '.'} {ttl} {asked.qtype} {rdata}",)
    for record in records:
        owner, seconds, rtype, words = record.split(None, 3)
        made.answer.append(dns.rrset.from_text(owner.rstrip(".") + ".", int(seconds), "IN", rtype, words))
    return made.to_wire(max_size=65535)


def answers(asked: Asked) -> Iterable[bytes]:
    """Give each name its real address."""
    yield answer(asked)


def silence(asked: Asked) -> Iterable[bytes]:
    """Never answer."""
    return ()


def failing(rcode: int) -> Script:
    """Give every question this error."""
    return lambda asked: [answer(asked, rcode=rcode)]


class FakeUpstream:
    """Notes every question in `asked`, and sends what `script` makes of it; a script may be replaced at any time."""

    def __init__(self, script: Script = answers, address: str = "127.0.0.1") -> None:
        self.script = script
        self.asked: list[Asked] = []
        self.faults: list[BaseException] = []
        self._news = threading.Condition()
        self._selector = selectors.DefaultSelector()
        self._udp, self._tcp = _pair(address)
        self.endpoint = Endpoint(address, self._udp.getsockname()[1])
        self._selector.register(self._udp, selectors.EVENT_READ, self._read_udp)
        self._selector.register(self._tcp, selectors.EVENT_READ, self._accept)
        self._is_stopping = False
        self._waker, woken = socket.socketpair()
        self._selector.register(woken, selectors.EVENT_READ, lambda: woken.recv(1))
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def names(self) -> list[str]:
        """Return the names that were asked, in order."""
        return [asked.name for asked in self.asked]

    def wait_for(self, count: int, within_s: float = 5.0) -> None:
        """Wait until so many questions have come."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.asked) >= count, within_s), f"{len(self.asked)} of {count} came"

    def close(self) -> None:
        """Stop, and tell of faults in a script."""
        self._is_stopping = True
        self._waker.close()
        self._thread.join(STOP_S)
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._selector.close()
        assert not self.faults, self.faults

    def _run(self) -> None:
        while not self._is_stopping:
            for key, _ in self._selector.select(STOP_S):
                try:
                    key.data()
                except OSError:
                    continue
                except Exception as error:  # noqa: BLE001 -- told in close
                    self.faults.append(error)

    def _read_udp(self) -> None:
        with contextlib.suppress(BlockingIOError):
            for _ in range(64):
                wire, peer = self._udp.recvfrom(65535)
                self._serve(Asked(wire, peer, False, partial(self._send_udp, peer)))

    def _send_udp(self, peer: Any, reply: bytes) -> None:
        self._udp.sendto(reply, peer)

    def _accept(self) -> None:
        connection, peer = self._tcp.accept()
        connection.setblocking(False)
        received = bytearray()
        self._selector.register(connection, selectors.EVENT_READ, lambda: self._read_tcp(connection, received, peer))

    def _read_tcp(self, connection: socket.socket, received: bytearray, peer: Any) -> None:
        def send(reply: bytes) -> None:
            connection.settimeout(STOP_S)
            connection.sendall(len(reply).to_bytes(2, "big") + reply)
            connection.setblocking(False)

        try:
            data = connection.recv(65535)
        except ConnectionError:
            data = b""
        received += data
        while len(received) >= 2 and len(received) >= (end := 2 + int.from_bytes(received[:2], "big")):
            wire = bytes(received[2:end])
            del received[:end]
            self._serve(Asked(wire, peer, True, send))
        if not data:
            self._selector.unregister(connection)
            connection.close()

    def _serve(self, asked: Asked) -> None:
        with self._news:
            self.asked.append(asked)
            self._news.notify_all()
        for reply in self.script(asked):
            asked.send(reply)


@contextmanager
def fake_upstream(script: Script = answers, address: str = "127.0.0.1") -> Iterator[FakeUpstream]:
    """Give a fake upstream for as long as the block runs."""
    fake = FakeUpstream(script, address)
    try:
        yield fake
    finally:
        fake.close()


def _pair(address: str) -> tuple[socket.socket, socket.socket]:
    """Return a UDP and a listening TCP socket of one port."""
    family = socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET
    for _ in range(20):
        udp = socket.socket(family, socket.SOCK_DGRAM)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        udp.bind((address, 0))
        tcp = socket.socket(family, socket.SOCK_STREAM)
        try:
            tcp.bind(udp.getsockname()[:2])
        except OSError:
            udp.close()
            tcp.close()
            continue
        tcp.listen(128)
        udp.setblocking(False)
        tcp.setblocking(False)
        return udp, tcp
    raise AssertionError("no free port")
