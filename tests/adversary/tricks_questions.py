"""Asking another resolver: by hand, under cover, and by what browsers bring along."""

from contextlib import suppress

from tests.adversary.child import CLOSED, OWN, RESOLVER, Child
from tests.adversary.packets import initial
from tests.adversary.trick import (
    BOTH,
    ESCAPED,
    EVERYWHERE_ESCAPED,
    EVERYWHERE_STOPPED,
    STOPPED,
    TOLD,
    Expected,
    Trick,
    gateway,
)
from tests.lab.servers.resolvers import FOREIGN, WITNESS
from tests.running import question

PUBLIC = {"4": "8.8.8.8", "6": "2001:4860:4860::8888"}
_FOREIGN = bytes(map(int, FOREIGN.split(".")))
CLOUDFLARE = {"4": "1.1.1.1", "6": "2606:4700:4700::1111"}


def _asks(child: Child, *how: str) -> bool:
    """Say whether a resolver that isn't the box answers kdig."""
    return child.lab.kdig(child.host, *how, WITNESS) == [FOREIGN]


def by_udp(child: Child) -> bool:
    """Port 53."""
    return _asks(child, f"@{PUBLIC[child.family]}", "+notcp")


def by_tcp(child: Child) -> bool:
    """Port 53 over TCP."""
    return _asks(child, f"@{PUBLIC[child.family]}", "+tcp")


def one_after_the_other(child: Child) -> bool:
    """Two questions in one segment: the first for show."""
    asked = [question(name).to_wire() for name in ("www.example.com", WITNESS)]
    heard = b""
    with suppress(OSError), child.connect(RESOLVER, 53) as made:
        made.sendall(b"".join(len(one).to_bytes(2, "big") + one for one in asked))
        while _FOREIGN not in heard and (more := made.recv(4096)):
            heard += more
    return _FOREIGN in heard


def at_an_odd_port(child: Child) -> bool:
    """A resolver that also listens elsewhere."""
    return _asks(child, f"@{child.at(RESOLVER)}", "-p", "5353", "+notcp")


def at_an_odd_port_by_tcp(child: Child) -> bool:
    """The same over TCP."""
    return _asks(child, f"@{child.at(RESOLVER)}", "-p", "8053", "+tcp")


def by_tls(child: Child) -> bool:
    """DNS over TLS at its port."""
    return _asks(child, f"@{PUBLIC[child.family]}", "+tls")


def by_tls_at_443(child: Child) -> bool:
    """DNS over TLS where the web is."""
    return _asks(child, f"@{child.at(RESOLVER)}", "-p", "443", "+tls")


def by_quic(child: Child) -> bool:
    """DNS over QUIC: whether anybody answers."""
    return bool(child.sends(RESOLVER, 853, initial("dns.adguard-dns.com", "doq")))


def by_https(child: Child) -> bool:
    """A browser's own resolver, by its name."""
    doh = ["--doh-url", "https://cloudflare-dns.com/dns-query", "--doh-insecure"]
    return child.curl(f"https://{WITNESS.rstrip('.')}/", *doh) is not None


def by_https_at_an_address(child: Child) -> bool:
    """The same by the address that everybody knows."""
    return _asks(child, f"@{CLOUDFLARE[child.family]}", "+https")


def by_https_pinned(child: Child) -> bool:
    """The resolver's name at an address that the child found elsewhere."""
    return child.pinned(OWN, "https://dns.google/") is not None


def by_https_of_ones_own(child: Child) -> bool:
    """A resolver that nobody has heard of."""
    return _asks(child, f"@{child.at(OWN)}", "+https", "+tls-sni=play.example")


def by_http3(child: Child) -> bool:
    """A known resolver over HTTP/3."""
    return _quic_answers(child, "dns.google", PUBLIC[child.family])


def and_goes_there(child: Child) -> bool:
    """Ask a resolver that nobody has heard of for a closed site, and visit it."""
    found = child.lab.kdig(child.host, f"@{child.at(OWN)}", "+https", "+tls-sni=play.example", CLOSED.name)
    return bool(found) and child.pinned(CLOSED._replace(v4=found[0])) is not None


def _quic_answers(child: Child, name: str, address: str) -> bool:
    return "host" in child.lab.quic_once(child.host, name, "--at", address, "--family", child.family)


TURNED = "Questions to port 53 are turned to the box."
SHOWN = "Whoever is asked, the site's name shows as its connection begins."
TRICKS = (
    Trick("dns-by-hand", "I type in 8.8.8.8 as my DNS server", by_udp, gateway(STOPPED), TURNED, BOTH),
    Trick("dns-by-hand-tcp", "... and use TCP for it", by_tcp, gateway(STOPPED), TURNED, BOTH),
    Trick("dns-pipelined", "I hide a question behind a harmless one", one_after_the_other, gateway(STOPPED), TURNED),
    Trick(
        "dns-odd-port",
        "My DNS server listens at 5353, too",
        at_an_odd_port,
        gateway(STOPPED),
        "It is known by its octets.",
    ),
    Trick(
        "dns-odd-port-tcp",
        "... or at 8053 over TCP",
        at_an_odd_port_by_tcp,
        gateway(STOPPED),
        "It is known by its octets.",
    ),
    Trick(
        "dot",
        "I switch on Private DNS",
        by_tls,
        gateway(STOPPED),
        "Port 853 is refused at once, so that the phone falls back.",
        BOTH,
    ),
    Trick("dot-443", "I use DNS over TLS at port 443", by_tls_at_443, gateway(STOPPED), "Its hello says so."),
    Trick("doq", "I use DNS over QUIC", by_quic, gateway(STOPPED), "UDP 853 is refused."),
    Trick(
        "doh", "I switch on secure DNS in the browser", by_https, EVERYWHERE_STOPPED, "The resolver's name is closed."
    ),
    Trick(
        "doh-address",
        "... with https://1.1.1.1",
        by_https_at_an_address,
        Expected(ESCAPED, STOPPED, TOLD, ESCAPED),
        "An address alone is never sure: people try all sorts of things there.",
        BOTH,
    ),
    Trick(
        "doh-pinned",
        "... with its address in my hosts file",
        by_https_pinned,
        gateway(STOPPED),
        "Its name shows in the hello.",
        BOTH,
    ),
    Trick("doh3", "... over HTTP/3", by_http3, gateway(STOPPED), "Its name shows in the hello."),
    Trick(
        "doh-own",
        "I run my own DNS over HTTPS",
        by_https_of_ones_own,
        EVERYWHERE_ESCAPED,
        "It looks like any site. " + SHOWN,
    ),
    Trick(
        "doh-own-visit",
        "... and go to the closed site with it",
        and_goes_there,
        gateway(STOPPED),
        SHOWN,
        site=CLOSED.name,
    ),
)
