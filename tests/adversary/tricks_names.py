"""Going to a closed site while pretending to go elsewhere, or nowhere that has a name."""

import socket
import time
from collections.abc import Callable

from tests.adversary.child import CLOSED, OPEN, SEARCH, Child, First, Https
from tests.adversary.packets import MD5_OPTION, Wire, encrypted_hello, hello, initial
from tests.adversary.quic import moved_home, over_one_socket
from tests.adversary.trick import (
    ASKED,
    BOTH,
    ESCAPED,
    EVERYWHERE_ESCAPED,
    EVERYWHERE_STOPPED,
    STOPPED,
    TOLD,
    Attempt,
    Expected,
    Trick,
    gateway,
)

OLD = 1 << 20
"""So many octets ago lies what a server takes for no confirmation of its own."""
LATE_S = 11.0
"""Longer than the box watches a connection whose beginning it has."""
TLS_HANDSHAKE = 22


def by_name(child: Child) -> bool:
    """Nothing but the site's name."""
    return child.curl(f"https://{CLOSED.name}/") is not None


def hosts_file(child: Child) -> bool:
    """The site's address is known beforehand."""
    return child.pinned(CLOSED) is not None


def hosts_file_in_chromium(child: Child) -> bool:
    """The same in a browser."""
    rules = f"--host-resolver-rules=MAP {CLOSED.name} {child.in_url(CLOSED)}"
    with child.lab.browser(child.host, rules) as browser:
        return isinstance(child.lab.fetch(browser, f"https://{CLOSED.name}/"), dict)


def over_http(child: Child) -> bool:
    """Without TLS."""
    return child.pinned(CLOSED, f"http://{CLOSED.name}/") is not None


def at_another_port(child: Child) -> bool:
    """TLS where few look."""
    return child.pinned(CLOSED, f"https://{CLOSED.name}:8443/") is not None


def in_capitals(child: Child) -> bool:
    """The name spelled as nobody does."""
    with child.connect(CLOSED, 443) as made:
        return Https(made, "WwW.TikTok.COM.").get(CLOSED.name) is not None


def unsafe_search(child: Child) -> bool:
    """The search engine's own address in place of its safe one."""
    return child.pinned(SEARCH) is not None


def by_address(child: Child) -> bool:
    """The address as it is, over TLS: a hello with no name."""
    return child.curl(f"https://{child.in_url(CLOSED)}/", "-H", f"Host: {CLOSED.name}") is not None


def by_address_over_http(child: Child) -> bool:
    """The address as it is."""
    return child.curl(f"http://{child.in_url(CLOSED)}/") is not None


def fronted(child: Child) -> bool:
    """An open site's name in the hello, at the closed one's address."""
    got = child.pinned(CLOSED, f"https://{OPEN.name}/", "-H", f"Host: {CLOSED.name}")
    return got is not None and got["host"] == CLOSED.name


def coalesced(child: Child) -> bool:
    """A request for the closed site on a connection to an open one that the same machines serve."""
    got = child.curl(f"https://{OPEN.name}/", "-H", f"Host: {CLOSED.name}")
    return got is not None and got["host"] == CLOSED.name


def with_two_hosts(child: Child) -> bool:
    """Two names in one request: one for the filter, one for the server."""
    request = f"GET / HTTP/1.1\r\nHost: {OPEN.name}\r\nHost: {CLOSED.name}\r\n\r\n"
    return CLOSED.name.encode() in child.says(CLOSED, 80, request.encode(), until=b"}")


def with_a_sealed_name(child: Child) -> bool:
    """Encrypted Client Hello: only the provider's name shows."""
    return child.says(CLOSED, 443, encrypted_hello("cloudflare-ech.com"))[:1] == bytes((TLS_HANDSHAKE,))


def _sent(first: First) -> Attempt:
    """Return the trick of sending the closed site's hello in a manner."""

    def attempt(child: Child) -> bool:
        with child.connect(CLOSED, 443) as made:
            return Https(made, CLOSED.name, first).get(CLOSED.name) is not None

    return attempt


def _in_pieces(size: int, pause_s: float = 0.002) -> First:
    def send(made: socket.socket, octets: bytes) -> None:
        for at in range(0, len(octets), size):
            made.sendall(octets[at : at + size])
            time.sleep(pause_s)  # Or the kernel puts them together.

    return send


def _late(made: socket.socket, octets: bytes) -> None:
    made.sendall(octets[:3])
    time.sleep(LATE_S)
    made.sendall(octets[3:])


def _begun_late(made: socket.socket, octets: bytes) -> None:
    time.sleep(LATE_S)
    made.sendall(octets)


Decoy = Callable[[Wire, bytes], None]


def _decoyed(decoy: Decoy) -> Attempt:
    """Return the trick of sending something else before the hello that only the filter is to believe."""

    def attempt(child: Child) -> bool:
        wire = Wire(child, CLOSED)
        try:

            def send(made: socket.socket, octets: bytes) -> None:
                decoy(wire, hello(OPEN.name).ljust(len(octets), b"\0")[: len(octets)])
                made.sendall(octets)

            return Https(wire.socket, CLOSED.name, send).get(CLOSED.name) is not None
        finally:
            wire.close()

    return attempt


def turned_round(child: Child) -> bool:
    """The hello's second half first."""
    wire = Wire(child, CLOSED)
    try:

        def send(made: socket.socket, octets: bytes) -> None:
            half = len(octets) // 2
            wire.put(octets[half:], half)
            made.sendall(octets[:half])
            made.sendall(octets[half:])

        return Https(wire.socket, CLOSED.name, send).get(CLOSED.name) is not None
    finally:
        wire.close()


def over_quic(child: Child) -> bool:
    """HTTP/3."""
    said = child.lab.quic_once(child.host, CLOSED.name, "--at", child.at(CLOSED), "--family", child.family)
    return said.get("host") == CLOSED.name


def a_new_visit_on_old_ports(child: Child) -> bool:
    """QUIC to an open site, then a new Initial for the closed one from the same port."""
    return over_one_socket(child, child.at(CLOSED), OPEN.name, CLOSED.name)


def a_decoy_over_quic(child: Child) -> bool:
    """An Initial for an open site that goes nowhere, and the true one after it on the same ports."""
    return bool(child.sends(CLOSED, 443, initial(OPEN.name), initial(CLOSED.name)))


def begun_elsewhere(child: Child) -> bool:
    """QUIC that is begun over mobile data and goes on at home."""
    return moved_home(child, child.at(CLOSED), CLOSED.name)


def rebound(child: Child) -> bool:
    """A name of the child's own that leads to a machine at home."""
    return bool(child.lab.kdig(child.host, "rebind.example")) and child.lab.kdig(child.host, "rebind.example") == [
        "192.168.77.1"
    ]


SHOWS = "The name shows in its first words."
SERVER_TOO = "What the box reads, the server reads: a decoy arrives, or both drop it."
NEVER = (
    "Nothing shows but the name of an open site. Only breaking the encryption would tell, and that the box never does."
)
DISGUISED = Expected(ESCAPED, STOPPED, STOPPED, ESCAPED)
ONLY_TOOLS = "Honest programs don't do that: closed as a disguise up to 15, left open from 16 on."
NAMELESS = Expected(ESCAPED, ASKED, ESCAPED, ESCAPED)
NO_NAME = "No name, and an address that the box gave for none: asked about at 6-12, open from 13 on."
TRICKS = (
    Trick("by-name", "I just try it", by_name, EVERYWHERE_STOPPED, "Its name has no answer.", BOTH, CLOSED.name),
    Trick("hosts-file", "I put its address into my hosts file", hosts_file, gateway(STOPPED), SHOWS, BOTH, CLOSED.name),
    Trick("hosts-file-browser", "... in Chromium", hosts_file_in_chromium, gateway(STOPPED), SHOWS, site=CLOSED.name),
    Trick("plain-http", "... without encryption", over_http, gateway(STOPPED), SHOWS, BOTH, CLOSED.name),
    Trick("odd-port", "... at port 8443", at_another_port, gateway(STOPPED), SHOWS, site=CLOSED.name),
    Trick("capitals", "... as WwW.TikTok.COM.", in_capitals, gateway(STOPPED), SHOWS, site=CLOSED.name),
    Trick("quic", "... over HTTP/3", over_quic, gateway(STOPPED), SHOWS, BOTH, CLOSED.name),
    Trick(
        "unsafe-search",
        "I pin the search engine's own address",
        unsafe_search,
        Expected(ESCAPED, STOPPED, STOPPED, None),
        "It is open at its safe address alone.",
    ),
    Trick("address-https", "I type its address", by_address, NAMELESS, NO_NAME, seen="bypass_hidden"),
    Trick("address-http", "... without encryption", by_address_over_http, NAMELESS, NO_NAME, seen="bypass_hidden"),
    Trick(
        "ech",
        "I have a browser that seals the name (ECH)",
        with_a_sealed_name,
        Expected(ESCAPED, STOPPED, TOLD, ESCAPED),
        "The box gives no keys for that, and a hello to a provider's outer name shows that others did.",
    ),
    Trick("fronting", "I claim to visit another site at its address", fronted, EVERYWHERE_ESCAPED, NEVER),
    Trick("coalescing", "I ask for it on a connection to another site", coalesced, EVERYWHERE_ESCAPED, NEVER),
    Trick("two-hosts", "I name two sites at once", with_two_hosts, DISGUISED, ONLY_TOOLS, site=CLOSED.name),
    Trick("split", "I cut the first words in two", _sent(_in_pieces(200)), gateway(STOPPED), SHOWS, site=CLOSED.name),
    Trick("one-by-one", "I send them octet by octet", _sent(_in_pieces(1)), DISGUISED, ONLY_TOOLS, site=CLOSED.name),
    Trick("late", "I wait before I send them", _sent(_begun_late), gateway(STOPPED), SHOWS, site=CLOSED.name),
    Trick("slow", "I send three octets and then wait", _sent(_late), DISGUISED, ONLY_TOOLS, site=CLOSED.name),
    Trick(
        "backwards",
        "I send the second half first",
        turned_round,
        gateway(STOPPED),
        "They are put in order as the server does.",
        site=CLOSED.name,
    ),
    Trick(
        "decoy-ttl",
        "I send false words that die on the way",
        _decoyed(lambda wire, said: wire.put(said, ttl=2)),
        gateway(STOPPED),
        SERVER_TOO,
        site=CLOSED.name,
    ),
    Trick(
        "decoy-checksum",
        "... with a wrong checksum",
        _decoyed(lambda wire, said: wire.put(said, chksum=0xBAD1)),
        gateway(STOPPED),
        SERVER_TOO,
        site=CLOSED.name,
    ),
    Trick(
        "decoy-signed",
        "... signed with a key that nobody has",
        _decoyed(lambda wire, said: wire.put(said, options=[MD5_OPTION])),
        gateway(STOPPED),
        SERVER_TOO,
        site=CLOSED.name,
    ),
    Trick(
        "decoy-past",
        "... that come before the beginning",
        _decoyed(lambda wire, said: wire.put(said, -len(said))),
        gateway(STOPPED),
        SERVER_TOO,
        site=CLOSED.name,
    ),
    Trick(
        "decoy-old-ack",
        "... that confirm what was never said",
        _decoyed(lambda wire, said: wire.put(said, ack=(wire.heard - OLD) % 2**32)),
        gateway(STOPPED),
        SERVER_TOO,
        site=CLOSED.name,
    ),
    Trick(
        "decoy-new-ack",
        "... that confirm what is still to come",
        _decoyed(lambda wire, said: wire.put(said, ack=(wire.heard + OLD) % 2**32)),
        gateway(STOPPED),
        SERVER_TOO,
        site=CLOSED.name,
    ),
    Trick(
        "decoy-stamp",
        "... with a time stamp from long ago",
        _decoyed(lambda wire, said: wire.put(said, options=[("Timestamp", wire.stamps(-OLD))])),
        gateway(STOPPED),
        SERVER_TOO,
        site=CLOSED.name,
    ),
    Trick(
        "quic-again",
        "I visit another site over HTTP/3, and then this one from the same port",
        a_new_visit_on_old_ports,
        gateway(STOPPED),
        "A first packet begins something new.",
        site=CLOSED.name,
    ),
    Trick(
        "quic-decoy",
        "... with a first packet that goes nowhere",
        a_decoy_over_quic,
        gateway(STOPPED),
        "A first packet begins something new.",
        site=CLOSED.name,
    ),
    Trick(
        "quic-moved",
        "I begin over mobile data and join the Wi-Fi then (HTTP/3)",
        begun_elsewhere,
        EVERYWHERE_ESCAPED,
        "Its first words were said elsewhere. What is left looks like a game or a call.",
    ),
    Trick(
        "rebinding",
        "I own a name that leads to the router's pages",
        rebound,
        EVERYWHERE_STOPPED,
        "Addresses of the home are no answer for names of the world.",
    ),
)
