"""The lab is the home that it says: who is seen as whom by the appliance, and what reaches the internet."""

import json
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.lab import forgeries, responder
from tests.lab.home import Home

pytestmark = pytest.mark.lab

ROUTER = {"v4": "192.168.77.1", "v6": "fd77::1"}
UPSTREAM = {"v4": "198.51.100.53", "v6": "fd99::53"}
RESPONDER = Path(responder.__file__)
MAC = {"tablet": "027700000010", "laptop": "027700000011"}
TEXT_MAC = {host: ":".join(mac[at : at + 2] for at in range(0, 12, 2)).encode().hex() for host, mac in MAC.items()}
BASE64_MAC = {"tablet": b"AncAAAAQ".hex(), "laptop": b"AncAAAAR".hex()}
ECS = {
    ("tablet", "v4"): "00012000c0a84d0a",
    ("laptop", "v4"): "00012000c0a84d0b",
    ("tablet", "v6"): "00028000fd770000000000000000000000000010",
    ("laptop", "v6"): "00028000fd770000000000000000000000000011",
}
EXPECTED: dict[str, Callable[[str, str], list[list[Any]]]] = {
    "both": lambda host, family: [[65001, MAC[host]], [8, ECS[host, family]]],
    "mac": lambda host, _: [[65001, MAC[host]]],
    "mac-text": lambda host, _: [[65073, TEXT_MAC[host]]],
    "mac-base64": lambda host, _: [[65073, BASE64_MAC[host]]],
    "subnet": lambda host, family: [[8, ECS[host, family]]],
    "none": lambda *_: [],
    "nat": lambda *_: [],
    "leaky": lambda host, _: [[65001, MAC[host]]],
}
_names = (f"n{number}.test" for number in count())


class Appliance:
    """The stand-in for the appliance, and what it was asked."""

    def __init__(self, log: Path) -> None:
        self._log = log

    def query(self, qname: str) -> dict[str, Any]:
        """The one query that came for a name."""
        queries = [json.loads(line) for line in self._log.read_text().splitlines()]
        (found,) = [query for query in queries if query["qname"] == qname]
        return dict(found)


@pytest.fixture(scope="module")
def appliance(lab: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliance]:
    """Something that answers in the appliance's place, on both of its addresses."""
    log = tmp_path_factory.mktemp("appliance") / "queries.jsonl"
    here = lab.host("appliance")
    argv = ["python3", str(RESPONDER), str(log), "53", here.v4, here.v6]
    process = lab.popen("appliance", argv, ready=responder.READY)
    yield Appliance(log)
    lab.stop(process)


@pytest.fixture
def name() -> str:
    """A name that no test has asked for before."""
    return next(_names)


@pytest.mark.parametrize("family", ["v4", "v6"])
@pytest.mark.parametrize("recipe", EXPECTED)
def test_a_recipe_says_who_asks(lab: Home, appliance: Appliance, recipe: str, family: str) -> None:
    """Through the real dnsmasq each device reaches the appliance with the recipe's options, from the router."""
    lab.set_recipe(recipe)
    for host in ("tablet", "laptop"):
        name = next(_names)
        assert lab.dig(host, f"@{ROUTER[family]}", name) == [responder.ANSWER]
        query = appliance.query(name)
        assert query["options"] == EXPECTED[recipe](host, family)
        assert query["src"] == (ROUTER[family] if recipe == "nat" else ROUTER["v4"])


def test_the_router_is_every_devices_resolver(lab: Home, appliance: Appliance, name: str) -> None:
    """A tablet that asks without naming a server asks the router."""
    lab.set_recipe("both")
    assert lab.dig("tablet", name) == [responder.ANSWER]
    assert appliance.query(name)["src"] == ROUTER["v4"]


def test_the_router_forwards_over_ipv6(lab: Home, appliance: Appliance, name: str) -> None:
    """With --forward-to v6 the appliance sees the router's IPv6 address and the same identity."""
    lab.set_recipe("both", forward_to="v6")
    assert lab.dig("tablet", name) == [responder.ANSWER]
    query = appliance.query(name)
    assert (query["src"], query["options"]) == (ROUTER["v6"], EXPECTED["both"]("tablet", "v4"))


def test_identity_over_tcp(lab: Home, appliance: Appliance, name: str) -> None:
    """A question over TCP carries the same options, once the device has asked over UDP."""
    lab.set_recipe("both")
    lab.dig("laptop", next(_names))
    assert lab.dig("laptop", "+tcp", name) == [responder.ANSWER]
    query = appliance.query(name)
    assert (query["l4"], query["options"]) == ("tcp", EXPECTED["both"]("laptop", "v4"))


def test_the_first_question_over_tcp_has_no_mac(lab: Home, appliance: Appliance, name: str) -> None:
    """A dnsmasq that has not met the device over UDP sends only its address: why `both` is the default."""
    need_dnsmasq_2_90(lab)
    lab.set_recipe("both")
    assert lab.dig("laptop", "+tcp", name) == [responder.ANSWER]
    assert appliance.query(name)["options"] == [[8, ECS["laptop", "v4"]]]


def need_dnsmasq_2_90(lab: Home) -> None:
    """Skip a test that records what this very version does."""
    if "version 2.90" not in lab.exec("router", ["dnsmasq", "--version"]).stdout:
        pytest.skip("says what dnsmasq 2.90 does")


FORGED = [
    "+ednsopt=65001:020000000bad",
    "+ednsopt=65073:30323a30303a30303a30303a30623a6164",
    "+subnet=192.168.77.66/32",
]


@pytest.mark.parametrize("protocol", ["+notcp", "+tcp"])
def test_a_stripping_router_cleans_options(lab: Home, appliance: Appliance, name: str, protocol: str) -> None:
    """A child who names another device, in all three ways at once, is still named as itself."""
    lab.set_recipe("both")
    lab.dig("tablet", next(_names))
    assert lab.dig("tablet", protocol, *FORGED, name) == [responder.ANSWER]
    assert appliance.query(name)["options"] == EXPECTED["both"]("tablet", "v4")


def test_a_leaky_router_passes_forged_options(lab: Home, appliance: Appliance, name: str) -> None:
    """Without strip-mac the child's own option takes the place of the true one."""
    lab.set_recipe("leaky")
    assert lab.dig("tablet", FORGED[0], name) == [responder.ANSWER]
    assert appliance.query(name)["options"] == [[65001, "020000000bad"]]


def test_an_option_that_the_recipe_does_not_strip_is_the_childs(lab: Home, appliance: Appliance, name: str) -> None:
    """strip-mac leaves ECS alone, so an appliance may believe a forwarder only in what that one strips."""
    lab.set_recipe("mac")
    assert lab.dig("tablet", *FORGED, name) == [responder.ANSWER]
    assert [[8, "00012000c0a84d42"], [65001, MAC["tablet"]]] == appliance.query(name)["options"]


def test_a_plain_forwarder_passes_everything(lab: Home, appliance: Appliance, name: str) -> None:
    """A router without a recipe adds nothing and takes nothing out."""
    lab.set_recipe("none")
    assert lab.dig("tablet", *FORGED, name) == [responder.ANSWER]
    assert sorted(code for code, _ in appliance.query(name)["options"]) == [8, 65001, 65073]


def test_an_ordinary_forgery_byte_by_byte_is_cleaned(lab: Home, appliance: Appliance, name: str) -> None:
    """The messages of `forgeries` are real ones: the ordinary one is stripped as dig's is."""
    lab.set_recipe("both")
    assert lab.ask("tablet", forgeries.ordinary(name))
    query = appliance.query(name)
    assert (query["is_ordinary"], query["options"]) == (True, EXPECTED["both"]("tablet", "v4"))


@pytest.mark.parametrize("odd", forgeries.ODD)
def test_what_gets_past_stripping_is_no_ordinary_query(lab: Home, appliance: Appliance, name: str, odd: str) -> None:
    """Forged options that dnsmasq 2.90 lets through come only in messages that the appliance can tell by their form."""
    need_dnsmasq_2_90(lab)
    lab.set_recipe("both")
    assert lab.ask("tablet", forgeries.ODD[odd](name))
    query = appliance.query(name)
    assert forgeries.FORGED_MAC.hex() in query["raw"]
    assert query["is_ordinary"] is False


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
@pytest.mark.parametrize("family", ["v4", "v6"])
def test_the_capture_sees_what_unbound_sees(lab: Home, family: str, protocol: str) -> None:
    """Id, source, flags, name as it was written, and options of a query to the upstream are recorded."""
    name = "MixedCase.Example.com"
    lab.forget_upstream()
    tablet = getattr(lab.host("tablet"), family)
    source = "192.168.77.10#45454" if family == "v4" else "fd77::10#45454"
    flags = ["+qid=4711", "+dnssec", "+cdflag", "+noadflag", "+norecurse", "+ednsopt=65001:027700000010"]
    how = ["+tcp"] if protocol == "tcp" else ["+notcp"]
    lab.dig("tablet", "-b", source, f"@{UPSTREAM[family]}", *how, *flags, name, "AAAA")
    (query,) = lab.upstream_queries(name)
    assert query.pop("time") > 0
    assert query == {
        "src": tablet,
        "sport": 45454,
        "dst": UPSTREAM[family],
        "l4": protocol,
        "id": 4711,
        "qname": name,
        "qtype": 28,
        "edns_options": [[65001, "027700000010"]],
        "do": True,
        "rd": False,
        "cd": True,
        "ad": False,
    }


def test_junk_does_not_stop_the_capture(lab: Home) -> None:
    """Datagrams that are no queries are passed over."""
    lab.forget_upstream()
    for junk in (b"\xff" * 40, forgeries.ordinary("cut.test")[:20], b"\0" * 12):
        lab.ask("tablet", junk, to=UPSTREAM["v4"], wait_s=0.05)
    lab.dig("tablet", f"@{UPSTREAM['v4']}", "after-junk.test")
    assert [query["qname"] for query in lab.upstream_queries()] == ["after-junk.test"]


def test_a_stopped_upstream_is_silent_and_comes_back(lab: Home) -> None:
    """`upstream stop` ends the answers, not the capture; `upstream start` brings them back."""
    lab.forget_upstream()
    lab.stop_upstream()
    try:
        assert lab.dig("appliance", f"@{UPSTREAM['v4']}", "v4only.example.com")[:1] != ["203.0.113.13"]
        assert lab.upstream_queries("v4only.example.com")
    finally:
        lab.start_upstream()
    assert lab.dig("appliance", f"@{UPSTREAM['v6']}", "v4only.example.com") == ["203.0.113.13"]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (["www.example.com", "A"], ["example.com.", "203.0.113.10"]),
        (["one.chain.example", "A"], ["two.chain.example.", "three.chain.example.", "203.0.113.17"]),
        (["example.com", "AAAA"], ["2001:db8::10"]),
        (["example.com", "MX"], ["10 mail.example.com."]),
        (
            ["ech.example.com", "HTTPS"],
            ['1 . alpn="h2,h3" ipv4hint=203.0.113.12 ech=AEX+DQBBpQAgACA='],
        ),
        (["v4only.example.com", "AAAA"], []),
        (["no-such-name.test", "A"], []),
    ],
    ids=lambda value: " ".join(value) if value and value[-1].isupper() else "",
)
def test_the_internet_knows_its_names(lab: Home, question: list[str], expected: list[str]) -> None:
    """The upstream answers each kind of record, whole CNAME chains included."""
    assert lab.dig("appliance", f"@{UPSTREAM['v4']}", *question) == expected


def test_ttls_are_whole_whoever_asked_before(lab: Home) -> None:
    """The upstream counts no TTL down, so an expected TTL is the same in every test."""
    for _ in range(2):
        answer = lab.exec("appliance", ["dig", f"@{UPSTREAM['v4']}", "+noall", "+answer", "example.com"]).stdout
        assert answer.split()[1] == "300"


def test_a_long_answer_is_truncated_over_udp_and_whole_over_tcp(lab: Home) -> None:
    """big.example.com is there to try the way from UDP to TCP."""
    ask = ["dig", f"@{UPSTREAM['v4']}", "big.example.com", "TXT", "+ignore"]
    assert " tc " in lab.exec("appliance", ask).stdout
    assert len(lab.dig("appliance", f"@{UPSTREAM['v4']}", "+tcp", "big.example.com", "TXT")) == 10


def test_a_site_can_be_reached(lab: Home) -> None:
    """The addresses in answers have a far end in the internet, from a device by way of the router."""
    for address in ("203.0.113.41", "2001:db8::10"):
        server = ["python3", "-c", f"import socket; socket.create_connection(('{address}', 80), 5)"]
        assert "ConnectionRefusedError" in lab.exec("tablet", server).stderr


def test_the_devices_have_the_addresses_that_a_house_names(lab: Home) -> None:
    """MACs and addresses are fixed, and one bridge joins them: the appliance sees the tablet's own MAC."""
    assert (
        lab.ask("tablet", forgeries.ordinary("neighbour.test"), to=lab.host("appliance").v4, port=9, wait_s=0.2) == b""
    )
    seen = lab.exec("appliance", ["ip", "neighbour", "show", lab.host("tablet").v4]).stdout
    assert lab.host("tablet").mac in seen
