"""aioquic's client and server talk past the box: the flow is named as the server reads it, whatever they had to say."""

import asyncio
import ssl
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aioquic import tls
from aioquic.asyncio.server import QuicServer
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import HandshakeCompleted
from aioquic.quic.packet import QuicProtocolVersion
from aioquic.quic.retry import QuicRetryTokenHandler
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from appliance.core.flows.settle import WATCH, Settle
from appliance.core.flows.table import Flows
from appliance.core.signs.facts import Kind
from appliance.core.wire.packet import Packet, Protocol
from appliance.web import certificate

CLIENT, SERVER = ("192.0.2.1", 50000), ("198.51.100.2", 443)
MAX_ROUNDS = 40
V1, V2 = QuicProtocolVersion.VERSION_1, QuicProtocolVersion.VERSION_2

LABEL = st.from_regex(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?", fullmatch=True)
NAMES = st.lists(LABEL, min_size=1, max_size=3).map(lambda labels: ".".join([*labels, "example"]))
PROTOCOLS = st.lists(
    st.text("h3-/", min_size=1, max_size=3).flatmap(
        lambda one: st.integers(3, 255).map(lambda size: one.ljust(size, "p"))
    ),
    max_size=20,
)


@dataclass
class Talk:
    """What is said in a connection, in its order, seen by a box in the middle."""

    lost: frozenset[int]
    """Which of the client's datagrams come neither to the box nor to the server."""
    flows: Flows = field(default_factory=Flows)
    settled: list[Settle] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """The names that the server read."""
    answers: list[bytes] = field(default_factory=list)
    sent: int = 0

    def sendto(self, datagram: bytes, _address: Any) -> None:
        """Take what the server says (it has this in place of a socket)."""
        self._see(datagram, SERVER, CLIENT)
        self.answers.append(datagram)

    def passes(self, datagram: bytes) -> bool:
        """Take what the client says, unless it is lost."""
        self.sent += 1
        if self.sent - 1 in self.lost:
            return False
        self._see(datagram, CLIENT, SERVER)
        return True

    def _see(self, datagram: bytes, source: tuple[str, int], target: tuple[str, int]) -> None:
        ends = ip_address(source[0]).packed, ip_address(target[0]).packed
        packet = Packet(*ends, Protocol.UDP, source[1], target[1], datagram)
        settle = self.flows.feed(packet, 0.0)
        if settle is not WATCH and not settle.is_again:
            self.settled.append(settle)


@cache
def retries() -> QuicRetryTokenHandler:
    """Return what makes and knows tokens: its key takes long to make."""
    return QuicRetryTokenHandler()


async def converse(talk: Talk, asking: QuicConfiguration, serving: QuicConfiguration, *, has_retry: bool) -> None:
    """Let a client and a server talk until both know that they understand each other."""
    server = QuicServer(configuration=serving)
    if has_retry:
        server._retry = retries()
    server.connection_made(talk)  # type: ignore[arg-type]
    client = QuicConnection(configuration=asking)
    at = asyncio.get_running_loop().time()
    client.connect(SERVER, at)
    for _ in range(MAX_ROUNDS):
        for datagram, _address in client.datagrams_to_send(at):
            if talk.passes(datagram):
                server.datagram_received(datagram, CLIENT)
        answers, talk.answers = talk.answers, []
        for answer in answers:
            client.receive_datagram(answer, SERVER, at)
        if any(isinstance(event, HandshakeCompleted) for event in iter(client.next_event, None)):
            return
        if not answers:
            at = max(at, client.get_timer() or at)
            client.handle_timer(at)
    raise AssertionError("they never understood each other")


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that the client doesn't look at."""
    return certificate.ensure(tmp_path_factory.mktemp("pem"), [], (), 1_772_600_000.0).path


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that servers read out of what they decrypted."""
    names: list[str] = []
    read = tls.pull_client_hello

    def overheard(*words: Any) -> tls.ClientHello:
        hello = read(*words)
        names.append(hello.server_name or "")
        return hello

    monkeypatch.setattr(tls, "pull_client_hello", overheard)
    return names


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    name=NAMES,
    protocols=PROTOCOLS,
    first=st.sampled_from([V1, V2]),
    served=st.sampled_from([[V1], [V2], [V1, V2], [V2, V1]]),
    has_retry=st.booleans(),
    lost=st.frozensets(st.integers(0, 5), max_size=3),
)
def test_the_flow_is_named_as_the_server_reads_it(
    pem: Path,
    heard: list[str],
    name: str,
    protocols: list[str],
    first: QuicProtocolVersion,
    served: list[QuicProtocolVersion],
    has_retry: bool,
    lost: frozenset[int],
) -> None:
    """Either version, changed on the way or not, after a Retry, in many datagrams of which some are lost at first."""
    # Only so many packets are looked at: what is said twice, after a Retry or a loss, must fit.
    assume(sum(map(len, protocols)) * (1 + has_retry + len(lost)) < 6_000)
    heard.clear()
    asking = QuicConfiguration(
        alpn_protocols=protocols or None,
        server_name=name,
        original_version=first,
        supported_versions=[first, V1, V2],
        verify_mode=ssl.CERT_NONE,
    )
    serving = QuicConfiguration(is_client=False, alpn_protocols=protocols or None, supported_versions=list(served))
    serving.load_cert_chain(pem, pem)
    talk = Talk(lost)
    asyncio.run(converse(talk, asking, serving, has_retry=has_retry))
    assert heard == [name]
    (settle,) = talk.settled
    assert (settle.kind, settle.name) == (Kind.QUIC, name.lower())
    assert settle.hello is not None
    assert settle.hello.alpn == tuple(protocols)
    assert (settle.client_port, settle.server_port) == (CLIENT[1], SERVER[1])
