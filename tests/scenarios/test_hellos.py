"""What a real browser says first, over TLS and over QUIC, is recorded on the wire and read; others read the same."""

import base64
import contextlib
import hashlib
import json
import os
import sys
import time
from collections import defaultdict
from ipaddress import ip_address
from pathlib import Path

import pytest
from aioquic._buffer import Buffer
from aioquic.tls import pull_client_hello
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Browser

from appliance.core.wire.hello import Hello
from appliance.core.wire.packets import Packets
from appliance.core.wire.quic import Initials
from appliance.core.wire.reader import NEED_MORE, NeedMore
from appliance.core.wire.tls import parse_hello
from appliance.web import certificate
from appliance.world.capture import open_capture
from scripts.lablib import net
from tests import tshark
from tests.browser import WAIT_MS, chromium
from tests.commands.cli import kindgate
from tests.lab import pages, record
from tests.lab.home import Home, home, wait_until

pytestmark = pytest.mark.lab

X25519MLKEM768 = 0x11EC
PORT = 443
ETHERNET_OCTETS = 14
PHONE, SITE = net.LAPTOP, net.INTERNET
SITES = {"v4.example": (PHONE.v4, SITE.v4), "v6.example": (PHONE.v6, SITE.v6)}
"""The end of a site's name → addresses of who asks and who answers."""
ALPN = {"tls": ["h2", "http/1.1"], "quic": ["h3"]}
SMALL_MTU, MTU = 1280, 1500
SILENCE_S = 0.5
CASES = [(proto, end, mtu) for proto in ALPN for end in SITES for mtu in (MTU, SMALL_MTU)]

Case = tuple[str, str, int]


def name_of(case: Case) -> str:
    """Return the site that is asked for in a case: each its own, so that no connection is used twice."""
    proto, end, mtu = case
    return f"{proto}-{mtu}.kind.{end}"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> dict[Case, Path]:
    """A browser opens a page in each case; what its host sent and got is recorded."""
    folder = tmp_path_factory.mktemp("recorded")
    with home(f"hellos-{os.getpid()}", tmp_path_factory.mktemp("lab")) as lab:
        pem = certificate.ensure(folder, [], (), time.time()).path
        lab.popen(SITE.name, [sys.executable, str(pages.__file__), str(pem), str(pem), str(PORT)], pages.READY)
        # Segments are cut by the host, not by a network card that is none: as they go over a wire.
        _link(lab, "gso_max_segs", 1)
        with _browser(lab, folder, pem) as browser:
            return {case: _open(lab, browser, case, folder / name_of(case)) for case in CASES}


def _link(lab: Home, *words: str | int) -> None:
    done = lab.exec(PHONE.name, ["ip", "link", "set", "eth0", *map(str, words)])
    assert done.returncode == 0, done.stderr


def _browser(lab: Home, folder: Path, pem: Path) -> contextlib.AbstractContextManager[Browser]:
    """Return a browser that finds the sites, believes their certificate and asks some over QUIC at once."""
    key = x509.load_pem_x509_certificate(pem.read_bytes()).public_key()
    known = base64.b64encode(hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest())
    over_quic = ",".join(f"{name_of(case)}:{PORT}" for case in CASES if case[0] == "quic")
    flags = (
        f"--ignore-certificate-errors-spki-list={known.decode()}",
        f"--host-resolver-rules=MAP *.v4.example {SITE.v4}, MAP *.v6.example [{SITE.v6}]",
        f"--origin-to-force-quic-on={over_quic}",
        "--enable-quic",
    )
    return chromium(folder, net.inside(lab.name, PHONE.name, []), *flags)


def _open(lab: Home, browser: Browser, case: Case, path: Path) -> Path:
    """Open a page while its host's wire is recorded."""
    _link(lab, "mtu", case[2])
    recorder = lab.popen(PHONE.name, [sys.executable, str(record.__file__), "eth0", str(path)], record.READY)
    page = browser.new_page()
    page.goto(f"https://{name_of(case)}/", timeout=WAIT_MS)
    assert page.title() == f"{name_of(case)} {'h3' if case[0] == 'quic' else 'http/1.1'}"
    # A connection to spare may just have been begun: a browser that is closed would leave its hello half said.
    wait_until(lambda: _is_silent(path), "the end of the conversation")
    page.context.close()
    lab.stop(recorder)
    return path


def _is_silent(recording: Path) -> bool:
    """Say whether nothing is said for a while."""
    before = recording.stat().st_size
    time.sleep(SILENCE_S)
    return recording.stat().st_size == before


@pytest.fixture(params=CASES, ids=name_of)
def case(request: pytest.FixtureRequest) -> Case:
    """One of the cases."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def capture(recorded: dict[Case, Path], case: Case) -> Path:
    """Its recording."""
    return recorded[case]


def said(capture: Path, case: Case) -> dict[int, list[bytes]]:
    """Return what the browser says to the site, packet by packet: its port → payloads."""
    words: dict[int, list[bytes]] = defaultdict(list)
    packets = Packets()
    ends = tuple(ip_address(address).packed for address in SITES[case[1]])
    with open_capture(capture) as frames:
        for frame in frames:
            for one in packets.read(frame.link, frame.octets, frame.at):
                if (one.source, one.target) == ends and one.target_port == PORT and one.payload:
                    assert len(frame.octets) <= ETHERNET_OCTETS + case[2]
                    words[one.source_port].append(one.payload)
    return words


def test_its_name_is_read(capture: Path, case: Case) -> None:
    """By `kindgate flows`, with what it offers; and that the true name may be another one."""
    proto, end, _ = case
    lines = [json.loads(line) for line in kindgate("flows", str(capture), "--json").stdout.splitlines()]
    asker, site = SITES[end]
    # A browser may open a connection to spare, over which it says nothing.
    ports = said(capture, case).keys()
    found = [line for line in lines if line["sport"] in ports and line["dport"] == PORT]
    assert len(found) == len(ports) > 0
    for line in found:
        del line["sport"]
        assert line == {
            "proto": proto,
            "l4": "udp" if proto == "quic" else "tcp",
            "src": asker,
            "dst": site,
            "dport": PORT,
            "hostname": name_of(case),
            "alpn": ALPN[proto],
            "ech": True,
            "signs": [],
            "sign_details": [],
        }


def test_its_hello_is_longer_than_a_packet(capture: Path, case: Case) -> None:
    """It offers a key that no quantum computer breaks; the first packet alone gives no name."""
    words = next(iter(said(capture, case).values()))
    if case[0] == "tls":
        assert parse_hello(words[0]) is NEED_MORE
        read: Hello | NeedMore = parse_hello(b"".join(words[:2]))
    else:
        initials = Initials()
        assert initials.feed(words[0]) is NEED_MORE
        read = initials.feed(words[1])
    assert isinstance(read, Hello)
    assert (read.name, read.has_ech, read.groups[0], read.versions[0]) == (name_of(case), True, X25519MLKEM768, 0x0304)


def test_tshark_reads_the_same(capture: Path, case: Case) -> None:
    """Of TLS the name; of QUIC the pieces of the hello, which come out of order and which aioquic then reads."""
    tshark.need_tshark()
    if case[0] == "tls":
        rows = tshark.told(capture, f"tcp.dstport == {PORT} && tls.handshake.type == 1", tshark.SNI)
        assert {name for row in rows for name in row[tshark.SNI]} == {name_of(case)}
        return
    pieces = tshark.crypto(capture, f"udp.dstport == {PORT} && quic.crypto.offset")
    offsets = [offset for offset, _ in pieces]
    assert offsets != sorted(offsets)
    message = bytearray(max(offset + len(octets) for offset, octets in pieces))
    for offset, octets in pieces:
        message[offset : offset + len(octets)] = octets
    assert pull_client_hello(Buffer(data=bytes(message))).server_name == name_of(case)
