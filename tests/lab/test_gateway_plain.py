"""The gateway home is the internet that it says: each client reaches its server by plain forwarding, over v4 and v6."""

import os
import time
from collections.abc import Iterator

import pytest

from scripts.lablib.gateway import RESOLVERS_V4, RESOLVERS_V6, Kind
from tests.lab import vpn
from tests.lab.gateway import Gateway, gateway
from tests.lab.servers import echoes
from tests.lab.servers.resolvers import FOREIGN, WITNESS

pytestmark = pytest.mark.lab

SITE = {"v4": "203.0.113.40", "v6": "2001:db8::40"}
PLAY = {"v4": "203.0.113.95", "v6": "2001:db8::95"}
PROXY = {"v4": "203.0.113.93", "v6": "[2001:db8::93]"}
VPN = {"v4": "203.0.113.94", "v6": "2001:db8::94"}
CLIENT = {"v4": "192.168.77.2", "v6": "fd78::10"}
"""What a site sees of the tablet: the box's own address, for v4 is translated."""
BOTH = pytest.mark.parametrize("family", ["v4", "v6"])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A home with two interfaces, whose box forwards everything."""
    with gateway(f"plain-{os.getpid()}", tmp_path_factory.mktemp("gateway")) as up:
        up.forward_plainly()
        yield up


@BOTH
@pytest.mark.parametrize(("scheme", "over"), [("http", "tcp"), ("https", "tls")])
def test_curl_finds_a_site_by_its_name(home: Gateway, family: str, scheme: str, over: str) -> None:
    """The site answers with the certificate of its name, and says who came."""
    got = home.curl("tablet", f"{scheme}://www.tiktok.com/", f"-{family[1]}")
    assert (got.code, got.status, got.address) == (0, 200, SITE[family])
    assert got.said == {"host": "www.tiktok.com", "path": "/", "over": over, "client": CLIENT[family]}


@BOTH
def test_a_site_answers_over_http3(home: Gateway, family: str) -> None:
    """The client of aioquic gets the same page from UDP 443."""
    said = home.quic_once("laptop", "www.tiktok.com", "--family", family[1])
    assert (said["over"], said["host"]) == ("quic", "www.tiktok.com")


@BOTH
@pytest.mark.parametrize("client", ["download", "ws", "quic", "game"])
def test_a_connection_stays_open_until_the_way_is_gone(home: Gateway, client: str, family: str) -> None:
    """What flows is told as flowing; when the box drops it, as stalled, and when it doesn't any more, as open again."""
    path = ["--path", "/big?kbit=2000"] if client in ("download", "quic") else []
    opened = home.stay("tablet", client, "play.example", "--family", family[1], *path)
    opened.wait("open")
    opened.lives_after(time.time())
    cut_at = time.time()
    is_v6 = family == "v6"
    block(home, is_v6=is_v6)
    try:
        ended = opened.wait_for_end()
        assert (ended["what"], ended["at"] > cut_at) == ("stalled", True)
    finally:
        block(home, is_v6=is_v6, is_over=True)
    opened.wait("open", after=ended["at"], limit_s=30)
    opened.end()


def block(home: Gateway, *, is_v6: bool, is_over: bool = False) -> None:
    """Let the box drop what the tablet sends and gets."""
    route = ["ip", "-6" if is_v6 else "-4", "route", "del" if is_over else "add", "blackhole"]
    tablet = home.host("tablet")
    done = home.exec("appliance", [*route, f"{tablet.v6}/128" if is_v6 else f"{tablet.v4}/32"])
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("client", ["download", "ws"])
def test_a_reset_is_told(home: Gateway, client: str) -> None:
    """A connection that is cut by a reset says so by its errno."""
    path = ["--path", "/big?kbit=2000"] if client == "download" else []
    opened = home.stay("tablet", client, "www.tiktok.com", "--family", "4", *path)
    opened.wait("open")
    done = home.exec("internet", ["ss", "-K", "dst", "192.168.77.2", "dport", ">", "1023"])
    assert done.returncode == 0, done.stderr
    assert opened.wait("closed")["how"] in ("ECONNRESET", "end", "tls")


def test_a_refusal_is_told_to_a_game(home: Gateway) -> None:
    """What ICMP says in a datagram's place is an error of the client's."""
    home.exec("router", ["ip", "route", "add", "prohibit", "203.0.113.200/32"])
    opened = home.udp_game("console", "203.0.113.200")
    assert opened.wait("error")["how"] in ("EHOSTUNREACH", "EACCES")
    opened.end()


@BOTH
@pytest.mark.parametrize("how", ["+notcp", "+tcp", "+tls", "+https"])
def test_a_foreign_resolver_answers(home: Gateway, how: str, family: str) -> None:
    """Every well-known address answers DNS, DoT and DoH, and is told from the internet's own resolver by one name."""
    for address in RESOLVERS_V4 if family == "v4" else RESOLVERS_V6:
        assert home.kdig("laptop", f"@{address}", how, WITNESS) == [FOREIGN]
    assert home.kdig("laptop", f"@{address}", how, "www.tiktok.com", "AAAA") == [SITE["v6"]]
    assert home.kdig("laptop", WITNESS) == ["203.0.113.90"]


@BOTH
def test_curl_asks_over_doh_by_name(home: Gateway, family: str) -> None:
    """A browser's own resolver, here curl's, works by its name."""
    doh = ["--doh-url", "https://cloudflare-dns.com/dns-query", "--doh-insecure"]
    assert home.curl("laptop", f"https://{WITNESS.rstrip('.')}/", "-4", "-k", *doh).address == FOREIGN
    assert home.curl("laptop", "https://www.tiktok.com/", f"-{family[1]}", *doh).address == SITE[family]


@BOTH
def test_a_proxy_hides_where_one_goes(home: Gateway, family: str) -> None:
    """Through SOCKS5 a site is reached by a name that the device never asked for."""
    got = home.curl("laptop", "https://www.tiktok.com/", "--proxy", f"socks5h://{PROXY[family]}:1080")
    assert (got.code, got.said["host"]) == (0, "www.tiktok.com")
    assert got.said["client"] not in CLIENT.values()


@BOTH
@pytest.mark.parametrize("port", [3074, 9000, 853])
def test_games_are_echoed_at_any_port(home: Gateway, family: str, port: int) -> None:
    """A game finds somebody to play with at every port of every site."""
    opened = home.udp_game("console", "play.example", "--family", family[1], "--port", str(port))
    opened.lives_after(opened.wait("open")["at"])
    opened.end()


@BOTH
def test_stun_tells_a_device_its_address(home: Gateway, family: str) -> None:
    """A call learns how it looks from outside."""
    request = b"\x00\x01\x00\x00" + echoes.COOKIE.to_bytes(4, "big") + bytes(12)
    reply = home.ask("tablet", request, to="2001:db8::92" if family == "v6" else "203.0.113.92", port=3478)
    assert reply[:2] == b"\x01\x01"
    masked = int.from_bytes(reply[28:32], "big") ^ echoes.COOKIE
    assert masked.to_bytes(4, "big") == (bytes([192, 168, 77, 2]) if family == "v4" else b"\xfd\x78\x00\x00")


@BOTH
def test_wireguard_finds_its_far_end(home: Gateway, family: str) -> None:
    """A real tunnel comes up."""
    with vpn.wireguard(home, "laptop", VPN[family]) as speaks:
        assert speaks


@BOTH
@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_openvpn_finds_its_far_end(home: Gateway, protocol: str, family: str) -> None:
    """A real tunnel comes up."""
    with vpn.openvpn(home, "laptop", VPN[family], protocol) as speaks:
        assert speaks


def test_chromium_visits_a_site(home: Gateway) -> None:
    """A real browser shows what the site says, and knows its own error for a name that isn't there."""
    with home.browser("tablet") as browser:
        said = home.fetch(browser, "https://www.tiktok.com/")
        assert isinstance(said, dict)
        assert (said["host"], said["over"]) == ("www.tiktok.com", "tls")
        assert home.fetch(browser, "https://nowhere.example/") == "net::ERR_NAME_NOT_RESOLVED"


def test_devices_meet_without_the_box(home: Gateway) -> None:
    """What devices send one another passes the switch alone."""
    neighbour = home.exec("tablet", ["ip", "route", "get", home.host("toy").v4]).stdout
    assert "via" not in neighbour
    home.ask("tablet", b"hello", to=home.host("toy").v4, port=9, wait_s=0.1)
    seen = home.exec("tablet", ["ip", "neighbour", "show", home.host("toy").v4]).stdout
    assert home.host("toy").mac in seen


def test_with_one_arm_the_box_is_on_the_way(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Box, router and devices share a network; what a device sends goes by the box, which hands it to the router."""
    with gateway(f"arm-{os.getpid()}", tmp_path_factory.mktemp("arm"), Kind.ONE) as home:
        assert home.curl("tablet", "https://203.0.113.40/", "-k", limit_s=1).code != 0
        home.forward_plainly()
        for family, client in (("4", "192.168.77.2"), ("6", "fd77::10")):
            assert home.curl("tablet", "https://www.tiktok.com/", f"-{family}").said["client"] == client


def test_without_addresses_nothing_is_reached_until_somebody_gives_one(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """With --dhcp a device asks for its address, and takes what a server says."""
    with gateway(f"dhcp-{os.getpid()}", tmp_path_factory.mktemp("dhcp"), dhcp=True) as home:
        assert home.lease("tablet", tries=1) == ""
        box = home.plan.box
        home.exec("appliance", ["ip", "addr", "add", f"{box.v4}/24", "dev", "eth0"])
        conf = ["--port=0", "--interface=eth0", "--bind-interfaces", "--dhcp-range=192.168.78.50,192.168.78.99,1h"]
        told = [
            "--keep-in-foreground",
            "--conf-file=/dev/null",
            "--dhcp-leasefile=/dev/null",
            "--user=root",
            "--pid-file=",
        ]
        told += [f"--dhcp-option=option:dns-server,{home.host('internet').v4}", "--log-facility=-"]
        home.popen("appliance", ["dnsmasq", *told, *conf], "DHCP, IP range")
        assert home.lease("tablet").startswith("192.168.78.")
        home.forward_plainly()
        assert home.curl("tablet", "https://www.tiktok.com/", "-4").code == 0
