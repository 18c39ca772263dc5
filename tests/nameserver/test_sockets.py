"""The sockets that DNS comes in by."""

import socket

import pytest

from appliance.config import Endpoint
from appliance.nameserver.sockets import (
    ListenError,
    asked_at,
    is_wildcard,
    open_tcp,
    open_udp,
    source_key,
)
from tests.needs import need
from tests.running import free_port, own_address

DEAF = Endpoint("192.0.2.1", 5300)
"""Nobody's address."""


def has_v6() -> bool:
    """Say whether this machine has an IPv6 loopback."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as tried:
            tried.bind(("::1", 0))
    except OSError:
        return False
    return True


def loopback() -> Endpoint:
    """Return a free endpoint."""
    return Endpoint(own_address(), free_port(own_address()))


def test_workers_share_a_port() -> None:
    """Two workers' sockets listen on one port, and one who shares nothing does not get it."""
    where = loopback()
    ours = (open_udp(where), open_udp(where), open_tcp(where), open_tcp(where))
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind((where.address, where.port))
    for opened in ours:
        opened.close()


def test_sockets_do_not_block() -> None:
    """A socket without a datagram says so at once."""
    with open_udp(loopback()) as udp, pytest.raises(BlockingIOError):
        udp.recvfrom(100)
    with open_tcp(loopback()) as tcp, pytest.raises(BlockingIOError):
        tcp.accept()


def test_address_of_nobody() -> None:
    """An address that is not ours is told in words, for UDP and TCP."""
    with pytest.raises(ListenError, match=r"can't listen on 192\.0\.2\.1:5300 \(UDP\): Cannot assign"):
        open_udp(DEAF)
    with pytest.raises(ListenError, match=r"can't listen on 192\.0\.2\.1:5300 \(TCP\): Cannot assign"):
        open_tcp(DEAF)


@pytest.mark.parametrize(
    ("address", "expected"), [("127.0.0.1", False), ("0.0.0.0", True), ("::1", False), ("::", True)]
)
def test_wildcard(address: str, expected: bool) -> None:
    """A socket of all addresses is known."""
    need(":" not in address or has_v6(), "this machine has no IPv6")
    with open_udp(Endpoint(address, free_port(address))) as opened:
        assert is_wildcard(opened) is expected


def test_both_families_at_one_port() -> None:
    """All IPv4 and all IPv6 addresses can be listened on at one port."""
    need(has_v6(), "this machine has no IPv6")
    port = free_port("0.0.0.0")
    with open_udp(Endpoint("0.0.0.0", port)), open_udp(Endpoint("::", port)):
        pass


@pytest.mark.parametrize(("listen", "asked", "client"), [("0.0.0.0", "127.0.0.5", "127.0.0.9"), ("::", "::1", "::1")])
def test_the_kernel_says_which_address_was_asked(listen: str, asked: str, client: str) -> None:
    """Of each datagram that comes to a socket of all addresses."""
    need(":" not in asked or has_v6(), "this machine has no IPv6")
    port = free_port(listen)
    family = socket.AF_INET6 if ":" in asked else socket.AF_INET
    with open_udp(Endpoint(listen, port)) as opened, socket.socket(family, socket.SOCK_DGRAM) as asking:
        opened.setblocking(True)
        opened.settimeout(5)
        asking.bind((client, 0))
        asking.sendto(b"question", (asked, port))
        data, control, _, _ = opened.recvmsg(100, 100)
    assert data == b"question"
    assert asked_at(control) == asked


def test_address_that_was_asked() -> None:
    """A link-local address is told with its interface; where the kernel says nothing, nothing is told."""
    link_local = socket.inet_pton(socket.AF_INET6, "fe80::1") + (3).to_bytes(4, "little")
    assert asked_at([(socket.IPPROTO_IPV6, 50, link_local)]) == "fe80::1%3"
    assert asked_at([]) == asked_at([(socket.SOL_SOCKET, 1, b"")]) == ""


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (("192.0.2.1", 53), "192.0.2.1"),
        (("2001:db8::1", 53, 0, 0), "2001:db8::1"),
        (("fe80::1", 53, 0, 3), "fe80::1%3"),
        (("fe80::1%eth0", 53, 0, 3), "fe80::1%3"),
        (("2001:db8::1", 53, 0, 3), "2001:db8::1"),
    ],
)
def test_source_key(address: tuple[object, ...], expected: str) -> None:
    """A link-local source is told by its interface too."""
    assert source_key(address) == expected
