"""Debian's unbound beside us: what is signed well is said to be, what is forged is no answer, the rest resolves."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.dnssec
import dns.flags
import dns.name
import dns.rcode
import dns.zone
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from dns.dnssectypes import Algorithm

from appliance.config import Endpoint
from tests.needs import need
from tests.rooms.tree import ROOT
from tests.running import Running, ask_udp, free_port, own_address, question, running, until

SNIPPET = ROOT / "systemd" / "unbound.conf.d" / "kindgate.conf"
APEX = "signed.example."
GOOD, FORGED = "203.0.113.1", "203.0.113.66"
ZONE = f"""\
$ORIGIN {APEX}
$TTL 300
@       SOA ns hostmaster 1 3600 600 86400 60
@       NS  ns
ns      A   127.0.0.1
good    A   {GOOD}
bogus   A   203.0.113.2
plain   NS  ns.plain
ns.plain A  127.0.0.1
"""
PLAIN = f"""\
$ORIGIN plain.{APEX}
$TTL 300
@       SOA ns hostmaster 1 3600 600 86400 60
@       NS  ns
ns      A   127.0.0.1
www     A   203.0.113.3
"""
ALONE = """\
server:
    interface: {where}
    access-control: 127.0.0.0/8 allow
    module-config: "iterator"
"""
HERE = """\
server:
    do-daemonize: no
    username: ""
    chroot: ""
    directory: "{folder}"
    pidfile: ""
    use-syslog: no
    num-threads: 1
    do-not-query-localhost: no
"""
AUTHORITY = """\
auth-zone:
    name: "{apex}"
    zonefile: "{file}"
    for-upstream: no
"""
STUB = """\
stub-zone:
    name: "{apex}"
    stub-addr: {where}
"""


def signed() -> tuple[str, str]:
    """Return the zone, signed by a key of its own, and that key; one of its records has been forged since."""
    zone = dns.zone.from_text(ZONE, relativize=False)
    private = ec.generate_private_key(ec.SECP256R1())
    key = dns.dnssec.make_dnskey(private.public_key(), Algorithm.ECDSAP256SHA256, flags=257)
    dns.dnssec.sign_zone(zone, keys=[(private, key)], lifetime=86_400)
    text = zone.to_text(relativize=False)
    assert text.count(" A 203.0.113.2") == 1
    return text.replace(" A 203.0.113.2", f" A {FORGED}"), f"{APEX} IN DNSKEY {key.to_text()}"


@contextmanager
def unbound(folder: Path, name: str, where: Endpoint, text: str) -> Iterator[None]:
    """Run an unbound that answers at a place."""
    path = folder / f"{name}.conf"
    path.write_text(text + HERE.format(folder=folder))
    program = shutil.which("unbound", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    need(program is not None, "this needs Debian's unbound")
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen([str(program), "-d", "-c", str(path)], stdout=log, stderr=log)

    def is_up() -> bool:
        assert process.poll() is None, (folder / f"{name}.log").read_text()
        try:
            return bool(ask_udp(where, question(APEX, "SOA").to_wire(), within_s=0.5))
        except OSError:
            return False

    try:
        until(is_up, 20, "unbound is up")
        yield
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Kindgate, which asks an unbound with the configuration that we ship, which asks the zones' own server."""
    folder = tmp_path_factory.mktemp("validating")
    address = own_address()
    authority, validator = (Endpoint(address, free_port(address)) for _ in range(2))
    text, anchor = signed()
    zones = {APEX: text, f"plain.{APEX}": PLAIN}
    serving = ALONE.format(where=f"{authority.address}@{authority.port}")
    checking = SNIPPET.read_text().replace("127.0.0.1@5335", f"{validator.address}@{validator.port}")
    checking += f"    trust-anchor: '{anchor}'\n"
    for apex, zone in zones.items():
        file = folder / f"{apex}zone"
        file.write_text(zone)
        serving += AUTHORITY.format(apex=apex, file=file)
        checking += STUB.format(apex=apex, where=f"{authority.address}@{authority.port}")
    with (
        unbound(folder, "authority", authority, serving),
        unbound(folder, "validator", validator, checking),
        running(folder / "data", (validator,)) as started,
    ):
        yield started


def test_what_is_signed_well(box: Running) -> None:
    """Comes with the word that it was checked, and to who wants them with its signatures."""
    reply = box.ask(f"good.{APEX}", flags=dns.flags.RD | dns.flags.AD)
    assert [rdata.to_text() for rrset in reply.answer for rdata in rrset] == [GOOD]
    assert reply.flags & dns.flags.AD
    reply = box.ask(f"good.{APEX}", want_dnssec=True)
    assert reply.flags & dns.flags.AD
    assert {rrset.rdtype.name for rrset in reply.answer} == {"A", "RRSIG"}


def test_what_is_forged(box: Running) -> None:
    """Is no answer, but to who checks it without us."""
    reply = box.ask(f"bogus.{APEX}")
    assert (reply.rcode(), reply.answer) == (dns.rcode.SERVFAIL, [])
    reply = box.ask(f"bogus.{APEX}", flags=dns.flags.RD | dns.flags.CD)
    assert [rdata.to_text() for rrset in reply.answer for rdata in rrset] == [FORGED]
    assert not reply.flags & dns.flags.AD


def test_a_name_that_does_not_exist(box: Running) -> None:
    """Is checked, too."""
    reply = box.ask(f"nothing.{APEX}", want_dnssec=True)
    assert reply.rcode() == dns.rcode.NXDOMAIN
    assert reply.flags & dns.flags.AD


def test_what_is_not_signed(box: Running) -> None:
    """Resolves, without that word."""
    reply = box.ask(f"www.plain.{APEX}", want_dnssec=True)
    assert [rdata.to_text() for rrset in reply.answer for rdata in rrset] == ["203.0.113.3"]
    assert not reply.flags & dns.flags.AD
