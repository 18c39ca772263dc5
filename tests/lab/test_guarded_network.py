"""Where a gateway stands: beside the router with one arm, with addresses to give or without, with an internet."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from scripts.lablib import net
from scripts.lablib.gateway import Kind
from tests.lab.appliance import START_S
from tests.lab.gateway import Gateway, gateway, guarding
from tests.lab.home import wait_until

pytestmark = [pytest.mark.lab, pytest.mark.timeout(180)]

OPEN, CLOSED = "www.example.com", "www.tiktok.com"
CLOSED_AT = {"4": "::203.0.113.40:", "6": "::[2001:db8::40]:"}
REFUSED, RESET, TLS = 7, 56, 35
PORT = 8080
BEHIND = "192.168.78.0/24"
# It answers at once: it doesn't look first whether somebody has the address.
SERVER = (
    "--keep-in-foreground --conf-file=/dev/null --port=0 --leasefile-ro --no-ping --bind-interfaces --interface=eth0"
)


def is_guarded(home: Gateway, family: str) -> None:
    """Assert that Mia's tablet gets what it may, and not the rest at its address either."""
    wait_until(lambda: home.curl("tablet", f"https://{OPEN}/", f"-{family}").code == 0, OPEN)
    closed = home.curl("tablet", f"https://{CLOSED}/", f"-{family}", "--connect-to", CLOSED_AT[family])
    assert closed.code in (RESET, TLS)


def test_with_one_arm_it_is_the_same(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Beside the router the box decides as well, and what comes back comes back through it; IPv6 is not offered."""
    with (
        gateway(f"arm-{os.getpid()}", tmp_path_factory.mktemp("arm"), Kind.ONE) as home,
        guarding(home, tmp_path_factory.mktemp("box") / "data"),
    ):
        is_guarded(home, "4")
        assert home.curl("tablet", f"https://{OPEN}/", "-4").said["client"] == net.APPLIANCE.v4
        assert home.curl("laptop", f"https://{CLOSED}/", "-4").code == 0
        assert home.curl("tablet", f"https://{OPEN}/", "-6").code != 0


def test_devices_without_addresses_get_them_from_the_box(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A device that only asks has an address, a way and a resolver, of both families, and its child's rules."""
    with (
        gateway(f"dhcp-{os.getpid()}", tmp_path_factory.mktemp("dhcp"), dhcp=True) as home,
        guarding(home, tmp_path_factory.mktemp("box") / "data"),
    ):
        assert home.lease("tablet").startswith("192.168.78.")
        for family in ("4", "6"):
            is_guarded(home, family)


def test_where_the_router_gives_addresses_the_box_does_not(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Left to itself it gives none and says what that means; a device has its address from the router."""
    with (
        gateway(f"other-{os.getpid()}", tmp_path_factory.mktemp("other"), Kind.ONE, dhcp=True) as home,
        ExitStack() as stack,
    ):
        given = "--dhcp-range=192.168.77.150,192.168.77.160 --dhcp-option=option:router,192.168.77.1"
        stack.enter_context(serving(home, *given.split()))
        box = stack.enter_context(guarding(home, tmp_path_factory.mktemp("box") / "data", dhcp="auto"))
        wait_until(lambda: box.status("guard")["dhcp"]["others"] == 1, "another server", START_S)
        told = box.status("guard")["dhcp"]
        assert (told["setting"], told["gives"]) == ("auto", False)
        assert told["problem"]
        assert home.lease("tablet").rpartition(".")[2] in map(str, range(150, 161))


@contextmanager
def serving(home: Gateway, *words: str) -> Iterator[None]:
    """Have the router give addresses."""
    server = home.popen("router", ["dnsmasq", *SERVER.split(), *words])
    try:
        yield
    finally:
        home.stop(server)


def test_nobody_comes_in_unasked(tmp_path_factory: pytest.TempPathFactory) -> None:
    """From outside neither a device's server nor the box's pages are reached, though the way is known."""
    with (
        gateway(f"inbound-{os.getpid()}", tmp_path_factory.mktemp("inbound")) as home,
        guarding(home, tmp_path_factory.mktemp("box") / "data"),
    ):
        for host, way in (("internet", net.WAN_V4), ("router", net.APPLIANCE.v4)):
            assert home.exec(host, ["ip", "route", "add", BEHIND, "via", way]).returncode == 0
        tablet = home.host("tablet")
        for address in (tablet.v4, tablet.v6):
            argv = home.python("http.server", str(PORT), "--bind", address, "--directory", str(home.folder))
            home.popen("tablet", argv)
            url = f"http://{inside(address)}:{PORT}/"
            wait_until(lambda url=url: home.curl("laptop", url).status == 200, url)  # type: ignore[misc]
            assert home.curl("internet", url).code == REFUSED
        for address in (net.APPLIANCE.v4, net.APPLIANCE.v6, home.plan.box.v6):
            url = f"https://{inside(address)}/"
            assert home.curl("laptop", url, "-k").status > 0
            assert home.curl("internet", url, "-k").code == REFUSED
            assert home.kdig("internet", f"@{address}", OPEN) == []
        assert home.curl("tablet", f"https://{OPEN}/", "-6").said["client"] == tablet.v6


def inside(address: str) -> str:
    """Return an address as it stands in a URL."""
    return f"[{address}]" if ":" in address else address
