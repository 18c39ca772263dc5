"""The kernel's settings: what a gateway needs, and what was there before, also after a crash."""

from pathlib import Path

import pytest

from appliance.config import V6, Gateway
from appliance.guard.kernel import FILE, Kernel, KernelError
from tests.guard.street import BOX, GATEWAY, street

BEFORE = {
    "netfilter/nf_conntrack_acct": "0",
    "netfilter/nf_conntrack_checksum": "1",
    "netfilter/nf_conntrack_tcp_be_liberal": "0",
    "ipv4/conf/all/send_redirects": "1",
    "ipv4/conf/all/accept_redirects": "1",
    "ipv4/conf/lan/send_redirects": "1",
    "ipv4/conf/lan/rp_filter": "2",
    "ipv4/ip_forward": "0",
    "ipv6/conf/all/forwarding": "0",
    "ipv6/conf/wan/accept_ra": "1",
}
AS_GATEWAY = {
    "netfilter/nf_conntrack_acct": "1",
    "netfilter/nf_conntrack_checksum": "1",
    "netfilter/nf_conntrack_tcp_be_liberal": "0",
    "ipv4/conf/all/send_redirects": "0",
    "ipv4/conf/all/accept_redirects": "0",
    "ipv4/conf/lan/send_redirects": "0",
    "ipv4/conf/lan/rp_filter": "1",
    "ipv4/ip_forward": "1",
    "ipv6/conf/all/forwarding": "1",
    "ipv6/conf/wan/accept_ra": "2",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with settings as the kernel's."""
    root = tmp_path / "net"
    write(root, BEFORE)
    return root


def write(root: Path, settings: dict[str, str]) -> None:
    """Put settings there."""
    for key, value in settings.items():
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).write_text(value + "\n")


def read(root: Path) -> dict[str, str]:
    """Return the settings that are there."""
    return {key: (root / key).read_text().strip() for key in BEFORE if (root / key).exists()}


def test_up_and_down(root: Path, tmp_path: Path) -> None:
    """A gateway's settings come, and go."""
    kernel = Kernel(GATEWAY, tmp_path, root)
    kernel.up()
    assert read(root) == AS_GATEWAY
    kernel.down()
    assert read(root) == BEFORE
    assert not (tmp_path / FILE).exists()
    kernel.down()
    assert read(root) == BEFORE


def test_after_a_crash(root: Path, tmp_path: Path) -> None:
    """Whoever starts after a crash still knows what was there before."""
    Kernel(GATEWAY, tmp_path, root).up()
    Kernel(GATEWAY, tmp_path, root).up()
    Kernel(GATEWAY, tmp_path, root).down()
    assert read(root) == BEFORE


def test_what_somebody_changed(root: Path, tmp_path: Path) -> None:
    """What somebody set since, or what is gone with its interface, is left."""
    kernel = Kernel(GATEWAY, tmp_path, root)
    kernel.up()
    write(root, {"ipv4/conf/lan/rp_filter": "0"})
    (root / "ipv6/conf/wan/accept_ra").unlink()
    kernel.down()
    expected = BEFORE | {"ipv4/conf/lan/rp_filter": "0"}
    del expected["ipv6/conf/wan/accept_ra"]
    assert read(root) == expected


@pytest.mark.parametrize("told", [None, False])
def test_without_v6(root: Path, tmp_path: Path, told: bool | None) -> None:
    """Where the devices get no IPv6, none is forwarded."""
    gateway = Gateway(lan="lan", wan="wan", address="192.168.78.1/24", v6=V6.OFF if told is None else V6.AUTO)
    Kernel(gateway, tmp_path, root).up(has_v6=told)
    assert read(root)["ipv6/conf/all/forwarding"] == "0"


def test_somebody_elses_router_advertisements(root: Path, tmp_path: Path) -> None:
    """A machine whose routers another program follows (0) keeps it so."""
    write(root, {"ipv6/conf/wan/accept_ra": "0"})
    Kernel(GATEWAY, tmp_path, root).up()
    assert read(root)["ipv6/conf/wan/accept_ra"] == "0"


def test_missing(root: Path, tmp_path: Path) -> None:
    """What the kernel has not is said as sysctl writes it, a VLAN's dot as a slash."""
    gateway = Gateway(lan="eth0.20", wan="wan", address="192.168.78.1/24")
    with pytest.raises(KernelError, match=r"^the kernel's net\.ipv4\.conf\.eth0/20\.send_redirects: No such file"):
        Kernel(gateway, tmp_path, root).up()


def test_unreadable(root: Path, tmp_path: Path) -> None:
    """A file that is none of ours is said, and not written over."""
    (tmp_path / FILE).write_text("{")
    with pytest.raises(KernelError, match=FILE):
        Kernel(GATEWAY, tmp_path, root).up()
    assert read(root) == BEFORE


@pytest.mark.lab
def test_real_kernel(tmp_path: Path) -> None:
    """A real kernel moves one setting by another, and yet all is as it was: whatever it was."""
    with street() as road:
        for redirects in ("0", "1"):
            road.sysctl(BOX, "ipv4/ip_forward=0", "ipv6/conf/all/forwarding=0")
            road.sysctl(BOX, f"ipv4/conf/all/accept_redirects={redirects}")
            with road.inside(BOX):
                before = read(Path("/proc/sys/net"))
                kernel = Kernel(GATEWAY, tmp_path)
                kernel.up()
                assert read(Path("/proc/sys/net")) == AS_GATEWAY
                kernel.down()
                assert read(Path("/proc/sys/net")) == before
