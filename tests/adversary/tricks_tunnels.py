"""Going through somebody else: VPNs, proxies, relays, and what carries anything inside something else."""

import os
import socket
import ssl
import struct
from contextlib import suppress

from tests.adversary import far
from tests.adversary.child import CLOSED, OWN, PROXY, STUN, VPN, Child, Https
from tests.adversary.inside import socket_in
from tests.adversary.trick import (
    ASKED,
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
from tests.core.wire import hellos
from tests.lab import vpn

FEW = 3
IKE_PORT, TEREDO_PORT, SWARM_PORT, SSH_PORT = 500, 3544, 6881, 22
SIT, GRE = 41, 47
WORD = b"in a tunnel"


def wireguard(child: Child) -> bool:
    """wireguard-go at its port."""
    with vpn.wireguard(child.lab, child.host, child.at(VPN), times=FEW) as speaks:
        return speaks


def wireguard_at_443(child: Child) -> bool:
    """... at the port of QUIC."""
    with vpn.wireguard(child.lab, child.host, child.at(VPN), 443, times=FEW) as speaks:
        return speaks


def openvpn(child: Child) -> bool:
    """OpenVPN over UDP."""
    with vpn.openvpn(child.lab, child.host, child.at(VPN), limit_s=4.0) as speaks:
        return speaks


def openvpn_at_443(child: Child) -> bool:
    """... over TCP at the port of the web."""
    with vpn.openvpn(child.lab, child.host, child.at(VPN), "tcp", port=443, limit_s=4.0) as speaks:
        return speaks


def ipsec(child: Child) -> bool:
    """IKE: whether its first words arrive (RFC 7296 section 3.1), which an echo sends back."""
    body = struct.pack("!BBHBBH", 0, 0, 40, 0, 0, 36) + struct.pack("!BBBB", 1, 1, 0, 4) + bytes(28)
    head = os.urandom(8) + bytes(8) + bytes((33, 0x20, 34, 0x08)) + struct.pack("!II", 0, 28 + len(body))
    return bool(child.sends(VPN, IKE_PORT, head + body))


def _arrives(child: Child, protocol: int) -> bool:
    """Say whether packets of a protocol without ports come through to an address of one's own."""
    family = socket.AF_INET if child.family == "4" else socket.AF_INET6
    with socket_in(child.lab.name, "internet", family, socket.SOCK_RAW, protocol) as ear:
        ear.settimeout(1.0)
        with suppress(OSError), child.endpoint(socket.SOCK_RAW, protocol) as mouth:
            for _ in range(FEW):
                mouth.sendto(WORD, (child.at(VPN), 0))
            while WORD not in ear.recv(2048):
                continue
            return True
    return False


def v6_in_v4(child: Child) -> bool:
    """6in4."""
    return _arrives(child, SIT)


def gre(child: Child) -> bool:
    """Generic routing encapsulation."""
    return _arrives(child, GRE)


def teredo(child: Child) -> bool:
    """IPv6 in UDP."""
    return bool(child.sends(VPN, TEREDO_PORT, b"\x60" + bytes(5) + b"\x3b\x15" + bytes(32)))


def socks(child: Child) -> bool:
    """SOCKS5, which resolves the name at its far end."""
    proxy = f"socks5h://{child.in_url(PROXY)}:1080"
    return child.curl(f"https://{CLOSED.name}/", "--proxy", proxy) is not None


def http_proxy(child: Child) -> bool:
    """A proxy as browsers know it."""
    proxy = f"http://{child.in_url(PROXY)}:{far.CONNECT_PORT}"
    return child.curl(f"https://{CLOSED.name}/", "--proxy", proxy) is not None


def ssh(child: Child) -> bool:
    """A machine that one has an account on leads on to the closed site."""
    with suppress(OSError), child.connect(PROXY, SSH_PORT) as made:
        made.sendall(far.BANNER)
        if made.recv(255) == far.BANNER:
            made.sendall(far.order(CLOSED.v4, 443))
            return made.recv(255) == far.DONE and Https(made, CLOSED.name).get(CLOSED.name) is not None
    return False


def scrambled(child: Child) -> bool:
    """Chance from the first octet on, as Shadowsocks."""
    words, pad = far.scrambled_order(CLOSED.v4, 443)
    return far.scrambled(child.says(PROXY, far.SCRAMBLED_PORT, words), pad) == far.DONE


def inside_tls(child: Child) -> bool:
    """A machine of one's own that looks like a site, as Trojan."""
    with suppress(OSError), child.connect(OWN, 444) as made:
        return Https(made, OWN.name).asks(far.order(CLOSED.v4, 443), far.DONE)
    return False


def tor(child: Child) -> bool:
    """The way in to Tor: a hello like its own."""
    words = hellos.of_ssl("www.q7m2zv4k3xlo.com", ssl.TLSVersion.TLSv1_2, has_tickets=False)
    return child.says(OWN, 443, words)[:1] == b"\x16"


def relay(child: Child) -> bool:
    """ICloud's private relay, by its name."""
    return child.curl("https://mask.icloud.com/") is not None


def relay_pinned(child: Child) -> bool:
    """... at an address that is known beforehand."""
    return "host" in child.lab.quic_once(child.host, "mask.icloud.com", "--at", child.at(OWN), "--family", child.family)


def _visits(*names: str) -> "Visit":
    return Visit(names)


class Visit:
    """Visiting any of some sites by name."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    def __call__(self, child: Child) -> bool:
        """Say whether one of them answers."""
        return any(child.curl(f"https://{name}/") is not None for name in self._names)


def like_a_call(child: Child) -> bool:
    """A call that carries something else."""
    binding = struct.pack("!HHI12s", 1, 0, 0x2112A442, os.urandom(12))
    return child.sends(STUN, 3478, binding, WORD) == WORD


def like_a_game(child: Child) -> bool:
    """A tunnel over UDP that looks like nothing at all."""
    return bool(child.sends(OWN, 27_015, os.urandom(200), os.urandom(900)))


def swarm(child: Child) -> bool:
    """BitTorrent's first words."""
    return bool(child.says(OWN, SWARM_PORT, b"\x13BitTorrent protocol" + bytes(8) + os.urandom(40)))


AGREED = Expected(ESCAPED, STOPPED, STOPPED, ASKED)
AGREED_EVERYWHERE = Expected(STOPPED, STOPPED, STOPPED, ASKED)
TUNNEL = "bypass_vpn"
KNOWN = "Its first words are known."
LIKE_ALL = "It looks like everything else. That a device speaks with one address alone is noticed in time."
TRICKS = (
    Trick("wireguard", "I use WireGuard", wireguard, AGREED, KNOWN, families=BOTH, seen=TUNNEL, is_alone=True),
    Trick("wireguard-443", "... at UDP 443", wireguard_at_443, AGREED, KNOWN, seen=TUNNEL, is_alone=True),
    Trick("openvpn", "I use OpenVPN", openvpn, AGREED, KNOWN, seen=TUNNEL, is_alone=True),
    Trick("openvpn-443", "... at TCP 443", openvpn_at_443, AGREED, KNOWN, seen=TUNNEL, is_alone=True),
    Trick("ipsec", "I use the VPN that my phone has in its settings", ipsec, AGREED, KNOWN, families=BOTH, seen=TUNNEL),
    Trick("6in4", "I tunnel IPv6 through IPv4", v6_in_v4, gateway(STOPPED), "Its protocol is refused.", is_alone=True),
    Trick("gre", "I tunnel with GRE", gre, AGREED, KNOWN, families=BOTH, seen=TUNNEL, is_alone=True),
    Trick("teredo", "... with Teredo", teredo, gateway(STOPPED), "Its port is refused."),
    Trick(
        "vpn-site",
        "I get a VPN from its maker",
        _visits("nordvpn.com"),
        AGREED_EVERYWHERE,
        "Its name is closed.",
        site="nordvpn.com",
    ),
    Trick(
        "vpn-browser",
        "I use a browser with a VPN",
        _visits("api.sec-tunnel.com"),
        AGREED_EVERYWHERE,
        "Its tunnels' names are closed.",
        site="api.sec-tunnel.com",
    ),
    Trick(
        "web-proxy",
        "I use a proxy on a page",
        _visits("www.croxyproxy.com"),
        AGREED_EVERYWHERE,
        "Its name is closed. New ones come daily.",
        site="www.croxyproxy.com",
    ),
    Trick(
        "translate",
        "I let a translator show me the page",
        _visits("www-tiktok-com.translate.goog"),
        EVERYWHERE_STOPPED,
        "The page's name stands in the translator's, and is decided like itself.",
        site=CLOSED.name,
    ),
    Trick(
        "tor-site",
        "I get the Tor browser",
        _visits("www.torproject.org"),
        AGREED_EVERYWHERE,
        "Its name is closed.",
        site="www.torproject.org",
    ),
    Trick(
        "tor",
        "I use Tor",
        tor,
        Expected(ESCAPED, STOPPED, TOLD, ESCAPED),
        "Its hello is to a name that it made up, and that it never asked for.",
    ),
    Trick(
        "relay",
        "I switch on Private Relay",
        relay,
        EVERYWHERE_STOPPED,
        "Its name has no answer, and the phone says so.",
        site="mask.icloud.com",
    ),
    Trick(
        "relay-pinned",
        "... with its address in a profile",
        relay_pinned,
        gateway(STOPPED),
        "The name shows in its first words.",
        BOTH,
        site="mask.icloud.com",
    ),
    Trick("socks", "I use a SOCKS proxy", socks, AGREED, KNOWN, families=BOTH, seen="bypass_web_proxy"),
    Trick(
        "http-proxy",
        "I use a proxy in the browser's settings",
        http_proxy,
        gateway(STOPPED),
        "The name stands in its first words.",
    ),
    Trick("ssh", "I go through a machine by SSH", ssh, EVERYWHERE_ESCAPED, "SSH is work, too. " + LIKE_ALL),
    Trick(
        "scrambled",
        "I rent a machine that speaks noise (Shadowsocks)",
        scrambled,
        EVERYWHERE_ESCAPED,
        "Noise is a hint, too weak to act on.",
    ),
    Trick("inside-tls", "I rent a machine that looks like a site (Trojan)", inside_tls, EVERYWHERE_ESCAPED, LIKE_ALL),
    Trick(
        "like-a-call",
        "I tunnel through what looks like a video call (Snowflake)",
        like_a_call,
        EVERYWHERE_ESCAPED,
        LIKE_ALL,
        BOTH,
    ),
    Trick("like-a-game", "... or like a game", like_a_game, EVERYWHERE_ESCAPED, LIKE_ALL),
    Trick(
        "swarm",
        "I get films from a swarm (BitTorrent)",
        swarm,
        EVERYWHERE_ESCAPED,
        "It is no way round the rules, and no category is about it.",
    ),
)
