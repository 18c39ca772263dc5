"""What the installer sets: endpoints in one spelling, errors with lines."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config import V6, Config, Dhcp, Endpoint, Gateway, ask_plainly, load_config, parse_endpoint
from appliance.core.document import DocumentError
from appliance.core.whom import Mode, Whom, parse_server

ENDPOINTS = [
    ("127.0.0.1:5300", None, "127.0.0.1:5300", False),
    (" 127.0.0.1:5300 ", None, "127.0.0.1:5300", False),
    ("127.0.0.1", 53, "127.0.0.1:53", False),
    ("[::1]:5300", None, "[::1]:5300", True),
    ("[2001:DB8::1]", 53, "[2001:db8::1]:53", True),
    ("2001:db8::1", 53, "[2001:db8::1]:53", True),
    ("[::]:53", None, "[::]:53", True),
    ("[::ffff:192.0.2.1]:53", None, "192.0.2.1:53", False),
    ("0.0.0.0:65535", None, "0.0.0.0:65535", False),
]


@pytest.mark.parametrize(("text", "default", "expected", "is_v6"), ENDPOINTS)
def test_an_endpoint_has_one_spelling(text: str, default: int | None, expected: str, *, is_v6: bool) -> None:
    """Which is read back as itself."""
    found = parse_endpoint(text, default)
    assert (expected, is_v6) == (str(found), found.is_v6)
    assert found == parse_endpoint(str(found), None)


WRONG_ENDPOINTS = [
    ("127.0.0.1", None, "needs a port"),
    ("::1", None, "needs a port"),
    ("[::1]", None, "needs a port"),
    ("127.0.0.1:", None, "needs a port"),
    ("127.0.0.1:0", None, "a port is a number"),
    ("127.0.0.1:65536", 53, "a port is a number"),
    ("127.0.0.1:dns", 53, "a port is a number"),
    ("127.0.0.1:-1", 53, "a port is a number"),
    ("127.0.0.1:٥٣", 53, "a port is a number"),
    ("[::1]5300", None, r"not \[ADDRESS\]:PORT"),
    ("[::1", 53, r"not \[ADDRESS\]:PORT"),
    ("[]:53", None, "IPv4 or IPv6"),
    ("example.com:53", None, "IPv4 or IPv6"),
    ("", 53, "IPv4 or IPv6"),
]


@pytest.mark.parametrize(("text", "default", "words"), WRONG_ENDPOINTS)
def test_what_is_no_endpoint_is_refused(text: str, default: int | None, words: str) -> None:
    """With what is wrong about it."""
    with pytest.raises(ValueError, match=words):
        parse_endpoint(text, default)


@given(st.text(max_size=30), st.none() | st.just(53))
def test_any_text_gives_an_endpoint_or_value_error(text: str, default: int | None) -> None:
    """Nothing else."""
    try:
        found = parse_endpoint(text, default)
    except ValueError:
        return
    assert 0 < found.port < 65536


def test_everything_has_a_default() -> None:
    """A box runs without a file."""
    config = load_config(None)
    assert (Endpoint("127.0.0.1", 5300),) == config.listen
    assert (config.workers, config.asked, config.data) == (None, Whom(), None)


def test_a_file_is_read(tmp_path: Path) -> None:
    """Addresses in normal form, upstreams at port 53 unless said."""
    path = tmp_path / "appliance.yaml"
    path.write_text("dns: ['[::]:53', 0.0.0.0:53]\nupstreams: [9.9.9.9, '[2620:FE::fe]:5353']\nworkers: 2\n")
    config = load_config(path)
    assert config.dns == ("[::]:53", "0.0.0.0:53")
    assert ask_plainly((Endpoint("9.9.9.9", 53), Endpoint("2620:fe::fe", 5353))) == config.asked
    assert config.workers == 2


FILES = [
    (b"workers: 2\nport: 53\n", 2, "unknown key 'port'"),
    (b"\nworkers: 0\n", 2, "workers: expected `int` >= 1"),
    (b"\nrate_limit_qps: -1\n", 2, "rate_limit_qps: expected `int` >= 0"),
    (b"\ncache_megabytes: 5000\n", 2, "cache_megabytes: expected `int` <= 4096"),
    (b"dns: [nowhere]\n", 1, "needs a port"),
    (b"upstreams:\n- 192.0.2.1\n- a.example\n", 3, "upstreams.#2: 'a.example'"),
    (b"workers: 1\nupstreams: ['quic://a.example']\n", 2, "quic:// is not known here"),
    (b"\nupstreams:\n- https://a.example/q\n", 3, "set bootstrap, or write https://ADDRESS/q#a.example"),
    (b"bootstrap: [192.0.2.1, 'tls://a.example']\n", 1, "bootstrap.#2: "),
    (b"upstream_mode: random\n", 1, "upstream_mode: "),
    (b"routes:\n  lan: [192.0.2.1]\n  a b: [192.0.2.1]\n", 3, "routes.a b: 'a b' is not a domain name"),
    (b"routes:\n  lan:\n  - 192.0.2.1\n  - router\n", 4, "routes.lan.#2: 'router'"),
    (b"routes:\n  lan: 192.0.2.1\n", 2, "routes"),
    (b"web:\n- 127.0.0.1:80\n- 127.0.0.1\n", 3, "web.#2: "),
    (b"hosts:\n- a b\n", 2, "hosts.#1: "),
    (b"gateway: {}\n", 1, "lan"),
    (b"gateway:\n  lan: eth 0\n", 2, "gateway.lan: 'eth 0' is not the name of an interface"),
    (b"gateway:\n  lan: eth0\n  wan: eth1\n", 2, "which network is the devices'?"),
    (b"gateway:\n  lan: eth0\n  address: 192.168.78.1\n", 3, "leaves no room for devices"),
    (b"gateway:\n  lan: eth0\n  address: 192.168.78.1/30\n", 3, "leaves no room for devices"),
    (b"gateway:\n  lan: eth0\n  address: 192.168.78.0/24\n", 3, "is the address of the network"),
    (b"gateway:\n  lan: eth0\n  address: fd00::1/64\n", 3, "192.168.78.1/24"),
    (b"gateway:\n  lan: eth0\n  address: 10.0.0.1/24\n  first: 10.0.1.5\n", 4, "10.0.1.5 is not in 10.0.0.0/24"),
    (b"gateway:\n  lan: eth0\n  last: ten\n", 3, "gateway.last: "),
    (b"gateway:\n  lan: eth0\n  first: 10.0.0.9\n  last: 10.0.0.8\n", 3, "10.0.0.9 is after 10.0.0.8"),
    (b"gateway:\n  lan: eth0\n  v6: proxy\n", 3, "beside the router"),
    (b"gateway:\n  lan: eth0\n  lease_hours: 0\n", 3, "lease_hours: "),
    (b"gateway:\n  lan: eth0\n  lan6: x\n", 3, "unknown key 'lan6'"),
    (b"workers: 2\ndata: \xff\n", 2, "not UTF-8"),
    (b"workers: 2\n\tdata: x\n", 2, "token"),
]


@pytest.mark.parametrize(("octets", "line", "words"), FILES)
def test_a_fault_names_its_line(tmp_path: Path, octets: bytes, line: int, words: str) -> None:
    """In words."""
    path = tmp_path / "appliance.yaml"
    path.write_bytes(octets)
    with pytest.raises(DocumentError) as caught:
        load_config(path)
    assert [line] == [found for found, _ in caught.value.problems]
    assert words in str(caught.value)


def test_whom_to_ask(tmp_path: Path) -> None:
    """All that can be said of it, in one spelling; nobody for a name is whoever is asked for the rest."""
    path = tmp_path / "appliance.yaml"
    path.write_text(
        "upstreams: [tls://DNS.example, 'https://192.0.2.2/dns-query#dns.example', tcp://192.0.2.3]\n"
        "upstream_mode: fastest\nbootstrap: [192.0.2.1]\n"
        "routes: {LAN: [192.168.1.1], b.lan: [], 168.192.in-addr.arpa: ['192.168.1.1:5353']}\n"
    )
    asked = load_config(path).asked
    assert [str(one) for one in asked.servers] == [
        "tls://dns.example",
        "https://192.0.2.2/dns-query#dns.example",
        "tcp://192.0.2.3",
    ]
    assert asked.mode is Mode.FASTEST
    assert asked.bootstrap == (parse_server("192.0.2.1"),)
    assert asked.routes == {
        "lan": (parse_server("192.168.1.1"),),
        "b.lan": (),
        "168.192.in-addr.arpa": (parse_server("192.168.1.1:5353"),),
    }


@pytest.mark.parametrize(
    ("text", "expected", "is_one_armed"),
    [
        ("{lan: eth0}", Gateway(lan="eth0"), True),
        ("{lan: eth0, wan: eth0}", Gateway(lan="eth0", wan="eth0"), True),
        (
            "{lan: eth0.20, wan: eth1, address: 192.168.78.1/24, dhcp: 'on', v6: 'off', first: 192.168.78.9}",
            Gateway(
                lan="eth0.20", wan="eth1", address="192.168.78.1/24", dhcp=Dhcp.ON, v6=V6.OFF, first="192.168.78.9"
            ),
            False,
        ),
    ],
)
def test_a_gateway(tmp_path: Path, text: str, expected: Gateway, *, is_one_armed: bool) -> None:
    """With one arm where no other interface is the router's."""
    path = tmp_path / "appliance.yaml"
    path.write_text(f"gateway: {text}\n")
    found = load_config(path).gateway
    assert found == expected
    assert found is not None
    assert found.is_one_armed == is_one_armed


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    """The caller says what that means."""
    with pytest.raises(FileNotFoundError):
        load_config(tmp_path / "nothing.yaml")


def test_a_config_survives_its_own_spelling() -> None:
    """Normal forms are stable."""
    config = Config(dns=("[::1]:5300",), upstreams=("9.9.9.9",))
    assert config == msgspec.convert(msgspec.to_builtins(config), Config)


@pytest.mark.parametrize(
    ("text", "web", "plain", "hosts"),
    [
        ("", ("127.0.0.1:8080",), (), ()),
        ("web: 0.0.0.0:443\nplain: 0.0.0.0:80\nhosts: Box.Home", ("0.0.0.0:443",), ("0.0.0.0:80",), ("box.home",)),
        ("web: ['0.0.0.0:443', '[::]:443']\nhosts: [a.example, b.example]", ("0.0.0.0:443", "[::]:443"), (),
         ("a.example", "b.example")),
    ],
)  # fmt: skip
def test_the_dashboard_listens_at_one_address_or_several(
    tmp_path: Path, text: str, web: tuple[str, ...], plain: tuple[str, ...], hosts: tuple[str, ...]
) -> None:
    """Each in one spelling, alone or as a list."""
    file = tmp_path / "appliance.yaml"
    file.write_text(text)
    config = load_config(file)
    assert (config.web, config.plain, config.hosts) == (web, plain, hosts)
    assert tuple(map(str, config.web_listen)) == web
    assert tuple(map(str, config.plain_listen)) == plain
    assert config.own_names == hosts


@pytest.mark.parametrize("text", ["web: kindgate.home:443", "plain: 0.0.0.0", "hosts: 'a b'", "web: 1", "web: {a: 1}"])
def test_what_the_dashboard_can_not_listen_at_is_refused(tmp_path: Path, text: str) -> None:
    """With its line."""
    file = tmp_path / "appliance.yaml"
    file.write_text(text)
    with pytest.raises(DocumentError, match="line 1"):
        load_config(file)
